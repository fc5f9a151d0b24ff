"""Positions of rows of the input, and whether its columns hold them as a catalog wants them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.angles import DECIMAL, DEGREES, place, scale_of
from armillary.catalogs.fields import Field, dtype_word
from armillary.catalogs.positions import find_positions
from armillary.errors import CorruptFileError, UnsupportedFileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.positions import PositionColumns

UNITS = {"degrees": "deg", "radians": "rad", "hours": "h"}
COMPUTED = (("ra", "dec"), ("ra_deg", "dec_deg"), ("ra_icrs_deg", "dec_icrs_deg"))
"""Names of the columns that are written where those of the input hold something else than ICRS degrees."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where positions come from, and where they go to.

    Parameters
    ----------
    lon, lat
        Columns of the input, the same in all of its files.
    ra, dec
        Columns of the catalog.
    computed
        Whether these are made, beside the columns of the input.
    """

    lon: str
    lat: str
    ra: str
    dec: str
    computed: bool


def columns_of(schema: Any, arguments: ImportArguments, name: str, known: Places | None = None) -> PositionColumns:
    """The columns of positions.

    Parameters
    ----------
    known
        What the first file says.

    Raises
    ------
    NoPositionsError
        There are none of the given names, or none that look like it.
    """
    fields = [_field(entry) for entry in schema]
    given = (known.lon, known.lat) if known is not None else (arguments.ra_column, arguments.dec_column)
    found = find_positions(name, fields, *given)
    if arguments.frame != "icrs":
        found = replace(found, frame=arguments.frame)
    _check_units(found, arguments.unit, name)
    if arguments.unit in UNITS:
        unit = UNITS[arguments.unit]
        found = replace(
            found, lon=replace(found.lon, unit=unit), lat=replace(found.lat, unit=unit if unit != "h" else "deg")
        )
    return found


def _check_units(found: PositionColumns, unit: str | None, name: str) -> None:
    """Refuse numbers of an unknown unit, which are no degrees, and such that shall be sexagesimal."""
    for field in (found.lon, found.lat):
        own = field.unit.strip().strip("'\"").lower()
        if field.numeric and unit is None and own and own not in DEGREES:
            raise UnsupportedFileError(
                name,
                f"column {field.name!r} is in {field.unit[:40]!r}, which is not known: convert it, or say the unit.",
            )
        if field.numeric and unit == "sexagesimal":
            raise UnsupportedFileError(name, f"column {field.name!r} holds numbers, which are not sexagesimal.")


def _field(entry: Any) -> Field:
    words = {key.decode(): value.decode("utf-8", "replace") for key, value in (entry.metadata or {}).items()}
    return Field(entry.name, dtype_word(entry.type), words.get("unit", ""), words.get("ucd", ""))


def find_places(schema: Any, arguments: ImportArguments, name: str) -> Places:
    """Columns of positions of the input and of the catalog, by the first file."""
    found = columns_of(schema, arguments, name)
    lon, lat = found.lon.name, found.lat.name
    if as_they_are(found):
        return Places(lon, lat, lon, lat, computed=False)
    free = [pair for pair in COMPUTED if not {*pair}.intersection(schema.names)]
    if not free:
        raise UnsupportedFileError(name, "its positions have to be converted, and columns of all names for them exist.")
    return Places(lon, lat, *free[0], computed=True)


def places_of(
    table: Any, arguments: ImportArguments, known: Places, name: str
) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """A table with positions, and ICRS degrees of every row, NaN or out of range where there is no place.

    Raises
    ------
    FileError
        It has no such columns, or they hold something else than those of the first file.
    """
    import pyarrow as pa

    table = _without_null_types(table, known)
    found = columns_of(table.schema, arguments, name, known)
    for field, wanted in ((found.lon, known.lon), (found.lat, known.lat)):
        if field.name != wanted:
            raise CorruptFileError(name, f"has no column {wanted!r}, but {field.name!r}.")
        if not (field.numeric or field.is_text):
            raise UnsupportedFileError(name, f"column {field.name!r} holds no angles.")
    if not known.computed and not as_they_are(found):
        table = _as_numbers(table, found, name)
        found = columns_of(table.schema, arguments, name, known)
    hours = False if arguments.unit == "degrees" else None
    ra, dec, _ = place(table.column(found.lon.name), table.column(found.lat.name), found, hours=hours)
    if known.computed:
        for column, values in ((known.ra, ra), (known.dec, dec)):
            table = table.append_column(pa.field(column, pa.float64()), pa.array(values))
    return table, ra, dec


def _without_null_types(table: Any, known: Places) -> Any:
    """Positions that are all missing are numbers."""
    import pyarrow as pa

    for number, entry in enumerate(table.schema):
        if entry.name in {known.lon, known.lat} and pa.types.is_null(entry.type):
            table = table.set_column(number, entry.with_type(pa.float64()), pa.nulls(len(table), pa.float64()))
    return table


def _as_numbers(table: Any, found: PositionColumns, name: str) -> Any:
    """Text among degrees: what is no number has no place."""
    import pyarrow as pa
    from pyarrow import compute

    for field in (found.lon, found.lat):
        if found.frame != "icrs" or scale_of(field) != 1.0:
            raise CorruptFileError(name, f"column {field.name!r} has another unit or frame than in the first file.")
        if field.numeric:
            continue
        text = compute.utf8_trim_whitespace(table.column(field.name).cast(pa.string()))
        decimal = compute.match_substring_regex(text, DECIMAL)
        values = compute.if_else(decimal, text, None).cast(pa.float64())
        place = table.schema.get_field_index(field.name)
        table = table.set_column(place, pa.field(field.name, pa.float64()), values)
    return table


def as_they_are(found: PositionColumns) -> bool:
    """Whether columns hold ICRS degrees as numbers."""
    return found.frame == "icrs" and all(field.numeric and scale_of(field) == 1.0 for field in (found.lon, found.lat))
