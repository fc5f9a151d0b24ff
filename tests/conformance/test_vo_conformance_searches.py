"""SIA 2.0 and 1.0, Simple Cone Search, DataLink and VOSI, line by line, against a real server; every XML answer against
the official schemas."""

from __future__ import annotations

import io

import numpy as np
import pytest
import requests
from astropy.coordinates import SkyCoord
from astropy.io.votable import parse
from astropy.io.votable.tree import VOTableFile
from conftest_xsd import SPACES, children, valid
from lxml import etree
from vo_archive import DEC, RA, Archive
from vo_tools import Served

# Cone searches and SIA 1.0 want UCDs of version 1, which astropy no longer knows.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*'INPUT:"),
    pytest.mark.filterwarnings("ignore:.*Invalid UCD '(ID_MAIN|POS_EQ_|VOX|INST_ID)"),
]
DATALINK = "application/x-votable+xml;content=datalink"
OBSCORE = {
    "dataproduct_type": ("obscore:ObsDataset.dataProductType", "meta.code.class"),
    "calib_level": ("obscore:ObsDataset.calibLevel", "meta.code;obs.calib"),
    "obs_collection": ("obscore:DataID.collection", "meta.id"),
    "obs_id": ("obscore:DataID.observationID", "meta.id"),
    "obs_publisher_did": ("obscore:Curation.publisherDID", "meta.ref.ivoid"),
    "access_url": ("obscore:Access.reference", "meta.ref.url"),
    "access_format": ("obscore:Access.format", "meta.code.mime"),
    "access_estsize": ("obscore:Access.size", "phys.size;meta.file"),
    "target_name": ("obscore:Target.name", "meta.id;src"),
    "s_ra": ("obscore:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C1", "pos.eq.ra"),
    "s_dec": ("obscore:Char.SpatialAxis.Coverage.Location.Coord.Position2D.Value2.C2", "pos.eq.dec"),
    "s_fov": ("obscore:Char.SpatialAxis.Coverage.Bounds.Extent.diameter", "phys.angSize;instr.fov"),
    "s_region": ("obscore:Char.SpatialAxis.Coverage.Support.Area", "pos.outline;obs.field"),
    "s_resolution": ("obscore:Char.SpatialAxis.Resolution.Refval.value", "pos.angResolution"),
    "s_xel1": ("obscore:Char.SpatialAxis.numBins1", "meta.number"),
    "s_xel2": ("obscore:Char.SpatialAxis.numBins2", "meta.number"),
    "t_min": ("obscore:Char.TimeAxis.Coverage.Bounds.Limits.StartTime", "time.start;obs.exposure"),
    "t_max": ("obscore:Char.TimeAxis.Coverage.Bounds.Limits.StopTime", "time.end;obs.exposure"),
    "t_exptime": ("obscore:Char.TimeAxis.Coverage.Support.Extent", "time.duration;obs.exposure"),
    "t_resolution": ("obscore:Char.TimeAxis.Resolution.Refval.value", "time.resolution"),
    "t_xel": ("obscore:Char.TimeAxis.numBins", "meta.number"),
    "em_min": ("obscore:Char.SpectralAxis.Coverage.Bounds.Limits.LoLimit", "em.wl;stat.min"),
    "em_max": ("obscore:Char.SpectralAxis.Coverage.Bounds.Limits.HiLimit", "em.wl;stat.max"),
    "em_res_power": ("obscore:Char.SpectralAxis.Resolution.ResolPower.refVal", "spect.resolution"),
    "em_xel": ("obscore:Char.SpectralAxis.numBins", "meta.number"),
    "o_ucd": ("obscore:Char.ObservableAxis.ucd", "meta.ucd"),
    "pol_states": ("obscore:Char.PolarizationAxis.stateList", "meta.code;phys.polarization"),
    "pol_xel": ("obscore:Char.PolarizationAxis.numBins", "meta.number"),
    "facility_name": ("obscore:Provenance.ObsConfig.Facility.name", "meta.id;instr.tel"),
    "instrument_name": ("obscore:Provenance.ObsConfig.Instrument.name", "meta.id;instr"),
}
"""The columns of ObsCore 1.1, table 6, with their utypes and UCDs."""


