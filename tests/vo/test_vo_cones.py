"""Cone searches: which rows, which columns; against astropy."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import SkyCoord, angular_separation
from astropy.io import votable as oracle
from conftest_xsd import children, valid
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.cones import rows_within
from armillary.catalogs.fields import Field as Column
from armillary.catalogs.table import MemoryTable
from armillary.errors import ParameterError
from armillary.vo import scs
from armillary.vo.parameters import Parameters
from armillary.vo.scs import ConeTable, parse
from armillary.vo.votable import to_bytes


def catalog_of(words: dict[str, Column] | None = None, **columns) -> Catalog:
    return Catalog(MemoryTable("t.csv", {name: pa.array(values) for name, values in columns.items()}, words))


def sky(count: int, seed: int) -> Catalog:
    """Sources all over the sky, and crowds about both poles and RA 0."""
    random = np.random.default_rng(seed)
    ra = np.concatenate(
        [random.uniform(0, 360, count), random.normal(0, 0.01, count) % 360, random.uniform(0, 360, count)]
    )
    dec = np.degrees(np.arcsin(random.uniform(-1, 1, count)))
    pole = np.where(np.arange(count) % 2, 1, -1) * (90 - np.abs(random.normal(0, 0.01, count)))
    return catalog_of(ra=ra, dec=np.concatenate([dec, random.normal(0, 0.01, count), pole]))


SKY = sky(3000, 5)


def separations(catalog: Catalog, ra: float, dec: float) -> np.ndarray:
    place = (np.radians(ra), np.radians(dec), np.radians(catalog.ra), np.radians(catalog.dec))
    return np.degrees(angular_separation(*place))


PLACES = st.one_of(
    st.tuples(st.floats(0, 360), st.floats(-90, 90)),
    st.tuples(st.sampled_from([0.0, 360.0, 1e-9, 359.999999]), st.floats(-0.02, 0.02)),
    st.tuples(st.floats(0, 360), st.sampled_from([90.0, -90.0, 89.999, -89.999])),
)
RADII = st.one_of(st.floats(1e-7, 180), st.floats(1e-5, 0.05), st.sampled_from([180.0, 90.0, 179.999]))


@given(PLACES, RADII)
def test_rows_are_those_within_the_great_circle(place, radius: float) -> None:
    found, total = rows_within(SKY, *place, radius, 10**6)
    away = separations(SKY, *place)
    # Where digits end both answers are right.
    sure, perhaps = np.flatnonzero(away < radius - 1e-9), np.flatnonzero(away <= radius + 1e-9)
    assert set(sure) <= set(found.tolist()) <= set(perhaps.tolist())
    assert total == len(found)
    assert np.all(np.diff(found) > 0)


@given(PLACES, RADII, st.integers(0, 50))
def test_no_more_rows_than_wanted(place, radius: float, most: int) -> None:
    found, total = rows_within(SKY, *place, radius, most)
    whole, all_of_them = rows_within(SKY, *place, radius, 10**6)
    assert total == all_of_them
    assert len(found) == min(most, total)
    assert set(found.tolist()) <= set(whole.tolist())


def test_rows_without_a_place_are_never_found() -> None:
    catalog = catalog_of(ra=[1.0, math.nan, None, 2.0], dec=[1.0, 1.0, 1.0, 95.0])
    found, total = rows_within(catalog, 0.0, 0.0, 180.0, 10)
    assert (found.tolist(), total) == ([0], 1)


GOOD = {"RA": "10", "DEC": "-5", "SR": "0.5"}


def query(**more: str):
    return parse(Parameters((GOOD | more).items()))


def test_what_is_asked() -> None:
    asked = query()
    assert (asked.ra_deg, asked.dec_deg, asked.radius_deg, asked.verbosity) == (10.0, -5.0, 0.5, 2)
    assert query(RA="-10").ra_deg == 350.0
    assert query(RA="360").ra_deg == 0.0
    assert query(SR="0").radius_deg == 0.0
    assert query(SOMETHING="else", VERB="1").verbosity == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"RA": "x"}, {"RA": "361"}, {"RA": "nan"}, {"RA": "inf"}, {"RA": "10:20:30"}, {"RA": ""},
        {"DEC": "90.1"}, {"DEC": "-91"}, {"DEC": "north"}, {"SR": "-1"}, {"SR": "181"}, {"SR": "nan"}, {"SR": ""},
        {"VERB": "0"}, {"VERB": "4"}, {"VERB": "1.5"}, {"VERB": "all"}, {"VERB": ""},
    ],
)  # fmt: skip
def test_bad_values_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ParameterError, match=f"^{next(iter(wrong))}: "):
        query(**wrong)


@pytest.mark.parametrize("name", ["RA", "DEC", "SR"])
def test_all_three_are_needed(name: str) -> None:
    pairs = [pair for pair in GOOD.items() if pair[0] != name]
    with pytest.raises(ParameterError, match=f"^{name}: is needed"):
        parse(Parameters(pairs))


def read(document: bytes):
    valid(document)
    with warnings.catch_warnings():
        # Units and UCDs are the file's, and not for us to judge.
        warnings.simplefilter("ignore", (oracle.exceptions.W50, oracle.exceptions.W06))
        return oracle.parse(io.BytesIO(document), verify="ignore").get_first_table()


def document_of(catalog: Catalog, verbosity: int = 3, rows=None) -> bytes:
    wanted = np.arange(catalog.count) if rows is None else np.array(rows)
    return to_bytes(ConeTable(catalog, verbosity).document("Name", "Words", wanted))


def main_fields(document: bytes) -> list[str]:
    """Names of the three columns that the standard wants; each is there once."""
    fields = children(valid(document), "RESOURCE/TABLE/FIELD")
    found = []
    for ucd, datatype in (("ID_MAIN", "char"), ("POS_EQ_RA_MAIN", "double"), ("POS_EQ_DEC_MAIN", "double")):
        (one,) = [field for field in fields if field.get("ucd") == ucd]
        assert one.get("datatype") == datatype
        found.append(one.get("name"))
    return found


def test_own_columns_are_taken_where_they_are_what_is_wanted() -> None:
    words = {"ra": Column("ra", "", "deg", "pos.eq.ra;meta.main", "Where"), "dec": Column("dec", "", "deg")}
    catalog = catalog_of(words, name=["a", None, "ä"], ra=[1.0, 2.0, 3.0], dec=[4.0, 5.0, 6.0], mag=[7.0, None, 9.0])
    document = document_of(catalog)
    assert main_fields(document) == ["name", "ra", "dec"]
    table = read(document).array
    assert table["ra"].tolist() == [1.0, 2.0, 3.0]
    # A row without a name has its number; letters outside ASCII cannot be told in a name.
    assert table["name"].tolist() == ["a", "1", "?"]
    assert np.ma.is_masked(table["mag"][1])
    ra = children(valid(document), "RESOURCE/TABLE/FIELD")[1]
    assert children(ra, "DESCRIPTION")[0].text == "Where"
    assert ra.get("unit") == "deg"
    (system,) = children(valid(document), "RESOURCE/COOSYS")
    assert (system.get("system"), ra.get("ref")) == ("ICRS", system.get("ID"))


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"glon": [10.0, 350.0], "glat": [5.0, -60.0]}, {}),
        ({"RA_hours": [1.0, 23.5], "DEC_deg": [5.0, -60.0]}, {"RA_hours": Column("RA_hours", "", "h")}),
        ({"ra": ["01:02:03", "23 59 59.9"], "dec": ["-10:20:30", "+89 59 59"]}, {}),
        ({"ra": np.array([1.5, 2.5], np.float32), "dec": np.array([1.5, 2.5], np.float32)}, {}),
        ({"ra": [0.1, 0.2], "dec": [0.3, 0.4]}, {n: Column(n, "", "rad") for n in ("ra", "dec")}),
        ({"RAB1950": [10.0, 350.0], "DEB1950": [5.0, -60.0]}, {}),
    ],
)
def test_other_positions_are_made_icrs_degrees(columns, words) -> None:
    catalog = catalog_of(words, **columns)
    document = document_of(catalog)
    made_id, ra, dec = main_fields(document)
    assert (made_id, ra, dec) == ("row_number", "ra_icrs", "dec_icrs")
    table = read(document).array
    np.testing.assert_array_equal(table[ra], catalog.ra)
    np.testing.assert_array_equal(table[dec], catalog.dec)
    assert table[made_id].tolist() == ["0", "1"]
    assert set(columns) < set(table.dtype.names)


def test_galactic_positions_are_those_of_astropy() -> None:
    lon, lat = [10.0, 350.0, 123.4], [5.0, -60.0, 89.9]
    table = read(document_of(catalog_of(glon=lon, glat=lat))).array
    expected = SkyCoord(lon * u.deg, lat * u.deg, frame="galactic").icrs
    found = SkyCoord(table["ra_icrs"] * u.deg, table["dec_icrs"] * u.deg)
    assert found.separation(expected).arcsec.max() < 1e-6


def test_names_that_are_made_are_free() -> None:
    catalog = catalog_of(glon=[1.0], glat=[2.0], RA_ICRS=["x"], ra_icrs_2=["y"], Row_Number=[1.5])
    assert main_fields(document_of(catalog)) == ["row_number_2", "ra_icrs_3", "dec_icrs"]


def test_old_ucds_of_others_are_left_out() -> None:
    words = {
        "id": Column("id", "", "", "ID_MAIN"), "other": Column("other", "", "", "ID_MAIN"),
        "ra": Column("ra", "", "deg", "POS_EQ_RA_MAIN"), "dec": Column("dec", "", "deg", "POS_EQ_DEC_MAIN"),
        "ra2": Column("ra2", "", "deg", "pos_eq_ra_main"), "bad": Column("bad", "", "", "what ever/%"),
    }  # fmt: skip
    catalog = catalog_of(words, id=["a"], other=["b"], ra=[1.0], dec=[2.0], ra2=[3.0], bad=[4])
    document = document_of(catalog)
    assert main_fields(document) == ["id", "ra", "dec"]
    ucds = [field.get("ucd") for field in children(valid(document), "RESOURCE/TABLE/FIELD")]
    assert sorted(filter(None, ucds)) == ["ID_MAIN", "POS_EQ_DEC_MAIN", "POS_EQ_RA_MAIN"]


def test_columns_by_verbosity() -> None:
    more = {f"c{k}": [float(k)] for k in range(30)}
    catalog = catalog_of(
        name=["a"], ra=[1.0], dec=[2.0], pair=pa.array([[1.0, 2.0]], pa.list_(pa.float64(), 2)), **more
    )
    names = {
        verbosity: [
            field.get("name") for field in children(valid(document_of(catalog, verbosity)), "RESOURCE/TABLE/FIELD")
        ]
        for verbosity in (1, 2, 3)
    }
    assert names[1] == ["name", "ra", "dec"]
    assert names[2] == ["name", "ra", "dec", *[f"c{k}" for k in range(20)]]
    assert set(names[3]) == {field.name for field in catalog.fields}


def test_every_type_of_column() -> None:
    columns = {
        "ra": [1.0, 2.0], "dec": [1.0, 2.0],
        "f4": pa.array([0.1, None], pa.float32()), "f2": pa.array(np.array([0.5, 1.5], np.float16)),
        "b": [True, None], "u1": pa.array([255, None], pa.uint8()), "i1": pa.array([-128, None], pa.int8()),
        "i2": pa.array([-(2**15), None], pa.int16()), "u2": pa.array([2**16 - 1, None], pa.uint16()),
        "i4": pa.array([-(2**31), None], pa.int32()), "u4": pa.array([2**32 - 1, None], pa.uint32()),
        "i8": pa.array([-(2**63), None], pa.int64()), "u8": pa.array([2**64 - 1, None], pa.uint64()),
        "t": ["α", None], "a": pa.array([[1.5, None], None], pa.list_(pa.float64(), 2)),
        "v": pa.array([[1, None, 3], []], pa.list_(pa.int32())),
        "w": pa.array([["x", "y"], None], pa.list_(pa.string())),
    }  # fmt: skip
    found = read(document_of(catalog_of(**columns)))
    types = {field.name: (field.datatype, field.arraysize) for field in found.fields}
    assert types["f4"] == ("float", None)
    assert types["b"] == ("boolean", None)
    assert [types[name][0] for name in ("u1", "i1", "i2", "u2", "i4", "u4", "i8")] == [
        "unsignedByte", "short", "short", "int", "int", "long", "long",
    ]  # fmt: skip
    assert types["u8"] == ("char", "*")
    assert types["t"] == ("unicodeChar", "*")
    assert types["a"] == ("double", "2")
    assert types["v"] == ("int", "*")
    assert types["w"] == ("char", "*")
    first, second = found.array
    assert first["f4"] == np.float32(0.1)
    assert bool(first["b"])
    whole = {"u1": 255, "i1": -128, "i2": -(2**15), "u2": 2**16 - 1, "i4": -(2**31), "u4": 2**32 - 1, "i8": -(2**63)}
    for name, value in whole.items():
        assert first[name] == value, name
        assert np.ma.is_masked(second[name]), name
    assert first["u8"] == str(2**64 - 1)
    assert first["t"] == "α"
    assert first["a"][0] == 1.5
    assert first["v"].tolist() == [1, None, 3]
    assert first["w"] == '["x", "y"]'


def test_many_rows_are_read_as_they_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scs, "ROWS_AT_ONCE", 10)
    count = 95
    catalog = catalog_of(
        name=[f"n{k}" for k in range(count)], ra=np.arange(count) / 2, dec=np.zeros(count), t=["x"] * count
    )
    taken: list[int] = []
    real_take = catalog.take
    monkeypatch.setattr(catalog, "take", lambda fields, rows: taken.append(len(rows)) or real_take(fields, rows))
    table = read(document_of(catalog))
    assert taken == [10] * 9 + [5]
    assert table.array["name"].tolist() == [f"n{k}" for k in range(count)]
    types = {field.name: field.datatype for field in table.fields}
    assert (types["name"], types["t"]) == ("char", "unicodeChar")


def test_an_error_is_where_the_standard_wants_it() -> None:
    root = valid(scs.error_votable("RA: 'x' is\nno <number>."))
    (info,) = [one for one in children(root, "INFO") if one.get("name") == "Error"]
    assert info.get("value") == "RA: 'x' is no <number>."
    assert children(root, "RESOURCE/TABLE") == []


def test_real_catalogs_become_sound_documents(real_data: Path) -> None:
    from armillary.catalogs.reading import read_catalog
    from armillary.errors import FileError

    seen = 0
    for file in sorted((*real_data.rglob("*.csv"), *real_data.rglob("*.vot"), *real_data.rglob("*.parquet"))):
        try:
            catalog = read_catalog(str(file))
        except FileError:
            continue
        seen += 1
        document = document_of(catalog, 3, range(min(catalog.count, 200)))
        main_fields(document)
        assert len(read(document).array) == min(catalog.count, 200)
    assert seen
