"""Searches for images over HTTP: both versions of SIA, by the official schema, with pyvo and stilts."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import pyvo
from astropy import units as u
from astropy.io import fits
from astropy.wcs import WCS
from conftest_server import make_app, running, sky_data, tan_header, write_image
from conftest_vo import Service, statuses, stilts, table_rows
from conftest_xsd import children, valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.holdings import open_configuration
from armillary.holdings.access import ANONYMOUS, Access
from armillary.images.pyramid import Pyramid
from armillary.server.app import create_app
from armillary.server.settings import Settings

VOTABLE = "application/x-votable+xml"
DATALINK = "application/x-votable+xml;content=datalink"


def names(answer) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["obs_id"] for row in table_rows(answer.content)}


def is_error(answer, status: int, word: str) -> None:
    """A VOTable that says what is wrong."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == VOTABLE
    root = valid(answer.content)
    (info,) = children(root, "RESOURCE/INFO")
    assert (info.get("name"), info.get("value")) == ("QUERY_STATUS", "ERROR")
    assert info.text.startswith(word)
    assert "\n" not in info.text.strip()
    assert "Traceback" not in answer.text
    assert children(root, "RESOURCE/TABLE") == []


def test_all_images_with_their_columns(vo: Service) -> None:
    answer = vo.get("sia2")
    assert answer.headers["content-type"] == VOTABLE
    assert answer.headers["cache-control"] == "private, no-store"
    rows = {row["obs_id"]: row for row in table_rows(answer.content)}
    assert set(rows) == {"tan", "plain", "cube"}
    row = rows["tan"]
    assert row["obs_publisher_did"] == "ivo://armillary.local/data?tan"
    assert row["access_format"] == DATALINK
    url = urlsplit(row["access_url"])
    assert (url.netloc, url.path) == ("127.0.0.1:8000", "/vo/datalink/links")
    assert parse_qs(url.query) == {"ID": ["ivo://armillary.local/data?tan"]}
    assert (row["dataproduct_type"], rows["cube"]["dataproduct_type"]) == ("image", "cube")
    assert row["s_region"].startswith("POLYGON ")
    assert rows["plain"]["s_region"] == rows["plain"]["s_ra"] == ""
    assert float(row["t_exptime"]) == 60.0


def test_the_links_of_an_image_are_found_at_its_address(vo: Service) -> None:
    (row,) = table_rows(vo.get("sia2", ("ID", "tan")).content)
    links = table_rows(vo.ask(row["access_url"].removeprefix("http://127.0.0.1:8000")).content)
    assert {link["ID"] for link in links} == {row["obs_publisher_did"]}
    assert "#this" in {link["semantics"] for link in links}