def table(answer: requests.Response) -> VOTableFile:
    assert answer.status_code == 200, answer.text[:500]
    valid(answer.content)
    return parse(io.BytesIO(answer.content), verify="warn")


def names(served: Served, **constraints) -> set[str]:
    """Observations that SIA 2 finds."""
    rows = table(served.get("sia2", params=constraints)).get_first_table().array
    return {str(did).partition("data?")[2].partition("/")[0] for did in rows["obs_publisher_did"]}


def status(answer: requests.Response) -> list[str]:
    root = valid(answer.content)
    (results,) = (one for one in children(root, "RESOURCE") if one.get("type") == "results")
    return [info.get("value") for info in children(results, "INFO") if info.get("name") == "QUERY_STATUS"]


EVERYTHING = {"exposure", "counts", "packed", "mosaic", "cube", "stokes", "sky"}


def test_all_images_are_found(served: Served) -> None:
    assert names(served) == EVERYTHING


def test_columns_of_obscore(served: Served) -> None:
    fields = {field.name: field for field in table(served.get("sia2")).get_first_table().fields}
    assert set(OBSCORE) <= set(fields)
    told = {name: (fields[name].utype, fields[name].ucd) for name in OBSCORE}
    assert told == OBSCORE
    units = {"s_ra": "deg", "s_fov": "deg", "s_resolution": "arcsec", "t_min": "d", "t_exptime": "s", "em_min": "m"}
    assert {name: str(fields[name].unit) for name in units} == units


def test_a_row_says_what_the_header_says(served: Served) -> None:
    rows = table(served.get("sia2", params={"INSTRUMENT": "Test camera"})).get_first_table().array
    (row,) = rows
    at = {name: row[name] for name in rows.dtype.names}
    assert (at["s_ra"], at["s_dec"]) == pytest.approx((RA, DEC), abs=1e-3)
    assert (at["s_xel1"], at["s_xel2"]) == (200, 300)
    assert at["s_fov"] == pytest.approx(0.36, rel=0.2)
    assert at["t_min"] == pytest.approx(60370.085463, abs=1e-5)
    assert (at["t_max"] - at["t_min"]) * 86_400 == pytest.approx(60, abs=0.5)
    assert at["t_exptime"] == 60
    assert 5e-7 < at["em_min"] < at["em_max"] < 8e-7
    assert (at["target_name"], at["facility_name"]) == ("Test field", "Test telescope")
    assert at["dataproduct_type"] == "image"
    assert at["access_format"] == DATALINK
    assert at["access_estsize"] == pytest.approx(240, abs=10)
    corners = str(at["s_region"]).split()
    assert corners[0].upper() == "POLYGON"
    numbers = [float(word) for word in corners[-8:]]
    assert max(abs(ra - RA) for ra in numbers[::2]) == pytest.approx(0.1, abs=0.005)
    assert max(abs(dec - DEC) for dec in numbers[1::2]) == pytest.approx(0.15, abs=0.005)


