"""Which rows of a catalog are wanted, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.covers import cover, everything
from armillary.catalogs.filters import parse, passes
from armillary.errors import ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.covers import Cover
    from armillary.catalogs.fields import Field
    from armillary.catalogs.views import View

LONGEST_SEARCH = 200


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions on rows.

    Parameters
    ----------
    filter
        Comparisons (``armillary.catalogs.filters``).
    search
        Text that any text column holds, or the column of names; case is ignored.
    view
        Part of the sky; None for all rows, also those without a place.
    """

    filter: str = ""
    search: str = ""
    view: View | None = None

    @property
    def words(self) -> tuple[str, str]:
        """The conditions on values."""
        return self.filter.strip(" ;"), self.search.strip()


def wanted_rows(catalog: Catalog, selection: Selection) -> NDArray[np.uint8] | None:
    """Rows that pass filter and search, uint8 of shape (count,); None for all. The view is not asked. Kept.

    Raises
    ------
    ParameterError
        The filter is none, or does not fit the columns; the text is too long.
    """
    if not any(selection.words):
        return None
    made: NDArray[np.uint8] = catalog.kept.array(
        ("wanted", selection.words), lambda: _wanted(catalog, *selection.words)
    )
    return made


def _wanted(catalog: Catalog, conditions: str, search: str) -> NDArray[np.uint8]:
    found = passes(catalog, parse(conditions))
    out = np.ones(catalog.count, np.uint8) if found is None else np.asarray(found).astype(np.uint8)
    return out & _holding(catalog, search) if search else out


def _holding(catalog: Catalog, search: str) -> NDArray[np.uint8]:
    import pyarrow as pa
    from pyarrow import compute

    if len(search) > LONGEST_SEARCH:
        raise ParameterError("search", f"is longer than {LONGEST_SEARCH} characters")
    out = np.zeros(catalog.count, np.uint8)
    for field in catalog.fields:
        if field.is_text or field is catalog.name_field:
            text = catalog.column(field)
            text = text if field.is_text else text.cast(pa.string())
            found = compute.match_substring(text, search, ignore_case=True)
            out |= np.asarray(compute.fill_null(found, False)).astype(np.uint8)  # noqa: FBT003
    return out


def cover_of(catalog: Catalog, view: View | None) -> Cover:
    """The sources in a view."""
    return everything(catalog) if view is None else cover(catalog, view)


def selected_rows(
    catalog: Catalog, selection: Selection, sort: Field | None = None, *, descending: bool = False
) -> NDArray[np.uint32] | None:
    """Rows that are wanted, in order, uint32; None for all rows as they are in the file. Kept.

    Rows without a value in the column that sorts come last in both directions.

    Raises
    ------
    ParameterError
        As ``wanted_rows``; the column cannot be sorted by.
    """
    if sort is None and selection.view is None and not any(selection.words):
        return None
    view = selection.view
    key = ("selected", selection.words, None if view is None else view.key, sort and sort.name, descending)
    made: NDArray[np.uint32] = catalog.kept.array(
        key, lambda: _selected(catalog, selection, sort, descending=descending)
    )
    return made


def _selected(catalog: Catalog, selection: Selection, sort: Field | None, *, descending: bool) -> NDArray[np.uint32]:
    wanted = wanted_rows(catalog, selection)
    if selection.view is not None:
        seen = _seen(catalog, selection.view)
        wanted = seen if wanted is None else wanted & seen
    if sort is None:
        assert wanted is not None
        return np.flatnonzero(wanted).astype(np.uint32)
    order = order_of(catalog, sort, descending=descending)
    return order if wanted is None else order[wanted[order] != 0]


def _seen(catalog: Catalog, view: View) -> NDArray[np.uint8]:
    from armillary.catalogs.choice_kernels import mark

    found = cover(catalog, view)
    out = np.zeros(catalog.count, np.uint8)
    mark(catalog.index.rows, found.starts, found.stops, found.loose, out)
    return out


def order_of(catalog: Catalog, field: Field, *, descending: bool = False) -> NDArray[np.uint32]:
    """All rows sorted by a column, equal ones in the order of the file; kept.

    Raises
    ------
    ParameterError
        Its values have no order.
    """
    if not (field.numeric or field.is_text or field.dtype == "bool"):
        raise ParameterError("sort", f"column {field.name!r} holds {field.dtype}, which has no order")

    def make() -> NDArray[np.uint32]:
        from pyarrow import compute

        column: Any = catalog.column(field)
        # Missing values, and NaN before them, come last by default.
        direction = "descending" if descending else "ascending"
        places = compute.sort_indices(column, sort_keys=[("", direction)])
        return np.asarray(places).astype(np.uint32)

    made: NDArray[np.uint32] = catalog.kept.array(("order", field.name, descending), make)
    return made
