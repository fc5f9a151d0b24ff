"""A choice of sources: even over the sky, the same at every call, only growing on zooming in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.covers import Cover
    from armillary.catalogs.fields import Field


def lowest(
    catalog: Catalog,
    cover: Cover,
    limit: int,
    wanted: NDArray[np.uint8] | None = None,
    first: Field | None = None,
    *,
    smallest: bool = False,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], int]:
    """At most ``limit`` sources of a cover: those of the lowest ranks (see ``choice_kernels.ranks``).

    Ranks do not depend on the view. So of two views, one in the other, the inner one has all that the outer one has
    there.

    Parameters
    ----------
    cover
        What is in the view.
    limit
        How many at most.
    wanted
        Rows that pass a filter, uint8 of shape (count,); None for all.
    first
        Column whose largest values (or ``smallest``) come first in each cell of the sky; None for an order by chance.

    Returns
    -------
    Their rows, int64, in no order; their ranks; and of how many they were chosen.
    """
    from armillary.catalogs.choice_kernels import BINS, collect, count

    ranked, rows = ranks_of(catalog, first, smallest=smallest), catalog.index.rows
    passing = np.empty(0, np.uint8) if wanted is None else wanted
    places = (ranked, rows, cover.starts, cover.stops, cover.loose, passing)
    bins = np.zeros(BINS, np.int64)
    count(*places, bins)
    below = np.cumsum(bins)
    total = int(below[-1])
    last = int(np.searchsorted(below, min(limit, total)))
    out = np.empty(int(below[last]) if total else 0, np.int64)
    found = out[: collect(*places, last, out)]
    if len(found) > limit:
        # The place breaks ties between equal ranks, by the row, so that the order of a sort cannot matter.
        found = found[np.lexsort((rows[found], ranked[found]))[:limit]]
    return rows[found].astype(np.int64), ranked[found], total


def ranks_of(catalog: Catalog, first: Field | None = None, *, smallest: bool = False) -> NDArray[np.uint32]:
    """Rank of each place of the index; kept."""

    def make() -> NDArray[np.uint32]:
        from armillary.catalogs.choice_kernels import ranks

        index = catalog.index
        order = np.empty(0)
        if first is not None:
            values = catalog.values(first)[index.rows]
            order = np.where(np.isnan(values), np.inf, values if smallest else -values)
        out = np.zeros(len(index), np.uint32)
        ranks(index.cells, index.rows, order, out)
        return out

    made: NDArray[np.uint32] = catalog.kept.array(("ranks", first.name if first else None, smallest), make)
    return made
