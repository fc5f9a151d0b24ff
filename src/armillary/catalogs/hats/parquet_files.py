"""Parquet files, opened and written."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.catalogs.hats.folder import Folder

BUFFER_BYTES, FAR_BUFFER_BYTES = 64 << 10, 1 << 20
"""Read at once of a column that is read by the page: here, and of a storage, where every request costs."""


def parquet_reader(folder: Folder, name: str, *, by_page: bool = False) -> Any:
    """A ``pyarrow.parquet.ParquetFile``: a context.

    Parameters
    ----------
    by_page
        For the first rows, or few at a time: of what is here no more is read than the pages that hold them.
    """
    import pyarrow.parquet as pq

    if by_page:
        size = BUFFER_BYTES if folder.local else FAR_BUFFER_BYTES
        return pq.ParquetFile(folder.arrow(name), pre_buffer=False, buffer_size=size)
    # From a disk, reading ahead costs a copy and memory that is touched for the first time: half the time of reading.
    return pq.ParquetFile(folder.arrow(name), pre_buffer=not folder.local)


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
