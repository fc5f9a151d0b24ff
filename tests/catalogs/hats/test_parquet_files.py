"""Parquet files on a disk that is full at any of their bytes."""

from __future__ import annotations

import gc
import io
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.parquet_files import parquet_reader, parquet_writer

TABLE = pa.table({"a": np.arange(1000), "b": np.linspace(0, 1, 1000)})


@pytest.mark.parametrize("where", ["disk", "memory"])
@pytest.mark.parametrize("by_page", [False, True])
def test_what_is_written_is_read_from_any_storage(tmp_path, where: str, by_page: bool) -> None:
    folder = Folder(tmp_path if where == "disk" else "memory://parquet")
    with folder.writing("t.parquet") as file, parquet_writer(file, TABLE.schema, data_page_size=1 << 10) as writer:
        writer.write_table(TABLE)
    with parquet_reader(folder, "t.parquet", by_page=by_page) as opened:
        assert opened.read() == TABLE
        assert next(opened.iter_batches(batch_size=1)).to_pydict() == {"a": [0], "b": [0.0]}


class Disk(io.BytesIO):
    """Room for some bytes."""

    room = sys.maxsize

    def write(self, data) -> int:
        if self.tell() + len(memoryview(data).cast("B")) > self.room:
            raise OSError(28, "No space left on device")
        return super().write(data)


def written(disk: Disk) -> int:
    with parquet_writer(disk, TABLE.schema, metadata_collector=[]) as writer:
        writer.write_table(TABLE)
    return disk.tell()


@pytest.mark.filterwarnings("error")
def test_a_full_disk_is_one_error_and_nothing_is_said_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    past_us: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", past_us.append)
    whole = Disk()
    size = written(whole)
    assert pq.read_table(io.BytesIO(whole.getvalue())).equals(TABLE)
    for room in {*range(0, size, 997), size - 1, size - 5, size - 9}:
        disk = Disk()
        disk.room = room
        with pytest.raises(OSError, match="No space left"):
            written(disk)
        gc.collect()
    assert not past_us