SEARCHES = {
    "circle": ([("POS", "CIRCLE 150 2 0.01")], {"tan", "cube"}),
    "elsewhere": ([("POS", "CIRCLE 10 2 0.01")], set()),
    "one of two places": ([("POS", "CIRCLE 10 2 1"), ("POS", "CIRCLE 150 2 1")], {"tan", "cube"}),
    "range": ([("POS", "RANGE 149 151 -Inf +Inf")], {"tan", "cube"}),
    "whole sky": ([("POS", "RANGE -Inf +Inf -90 90")], {"tan", "cube"}),
    "polygon": ([("POS", "POLYGON 149.99 1.99 150.01 1.99 150.01 2.01 149.99 2.01")], {"tan", "cube"}),
    "beside the cube, within the image": ([("POS", "CIRCLE 150.09 2 0.001")], {"tan"}),
    "band": ([("BAND", "6e-7")], {"tan"}),
    "radio": ([("BAND", "0.2 0.22")], {"cube"}),
    "two bands": ([("BAND", "6e-7"), ("BAND", "0.2 0.22")], {"tan", "cube"}),
    "both must hold": ([("BAND", "6e-7"), ("DPTYPE", "cube")], set()),
    "time": ([("TIME", "60370 60371")], {"tan"}),
    "another time": ([("TIME", "60371 60372")], set()),
    "since": ([("TIME", "60000 +Inf")], {"tan"}),
    "no polarization is known": ([("POL", "I")], set()),
    "field": ([("FOV", "0.2 0.4")], {"tan"}),
    "resolution is not known": ([("SPATRES", "0 100")], set()),
    "power": ([("SPECRP", "2 10")], {"tan"}),
    "exposure": ([("EXPTIME", "60")], {"tan"}),
    "time resolution": ([("TIMERES", "0 60")], {"tan"}),
    "id": ([("ID", "ivo://armillary.local/data?cube")], {"cube"}),
    "bare id": ([("ID", "cube"), ("ID", "TAN")], {"cube", "tan"}),
    "id of somebody else": ([("ID", "ivo://other/data?cube")], set()),
    "no collection of that name": ([("COLLECTION", "none")], set()),
    "facility is not known": ([("FACILITY", "ACT")], set()),
    "image": ([("DPTYPE", "image")], {"tan", "plain"}),
    "level": ([("CALIB", "2")], {"tan", "plain", "cube"}),
    "other levels": ([("CALIB", "1"), ("CALIB", "3")], set()),
    "links": ([("FORMAT", DATALINK)], {"tan", "plain", "cube"}),
    "what is not offered": ([("FORMAT", "image/gif")], set()),
    "unknown words": ([("NOTHING", "x"), ("id", "tan")], {"tan"}),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_searches(vo: Service, name: str) -> None:
    pairs, expected = SEARCHES[name]
    answer = vo.get("sia2", *pairs)
    assert names(answer) == expected
    assert statuses(answer.content) == ["OK"]


def test_both_addresses_both_methods_and_both_forms_answer_alike(vo: Service) -> None:
    expected = vo.get("sia2", ("POS", "CIRCLE 150 2 1")).content
    assert vo.get("sia2/query", ("POS", "CIRCLE 150 2 1")).content == expected
    for path in ("/vo/sia2", "/vo/sia2/query"):
        assert vo.ask(path, "POST", data={"POS": "CIRCLE 150 2 1"}).content == expected
        multipart = {"pos": (None, "CIRCLE 150 2 1")}
        assert vo.ask(path, "POST", files=multipart).content == expected
        assert vo.ask(f"{path}?POS=CIRCLE+10+2+1", "POST", data={"POS": "CIRCLE 150 2 1"}).content == expected


def test_data_themselves_where_their_format_is_asked_for(vo: Service) -> None:
    (row,) = table_rows(vo.get("sia2", ("ID", "tan"), ("FORMAT", "image/fits")).content)
    assert row["access_format"] == "image/fits"
    answer = vo.ask(row["access_url"].removeprefix("http://127.0.0.1:8000"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/fits")
    np.testing.assert_array_equal(fits.HDUList.fromstring(answer.content)[0].data, sky_data())


def test_rows_are_bounded(vo: Service) -> None:
    for most, count, status in (("0", 0, ["OK", "OVERFLOW"]), ("1", 1, ["OK", "OVERFLOW"]), ("3", 3, ["OK"])):
        answer = vo.get("sia2", ("MAXREC", most))
        assert (len(table_rows(answer.content)), statuses(answer.content)) == (count, status)
    bounded = Service(vo.folder, vo.folder.parent / "other", vo_rows=2)
    answer = bounded.get("sia2", ("MAXREC", "1000000"))
    assert (len(table_rows(answer.content)), statuses(answer.content)) == (2, ["OK", "OVERFLOW"])
    bounded.close()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("votable", VOTABLE),
        (VOTABLE, VOTABLE),
        ("text/xml", "text/xml"),
        ("Application/X-VOTable+XML;serialization=TABLEDATA", f"{VOTABLE};serialization=TABLEDATA"),
    ],
)
def test_forms_of_the_answer(vo: Service, given: str, named: str) -> None:
    assert vo.get("sia2", ("RESPONSEFORMAT", given)).headers["content-type"] == named


@pytest.mark.parametrize(
    ("pairs", "word", "status"),
    [
        ([("POS", "CIRCLE 1 2")], "POS: ", 400),
        ([("POS", "CIRCLE 150 2 1"), ("POS", "CIRCLE 1 95 1")], "POS: ", 400),
        ([("BAND", "x")], "BAND: ", 400),
        ([("MAXREC", "-1")], "MAXREC: ", 400),
        ([("MAXREC", "1"), ("MAXREC", "2")], "MAXREC: ", 400),
        ([("RESPONSEFORMAT", "json")], "RESPONSEFORMAT: ", 400),
        ([("CALIB", "9")], "CALIB: ", 400),
        ([("POS", "POLYGON " + "1 2 " * 3000)], "POS: ", 413),
        ([("BAND", "1")] * 2000, "BAND: ", 413),
        ([("X", "1")] * 10_001, "A request has at most", 413),
    ],
)
def test_what_is_wrong_is_told_in_a_votable(vo: Service, pairs, word: str, status: int) -> None:
    is_error(vo.ask("/vo/sia2", "POST", data=_lists(pairs)), status, word)


def _lists(pairs) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found


def test_an_index_that_takes_too_long_is_told(vo: Service, monkeypatch) -> None:
    from armillary.errors import UnavailableError
    from armillary.holdings.observation_index import ObservationIndex

    def never(*_):
        raise UnavailableError("The index of images is being made (1 of 2): try again in a moment.")

    monkeypatch.setattr(ObservationIndex, "query", never)
    for url in ("sia2", "sia?POS=1,2&SIZE=1"):
        answer = vo.ask(f"/vo/{url}")
        is_error(answer, 503, "The index of images")
        assert int(answer.headers["retry-after"]) > 0


def test_descriptors_of_links_and_cutouts(vo: Service) -> None:
    root = valid(vo.get("sia2").content)
    meta = [one for one in children(root, "RESOURCE") if one.get("type") == "meta"]
    assert {one.get("utype") for one in meta} == {"adhoc:service"}
    space = "{http://www.ivoa.net/xml/VOTable/v1.3}"
    standards = {}
    for one in meta:
        params = {param.get("name"): param.get("value") for param in one.findall(f"{space}PARAM")}
        standards[params["standardID"]] = params["accessURL"]
        (identifier,) = [p for p in one.find(f"{space}GROUP") if p.get("name") == "ID"]
        assert identifier.get("ref") == "obs_publisher_did"
    for way in ("sync", "async"):  # Whoever does the jobs, they are taken here.
        assert standards[f"ivo://ivoa.net/std/SODA#{way}-1.0"] == f"http://127.0.0.1:8000/vo/soda/{way}"
    assert "ivo://ivoa.net/std/DataLink#links-1.1" in standards


# Version 1.


def test_images_by_place(vo: Service) -> None:
    rows = table_rows(vo.get("sia", ("POS", "150,2"), ("SIZE", "0.1"), ("FORMAT", "image/fits")).content)
    by_title = {row["title"]: row for row in rows}
    assert set(by_title) == {"tan.fits", "cube.fits"}
    row = by_title["tan.fits"]
    assert (row["naxes"], row["naxis"], row["format"]) == ("2", "200 300", "image/fits")
    assert [float(part) for part in row["scale"].split()] == pytest.approx([0.001, 0.001])
    wcs = WCS(tan_header(200, 300)).pixel_to_world(99.5, 149.5)
    assert (float(row["ra"]), float(row["dec"])) == pytest.approx((wcs.ra.deg, wcs.dec.deg), abs=1e-9)
    answer = vo.ask(row["url"].removeprefix("http://127.0.0.1:8000"))
    np.testing.assert_array_equal(fits.HDUList.fromstring(answer.content)[0].data, sky_data())


def test_every_format_has_a_row(vo: Service) -> None:
    for form, kinds in (
        ("ALL", ["image/fits", "image/jpeg", "image/png"]),
        ("GRAPHIC", ["image/jpeg", "image/png"]),
        ("image/png", ["image/png"]),
        ("text/html", []),
    ):
        rows = table_rows(vo.get("sia", ("POS", "150.09,2"), ("SIZE", "0.001"), ("FORMAT", form)).content)
        assert sorted(row["format"] for row in rows) == kinds
        for row in rows:
            answer = vo.ask(row["url"].removeprefix("http://127.0.0.1:8000"))
            assert (answer.status_code, answer.headers["content-type"]) == (200, row["format"])


@pytest.mark.parametrize(
    ("intersect", "pos", "size", "expected"),
    [
        ("COVERS", "150,2", "0.01", {"tan.fits", "cube.fits"}),
        ("COVERS", "150,2", "0.1", {"tan.fits"}),
        ("COVERS", "150,2", "1", set()),
        ("ENCLOSED", "150,2", "0.1", {"cube.fits"}),
        ("ENCLOSED", "150,2", "1", {"tan.fits", "cube.fits"}),
        ("CENTER", "150.09,2", "5", {"tan.fits"}),
        ("OVERLAPS", "150.09,2", "5", {"tan.fits", "cube.fits"}),
        ("OVERLAPS", "150.09,2", "0", {"tan.fits"}),
        ("OVERLAPS", "0,90", "180,180", {"tan.fits", "cube.fits"}),
    ],
)
def test_what_images_have_to_do_with_the_box(vo: Service, intersect: str, pos: str, size: str, expected) -> None:
    pairs = [("POS", pos), ("SIZE", size), ("INTERSECT", intersect), ("FORMAT", "image/fits")]
    assert {row["title"] for row in table_rows(vo.get("sia", *pairs).content)} == expected


@pytest.mark.parametrize(
    "pairs",
    [[], [("POS", "150,2")], [("SIZE", "1")], [("POS", "150"), ("SIZE", "1")], [("POS", "1,2"), ("SIZE", "x")]],
)
def test_mistakes_in_version_1_are_a_votable_with_status_200(vo: Service, pairs) -> None:
    is_error(vo.get("sia", *pairs), 200, "")


def test_columns_without_images(vo: Service) -> None:
    answer = vo.get("sia", ("FORMAT", "METADATA"))
    assert table_rows(answer.content) == []
    assert statuses(answer.content) == ["OK"]


def test_an_image_too_large_for_one_answer_is_linked_as_a_cutout(vo: Service, tmp_path: Path) -> None:
    small = Service(vo.folder, tmp_path, cutout_pixels=10_000)
    pairs = [("POS", "150,2"), ("SIZE", "0.01"), ("FORMAT", "image/fits")]
    rows = {row["title"]: row for row in table_rows(small.get("sia", *pairs).content)}
    answer = small.ask(rows["tan.fits"]["url"].removeprefix("http://127.0.0.1:8000"))
    assert answer.status_code == 200
    assert fits.HDUList.fromstring(answer.content)[0].data.size < 400
    small.close()


# Whatever is sent.

WORDS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["CIRCLE 150 2 1", "RANGE 0 1 2 3", "Inf", "NaN", "ALL", "I", "image", "150,2", "", "0", "\0", "é"]
    ),
    st.lists(st.floats(-1000, 1000).map(str), max_size=9).map(lambda parts: f"POLYGON {' '.join(parts)}"),
)
NAMES = st.sampled_from(
    ["POS", "BAND", "TIME", "POL", "FOV", "SPATRES", "SPECRP", "EXPTIME", "TIMERES", "ID", "COLLECTION", "FACILITY",
     "INSTRUMENT", "DPTYPE", "CALIB", "TARGET", "FORMAT", "MAXREC", "RESPONSEFORMAT", "SIZE", "INTERSECT", "VERB"]
)  # fmt: skip