@pytest.mark.parametrize(
    ("constraints", "found"),
    [
        ({"POS": f"CIRCLE {RA} {DEC} 0.01"}, {"exposure", "sky"}),
        ({"POS": f"RANGE {RA - 0.05} {RA + 0.05} {DEC - 0.05} {DEC + 0.05}"}, {"exposure", "sky"}),
        ({"POS": f"POLYGON {RA} {DEC} {RA + 0.01} {DEC} {RA} {DEC + 0.01}"}, {"exposure", "sky"}),
        ({"POS": [f"CIRCLE {RA} {DEC} 0.01", f"CIRCLE {RA + 3} {DEC} 0.01"]}, {"exposure", "sky", "stokes"}),
        ({"BAND": "6e-7 6.1e-7"}, {"exposure"}),
        ({"BAND": "0.21"}, {"cube"}),
        ({"BAND": ["6e-7", "0.21"]}, {"exposure", "cube"}),
        ({"BAND": "-Inf +Inf"}, {"exposure", "cube"}),
        ({"TIME": "60370 60371"}, {"exposure"}),
        ({"TIME": "60370 60371", "BAND": "0.21"}, set()),
        ({"POL": "Q"}, {"stokes"}),
        ({"POL": ["Q", "V"]}, {"stokes"}),
        ({"FOV": "100 +Inf"}, {"sky"}),
        ({"FOV": "0.3 0.4"}, {"exposure"}),
        ({"SPATRES": "0 1e9"}, set()),
        ({"EXPTIME": "59 61"}, {"exposure"}),
        ({"EXPTIME": "61 +Inf"}, set()),
        ({"TIMERES": "0 1e9"}, {"exposure"}),
        ({"TIMERES": "0 1"}, set()),
        ({"COLLECTION": "no such collection"}, set()),
        ({"FACILITY": "Test telescope"}, {"exposure"}),
        ({"INSTRUMENT": ["Test camera", "other"]}, {"exposure"}),
        ({"DPTYPE": "cube"}, {"cube", "stokes"}),
        ({"TARGET": "Test field"}, {"exposure"}),
        ({"ID": "ivo://armillary.local/data?mosaic"}, {"mosaic"}),
        ({"ID": "ivo://armillary.local/data?no-such"}, set()),
        ({"FORMAT": DATALINK}, EVERYTHING),
        ({"FORMAT": "image/nonsense"}, set()),
        ({"SPECRP": "1e9 +Inf"}, set()),
    ],
)
def test_constraints_of_sia2(served: Served, constraints: dict, found: set[str]) -> None:
    """Values of one are alternatives, different ones must all hold; what is not known fails what asks for it."""
    if constraints.get("DPTYPE") == "cube":
        assert "cube" in names(served, **constraints) <= found
    else:
        assert names(served, **constraints) == found


def test_levels_of_calibration(served: Served) -> None:
    each = [names(served, CALIB=str(level)) for level in range(5)]
    assert set().union(*each) == EVERYTHING
    assert sum(map(len, each)) == len(EVERYTHING)


@pytest.mark.parametrize("format_", ["votable", "application/x-votable+xml", "text/xml"])
def test_the_format_is_called_as_it_was_asked_for(served: Served, format_: str) -> None:
    kind = served.get("sia2", params={"RESPONSEFORMAT": format_}).headers["content-type"]
    assert kind.startswith("application/x-votable+xml" if format_ == "votable" else format_)


def test_rows_are_bounded(served: Served) -> None:
    assert status(served.get("sia2", params={"MAXREC": 3})) == ["OK", "OVERFLOW"]
    assert len(table(served.get("sia2", params={"MAXREC": 3})).get_first_table().array) == 3
    nothing = served.get("sia2", params={"MAXREC": 0})
    assert status(nothing)[-1] == "OVERFLOW"
    assert len(table(nothing).get_first_table().array) == 0
    assert set(OBSCORE) <= {field.name for field in table(nothing).get_first_table().fields}
    assert status(served.get("sia2", params={"MAXREC": len(EVERYTHING)})) == ["OK"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("POS", "CIRCLE 150 95 1"),
        ("POS", "CIRCLE 150 2 -1"),
        ("POS", "nonsense"),
        ("POS", "RANGE 1 2 4 3"),
        ("BAND", "2 1"),
        ("BAND", "red"),
        ("TIME", "NaN NaN"),
        ("POL", "W"),
        ("FOV", "x"),
        ("CALIB", "high"),
        ("CALIB", "9"),
        ("DPTYPE", "spectrum"),
        ("MAXREC", "-1"),
        ("MAXREC", "many"),
        ("RESPONSEFORMAT", "image/png"),
    ],
)
def test_errors_of_sia2(served: Served, name: str, value: str) -> None:
    """What is wrong is said in a VOTable, or in a text that begins with the word of its kind."""
    answer = served.get("sia2", params={name: value})
    assert answer.status_code < 500
    if "xml" in answer.headers["content-type"]:
        assert status(answer) == ["ERROR"]
    else:
        assert answer.status_code >= 400
        assert answer.text.startswith("UsageError")


