"""VOSI, DataLink and cone searches over HTTP, by the official schemas."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import numpy as np
import pytest
from astropy.coordinates import angular_separation
from astropy.io import fits, votable
from astropy.table import Table
from astropy.wcs import WCS
from conftest_server import sky_data, tan_header, write_image
from conftest_vo import STARS, WORDS, Service, is_told, statuses, stilts, table_rows
from conftest_xsd import children, valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from armillary.errors import UnavailableError
from armillary.holdings.tree import SourceGroup
from armillary.server.app import OPEN_VO
from armillary.server.vo import vosi as routes

XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
SERVICES = {
    "": {"VOSI#capabilities", "VOSI#availability", "VOSI#tables", "SIA", "SIA#query-2.0", "SODA#sync-1.0",
         "SODA#async-1.0", "DataLink#links-1.1", "ConeSearch"},
    "sia/": {"VOSI#capabilities", "VOSI#availability", "SIA"},
    "sia2/": {"VOSI#capabilities", "VOSI#availability", "SIA#query-2.0"},
    "soda/": {"VOSI#capabilities", "VOSI#availability", "SODA#sync-1.0", "SODA#async-1.0"},
    "datalink/": {"VOSI#capabilities", "VOSI#availability", "DataLink#links-1.1"},
    "scs/stars/": {"ConeSearch"},
}  # fmt: skip


def capabilities(document: bytes) -> dict[str, list[etree._Element]]:
    """Elements of capabilities by the last part of their standard's id."""
    root = valid(document)
    assert root.tag == "{http://www.ivoa.net/xml/VOSICapabilities/v1.0}capabilities"
    found: dict[str, list[etree._Element]] = {}
    for one in root.findall("capability"):
        assert one.get("standardID").startswith("ivo://ivoa.net/std/")
        found.setdefault(one.get("standardID").removeprefix("ivo://ivoa.net/std/"), []).append(one)
    return found


@pytest.mark.parametrize("place", SERVICES)
def test_capabilities_of_each_service(vo: Service, place: str) -> None:
    found = capabilities(vo.get(f"{place}capabilities").content)
    assert set(found) == SERVICES[place]
    for standard, elements in found.items():
        for one in elements:
            (interface,) = one.findall("interface")
            assert interface.get("role") == "std"
            assert interface.get(XSI) == "vs:ParamHTTP"
            assert interface.find("securityMethod") is None
            address = interface.find("accessURL")
            assert address.get("use") == ("base" if standard in {"SIA", "ConeSearch"} else "full")
            assert address.text.endswith("?") == (address.get("use") == "base")
    if "ConeSearch" in found and not place:
        urls = [one.findtext("interface/accessURL") for one in found["ConeSearch"]]
        assert [unquote(url.rpartition("/")[2]) for url in urls] == ["galactic?", "stars?"]
        assert {one.get(XSI) for one in found["ConeSearch"]} == {"cs:ConeSearch"}


@pytest.mark.parametrize("place", SERVICES)
def test_every_address_of_vosi_answers(vo: Service, place: str) -> None:
    for standard, elements in capabilities(vo.get(f"{place}capabilities").content).items():
        if standard.startswith("VOSI"):
            url = elements[0].findtext("interface/accessURL")
            answer = vo.ask(urlsplit(url).path)
            assert answer.status_code == 200
            assert answer.headers["content-type"] == "text/xml"
            valid(answer.content)


METHODS = {"token": ["BearerToken", "cookie"], "accounts": [None, "cookie", "BearerToken", "BasicAA"]}


@pytest.mark.parametrize("mode", METHODS)
def test_how_callers_say_who_they_are(vo_folder: Path, tmp_path: Path, mode: str) -> None:
    made = Service(vo_folder, tmp_path, auth=mode, token="t", accounts_database=str(tmp_path / "accounts.sqlite"))
    try:
        found = capabilities(
            made.get("capabilities", headers={"authorization": "Bearer t"} if mode == "token" else {}).content
        )
        ways: dict[str, list[str | None]] = {}
        for standard, (one, *_) in found.items():
            for interface in one.findall("interface"):
                method = interface.find("securityMethod")
                way = None if method is None else method.get("standardID").removeprefix("ivo://ivoa.net/sso#")
                ways.setdefault(standard, []).append(way)
        open_to_all = {"VOSI#capabilities", "VOSI#availability"}
        assert {standard: way for standard, way in ways.items() if standard in open_to_all} == {
            standard: [None] for standard in open_to_all
        }
        assert {tuple(way) for standard, way in ways.items() if standard not in open_to_all} == {tuple(METHODS[mode])}
    finally:
        made.close()