@given(st.sampled_from(["sia2", "sia"]), st.lists(st.tuples(NAMES, WORDS), max_size=5))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_sent_is_answered_by_a_valid_votable(vo: Service, path: str, pairs) -> None:
    clean = [(name, value.encode("utf-8", "replace").decode()) for name, value in pairs]
    answer = vo.get(path, *clean)
    assert answer.status_code in ({200} if path == "sia" else {200, 400})
    if answer.headers["content-type"].startswith(VOTABLE):
        assert statuses(answer.content)[0] in {"OK", "ERROR"}


# Callers.


def guarded(folder: Path, access: Access):
    """A server of a mosaic of which strangers may see one detector, and of a map that they may not see at all."""
    if not (folder / "mosaic.fits").exists():
        units = [fits.PrimaryHDU()]
        for k in range(3):
            header = tan_header(60, 40)
            header["CRVAL1"], header["INSTRUME"] = 150.0 + k, f"CCD {k}"
            units.append(fits.ImageHDU(np.zeros((40, 60), np.float32), header, name=f"CCD{k}"))
        fits.HDUList(units).writeto(folder / "mosaic.fits")
        write_image(folder / "other.fits", sky_data(), tan_header(200, 300))
        layers = [
            {"layer_id": f"ccd{k}", "name": f"CCD {k}", "grant": "team" if k else None,
             "provider": {"filename": "mosaic.fits", "hdu": k + 1}}
            for k in range(3)
        ]  # fmt: skip
        other = {"layer_id": "other", "name": "Other", "provider": {"filename": "other.fits"}}
        maps = [
            {"map_id": "mosaic", "name": "Mosaic", "bands": [{"name": "b", "layers": layers}]},
            {"map_id": "secret", "name": "Secret", "grant": "team", "bands": [{"name": "b", "layers": [other]}]},
        ]
        (folder / "h.json").write_text(json.dumps({"map_groups": [{"name": "Survey", "maps": maps}]}))
    made = open_configuration(folder / "h.json", lambda plane, identity, **_: Pyramid(plane, identity=identity))
    made.run()
    chosen = Settings(auth="none", threads=2, name_resolver="")
    return create_app(made.holdings, chosen, discovery=made, everybody=access)


