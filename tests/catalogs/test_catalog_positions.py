"""Positions of tables: which columns they are, and what becomes of their values."""

from __future__ import annotations

import astropy.units as u
import numpy as np
import pyarrow as pa
import pytest
from astropy.coordinates import Angle, SkyCoord
from hypothesis import given
from hypothesis import strategies as st

from armillary.catalogs.angles import text_degrees
from armillary.catalogs.catalog import Catalog
from armillary.catalogs.fields import Field
from armillary.catalogs.formats.json_table import array_of
from armillary.catalogs.positions import find_name, find_positions
from armillary.catalogs.table import MemoryTable
from armillary.errors import NoPositionsError


def fields(*names: str) -> list[Field]:
    """Fields by ``name``, or ``name:ucd``."""
    return [Field(*name.partition(":")[::2][:1], "float64", "", name.partition(":")[2]) for name in names]


def catalog(frame: str = "", units: dict[str, str] | None = None, **columns: list) -> Catalog:
    words = {name: Field(name, "", unit) for name, unit in (units or {}).items()}
    return Catalog(MemoryTable("t", {name: array_of(values) for name, values in columns.items()}, words, frame=frame))


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("id", "ra", "dec"), ("ra", "dec", "icrs")),
        (("RA", "DEC"), ("RA", "DEC", "icrs")),
        (("RAJ2000", "DEJ2000"), ("RAJ2000", "DEJ2000", "icrs")),
        (("_RAJ2000", "_DEJ2000", "z"), ("_RAJ2000", "_DEJ2000", "icrs")),
        (("ALPHA_J2000", "DELTA_J2000"), ("ALPHA_J2000", "DELTA_J2000", "icrs")),
        (("RA_ICRS", "DE_ICRS", "RAJ2000", "DEJ2000"), ("RA_ICRS", "DE_ICRS", "icrs")),
        (("Right_Ascension", "Declination"), ("Right_Ascension", "Declination", "icrs")),
        (("RA (deg)", "Dec (deg)"), ("RA (deg)", "Dec (deg)", "icrs")),
        (("ra[deg]", "dec[deg]"), ("ra[deg]", "dec[deg]", "icrs")),
        (("l", "b"), ("l", "b", "galactic")),
        (("GLON", "GLAT"), ("GLON", "GLAT", "galactic")),
        (("elon", "elat"), ("elon", "elat", "ecliptic")),
        (("lon", "lat"), ("lon", "lat", "icrs")),
        (("RAB1950", "DEB1950"), ("RAB1950", "DEB1950", "fk4")),
        (("source_ra", "source_dec"), ("source_ra", "source_dec", "icrs")),
        (("pmra", "pmdec", "ra_error", "dec_error", "RA_2", "DEC_2"), ("RA_2", "DEC_2", "icrs")),
        (("ra", "dec", "a:pos.eq.ra;meta.main", "d:pos.eq.dec;meta.main"), ("a", "d", "icrs")),
        (("ra:stat.error;pos.eq.ra", "dec:stat.error;pos.eq.dec", "x:pos.eq.ra", "y:pos.eq.dec"), ("x", "y", "icrs")),
        (("x:POS_EQ_RA_MAIN", "y:POS_EQ_DEC_MAIN"), ("x", "y", "icrs")),
        (("x:pos.galactic.lon", "y:pos.galactic.lat"), ("x", "y", "galactic")),
        (("x:pos.eq.ra", "y:pos.eq.dec", "x2:pos.eq.ra", "y2:pos.eq.dec", "ra", "dec"), ("ra", "dec", "icrs")),
    ],
)
def test_positions_are_recognised(names: tuple[str, ...], found: tuple[str, str, str]) -> None:
    columns = find_positions("t", fields(*names))
    assert (columns.lon.name, columns.lat.name, columns.frame) == found


def test_given_names_come_first() -> None:
    columns = find_positions("t", fields("ra", "dec", "X", "y"), "x", "y")
    assert (columns.lon.name, columns.lat.name) == ("X", "y")
    assert find_positions("t", fields("ra", "dec", "l", "b"), "l", "b").frame == "galactic"


@pytest.mark.parametrize("names", [("pmra", "pmdec"), ("ra_err", "dec_err"), ("a", "b"), ("ra",), ("x", "y"), ()])
def test_nothing_is_guessed(names: tuple[str, ...]) -> None:
    with pytest.raises(NoPositionsError, match=r"[Ii]t has"):
        find_positions("t", fields(*names))


def test_messages_list_the_columns_but_not_thousands() -> None:
    with pytest.raises(NoPositionsError, match=r"a0, a1.* and 970 more") as caught:
        find_positions("t", fields(*(f"a{k}" for k in range(1000))))
    assert len(caught.value.message) < 400
    with pytest.raises(NoPositionsError, match="no column 'nix': it has ra, dec"):
        find_positions("t", fields("ra", "dec"), "ra", "nix")
    with pytest.raises(NoPositionsError, match="both"):
        find_positions("t", fields("ra", "dec"), "ra")
    with pytest.raises(NoPositionsError, match=r"holds float64\[3\]"):
        find_positions("t", [Field("ra", "float64[3]"), Field("dec", "float64")], "ra", "dec")


def test_names_are_found() -> None:
    def name(*listed: Field) -> str | None:
        found = find_name(listed)
        return None if found is None else found.name

    assert name(Field("z", "text"), Field("Name", "text")) == "Name"
    assert name(Field("id", "int64"), Field("x", "text", ucd="meta.id;meta.main")) == "x"
    assert name(Field("id", "float64"), Field("source_id", "int64")) == "source_id"
    assert name(Field("mag", "float64"), Field("comment", "text")) is None
    with pytest.raises(NoPositionsError, match="nix"):
        find_name(fields("a"), "nix")


