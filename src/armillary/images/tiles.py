"""Tiles from pixels: copies and means from the file, means from overviews, first looks from samples."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from armillary.images.pixels import band_edges, decode, decoded_pixels, find_pixels
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.overviews import Overview
    from armillary.images.sampling import Sample
    from armillary.images.subject import Subject
    from armillary.sky.grid import TileGrid, TileKey


SUMS_BYTES = 8 << 20
"""Sums and counts held at a time while means are decoded."""

STRIP_BYTES = 96 << 20
"""Decoded rows beyond which a reader is not trusted to keep them until the next tile asks."""


def empty_tile(size: int) -> NDArray[np.float32]:
    """A tile without data."""
    return np.full((size, size), np.nan, np.float32)


def read_means(subject: Subject, window: Window, factor: int, out: NDArray[np.float32]) -> None:
    """Means of squares of side ``factor`` of a window, in the top left corner of ``out``; the rest of it is NaN.

    Parameters
    ----------
    subject
        The plane.
    window
        Pixels whose top left corner is that of a square.
    factor
        Side of a square, 1 for the pixels themselves.
    out
        Float32, C-contiguous, row 0 at the top.
    """
    from armillary.images.kernels.area_kernels import area_means
    from armillary.images.kernels.copy_kernels import copy_rows

    pixels = find_pixels(subject.plane)
    if pixels is None:
        _decode_means(subject, window, factor, out)
        return
    box = window.y0, window.y1, window.x0, window.x1
    if factor == 1:
        copy_rows(pixels.raw, pixels.rule, box, out)
    else:
        area_means(pixels.raw, pixels.rule, box, factor, out)


def _decode_means(subject: Subject, window: Window, factor: int, out: NDArray[np.float32]) -> None:
    """Some rows of squares at a time: neither their pixels nor their sums are ever all in memory."""
    out[:] = np.nan
    height, width = window.shape
    rows = max(1, SUMS_BYTES // (16 * -(-width // factor)))
    for first in range(0, -(-height // factor), rows):
        y1 = window.y1 - first * factor
        part = Window(max(window.y0, y1 - rows * factor), y1, window.x0, window.x1)
        _decode_rows(subject, part, factor, out[first : first + rows])


def _decode_rows(subject: Subject, window: Window, factor: int, out: NDArray[np.float32]) -> None:
    from armillary.images.kernels.area_kernels import area_sums, means
    from armillary.images.kernels.copy_kernels import copy_rows

    height, width = window.shape
    shape = (-(-height // factor), -(-width // factor)) if factor > 1 else (0, 0)
    sums, counts = np.zeros(shape), np.zeros(shape, np.int64)
    edges = band_edges(subject.plane, window.y0, window.y1, width)
    for y0, y1 in pairwise(edges):
        pixels = decode(subject.plane, Window(y0, y1, window.x0, window.x1))
        first = (window.y1 - y1) // factor
        box, top = (0, y1 - y0, 0, width), window.y1 - y0
        if factor == 1:
            copy_rows(pixels.raw, pixels.rule, box, out[first : first + y1 - y0])
        else:
            area_sums(pixels.raw, pixels.rule, box, (top, factor), (sums[first:], counts[first:]))
    if factor > 1:
        means(sums, counts, 1.0, 0.0, out)


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of tiles of means of a plane whose reader decodes whole rows.

    Parameters
    ----------
    pixels
        Float32, as high as a tile, as wide as the plane at that level.
    """

    pixels: NDArray[np.float32]

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.pixels.nbytes


def wants_strip(subject: Subject, window: Window, factor: int) -> bool:
    """Whether the neighbours of a tile of means would decode the same rows again: more than readers keep."""
    plane, nx = subject.plane, subject.shape[1]
    if factor == 1 or plane.band_columns < nx or window.shape[1] == nx or plane.mapped() is not None:
        return False
    return window.shape[0] * nx * 4 > STRIP_BYTES


