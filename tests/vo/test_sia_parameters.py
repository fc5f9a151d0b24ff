"""Parameters of SIA 2.0 and 1.0, and the columns of their answers."""

from __future__ import annotations

import math

import pytest
from conftest_xsd import children, valid
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.errors import LimitError, ParameterError, UsageError
from armillary.sky.regions import Circle, Polygon, Range
from armillary.vo import obscore, sia1, sia2
from armillary.vo.parameters import MultiValuedParamError, Parameters
from armillary.vo.votable import to_bytes

INF = math.inf


def two(*pairs):
    return sia2.parse(Parameters(pairs), "armillary.local")


def one(*pairs):
    return sia1.parse(Parameters(pairs))


def test_nothing_is_everything() -> None:
    assert two() == sia2.Sia2Query()


def test_every_parameter_and_any_case_of_its_name() -> None:
    query = two(
        ("pos", "CIRCLE 10 20 0.5"),
        ("Pos", "RANGE 350 10 -Inf +Inf"),
        ("POS", "POLYGON 0 0 1 0 1 1"),
        ("BAND", "5e-7"),
        ("BAND", "-Inf 1e-6"),
        ("TIME", "55000 +Inf"),
        ("POL", "I"),
        ("POL", "POLI"),
        ("FOV", "0.1 1"),
        ("SPATRES", "0.2"),
        ("SPECRP", "1000 +Inf"),
        ("EXPTIME", "10 20"),
        ("TIMERES", "-Inf 1"),
        ("ID", "ivo://armillary.local/data?m31%2Fa"),
        ("ID", "IVO://ARMILLARY.LOCAL/data?x"),
        ("ID", "ivo://other/data?x"),
        ("COLLECTION", "DR1"),
        ("FACILITY", "ACT"),
        ("INSTRUMENT", "AdvACT"),
        ("DPTYPE", "cube"),
        ("CALIB", "2"),
        ("CALIB", "3"),
        ("TARGET", "M 31"),
        ("MAXREC", "17"),
        ("UNKNOWN", "ignored"),
    )
    assert [type(region) for region in query.regions] == [Circle, Range, Polygon]
    assert query.bands_m == ((5e-7, 5e-7), (-INF, 1e-6))
    assert (query.times_mjd, query.pols) == (((55000.0, INF),), ("I", "POLI"))
    assert (query.fovs_deg, query.resolutions_arcsec, query.powers) == (((0.1, 1.0),), ((0.2, 0.2),), ((1000.0, INF),))
    assert (query.exposures_s, query.time_resolutions_s) == (((10.0, 20.0),), ((-INF, 1.0),))
    assert query.ids == ("m31/a", "x", "ivo://other/data?x")
    assert (query.collections, query.facilities, query.instruments) == (("DR1",), ("ACT",), ("AdvACT",))
    assert (query.types, query.levels, query.targets, query.most) == (("cube",), (2, 3), ("M 31",), 17)
    assert query.format == sia2.DATALINK


@pytest.mark.parametrize(
    ("given", "form"),
    [
        ([], sia2.DATALINK),
        (["application/x-votable+xml;content=datalink"], sia2.DATALINK),
        (["application/x-votable+xml; content=datalink"], sia2.DATALINK),
        (["image/fits"], "image/fits"),
        (["application/fits"], "application/fits"),
        (["image/fits", "application/x-votable+xml;content=datalink"], sia2.DATALINK),
        (["image/png"], None),
        ([""], None),
    ],
)
def test_formats(given, form) -> None:
    assert two(*(("FORMAT", value) for value in given)).format == form


