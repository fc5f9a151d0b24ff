"""Filters and selections against Python and numpy; cells as JSON and CSV."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import operator
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.fields import Field, dtype_word
from armillary.catalogs.filters import OPERATORS, Comparison, parse, passes
from armillary.catalogs.points import pack, unpack
from armillary.catalogs.rows import csv_parts, one_row, table_rows, word
from armillary.catalogs.selection import Selection, order_of, selected_rows, wanted_rows
from armillary.catalogs.table import MemoryTable
from armillary.catalogs.views import Cone
from armillary.errors import ParameterError

PYTHON = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "!=": operator.ne}
COUNT = 400


@cache
def catalog() -> Catalog:
    rng = np.random.default_rng(2)
    mag = rng.normal(15, 3, COUNT)
    mag[::7] = np.nan
    words = ["M 42", "m 31", 'say "so"', "it's", "α Cen", "a;b", ""]
    return Catalog(
        MemoryTable(
            "t",
            {
                "ra": pa.array(rng.uniform(0, 360, COUNT)),
                "dec": pa.array(rng.uniform(-90, 90, COUNT)),
                "mag": pa.array(mag, mask=np.arange(COUNT) % 11 == 0),
                "B-V": pa.array(rng.normal(0.5, 0.3, COUNT).astype(np.float32)),
                "id": pa.array((2**62 + np.arange(COUNT) % 50).tolist(), pa.int64()),
                "big": pa.array([2**63 + k for k in range(COUNT)], pa.uint64()),
                "small": pa.array((np.arange(COUNT) % 100).astype(np.int8)),
                "ok": pa.array([None if k % 9 == 0 else k % 2 == 0 for k in range(COUNT)]),
                "name": pa.array([None if k % 13 == 0 else words[k % 7] for k in range(COUNT)]),
                "list": pa.array([[1, 2]] * COUNT),
            },
        )
    )


def rows(text: str, search: str = "") -> list[int]:
    found = wanted_rows(catalog(), Selection(text, search))
    return list(range(COUNT)) if found is None else np.flatnonzero(found).tolist()


def expected(name: str, sign: str, value: Any) -> list[int]:
    values = catalog().column(catalog().field(name)).to_pylist()
    known = [k for k, one in enumerate(values) if one is not None and one == one]  # noqa: PLR0124
    return [k for k in known if PYTHON[sign](values[k], value)]


@given(
    st.lists(
        st.builds(
            Comparison,
            st.text(min_size=1, max_size=20).filter(str.strip),
            st.sampled_from(sorted(OPERATORS)),
            st.text(max_size=20),
        ),
        max_size=8,
    )
)
def test_what_was_written_is_read(comparisons: list[Comparison]) -> None:
    assert parse("; ".join(map(str, comparisons))) == comparisons


@given(st.text(alphabet="mag <>=!;\"'`12.eé\n", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_filter_or_told(text: str) -> None:
    try:
        found = parse(text)
    except ParameterError as error:
        assert error.detail["parameter"] == "filter"  # noqa: PT017
        assert "\n" not in error.message  # noqa: PT017
    else:
        assert all(comparison.operator in OPERATORS for comparison in found)


def test_forms() -> None:
    assert parse('mag<12;;name="M ""42""" ; `B V`>=-1e3; x == y z;') == [
        Comparison("mag", "<", "12"),
        Comparison("name", "=", 'M "42"'),
        Comparison("B V", ">=", "-1e3"),
        Comparison("x", "=", "y z"),
    ]
    assert parse("a = 'it''s; so'") == [Comparison("a", "=", "it's; so")]
    assert parse(" ; ") == []


@pytest.mark.parametrize(
    "text",
    [
        "mag",
        "mag <",
        "< 12",
        "mag < 12 13 <",
        "mag <> 3",
        'name = "M',
        "a = b = c",
        '"" < 1',
        "mag < 1" + ";mag < 1" * 20,
        "x" * 2001,
    ],
)
def test_no_filters(text: str) -> None:
    with pytest.raises(ParameterError, match=r"^filter: "):
        parse(text)


@given(st.sampled_from(sorted(OPERATORS)), st.floats(-50, 50))
def test_numbers_as_python_compares_them(sign: str, value: float) -> None:
    assert rows(f"mag {sign} {value!r}") == expected("mag", sign, value)
    assert rows(f"small {sign} {value!r}") == expected("small", sign, value)