def test_a_response_brings_a_descriptor_of_soda(served: Served) -> None:
    root = valid(served.get("sia2").content)
    services = [one for one in children(root, "RESOURCE") if one.get("utype") == "adhoc:service"]
    told = [{p.get("name"): p.get("value") for p in children(one, "PARAM")} for one in services]
    assert any(one.get("standardID", "").startswith("ivo://ivoa.net/std/SODA#sync") for one in told)
    ids = {field.get("ID") for field in root.iter("{*}FIELD")}
    refs = [p.get("ref") for one in services for p in children(one, "GROUP/PARAM") if p.get("name") == "ID"]
    assert refs
    assert set(refs) <= ids


UCDS_OF_SIA = {
    "VOX:Image_Title": "char",
    "VOX:Image_Naxes": "int",
    "VOX:Image_Naxis": "int",
    "VOX:Image_Scale": "double",
    "VOX:Image_Format": "char",
    "VOX:Image_AccessReference": "char",
    "POS_EQ_RA_MAIN": "double",
    "POS_EQ_DEC_MAIN": "double",
}


def sia(served: Served, **words) -> VOTableFile:
    return table(served.get("sia", params={"POS": f"{RA},{DEC}", "SIZE": "0.1", **words}))


def titles(found: VOTableFile) -> list[str]:
    first = found.get_first_table()
    (column,) = (field.name for field in first.fields if field.ucd == "VOX:Image_Title")
    return [str(title) for title in first.array[column]]


def test_columns_of_sia1(served: Served) -> None:
    fields = sia(served).get_first_table().fields
    for ucd, datatype in UCDS_OF_SIA.items():
        (field,) = (field for field in fields if field.ucd == ucd)
        assert field.datatype in {datatype, "unicodeChar" if datatype == "char" else datatype, "long"}
    for ucd in ("VOX:Image_Naxis", "VOX:Image_Scale"):
        (field,) = (field for field in fields if field.ucd == ucd)
        assert field.arraysize in {"*", "2"}


def test_sizes_formats_and_intersections_of_sia1(served: Served) -> None:
    assert any("exposure" in title for title in titles(sia(served)))
    assert titles(sia(served, SIZE="0.1,0.2")) == titles(sia(served, SIZE="0.1"))
    assert status(served.get("sia", params={"FORMAT": "METADATA"})) == ["OK"]
    metadata = table(served.get("sia", params={"FORMAT": "METADATA"}))
    assert len(metadata.get_first_table().array) == 0
    assert {"INPUT:POS", "INPUT:SIZE", "INPUT:FORMAT"} <= {
        param.name for resource in metadata.resources for param in resource.params
    }
    assert titles(sia(served, FORMAT="ALL")) != []
    assert any("exposure" in title for title in titles(sia(served, FORMAT="image/fits")))
    assert titles(sia(served, FORMAT="image/nonsense")) == []
    whole = {how: "".join(titles(sia(served, SIZE="1", INTERSECT=how))) for how in ("OVERLAPS", "ENCLOSED")}
    assert "counts" in whole["OVERLAPS"]
    assert "exposure" in whole["ENCLOSED"]
    assert "counts" not in whole["ENCLOSED"]
    covers = "".join(titles(sia(served, SIZE="0.01", INTERSECT="COVERS")))
    assert "exposure" in covers
    assert "exposure" not in "".join(titles(sia(served, SIZE="1", INTERSECT="COVERS")))
    assert "exposure" in "".join(titles(sia(served, SIZE="0.01", INTERSECT="CENTER")))