BAD = {
    "POS": ["", "CIRCLE",  "CIRCLE 1 2", "CIRCLE 1 2 -3", "CIRCLE 1 91 1", "CIRCLE NaN 0 1", "RANGE 1 2 3",
            "BOX 1 2 3 4",
            "POLYGON 1 2 3 4", "POLYGON 1 2 3 4 5", "POLYGON 0 0 1 0 2 0", "POLYGON 0 0 1 1 1 0 0 1", "1 2 3",
            "CIRCLE 1 2 181", "RANGE 0 1 5 4", "CIRCLE 1e400 0 1", "CIRCLE 1 2 3 4", "circle", "POLYGON 0 0 0 0 0 0"],
    "BAND": ["", "x", "NaN", "1 2 3", "2 1", "1,2", "1e400", "Inf Inf", "0x10", "١"],
    "TIME": ["", "2024-01-01", "NaN 1", "2 1"],
    "POL": ["", "i", "X", "I,Q", "/I/"],
    "FOV": ["", "x", "1 2 3", "NaN"],
    "SPATRES": ["", "x"],
    "SPECRP": ["", "x"],
    "EXPTIME": ["", "x"],
    "TIMERES": ["", "x"],
    "DPTYPE": ["", "spectrum", "IMAGE", "image,cube"],
    "CALIB": ["", "5", "-1", "1.5", "x", "1 2"],
    "MAXREC": ["", "-1", "x", "1.5", "1e3", "9" * 30],
    "ID": ["x" * 5000],
    "COLLECTION": ["x" * 5000],
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_bad_values_are_refused_by_the_name_of_their_parameter(name, value) -> None:
    with pytest.raises(ParameterError) as error:
        two((name, value))
    assert error.value.message.startswith(f"{name}: ")
    assert len(error.value.message) < 300
    assert "\n" not in error.value.message


def test_what_may_be_given_once() -> None:
    with pytest.raises(MultiValuedParamError):
        two(("MAXREC", "1"), ("maxrec", "2"))


def test_too_much_is_refused() -> None:
    with pytest.raises(LimitError):
        two(*(("BAND", str(k)) for k in range(1001)))
    with pytest.raises(LimitError):
        two(("POS", "POLYGON " + "1 2 " * 100_000))
    corners = " ".join(f"{10 + math.cos(a / 180)} {math.sin(a / 180)}" for a in range(1001))
    with pytest.raises(LimitError):
        two(("POS", f"POLYGON {corners}"))


words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(["CIRCLE", "RANGE", "POLYGON", "Inf", "-Inf", "NaN", "1e999", "", " ", "I", "image", "0", "-1"]),
    st.floats(allow_nan=True).map(str),
    st.lists(st.floats(-400, 400).map(str), max_size=12).map(" ".join),
    st.lists(st.floats(-400, 400).map(str), max_size=9).map(lambda parts: f"POLYGON {' '.join(parts)}"),
)
names = st.sampled_from([*BAD, "FORMAT", "TARGET", "FACILITY", "INSTRUMENT", "SIZE", "INTERSECT", "VERB", "pos", "x"])


@given(st.lists(st.tuples(names, words), max_size=6))
@settings(max_examples=400, deadline=None)
def test_whatever_is_sent_is_read_or_refused_in_a_line(pairs) -> None:
    for parse in (two, one):
        message = "none"
        try:
            parse(*pairs)
        except (UsageError, LimitError) as error:
            message = error.message
        assert len(message.splitlines()) == 1


# Version 1.


def test_version_1_by_default() -> None:
    query = one(("POS", "150.5,-2"), ("SIZE", "0.5"))
    assert query.relation == "overlaps"
    assert query.formats == ("image/fits", "image/png", "image/jpeg")
    region = query.region
    width = 0.5 / math.cos(math.radians(2))
    assert (region.ra_deg, region.width_deg) == pytest.approx((150.5 - width / 2, width))
    assert (region.dec1_deg, region.dec2_deg) == pytest.approx((-2.25, -1.75))