class Asked(Service):
    def __init__(self, app) -> None:
        self.app, self.inner = app, getattr(app, "app", app)


def test_two_callers_see_what_they_may(tmp_path: Path) -> None:
    stranger, friend = (Asked(guarded(tmp_path, who)) for who in (ANONYMOUS, Access("f", frozenset({"team"}))))
    assert names(stranger.get("sia2")) == {"mosaic"}
    assert names(friend.get("sia2")) == {"mosaic", "secret"}
    for place, seen in (("150", {"mosaic"}), ("151", set()), ("152", set())):
        pair = ("POS", f"CIRCLE {place} 2 0.01")
        assert names(stranger.get("sia2", pair)) == seen
        assert names(friend.get("sia2", pair)) == ({"mosaic", "secret"} if place == "150" else {"mosaic"})
    (row,) = table_rows(stranger.get("sia2").content)
    assert (row["instrument_name"], row["s_xel1"]) == ("CCD 0", "60")
    assert float(row["s_fov"]) < 0.1
    assert names(stranger.get("sia2", ("ID", "secret"))) == names(stranger.get("sia2", ("ID", "missing"))) == set()
    hidden, missing = (stranger.get("sia2", ("ID", name)).content for name in ("secret", "missing"))
    assert hidden == missing
    for one in (stranger, friend):
        one.inner.services.close()


