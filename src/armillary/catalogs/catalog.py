"""A catalog: a table, where its sources are on the sky, and an index of that."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.angles import numbers, place
from armillary.catalogs.index import SkyIndex
from armillary.catalogs.kept import Kept
from armillary.catalogs.positions import find_field, find_name, find_positions, positions_by_order
from armillary.errors import NoPositionsError, ParameterError
from armillary.sky.frames import to_angles, to_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.angles import Skipped
    from armillary.catalogs.fields import Field
    from armillary.catalogs.positions import PositionColumns
    from armillary.catalogs.table import Table


class Catalog:
    """A table of sources with positions on the sky. Immutable, safe to use from many threads.

    Parameters
    ----------
    table
        The table.
    ra_column, dec_column, name_column
        Names of columns, found out where they are not given.

    Attributes
    ----------
    name
        Of the file.
    fields
        Columns.
    count
        Number of rows, with those that have no place.
    ra, dec
        ICRS degrees of every row, float64 of shape (count,); both NaN where a row has no place on the sky.
    skipped
        How many have none, and why.
    positions
        Which columns the positions come from.
    index
        The rows by their place on the sky.
    kept
        What was derived from it and may be wanted again.

    Raises
    ------
    NoPositionsError
        No columns are positions.
    FileError
        The columns cannot be read.
    """

    def __init__(
        self,
        table: Table,
        *,
        ra_column: str | None = None,
        dec_column: str | None = None,
        name_column: str | None = None,
    ) -> None:
        self.table = table
        self.name, self.fields, self.count = table.name, table.fields, table.count
        self.positions = self._find_positions(ra_column, dec_column)
        self.name_field = find_name(self.fields, name_column, table=self.name)
        lon, lat = (table.column(field.name) for field in (self.positions.lon, self.positions.lat))
        self.ra: NDArray[np.float64]
        self.dec: NDArray[np.float64]
        self.skipped: Skipped
        self.ra, self.dec, self.skipped = place(lon, lat, self.positions)
        for array in (self.ra, self.dec):
            array.flags.writeable = False
        self.index = SkyIndex(self.ra, self.dec)
        self.kept = Kept()

    def _find_positions(self, ra_column: str | None, dec_column: str | None) -> PositionColumns:
        table = self.table
        try:
            return find_positions(self.name, self.fields, ra_column, dec_column, frame=table.frame)
        except NoPositionsError:
            if ra_column or dec_column or not table.by_order or not table.count:
                raise
            found = positions_by_order(table)
            if found is None:
                raise
            return found

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without what can be let go of."""
        return self.table.nbytes + self.index.nbytes + self.ra.nbytes + self.dec.nbytes + 8 * self.count

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        return (*self.table.notes, *filter(None, [self.positions.note]))

    @cached_property
    def center(self) -> tuple[float, float] | None:
        """Right ascension and declination of the mean of all directions, None where there is none."""
        total = np.zeros(3)
        rows = self.index.rows
        for start in range(0, len(rows), 1 << 20):
            part = rows[start : start + (1 << 20)]
            total += to_vectors(self.ra[part], self.dec[part]).sum(axis=0)
        length = float(np.linalg.norm(total))
        if not length > 1e-9 * max(1, len(rows)):
            return None
        ra, dec = to_angles((total / length)[None])
        return float(ra[0]) % 360.0, float(dec[0])

    def field(self, name: str, parameter: str = "columns") -> Field:
        """The column of a name.

        Raises
        ------
        ParameterError
            There is none; ``parameter`` is the one that asked for it.
        """
        found = find_field(self.fields, name)
        if found is None:
            shown = repr(name[:80]) if name[:80].isprintable() else "of that name"
            raise ParameterError(parameter, f"there is no column {shown}")
        return found

    def numeric_field(self, name: str, parameter: str) -> Field:
        """The numeric column of a name.

        Raises
        ------
        ParameterError
            There is none, or it holds something else than numbers.
        """
        found = self.field(name, parameter)
        if not found.numeric:
            raise ParameterError(parameter, f"column {found.name!r} does not hold numbers")
        return found

    def column(self, field: Field) -> Any:
        """Values of a column, as a ``pyarrow.ChunkedArray``; kept for a while where the table reads it from a file."""
        return self.kept.column(field.name, lambda: self.table.column(field.name))

    def values(self, field: Field) -> NDArray[np.float64]:
        """A numeric column as float64 of shape (count,), NaN where a value is missing."""
        return numbers(self.column(field))[0]

    def has_row(self, row: int) -> bool:
        """Whether there is a row of that number."""
        return 0 <= row < self.count

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ICRS degrees of some rows, NaN where a row has no place on the sky."""
        return self.ra[rows], self.dec[rows]

    def take(self, fields: Sequence[Field], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, as ``pyarrow`` arrays by name."""
        import pyarrow as pa

        names = [field.name for field in fields]
        if self.table.takes_rows(names, rows):
            return self.table.take(names, rows)
        places = pa.array(rows)
        return {field.name: self.column(field).take(places) for field in fields}