@given(st.sampled_from(sorted(OPERATORS)), st.integers(2**62 - 3, 2**62 + 53) | st.integers(-(10**19), 10**19))
def test_whole_numbers_beyond_doubles_are_exact(sign: str, value: int) -> None:
    assert rows(f"id {sign} {value}") == expected("id", sign, value)


@pytest.mark.parametrize("value", [2**63, 2**63 + 5, 2**63 + COUNT])
def test_unsigned_numbers(value: int) -> None:
    assert rows(f"big <= {value}") == expected("big", "<=", value)


@pytest.mark.parametrize("sign", sorted(OPERATORS))
@pytest.mark.parametrize("text", ["M 42", 'say "so"', "it's", "α Cen", "a;b", "nix", ""])
def test_text_as_python_compares_it(sign: str, text: str) -> None:
    quoted = text.replace('"', '""')
    assert rows(f'name {sign} "{quoted}"') == expected("name", sign, text)


def test_truths_and_several_conditions() -> None:
    assert rows("ok = true") == expected("ok", "=", 1)
    assert rows("ok != TRUE") == expected("ok", "=", 0)
    both = set(expected("mag", "<", 15.0)) & set(expected("small", ">=", 20)) & set(expected("B-V", ">", 0.5))
    assert rows('mag < 15; small >= 20; "b-v" > 0.5') == sorted(both)


@pytest.mark.parametrize("text", ["nix < 1", "mag < x", "mag = nan", "ok = maybe", "list = 1", "mag < 1e", "mag < ١٢"])
def test_what_does_not_fit_the_columns(text: str) -> None:
    with pytest.raises(ParameterError, match=r"^filter: "):
        rows(text)


def test_infinite_bounds() -> None:
    assert rows("mag < inf") == expected("mag", "<", float("inf"))
    assert rows("small > -inf") == list(range(COUNT))


@pytest.mark.parametrize("search", ["m 4", "M 42", "α CEN", '"', "nix", "'", ".", "%"])
def test_search_ignores_case(search: str) -> None:
    names = catalog().column(catalog().field("name")).to_pylist()
    assert rows("", search) == [k for k, name in enumerate(names) if name and search.lower() in name.lower()]


def test_a_search_may_be_too_long() -> None:
    with pytest.raises(ParameterError, match=r"^search: "):
        rows("", "x" * 201)


@pytest.mark.parametrize("name", ["mag", "id", "big", "name", "ok", "B-V"])
@pytest.mark.parametrize("descending", [False, True])
def test_orders_are_stable_with_missing_values_last(name: str, descending: bool) -> None:
    values = catalog().column(catalog().field(name)).to_pylist()
    known = [k for k, one in enumerate(values) if one is not None and one == one]  # noqa: PLR0124
    missing = [k for k in range(COUNT) if k not in set(known)]
    ordered = sorted(known, key=lambda k: values[k], reverse=False)
    if descending:
        ordered = sorted(known, key=lambda k: values[k], reverse=True)
    found = order_of(catalog(), catalog().field(name), descending=descending).tolist()
    assert found[: len(known)] == ordered
    assert sorted(found[len(known) :]) == missing


def test_lists_have_no_order() -> None:
    with pytest.raises(ParameterError, match=r"^sort: "):
        order_of(catalog(), catalog().field("list"))


def test_selections_join_filter_search_and_view() -> None:
    view = Cone(0.0, 90.0, 90.0)
    field = catalog().field("mag")
    found = selected_rows(catalog(), Selection("mag < 16", "m", view), field, descending=True)
    assert found is not None
    names = catalog().column(catalog().field("name")).to_pylist()
    wanted = [k for k in expected("mag", "<", 16.0) if catalog().dec[k] >= 0 and "m" in (names[k] or "").lower()]
    values = catalog().values(field)
    assert found.tolist() == sorted(wanted, key=lambda k: -values[k])
    assert selected_rows(catalog(), Selection(" ; ", " ")) is None


def test_values_as_json() -> None:
    fields = [catalog().field(name) for name in ("id", "mag", "name", "list", "small")]
    found = table_rows(catalog(), fields, np.array([0, 8, 2]))
    assert found[0] == [str(2**62), None, None, [1, 2], 0]
    assert found[1][0] == str(2**62 + 8)
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert one_row(catalog(), 2)["name"] == 'say "so"'
    assert word(2**53) == 2**53
    assert word(2**53 + 1) == str(2**53 + 1)
    assert word(float("inf")) is None
    assert word("x" * 2000) == "x" * 999 + "…"
    assert word([1.0, float("nan"), [2]]) == [1.0, None, [2]]
    assert word(list(range(100)))[-1] == "…"


