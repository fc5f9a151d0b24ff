"""Types that Parquet holds otherwise, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from armillary.catalogs import import_catalog
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.storable import has_order, storable
from armillary.errors import ParameterError, UnsupportedFileError

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.mark.parametrize(
    ("kind", "ordered"),
    [
        (pa.string(), True), (pa.dictionary(pa.int8(), pa.string()), True), (pa.timestamp("s", "UTC"), True),
        (pa.decimal128(5, 2), True), (pa.binary(3), True), (pa.null(), True), (pa.list_(pa.int8()), False),
        (pa.struct([("x", pa.int8())]), False), (pa.float16(), False), (pa.uuid(), False),
        (pa.dictionary(pa.int8(), pa.float16()), False),
    ],
)  # fmt: skip
def test_what_rows_can_be_sorted_by(kind: pa.DataType, ordered: bool) -> None:
    assert has_order(kind) is ordered


def test_rows_of_one_cell_are_sorted_by_the_values_of_dictionaries(tmp_path: Path) -> None:
    bands = pa.array(["r", "g", None, "i"]).dictionary_encode()
    table = pa.table({"ra": [1.0] * 4, "dec": [1.0] * 4, "band": bands, "list": [[1]] * 4})
    parquet.write_table(table, tmp_path / "a.parquet")
    words: dict[str, Any] = {"input_paths": [tmp_path / "a.parquet"], "output_path": tmp_path}
    made = import_catalog(**words, output_artifact_name="sky", sort_columns=["band"])
    found = read_columns(made, made.partitions[0], ["band"])["band"]
    assert (found.to_pylist(), found.type) == (["g", "i", "r", None], bands.type)
    with pytest.raises(ParameterError, match=r"sort_columns: column 'list' holds list<.*>, which has no order"):
        import_catalog(**words, output_artifact_name="other", sort_columns=["list"])