def read_strip(subject: Subject, window: Window, factor: int, tile_size: int) -> Strip:
    """Means of all the tiles beside that of a window."""
    nx = subject.shape[1]
    out = np.empty((tile_size, -(-nx // factor)), np.float32)
    read_means(subject, Window(window.y0, window.y1, 0, nx), factor, out)
    return Strip(out)


def strip_tile(strip: Strip, grid: TileGrid, key: TileKey) -> NDArray[np.float32]:
    """A tile of a strip."""
    tile = empty_tile(grid.tile_size)
    part = strip.pixels[:, key.col * grid.tile_size : (key.col + 1) * grid.tile_size]
    tile[:, : part.shape[1]] = part
    return tile


def overview_tile(overview: Overview, grid: TileGrid, key: TileKey) -> NDArray[np.float32]:
    """A tile of means of an overview at least as fine as the tile, whose rows are built."""
    from armillary.images.kernels.area_kernels import merge_means

    tile = empty_tile(grid.tile_size)
    ratio = grid.factor(key.level) // overview.factor
    rows, columns = overview_box(overview, grid, key)
    mean, count = overview.mean[rows, columns], overview.count[rows, columns]
    if ratio == 1:
        tile[: mean.shape[0], : mean.shape[1]] = mean
    else:
        merge_means(mean, count, ratio, tile)
    return tile


def overview_box(overview: Overview, grid: TileGrid, key: TileKey) -> tuple[slice, slice]:
    """Rows and columns of an overview that a tile covers; at least one of each."""
    factor = grid.factor(key.level)
    rows, columns = overview.mean.shape
    top, left = key.row * grid.tile_size * factor, key.col * grid.tile_size * factor
    side = grid.tile_size * factor
    return (
        slice(top // overview.factor, min(rows, -(-(top + side) // overview.factor))),
        slice(left // overview.factor, min(columns, -(-(left + side) // overview.factor))),
    )


def picked_tile(subject: Subject, grid: TileGrid, key: TileKey) -> NDArray[np.float32] | None:
    """The pixel in the middle of every square of a tile, or None when the plane must be decoded."""
    pixels = find_pixels(subject.plane)
    if pixels is None:
        return None
    from armillary.images.kernels.copy_kernels import pick

    ny = subject.shape[0]
    tile = empty_tile(grid.tile_size)
    rows, columns = _middles(grid, key)
    pick(pixels.raw, pixels.rule, np.where(rows < 0, -1, ny - 1 - rows), columns, tile)
    return tile


def sample_tile(sample: Sample, grid: TileGrid, key: TileKey) -> NDArray[np.float32]:
    """The sampled pixel nearest to the middle of every square of a tile, from a sample that is a grid."""
    return _pick_nearest(sample.pixels, sample.step, grid, key)


def rough_tile(overview: Overview, grid: TileGrid, key: TileKey) -> NDArray[np.float32]:
    """A tile from whatever an overview has so far, enlarged when the tile is finer; NaN where it has nothing."""
    mean = np.where(overview.built_rows()[:, None], overview.mean, np.float32(np.nan))
    return _pick_nearest(mean, overview.factor, grid, key)


def _pick_nearest(pixels: NDArray[np.float32], step: int, grid: TileGrid, key: TileKey) -> NDArray[np.float32]:
    from armillary.images.kernels.copy_kernels import pick

    source = decoded_pixels(pixels)
    tile = empty_tile(grid.tile_size)
    rows, columns = (
        np.where(middles < 0, -1, np.minimum(middles // step, length - 1))
        for middles, length in zip(_middles(grid, key), pixels.shape, strict=True)
    )
    pick(source.raw, source.rule, rows, columns, tile)
    return tile


def _middles(grid: TileGrid, key: TileKey) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows from the top and columns from the left of the middles of a tile's squares; −1 outside the plane."""
    factor = grid.factor(key.level)
    found = []
    for place, length in ((key.row, grid.ny), (key.col, grid.nx)):
        starts = (place * grid.tile_size + np.arange(grid.tile_size)) * factor
        found.append(np.where(starts < length, np.minimum(starts + factor // 2, length - 1), -1))
    return found[0], found[1]
