"""Pages and cones of a catalog of any size: numbers of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.covers import cover, places_of
from armillary.catalogs.selection import selected_rows
from armillary.catalogs.viewing.gathering import check_words, gather
from armillary.catalogs.viewing.reach import reach_of_cone
from armillary.catalogs.views import Cone
from armillary.errors import LimitError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from armillary.catalogs.drawing import Part
    from armillary.catalogs.fields import Field
    from armillary.catalogs.selection import Selection
    from armillary.catalogs.viewing.catalog import SkyCatalog


def page_of(
    sky: SkyCatalog, selection: Selection, sort: Field | None, start: int, count: int, *, descending: bool = False
) -> tuple[NDArray[np.int64], int]:
    """Numbers of the rows of a page, and of how many rows.

    Parameters
    ----------
    selection
        Which rows.
    sort, descending
        Column to sort by; None for the order of the partitions.
    start, count
        The page.

    Raises
    ------
    LimitError
        More rows would have to be looked through than are.
    ParameterError
        The filter is none; the column cannot be sorted by.
    """
    if sort is None and selection.view is None and not any(selection.words):
        numbering = sky.numbering
        if not numbering.dense:
            raise LimitError("Its rows are not counted: look at a part of the sky.")
        total = int(numbering.starts[-1])
        return np.arange(min(start, total), min(start + count, total)), total
    selected = _selected(sky, selection, sort, descending=descending)
    return selected[start : start + count], len(selected)


def _selected(sky: SkyCatalog, selection: Selection, sort: Field | None, *, descending: bool) -> NDArray[np.int64]:
    view = selection.view
    key = ("selected", selection.words, None if view is None else view.key, sort and sort.name, descending)
    made: NDArray[np.int64] = sky.kept.array(key, lambda: _select(sky, selection, sort, descending=descending))
    return made


def _select(sky: SkyCatalog, selection: Selection, sort: Field | None, *, descending: bool) -> NDArray[np.int64]:
    check_words(sky, selection)
    if sort is not None and not (sort.numeric or sort.is_text or sort.dtype == "bool"):
        raise ParameterError("sort", f"column {sort.name!r} holds {sort.dtype}, which has no order")
    parts = gather(sky, selection.view)
    own = [_rows_of(part, selection) for part in parts]
    numbers = np.concatenate(
        [np.empty(0, np.int64), *(rows + part.first for part, rows in zip(parts, own, strict=True))]
    )
    if sort is None or not len(numbers):
        return numbers
    return numbers[_order(parts, own, sort, descending=descending)]


def _rows_of(part: Part, selection: Selection) -> NDArray[np.int64]:
    found = selected_rows(part.catalog, selection)
    return np.arange(part.catalog.count) if found is None else found.astype(np.int64)


def _order(
    parts: Sequence[Part], own: Sequence[NDArray[np.int64]], sort: Field, *, descending: bool
) -> NDArray[np.int64]:
    import pyarrow as pa
    from pyarrow import compute

    def columns() -> Iterator[Any]:
        for part, rows in zip(parts, own, strict=True):
            yield from part.catalog.column(sort).take(pa.array(rows)).chunks

    direction = "descending" if descending else "ascending"
    places = compute.sort_indices(pa.chunked_array(list(columns())), sort_keys=[("", direction)])
    return np.asarray(places).astype(np.int64)


def rows_within(
    sky: SkyCatalog, ra_deg: float, dec_deg: float, radius_deg: float, most: int
) -> tuple[NDArray[np.int64], int]:
    """Rows at most ``radius_deg`` on the great circle from a place, ICRS degrees.

    Parameters
    ----------
    most
        How many are wanted; which of more is not said, and no more is read.

    Returns
    -------
    Numbers, ascending, int64, and how many there are: where they are more than are wanted, how many were met.
    """
    cone, reach = Cone(ra_deg, dec_deg, radius_deg), reach_of_cone(ra_deg, dec_deg, radius_deg)
    found, total = [np.empty(0, np.int64)], 0
    # What lies wholly inside comes first: where there is more than enough of it, the border is not looked at.
    inner = sky.partitions.within(reach.inner_starts, reach.inner_stops)
    every = sky.partitions.within(reach.starts, reach.stops)
    for place in (*inner.tolist(), *np.setdiff1d(every, inner).tolist()):
        for group in sky.groups_within(place, reach.starts, reach.stops):
            if total > most:
                break
            part = sky.part(group)
            here = cover(part, cone)
            first = int(sky.numbering.starts[place]) + group.start
            places = np.concatenate([here.loose, places_of(here.starts, here.stops)])[: max(0, most - total)]
            found.append(part.index.rows[places].astype(np.int64) + first)
            total += here.total
    return np.sort(np.concatenate(found)), total
