"""Partitions: HEALPix pixels of mixed orders, and where an index of order 29 lies among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from armillary.errors import UsageError
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray


class Pixel(NamedTuple):
    """A HEALPix pixel, nested numbering."""

    order: int
    index: int  # type: ignore[assignment]  # hides a method of tuples that pixels do not need

    @property
    def start(self) -> int:
        """First index of order 29 in it."""
        return self.index << (2 * (MAX_ORDER - self.order))

    @property
    def stop(self) -> int:
        """The first index of order 29 beyond it."""
        return (self.index + 1) << (2 * (MAX_ORDER - self.order))

    def __str__(self) -> str:
        return f"Norder={self.order}, Npix={self.index}"


class Partitions:
    """Pixels that do not overlap, in the order of the index.

    Parameters
    ----------
    pixels
        In any order; or their orders and indices, shape (pixels, 2).

    Attributes
    ----------
    order, index
        int64 arrays.
    start, stop
        Half-open ranges of the index of order 29, ascending.

    Raises
    ------
    UsageError
        Two of them overlap.
    """

    def __init__(self, pixels: Iterable[tuple[int, int]] | NDArray[np.int64]) -> None:
        listed = pixels if isinstance(pixels, np.ndarray) else [tuple(pixel) for pixel in pixels]
        given = np.array(listed, np.int64).reshape(-1, 2)
        start = given[:, 1] << (2 * (MAX_ORDER - given[:, 0]))
        given = given[np.lexsort((given[:, 0], start))]
        self.order: NDArray[np.int64] = given[:, 0].copy()
        self.index: NDArray[np.int64] = given[:, 1].copy()
        shift = 2 * (MAX_ORDER - self.order)
        self.start: NDArray[np.int64] = self.index << shift
        self.stop: NDArray[np.int64] = (self.index + 1) << shift
        overlap = np.flatnonzero(self.stop[:-1] > self.start[1:])
        if len(overlap):
            first = int(overlap[0])
            raise UsageError(f"partitions overlap: {self[first]} and {self[first + 1]}.")

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, place: int) -> Pixel:
        return Pixel(int(self.order[place]), int(self.index[place]))

    def __iter__(self) -> Iterator[Pixel]:
        return map(Pixel, self.order.tolist(), self.index.tolist())

    def __contains__(self, pixel: object) -> bool:
        if not isinstance(pixel, tuple):
            return False
        place = int(np.searchsorted(self.start, Pixel(*pixel).start))
        return place < len(self) and self[place] == pixel

    def places_of(self, cells: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which partition each index of order 29 lies in, int64; −1 for none."""
        places = np.searchsorted(self.start, cells, "right") - 1
        places[places >= 0] = np.where(cells[places >= 0] < self.stop[places[places >= 0]], places[places >= 0], -1)
        return places

    def within(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of the partitions that meet any of some half-open ranges, ascending, each once."""
        first = np.searchsorted(self.stop, starts, "right")
        last = np.searchsorted(self.start, stops, "left")
        meets = np.zeros(len(self) + 1, np.int64)
        keep = first < last
        np.add.at(meets, first[keep], 1)
        np.add.at(meets, last[keep], -1)
        return np.flatnonzero(np.cumsum(meets[:-1]) > 0)

    @property
    def fraction(self) -> float:
        """Part of the sky that they cover."""
        return float((0.25 ** self.order.astype(np.float64)).sum() / 12.0)

    @property
    def highest_order(self) -> int:
        """Their highest order, 0 without any."""
        return int(self.order.max()) if len(self) else 0


__all__ = ["Partitions", "Pixel"]
