"""What is written of a catalog: partitions, and what describes them all."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.arrays import arrow_of
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import partition_info
from armillary.catalogs.hats.parquet_files import parquet_writer
from armillary.catalogs.hats.properties import made_by, write_properties
from armillary.errors import ParameterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Partitions, Pixel

RESERVED = frozenset({names.INDEX_COLUMN, *names.HIVE_COLUMNS, *names.MARGIN_HIVE_COLUMNS})
ROW_GROUP_ROWS = 1 << 20
PAGE_BYTES = 64 << 10
"""Half of what others take: an eighth less time at zstd 15 for files larger by a half per cent."""
ENCODINGS = frozenset({"column_encoding", "use_dictionary", "use_byte_stream_split"})
LEVELS = {"zstd": range(1, 23), "gzip": range(1, 10), "brotli": range(12), "snappy": None, "lz4": None, "none": None}


@dataclass(frozen=True, slots=True)
class Writing:
    """How partitions are written.

    Parameters
    ----------
    compression, level
        Of Parquet; zstd at 15 as the standard's other writers do.
    row_group_rows
        Most rows of a row group.
    options
        Further arguments of ``pyarrow.parquet.ParquetWriter``. With encodings among them none are chosen here.
    """

    compression: str = "zstd"
    level: int | None = 15
    row_group_rows: int = ROW_GROUP_ROWS
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError
            There is no such compression or level, or row groups are of no rows.
        """
        if self.row_group_rows < 1:
            raise ParameterError("row_group_rows", f"is {self.row_group_rows}: give a number greater than 0")
        if self.compression not in LEVELS:
            raise ParameterError("compression", f"{self.compression!r} is none of {', '.join(LEVELS)}")
        known = LEVELS[self.compression]
        if self.level is not None and known is not None and self.level not in known:
            said = f"is {self.level}: {self.compression} has {known[0]} to {known[-1]}"
            raise ParameterError("compression_level", said)

    def arguments(self, schema: Any) -> dict[str, Any]:
        """For ``ParquetWriter`` of tables with these columns."""
        levels = (
            {} if self.level is None or self.compression in {"none", "snappy"} else {"compression_level": self.level}
        )
        own = ENCODINGS.isdisjoint(self.options)
        return {
            "compression": self.compression,
            **levels,
            **(encodings_of(schema) if own else {"use_dictionary": False}),
            "data_page_size": PAGE_BYTES,
            "dictionary_pagesize_limit": PAGE_BYTES,
            "write_page_index": True,
            **self.options,
        }


def encodings_of(schema: Any) -> dict[str, Any]:
    """Encodings of columns, as arguments of ``ParquetWriter``: small ones after compression, and quick ones.

    Differences for the index, which ascends, and for other integers of 64 bits, mostly ids and times; the bytes of
    floating point numbers apart; what is left by a dictionary as long as that is small. Nested columns are plain.
    """
    from pyarrow import types

    chosen = {}
    for entry in schema:
        if types.is_float32(entry.type) or types.is_float64(entry.type):
            chosen[entry.name] = "BYTE_STREAM_SPLIT"
        elif types.is_int64(entry.type) or types.is_uint64(entry.type):
            chosen[entry.name] = "DELTA_BINARY_PACKED"
    left = [entry.name for entry in schema if entry.name not in chosen and not types.is_nested(entry.type)]
    return {"column_encoding": chosen, "use_dictionary": left or False}


def with_index(table: Any, cells: NDArray[np.int64]) -> Any:
    """A table with the index of order 29 as its first column."""
    import pyarrow as pa

    if names.INDEX_COLUMN in table.schema.names:
        table = table.drop_columns([names.INDEX_COLUMN])
    return table.add_column(0, pa.field(names.INDEX_COLUMN, pa.int64(), nullable=False), arrow_of(cells))


def check_names(columns: Sequence[str]) -> None:
    """Refuse columns that HATS has for itself, and such as are there twice.

    Raises
    ------
    UsageError
        It names them.
    """
    reserved = sorted(RESERVED.intersection(columns))
    if reserved:
        raise UsageError(f"columns {', '.join(reserved)}: these names are reserved by HATS: rename them.")
    twice = (
        sorted({name for name in columns if list(columns).count(name) > 1}) if len(set(columns)) < len(columns) else []
    )
    if twice:
        raise UsageError(f"columns {', '.join(twice)} are there twice: rename one of each.")


def write_partition(data: Folder, pixel: Pixel, table: Any, writing: Writing) -> bytes:
    """Write a partition.

    Returns
    -------
    Its Parquet metadata, serialised, with its path: a part of ``_metadata``.
    """
    collected: list[Any] = []
    name = names.file_of(pixel)
    with (
        data.writing(name) as file,
        parquet_writer(file, table.schema, metadata_collector=collected, **writing.arguments(table.schema)) as writer,
    ):
        writer.write_table(table, row_group_size=writing.row_group_rows)
    collected[0].set_file_path(name)
    return serialised(collected[0])


def serialised(metadata: Any) -> bytes:
    """Parquet metadata as bytes of a file that holds nothing else."""
    import io

    sink = io.BytesIO()
    metadata.write_metadata_file(sink)
    return sink.getvalue()


def write_metadata(data: Folder, parts: Iterable[bytes], schema: Any) -> None:
    """``_metadata`` of all partitions, and ``_common_metadata``."""
    import io

    import pyarrow.parquet as pq

    whole = None
    for part in parts:
        metadata = pq.read_metadata(io.BytesIO(part))
        if whole is None:
            whole = metadata
        else:
            whole.append_row_groups(metadata)
    with data.writing(names.COMMON_METADATA) as file:
        pq.write_metadata(schema, file)
    if whole is not None:
        data.write(names.METADATA, serialised(whole))


def write_partition_info(folder: Folder, pixels: Iterable[Pixel]) -> None:
    """``partition_info.csv``."""
    folder.write(names.PARTITION_INFO, partition_info(tuple(pixels)))


def write_words(folder: Folder, words: Mapping[str, object]) -> None:
    """``hats.properties``, and ``properties`` for older readers. It is written last: with it a catalog is whole."""
    data = write_properties(words)
    folder.write(names.OLD_PROPERTIES, data)
    folder.write(names.PROPERTIES, data)


def words_of(partitions: Partitions, rows: int, size: int, index: str = names.INDEX_COLUMN) -> dict[str, object]:
    """What properties say of partitions: their files and index, order, part of the sky, size in kilobytes."""
    return {
        "hats_col_healpix": index,
        "hats_col_healpix_order": names.INDEX_ORDER,
        "hats_npix_suffix": names.PARQUET,
        "hats_nrows": rows,
        "hats_order": partitions.highest_order,
        "moc_sky_fraction": f"{partitions.fraction:.5f}",
        "hats_estsize": math.ceil(size / 1024),
        **made_by(),
    }
