"""NESTED indices with numpy alone: the numbers of ``healpix_kernels``, bit for bit, without loading numba."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

BLOCK_ROWS = 1 << 14
_STEPS = (
    (16, 0x0000FFFF0000FFFF), (8, 0x00FF00FF00FF00FF), (4, 0x0F0F0F0F0F0F0F0F), (2, 0x3333333333333333),
    (1, 0x5555555555555555),
)  # fmt: skip
_GATHERING = (*(mask for _, mask in reversed(_STEPS[:-1])), 0x00000000FFFFFFFF)


def nested_points(
    order: int,
    z: NDArray[np.float64],
    lat: NDArray[np.float64],
    t: NDArray[np.float64],
    pixels: NDArray[np.int64],
) -> None:
    """Pixel of every position; −1 where one is not finite. As ``healpix_kernels.points``, of latitudes in radians."""
    with np.errstate(invalid="ignore"):
        for start in range(0, z.size, BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            pixels[part] = _block(order, z[part], lat[part], t[part])


def _block(order: int, z: NDArray[np.float64], lat: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.int64]:
    pixels = _belt(order, z, t)
    away = np.abs(z)
    caps = np.flatnonzero(away > 2.0 / 3.0)
    if len(caps):
        pixels[caps] = _cap(order, z[caps], lat[caps], t[caps])
    sound = (away <= 1.0) & (t >= 0.0) & (t < 4.0)
    if not sound.all():
        pixels[~sound] = -1
    return pixels


def _belt(order: int, z: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.int64]:
    nside = float(1 << order)
    rise = nside * z * 0.75
    turn = nside * (0.5 + t)
    jp, jm = (turn - rise).astype(np.int64), (turn + rise).astype(np.int64)
    up, down = jp >> order, jm >> order
    face = np.where(up == down, (up & 3) + 4, np.where(up < down, up, down + 8))
    last = (1 << order) - 1
    return joined(face, jm & last, ~jp & last, order)


def _cap(order: int, z: NDArray[np.float64], lat: NDArray[np.float64], t: NDArray[np.float64]) -> NDArray[np.int64]:
    nside = float(1 << order)
    away = np.abs(z)
    width = nside * np.sqrt(np.maximum(3.0 * (1.0 - away), 0.0))
    polar = away >= 0.99
    width[polar] = nside * np.cos(lat[polar]) / np.sqrt((1.0 + away[polar]) / 3.0)
    quarter = np.minimum(t.astype(np.int64), 3)
    part = t - quarter
    last = (1 << order) - 1
    jp = np.minimum((part * width).astype(np.int64), last)
    jm = np.minimum(((1.0 - part) * width).astype(np.int64), last)
    north = z >= 0.0
    face = np.where(north, quarter, quarter + 8)
    return joined(face, np.where(north, last - jm, jp), np.where(north, last - jp, jm), order)


def joined(face: NDArray[np.int64], ix: NDArray[np.int64], iy: NDArray[np.int64], order: int) -> NDArray[np.int64]:
    """Pixels at places of faces; ``ix`` and ``iy`` are used up."""
    both = _spread(iy)
    both <<= 1
    both |= _spread(ix)
    both |= face << (2 * order)
    return both


def _spread(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Put the 32 low bits at the even places, in place."""
    moved = np.empty_like(bits)
    for step, mask in _STEPS:
        np.left_shift(bits, step, out=moved)
        bits |= moved
        bits &= mask
    return bits


def split(pixels: NDArray[np.int64], order: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Faces of pixels, and their places in them: the inverse of ``joined``."""
    inner = pixels & ((1 << (2 * order)) - 1)
    return pixels >> (2 * order), _gathered(inner), _gathered(inner >> 1)


def _gathered(bits: NDArray[np.int64]) -> NDArray[np.int64]:
    """Inverse of ``_spread``."""
    bits = bits & _STEPS[-1][1]
    for (step, _), mask in zip(reversed(_STEPS), _GATHERING, strict=True):
        bits = (bits | (bits >> step)) & mask
    return bits
