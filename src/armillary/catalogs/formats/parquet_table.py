"""Parquet: columns are read when they are asked for, rows by their row groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.fields import Field, dtype_word, unique_names
from armillary.catalogs.formats.serialised import words_of_yaml
from armillary.catalogs.formats.streams import SourceFile
from armillary.catalogs.limits import DEFAULT, Limits, check_columns
from armillary.catalogs.table import Table, tidy
from armillary.errors import CorruptFileError, UnsupportedFileError, VersionGoneError
from armillary.storage.blocks import describe_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.storage.source import ByteSource

FEW_GROUPS = 2
SMALL_BYTES = 128 << 20


class ParquetTable(Table):
    """A Parquet file.

    Parameters
    ----------
    source
        Its bytes, decompressed: they are read again for every column.
    limits
        A column larger than its bytes is refused.

    Raises
    ------
    CorruptFileError
        It is no Parquet, or damaged.
    UnsupportedFileError
        It has more rows or columns than are read.
    """

    def __init__(self, source: ByteSource, limits: Limits = DEFAULT) -> None:
        self.name = source.name
        self._source, self._limits = source, limits
        self._version = source.version
        file = self._open()
        schema, metadata = file.schema_arrow, file.metadata
        check_columns(self.name, schema.names)
        limits.check_rows(self.name, metadata.num_rows)
        self.count = metadata.num_rows
        self._kinds = [field.type for field in schema]
        self.fields = tuple(fields_of(schema))
        self._places = {field.name: place for place, field in enumerate(self.fields)}
        self._leaves = _leaves(schema, metadata)
        # Facts of column chunks are not asked for: of a damaged file, that ends the process within pyarrow.
        groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
        sizes = np.array([group.num_rows for group in groups], np.int64)
        if (sizes < 0).any() or int(sizes.sum()) != self.count:
            raise CorruptFileError(self.name, "its Parquet metadata contradict themselves: the row groups miss rows.")
        self._starts = np.concatenate([[0], np.cumsum(sizes)])
        self._bytes = sum(max(0, group.total_byte_size) for group in groups)

    @property
    def nbytes(self) -> int:
        """Next to nothing: columns are kept elsewhere."""
        return 4096 + 512 * len(self.fields)

    def column(self, name: str) -> Any:
        """The column."""
        leaves = self._leaves[self._places[name]]
        column = self._read(lambda file: self._column(file, name, leaves))
        if len(column) != self.count:
            raise CorruptFileError(self.name, f"column {name} is damaged: it does not have {self.count:,} rows.")
        return tidy(column)

    def _column(self, file: Any, name: str, leaves: list[int]) -> Any:
        """A column by its row groups, until it is too large."""
        import pyarrow as pa

        chunks, size = [], 0
        for group in range(len(self._starts) - 1):
            part = file.reader.read_row_group(group, column_indices=leaves).column(0)
            chunks += part.chunks
            size += part.nbytes
            if size > self._limits.bytes:
                most = describe_bytes(self._limits.bytes)
                raise UnsupportedFileError(self.name, f"column {name} takes more than {most}, and no more is read.")
        return pa.chunked_array(chunks, file.schema_arrow.field(self._places[name]).type)

    def takes_rows(self, names: Sequence[str], rows: NDArray[np.int64]) -> bool:
        """Where the rows lie in few row groups, and the columns are too large to be read once and kept."""
        small = self._bytes * len(names) <= SMALL_BYTES * len(self.fields)
        return not small and len(self._groups_of(rows)) <= FEW_GROUPS

    def _groups_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.unique(np.searchsorted(self._starts, rows, "right") - 1)

    def take(self, names: Sequence[str], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows: by their row groups where they are few, else by whole columns."""
        import pyarrow as pa

        groups = self._groups_of(rows)
        if not len(rows) or len(groups) > FEW_GROUPS or len(self._starts) <= FEW_GROUPS:
            return super().take(names, rows)
        leaves = sorted({leaf for name in names for leaf in self._leaves[self._places[name]]})
        read = self._read(lambda file: file.reader.read_row_groups(groups.tolist(), column_indices=leaves))
        shift = np.zeros(len(self._starts), np.int64)
        before = 0
        for group in groups.tolist():
            shift[group] = before - self._starts[group]
            before += int(self._starts[group + 1] - self._starts[group])
        places = pa.array(rows + shift[np.searchsorted(self._starts, rows, "right") - 1])
        order = sorted(names, key=self._places.__getitem__)
        return {name: tidy(read.column(k).take(places)) for k, name in enumerate(order)}

    def _read(self, read: Callable[[Any], Any]) -> Any:
        """Result of ``read``, from the file that was opened."""
        import pyarrow as pa

        self._check()
        try:
            result = read(self._open())
        except (pa.ArrowException, OSError, ValueError) as error:
            self._check()
            raise CorruptFileError(self.name, "its Parquet data is damaged.") from error
        self._check()
        return result

    def _check(self) -> None:
        if self._source.version != self._version:
            raise VersionGoneError(f"{self.name}: the file changed: ask again.")

    def _open(self) -> Any:
        import pyarrow as pa
        from pyarrow import parquet

        try:
            return parquet.ParquetFile(pa.PythonFile(SourceFile(self._source), mode="r"))
        except (pa.ArrowException, OSError, ValueError) as error:
            raise CorruptFileError(self.name, "it cannot be read as Parquet: it is damaged or breaks off.") from error


def fields_of(schema: Any) -> list[Field]:
    """Columns of a ``pyarrow.Schema``, with the units and words that it carries."""
    known = words_of_yaml(dict(schema.metadata or {}).get(b"table_meta_yaml", b""))
    made = []
    for name, given in zip(unique_names(schema.names), schema, strict=True):
        facts = {key.decode("utf-8", "replace").lower(): value for key, value in (given.metadata or {}).items()}
        unit, ucd, text = (facts.get(key, b"").decode("utf-8", "replace") for key in ("unit", "ucd", "description"))
        words = known.get(given.name, Field(name, ""))
        dtype = dtype_word(given.type)
        made.append(Field(name, dtype, unit or words.unit, ucd or words.ucd, text or words.description))
    return made


def _leaves(schema: Any, metadata: Any) -> list[list[int]]:
    """Numbers of the stored columns that make up each column of the schema."""
    if len(schema) == metadata.num_columns:
        return [[k] for k in range(len(schema))]
    leaves: list[list[int]] = []
    stored = 0
    for field in schema:
        count = _leaf_count(field.type)
        leaves.append(list(range(stored, stored + count)))
        stored += count
    return leaves


def _leaf_count(kind: Any) -> int:
    from pyarrow import types

    if types.is_dictionary(kind) or not types.is_nested(kind):
        return 1
    return sum(_leaf_count(kind.field(k).type) for k in range(kind.num_fields))
