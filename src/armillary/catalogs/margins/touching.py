"""Margins of whole pixels: rows in pixels of one order that touch a partition. Fast, and more than an exact margin."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ParameterError
from armillary.sky.cells import on_faces
from armillary.sky.frames import to_angles
from armillary.sky.healpix import MAX_ORDER, pixels_of
from armillary.sky.healpix_arrays import joined, split

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.pixels import Partitions

WIDTH = 0.68
"""Least distance of opposite sides of a pixel in radians, times 2 to the order; it tends to 0.689."""
BEYOND = 0.1
"""How far beyond the middle of a side a neighbour is looked for, of the way from the centre."""
EVEN_BITS = 0x5555555555555555
# Pixels that share a side, then those that share a corner only.
_STEPS = ((-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
# The centre, and the middles of the sides one after another.
_PLACES = np.array([[0.5, 0.5, 1.0, 0.5, 0.0], [0.5, 0.0, 0.5, 1.0, 0.5]])


def check_order(order: int, threshold_arcsec: float, partitions: Partitions) -> None:
    """Refuse an order whose pixels are larger than partitions, or narrower than the threshold.

    Raises
    ------
    ParameterError
        So it is; the message names orders that will do.
    """
    lowest = partitions.highest_order
    highest = widest_order(threshold_arcsec)
    if lowest <= order <= highest:
        return
    remedy = f"orders from {lowest} to {highest} will do" if lowest <= highest else "leave it out: none will do"
    why = "larger than a partition" if order < lowest else f'narrower than {threshold_arcsec:g}"'
    raise ParameterError("margin_order", f"pixels of order {order} are {why}: {remedy}")


def widest_order(threshold_arcsec: float) -> int:
    """The highest order whose pixels are no narrower than a threshold; negative where there is none."""
    return min(MAX_ORDER, math.floor(math.log2(WIDTH / max(math.radians(threshold_arcsec / 3600.0), 1e-300))))


def select_touching(
    partitions: Partitions, place: int, cells: NDArray[np.int64], order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of a partition in pixels that touch others.

    Parameters
    ----------
    place
        Of the partition.
    cells
        Index of order 29 of its rows, ascending.
    order
        Of the pixels; no partition is of a higher one.

    Returns
    -------
    Rows, and the place of the partition whose margin each belongs to; ordered by that, then by row.
    """
    rows, places, _ = touching_pixels(partitions, place, cells, order)
    return each_once(rows, places)