def test_bad_positions_are_counted_and_not_placed() -> None:
    inf, nan = float("inf"), float("nan")
    columns = {
        "ra": [1.0, None, nan, inf, 5.0, 6.0, -1.0, 361.0, 720.5],
        "dec": [2.0, 3.0, 4.0, 5.0, 90.1, None, -90.0, 90.0, 0.0],
    }
    made = catalog(**columns)
    assert (made.skipped.missing, made.skipped.not_finite, made.skipped.out_of_range) == (2, 2, 1)
    assert made.count == 9
    assert sorted(made.index.rows.tolist()) == [0, 6, 7, 8]
    np.testing.assert_array_equal(made.ra, [1, nan, nan, nan, nan, nan, 359, 1, 0.5])
    assert np.isnan(made.dec[[1, 2, 3, 4, 5]]).all()


def test_tiny_negative_longitudes_stay_below_360() -> None:
    made = catalog(ra=[-1e-16, -1e-300, 360.0], dec=[0.0, 1.0, 2.0])
    assert made.ra.tolist() == [0.0, 0.0, 0.0]
    assert len(made.index) == 3


@pytest.mark.parametrize(
    ("unit", "factor"), [("rad", 57.29577951308232), ("hour", 15.0), ("arcsec", 1 / 3600), ("deg", 1.0)]
)
def test_units(unit: str, factor: float) -> None:
    made = catalog(units={"ra": unit, "dec": "deg"}, ra=[0.5, 1.25], dec=[1.0, 2.0])
    np.testing.assert_allclose(made.ra, [0.5 * factor, 1.25 * factor])


@pytest.mark.parametrize(
    ("names", "frame"),
    [(("l", "b"), "galactic"), (("sgl", "sgb"), "supergalactic"), (("elon", "elat"), "barycentricmeanecliptic")],
)
def test_frames_are_turned_as_astropy_does(names: tuple[str, str], frame: str) -> None:
    rng = np.random.default_rng(3)
    lon, lat = rng.uniform(0, 360, 500), rng.uniform(-90, 90, 500)
    made = catalog(**{names[0]: lon.tolist(), names[1]: lat.tolist()})
    expected = SkyCoord(lon, lat, unit="deg", frame=frame).icrs
    assert SkyCoord(made.ra, made.dec, unit="deg").separation(expected).arcsec.max() < 1e-3


def test_a_file_may_say_its_frame() -> None:
    made = catalog("fk4", ra=[10.0], dec=[20.0])
    expected = SkyCoord(10, 20, unit="deg", frame="fk4").icrs
    assert SkyCoord(made.ra, made.dec, unit="deg").separation(expected).arcsec.max() < 0.01


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        ("10:20:30.5", "-10:20:30.5"), ("10 20 30.5", "+10 20 30.5"), ("10h20m30.5s", "-00d00m30.5s"),
        ("10h 20m 30.5s", "10° 20′ 30.5″"), ("10:20.5", "-10:20.5"), ("0:0:0", "-0:0:1"),
        ("23:59:59.999", "89:59:59.999"),
    ],
)  # fmt: skip
def test_sexagesimal_text_as_astropy_reads_it(ra: str, dec: str) -> None:
    made = catalog(ra=[ra], dec=[dec])
    plain = str.maketrans({"°": "d", "′": "m", "″": "s"})
    assert made.ra[0] == pytest.approx(Angle(ra.translate(plain), u.hourangle).deg % 360, abs=1e-12)
    assert made.dec[0] == pytest.approx(Angle(dec.translate(plain), u.deg).deg, abs=1e-12)


@given(st.integers(0, 359), st.integers(0, 59), st.integers(0, 59_999), st.booleans(), st.sampled_from([":", " ", "d"]))
def test_sexagesimal_degrees(whole: int, minutes: int, milli: int, negative: bool, mark: str) -> None:
    text = f"{'-' if negative else ''}{whole}{mark}{minutes:02d}{'m' if mark == 'd' else mark}{milli / 1000:06.3f}"
    expected = (whole + minutes / 60 + milli / 3.6e6) * (-1 if negative else 1)
    assert text_degrees(pa.array([text]), 1.0, hours=False)[0] == pytest.approx(expected, abs=1e-10)


@given(st.lists(st.text(max_size=20), max_size=20))
def test_any_text_is_a_number_or_missing(texts: list[str]) -> None:
    values = text_degrees(pa.array(texts, pa.string()), 1.0, hours=True)
    assert len(values) == len(texts)
    for text, value in zip(texts, values.tolist(), strict=True):
        assert np.isnan(value) or any(letter.isdigit() for letter in text)


def test_text_that_is_no_angle_is_missing() -> None:
    made = catalog(ra=["10:61:00", "abc", "1.5", "", None, "12", "4-5"], dec=["1", "2", "3", "4", "5", "-91", "1"])
    assert made.skipped.missing == 5
    assert made.skipped.out_of_range == 1
    assert made.ra[2] == 1.5


def test_the_middle_of_a_catalog_across_the_meridian_and_of_none() -> None:
    center = catalog(ra=[359.0, 1.0], dec=[0.0, 0.0]).center
    assert center is not None
    assert (center[0] + 180) % 360 == pytest.approx(180, abs=1e-9)
    assert center[1] == pytest.approx(0, abs=1e-9)
    assert catalog(ra=[None], dec=[None]).center is None
    assert catalog(ra=[0.0, 180.0], dec=[0.0, 0.0]).center is None