@pytest.mark.parametrize(
    ("pos", "size", "expected"),
    [
        ("10,0", "2,4", (9.0, 2.0, -2.0, 2.0)),
        ("0,0", "2", (359.0, 2.0, -1.0, 1.0)),
        ("-10,60", "1,1", (349.0, 2.0, 59.5, 60.5)),
        ("10,89", "1,4", (190.0, 360.0, 87.0, 90.0)),
        ("10,-90", "1", (190.0, 360.0, -90.0, -89.5)),
        ("0,0", "360,180", (180.0, 360.0, -90.0, 90.0)),
        ("0,0", "360", (180.0, 360.0, -90.0, 90.0)),
        ("10,0;ICRS", "2", (9.0, 2.0, -1.0, 1.0)),
    ],
)
def test_boxes(pos, size, expected) -> None:
    region = one(("POS", pos), ("SIZE", size)).region
    assert isinstance(region, Range)
    assert (region.ra_deg, region.width_deg, region.dec1_deg, region.dec2_deg) == pytest.approx(expected)


def test_a_box_without_size_is_a_place() -> None:
    region = one(("POS", "10,20"), ("SIZE", "0")).region
    assert isinstance(region, Circle)
    assert (region.ra_deg, region.dec_deg, region.radius_deg) == (10.0, 20.0, 0.0)


@pytest.mark.parametrize("word", ["COVERS", "ENCLOSED", "CENTER", "OVERLAPS", "covers"])
def test_intersections(word) -> None:
    assert one(("POS", "1,2"), ("SIZE", "1"), ("INTERSECT", word)).relation == word.lower()


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("ALL", ("image/fits", "image/png", "image/jpeg")),
        ("image/fits", ("image/fits",)),
        ("application/fits", ("image/fits",)),
        ("GRAPHIC", ("image/png", "image/jpeg")),
        ("GRAPHIC-ALL", ("image/png", "image/jpeg")),
        ("GRAPHIC-PNG", ("image/png",)),
        ("graphic-jpg", ("image/jpeg",)),
        ("GRAPHIC-GIF", ()),
        ("image/png,image/fits", ("image/png", "image/fits")),
        ("image/jpeg, image/gif", ("image/jpeg",)),
        ("text/html", ()),
        ("", ()),
    ],
)
def test_formats_of_version_1(form, expected) -> None:
    assert one(("POS", "1,2"), ("SIZE", "1"), ("FORMAT", form)).formats == expected


def test_metadata_needs_nothing_else() -> None:
    assert one(("format", "metadata")).region is None


@pytest.mark.parametrize(
    ("pairs", "name"),
    [
        ([("SIZE", "1")], "POS"),
        ([("POS", "1,2")], "SIZE"),
        ([("POS", "1 2"), ("SIZE", "1")], "POS"),
        ([("POS", "1,2,3"), ("SIZE", "1")], "POS"),
        ([("POS", "1,91"), ("SIZE", "1")], "POS"),
        ([("POS", "361,1"), ("SIZE", "1")], "POS"),
        ([("POS", "x,1"), ("SIZE", "1")], "POS"),
        ([("POS", "NaN,1"), ("SIZE", "1")], "POS"),
        ([("POS", "1,2"), ("SIZE", "-1")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "1,2,3")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "NaN")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "Inf")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "361")], "SIZE"),
        ([("POS", "1,2"), ("SIZE", "1"), ("INTERSECT", "TOUCHES")], "INTERSECT"),
        ([("POS", "1,2"), ("POS", "1,2"), ("SIZE", "1")], "POS"),
        ([("POS", "1,2"), ("SIZE", "1"), ("VERB", "9")], "VERB"),
        ([("POS", "1,2"), ("SIZE", "1"), ("MAXREC", "x")], "MAXREC"),
    ],
)
def test_bad_values_of_version_1(pairs, name) -> None:
    with pytest.raises(ParameterError) as error:
        one(*pairs)
    assert error.value.message.startswith(f"{name}: ")


# Columns.

