"""Types that Parquet holds otherwise, or not at all."""

from __future__ import annotations

import pyarrow as pa
import pytest

from armillary.catalogs.ingest.storable import storable
from armillary.errors import UnsupportedFileError

KINDS = [
    (pa.string_view(), pa.string(), ["a", None]),
    (pa.binary_view(), pa.binary(), [b"a", None]),
    (pa.list_view(pa.string_view()), pa.list_(pa.string()), [["a"], None]),
    (pa.large_list(pa.string_view()), pa.large_list(pa.string()), [["a"], None]),
    (pa.list_(pa.string_view(), 1), pa.list_(pa.string(), 1), [["a"], None]),
    (pa.struct([("x", pa.string_view()), ("y", pa.int8())]), pa.struct([("x", pa.string()), ("y", pa.int8())]),
     [{"x": "a", "y": 1}, None]),
    (pa.map_(pa.string_view(), pa.int8()), pa.map_(pa.string(), pa.int8()), [[("a", 1)], None]),
    (pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.int8(), pa.string()), ["a", None]),
    (pa.decimal128(5, 2), pa.decimal128(5, 2), [None, None]),
]  # fmt: skip


@pytest.mark.parametrize(("given", "kept", "values"), KINDS, ids=range(len(KINDS)))
def test_views_become_what_can_be_sorted(given: pa.DataType, kept: pa.DataType, values: list[object]) -> None:
    table = storable(pa.table({"id": [1, 2], "q": pa.array(values, given)}), "a.arrow")
    assert table.schema.field("q").type == kept
    assert table["q"].to_pylist() == values
    assert table.take(pa.array([1, 0]))["id"].to_pylist() == [2, 1]


@pytest.mark.parametrize("kind", [pa.struct([]), pa.month_day_nano_interval()], ids=["struct", "interval"])
def test_what_parquet_does_not_know_is_named(kind: pa.DataType) -> None:
    with pytest.raises(UnsupportedFileError, match=r"a\.arrow: column 'q' holds .*, which Parquet does not know"):
        storable(pa.table({"q": pa.nulls(2, kind)}), "a.arrow")
