"""Rows of partitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.footers import bounds_of, meet
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Pixel


@dataclass(frozen=True, slots=True)
class Ranges:
    """Half-open ranges of a column of whole numbers, ascending; row groups that hold none of them need not be read."""

    column: str
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


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
    import pyarrow as pa

    own = [name for name in catalog.schema.names if name not in names.HIVE_COLUMNS]
    wanted = own if columns is None else list(dict.fromkeys(columns))
    tables = []
    for name in catalog.files(pixel):
        try:
            tables.append(_read(catalog.data, name, wanted, ranges))
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            own_name = "/".join(name.split("/")[-3:])
            if isinstance(error, FileNotFoundError):
                raise CorruptFileError(own_name, "is named by the catalog and is not there.") from None
            lacking = [column for column in wanted if isinstance(error, KeyError) and column in error.args[0]]
            why = f"has no column {lacking[0]!r}" if lacking else "is not a Parquet file that can be read"
            raise CorruptFileError(own_name, f"{why}.") from error
    return pa.concat_tables(tables, promote_options="permissive") if len(tables) != 1 else tables[0]


def _read(data: Folder, name: str, wanted: list[str], ranges: Ranges | None) -> Any:
    import pyarrow.parquet as pq

    # Without the machinery of datasets, which takes longer to load than many partitions to read.
    with pq.ParquetFile(data.arrow(name)) as file:
        groups = file.num_row_groups
        if ranges is None or groups == 1:
            return file.read(columns=wanted, use_threads=False).select(wanted)
        with data.open(name) as footer:
            found = meet(bounds_of(footer, ranges.column, groups), ranges.starts, ranges.stops)
        return file.read_row_groups(np.flatnonzero(found).tolist(), columns=wanted, use_threads=False).select(wanted)