MANDATORY = {
    "dataproduct_type", "calib_level", "obs_collection", "obs_id", "obs_publisher_did", "access_url", "access_format",
    "access_estsize", "target_name", "s_ra", "s_dec", "s_fov", "s_region", "s_resolution", "s_xel1", "s_xel2", "t_min",
    "t_max", "t_exptime", "t_resolution", "t_xel", "em_min", "em_max", "em_res_power", "em_xel", "o_ucd", "pol_states",
    "pol_xel", "facility_name", "instrument_name",
}  # fmt: skip
UCDS = {
    "s_ra": ("pos.eq.ra", "deg"), "s_dec": ("pos.eq.dec", "deg"), "s_fov": ("phys.angSize;instr.fov", "deg"),
    "s_region": ("pos.outline;obs.field", None), "s_resolution": ("pos.angResolution", "arcsec"),
    "t_min": ("time.start;obs.exposure", "d"), "t_max": ("time.end;obs.exposure", "d"),
    "t_exptime": ("time.duration;obs.exposure", "s"), "t_resolution": ("time.resolution", "s"),
    "em_min": ("em.wl;stat.min", "m"), "em_max": ("em.wl;stat.max", "m"), "em_res_power": ("spect.resolution", None),
    "access_estsize": ("phys.size;meta.file", "kbyte"), "access_url": ("meta.ref.url", None),
    "access_format": ("meta.code.mime", None), "pol_states": ("meta.code;phys.polarization", None),
    "obs_publisher_did": ("meta.ref.ivoid", None), "o_ucd": ("meta.ucd", None),
}  # fmt: skip


def test_every_column_of_obscore_is_there_with_its_words() -> None:
    root = valid(to_bytes(obscore.document((), (), overflow=True)))
    fields = {field.get("name"): field for field in children(root, "RESOURCE/TABLE/FIELD")}
    assert set(fields) >= MANDATORY
    for name, (ucd, unit) in UCDS.items():
        assert (fields[name].get("ucd"), fields[name].get("unit")) == (ucd, unit), name
    assert all(field.get("utype").startswith("obscore:") for field in fields.values())
    assert len({field.get("utype") for field in fields.values()}) == len(fields)
    assert {field.get("datatype") for name, field in fields.items() if name.startswith(("s_ra", "em_m", "t_m"))} == {
        "double"
    }
    infos = [(info.get("name"), info.get("value")) for info in children(root, "RESOURCE/INFO")]
    assert infos == [("QUERY_STATUS", "OK"), ("QUERY_STATUS", "OVERFLOW")]


def test_ucds_and_units_are_good_ones() -> None:
    from astropy.io.votable.ucd import check_ucd
    from astropy.units import Unit

    for column in (*obscore.COLUMNS, *sia1.FIELDS):
        if not column.ucd.startswith(("VOX:", "POS_", "INST_")):
            assert check_ucd(column.ucd, check_controlled_vocabulary=True), column
        if column.unit:
            Unit(column.unit, format="vounit")


def test_letters_outside_ascii_are_kept() -> None:
    row = [None] * len(obscore.COLUMNS)
    row[obscore.NAMES.index("target_name")] = "Réseau <&> 星"
    root = valid(to_bytes(obscore.document([row], (), overflow=False)))
    (cells,) = children(root, "RESOURCE/TABLE/DATA/TABLEDATA/TR")
    assert [cell.text for cell in cells if cell.text] == ["Réseau <&> 星"]


def test_columns_of_version_1_and_what_may_be_asked() -> None:
    root = valid(to_bytes(sia1.metadata("Images")))
    ucds = [field.get("ucd") for field in children(root, "RESOURCE/TABLE/FIELD")]
    for ucd in ("Image_Title", "Image_Naxes", "Image_Naxis", "Image_Scale", "Image_Format", "Image_AccessReference"):
        assert ucds.count(f"VOX:{ucd}") == 1
    assert ucds.count("POS_EQ_RA_MAIN") == ucds.count("POS_EQ_DEC_MAIN") == 1
    names = [param.get("name") for param in children(root, "RESOURCE/PARAM")]
    assert {"INPUT:POS", "INPUT:SIZE", "INPUT:FORMAT", "INPUT:INTERSECT"} <= set(names)
    assert children(root, "RESOURCE/TABLE/DATA/TABLEDATA/TR") == []
