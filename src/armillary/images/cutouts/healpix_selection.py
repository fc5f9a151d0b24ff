"""Which elements of a HEALPix table lie in a region: those of pixels whose centres do, as runs of elements."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.sky import frames
from armillary.sky.healpix import centres_of, centres_of_uniq, pixel_radius

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from numpy.typing import NDArray

    from armillary.images.healpix import MapSky
    from armillary.sky.regions import Region

    Runs = NDArray[np.int64]

AT_ONCE = 1 << 18
_SPARE_RAD = 1e-9
_FRAMES: dict[str, Callable[[], frames.SkyFrame]] = {
    "icrs": lambda: frames.ICRS,
    "galactic": lambda: frames.GALACTIC,
    "ecliptic": frames.ecliptic,
}


def elements_in(sky: MapSky, region: Region | None) -> Runs:
    """Runs of elements of a map's columns, shape (n, 2), ascending and half-open; all that there are without a region.

    Call only within ``file.read``.
    """
    count = sky.bytes.whole_rows * _repeat(sky)
    if region is None:
        return np.array([[0, count]] if count else np.empty((0, 2)), np.int64).reshape(-1, 2)
    if sky.table.index is not None:
        numbers = sky.bytes.whole_numbers(sky.table.index)[:count]
        return _joined(_listed(sky, region, numbers))
    first = sky.table.first_pixel
    find = _nested_pixels if sky.table.nested else _ring_pixels
    return find(sky.table.nside, region, _frame(sky), (first, first + count)) - first


def _repeat(sky: MapSky) -> int:
    column = sky.table.index or sky.table.values[0]
    return column.repeat


def _frame(sky: MapSky) -> Any:
    return _FRAMES[sky.table.frame]()


def _listed(sky: MapSky, region: Region, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Elements of maps that list their pixels."""
    table, frame = sky.table, _frame(sky)
    total = 12 * table.nside**2
    for first in range(0, len(numbers), AT_ONCE):
        some = numbers[first : first + AT_ONCE]
        if table.ordering == "NUNIQ":
            centres = centres_of_uniq(some)
        else:
            good = (some >= 0) & (some < total)
            centres = centres_of(table.nside, np.where(good, some, 0), nested=table.nested)
            centres[~good] = np.nan
        yield first + np.flatnonzero(region.contains(frame.to_icrs(centres)))


def _joined(found: Iterable[NDArray[np.int64]]) -> Runs:
    """Ascending numbers as runs."""
    parts = [_runs(part) for part in found]
    return merged(np.concatenate([np.empty((0, 2), np.int64), *parts]))


def _runs(numbers: NDArray[np.int64]) -> Runs:
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    starts, ends = np.concatenate([[0], breaks]), np.concatenate([breaks, [len(numbers)]])
    if not len(numbers):
        return np.empty((0, 2), np.int64)
    return np.stack([numbers[starts], numbers[ends - 1] + 1], axis=-1)


def merged(runs: Runs) -> Runs:
    """Runs, ascending, that join where they touch."""
    if len(runs) < 2:
        return runs
    new = np.concatenate([[True], runs[1:, 0] > runs[:-1, 1]])
    first = np.flatnonzero(new)
    last = np.concatenate([first[1:], [len(runs)]]) - 1
    return np.stack([runs[first, 0], runs[last, 1]], axis=-1)


def _nested_pixels(nside: int, region: Region, frame: Any, span: tuple[int, int]) -> Runs:
    """Runs of NESTED pixels among those of ``span``: cells wholly inside are not looked into."""
    last = nside.bit_length() - 1
    cells, found = np.arange(12, dtype=np.int64), []
    for order in range(last + 1):
        reach = pixel_radius(1 << order) + _SPARE_RAD
        keep = []
        for first in range(0, len(cells), AT_ONCE):
            some = cells[first : first + AT_ONCE]
            centres = frame.to_icrs(centres_of(1 << order, some, nested=True))
            if order == last:
                keep.append(some[region.contains(centres)])
                continue
            clearance = region.clearance(centres)
            whole = some[clearance > reach]
            shift = 2 * (last - order)
            found.append(np.stack([whole << shift, (whole + 1) << shift], axis=-1))
            keep.append(some[(clearance <= reach) & (clearance >= -reach)])
        kept = np.concatenate([np.empty(0, np.int64), *keep])
        if order == last:
            found.append(_runs(kept))
        else:
            kept = kept[((kept + 1) << shift > span[0]) & (kept << shift < span[1])]
            cells = (kept[:, None] * 4 + np.arange(4)).reshape(-1)
    runs = np.concatenate(found)
    return _clipped(merged(runs[np.argsort(runs[:, 0], kind="stable")]), span)


