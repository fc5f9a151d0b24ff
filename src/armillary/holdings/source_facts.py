"""What clients are told of a catalog: facts, points in a view, pages of rows. Asked after the gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.errors import LimitError, NotFoundError, ParameterError, UnavailableError, VersionGoneError
from armillary.holdings.facts import needed_wcs, steadily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from armillary.catalogs.drawing import Drawn
    from armillary.catalogs.fields import Field
    from armillary.catalogs.selection import Selection
    from armillary.catalogs.views import View
    from armillary.holdings.catalogs import AnyCatalog
    from armillary.holdings.layers import Layer
    from armillary.holdings.tree import SourceGroup

T = TypeVar("T")

TRIES = 4
MOST_CELLS = 100_000
MOST_CSV_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Region:
    """Part of the sky that a client asks for: a window of a layer's pixels, or a cone; or neither.

    Parameters
    ----------
    layer
        The layer, when a window is given.
    window
        ``x0, y0, x1, y1``.
    cone
        ``ra, dec, radius`` in degrees.
    """

    layer: Layer | None = None
    window: tuple[float, float, float, float] | None = None
    cone: tuple[float, float, float] | None = None

    def view(self) -> tuple[View | None, str]:
        """The view, None for none, and the version of what it depends on.

        Raises
        ------
        NotFoundError
            The layer has no celestial coordinates.
        """
        from armillary.catalogs.views import Cone, PixelWindow

        if self.cone is not None:
            return Cone(*self.cone), ""
        if self.layer is None or self.window is None:
            return None, ""
        layer = self.layer
        wcs, version = steadily(layer, lambda pyramid, version: (needed_wcs(layer, pyramid.plane), version))
        return PixelWindow(wcs, *self.window, key=(layer.id, version)), version


@dataclass(frozen=True, slots=True)
class PointsQuery:
    """What is asked of ``points``.

    Parameters
    ----------
    region
        Where.
    limit
        How many at most.
    size, color
        Names of numeric columns to send along.
    first
        ``largest`` or ``smallest``: sources of such a ``size`` come first; empty for an order by chance.
    filter, search
        Conditions on rows.
    crowd
        Of more sources than this a few will do, where a picture of their density comes with them.
    """

    region: Region
    limit: int
    size: str = ""
    color: str = ""
    first: str = ""
    filter: str = ""
    search: str = ""
    crowd: int | None = None


@dataclass(frozen=True, slots=True)
class RowsQuery:
    """What is asked of ``rows``.

    Parameters
    ----------
    start, count
        Which of the rows that are wanted.
    sort, descending
        Column to sort by, empty for the order of the file.
    columns
        Names of columns, empty for all.
    region, filter, search
        Conditions on rows.
    """

    region: Region
    start: int = 0
    count: int = 100
    sort: str = ""
    descending: bool = False
    columns: tuple[str, ...] = ()
    filter: str = ""
    search: str = ""


def steadily_read(group: SourceGroup, read: Callable[[AnyCatalog, str], T], wanted: str = "") -> T:
    """Result of ``read(catalog, public version)``, all of it of one version of the file.

    Parameters
    ----------
    wanted
        Public version that the client knows, empty for any.

    Raises
    ------
    VersionGoneError
        The file has another version than ``wanted``.
    UnavailableError
        It keeps changing.
    FileError
        It vanished or is broken.
    """
    from armillary.catalogs.viewing.catalog import SkyCatalog

    for _ in range(TRIES):
        catalog, version = group.file.current()
        public = group.file.public_version(version)
        if wanted and wanted != public:
            raise VersionGoneError(f"{group.file.name}: the file changed: ask for its new version.")
        try:
            result = read(catalog, public)
        except VersionGoneError:
            continue
        # One part may have changed after it was read, and another before.
        if not isinstance(catalog, SkyCatalog) or group.file.current()[1] == version:
            return result
    raise UnavailableError(f"{group.file.name}: keeps changing while it is read: try again once it is written.")


def describe_sources(group: SourceGroup, catalog: AnyCatalog, version: str) -> dict[str, Any]:
    """The JSON of ``GET /api/sources/{source_group}``."""
    center, skipped = catalog.center, catalog.skipped
    return {
        "id": group.source_group_id,
        "name": group.name,
        "description": group.description,
        "status": "ready",
        "count": catalog.count,
        "skipped": {
            "total": skipped.total,
            "missing": skipped.missing,
            "not_finite": skipped.not_finite,
            "out_of_range": skipped.out_of_range,
        },
        "columns": [
            {
                "name": field.name,
                "dtype": field.dtype,
                "unit": field.unit,
                "ucd": field.ucd,
                "description": field.description,
                "numeric": field.numeric,
            }
            for field in catalog.fields
        ],
        "ra_column": catalog.positions.lon.name,
        "dec_column": catalog.positions.lat.name,
        "name_column": catalog.name_field.name if catalog.name_field else None,
        "center": None if center is None else {"ra": center[0], "dec": center[1]},
        "style": {name: group.style.get(name) for name in ("color", "shape", "size", "size_column")},
        "version": version,
        "notes": list(catalog.notes),
    }


def points(catalog: AnyCatalog, query: PointsQuery, view: View | None, version: str) -> bytes:
    """The body of ``GET /api/sources/{source_group}/points``.

    Raises
    ------
    ParameterError
        A column is missing or not numeric; the filter is none.
    LimitError
        A filter would have to look through more rows than one may.
    """
    import numpy as np

    from armillary.catalogs.points import pack
    from armillary.catalogs.viewing.numbering import row_type
    from armillary.catalogs.views import PixelWindow

    asked = {name: getattr(query, name) for name in ("size", "color")}
    extra = {name: catalog.numeric_field(column, name) for name, column in asked.items() if column}
    if query.first and "size" not in extra:
        raise ParameterError("first", "needs the column size")
    found = _drawn(catalog, query, view, extra)
    arrays: dict[str, NDArray[Any]] = {"row": found.rows.astype(row_type(found.rows))}
    if isinstance(view, PixelWindow):
        arrays["x"], arrays["y"] = view.wcs.icrs_to_pixel(found.ra, found.dec)
    arrays |= {"ra": found.ra, "dec": found.dec}
    with np.errstate(over="ignore"):
        arrays |= {name: values.astype(np.float32) for name, values in found.columns.items()}
    count = len(found.rows)
    header: dict[str, Any] = {"total": found.total, "count": count, "complete": count == found.total}
    if found.picture is not None:
        header["density"] = found.picture.words
        arrays["density"] = found.picture.grades.reshape(-1)
    return pack(header | {"version": version}, arrays)


def _drawn(catalog: AnyCatalog, query: PointsQuery, view: View | None, extra: dict[str, Field]) -> Drawn:
    from armillary.catalogs.drawing import Part, Wish, draw
    from armillary.catalogs.selection import Selection
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.catalogs.viewing.points import draw_of_sky

    first = extra["size"] if query.first else None
    wish = Wish(
        query.limit, Selection(query.filter, query.search), extra, first, query.first == "smallest", query.crowd
    )
    if isinstance(catalog, SkyCatalog):
        return draw_of_sky(catalog, view, wish)
    return draw([Part(catalog)], view, wish)


def rows_page(catalog: AnyCatalog, query: RowsQuery, view: View | None, version: str) -> dict[str, Any]:
    """The JSON of ``GET /api/sources/{source_group}/rows``.

    Raises
    ------
    ParameterError
        A column is missing, or has no order; the filter is none.
    LimitError
        More cells than an answer may have, or more rows to look through than one may.
    """
    from armillary.catalogs.rows import table_rows

    rows, total = _rows(catalog, query, view)
    fields = _fields(catalog, query)
    if not query.columns:
        fields = fields[: max(1, MOST_CELLS // max(1, len(rows)))]
    if len(rows) * len(fields) > MOST_CELLS:
        raise LimitError(f"At most {MOST_CELLS:,} values are given at once: ask for fewer rows or columns.")
    return {
        "total": total,
        "start": query.start,
        "columns": [field.name for field in fields],
        "row": rows.tolist(),
        "rows": table_rows(catalog, fields, rows),
        "version": version,
    }


def rows_csv(catalog: AnyCatalog, query: RowsQuery, view: View | None) -> Iterator[bytes]:
    """The rows asked for as CSV, some at a time; errors are raised at once, as by ``rows_page``."""
    from armillary.catalogs.rows import csv_parts

    rows, _ = _rows(catalog, query, view)
    return csv_parts(catalog, _fields(catalog, query), rows)


def _rows(catalog: AnyCatalog, query: RowsQuery, view: View | None) -> tuple[NDArray[np.int64], int]:
    """Numbers of the rows of a page, and of how many."""
    import numpy as np

    from armillary.catalogs.selection import selected_rows
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.catalogs.viewing.rows import page_of

    sort = catalog.field(query.sort, "sort") if query.sort else None
    selection = _selection(query, view)
    if isinstance(catalog, SkyCatalog):
        return page_of(catalog, selection, sort, query.start, query.count, descending=query.descending)
    selected = selected_rows(catalog, selection, sort, descending=query.descending)
    stop = query.start + query.count
    if selected is None:
        return np.arange(min(query.start, catalog.count), min(stop, catalog.count)), catalog.count
    return selected[query.start : stop].astype(np.int64), len(selected)


def _selection(query: RowsQuery, view: View | None) -> Selection:
    from armillary.catalogs.selection import Selection

    return Selection(query.filter, query.search, view)


def _fields(catalog: AnyCatalog, query: RowsQuery) -> list[Field]:
    return [catalog.field(name) for name in query.columns] if query.columns else list(catalog.fields)


def row_words(catalog: AnyCatalog, row: int) -> dict[str, Any]:
    """The JSON of ``GET /api/sources/{source_group}/rows/{row}``.

    Raises
    ------
    NotFoundError
        There is no such row.
    """
    import numpy as np

    from armillary.catalogs.rows import one_row, word

    if not catalog.has_row(row):
        raise NotFoundError(f"There is no row {row}: the table has {catalog.count:,}.")
    ra, dec = (float(values[0]) for values in catalog.places(np.array([row])))
    return {"row": row, "ra": word(ra), "dec": word(dec), "values": one_row(catalog, row)}
