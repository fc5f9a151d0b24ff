"""HEALPix indices as compiled loops: Górski et al. 2005, ApJ 622, 759, section 5, with the arithmetic of healpix_base.

Serial, without the GIL, cached on disk; import inside functions only. Sky positions come as ``z`` (sine of the
latitude), ``s`` (its cosine) and ``t`` (longitude in quarters of the circle, 0 ≤ t < 4). ``s`` keeps the polar caps
exact where ``1 - z`` has no digits left.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def _spread(value: Any) -> Any:
    """Put the 32 low bits at the even places."""
    bits = np.uint64(value)
    bits = (bits | (bits << np.uint64(16))) & np.uint64(0x0000FFFF0000FFFF)
    bits = (bits | (bits << np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    bits = (bits | (bits << np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    bits = (bits | (bits << np.uint64(2))) & np.uint64(0x3333333333333333)
    return (bits | (bits << np.uint64(1))) & np.uint64(0x5555555555555555)


@njit(nogil=True, cache=True)
def _gather_bits(value: Any) -> Any:
    """Inverse of ``_spread``."""
    bits = np.uint64(value) & np.uint64(0x5555555555555555)
    bits = (bits | (bits >> np.uint64(1))) & np.uint64(0x3333333333333333)
    bits = (bits | (bits >> np.uint64(2))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    bits = (bits | (bits >> np.uint64(4))) & np.uint64(0x00FF00FF00FF00FF)
    bits = (bits | (bits >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    return (bits | (bits >> np.uint64(16))) & np.uint64(0x00000000FFFFFFFF)


@njit(nogil=True, cache=True)
def _join(face: Any, ix: Any, iy: Any, order: Any) -> Any:
    """Nested index of a place in a face."""
    return (np.int64(face) << (2 * order)) + np.int64(_spread(ix) | (_spread(iy) << np.uint64(1)))


@njit(nogil=True, cache=True)
def _cap_width(nside: Any, z: Any, s: Any) -> Any:
    """Where a parallel of a polar cap lies, in rings from the pole (not whole)."""
    away = abs(z)
    return nside * math.sqrt(3.0 * (1.0 - away)) if away < 0.99 else nside * s / math.sqrt((1.0 + away) / 3.0)


@njit(nogil=True, cache=True)
def _ring_belt(nside: Any, z: Any, t: Any) -> Any:
    """RING index between the polar caps."""
    rise = nside * z * 0.75
    turn = nside * (0.5 + t)
    jp = np.int64(turn - rise)
    jm = np.int64(turn + rise)
    ring = nside + 1 + jp - jm
    place = (jp + jm - nside + (1 - (ring & 1)) + 1) >> 1
    if place >= 4 * nside:
        place -= 4 * nside
    elif place < 0:
        place += 4 * nside
    return 2 * nside * (nside - 1) + (ring - 1) * 4 * nside + place


@njit(nogil=True, cache=True)
def _ring_cap(nside: Any, z: Any, width: Any, t: Any) -> Any:
    """RING index in a polar cap."""
    part = t - np.int64(t)
    jp = np.int64(part * width)
    jm = np.int64((1.0 - part) * width)
    ring = jp + jm + 1
    place = min(np.int64(t * ring), 4 * ring - 1)
    if z > 0.0:
        return 2 * ring * (ring - 1) + place
    return 12 * nside * nside - 2 * ring * (ring + 1) + place


@njit(nogil=True, cache=True)
def _nest_belt(nside: Any, order: Any, z: Any, t: Any) -> Any:
    """NESTED index between the polar caps."""
    rise = nside * z * 0.75
    turn = nside * (0.5 + t)
    jp = np.int64(turn - rise)
    jm = np.int64(turn + rise)
    up = jp >> order
    down = jm >> order
    face = (up & 3) + 4 if up == down else (up if up < down else down + 8)
    return _join(face, jm & (nside - 1), nside - (jp & (nside - 1)) - 1, order)


@njit(nogil=True, cache=True)
def _nest_cap(nside: Any, order: Any, z: Any, width: Any, t: Any) -> Any:
    """NESTED index in a polar cap."""
    quarter: Any = min(np.int64(t), 3)
    part = t - quarter
    jp = min(np.int64(part * width), nside - 1)
    jm = min(np.int64((1.0 - part) * width), nside - 1)
    if z >= 0.0:
        return _join(quarter, nside - jm - 1, nside - jp - 1, order)
    return _join(quarter + 8, jp, jm, order)


@njit(nogil=True, cache=True)
def points(
    nside: int,
    nested: bool,
    z: NDArray[np.float64],
    s: NDArray[np.float64],
    t: NDArray[np.float64],
    pixels: NDArray[np.int64],
) -> None:
    """Pixel of every position; −1 where one is not finite."""
    order = 0
    while (1 << order) < nside:
        order += 1
    for k in range(z.size):
        if not (abs(z[k]) <= 1.0 and 0.0 <= t[k] < 4.0):
            pixels[k] = -1
        elif abs(z[k]) <= 2.0 / 3.0:
            pixels[k] = _nest_belt(nside, order, z[k], t[k]) if nested else _ring_belt(nside, z[k], t[k])
        else:
            width = _cap_width(nside, z[k], s[k])
            if nested:
                pixels[k] = _nest_cap(nside, order, z[k], width, t[k])
            else:
                pixels[k] = _ring_cap(nside, z[k], width, t[k])


@njit(nogil=True, cache=True)
def grid(
    nside: int,
    nested: bool,
    z: NDArray[np.float64],
    s: NDArray[np.float64],
    t: NDArray[np.float64],
    pixels: NDArray[np.int64],
) -> None:
    """Pixels of a grid of parallels (``z``, ``s``) and meridians (``t``): the branches are outside the inner loops."""
    order = 0
    while (1 << order) < nside:
        order += 1
    for row in range(z.size):
        out = pixels[row]
        height = z[row]
        if abs(height) <= 2.0 / 3.0:
            if nested:
                for k in range(t.size):
                    out[k] = _nest_belt(nside, order, height, t[k])
            else:
                for k in range(t.size):
                    out[k] = _ring_belt(nside, height, t[k])
        else:
            width = _cap_width(nside, height, s[row])
            if nested:
                for k in range(t.size):
                    out[k] = _nest_cap(nside, order, height, width, t[k])
            else:
                for k in range(t.size):
                    out[k] = _ring_cap(nside, height, width, t[k])


@njit(nogil=True, cache=True)
def _root(value: Any) -> Any:
    """Whole part of a square root, exact for all of int64 that occurs here."""
    root = np.int64(math.sqrt(np.float64(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@njit(nogil=True, cache=True)
def nest_to_ring(nside: int, nested: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """RING index of every NESTED one."""
    order = 0
    while (1 << order) < nside:
        order += 1
    for k in range(nested.size):
        face = nested[k] >> (2 * order)
        inner = nested[k] & ((np.int64(1) << (2 * order)) - 1)
        ix = np.int64(_gather_bits(inner))
        iy = np.int64(_gather_bits(inner >> 1))
        ring = (2 + face // 4) * nside - ix - iy - 1
        offset = 2 * (face % 4) + (1 if face // 4 != 1 else 0)
        if ring < nside:
            length, shift, start = ring, 0, 2 * ring * (ring - 1)
        elif ring > 3 * nside:
            length, shift = 4 * nside - ring, 0
            start = 12 * nside * nside - 2 * length * (length + 1)
        else:
            length, shift = nside, (ring - nside) & 1
            start = 2 * nside * (nside - 1) + (ring - nside) * 4 * nside
        place = (offset * length + ix - iy + 1 + shift) // 2
        if place > 4 * length:
            place -= 4 * length
        elif place < 1:
            place += 4 * length
        out[k] = start + place - 1


@njit(nogil=True, cache=True)
def ring_to_nest(nside: int, ringed: NDArray[np.int64], out: NDArray[np.int64]) -> None:
    """NESTED index of every RING one."""
    order = 0
    while (1 << order) < nside:
        order += 1
    cap = 2 * nside * (nside - 1)
    total = 12 * nside * nside
    for k in range(ringed.size):
        pixel = ringed[k]
        shift = np.int64(0)
        if pixel < cap:
            ring = (1 + _root(1 + 2 * pixel)) >> 1
            place = pixel + 1 - 2 * ring * (ring - 1)
            length = ring
            face = (place - 1) // length
        elif pixel < total - cap:
            inner = pixel - cap
            ring = inner // (4 * nside) + nside
            place = inner % (4 * nside) + 1
            shift = (ring + nside) & 1
            length = nside
            rise = ring - nside + 1
            up = (place - rise // 2 + nside - 1) // nside
            down = (place - (2 * nside + 2 - rise) // 2 + nside - 1) // nside
            face = (up & 3) + 4 if up == down else (down if down < up else up + 8)
        else:
            inner = total - pixel
            length = (1 + _root(2 * inner - 1)) >> 1
            place = 4 * length + 1 - (inner - 2 * length * (length - 1))
            face = 8 + (place - 1) // length
            ring = 4 * nside - length
        down_ring = ring - (2 + face // 4) * nside + 1
        offset = 2 * (face % 4) + (1 if face // 4 != 1 else 0)
        across = 2 * place - offset * length - shift - 1
        if across >= 2 * nside:
            across -= 8 * nside
        out[k] = _join(face, (across - down_ring) >> 1, (-across - down_ring) >> 1, order)
