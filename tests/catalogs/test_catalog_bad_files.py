"""What is damaged, hostile, absurd or merely odd: one clear line, or what can be had of it."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.limits import Limits
from armillary.catalogs.reading import KINDS, catalog_of_sources, read_catalog, read_tables
from armillary.errors import CorruptFileError, FileError, NoPositionsError, UnsupportedFileError

VOTABLE = (
    '<?xml version="1.0"?>{top}<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>\
<FIELD name="ra" datatype="double" unit="deg"/><FIELD name="dec" datatype="double"/><FIELD name="n" datatype="{kind}"/>\
<DATA>{data}</DATA></TABLE></RESOURCE></VOTABLE>'
)
ROW = "<TR><TD>1</TD><TD>2</TD><TD>{}</TD></TR>"


def votable(data: str = "<TABLEDATA>" + ROW.format("x") + "</TABLEDATA>", top: str = "", kind: str = "char") -> bytes:
    return VOTABLE.format(data=data, top=top, kind=kind).encode()


def read(folder: Path, content: bytes, name: str = "table", **more: object) -> Catalog:
    path = folder / name
    path.write_bytes(content)
    return read_catalog(path, **more)


def told(folder: Path, content: bytes, name: str = "table", **more: object) -> str:
    """Why a file cannot be read, in one line; empty where all of it can."""
    try:
        made = read(folder, content, name, **more)
        made.take(made.fields, np.arange(made.count))
    except FileError as error:
        message = error.message
    else:
        return "" if made.count <= 100 else "more rows than there were"
    if "\n" in message or str(folder) in message:
        pytest.fail(message)
    return message


def parquet_bytes(**columns: object) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue()


def fits_bytes(**columns: tuple[str, object]) -> bytes:
    sink = io.BytesIO()
    made = [fits.Column(name, form, array=values) for name, (form, values) in columns.items()]
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(made)]).writeto(sink)
    return sink.getvalue()


SOUND = {
    "json": json.dumps([{"name": "a", "ra": 1, "dec": 2, "extra": None}, {"ra": 3, "dec": 4}]).encode(),
    "csv": b"name,ra,dec\na,1,2\nb,3,4\n",
    "tsv": b"name\tra\tdec\na\t1\t2\nb\t3\t4\n",
    "ecsv": b"# %ECSV 1.0\n# ---\n# datatype:\n# - {name: ra, unit: deg, datatype: float64}\n"
    b"# - {name: dec, unit: deg, datatype: float64}\n# schema: astropy-2.0\nra dec\n1 2\n3 4\n",
    "votable": votable("<TABLEDATA>" + ROW.format("x") + ROW.format("y") + "</TABLEDATA>"),
    "fits": fits_bytes(ra=("D", [1.0, 3.0]), dec=("E", [2.0, 4.0]), n=("10A", ["a", "b"])),
    "parquet": parquet_bytes(ra=[1.0, 3.0], dec=[2.0, 4.0], _healpix_29=[1, 2]),
}


def zipped(content: bytes, *names: str) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr("__MACOSX/._table", b"of a desk")
        for name in names or ("folder/table",):
            archive.writestr(name, content)
    return sink.getvalue()


PACKINGS = {
    "plain": bytes, "gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstandard.ZstdCompressor().compress,
    "xz": lzma.compress, "zip": zipped,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("packing", PACKINGS)
def test_every_format_in_every_packing(tmp_path: Path, kind: str, packing: str) -> None:
    packed = PACKINGS[packing](SOUND[kind])
    if kind == "fits" and packing in {"zstd", "xz", "zip"}:
        assert packing in told(tmp_path, packed)
        return
    made = read(tmp_path, packed)
    assert made.count == 2
    assert made.ra[0] == 1.0


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_anywhere(tmp_path: Path, kind: str) -> None:
    content = SOUND[kind]
    for length in sorted({int(k) for k in np.linspace(0, len(content) - 1, 60)}):
        assert told(tmp_path, content[:length]) is not None


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_bytes_changed_anywhere(tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject) -> None:
    content = bytearray(SOUND[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    assert told(tmp_path_factory.getbasetemp(), bytes(content), f"changed-{kind}") is not None


@settings(max_examples=150)
@given(st.binary(max_size=400), st.sampled_from([None, *KINDS]))
def test_any_bytes_as_anything(tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str | None) -> None:
    assert told(tmp_path_factory.getbasetemp(), content, "any", file_type=kind) is not None


@settings(max_examples=100)
@given(st.text(alphabet='ra,dec;\t|"\n #123.-éx\r', max_size=200))
def test_any_text_as_csv(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert told(tmp_path_factory.getbasetemp(), text.encode(), "text.csv", file_type="csv") is not None


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'


@pytest.mark.parametrize(
    "top",
    [BOMB, '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'],
)
def test_document_types_are_refused(tmp_path: Path, top: str) -> None:
    with pytest.raises(UnsupportedFileError, match="DOCTYPE"):
        read(tmp_path, votable("<TABLEDATA>" + ROW.format("&amp;") + "</TABLEDATA>", top))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('<BINARY><STREAM href="http://127.0.0.1:9/x"/></BINARY>', "another file"),
        ('<FITS><STREAM encoding="base64">AAAA</STREAM></FITS>', "FITS"),
        ('<BINARY><STREAM encoding="gzip">AAAA</STREAM></BINARY>', "base64"),
        ('<BINARY><STREAM encoding="base64">AAAAA</STREAM></BINARY>', "base64 data are damaged"),
        ('<BINARY><STREAM encoding="base64">AAAA</STREAM></BINARY>', "break off"),
        ('<BINARY2><STREAM encoding="base64">AAAA</STREAM></BINARY2>', "break off"),
        ("<TABLEDATA><TR>", "XML breaks"),
        ("<G>" * 100 + "</G>" * 100, "nested too deep"),
    ],
)
def test_odd_votables(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(FileError, match=message):
        read(tmp_path, votable(data))


def test_votables_with_ragged_rows_and_missing_numbers(tmp_path: Path) -> None:
    data = (
        "<TABLEDATA><TR><TD>1</TD><TD>2</TD><TD>0x10</TD></TR><TR><TD>1</TD></TR><TR><TD/><TD>NaN</TD><TD>x</TD></TR>\
<TR><TD>1</TD><TD>2</TD><TD>99999999999</TD><TD>9</TD></TR></TABLEDATA>"
    )
    made = read(tmp_path, votable(data, kind="short"))
    assert made.column(made.field("n")).to_pylist() == [16, None, None, None]
    assert (made.skipped.missing, made.skipped.not_finite) == (2, 0)


def test_mixed_types_become_text(tmp_path: Path) -> None:
    rows = "\n".join(f"{k},{k % 90},{k}" for k in range(300_000))
    made = read(tmp_path, f"ra,dec,v\n{rows}\n1,2,none of it\n".encode())
    assert made.field("v").is_text
    assert made.column(made.field("v")).slice(299_999, 2).to_pylist() == ["299999", "none of it"]
    assert made.count == 300_001


def test_positions_of_mixed_types_are_read_where_they_can_be(tmp_path: Path) -> None:
    made = read(tmp_path, b"ra,dec\n1,2\nx,3\n4,5\n")
    assert made.skipped.missing == 1
    assert made.ra[[0, 2]].tolist() == [1.0, 4.0]


def test_times_ids_and_angles_stay_as_they_are_written(tmp_path: Path) -> None:
    made = read(tmp_path, b"id,ra,dec,day\n007,10:20:30,-05:00:00,2020-01-02\n008,23:59:59,+05:30:00,2020-01-03\n")
    assert [field.dtype for field in made.fields] == ["text"] * 4
    assert made.column(made.field("id")).to_pylist() == ["007", "008"]
    assert made.dec.tolist() == [-5.0, 5.5]
    assert made.ra[0] == pytest.approx(155.125)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("# a comment\n# another\nra,dec,x\n1,2,3\n", ["ra", "dec", "x"]),
        ("# ra,dec,x\n1,2,3\n", ["ra", "dec", "x"]),
        ("﻿ra;dec;x\r\n1;2;3\r\n", ["ra", "dec", "x"]),
        ("ra|dec|x\n1|2|3", ["ra", "dec", "x"]),
        ('"ra","dec","a,b"\n1,2,"c\nd"\n', ["ra", "dec", "a,b"]),
        ("ra,dec,x,x,\n1,2,3,4,5\n", ["ra", "dec", "x", "x-2", "column5"]),
    ],
)
def test_dialects(tmp_path: Path, text: str, names: list[str]) -> None:
    made = read(tmp_path, text.encode())
    assert [field.name for field in made.fields] == names
    assert (made.count, made.ra[0], made.dec[0]) == (1, 1.0, 2.0)


def test_ragged_lines_are_left_out_and_said(tmp_path: Path) -> None:
    made = read(tmp_path, b"ra,dec,x\n1,2,3\n4,5\n6,7,8,9\n10,11,12\n")
    assert made.ra.tolist() == [1.0, 10.0]
    assert "2 lines" in made.notes[0]
    with pytest.raises(CorruptFileError, match="is it a table"):
        read(tmp_path, b"ra,dec,x\n1,2,3\n" + b"4,5\n" * 50)


def test_quoted_line_breaks_far_into_the_file(tmp_path: Path) -> None:
    rows = "\n".join(f'{k % 360},{k % 90},"text {k}"' for k in range(40_000))
    made = read(tmp_path, f'ra,dec,t\n{rows}\n1,2,"two\nlines"\n3,4,x\n'.encode())
    assert made.count == 40_002
    assert made.column(made.field("t"))[40_000].as_py() == "two\nlines"


def test_bytes_that_are_no_unicode(tmp_path: Path) -> None:
    made = read(tmp_path, b"ra,dec,name\n1,2,caf\xe9\n")
    assert made.column(made.field("name")).to_pylist() == ["café"]


@pytest.mark.parametrize(
    "text", ["hip,lon,x\n1,10,20\n2,30,-40\n", "1,10,20\n2,30,-40\n", "# whatever\n1,10,20\n2,30,-40\n"]
)
def test_tables_of_tilemaker_are_taken_by_their_order(tmp_path: Path, text: str) -> None:
    made = read(tmp_path, text.encode())
    assert made.ra.tolist() == [10.0, 30.0]
    assert made.dec.tolist() == [20.0, -40.0]
    assert "order" in made.notes[0]


def test_three_columns_that_cannot_be_positions_are_not_taken_by_order(tmp_path: Path) -> None:
    for text in ("a,b,c\n1,2,300\n", "a,b,c\n1,x,3\n", "a,b,c,d\n1,2,3,4\n"):
        with pytest.raises(NoPositionsError):
            read(tmp_path, text.encode())


def test_absurd_numbers_of_columns(tmp_path: Path) -> None:
    names = ",".join(f"c{k}" for k in range(100_000))
    with pytest.raises(UnsupportedFileError, match=r"100,000 columns; at most 10,000"):
        read(tmp_path, f"{names}\n{','.join(['1'] * 100_000)}\n".encode())
    source = {f"c{k}": 1 for k in range(100_000)} | {"ra": 1, "dec": 2}
    with pytest.raises(UnsupportedFileError, match="columns"):
        read(tmp_path, json.dumps([source]).encode())
    wide = {f"c{k}": [1] for k in range(3000)} | {"ra": [1.0], "dec": [2.0]}
    assert read(tmp_path, parquet_bytes(**wide)).count == 1


@pytest.mark.parametrize("kind", ["csv", "json", "votable", "ecsv", "tsv"])
@pytest.mark.parametrize("packed", [False, True])
def test_text_beyond_the_limit(tmp_path: Path, kind: str, packed: bool) -> None:
    path = tmp_path / "large"
    content = SOUND[kind] + b" " * 5000
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(UnsupportedFileError, match="Parquet") as caught:
        read_tables(path, limits=Limits(bytes=2000))
    assert "at most 2.0 kB" in caught.value.message or "at most" in caught.value.message


@pytest.mark.parametrize("kind", ["csv", "json", "votable", "fits", "parquet"])
def test_rows_beyond_the_limit(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "many"
    path.write_bytes(SOUND[kind])
    with pytest.raises(UnsupportedFileError, match=r"2 rows; at most 1 are read"):
        read_tables(path, limits=Limits(rows=1))


def test_ten_gigabytes_of_csv_are_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as file:
        file.write(b"ra,dec\n" + b"123.456789,45.678901\n" * 50_000)
        file.truncate(10 << 30)
    with pytest.raises(
        UnsupportedFileError, match=r"huge.csv: its text is too large.*about 10\d,\d{3},\d{3} of its rows"
    ):
        read_catalog(path)


def test_a_parquet_column_beyond_the_limit_is_refused_when_it_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(parquet_bytes(ra=[1.0], dec=[2.0], text=["x" * 100_000]))
    (table,) = read_tables(path, limits=Limits(bytes=10_000))
    assert len(table.column("ra")) == 1
    with pytest.raises(UnsupportedFileError, match="column text"):
        table.column("text")


def test_json_of_many_shapes(tmp_path: Path) -> None:
    sources = [
        {"ra": 1, "dec": 2.5, "name": "a", "extra": {"mag": 3, "name": "other", "list": [1, 2], "ok": True}},
        {"ra": "10:00:00", "dec": "-1:30:00", "extra": {"mag": "bright"}},
        {"ra": None, "dec": 1},
        {"ra": 1e400, "dec": 1},
    ]
    made = read(tmp_path, json.dumps({"sources": sources}).encode())
    assert [field.name for field in made.fields] == ["name", "ra", "dec", "mag", "extra.name", "list", "ok"]
    assert made.column(made.field("mag")).to_pylist() == ["3", "bright", None, None]
    assert made.column(made.field("list")).to_pylist() == ["[1, 2]", None, None, None]
    assert made.dec[:2].tolist() == [2.5, -1.5]
    assert made.skipped.total == 2
    for text in ('{"a": 1}', "[1, 2]", "[", "[[]]", "[" * 100_000, '[{"ra": 1}, null]', "{}"):
        with pytest.raises(FileError):
            read(tmp_path, text.encode())


def test_whole_numbers_beyond_64_bits(tmp_path: Path) -> None:
    made = catalog_of_sources("x", [{"ra": 10**30, "dec": 1, "extra": {"id": 2**63 - 1, "big": 10**400}}])
    assert made.column(made.field("id")).to_pylist() == [2**63 - 1]
    assert made.count == 1


def test_fits_of_many_types_as_astropy_reads_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = [
        fits.Column("ra", "D", array=rng.uniform(0, 360, 50)),
        fits.Column("dec", "E", array=rng.uniform(-90, 90, 50)),
        fits.Column("u16", "I", bzero=32768, array=rng.integers(0, 65536, 50).astype(np.uint16)),
        fits.Column("u32", "J", bzero=2**31, array=rng.integers(0, 2**32, 50).astype(np.uint32)),
        fits.Column("u64", "K", bzero=2**63, array=rng.integers(0, 2**63, 50).astype(np.uint64) * 2),
        fits.Column("i8", "B", bzero=-128, array=rng.integers(-128, 128, 50).astype(np.int8)),
        fits.Column("scaled", "I", array=rng.integers(0, 100, 50)),
        fits.Column("null", "J", null=-1, array=np.where(np.arange(50) % 3, np.arange(50), -1)),
        fits.Column("ok", "L", array=np.arange(50) % 2 == 0),
        fits.Column("vector", "3E", array=rng.normal(0, 1, (50, 3))),
        fits.Column("text", "7A", array=[f"row {k}" for k in range(50)]),
        fits.Column("varying", "PE()", array=np.array([np.arange(k % 4, dtype="f4") for k in range(50)], dtype=object)),
    ]
    path = tmp_path / "t.fits"
    fits.HDUList([fits.PrimaryHDU(), fits.ImageHDU(np.zeros((3, 3))), fits.BinTableHDU.from_columns(columns)]).writeto(
        path
    )
    for key, value in (("TSCAL7", 0.5), ("TZERO7", 3.0)):
        fits.setval(path, key, value=value, ext=2)
    made = read_catalog(path)
    with fits.open(path) as hdus:
        for field in made.fields:
            expected = hdus[2].data[field.name].tolist()
            if field.name == "null":
                expected = [None if value == -1 else value for value in expected]
            assert made.column(field).to_pylist() == expected, field
    assert [field.name for field in made.fields] == [column.name for column in columns[:-1]]
    assert made.field("u64").dtype == "uint64"
    assert made.field("vector").dtype == "float32[3]"


def test_the_first_table_with_positions_is_taken(tmp_path: Path) -> None:
    tables = [
        fits.BinTableHDU.from_columns([fits.Column(name, "D", array=[1.0]) for name in pair]) for pair in ("ab", "lb")
    ]
    path = tmp_path / "t.fits"
    fits.HDUList([fits.PrimaryHDU(), *tables]).writeto(path)
    assert read_catalog(path).positions.frame == "galactic"
    fits.HDUList([fits.PrimaryHDU(), tables[0]]).writeto(path, overwrite=True)
    with pytest.raises(NoPositionsError, match="It has a, b"):
        read_catalog(path)
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(path, overwrite=True)
    with pytest.raises(NoPositionsError, match="no table"):
        read_catalog(path)


def test_a_truncated_fits_table_gives_the_rows_that_are_there(tmp_path: Path) -> None:
    content = fits_bytes(ra=("D", np.linspace(0, 300, 5000)), dec=("D", np.zeros(5000)))
    made = read(tmp_path, content[: 2880 * 2 + 2880 + 16 * 1000])
    assert 900 < made.count < 2000
    assert "truncated" in made.notes[0]
    np.testing.assert_array_equal(made.ra, np.linspace(0, 300, 5000)[: made.count])


def test_parquet_with_nested_and_odd_columns(tmp_path: Path) -> None:
    import datetime as dt
    import decimal

    made = read(
        tmp_path,
        parquet_bytes(
            inner=[{"a": 1, "b": [1, 2]}, None], ra=[1.0, 2.0], dec=[3.0, 4.0],
            when=[dt.datetime(2020, 1, 2, tzinfo=dt.UTC), None], price=[decimal.Decimal("1.50"), None],
            kind=pa.array(["a", "b"]).dictionary_encode(), raw=[b"abc", b"\xff"],
            nothing=pa.nulls(2), half=pa.array([1, 2], pa.float16()),
        ),
    )  # fmt: skip
    assert [field.dtype for field in made.fields][:3] == ["other", "float64", "float64"]
    values = {field.name: made.column(field).to_pylist() for field in made.fields}
    assert values["kind"] == ["a", "b"]
    assert values["price"] == [1.5, None]
    assert values["raw"] == ["abc", "�"]
    assert values["half"] == [1.0, 2.0]
    assert values["when"][0].startswith("2020-01-02")
    taken = made.take(made.fields, np.array([1, 0]))
    assert {name: column.to_pylist() for name, column in taken.items()} == {n: v[::-1] for n, v in values.items()}


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing", "empty", "unknown type"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    import os

    path = tmp_path / "thing.csv"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind != "missing":
        path.write_bytes(b"" if kind == "empty" else b"ra,dec\n1,2\n")
    with pytest.raises(FileError, match=r"thing.csv: ") as caught:
        read_catalog(path, file_type="doc" if kind == "unknown type" else None)
    assert str(tmp_path) not in caught.value.message


@pytest.mark.parametrize("value", [0, 0x15, 0x80])
def test_any_byte_of_parquet_metadata_may_be_wrong(tmp_path: Path, value: int) -> None:
    """Some of these bytes once ended the process: facts of column chunks are not safe to ask for."""
    content = SOUND["parquet"]
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    refused = 0
    for place in range(footer, len(content)):
        changed = content[:place] + bytes([value]) + content[place + 1 :]
        refused += told(tmp_path, changed) != ""
    assert refused > 50


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"7z\xbc\xaf" + bytes(40), "unpack it, or use gzip, bzip2, xz, zstd or zip"),
        (zipped(b"ra,dec\n1,2\n", "a.csv", "b.csv"), "there are 2 files in it: unpack it"),
        (zipped(b"", "other/"), "there are 0 files in it: unpack it"),
        ("ra,dec\n1,2\n".encode("utf-16"), "save it as UTF-8"),
    ],
    ids=["7z", "zip of two", "zip of none", "utf-16"],
)
def test_what_is_packed_or_written_otherwise_is_told_with_a_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in told(tmp_path, content, "stars.csv")
