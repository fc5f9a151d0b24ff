"""Simple Cone Search 1.03 (IVOA REC 2008-02-22): what is asked, and rows of a catalog as a VOTable."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from armillary.catalogs.angles import DEGREES
from armillary.errors import ParameterError
from armillary.vo.parameters import number
from armillary.vo.votable import Coosys, Document, Field, Info, Resource, Table, Values, results, to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from armillary.catalogs.fields import Field as Column
    from armillary.catalogs.positions import PositionColumns
    from armillary.vo.parameters import Parameters

STANDARD_ID = "ivo://ivoa.net/std/ConeSearch"
ID_UCD, RA_UCD, DEC_UCD = "ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"
"""UCDs of version 1, each of exactly one column (section 2.2)."""
SYSTEM = "icrs"
MEDIUM_COLUMNS = 20
ROWS_AT_ONCE = 20_000
_TYPES = {
    "float64": "double", "float32": "float", "float16": "float", "bool": "boolean", "uint8": "unsignedByte",
    "int8": "short", "int16": "short", "uint16": "int", "int32": "int", "uint32": "long", "int64": "long",
}  # fmt: skip
_LEAST = {"unsignedByte": None, "short": -(1 << 15), "int": -(1 << 31), "long": -(1 << 63)}
_ARRAY = re.compile(r"(\w+)\[(\d*)\]")


@dataclass(frozen=True, slots=True)
class ConeQuery:
    """What is asked.

    Parameters
    ----------
    ra_deg, dec_deg, radius_deg
        ICRS centre and radius; a radius of 0 asks for the columns alone.
    verbosity
        1 for the least columns, 2 for some, 3 for all.
    """

    ra_deg: float
    dec_deg: float
    radius_deg: float
    verbosity: int


def parse(parameters: Parameters) -> ConeQuery:
    """What a request asks for.

    Raises
    ------
    ParameterError
        ``RA``, ``DEC`` or ``SR`` is missing, or a value is bad.
    """
    verbosity = parameters.integer("VERB", 1, 3)
    return ConeQuery(
        _needed(parameters, "RA", -360.0, 360.0) % 360.0,
        _needed(parameters, "DEC", -90.0, 90.0),
        _needed(parameters, "SR", 0.0, 180.0),
        2 if verbosity is None else verbosity,
    )


def _needed(parameters: Parameters, name: str, least: float, most: float) -> float:
    text = parameters.one(name)
    if text is None:
        raise ParameterError(name, "is needed: RA, DEC and SR are decimal degrees")
    return number(name, text, least, most)


def error_votable(message: str) -> bytes:
    """What went wrong (section 2.3): ``INFO`` of the name ``Error``, and an empty resource."""
    line = " ".join(message.split())
    resource = Resource((Info("QUERY_STATUS", "ERROR", line),))
    return to_bytes(Document((resource,), infos=(Info("Error", line, id="Error"),)))


class Shown(Protocol):
    """A catalog as far as cone searches show it: a ``Catalog``, or one of any size."""

    fields: tuple[Column, ...]
    name_field: Column | None
    positions: PositionColumns

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ICRS degrees of some rows."""

    def take(self, fields: Sequence[Column], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, as ``pyarrow`` arrays by name."""


@dataclass(frozen=True, slots=True)
class _Shown:
    """A column of the answer, and where its values are from: a column of the catalog, or what is known of each row."""

    field: Field
    column: Column | None = None
    known: str = ""


class ConeTable:
    """A catalog as cone searches show it.

    Parameters
    ----------
    catalog
        The catalog.
    verbosity
        As of ``ConeQuery``.
    """

    def __init__(self, catalog: Shown, verbosity: int = 3) -> None:
        self._catalog = catalog
        main = _main_columns(catalog)
        own = {shown.column.name for shown in main if shown.column is not None}
        others = [column for column in catalog.fields if column.name not in own]
        if verbosity == 2:
            others = [column for column in others if "[" not in column.dtype][:MEDIUM_COLUMNS]
        self.shown = (*main, *(_Shown(field_of(column), column) for column in (others if verbosity > 1 else ())))

    @property
    def fields(self) -> tuple[Field, ...]:
        """Its columns."""
        return tuple(shown.field for shown in self.shown)

    def document(self, name: str, description: str, rows: NDArray[np.int64], *, overflow: bool = False) -> Document:
        """Some rows as a document. Few are read at once, many as they are written.

        Parameters
        ----------
        rows
            Row numbers.
        overflow
            Whether there are more.
        """
        if len(rows) > ROWS_AT_ONCE:
            # Before the last rows were read nobody knows which letters are in them.
            fields = tuple(_any_letters(field) for field in self.fields)
            return self._document(name, description, fields, self._rows(rows), overflow=overflow)
        columns = self._columns(rows)
        fields = tuple(_letters_of(field, values) for field, values in zip(self.fields, columns, strict=True))
        return self._document(name, description, fields, zip(*columns, strict=True), overflow=overflow)

    def _document(
        self, name: str, description: str, fields: tuple[Field, ...], rows: Any, *, overflow: bool
    ) -> Document:
        table = Table(fields, rows, name=name, description=description)
        return Document((results(table, systems=(Coosys(SYSTEM),), overflow=overflow),))

    def _rows(self, rows: NDArray[np.int64]) -> Iterator[Sequence[Any]]:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            yield from zip(*self._columns(rows[start : start + ROWS_AT_ONCE]), strict=True)

    def _columns(self, rows: NDArray[np.int64]) -> list[list[Any]]:
        wanted = [shown.column for shown in self.shown if shown.column is not None]
        taken = self._catalog.take(wanted, rows) if wanted else {}
        return [
            self._known(shown, rows) if shown.column is None else _values(shown, taken[shown.column.name], rows)
            for shown in self.shown
        ]

    def _known(self, shown: _Shown, rows: NDArray[np.int64]) -> list[Any]:
        if shown.known == "row":
            return [str(row) for row in rows.tolist()]
        found: list[Any] = self._catalog.places(rows)[shown.known == "dec"].tolist()
        return found


def _values(shown: _Shown, array: Any, rows: NDArray[np.int64]) -> list[Any]:
    values: list[Any] = array.to_pylist()
    if shown.field.ucd == ID_UCD:
        return [str(row if value is None else value) for value, row in zip(values, rows.tolist(), strict=True)]
    if shown.field.datatype != "char" or shown.column is None or shown.column.is_text:
        return values
    return [None if value is None else _as_text(value) for value in values]


def _as_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, list | dict) else str(value)


def _main_columns(catalog: Shown) -> tuple[_Shown, ...]:
    """Name and position: the catalog's own columns where they are what the standard wants, else made ones."""
    taken = {column.name.lower() for column in catalog.fields}
    name = catalog.name_field
    if name is None:
        text = "Number of the row in its file, from 0."
        main_id = _Shown(Field(_free("row_number", taken), ucd=ID_UCD, description=text), known="row")
    else:
        main_id = _Shown(replace(field_of(name), datatype="char", arraysize="", ucd=ID_UCD, values=None), name)
    return main_id, *_positions(catalog, taken)


def _positions(catalog: Shown, taken: set[str]) -> tuple[_Shown, _Shown]:
    found = catalog.positions
    if found.frame == "icrs" and _is_degrees(found.lon) and _is_degrees(found.lat):
        lon, lat = (replace(field_of(column), unit="deg", ref=SYSTEM) for column in (found.lon, found.lat))
        return _Shown(replace(lon, ucd=RA_UCD), found.lon), _Shown(replace(lat, ucd=DEC_UCD), found.lat)
    ra, dec = _free("ra_icrs", taken), _free("dec_icrs", taken)
    return (
        _Shown(
            Field(ra, "double", unit="deg", ucd=RA_UCD, ref=SYSTEM, description="ICRS right ascension."), known="ra"
        ),
        _Shown(Field(dec, "double", unit="deg", ucd=DEC_UCD, ref=SYSTEM, description="ICRS declination."), known="dec"),
    )


def _is_degrees(column: Column) -> bool:
    unit = column.unit.strip().strip("'\"").lower()
    spoken = any(word in column.name.lower() for word in ("rad", "hour"))
    return column.dtype == "float64" and (DEGREES.get(unit) == 1.0 if unit else not spoken)


def _free(name: str, taken: set[str]) -> str:
    number = 2
    wanted = name
    while wanted in taken:
        wanted, number = f"{name}_{number}", number + 1
    return wanted


def field_of(column: Column) -> Field:
    """A column of a catalog as a field; what no number or truth is becomes text."""
    ucd = "" if column.ucd.upper() in {ID_UCD, RA_UCD, DEC_UCD} else column.ucd
    plain = Field(column.name, unit=column.unit, ucd=ucd, description=column.description)
    if column.dtype in _TYPES:
        return replace(plain, datatype=_TYPES[column.dtype])
    array = _ARRAY.fullmatch(column.dtype)
    if array is None or array[1] not in _TYPES or array[1] == "bool":
        return plain
    datatype, size = _TYPES[array[1]], array[2] or "*"
    if datatype == "unsignedByte":
        datatype = "short"
    least = _LEAST.get(datatype)
    values = None if least is None else Values(null=str(least))
    return replace(plain, datatype=datatype, arraysize=size, values=values)


def _letters_of(field: Field, values: list[Any]) -> Field:
    if field.datatype != "char" or all(value is None or value.isascii() for value in values):
        return field
    return _any_letters(field)


def _any_letters(field: Field) -> Field:
    return replace(field, datatype="unicodeChar") if field.datatype == "char" and field.ucd != ID_UCD else field
