"""A table as its reader gives it: what its columns are, and their values when they are asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from armillary.catalogs.fields import Field, dtype_word, unique_names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray


class Table(ABC):
    """A table. Immutable, safe to use from many threads; passes ``armillary.testing.catalogs.TableConformance``.

    Attributes
    ----------
    name
        The file's own name.
    fields
        Its columns.
    count
        Number of rows.
    frame
        Frame of its equatorial positions, where the file names one: ``icrs``, ``fk5``, ``fk4``; empty otherwise.
    notes
        What a user should know.
    left_out
        Names of columns of kinds that are not read.
    """

    name: str
    fields: tuple[Field, ...]
    count: int
    frame: str = ""
    notes: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    by_order = False
    """Whether columns without known names may be taken by their order, as TileMaker does with its CSV."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """Bytes of memory held for good."""

    @abstractmethod
    def column(self, name: str) -> Any:
        """A column, as a ``pyarrow.ChunkedArray`` of ``count`` rows.

        Raises
        ------
        VersionGoneError
            The file changed since the table was opened.
        FileError
            It vanished or is broken.
        """

    def takes_rows(self, names: Sequence[str], rows: NDArray[np.int64]) -> bool:  # noqa: ARG002
        """Whether ``take`` costs less than columns that are kept once they are read."""
        return True

    def take(self, names: Sequence[str], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, as ``pyarrow`` arrays in the order of ``rows``; otherwise as ``column``."""
        import pyarrow as pa

        return {name: self.column(name).take(pa.array(rows)) for name in names}


class MemoryTable(Table):
    """A table whose columns are in memory.

    Parameters
    ----------
    columns
        Arrays or chunked arrays of ``pyarrow``, all of the same length; names are made unique beforehand.
    words
        Fields of columns of which more is known than the type.
    """

    def __init__(
        self,
        name: str,
        columns: Mapping[str, Any],
        words: Mapping[str, Field] | None = None,
        *,
        frame: str = "",
        notes: Sequence[str] = (),
        by_order: bool = False,
    ) -> None:
        known = words or {}
        self.name = name
        self._columns = {key: tidy(column) for key, column in columns.items()}
        self.count = len(next(iter(self._columns.values()))) if self._columns else 0
        self.fields = tuple(_field(key, column, known.get(key)) for key, column in self._columns.items())
        self.frame, self.notes, self.by_order = frame, tuple(notes), by_order

    @property
    def nbytes(self) -> int:
        """Bytes of all columns."""
        return sum(int(column.nbytes) for column in self._columns.values())

    def column(self, name: str) -> Any:
        """The column."""
        return self._columns[name]


def _field(name: str, column: Any, known: Field | None) -> Field:
    dtype = dtype_word(column.type)
    if known is None:
        return Field(name, dtype)
    return Field(name, dtype, known.unit, known.ucd, known.description)


def tidy(column: Any) -> Any:
    """A column as a chunked array of a type that the rest of the room knows.

    Dictionaries are decoded, decimals become doubles, bytes text, dates and times text.
    """
    import pyarrow as pa
    from pyarrow import types

    if isinstance(column, pa.Array):
        column = pa.chunked_array([column])
    kind = column.type
    if types.is_dictionary(kind):
        return tidy(column.cast(kind.value_type))
    if types.is_decimal(kind) or str(kind) == "halffloat":
        return column.cast(pa.float64() if types.is_decimal(kind) else pa.float32())
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return _decoded(column)
    if types.is_null(kind) or types.is_temporal(kind) or str(kind).endswith("_view"):
        return column.cast(pa.string())
    return column


def _decoded(column: Any) -> Any:
    import pyarrow as pa

    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        words = [None if value is None else value.decode("utf-8", "replace") for value in column.to_pylist()]
        return pa.chunked_array([pa.array(words, pa.string())])


__all__ = ["Field", "MemoryTable", "Table", "tidy", "unique_names"]
