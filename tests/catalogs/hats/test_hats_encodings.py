"""How columns are encoded, and that every kind comes back as it went."""

from __future__ import annotations

import datetime as dt
import decimal
import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs.hats.parquet_files import parquet_writer
from armillary.catalogs.hats.writing import PAGE_BYTES, Writing

ROWS = 40_000
RNG = np.random.default_rng(3)


def table() -> pa.Table:
    """A column of every kind, some with missing values."""
    numbers = RNG.integers(0, 1 << 62, ROWS)
    holes = np.arange(ROWS) % 7 == 0
    return pa.table(
        {
            "_healpix_29": np.sort(numbers),
            "id": pa.array(numbers, mask=holes),
            "unsigned": RNG.integers(1 << 63, 1 << 64, ROWS, np.uint64),
            "small": RNG.integers(0, 5, ROWS, np.int16),
            "double": RNG.normal(size=ROWS),
            "größe": pa.array(RNG.normal(size=ROWS).astype(np.float32), mask=holes),
            "half": RNG.normal(size=ROWS).astype(np.float16),
            "a.b": pa.array([f"name {k % 9}" for k in range(ROWS)]),
            "flag": holes,
            "when": pa.array(numbers[:ROWS] % 10**15, pa.timestamp("us", "UTC")),
            "price": pa.array([decimal.Decimal(k % 50) / 4 for k in range(ROWS)], pa.decimal128(9, 2)),
            "kind": pa.array([("star", "galaxy")[k % 2] for k in range(ROWS)]).dictionary_encode(),
            "light curve": pa.array([[0.5, None, float(k)] for k in range(ROWS)]),
            "pair": pa.array([{"x": k, "y": dt.date(2020, 1, 1 + k % 28)} for k in range(ROWS)]),
            "none": pa.nulls(ROWS),
        }
    )


def written(rows: pa.Table, writing: Writing) -> pq.ParquetFile:
    file = io.BytesIO()
    with parquet_writer(file, rows.schema, **writing.arguments(rows.schema)) as writer:
        writer.write_table(rows, row_group_size=writing.row_group_rows)
    return pq.ParquetFile(file)


def encodings(file: pq.ParquetFile) -> dict[str, set[str]]:
    group = file.metadata.row_group(0)
    columns = (group.column(k) for k in range(group.num_columns))
    return {column.path_in_schema: set(column.encodings) - {"RLE"} for column in columns}


@pytest.mark.parametrize(
    "words",
    [{}, {"level": 1}, {"compression": "none", "level": None}, {"compression": "snappy"}, {"row_group_rows": 999}],
)
def test_every_kind_comes_back(words: dict[str, Any]) -> None:
    rows = table()
    file = written(rows, Writing(**words))
    found = file.read()
    assert found.schema == rows.schema
    assert found.equals(rows)


def test_encodings_are_by_kind() -> None:
    found = encodings(written(table(), Writing(level=1)))
    for name in ("_healpix_29", "id", "unsigned"):
        assert found[name] == {"DELTA_BINARY_PACKED"}
    for name in ("double", "größe"):
        assert found[name] == {"BYTE_STREAM_SPLIT"}
    for name in ("small", "a.b", "kind"):
        assert "RLE_DICTIONARY" in found[name]
    assert "RLE_DICTIONARY" not in found["pair.x"]


def test_files_are_smaller_than_plain_ones() -> None:
    rows = table()
    plain = Writing(level=1, options={"use_dictionary": False, "column_encoding": {}})
    sizes = [
        sum(group.total_compressed_size for group in (file.metadata.row_group(0).column(k) for k in range(13)))
        for file in (written(rows, Writing(level=1)), written(rows, plain))
    ]
    assert sizes[0] < sizes[1]


def test_encodings_that_are_given_are_taken() -> None:
    rows = table().select(["id", "double", "small"])
    given = {"column_encoding": {"id": "PLAIN"}, "use_dictionary": ["small"]}
    found = encodings(written(rows, Writing(options=given)))
    assert (found["id"], found["double"]) == ({"PLAIN"}, {"PLAIN"})
    assert "RLE_DICTIONARY" in found["small"]


def test_pages_are_small_and_have_an_index() -> None:
    column = written(table(), Writing(level=1)).metadata.row_group(0).column(4)
    assert column.has_offset_index
    assert column.has_column_index
    assert column.total_uncompressed_size > PAGE_BYTES
