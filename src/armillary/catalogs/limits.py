"""How much of a table is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import UnsupportedFileError
from armillary.storage.blocks import describe_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_COLUMNS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of what is read into memory.

    Parameters
    ----------
    rows
        Rows of a table.
    bytes
        Bytes of a table that has to be kept in memory whole; of a text file, its decompressed bytes.
    cells
        Rows times columns, where a file may leave out values: short ones can mean very many.
    """

    rows: int = 50_000_000
    bytes: int = 2 << 30
    cells: int = 4_000_000_000

    def check_rows(self, name: str, rows: int, *, about: bool = False) -> None:
        """Refuse a table with too many rows.

        Raises
        ------
        UnsupportedFileError
            It has more than the limit.
        """
        if rows > self.rows:
            word = "about " if about else ""
            raise UnsupportedFileError(
                name,
                f"it has {word}{rows:,} rows; at most {self.rows:,} are read: split it, or thin it out.",
                rows=rows,
            )

    def check_cells(self, name: str, rows: int, columns: int) -> None:
        """Refuse a table with too many values.

        Raises
        ------
        UnsupportedFileError
            It has more than the limit.
        """
        if rows * columns > self.cells:
            raise UnsupportedFileError(
                name,
                f"it has {rows:,} rows of {columns:,} columns; at most {self.cells:,} values are read: "
                "leave out columns that are not needed.",
            )

    def check_text(self, name: str, size: int | None = None, rows: int | None = None) -> None:
        """Refuse a text file that is too large to be kept in memory.

        Parameters
        ----------
        size
            Decompressed bytes, None where they are known only to be more than the limit.
        rows
            About how many rows the limit allows for, where that can be told.

        Raises
        ------
        UnsupportedFileError
            It is larger than the limit.
        """
        if size is not None and size <= self.bytes:
            return
        said = "more" if size is None else describe_bytes(size)
        allowed = f" (about {rows:,} of its rows)" if rows else ""
        raise UnsupportedFileError(
            name,
            f"its text is too large: {said}, and at most {describe_bytes(self.bytes)}{allowed} are read. "
            "Write it as Parquet, which is read by the column, or with fewer columns.",
        )


def check_columns(name: str, names: Sequence[object]) -> None:
    """Refuse a table with an absurd number of columns.

    Raises
    ------
    UnsupportedFileError
        So it is.
    """
    if len(names) > MAX_COLUMNS:
        raise UnsupportedFileError(name, f"it has {len(names):,} columns; at most {MAX_COLUMNS:,} are read.")


DEFAULT = Limits()
