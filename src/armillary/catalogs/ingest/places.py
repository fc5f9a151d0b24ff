"""Positions of rows of the input, and whether its columns hold them as a catalog wants them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.catalogs.fields import Field, dtype_word
from armillary.catalogs.positions import find_positions
from armillary.errors import UnsupportedFileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.positions import PositionColumns

UNITS = {"degrees": "deg", "radians": "rad", "hours": "h"}


def columns_of(schema: Any, arguments: ImportArguments, name: str) -> PositionColumns:
    """The columns of positions.

    Raises
    ------
    NoPositionsError
        There are none of the given names, or none that look like it.
    """
    fields = [Field(entry.name, dtype_word(entry.type)) for entry in schema]
    found = find_positions(name, fields, arguments.ra_column, arguments.dec_column)
    if arguments.frame != "icrs":
        found = replace(found, frame=arguments.frame)
    if arguments.unit in UNITS:
        unit = UNITS[arguments.unit]
        found = replace(
            found, lon=replace(found.lon, unit=unit), lat=replace(found.lat, unit=unit if unit != "h" else "deg")
        )
    return found


def places_of(
    table: Any, arguments: ImportArguments, name: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], bool]:
    """ICRS degrees of every row, NaN or out of range where there is no place.

    Returns
    -------
    Right ascensions, declinations, and whether the columns hold them just so.
    """
    from armillary.catalogs.angles import place

    found = columns_of(table.schema, arguments, name)
    if not (found.lon.numeric or found.lon.is_text):
        raise UnsupportedFileError(name, f"column {found.lon.name!r} holds no angles.")
    ra, dec, _ = place(table.column(found.lon.name), table.column(found.lat.name), found)
    return ra, dec, as_they_are(found)


def as_they_are(found: PositionColumns) -> bool:
    """Whether columns hold ICRS degrees as numbers."""
    plain = all(field.numeric and field.unit in {"", "deg"} for field in (found.lon, found.lat))
    return plain and found.frame == "icrs"
