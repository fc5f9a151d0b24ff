"""Rows of several tables in one order, as pyarrow would take them."""

from __future__ import annotations

import datetime as dt
import decimal

import numpy as np
import pyarrow as pa
import pytest

from armillary.catalogs.ingest.gather import Columns, Rows, gathered

RNG = np.random.default_rng(4)
KINDS = {
    "int64": [1 << 60, -5, 7],
    "uint8": [1, 2, 255],
    "float32": [0.5, -0.0, float("nan")],
    "float16": [np.float16(1.5), np.float16(2), np.float16(-1)],
    "bool_": [True, False, True],
    "string": ["ä", "", "b" * 99],
    "date32": [dt.date(2020, 1, 2), dt.date(1, 1, 1), dt.date(1970, 1, 1)],
}


def table(values: list[object], kind: pa.DataType, missing: bool, chunks: int) -> pa.Table:
    column = [values[k] for k in RNG.integers(0, len(values), 60)]
    if missing:
        column[7] = None
    made = pa.table({"x": pa.array(column, kind), "row": np.arange(60)})
    return pa.concat_tables([made.slice(60 // chunks * k, 60 // chunks) for k in range(chunks)])


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("chunks", [1, 3])
@pytest.mark.parametrize("kind", [*KINDS, "timestamp", "decimal", "list"])
def test_rows_are_those_of_pyarrow(kind: str, chunks: int, missing: bool) -> None:
    if kind == "timestamp":
        values: list[object] = [dt.datetime(2020, 1, 2, tzinfo=dt.UTC), dt.datetime(1970, 1, 1, tzinfo=dt.UTC)]
        arrow = pa.timestamp("us", "UTC")
    elif kind == "decimal":
        values, arrow = [decimal.Decimal("1.25"), decimal.Decimal("-3.50")], pa.decimal128(9, 2)
    elif kind == "list":
        values, arrow = [[1.0], [], [2.0, None]], pa.list_(pa.float64())
    else:
        values, arrow = KINDS[kind], getattr(pa, kind)()
    tables = [table(values, arrow, missing and k == 1, chunks) for k in range(3)]
    parts = [Rows(Columns(one), RNG.integers(0, 60, many)) for one, many in zip(tables, (5, 17, 0), strict=True)]
    order = RNG.permutation(22)
    found = gathered(parts, order, tables[0].schema)
    found.validate(full=True)
    wanted = pa.concat_tables([part.columns.table.take(pa.array(part.rows)) for part in parts]).take(pa.array(order))
    assert str(found.to_pydict()) == str(wanted.to_pydict())
    assert found.schema == wanted.schema


def test_columns_that_lack_are_null_and_types_are_widened() -> None:
    schema = pa.schema({"x": pa.float64(), "y": pa.int64()}, {b"kept": b"1"})
    parts = [
        Rows(Columns(pa.table({"x": pa.array([1, 2], pa.int32())})), np.array([1, 0])),
        Rows(Columns(pa.table({"y": [5, 6], "x": [0.5, None]})), np.array([0, 1])),
    ]
    found = gathered(parts, np.array([3, 2, 1, 0]), schema)
    assert found.to_pydict() == {"x": [None, 0.5, 1.0, 2.0], "y": [6, 5, None, None]}
    assert found.schema.equals(schema, check_metadata=True)
