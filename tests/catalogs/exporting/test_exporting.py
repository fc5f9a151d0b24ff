"""Rows written as CSV, VOTable and FITS, read back by astropy."""

from __future__ import annotations

import io
import math

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.io.votable import parse, validate
from astropy.table import Table

from armillary.catalogs.exporting.writers import FORMS, form_of, writer_of, writing
from armillary.errors import LimitError, ParameterError


def everything():
    return pa.table(
        {
            "ra": pa.array([10.25, 1e-300, None, math.nan]),
            "dec": pa.array([-5.5, 89.0, 0.0, 1.0]),
            "f4": pa.array([1.5, -math.inf, math.inf, None], pa.float32()),
            "u1": pa.array([0, 255, None, 7], pa.uint8()),
            "i1": pa.array([-128, 127, 0, 1], pa.int8()),
            "i2": pa.array([-32768, 32767, None, 0], pa.int16()),
            "u2": pa.array([0, 65535, 1, 2], pa.uint16()),
            "i4": pa.array([-(1 << 31), (1 << 31) - 1, None, 0], pa.int32()),
            "u4": pa.array([0, (1 << 32) - 1, 1, 2], pa.uint32()),
            "i8": pa.array([-(1 << 62), (1 << 53) + 1, None, 0], pa.int64()),
            "u8": pa.array([0, (1 << 64) - 1, 1, 2], pa.uint64()),
            "b": pa.array([True, False, None, True]),
            "t": pa.array(["a<b>&\"'", "", None, "]]> \x07"]),
            "d": pa.array(["x", "y", None, "x"]).dictionary_encode(),
            "l": pa.array([[1.5, 2.5], [], None, [3.5]], pa.list_(pa.float64())),
            "v": pa.array([[1, 2], [3, 4], [5, 6], [7, 8]], pa.list_(pa.int32(), 2)),
            "n": pa.array([{"a": 1}, None, {"a": 2}, {"a": 3}]),
            "when": pa.array([0, 1, None, 2], pa.timestamp("s")),
        }
    )