FORMULAS = ["=1+1", "+SUM(A1)", "-2+3+cmd|' /C calc'!A0", "@x", "\tx", "\r=1", "-x", "+"]
HARMLESS = ["-12.5", "+05 10 20.3", "-12:30:00", "-05d10m20s", "M 42", "", "3-4", "+1e-5"]


def test_csv_holds_no_formulas_and_all_the_rest_as_it_is() -> None:
    texts = FORMULAS + HARMLESS + ['a "b", c\nd', "α"]
    table = {"ra": pa.array([1.0] * len(texts)), "dec": pa.array([2.0] * len(texts)), "=t": pa.array(texts)}
    made = Catalog(MemoryTable("t", table))
    body = b"".join(csv_parts(made, made.fields, np.arange(len(texts)))).decode()
    found = list(csv.reader(io.StringIO(body, newline="")))
    assert found[0] == ["ra", "dec", "'=t"]
    assert [row[2] for row in found[1:]] == [f"'{text}" for text in FORMULAS] + texts[len(FORMULAS) :]


@given(st.lists(st.text(max_size=8), max_size=5, unique=True), st.integers(0, 9))
def test_packed_arrays_are_unpacked(names: list[str], length: int) -> None:
    kinds = ["<u4", "<f8", ">f4", "<i2", "u1"]
    arrays = {name: np.arange(length).astype(kind) for name, kind in zip(names, kinds, strict=False)}
    body = pack({"total": 3, "word": "é"}, arrays)
    header, found = unpack(body)
    assert header["word"] == "é"
    assert len(body) % 8 == 0
    assert (4 + int.from_bytes(body[:4], "little")) % 8 == 0
    assert list(found) == list(arrays)
    for name, array in found.items():
        np.testing.assert_array_equal(array, arrays[name])
        assert array.ctypes.data % array.itemsize == 0 or not length


class Rows:
    """A table of columns as Parquet has them."""

    def __init__(self, **columns: Any) -> None:
        self.table = pa.table(columns)

    def field(self, name: str, _parameter: str) -> Field:
        return Field(name, dtype_word(self.table.schema.field(name).type))

    def column(self, field: Field) -> Any:
        return self.table.column(field.name)


DAYS = [dt.datetime(2020, 1, day, 12, tzinfo=dt.UTC) for day in range(1, 10)]
KINDS = Rows(
    day=pa.array(DAYS, pa.date32()),
    when=pa.array(DAYS, pa.timestamp("us")),
    there=pa.array(DAYS, pa.timestamp("ms", "Europe/Berlin")),
    time=pa.array([dt.time(hour) for hour in range(9)]),
    half=pa.array(np.arange(9).astype(np.float16)),
    none=pa.nulls(9),
    most=pa.array([*range(8), (1 << 64) - 1], pa.uint64()),
    least=pa.array([*range(7), -(1 << 63), None], pa.int64()),
    long=pa.array([dt.timedelta(1)] * 9),
)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("day = 2020-01-05", 1), ("day < '2020-01-05'", 4), ("when < 2020-01-05", 4), ("when = 2020-01-05T12:00:00", 1),
        ("there >= 2020-01-05T12:00:00", 5), ("there = 2020-01-05T12:00:00Z", 1),
        ("there = 2020-01-05T13:00:00+01:00", 1), ("time <= 02:00:00", 3), ("half <= 2.5", 3), ("half != 3", 8),
        ("none = 3", 0), ("none != x", 0), ("most = 18446744073709551615", 1), ("most = 18446744073709551616", 0),
        ("most < 18446744073709551616", 9), ("most > -1", 9), ("most <= -1", 0), ("least >= -9223372036854775809", 8),
        ("least = -9223372036854775809", 0), ("least != 9223372036854775808", 8),
        ("least != 9223372036854775808; most > -1; none != x", 0),
    ],
)  # fmt: skip
def test_columns_as_parquet_has_them(text: str, count: int) -> None:
    assert sum(passes(KINDS, parse(text)).to_pylist()) == count


@pytest.mark.parametrize("text", ["day = tomorrow", "when < 5", "time = 25:00:00", "long > 1"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(ParameterError, match=r"filter: column '.*' holds .*, and .* is none"):
        passes(KINDS, parse(text))
