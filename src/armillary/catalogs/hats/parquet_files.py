"""Parquet files that are written."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def parquet_writer(file: IO[bytes], schema: Any, **arguments: Any) -> Iterator[Any]:
    """A ``pyarrow.parquet.ParquetWriter`` that is closed if all went well, and given up quietly if not."""
    import pyarrow.parquet as pq

    writer = pq.ParquetWriter(file, schema, **arguments)
    try:
        yield writer
        writer.close()
    except BaseException:
        with suppress(Exception):
            writer.close()
        raise
    finally:
        writer.is_open = False  # or it is closed again as it is collected, and its words go past us to stderr
