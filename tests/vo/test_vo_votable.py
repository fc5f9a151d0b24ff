"""VOTables as the schema, astropy and stilts read them."""

from __future__ import annotations

import io
import math
import os
import shutil
import subprocess
import warnings

import numpy as np
import pytest
from astropy.io import votable as oracle
from conftest_xsd import children, valid
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from armillary.errors import UnavailableError
from armillary.vo.errors import error_votable
from armillary.vo.votable import (
    Coosys,
    Document,
    Field,
    Group,
    Info,
    Param,
    Resource,
    Table,
    Timesys,
    Values,
    results,
    service,
    to_bytes,
    write,
)
from armillary.vo.xml import clean, escape, quote


def read(document: bytes):
    """As astropy reads it, which must find nothing to say."""
    valid(document)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return oracle.parse(io.BytesIO(document), verify="exception")


def table_of(fields: tuple[Field, ...], rows) -> np.ma.MaskedArray:
    return read(to_bytes(Document((results(Table(fields, rows)),)))).get_first_table().array


def votlint(document: bytes) -> str:
    """What stilts finds to say."""
    program = shutil.which("stilts")
    if program is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("stilts is missing")
    done = subprocess.run([program, "votlint", "-"], input=document, capture_output=True, timeout=120, check=True)
    return (done.stdout + done.stderr).decode().strip()


# What a document can hold at all: the rest is left out on purpose.
ANY = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF), max_size=40)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


def same(found: float, sent: float | None) -> bool:
    return math.isnan(found) if sent is None or math.isnan(sent) else found == sent


@given(st.lists(st.tuples(st.none() | NUMBERS, st.none() | st.integers(-(2**63), 2**63 - 1), ANY), max_size=70))
def test_values_come_back_as_they_were(rows) -> None:
    fields = (Field("x", "double"), Field("n", "long"), Field("t", "unicodeChar"))
    found = table_of(fields, rows)
    assert len(found) == len(rows)
    for got, (x, n, text) in zip(found, rows, strict=True):
        assert same(math.nan if np.ma.is_masked(got["x"]) else got["x"], x)
        assert np.ma.is_masked(got["n"]) if n is None else got["n"] == n
        expected = "".join(letter if letter <= "\uffff" else "\ufffd" for letter in clean(text))
        # Astropy drops the spaces around.
        assert got["t"].strip() == expected.strip()


@given(ANY, ANY, ANY, ANY)
def test_any_text_gives_a_sound_document(name: str, value: str, text: str, words: str) -> None:
    column = Field(name, "unicodeChar", unit=words, utype=value, description=text, ucd=words, xtype=name)
    document = Document(
        (
            Resource(
                infos=(Info(name, value, text),),
                tables=(Table((column,), [(text,), (None,)], name=name, description=words),),
                params=(Param(Field(name, "unicodeChar", values=Values(options=(value, text))), words),),
                groups=(Group(name, (Param(Field(value, "char"), text),)),),
                name=name,
                description=value,
            ),
            service("soda-sync", value, (), standard_id=words, name=text, description=name),
        ),
        description=words,
        infos=(Info(text, name),),
    )
    root = valid(to_bytes(document))
    (info,) = children(root, "RESOURCE/INFO")
    # XML joins what spaces there are in a token; values of the type string keep theirs.
    assert info.get("value") == clean(value)
    assert (info.text or "") == clean(text)
    (cell, empty) = children(root, "RESOURCE/TABLE/DATA/TABLEDATA/TR/TD")
    assert empty.text is None
    assert (cell.text or "") == "".join(letter if letter <= "\uffff" else "\ufffd" for letter in clean(text))


@given(ANY)
def test_escaping_is_what_a_parser_undoes(text: str) -> None:
    root = etree.fromstring(f"<a b={quote(text)}>{escape(text)}</a>".encode())
    assert (root.text or "") == clean(text)
    assert root.get("b") == clean(text)


