"""Pairs of rows of two tables in memory."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from armillary.sky.frames import to_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pairs(NamedTuple):
    """Rows that belong together: by the left row, nearest first.

    Parameters
    ----------
    left, right
        Row numbers, int64.
    distance_arcsec
        Great-circle distances.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    distance_arcsec: NDArray[np.float64]


class RightSide:
    """The right side of a match, ready to be asked often.

    Parameters
    ----------
    ra_deg, dec_deg
        ICRS degrees of its rows; those without a place match nothing.
    """

    def __init__(self, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> None:
        vectors = to_vectors(ra_deg, dec_deg)
        there = np.flatnonzero(np.isfinite(vectors).all(axis=1))
        order = there[np.argsort(vectors[there, 2], kind="stable")]
        self._order = order
        self._vectors = np.ascontiguousarray(vectors[order])
        self._z = np.ascontiguousarray(self._vectors[:, 2])

    def nearest(
        self, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], radius_arcsec: float, many: int = 1
    ) -> Pairs:
        """Up to ``many`` rows of the right for each place of the left, those at the radius included."""
        from armillary.catalogs.matching.nearest_kernels import nearest

        left = np.ascontiguousarray(to_vectors(ra_deg, dec_deg))
        rows = np.empty((len(left), many), np.int64)
        squares = np.empty((len(left), many))
        nearest(left, self._vectors, self._z, math.radians(radius_arcsec / 3600.0), rows, squares)
        found = np.nonzero(rows >= 0)
        angles = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * np.sqrt(squares[found])))
        return Pairs(found[0], self._order[rows[found]], np.degrees(angles) * 3600.0)

    def count(
        self, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64], radius_arcsec: float
    ) -> NDArray[np.int64]:
        """How many rows of the right lie within the radius of each place of the left."""
        from armillary.catalogs.matching.nearest_kernels import count_within

        left = np.ascontiguousarray(to_vectors(ra_deg, dec_deg))
        counts = np.empty(len(left), np.int64)
        count_within(left, self._vectors, self._z, math.radians(radius_arcsec / 3600.0), counts)
        return counts