# Clients.


@pytest.fixture(scope="module")
def live(vo_folder: Path, tmp_path_factory):
    with running(vo_folder, "--auth", "none") as (_, address):
        yield address.rstrip("/")


def test_pyvo_finds_images_by_version_2(live: str) -> None:
    for path in ("sia2", "sia2/query"):
        service = pyvo.dal.SIA2Service(f"{live}/vo/{path}", check_baseurl=path == "sia2")
        found = service.search(pos=(150 * u.deg, 2 * u.deg, 0.1 * u.deg), data_type="image")
        assert [row.obs_id for row in found] == ["tan"]
    service = pyvo.dal.SIA2Service(f"{live}/vo/sia2")
    (row,) = service.search(band=(5.9e-7 * u.m, 6.1e-7 * u.m), time=("2024-03-01", "2024-03-02"))
    assert (row.obs_id, row.access_format, row.calib_level) == ("tan", DATALINK, 2)
    assert row.s_ra.to_value(u.deg) == pytest.approx(149.9995, abs=1e-4)
    assert row.t_exptime.to_value(u.s) == 60.0
    assert "#this" in [link.semantics for link in row.getdatalink()]
    assert [one.obs_id for one in service.search(publisher_did="ivo://armillary.local/data?cube")] == ["cube"]
    assert len(service.search(maxrec=2)) == 2
    with pytest.raises(pyvo.DALQueryError, match="BAND"):
        service.search(BAND="x")


def test_pyvo_finds_images_by_version_1(live: str) -> None:
    found = pyvo.dal.SIAService(f"{live}/vo/sia").search(pos=(150, 2), size=0.1, format="image/fits")
    row = next(row for row in found if row.title == "tan.fits")
    assert row.naxis.value.tolist() == [200, 300]
    assert row.format == "image/fits"
    np.testing.assert_array_equal(fits.HDUList.fromstring(row.getdataset().read())[0].data, sky_data())
    query = pyvo.dal.SIAService(f"{live}/vo/sia").create_query(pos=(150, 2), size=0.1)
    query["SIZE"] = "x"
    with pytest.raises(pyvo.DALQueryError, match="SIZE"):
        query.execute()


@pytest.mark.parametrize(
    "path",
    [
        "sia2",
        "sia2?MAXREC=1",
        "sia2?MAXREC=0",
        "sia2?POS=CIRCLE+1",
        "sia?POS=150,2&SIZE=1",
        "sia?FORMAT=METADATA",
        "sia",
    ],
)
def test_votlint_finds_nothing(vo: Service, path: str) -> None:
    said = stilts("votlint", "-", text=vo.ask(f"/vo/{path}").content)
    assert not [line for line in said.splitlines() if line.startswith(("ERROR", "WARNING"))], said


def test_nothing_is_indexed_before_somebody_searches(vo_folder: Path, monkeypatch) -> None:
    from armillary.holdings import obscore

    made = []
    row_of = obscore.row_of
    monkeypatch.setattr(obscore, "row_of", lambda one: made.append(one) or row_of(one))
    app = make_app(vo_folder)
    service = Asked(app)
    assert service.ask("/api/holdings").status_code == 200
    assert service.get("sia2/capabilities").status_code == 200
    assert made == []
    service.get("sia2")
    assert len(made) == 3
    service.inner.services.close()
