"""Tables of places that somebody wants something of: positions, perhaps a radius of each, and what each is called."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.angles import degrees
from armillary.catalogs.limits import Limits
from armillary.catalogs.reading import read_catalog
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    import os

    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.fields import Field

MOST_TARGETS = 100_000
LIMITS = Limits(rows=MOST_TARGETS, bytes=128 << 20, cells=16_000_000)
"""Strangers send these tables, perhaps several at once: what is read of one stays far below a gigabyte."""
KINDS = ("csv", "tsv", "ecsv", "votable", "fits", "json")
"""Not Parquet: a kilobyte of it may stand for gigabytes, and what is damaged can end the process that reads it."""
LONGEST_LABEL = 120
# Names of columns of radii, and the unit of one that says none.
_RADII = {"radius": "deg", "radius_deg": "deg", "radius_arcmin": "arcmin", "radius_arcsec": "arcsec", "sr": "deg"}


@dataclass(frozen=True, slots=True)
class Targets:
    """Places of a table, in its order.

    Parameters
    ----------
    ra_deg, dec_deg
        ICRS, float64 of shape (n,); both NaN in rows that have no place on the sky.
    radius_deg
        Of a circle about each, float64 of shape (n,), NaN where a row has none that can be one; None without a column.
    labels
        What the table calls each; its number in the table, from 1, where it has no names.
    """

    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    radius_deg: NDArray[np.float64] | None
    labels: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.ra_deg)


def read_targets(path: str | os.PathLike[str]) -> Targets:
    """The places of a table in one of the formats ``KINDS``.

    Parameters
    ----------
    path
        Of a local file.

    Raises
    ------
    FileError
        It is no table, has no positions, no rows, or more than 100 000; one line says why.
    """
    catalog = read_catalog(path, limits=LIMITS, kinds=KINDS)
    # Formats that are read by the column do not look at their length themselves.
    LIMITS.check_rows(catalog.name, catalog.count)
    if not catalog.count:
        raise CorruptFileError(catalog.name, "the table has no rows.")
    return Targets(catalog.ra, catalog.dec, _radii(catalog), _labels(catalog))


def _radii(catalog: Catalog) -> NDArray[np.float64] | None:
    found = _radius_field(catalog.fields)
    if found is None:
        return None
    field, unit = found
    known = field if field.unit else replace(field, unit=unit)
    radii = degrees(catalog.table.column(field.name), known, hours=False)[0]
    return np.where((radii > 0.0) & (radii <= 180.0), radii, np.nan)


def _radius_field(fields: tuple[Field, ...]) -> tuple[Field, str] | None:
    for field in fields:
        unit = _RADII.get(field.name.strip().lower())
        if unit is not None and (field.numeric or field.is_text):
            return field, unit
    return None


def _labels(catalog: Catalog) -> tuple[str, ...]:
    numbers = [str(number) for number in range(1, catalog.count + 1)]
    if catalog.name_field is None:
        return tuple(numbers)
    names = _begun(catalog.table.column(catalog.name_field.name)).to_pylist()
    return tuple(_label(name, number) for name, number in zip(names, numbers, strict=True))


def _begun(column: Any) -> Any:
    """The beginnings of texts."""
    import pyarrow as pa
    import pyarrow.compute as pc

    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return pc.utf8_slice_codeunits(column, 0, 2 * LONGEST_LABEL) if is_text else column


def _label(name: object, number: str) -> str:
    text = "" if name is None else " ".join(str(name).split())
    printable = "".join(letter for letter in text if letter.isprintable())
    return printable[:LONGEST_LABEL] or number