def _clipped(runs: Runs, span: tuple[int, int]) -> Runs:
    cut = np.clip(runs, *span)
    return cut[cut[:, 0] < cut[:, 1]]


def _ring_pixels(nside: int, region: Region, frame: Any, span: tuple[int, int]) -> Runs:
    """Runs of RING pixels among those of ``span``: what a circle about the region may hold is looked at."""
    middle, radius = region.cone()
    near = _clipped(_near_runs(nside, frame.from_icrs(middle[None])[0], radius + pixel_radius(nside)), span)
    return _joined(
        pixels[region.contains(frame.to_icrs(centres_of(nside, pixels)))] for pixels in expanded(near, AT_ONCE)
    )


def _near_runs(nside: int, middle: NDArray[np.float64], radius: float) -> Runs:
    """Runs of RING pixels that hold all whose centres lie within a radius, and some more."""
    rings = np.arange(1, 4 * nside, dtype=np.int64)
    ring = np.minimum(rings, 4 * nside - rings)  # from the nearer pole
    polar = ring < nside
    away = np.where(polar, (ring / nside) ** 2 / 3.0, np.abs(1.0 - (2 * nside - ring) * 2.0 / (3.0 * nside)))
    latitude = math.pi / 2.0 - 2.0 * np.arcsin(np.sqrt(np.clip(away / 2.0, 0.0, 1.0)))
    latitude = np.where(rings <= 2 * nside, latitude, -latitude)
    length = np.where(polar, 4 * ring, 4 * nside)
    start = np.concatenate([[0], np.cumsum(length)[:-1]])
    at = math.asin(min(1.0, max(-1.0, float(middle[2]))))
    here = np.abs(latitude - at) <= radius
    latitude, length, start = latitude[here], length[here], start[here]
    with np.errstate(all="ignore"):
        # cos(radius) = sin·sin + cos·cos·cos(turn)
        cosine = (math.cos(min(radius, math.pi)) - np.sin(latitude) * math.sin(at)) / (np.cos(latitude) * math.cos(at))
        turn = np.where(np.isfinite(cosine) & (cosine > -1.0), np.arccos(np.clip(cosine, -1.0, 1.0)), math.pi)
    longitude = math.atan2(middle[1], middle[0]) % (2.0 * math.pi)
    low = np.floor((longitude - turn) / (2.0 * math.pi) * length).astype(np.int64) - 1
    high = np.ceil((longitude + turn) / (2.0 * math.pi) * length).astype(np.int64) + 2
    whole = high - low >= length
    low, high = np.where(whole, 0, low), np.where(whole, length, high)
    pieces = []
    for turns in (-1, 0, 1):
        piece = np.stack([low + turns * length, high + turns * length], axis=-1)
        piece = np.clip(piece, 0, length[:, None])
        piece[whole & (turns != 0)] = 0
        pieces.append((piece + start[:, None])[piece[:, 0] < piece[:, 1]])
    runs = np.concatenate(pieces)
    return merged(runs[np.argsort(runs[:, 0], kind="stable")])


def expanded(runs: Runs, at_once: int) -> Iterator[NDArray[np.int64]]:
    """Numbers of runs, up to so many at a time."""
    ends = np.cumsum(runs[:, 1] - runs[:, 0])
    total = int(ends[-1]) if len(ends) else 0
    for first in range(0, total, at_once):
        last = min(first + at_once, total)
        low = int(np.searchsorted(ends, first, side="right"))
        high = int(np.searchsorted(ends, last - 1, side="right")) + 1
        lengths = runs[low:high, 1] - runs[low:high, 0]
        before = int(ends[low] - lengths[0])
        # Of a run of millions only what is wanted is made.
        lengths, starts = lengths.copy(), runs[low:high, 0].copy()
        starts[0] += first - before
        lengths[0] -= first - before
        lengths[-1] -= int(ends[high - 1]) - last
        yield np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(last - first, dtype=np.int64)