@pytest.mark.parametrize(
    "words",
    [
        {"POS": "150", "SIZE": "1"},
        {"POS": "150,2,3", "SIZE": "1"},
        {"POS": "150,95", "SIZE": "1"},
        {"POS": "a,b", "SIZE": "1"},
        {"SIZE": "1"},
        {"POS": "150,2"},
        {"POS": "150,2", "SIZE": "-1"},
        {"POS": "150,2", "SIZE": "1,2,3"},
        {"POS": "150,2", "SIZE": "1", "INTERSECT": "TOUCHES"},
    ],
    ids=lambda words: "&".join(f"{name}={value}" for name, value in words.items()),
)
def test_errors_of_sia1_are_votables(served: Served, words: dict[str, str]) -> None:
    answer = served.get("sia", params=words)
    assert "xml" in answer.headers["content-type"]
    assert status(answer) == ["ERROR"]


def cone(served: Served, **words) -> requests.Response:
    return served.get("scs/stars", params={"RA": RA, "DEC": DEC, "SR": 0.05, **words})


def test_a_cone_is_one_table_with_its_ucds(served: Served, archive: Archive) -> None:
    answer = cone(served, VERB=3)
    assert len(list(valid(answer.content).iter("{*}TABLE"))) == 1
    found = table(answer).get_first_table()
    ucds = [field.ucd for field in found.fields]
    for ucd in ("ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"):
        assert ucds.count(ucd) == 1
    stars = archive.stars()
    apart = SkyCoord(stars["ra"], stars["dec"], unit="deg").separation(SkyCoord(RA, DEC, unit="deg")).deg
    name = next(field.name for field in found.fields if field.ucd == "ID_MAIN")
    assert sorted(map(str, found.array[name])) == sorted(stars["id"][apart <= 0.05])


def test_verbosity_adds_columns(served: Served) -> None:
    counts = [len(table(cone(served, VERB=verb)).get_first_table().fields) for verb in (1, 2, 3)]
    assert counts == sorted(counts)
    assert counts[0] == 3 < counts[2]


def test_no_radius_is_metadata_and_nothing_near_an_empty_table(served: Served) -> None:
    for words in ({"SR": 0}, {"RA": 20, "DEC": -60}):
        found = table(cone(served, **words)).get_first_table()
        assert len(found.array) == 0
        assert len(found.fields) >= 3


def test_unknown_parameters_of_cones_are_ignored_and_names_have_no_case(served: Served) -> None:
    plain = cone(served).content
    assert cone(served, FLAVOUR="sweet").content == plain
    assert served.get("scs/stars", params={"ra": RA, "Dec": DEC, "sr": 0.05}).content == plain


@pytest.mark.parametrize(
    "words",
    [
        {"RA": None},
        {"DEC": None},
        {"SR": None},
        {"RA": "ten"},
        {"RA": "NaN"},
        {"DEC": "91"},
        {"SR": "-1"},
        {"SR": "181"},
        {"VERB": "4"},
        {"RA": ["1", "2"]},
    ],
    ids=str,
)
def test_errors_of_cones_are_votables(served: Served, words: dict) -> None:
    answer = cone(served, **words)
    root = valid(answer.content)
    told = [one for one in root.iter("{*}INFO", "{*}PARAM") if one.get("name") == "Error"]
    assert len(told) == 1
    assert told[0].get("value")
    assert answer.status_code == 200


def test_an_unknown_catalog_is_not_found(served: Served) -> None:
    assert served.get("scs/none", params={"RA": 1, "DEC": 2, "SR": 1}).status_code == 404


def links(served: Served, *ids: str) -> list[dict]:
    found = table(served.get("datalink/links", params=[("ID", one) for one in ids]))
    rows = found.get_first_table().array
    return [{name: row[name] for name in rows.dtype.names} for row in rows]


def given(value: object) -> bool:
    return not np.ma.is_masked(value) and str(value) != ""


