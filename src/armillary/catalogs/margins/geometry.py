"""Partitions as the kernels of margins take them, and the rows of one that belong to the margins of others."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from armillary.catalogs.margins.nearness import near_borders
from armillary.catalogs.margins.touching import touching_pixels, widest_order
from armillary.sky.cells import largest_radius, outlines
from armillary.sky.frames import to_vectors
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.pixels import Partitions

FIRST_ROOM = 1 << 14
LEAST_DEPTH = 4
"""Orders between partitions and pixels along their borders: a quarter of the rows are looked at at most."""


class Candidates(NamedTuple):
    """Rows, each with a pixel that its own touches: that pixel, and the place of the partition in which it lies."""

    rows: NDArray[np.int64]
    places: NDArray[np.int64]
    pixels: NDArray[np.int64]
    order: int


class Borders:
    """The borders of the partitions of a catalog, and a threshold.

    Parameters
    ----------
    partitions
        Of the catalog.
    threshold_arcsec
        Greater than 0, at most 180 degrees.
    """

    def __init__(self, partitions: Partitions, threshold_arcsec: float) -> None:
        self.partitions = partitions
        self.threshold = math.radians(threshold_arcsec / 3600.0)

    @cached_property
    def centres(self) -> NDArray[np.float64]:
        """Unit vectors, shape (partitions, 3)."""
        centres = np.empty((len(self.partitions), 3))
        for order in np.unique(self.partitions.order):
            those = self.partitions.order == order
            centres[those] = outlines(int(order), self.partitions.index[those])[:, 0]
        return centres

    @cached_property
    def radii(self) -> NDArray[np.float64]:
        """Largest angle from a centre to a place of a pixel, for every order, radians."""
        return np.array([largest_radius(order) for order in range(MAX_ORDER + 1)])

    def near(self, place: int) -> NDArray[np.int64]:
        """Places of the partitions to whose margins rows of one may belong."""
        gap = self.centres - self.centres[place]
        angle = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * np.sqrt((gap * gap).sum(axis=1))))
        reach = self.radii[self.partitions.order] + self.radii[self.partitions.order[place]] + self.threshold + 1e-9
        found: NDArray[np.int64] = np.flatnonzero(angle <= reach)
        return np.asarray(found[found != place], np.int64)

    def candidates(self, place: int, cells: NDArray[np.int64]) -> Candidates | None:
        """Rows of a partition that may lie within the threshold of others, by the index alone.

        They lie in pixels that touch the others and are no narrower than the threshold.

        Parameters
        ----------
        place
            Of the partition.
        cells
            Index of order 29 of its rows, ascending.

        Returns
        -------
        None where such pixels are not much smaller than partitions, and only positions tell.
        """
        order = widest_order(math.degrees(self.threshold) * 3600.0)
        if order < self.partitions.highest_order + LEAST_DEPTH:
            return None
        return Candidates(*touching_pixels(self.partitions, place, cells, order), order)

    def near_ones(
        self, found: Candidates, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As ``select``, of the candidates: what is near enough of another partition lies in pixels that they touch."""
        count = len(ra_deg)
        keys, first, key = np.unique(found.places * count + found.rows, return_index=True, return_inverse=True)

        def are_near(pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
            vectors = to_vectors(ra_deg[found.rows[pairs]], dec_deg[found.rows[pairs]])
            return near_borders(vectors, found.order, found.pixels[pairs], self.threshold)

        # What is near a partition is mostly so by the first of its pixels, and need not be asked of the others.
        near = are_near(first)
        left = ~near[key]
        left[first] = False
        others = np.flatnonzero(left)
        near[key[others[are_near(others)]]] = True
        return keys[near] % count, keys[near] // count

    def select(
        self, place: int, cells: NDArray[np.int64], ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of a partition within the threshold of the borders of others.

        Parameters
        ----------
        place, cells
            As for ``candidates``.
        ra_deg, dec_deg
            Positions of the rows, ICRS.

        Returns
        -------
        Rows, and the place of the partition whose margin each belongs to; ordered by that, then by row.
        """
        found = self.candidates(place, cells)
        return self._select(place, cells, ra_deg, dec_deg) if found is None else self.near_ones(found, ra_deg, dec_deg)

    def _select(
        self, place: int, cells: NDArray[np.int64], ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from armillary.catalogs.margins.border_kernels import select

        near = self.near(place)
        if not len(near) or not len(cells):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        parts = self.partitions
        vectors = np.ascontiguousarray(to_vectors(ra_deg, dec_deg))
        room = FIRST_ROOM
        while True:
            rows, places = np.empty(room, np.int64), np.empty(room, np.int64)
            found = select(
                np.ascontiguousarray(cells),
                vectors,
                int(parts.order[place]),
                int(parts.index[place]),
                near,
                parts.order,
                parts.index,
                self.centres,
                self.radii,
                self.threshold,
                rows,
                places,
            )
            if found <= room:
                break
            room = found
        order = np.lexsort((rows[:found], places[:found]))
        return rows[order], places[order]
