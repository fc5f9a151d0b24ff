"""Rows of partitions."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.footers import bounds_of, meet
from armillary.catalogs.hats.parquet_files import parquet_reader
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel


@dataclass(frozen=True, slots=True)
class Ranges:
    """Half-open ranges of a column of whole numbers, ascending; row groups that hold none of them need not be read."""

    column: str
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


class PartitionFiles:
    """The files of a partition, open while a block runs.

    Without the machinery of datasets, which takes longer to load than many partitions to read.
    """

    def __init__(self, catalog: HatsCatalog, pixel: Pixel) -> None:
        self._catalog, self._names = catalog, catalog.files(pixel)
        self._opened: list[Any] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Open."""
        for name in self._names:
            with _told(name):
                self._opened.append(self._stack.enter_context(parquet_reader(self._catalog.data, name)))
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self._stack.close()

    def read(self, columns: Sequence[str] | None, ranges: Ranges | None = None, known: Any = None) -> Any:
        """As ``read_columns``.

        Parameters
        ----------
        known
            A table of columns that were read already, and are not again.
        """
        import pyarrow as pa

        own = [name for name in self._catalog.schema.names if name not in names.HIVE_COLUMNS]
        wanted = own if columns is None else list(dict.fromkeys(columns))
        left = wanted if known is None else [name for name in wanted if name not in known.schema.names]
        tables = []
        for name, file in zip(self._names, self._opened, strict=True):
            with _told(name, left):
                tables.append(self._read(name, file, left, ranges))
        table = pa.concat_tables(tables, promote_options="permissive") if len(tables) != 1 else tables[0]
        if known is None:
            return table
        for entry, column in zip(known.schema, known.columns, strict=True):
            table = table.append_column(entry, column)
        return table.select(wanted)

    def _read(self, name: str, file: Any, wanted: list[str], ranges: Ranges | None) -> Any:
        groups = file.num_row_groups
        if ranges is None or groups == 1:
            return file.read(columns=wanted, use_threads=False).select(wanted)
        with self._catalog.data.open(name) as footer:
            found = meet(bounds_of(footer, ranges.column, groups), ranges.starts, ranges.stops)
        return file.read_row_groups(np.flatnonzero(found).tolist(), columns=wanted, use_threads=False).select(wanted)


def read_columns(
    catalog: HatsCatalog, pixel: Pixel, columns: Sequence[str] | None, ranges: Ranges | None = None
) -> Any:
    """Some columns of a partition, or all, as a ``pyarrow.Table``; of columns that only name the partition none.

    Parameters
    ----------
    ranges
        Where the rows wanted lie: others may come with them, by the row group.

    Raises
    ------
    CorruptFileError
        A file is not Parquet, or lacks a column.
    UnreadableFileError
        It is not there.
    """
    with PartitionFiles(catalog, pixel) as files:
        return files.read(columns, ranges)


@contextmanager
def _told(name: str, columns: Sequence[str] = ()) -> Iterator[None]:
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        own_name = "/".join(name.split("/")[-3:])
        if isinstance(error, FileNotFoundError):
            raise CorruptFileError(own_name, "is named by the catalog and is not there.") from None
        lacking = [column for column in columns if isinstance(error, KeyError) and column in error.args[0]]
        why = f"has no column {lacking[0]!r}" if lacking else "is not a Parquet file that can be read"
        raise CorruptFileError(own_name, f"{why}.") from error