def test_links_of_several_in_their_order(served: Served) -> None:
    rows = links(served, "exposure", "no-such", "sky", "ivo://armillary.local/data?cube")
    order = [str(row["ID"]) for row in rows]
    assert list(dict.fromkeys(order)) == ["exposure", "no-such", "sky", "ivo://armillary.local/data?cube"]
    assert order == sorted(order, key=list(dict.fromkeys(order)).index)
    for row in rows:
        assert sum(given(row[name]) for name in ("access_url", "service_def", "error_message")) == 1
    (missing,) = (row for row in rows if row["ID"] == "no-such")
    assert str(missing["error_message"]).startswith("NotFoundFault: ")
    assert "#this" in {str(row["semantics"]) for row in rows if row["ID"] == "sky"}


def test_links_without_an_id_are_an_empty_table(served: Served) -> None:
    assert links(served) == []


def test_the_document_of_links(served: Served) -> None:
    answer = served.get("datalink/links?ID=exposure")
    assert answer.headers["content-type"].replace(" ", "").startswith(DATALINK)
    root = valid(answer.content)
    infos = {info.get("name"): info.get("value") for info in root.iter("{*}INFO")}
    assert infos["standardID"].startswith("ivo://ivoa.net/std/DataLink#links-1.")
    (length,) = (field for field in root.iter("{*}FIELD") if field.get("name") == "content_length")
    assert (length.get("datatype"), length.get("unit")) == ("long", "byte")
    assert list(root.iter("{*}TABLEDATA"))
    services = {one.get("ID") for one in children(root, "RESOURCE") if one.get("utype") == "adhoc:service"}
    named = {str(row["service_def"]) for row in links(served, "exposure") if given(row["service_def"])}
    assert named
    assert named <= services


def test_every_link_leads_somewhere(served: Served) -> None:
    """And is of the kind and length that it says."""
    for row in links(served, *sorted(EVERYTHING)):
        if not given(row["access_url"]):
            continue
        answer = served.session.get(str(row["access_url"]), timeout=120)
        assert answer.status_code == 200, row["access_url"]
        assert answer.headers["content-type"].split(";")[0] == str(row["content_type"]).split(";")[0]
        if given(row["content_length"]):
            assert len(answer.content) == row["content_length"]


def test_capabilities_are_answered_to_everybody(served: Served) -> None:
    root = valid(served.get("capabilities").content)
    assert root.tag == f"{{{SPACES['VOSICapabilities']}}}capabilities"
    told = {one.get("standardID") for one in root.iter("{*}capability")}
    assert {
        "ivo://ivoa.net/std/SODA#sync-1.0",
        "ivo://ivoa.net/std/SODA#async-1.0",
        "ivo://ivoa.net/std/SIA",
        "ivo://ivoa.net/std/SIA#query-2.0",
        "ivo://ivoa.net/std/ConeSearch",
    } <= told
    for url in root.iter("{*}accessURL"):
        assert url.text.startswith(served.vo)


@pytest.mark.parametrize("name", ["", "soda/", "sia/", "sia2/", "datalink/"])
def test_availability_of_every_service(served: Served, name: str) -> None:
    root = valid(served.get(f"{name}availability").content)
    assert root.tag == f"{{{SPACES['VOSIAvailability']}}}availability"
    assert root.findtext("{*}available") == "true"
    assert valid(served.get(f"{name}capabilities").content) is not None


def test_tables_and_each_of_them(served: Served) -> None:
    """Columns of ``/tables`` are those that the searches answer."""
    root = valid(served.get("tables").content)
    told = [table_.findtext("{*}name") or table_.findtext("name") for table_ in root.iter("{*}table", "table")]
    assert "stars" in told
    for name in told:
        one = valid(served.get(f"tables/{name}").content)
        assert etree.QName(one).localname == "table"
    columns = [name.text for name in valid(served.get("tables/stars").content).iterfind("column/name")]
    fields = [field.name for field in table(cone(served, VERB=3)).get_first_table().fields]
    assert columns == fields
    images = [name.text for name in valid(served.get("tables/ivoa.obscore").content).iterfind("column/name")]
    assert set(OBSCORE) <= set(images)
    assert served.get("tables/none").status_code == 404
