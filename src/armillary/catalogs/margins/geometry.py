"""Partitions as the kernels of margins take them, and the rows of one that belong to the margins of others."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.cells import largest_radius, outlines
from armillary.sky.frames import to_vectors
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.hats.pixels import Partitions

FIRST_ROOM = 1 << 14


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

    def select(
        self, place: int, cells: NDArray[np.int64], ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of a partition within the threshold of the borders of others.

        Parameters
        ----------
        place
            Of the partition.
        cells
            Index of order 29 of its rows, ascending.
        ra_deg, dec_deg
            Their positions, ICRS.

        Returns
        -------
        Rows, and the place of the partition whose margin each belongs to; ordered by that, then by row.
        """
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
