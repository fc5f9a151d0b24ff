"""Where a search looks: a region or a coverage map, the whole sky where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.searching.moc import Moc
from armillary.sky.covers import cover
from armillary.sky.frames import to_vectors
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions import Region

# Positions in single precision lie up to 0.03 arcseconds beside those that the index was made of.
SLACK_RAD = 1e-8
SINGLE_SLACK_RAD = 1e-6


@dataclass(frozen=True, slots=True)
class Place:
    """Part of the sky.

    Parameters
    ----------
    shape
        A region, a coverage map, or None for the whole sky.
    starts, stops
        Half-open ranges of the index of order 29 that hold all of it, ascending.
    """

    shape: Region | Moc | None
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]

    @classmethod
    def of(cls, shape: Region | Moc | None, *, single: bool = False) -> Place:
        """Of a shape.

        Parameters
        ----------
        single
            Whether positions are in single precision.
        """
        if shape is None:
            return cls(None, np.zeros(1, np.int64), np.array([12 << (2 * MAX_ORDER)]))
        if isinstance(shape, Moc):
            return cls(shape, shape.starts, shape.stops)
        return cls(shape, *cover(shape, slack_rad=SINGLE_SLACK_RAD if single else SLACK_RAD))

    def holds(self, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions, ICRS degrees, lie in it; exact."""
        if self.shape is None:
            return np.ones(len(ra_deg), np.bool_)
        if isinstance(self.shape, Moc):
            return self.shape.holds(ra_deg, dec_deg)
        return self.shape.contains(to_vectors(ra_deg, dec_deg))