@pytest.mark.parametrize("letter", ["\x00", "\x08", "\x0b", "\x1f", "\x7f", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_forbids_is_left_out(letter: str) -> None:
    assert clean(f"a{letter}b") == "ab"
    assert escape(letter) == ""
    assert quote(f"a{letter}<") == '"a&lt;"'


@given(st.lists(st.lists(NUMBERS, max_size=5) | st.none(), min_size=1, max_size=10))
def test_arrays_come_back(rows) -> None:
    found = table_of((Field("a", "double", "*", xtype="polygon"),), [(row,) for row in rows])
    for got, sent in zip(found["a"], rows, strict=True):
        assert len(got) == (6 if sent is None else len(sent))
        pairs = zip(got, [math.nan] * 6 if sent is None else sent, strict=True)
        assert all(same(math.nan if np.ma.is_masked(a) else a, b) for a, b in pairs)


def test_numbers_of_every_type() -> None:
    fields = (
        Field("b", "boolean"), Field("u", "unsignedByte"), Field("s", "short"), Field("i", "int"), Field("l", "long"),
        Field("f", "float"), Field("d", "double"), Field("c", "char"), Field("z", "doubleComplex"),
        Field("ia", "int", "3", values=Values(null="-1")), Field("ba", "boolean", "2"), Field("fa", "float", "2"),
    )  # fmt: skip
    full = (
        True, 255, -32768, -(2**31), 2**63 - 1, np.float32(0.1), 1e-300, "x", 1 - 2j,
        [1, None, 3], np.array([True, False]), np.array([0.1, np.nan], np.float32),
    )  # fmt: skip
    found = table_of(fields, [full, (None,) * len(fields)])
    first, second = found
    assert bool(first["b"]) is True
    assert [int(first[name]) for name in "usil"] == [255, -32768, -(2**31), 2**63 - 1]
    assert first["f"] == np.float32(0.1)
    assert first["d"] == 1e-300
    assert first["c"] == "x"
    assert first["z"] == 1 - 2j
    assert first["ia"].tolist() == [1, None, 3]
    assert first["ba"].tolist() == [True, False]
    assert first["fa"][0] == np.float32(0.1)
    assert np.ma.is_masked(first["fa"][1]) or np.isnan(first["fa"][1])
    for name in "busil":
        assert np.ma.is_masked(second[name]), name


@given(st.floats(width=32, allow_nan=False))
def test_single_precision_keeps_its_bits(value: float) -> None:
    for form in (value, np.float32(value)):
        found = table_of((Field("f", "float"),), [(form,)])
        assert np.float32(found["f"][0]) == np.float32(value)


def test_other_letters_in_a_column_of_ascii_are_marked() -> None:
    found = table_of((Field("t"), Field("u", "unicodeChar")), [("α Cen", "α Cen")])
    assert found["t"][0] == "? Cen"
    assert found["u"][0] == "α Cen"


def test_values_of_a_parameter() -> None:
    circle = Field(
        "CIRCLE", "double", "3", "deg", "pos.outline;obs", xtype="circle", values=Values(most=(1.0, 2.0, 3.5))
    )
    band = Field("BAND", "double", "2", "m", xtype="interval", values=Values(1e-7, math.inf))
    pol = Field("POL", values=Values(options=("I", "Q")))
    described = service(
        "soda", "http://h/x?a=1&b=2", (Param(circle), Param(band), Param(pol), Param(Field("ID", ref="ids")))
    )
    table = Table((Field("id", id="ids"),), [("a",)])
    document = to_bytes(Document((results(table, systems=(Coosys("sky"),)), described)))
    root = valid(document)
    meta = children(root, "RESOURCE")[1]
    assert meta.get("utype") == "adhoc:service"
    assert meta.get("type") == "meta"
    params = {param.get("name"): param for param in children(meta, "GROUP/PARAM")}
    assert children(meta, "PARAM")[0].get("value") == "http://h/x?a=1&b=2"
    assert [one.get("value") for one in children(params["CIRCLE"], "VALUES/MAX")] == ["1.0 2.0 3.5"]
    assert children(params["CIRCLE"], "VALUES/MIN") == []
    assert [one.get("value") for one in children(params["BAND"], "VALUES/*")] == ["1e-07", "+Inf"]
    assert [one.get("value") for one in children(params["POL"], "VALUES/OPTION")] == ["I", "Q"]
    assert params["ID"].get("ref") == "ids"
    read(document)


def test_stilts_finds_nothing_to_say() -> None:
    fields = (
        Field("id", ucd="meta.id;meta.main"),
        Field("ra", "double", unit="deg", ucd="pos.eq.ra", ref="sky"),
        Field("t", "double", unit="d", ucd="time.epoch", ref="time"),
        Field("s", "double", "*", "deg", xtype="polygon"),
        Field("i", "double", "2", "m", xtype="interval"),
        Field("c", "double", "3", "deg", xtype="circle"),
        Field("a", "int", "2x3", values=Values(null="-1")),
        Field("n", "int", values=Values(0, 9)),
        Field("u", "unicodeChar"),
        Field("ok", "boolean"),
    )
    full = ("a", 1.5, 59000.0, [0, 0, 1, 0, 0, 1], (1, math.inf), (1, 2, 3), range(6), 3, "ä<&", True)
    rows = [full, ("b", *[None] * 9)]
    systems = (Coosys("sky"), Timesys("time", "UTC", "TOPOCENTER", "MJD-origin"))
    document = to_bytes(Document((results(Table(fields, rows, "t", "tab"), systems=systems, overflow=True),)))
    assert votlint(document) == ""
    assert votlint(error_votable("it <did> not work")) == ""


def status(document: bytes) -> list[tuple[str, str, str | None]]:
    """``QUERY_STATUS`` in order: its value, and which element is before it."""
    found = []
    for info in children(valid(document), "RESOURCE/INFO"):
        if info.get("name") == "QUERY_STATUS":
            before = info.getprevious()
            found.append((info.get("value"), "" if before is None else etree.QName(before).localname, info.text))
    return found


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 300])
@pytest.mark.parametrize("most", [0, 1, 64, 65, 300, None])
def test_what_is_more_is_said(count: int, most: int | None) -> None:
    taken = []

    def rows():
        for k in range(count):
            taken.append(k)
            yield (k,)

    document = to_bytes(Document((results(Table((Field("k", "int"),), rows(), most_rows=most)),)))
    shown = count if most is None else min(count, most)
    assert len(children(valid(document), "RESOURCE/TABLE/DATA/TABLEDATA/TR")) == shown
    more = most is not None and count > most
    assert status(document) == [("OK", "", None), *([("OVERFLOW", "TABLE", None)] if more else [])]
    assert len(taken) <= shown + 1


