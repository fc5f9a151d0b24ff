"""Which pixels become partitions: from counts in small pixels, by merging upwards while a threshold allows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.hats.pixels import Pixel
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

COARSE_ORDER = 8
LEAST_MEAN = 4
SAMPLE_ROWS = 1 << 10
BLOCK_SAMPLES = 8


class Counts:
    """How much lies in each pixel of one order: rows, or bytes. Sparse.

    Attributes
    ----------
    pixels
        Ascending, int64.
    counts
        int64.
    """

    def __init__(self, pixels: NDArray[np.int64], counts: NDArray[np.int64]) -> None:
        self.pixels, self.counts = pixels, counts

    @classmethod
    def of(cls, cells: NDArray[np.int64], shift: int, weight: int = 1) -> Counts:
        """Of ascending indices of order 29, in pixels ``cells >> shift``."""
        pixels = cells >> shift
        first = _firsts(pixels)
        return cls(pixels[first], np.diff(np.append(first, len(pixels))) * weight)

    @property
    def mean(self) -> float:
        """Of the pixels that hold any."""
        return float(self.counts.mean()) if len(self.counts) else 0.0

    @classmethod
    def total(cls, parts: Iterable[Counts]) -> Counts:
        """The sum of several."""
        given = list(parts)
        if not given:
            return cls(np.empty(0, np.int64), np.empty(0, np.int64))
        pixels, where = np.unique(np.concatenate([part.pixels for part in given]), return_inverse=True)
        counts = np.bincount(where, np.concatenate([part.counts for part in given]), len(pixels))
        return cls(pixels, np.rint(counts).astype(np.int64))

    @classmethod
    def among(cls, several: Sequence[NDArray[np.int64]], shift: int) -> Counts:
        """As ``of``, of several that are ascending each: some at a time, as many as stay in the nearest caches."""
        sample = np.sort(np.concatenate([cells[::SAMPLE_ROWS] for cells in several]))
        edges = np.unique(sample[BLOCK_SAMPLES::BLOCK_SAMPLES] >> shift) << shift
        cuts = [[0, *np.searchsorted(cells, edges).tolist(), len(cells)] for cells in several]
        found = []
        for block in range(len(edges) + 1):
            parts = [cells[cut[block] : cut[block + 1]] for cells, cut in zip(several, cuts, strict=True)]
            found.append(cls.of(np.sort(np.concatenate(parts), kind="stable"), shift))
        return cls(np.concatenate([part.pixels for part in found]), np.concatenate([part.counts for part in found]))

    @classmethod
    def dense(cls, several: Iterable[NDArray[np.int64]], order: int) -> Counts:
        """Of indices of order 29 in any order, in pixels of an order that is so low that all of them are counted."""
        every = np.zeros(12 << (2 * order), np.int64)
        for cells in several:
            every += np.bincount(cells >> (2 * (MAX_ORDER - order)), minlength=len(every))
        pixels = np.flatnonzero(every)
        return cls(pixels, every[pixels])

    def coarser(self) -> Counts:
        """In the pixels of the order below."""
        first = _firsts(self.pixels >> 2)
        return Counts(self.pixels[first] >> 2, np.add.reduceat(self.counts, first) if len(first) else self.counts)


def map_order(counts: Counts, order: int, highest: int) -> int:
    """Order of a sky map that is no order of noise: about the finest whose pixels hold four rows on the mean.

    Parameters
    ----------
    counts, order
        Rows in pixels of an order of at most ``COARSE_ORDER``. Beyond it rows are taken to be spread evenly.
    """
    while order > 0 and counts.mean < LEAST_MEAN:
        counts, order = counts.coarser(), order - 1
    while order < highest and order >= COARSE_ORDER and counts.mean >= LEAST_MEAN << (2 * (order + 1 - COARSE_ORDER)):
        order += 1
    return order


def _firsts(ascending: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places where a new value begins."""
    if not len(ascending):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], ascending[1:] != ascending[:-1]]))


def align(
    counts: Counts, order: int, threshold: int, *, lowest_order: int = 0, drop_empty_siblings: bool = True
) -> list[Pixel]:
    """Partitions for what was counted: the largest pixels that hold no more than the threshold.

    A pixel of ``order`` that holds more stays whole. Where already the pixels of a lower order hold no more, that is
    taken for the highest. With ``drop_empty_siblings`` a pixel of which only one quarter
    holds anything is left for that quarter, where a larger one does not hold it with others.

    Parameters
    ----------
    counts
        In pixels of ``order``.
    lowest_order
        No partition is larger than a pixel of this order.

    Returns
    -------
    In the order of the index.
    """
    while order > lowest_order + 1 and (below := counts.coarser()).counts.max(initial=0) <= threshold:
        counts, order = below, order - 1
    chosen = np.full(len(counts.pixels), order, np.int64)
    level = counts
    owner = np.arange(len(counts.pixels))  # which pixel of the level each of the smallest lies in
    for coarse in range(order - 1, lowest_order - 1, -1):
        first = _firsts(level.pixels >> 2)
        quarters = np.diff(np.append(first, len(level.pixels)))
        owner = (np.searchsorted(first, owner, "right") - 1).astype(np.int64)
        level = level.coarser()
        merged = level.counts <= threshold
        if drop_empty_siblings:
            merged &= quarters > 1
        chosen[merged[owner]] = coarse
    index = counts.pixels >> (2 * (order - chosen))
    pairs = np.stack([chosen, index], axis=1)
    kept = _changes(pairs)
    return [Pixel(int(k), int(p)) for k, p in pairs[kept]]


def _changes(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(pairs):
        return np.empty(0, np.int64)
    return np.flatnonzero(np.concatenate([[True], (pairs[1:] != pairs[:-1]).any(axis=1)]))