def test_strangers_are_told_of_services_and_of_nothing_in_them(vo_folder: Path, tmp_path: Path) -> None:
    made = Service(vo_folder, tmp_path, auth="token", token="secret")
    bearer = {"authorization": "Bearer secret"}
    try:
        for path in sorted(OPEN_VO):
            for headers in ({}, {"authorization": "Bearer wrong"}):
                answer = made.ask(path, headers=headers)
                assert answer.status_code == 200, path
                valid(answer.content)
        found = capabilities(made.get("capabilities").content)
        assert set(found) == SERVICES[""] - {"ConeSearch"}
        assert "stars" not in made.get("capabilities").text
        assert len(capabilities(made.get("capabilities", headers=bearer).content)["ConeSearch"]) == 2
        closed = (
            "tables",
            "tables/stars",
            "scs/stars?RA=1&DEC=2&SR=1",
            "scs/stars/capabilities",
            "datalink/links",
            "none",
        )
        for path in closed:
            answer = made.get(path)
            is_told(answer, 401, "AuthenticationError")
            assert answer.headers["www-authenticate"] == "Bearer"
            is_told(made.get(path, headers={"authorization": "Bearer wrong"}), 401, "AuthenticationError")
            assert made.get(path, headers=bearer).status_code == (404 if path == "none" else 200)
        # What is open is open to be read.
        for path in ("capabilities", "availability"):
            assert made.ask(f"/vo/{path}", "POST").status_code == 405
        is_told(made.ask("/vo/datalink/links", "POST"), 401, "AuthenticationError")
        assert made.ask("/vo/datalink/links", "POST", headers=bearer, data={"ID": "tan"}).status_code == 200
    finally:
        made.close()


def available(document: bytes) -> tuple[str, list[str]]:
    root = valid(document)
    space = "{http://www.ivoa.net/xml/VOSIAvailability/v1.0}"
    assert root.tag == f"{space}availability"
    return root.findtext(f"{space}available"), [note.text for note in root.findall(f"{space}note")]