def test_an_error_on_the_way_ends_the_table() -> None:
    def rows():
        yield (1,)
        raise UnavailableError("the disk < went away")

    document = to_bytes(Document((results(Table((Field("k", "int"),), rows())),)))
    assert status(document) == [("OK", "", None), ("ERROR", "TABLE", "the disk < went away")]


def test_rows_are_not_kept() -> None:
    """The first block comes before the last row was asked for."""
    asked = 0

    def rows():
        nonlocal asked
        for _ in range(100_000):
            asked += 1
            yield ("some text that fills the block",)

    blocks = write(Document((results(Table((Field("t"),), rows())),)))
    first = next(blocks)
    assert len(first) < 1 << 18
    assert asked < 10_000
    blocks.close()


def test_a_resource_is_asked_for_after_the_one_before() -> None:
    order = []

    def rows():
        order.append("rows")
        yield (1,)

    def resources():
        yield results(Table((Field("k", "int"),), rows()))
        order.append("next")
        yield service("x", "http://h", ())

    valid(to_bytes(Document(resources())))
    assert order == ["rows", "next"]


@given(st.text(max_size=200))
def test_an_error_document_says_it(message: str) -> None:
    root = valid(error_votable(message))
    (info,) = children(root, "RESOURCE/INFO")
    assert (info.get("name"), info.get("value")) == ("QUERY_STATUS", "ERROR")
    assert (info.text or "") == clean(" ".join(message.split()))
    assert children(root, "RESOURCE/TABLE") == []
