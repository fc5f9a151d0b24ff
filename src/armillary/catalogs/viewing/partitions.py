"""Partitions as their rows are read: row groups found by the statistics of the index, read when they are wanted."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.formats.streams import SourceFile
from armillary.catalogs.hats.footers import bounds_of, meet
from armillary.catalogs.table import Table, tidy
from armillary.errors import CorruptFileError, UnsupportedFileError, VersionGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.fields import Field
    from armillary.storage.source import ByteSource

MOST_GROUP_ROWS = 4_000_000
"""Larger row groups are read in pieces: each a pass over what lies before it, so never over a network."""
PIECE_ROWS = 1 << 20
MOST_STREAMED_ROWS = 1 << 28
"""Still larger ones are refused."""
MOST_COLUMN_BYTES = 1 << 30
BATCH_ROWS = 1 << 16
STREAM_BYTES = 1 << 20
WHOLE = np.iinfo(np.int64)
# Bytes of memory for one of a footer, roughly.
FOOTER_COST = 8

Stamp = tuple[int, ...]


def stamp_of(path: str) -> Stamp | None:
    """What changes when a local file or folder does; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - names of files may be no text
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


class PartitionFile:
    """A Parquet file of a partition by its footer. Safe to use from many threads.

    Parameters
    ----------
    path
        Where it lies; never shown.
    schema
        Columns of the catalog, as a ``pyarrow.Schema``.
    source
        Its bytes, where it is on a web server.

    Attributes
    ----------
    name
        For messages: its place in the catalog.
    sizes
        Rows of each row group.

    Raises
    ------
    CorruptFileError
        It is not there, or no Parquet.
    """

    def __init__(self, path: str, schema: Any, source: ByteSource | None = None) -> None:
        from pyarrow import dataset

        self.name = "/".join(path.split("/")[-3:])
        self._path, self._schema, self._source = path, schema, source
        self._bounds: dict[str, tuple[NDArray[np.int64], NDArray[np.int64]]] = {}
        self._stamp = self._look()
        if self._stamp is None:
            raise CorruptFileError(self.name, "is named by the catalog and is not there.")
        self._fragment = self._told(lambda: dataset.ParquetFileFormat().make_fragment(*self._place()))
        metadata = self._told(lambda: self._fragment.metadata)
        # Facts of column chunks are not asked for here: of a damaged file, that ends the process within pyarrow.
        self.sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        if min(self.sizes, default=0) < 0 or sum(self.sizes) != metadata.num_rows:
            raise CorruptFileError(self.name, "its Parquet metadata contradict themselves: the row groups miss rows.")
        self.nbytes = 1024 + FOOTER_COST * int(metadata.serialized_size)

    def _look(self) -> Stamp | str | None:
        return stamp_of(self._path) if self._source is None else self._source.version

    def _place(self) -> tuple[Any, ...]:
        """Where pyarrow reads it."""
        import pyarrow as pa
        from pyarrow import fs

        if self._source is None:
            return self._path, fs.LocalFileSystem()
        return (pa.PythonFile(SourceFile(self._source), mode="r"),)

    def _told(self, read: Callable[[], Any]) -> Any:
        """Result of ``read``, of the file as it was when it was opened."""
        import pyarrow as pa

        try:
            result = read()
        except (pa.ArrowException, OSError, ValueError) as error:
            self._check()
            raise CorruptFileError(self.name, "is not a Parquet file that can be read.") from error
        self._check()
        return result

    def _check(self) -> None:
        if self._look() != self._stamp:
            raise VersionGoneError(f"{self.name}: the file changed: ask again.")

    def bounds(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Least and largest value of a column of whole numbers in each row group, by their statistics.

        Where none are said: the least and the largest that there can be.
        """
        if name not in self._bounds:
            self._bounds[name] = self._told(lambda: self._read_bounds(name))
        return self._bounds[name]

    def _read_bounds(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        with SourceFile(self._source) if self._source else open(self._path, "rb") as file:  # noqa: PTH123 - as given
            return bounds_of(file, name, len(self.sizes))

    def edges(self, group: int) -> NDArray[np.int64]:
        """Edges of the pieces that a row group is read in: its first row, and one beyond its last, where it is one.

        Raises
        ------
        UnsupportedFileError
            It is larger than is read.
        """
        rows, most = self.sizes[group], MOST_GROUP_ROWS if self._source else MOST_STREAMED_ROWS
        if rows > most:
            raise UnsupportedFileError(
                self.name,
                f"has a row group of {rows:,} rows, and at most {most:,} are read: "
                "`armillary catalog convert` makes smaller partitions.",
            )
        pieces = -(-rows // PIECE_ROWS) if rows > MOST_GROUP_ROWS else 1
        found: NDArray[np.int64] = np.arange(pieces + 1) * rows // pieces
        return found

    def bounds_of_pieces(self, group: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """As ``bounds``, of the pieces of a row group: by its values, which are read once."""
        key = f"{group} {name}"
        if key not in self._bounds:
            self._bounds[key] = self._read_bounds_of_pieces(group, name)
        return self._bounds[key]

    def _read_bounds_of_pieces(self, group: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from pyarrow import compute

        edges, at = self.edges(group), 0
        lows, highs = np.full(len(edges) - 1, WHOLE.max), np.full(len(edges) - 1, WHOLE.min)
        for batch in self._batches(group, [name]):
            first, last = np.searchsorted(edges, [at, at + len(batch) - 1], "right") - 1
            for piece in range(first, min(last + 1, len(lows))):
                values = batch.column(0).slice(max(0, edges[piece] - at), edges[piece + 1] - max(at, edges[piece]))
                low, high = compute.min_max(values).as_py().values()
                whole = not (isinstance(low, int) and WHOLE.min <= low <= high <= WHOLE.max)
                lows[piece] = min(lows[piece], WHOLE.min if whole else low)
                highs[piece] = max(highs[piece], WHOLE.max if whole else high)
            at += len(batch)
        return lows, highs

    def column(self, group: int, name: str, start: int = 0, rows: int | None = None) -> Any:
        """A column of a row group, or of ``rows`` rows of it from ``start`` on, as a ``pyarrow.ChunkedArray``."""
        rows = self.sizes[group] if rows is None else rows
        parts, size = [], 0
        for batch in self._batches_within(group, [name], start, start + rows):
            parts.append(batch.column(0))
            size += batch.nbytes
            if size > MOST_COLUMN_BYTES:
                raise UnsupportedFileError(self.name, f"column {name} takes too much memory to be read whole.")
        import pyarrow as pa

        column = pa.chunked_array(parts, self._schema.field(name).type)
        if len(column) != rows:
            raise CorruptFileError(self.name, f"column {name} is damaged: it does not have {rows:,} rows.")
        return tidy(column)

    def rows(self, group: int, names: Sequence[str], rows: NDArray[np.int64]) -> Any:
        """Some rows of a row group, ascending, as a ``pyarrow.Table``; it is read in pieces, up to the last of them."""
        import pyarrow as pa

        parts, start = [], 0
        schema = pa.schema([self._schema.field(name) for name in names])
        for batch in self._batches(group, names):
            low, high = np.searchsorted(rows, [start, start + len(batch)])
            if low < high:
                parts.append(batch.take(pa.array(rows[low:high] - start)))
            start += len(batch)
            if high == len(rows):
                break
        if sum(map(len, parts)) != len(rows):
            raise CorruptFileError(self.name, "is damaged: rows are missing.")
        return pa.Table.from_batches(parts, schema)

    def _batches_within(self, group: int, names: Sequence[str], start: int, stop: int) -> Iterator[Any]:
        at = 0
        for batch in self._batches(group, names):
            low, high = max(0, start - at), min(len(batch), stop - at)
            if low < high:
                yield batch.slice(low, high - low)
            at += len(batch)
            if at >= stop:
                return

    def _batches(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        read = self._streamed if self.sizes[group] > MOST_GROUP_ROWS else self._scanned
        batches = self._told(lambda: read(group, names))
        while (batch := self._told(lambda: next(batches, None))) is not None:
            yield batch

    def _scanned(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        part = self._fragment.subset(row_group_ids=[group])
        found: Iterator[Any] = part.to_batches(
            schema=self._schema,
            columns=list(names),
            batch_size=BATCH_ROWS,
            batch_readahead=1,
            fragment_readahead=1,
            use_threads=False,
        )
        return found

    def _streamed(self, group: int, names: Sequence[str]) -> Iterator[Any]:
        """The same with the memory of a few pages: a scan has several copies of the whole column."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema([self._schema.field(name) for name in names])
        metadata = self._fragment.metadata
        with pq.ParquetFile(self._path, metadata=metadata, buffer_size=STREAM_BYTES, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=list(names), use_threads=False):
                columns = [
                    batch.column(entry.name).cast(entry.type)
                    if entry.name in batch.schema.names
                    else pa.nulls(len(batch), entry.type)
                    for entry in schema
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a partition, or a piece of one that is read in pieces.

    Parameters
    ----------
    file
        The file that holds it.
    number
        Which of the file's.
    start
        Row of the partition that is its first.
    rows
        How many it has.
    skip
        How many of the row group are before it.
    """

    file: PartitionFile
    number: int
    start: int
    rows: int
    skip: int = 0

    def within(self, index: str | None, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Iterator[RowGroup]:
        """It, or the pieces of it that may hold some ranges of the index."""
        edges = self.file.edges(self.number)
        if len(edges) == 2:
            yield self
            return
        meets = np.ones(len(edges) - 1, bool)
        if index is not None:
            meets = meet(self.file.bounds_of_pieces(self.number, index), starts, stops)
        for low, high in zip(edges[:-1][meets].tolist(), edges[1:][meets].tolist(), strict=True):
            yield replace(self, start=self.start + low, rows=high - low, skip=low)


class Partition:
    """The row groups of a partition, those of several files in the order of their names."""

    def __init__(self, files: Sequence[PartitionFile]) -> None:
        self.files = tuple(files)
        groups, start = [], 0
        for file in files:
            for number, rows in enumerate(file.sizes):
                groups.append(RowGroup(file, number, start, rows))
                start += rows
        self.groups = tuple(groups)
        self.rows = start
        self._starts = np.array([group.start for group in groups], np.int64)

    def groups_within(self, index: str | None, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> list[RowGroup]:
        """Row groups that may hold some ranges of the index.

        Parameters
        ----------
        index
            Column of the index of order 29; None where the catalog has none: all groups then.
        starts, stops
            Half-open ranges, ascending.
        """
        meets = np.ones(len(self.groups), bool)
        if index is not None:
            pairs = [file.bounds(index) for file in self.files]
            lows, highs = (np.concatenate(part) for part in zip(*pairs, strict=True))
            meets = meet((lows, highs), starts, stops)
        found = [group for group, kept in zip(self.groups, meets.tolist(), strict=True) if kept and group.rows]
        return [piece for group in found for piece in group.within(index, starts, stops)]

    def split(self, rows: NDArray[np.int64]) -> Iterator[tuple[RowGroup, NDArray[np.int64]]]:
        """Rows of the partition, ascending, as rows of its row groups.

        Raises
        ------
        CorruptFileError
            It has fewer rows.
        """
        if len(rows) and int(rows[-1]) >= self.rows:
            raise CorruptFileError(self.files[0].name, f"has {self.rows:,} rows, fewer than the catalog says.")
        which = np.searchsorted(self._starts, rows, "right") - 1
        for number in np.unique(which).tolist():
            group = self.groups[number]
            yield group, rows[which == number] - group.start


class GroupTable(Table):
    """A row group as a table.

    Parameters
    ----------
    group
        The row group.
    fields
        Columns of the catalog.
    stored
        Their names in the file, by their names in the catalog.
    """

    def __init__(self, group: RowGroup, fields: tuple[Field, ...], stored: dict[str, str]) -> None:
        self.name, self.fields, self.count = group.file.name, fields, group.rows
        self._group, self._stored = group, stored

    @property
    def nbytes(self) -> int:
        """Next to nothing: columns are kept elsewhere."""
        return 1024

    def column(self, name: str) -> Any:
        """The column."""
        group = self._group
        return group.file.column(group.number, self._stored[name], group.skip, group.rows)

    def takes_rows(self, names: Sequence[str], rows: NDArray[np.int64]) -> bool:  # noqa: ARG002
        """Never: whole columns are kept."""
        return False


__all__ = ["GroupTable", "Partition", "PartitionFile", "RowGroup", "stamp_of"]