def test_availability(vo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Service(vo_folder, tmp_path)
    try:
        for path in ("availability", "soda/availability", "sia2/availability"):
            assert available(made.get(path).content) == ("true", [])
        assert not (tmp_path / "jobs").exists(), "asking makes no database"
        made.inner.services.holdings.set_scanning(scanning=True)
        state, (note,) = available(made.get("sia2/availability").content)
        assert (state, "still being read" in note) == ("true", True)
        made.inner.services.holdings.set_scanning(scanning=False)

        def down(*_: Any) -> None:
            raise UnavailableError("The database of jobs cannot be used now.")

        monkeypatch.setattr(made.inner.services.jobs().store, "revisions", down)
        assert available(made.get("soda/availability").content) == (
            "false",
            ["The database of jobs cannot be used now."],
        )
        assert available(made.get("availability").content)[0] == "false"
        assert available(made.get("sia2/availability").content) == ("true", [])
    finally:
        made.close()


def test_a_database_that_is_down_is_told(vo_folder: Path, tmp_path: Path) -> None:
    # Nobody listens there.
    made = Service(vo_folder, tmp_path, jobs_database="postgresql://nobody:nothing@127.0.0.1:1/none")
    try:
        state, notes = available(made.get("soda/availability").content)
        assert state == "false"
        assert notes
        assert "nothing" not in "".join(notes)
    finally:
        made.close()


def tables(document: bytes) -> dict[str, dict[str, str]]:
    """Columns of each table, with their types."""
    root = valid(document)
    elements = [root] if etree.QName(root).localname == "table" else root.findall("schema/table")
    return {
        table.findtext("name"): {c.findtext("name"): c.findtext("dataType") for c in table.findall("column")}
        for table in elements
    }


def test_tables(vo: Service) -> None:
    found = tables(vo.get("tables").content)
    assert set(found) == {"ivoa.obscore", "stars", "galactic"}
    assert found["stars"] == {"id": "char", "ra": "double", "dec": "double", "mag": "double"}
    assert list(found["galactic"])[:3] == ["row_number", "ra_icrs", "dec_icrs"]
    for name, columns in found.items():
        assert tables(vo.get(f"tables/{name}").content) == {name: columns}
    few = tables(vo.get("tables", ("Detail", "MIN")).content)
    assert few == {name: {} for name in found}
    is_told(vo.get("tables", ("detail", "some")), 400, "UsageError")


def test_tables_of_broken_and_of_very_many_catalogs(vo_folder: Path, tmp_path: Path, monkeypatch) -> None:
    from armillary.holdings.catalogs import offered_file, offered_inline

    made = Service(vo_folder, tmp_path)
    broken = tmp_path / "broken.csv"
    broken.write_bytes(b"\0\0\0")
    holdings = made.inner.services.holdings
    try:
        holdings.put_sources(SourceGroup("broken", "Broken", offered_file(broken), "words & <signs>"))
        found = tables(made.get("tables").content)
        assert found["broken"] == {}
        is_told(made.get("tables/broken"), 503, "ServiceUnavailable")
        is_told(made.get("scs/broken?RA=1&DEC=2&SR=1"), 503, "ServiceUnavailable")
        monkeypatch.setattr(routes, "MOST_READ", 2)
        for k in range(5):
            inline = offered_inline(f"c{k}", [{"name": "a", "ra": 1.0, "dec": 2.0}])
            holdings.put_sources(SourceGroup(f"c{k}", f"C{k}", inline))
        found = tables(made.get("tables").content)
        assert [name for name, columns in found.items() if columns and name != "ivoa.obscore"] == ["galactic", "stars"]
        assert tables(made.get("tables/c4").content)["c4"]
    finally:
        made.close()


def test_ids_that_need_quoting(vo_folder: Path, tmp_path: Path) -> None:
    from armillary.holdings.catalogs import offered_inline

    made = Service(vo_folder, tmp_path)
    name = "a b&c?d+é%2F#"
    inline = offered_inline("c", [{"name": "a", "ra": 1.0, "dec": 2.0}])
    try:
        made.inner.services.holdings.put_sources(SourceGroup(name, "<C>", inline))
        (url,) = [
            one.findtext("interface/accessURL")
            for one in capabilities(made.get("capabilities").content)["ConeSearch"]
            if "%20" in one.findtext("interface/accessURL")
        ]
        answer = made.ask(f"{url}RA=1&DEC=2&SR=1")
        assert len(table_rows(answer.content)) == 1
        assert tables(made.get(f"tables/{quote(name, safe='')}").content)[name]
    finally:
        made.close()


@pytest.mark.parametrize("verb", ["1", "2", "3"])
@pytest.mark.parametrize("radius", [0.0, 0.01, 0.1, 1.0, 180.0])
def test_sources_of_a_cone(vo: Service, verb: str, radius: float) -> None:
    stars = Table.read(vo.folder / "stars.csv")
    away = np.degrees(angular_separation(*(np.radians(v) for v in (150.0, 2.0, stars["ra"], stars["dec"]))))
    expected = sorted(stars["id"][away <= radius]) if radius else []
    answer = vo.get("scs/stars", ("RA", "150"), ("DEC", "2"), ("SR", str(radius)), ("VERB", verb))
    rows = table_rows(answer.content)
    assert sorted(row["id"] for row in rows) == expected
    assert statuses(answer.content) == ["OK"]
    names = [field.get("name") for field in children(valid(answer.content), "RESOURCE/TABLE/FIELD")]
    assert names == ["id", "ra", "dec", *(["mag"] if verb != "1" else [])]
    if radius == 180.0:
        assert len(rows) == STARS
        masked = sum(not row["mag"] for row in rows) if verb != "1" else math.ceil(STARS / 7)
        assert masked == math.ceil(STARS / 7)


GOOD_CONE = "RA=1&DEC=2&SR=1"
WRONG_CONES = (
    "",
    "RA=1",
    "RA=1&DEC=2",
    "RA=x&DEC=2&SR=1",
    "RA=1&DEC=95&SR=1",
    "RA=1&DEC=2&SR=-1",
    f"{GOOD_CONE}&RA=2",
    f"{GOOD_CONE}&VERB=9",
    f"{GOOD_CONE}&MAXREC=-1",
    f"{GOOD_CONE}&RESPONSEFORMAT=csv",
)


@pytest.mark.parametrize("query", WRONG_CONES)
def test_what_is_wrong_with_a_cone_is_told_in_a_votable(vo: Service, query: str) -> None:
    answer = vo.ask(f"/vo/scs/stars?{query}")
    assert answer.status_code == 200
    (info,) = [one for one in children(valid(answer.content), "INFO") if one.get("name") == "Error"]
    assert info.get("value").isprintable()
    assert statuses(answer.content) == ["ERROR"]
    assert children(valid(answer.content), "RESOURCE/TABLE") == []
    assert stilts("votlint", "-", text=answer.content).strip() == ""


def test_rows_are_bounded(vo_folder: Path, tmp_path: Path) -> None:
    made = Service(vo_folder, tmp_path, vo_rows=10)
    cone = "scs/stars?RA=150&DEC=2&SR=5"
    try:
        for most, rows, said in ((None, 10, "OVERFLOW"), (3, 3, "OVERFLOW"), (0, 0, "OVERFLOW"), (500, 10, "OVERFLOW")):
            answer = made.get(cone + ("" if most is None else f"&maxrec={most}"))
            assert len(table_rows(answer.content)) == rows
            assert statuses(answer.content) == ["OK", said]
        assert "<maxRecords>10</maxRecords>" in made.get("capabilities").text
        links = made.get("datalink/links", *(("ID", name) for name in ("tan", "cube", "plain", "none")))
        assert len(table_rows(links.content)) == 10
        assert statuses(links.content) == ["OK", "OVERFLOW"]
    finally:
        made.close()


def links_of(vo: Service, *ids: str) -> list[dict[str, str]]:
    return table_rows(vo.get("datalink/links", *(("ID", one) for one in ids)).content)


def services_in(document: bytes) -> dict[str, etree._Element]:
    found = [one for one in children(valid(document), "RESOURCE") if one.get("type") == "meta"]
    return {one.get("ID"): one for one in found}


IDS = (
    "tan",
    "cube",
    "plain",
    "cube@1",
    "no-such",
    "",
    "a\tb",
    "x" * 2000,
    "ivo://armillary.local/data?tan",
    "tan",
    "ü",
)


def test_rows_of_links(vo: Service) -> None:
    answer = vo.get("datalink/links", *(("ID", one) for one in IDS))
    assert answer.headers["content-type"] == "application/x-votable+xml;content=datalink"
    rows = table_rows(answer.content)
    for row in rows:
        given = [name for name in ("access_url", "service_def", "error_message") if row[name]]
        assert len(given) == 1, row
        assert row["semantics"].startswith("#")
    seen = [row["ID"] for row in rows]
    together = [one for k, one in enumerate(seen) if k == 0 or seen[k - 1] != one]
    # An ID that is asked for twice has its rows once, an empty one is none.
    assert together == ["tan", "cube", "plain", "cube@1", "no-such", "a\tb", "x" * 2000, IDS[8], "ü"]
    faults = {row["ID"]: row["error_message"].partition(":")[0] for row in rows if row["error_message"]}
    wrong = dict.fromkeys(["a\tb", "x" * 2000], "UsageFault")
    assert faults == wrong | dict.fromkeys(["no-such", "ü"], "NotFoundFault")
    assert "'ü'" in rows[-1]["error_message"]
    (info,) = [one for one in children(valid(answer.content), "RESOURCE/INFO") if one.get("name") == "standardID"]
    assert info.get("value") == "ivo://ivoa.net/std/DataLink#links-1.1"
    named = {row["service_def"] for row in rows if row["service_def"]}
    assert named == set(services_in(answer.content))
    (length,) = [
        one for one in children(valid(answer.content), "RESOURCE/TABLE/FIELD") if one.get("name") == "content_length"
    ]
    assert (length.get("datatype"), length.get("unit")) == ("long", "byte")


def test_no_id_has_no_row(vo: Service) -> None:
    for ids in ((), ("",), (" ", "")):
        answer = vo.get("datalink/links", *(("ID", one) for one in ids))
        assert table_rows(answer.content) == []
        assert statuses(answer.content) == ["OK"]


@pytest.mark.parametrize("name", ["tan", "cube", "plain", "cube@1"])
def test_every_link_leads_to_what_it_says(vo: Service, name: str) -> None:
    rows = links_of(vo, name)
    assert {"#this", "#preview", "#auxiliary"} <= {row["semantics"] for row in rows}
    for row in rows:
        if not row["access_url"]:
            continue
        url = urlsplit(row["access_url"])
        answer = vo.ask(f"{url.path}?{url.query}")
        assert answer.status_code == 200, row
        assert answer.headers["content-type"].partition(";")[0] == row["content_type"]
        if row["content_length"]:
            assert len(answer.content) == int(row["content_length"])
        if row["semantics"] == "#this":
            with (
                fits.open(io.BytesIO(answer.content)) as units,
                fits.open(vo.folder / f"{name.partition('@')[0]}.fits") as own,
            ):
                pixels = own[0].data[1] if "@" in name else own[0].data
                np.testing.assert_array_equal(np.squeeze(units[0].data), pixels)
        if row["semantics"] == "#auxiliary":
            assert "SIMPLE" in answer.text
    # What has no place on the sky has no cutouts by regions of it.
    assert ("#cutout" in {row["semantics"] for row in rows}) == (name != "plain")


def test_descriptors_say_what_an_image_covers(vo: Service) -> None:
    document = vo.get("datalink/links", ("ID", "tan"), ("ID", "cube")).content
    found = services_in(document)
    assert set(found) == {"soda-sync-1", "soda-async-1", "soda-sync-2", "soda-async-2"}
    for service_id, one in found.items():
        words = {param.get("name"): param.get("value") for param in children(one, "PARAM")}
        way = service_id.split("-")[1]
        assert words["standardID"] == f"ivo://ivoa.net/std/SODA#{way}-1.0"
        assert words["accessURL"] == f"http://127.0.0.1:8000/vo/soda/{way}"
        params = {param.get("name"): param for param in children(one, "GROUP/PARAM")}
        assert (
            params["ID"].get("value") == f"ivo://armillary.local/data?{'tan' if service_id.endswith('1') else 'cube'}"
        )
        assert ("BAND" in params) is True
        assert "POL" not in params
        for shape in ("CIRCLE", "POLYGON"):
            assert [etree.QName(bound).localname for bound in children(params[shape], "VALUES/*")] == ["MAX"]
    params = {param.get("name"): param for param in children(found["soda-sync-1"], "GROUP/PARAM")}
    header = fits.getheader(vo.folder / "tan.fits")
    del header["DATE-OBS"]
    corners = WCS(header).calc_footprint(undistort=False)
    ra, dec, radius = map(float, children(params["CIRCLE"], "VALUES/MAX")[0].get("value").split())
    away = np.degrees(angular_separation(*(np.radians(v) for v in (ra, dec, corners[:, 0], corners[:, 1]))))
    assert away.max() <= radius + 2e-3
    assert radius < 1.02 * away.max() + 2e-3
    polygon = np.array(children(params["POLYGON"], "VALUES/MAX")[0].get("value").split(), float).reshape(-1, 2)
    assert len(polygon) == 4
    low, high = (float(children(params["TIME"], f"VALUES/{name}")[0].get("value")) for name in ("MIN", "MAX"))
    assert high - low == pytest.approx(60 / 86400)
    cube = {param.get("name"): param for param in children(found["soda-sync-2"], "GROUP/PARAM")}
    low, high = (float(children(cube["BAND"], f"VALUES/{name}")[0].get("value")) for name in ("MIN", "MAX"))
    c = 299792458.0
    assert low == pytest.approx(c / 1.425e9)
    assert high == pytest.approx(c / 1.395e9)


def test_a_document_that_is_cut_short_describes_what_its_rows_name(vo: Service) -> None:
    whole = links_of(vo, "tan", "cube")
    for most in range(len(whole) + 2):
        answer = vo.get("datalink/links", ("ID", "tan"), ("ID", "cube"), ("MAXREC", str(most)))
        rows = table_rows(answer.content)
        assert rows == whole[:most]
        assert statuses(answer.content) == ["OK", *(["OVERFLOW"] if most < len(whole) else [])]
        assert set(services_in(answer.content)) == {row["service_def"] for row in rows} - {""}


def test_what_is_too_large_to_be_sent_whole_is_told(vo_folder: Path, tmp_path: Path) -> None:
    made = Service(vo_folder, tmp_path, cutout_pixels=1000)
    try:
        rows = links_of(made, "tan")
        (this,) = [row for row in rows if row["semantics"] == "#this"]
        assert this["error_message"].startswith("FatalFault: ")
        assert "#cutout" in {row["semantics"] for row in rows}
    finally:
        made.close()


def test_links_of_a_file_that_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "sky"
    folder.mkdir()
    write_image(folder / "a.fits", sky_data(), tan_header(200, 300))
    made = Service(folder, tmp_path)
    try:
        assert len(links_of(made, "a")) > 3
        (folder / "a.fits").write_bytes(b"no FITS at all")
        (row,) = links_of(made, "a")
        assert row["error_message"].startswith(("TransientFault", "NotFoundFault"))
        assert str(tmp_path) not in row["error_message"]
    finally:
        made.close()


def test_ten_thousand_ids(vo: Service) -> None:
    body = "&".join(f"ID=none-{k}" for k in range(9_999)) + "&ID=tan"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = vo.ask("/vo/datalink/links", "POST", content=body, headers=headers)
    rows = table_rows(answer.content)
    assert len(rows) == 10_000
    assert rows[9_999]["ID"] == "tan"


def read(document: bytes) -> votable.tree.VOTableFile:
    """As astropy reads it, which has nothing to say but that UCDs of cone searches are old."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", votable.exceptions.W06)
        return votable.parse(io.BytesIO(document), verify="warn")


NAMES = st.sampled_from(["ID", "RA", "DEC", "SR", "VERB", "MAXREC", "RESPONSEFORMAT", "detail", "x"])
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        [
            "tan",
            "cube@1",
            "cube@9",
            "150",
            "2",
            "0",
            "1e400",
            "NaN",
            "-1",
            "votable",
            "text/xml",
            "\0",
            "é",
            "<&>",
            "Inf",
        ]
    ),
    st.floats().map(repr),
    st.integers().map(str),
)
PATHS = (
    "datalink/links",
    "scs/stars",
    "scs/galactic",
    "scs/none",
    "tables",
    "capabilities",
    "availability",
    "tables/stars",
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PATHS), st.lists(st.tuples(NAMES, VALUES), max_size=6), st.sampled_from(["GET", "POST"]))
def test_whatever_is_asked_is_answered_in_order(vo: Service, path: str, pairs, method: str) -> None:
    pairs = [(name, value.encode("utf-8", "replace").decode()) for name, value in pairs]
    if method == "GET":
        answer = vo.get(path, *pairs)
    else:
        answer = vo.ask(f"/vo/{path}", "POST", files=[(name, (None, value)) for name, value in pairs] or None)
    assert answer.status_code in {200, 400, 404, 405}, answer.text
    if answer.status_code == 200:
        valid(answer.content)
    else:
        assert answer.text.startswith(WORDS)
    if answer.status_code == 200 and path.startswith(("datalink", "scs")):
        read(answer.content)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(0, 180), st.sampled_from(["stars", "galactic"]))
def test_every_cone_is_searched(vo: Service, ra: float, dec: float, radius: float, name: str) -> None:
    answer = vo.get(f"scs/{name}", ("RA", repr(ra)), ("DEC", repr(dec)), ("SR", repr(radius)))
    assert statuses(answer.content) == ["OK"]
    found = read(answer.content).get_first_table().array
    fields = children(valid(answer.content), "RESOURCE/TABLE/FIELD")
    names = {field.get("ucd"): field.get("name") for field in fields}
    lon, lat = (names[f"POS_EQ_{one}_MAIN"] for one in ("RA", "DEC"))
    if len(found):
        places = np.radians(np.array(found[lon], float)), np.radians(np.array(found[lat], float))
        assert np.degrees(angular_separation(math.radians(ra), math.radians(dec), *places)).max() <= radius + 1e-6


def test_the_whole_image_is_one_request_away(vo: Service) -> None:
    """What a client does that knows the standard only: links, then the address of ``#this``."""
    (this,) = [row for row in links_of(vo, "ivo://armillary.local/data?tan") if row["semantics"] == "#this"]
    assert parse_qs(urlsplit(this["access_url"]).query) == {"ID": ["ivo://armillary.local/data?tan"]}
