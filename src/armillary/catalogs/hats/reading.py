"""Rows of partitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats import names
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel


def read_columns(catalog: HatsCatalog, pixel: Pixel, columns: Sequence[str] | None, filters: Any = None) -> Any:
    """Some columns of a partition, or all, as a ``pyarrow.Table``; of columns that only name the partition none.

    Parameters
    ----------
    filters
        An expression of ``pyarrow.compute``; row groups that cannot hold what it asks for are not read.

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
            tables.append(_read(catalog.data.arrow(name), wanted, filters))
        except (pa.ArrowException, OSError, KeyError) as error:
            own_name = "/".join(name.split("/")[-3:])
            if isinstance(error, FileNotFoundError):
                raise CorruptFileError(own_name, "is named by the catalog and is not there.") from None
            raise CorruptFileError(own_name, "is not a Parquet file that can be read.") from error
    return pa.concat_tables(tables, promote_options="permissive") if len(tables) != 1 else tables[0]


def _read(source: Any, wanted: list[str], filters: Any) -> Any:
    import pyarrow.parquet as pq

    if filters is not None:
        return pq.read_table(source, columns=wanted, filters=filters, partitioning=None, use_threads=False)
    # Without the machinery of datasets, which takes longer to load than many partitions to read.
    with pq.ParquetFile(source) as file:
        return file.read(columns=wanted, use_threads=False).select(wanted)
