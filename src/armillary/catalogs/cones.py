"""Rows of a catalog within a cone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.covers import cover, places_of
from armillary.catalogs.views import Cone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog


def rows_within(
    catalog: Catalog, ra_deg: float, dec_deg: float, radius_deg: float, most: int
) -> tuple[NDArray[np.int64], int]:
    """Rows at most ``radius_deg`` on the great circle from a place, ICRS degrees.

    Parameters
    ----------
    most
        How many are wanted; which of more is not said.

    Returns
    -------
    Row numbers in the order of the file, int64; and how many rows there are within the cone.
    """
    found = cover(catalog, Cone(ra_deg, dec_deg, radius_deg))
    # Ranges may hold millions: no more of them are written out than are wanted.
    before = np.cumsum(found.stops - found.starts) - (found.stops - found.starts)
    stops = np.minimum(found.stops, found.starts + np.maximum(most - before, 0))
    places = np.concatenate([found.loose, places_of(found.starts, stops)])[:most]
    return np.sort(catalog.index.rows[places].astype(np.int64)), found.total