def each_once(rows: NDArray[np.int64], places: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of a row and a partition, each once, ordered by the partition, then by row."""
    count = int(rows.max(initial=0)) + 1
    keys = np.unique(places * count + rows)
    return keys % count, keys // count


def touching_pixels(
    partitions: Partitions, place: int, cells: NDArray[np.int64], order: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """As ``select_touching``, in no order, with each pixel of another partition that is touched.

    Of one row, pixels with which its own shares a side come first.
    """
    shift = 2 * (MAX_ORDER - order)
    along = np.flatnonzero(on_border(cells >> shift, order - int(partitions.order[place])))
    pixels = cells[along] >> shift
    first = np.flatnonzero(np.concatenate([[True], pixels[1:] != pixels[:-1]])) if len(pixels) else pixels
    pixels, many = pixels[first], np.diff(np.append(first, len(pixels)))
    around = neighbours(order, pixels).reshape(-1)
    near = partitions.places_of(around << shift)
    others = np.flatnonzero((near >= 0) & (near != place))
    of, near, around = others // 8, near[others], around[others]
    counts = many[of]
    ends = np.cumsum(counts)
    rows = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first[of] - (ends - counts), counts)
    return along[rows], np.repeat(near, counts), np.repeat(around, counts)


def on_border(pixels: NDArray[np.int64], depth: int) -> NDArray[np.bool_]:
    """Whether pixels lie along the border of that pixel, ``depth`` orders lower, in which they are."""
    found = np.zeros(len(pixels), bool)
    along = np.empty_like(pixels)
    for bits in (EVEN_BITS, EVEN_BITS << 1):
        all_bits = bits & ((1 << (2 * depth)) - 1)
        np.bitwise_and(pixels, all_bits, out=along)
        found |= along == 0
        found |= along == all_bits
    return found


def neighbours(order: int, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Pixels that touch pixels of the same order, shape (pixels, 8); where three faces meet one is there twice.

    Those that share a side come first.
    """
    face, ix, iy = split(pixels, order)
    last = (1 << order) - 1
    out = np.empty((len(pixels), 8), np.int64)
    for k, (right, up) in enumerate(_STEPS):
        out[:, k] = joined(face, (ix + right) & last, (iy + up) & last, order)
    at_ends = [values == end for values in (ix, iy) for end in (0, last)]
    corners = np.flatnonzero((at_ends[0] | at_ends[1]) & (at_ends[2] | at_ends[3]))
    for side, at_end in enumerate(at_ends):
        beyond = np.flatnonzero(at_end)
        if len(beyond):
            _across_side(order, side, face[beyond], (iy if side < 2 else ix)[beyond], out, beyond)
    if len(corners):
        out[corners] = _across_faces(order, pixels[corners])
    return out


def _across_side(
    order: int, side: int, face: NDArray[np.int64], along: NDArray[np.int64],
    out: NDArray[np.int64], rows: NDArray[np.int64],
) -> None:  # fmt: skip
    """Those neighbours of pixels at a side of their face, no corners of it, which lie beyond it.

    Parameters
    ----------
    side, face
        The side as ``_seams`` counts, and the face.
    along
        Place of each along that side.
    out, rows
        Where they go: as of ``neighbours``.
    """
    last = (1 << order) - 1
    beyond, runs_up, far, back = _seams()[face, side].T
    fixed = far * last
    for k, step in enumerate(_STEPS):
        if step[side // 2] != 2 * (side % 2) - 1:
            continue
        place = along + step[1 - side // 2]
        run = np.where(back, last - place, place)
        out[rows, k] = joined(beyond, np.where(runs_up, fixed, run), np.where(runs_up, run, fixed), order)


@lru_cache(maxsize=1)
def _seams() -> NDArray[np.int64]:
    """How faces are joined, shape (12 faces, 4 sides, 4): at x = 0, at x = 1, at y = 0, at y = 1.

    Of each side the face beyond it; whether one goes along y in that, not along x; whether at the far end of the other;
    whether backwards. Learned from two pixels of each side.
    """
    order, last = 2, 3
    along, ends = np.array([1, 2]), np.array([[0, 0], [last, last]])
    ix, iy = np.array([*ends, along, along]), np.array([along, along, *ends])
    face = np.arange(12)[:, None, None]
    pixels = joined(face + 0 * ix, ix + 0 * face, iy + 0 * face, order)
    across = _beyond_sides(order, pixels.reshape(-1)).reshape(12, 4, 2, 4)
    beyond, jx, jy = split(np.stack([across[:, side, :, k] for side, k in enumerate((3, 1, 0, 2))], axis=1), order)
    runs_up = jx[..., 0] == jx[..., 1]
    run, fixed = np.where(runs_up, jy[..., 0], jx[..., 0]), np.where(runs_up, jx[..., 0], jy[..., 0])
    return np.stack([beyond[..., 0], runs_up, fixed == last, run == along[1]], axis=-1).astype(np.int64)


def _across_faces(order: int, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """As ``neighbours``, wherever the pixels lie.

    Beyond the middle of each side is one. One that shares a corner only has sides in common with two of these.
    """
    sides = _beyond_sides(order, pixels)
    further = _beyond_sides(order, sides.reshape(-1)).reshape(len(pixels), 4, 4)
    out = np.concatenate([sides, sides], axis=1)
    for corner in range(4):
        first, second = further[:, corner], further[:, (corner + 1) % 4]
        for k in range(4):
            common = (second == first[:, k, None]).any(axis=1) & (first[:, k] != pixels)
            out[common, 4 + corner] = first[common, k]
    return out


def _beyond_sides(order: int, pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    face, ix, iy = split(pixels, order)
    shapes = on_faces(
        face[:, None], (ix[:, None] + _PLACES[0]) / (1 << order), (iy[:, None] + _PLACES[1]) / (1 << order)
    )
    middles = shapes[..., 1:]
    beyond = middles + BEYOND * (middles - shapes[..., :1])
    beyond /= np.sqrt((beyond * beyond).sum(axis=0))
    ra_deg, dec_deg = to_angles(beyond.reshape(3, -1).T)
    return pixels_of(1 << order, ra_deg, dec_deg, nested=True).reshape(-1, 4)
