"""Pixels that are matched at once: the finer of a left and a right partition, and what lies in left ones alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Targets:
    """Pixels that part the partitions of the left.

    Parameters
    ----------
    pixels
        In the order of the index.
    left, right
        Place of the partition of each side that each lies in, −1 on the right for none.
    """

    pixels: Partitions
    left: NDArray[np.int64]
    right: NDArray[np.int64]

    def of_left(self, place: int) -> range:
        """Which ones part a partition of the left."""
        low, high = np.searchsorted(self.left, [place, place + 1])
        return range(int(low), int(high))


def targets_of(left: Partitions, right: Partitions) -> Targets:
    """Targets of two catalogs."""
    found: list[tuple[Pixel, int, int]] = []
    first = np.searchsorted(right.stop, left.start, "right")
    last = np.searchsorted(right.start, left.stop, "left")
    for place, pixel in enumerate(left):
        low, high = int(first[place]), int(last[place])
        if high - low == 1 and right[low].order <= pixel.order:
            found.append((pixel, place, low))
            continue
        at = pixel.start
        for other in range(low, high):
            inner = right[other]
            found.extend((gap, place, -1) for gap in pixels_between(at, inner.start))
            found.append((inner, place, other))
            at = inner.stop
        found.extend((gap, place, -1) for gap in pixels_between(at, pixel.stop))
    places = np.array([entry[1:] for entry in found], np.int64).reshape(-1, 2)
    return Targets(Partitions(entry[0] for entry in found), places[:, 0], places[:, 1])


def pixels_between(start: int, stop: int) -> Iterator[Pixel]:
    """The largest pixels that make up a half-open range of the index of order 29."""
    while start < stop:
        order = MAX_ORDER
        while (
            order > 0
            and not start % (1 << (2 * (MAX_ORDER - order + 1)))
            and (start + (1 << (2 * (MAX_ORDER - order + 1))) <= stop)
        ):
            order -= 1
        pixel = Pixel(order, start >> (2 * (MAX_ORDER - order)))
        yield pixel
        start = pixel.stop