def written(form, table, parts=2):
    out = io.BytesIO()
    writer = writer_of(form, out, table.schema, ("ra", "dec"))
    step = -(-len(table) // parts) or 1
    for start in range(0, len(table), step):
        writer.write(table.slice(start, step))
    writer.close()
    return out.getvalue()


@pytest.mark.filterwarnings("ignore:Column 'b' contains NULL")
def test_fits_holds_every_value(tmp_path):
    table = everything()
    data = written("fits", table)
    assert len(data) % 2880 == 0
    with fits.open(io.BytesIO(data)) as units:
        units.verify("exception")
        assert units[1].header["RADESYS"] == "ICRS"
        assert units[1].columns["ra"].unit == "deg"
    found = Table.read(io.BytesIO(data), format="fits")
    for name in ("u1", "i2", "i4", "i8"):
        assert found[name].tolist() == table[name].to_pylist(), name
    for name in ("i1", "u2", "u4", "u8"):
        assert found[name].tolist() == table[name].to_pylist(), name
    for name in ("ra", "f4"):
        assert np.array_equal(np.ma.filled(found[name], np.nan), table[name].to_numpy(), equal_nan=True), name
    assert found["v"].tolist() == table["v"].to_pylist()
    assert [np.asarray(cell).tolist() for cell in found["l"]] == [[1.5, 2.5], [], [], [3.5]]
    assert np.ma.filled(found["t"].astype(str), "").tolist()[0] == "a<b>&\"'"
    assert found["n"][0] == '{"a": 1}'


def test_votable_holds_every_value(tmp_path):
    table = everything()
    file = tmp_path / "all.vot"
    file.write_bytes(written("votable", table))
    assert validate(file, output=io.StringIO())
    first = parse(file, verify="exception").get_first_table()
    assert first.get_field_by_id_or_name("ra").ucd == "pos.eq.ra;meta.main"
    found = first.to_table()
    for name in ("u1", "i1", "i2", "u2", "i4", "u4", "i8"):
        assert found[name].tolist() == table[name].to_pylist(), name
    for name in ("ra", "f4"):
        assert np.array_equal(np.ma.filled(found[name], np.nan), table[name].to_numpy(), equal_nan=True), name
    assert found["u8"].tolist()[1] == str((1 << 64) - 1)
    assert found["t"].tolist()[0] == "a<b>&\"'"
    assert found["t"].tolist()[3].strip() == "]]>"
    assert found["b"].tolist() == [True, False, None, True]
    assert [np.asarray(cell).tolist() for cell in found["l"]][::3] == [[1.5, 2.5], [3.5]]
    assert found["v"].tolist() == table["v"].to_pylist()


@pytest.mark.filterwarnings("ignore:OverflowError converting to IntType in column u8")
def test_csv_holds_every_value():
    table = everything()
    found = Table.read(written("csv", table).decode(), format="ascii.csv")
    for name in ("u1", "i1", "i2", "u2", "i4", "u4", "i8"):
        assert found[name].tolist() == table[name].to_pylist(), name
    assert found["ra"].tolist()[:3] == [10.25, 1e-300, None]
    assert found["l"].tolist()[0] == "[1.5, 2.5]"


@pytest.mark.parametrize("form", FORMS)
def test_tables_without_rows_are_tables(form):
    empty = everything().slice(0, 0)
    data = written(form, empty)
    if form == "fits":
        assert len(Table.read(io.BytesIO(data), format="fits")) == 0
    elif form == "votable":
        assert len(parse(io.BytesIO(data)).get_first_table().to_table()) == 0
    elif form == "csv":
        assert data.decode().splitlines()[0].startswith('"ra"')


def test_what_fails_leaves_no_file(tmp_path):
    table = everything()
    with pytest.raises(ValueError), writing(tmp_path / "x.csv", table.schema) as writer:
        writer.write(table.select(["ra"]))
    assert list(tmp_path.iterdir()) == []


def test_forms_are_known_by_names(tmp_path):
    assert form_of("a.b/c.FITS") == "fits"
    assert form_of("x", "csv") == "csv"
    with pytest.raises(ParameterError, match="votable"):
        form_of("x.doc")


def test_fits_refuses_too_many_columns():
    many = pa.table({f"c{number}": [1] for number in range(1000)})
    with pytest.raises(LimitError, match="999"):
        writer_of("fits", io.BytesIO(), many.schema)


NAMES = ["", "größe", "gräße", "x" * 70, "x" * 71, "it's", "tab\tnl\n", "'" * 60]


@pytest.mark.filterwarnings("ignore:It is strongly recommended")
@pytest.mark.parametrize("form", ["fits", "votable"])
def test_names_that_a_form_does_not_know_are_others_each_once(form):
    out = io.BytesIO()
    table = pa.table([[number] for number in range(len(NAMES))], names=NAMES)
    writer = writer_of(form, out, table.schema)
    writer.write(table)
    writer.close()
    out.seek(0)
    found = Table.read(out, format=form)
    assert list(found[0]) == list(range(len(NAMES)))
    assert len(set(found.colnames)) == len(NAMES)
    assert all(found.colnames)


@pytest.mark.parametrize("form", ["fits", "votable"])
def test_units_are_kept(form):
    out = io.BytesIO()
    words = [{"unit": "Jy", "ucd": "phot.flux"}, {"unit": "rad"}, {}, {"unit": "\x01"}]
    fields = [pa.field(name, pa.float64(), metadata=known) for name, known in zip("fasr", words, strict=True)]
    table = pa.table([[1.0]] * 4, schema=pa.schema(fields))
    writer = writer_of(form, out, table.schema, ("a", "s"))
    writer.write(table)
    writer.close()
    out.seek(0)
    found = Table.read(out, format=form)
    assert [str(found[name].unit) for name in "fasr"] == ["Jy", "deg", "deg", "None"]
    if form == "votable":
        assert found["f"].meta["ucd"] == "phot.flux"
