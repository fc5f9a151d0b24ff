"""HATS catalogs over HTTP: the same routes and forms as other catalogs, and cone searches, by astropy."""

from __future__ import annotations

import asyncio
import csv
import io
import itertools
import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import votable
from astropy.wcs import WCS
from conftest_server import in_process, make_app, sky_data, tan_header, write_image

from armillary.catalogs import import_catalog
from armillary.catalogs.points import unpack
from armillary.catalogs.viewing import gathering
from armillary.holdings.access import OWNER
from armillary.holdings.configuration import open_configuration
from armillary.images.pyramid import Pyramid
from armillary.server.app import create_app
from armillary.server.settings import Settings
from armillary.storage import remote

Ask = Callable[..., httpx.Response]
ROWS = 4000


def sources() -> pa.Table:
    rng = np.random.default_rng(21)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, ROWS)))
    ra = rng.uniform(0, 360, ROWS)
    ra[: ROWS // 2], dec[: ROWS // 2] = rng.uniform(149.8, 150.2, ROWS // 2), rng.uniform(1.8, 2.2, ROWS // 2)
    mag = pa.array(rng.normal(18, 2, ROWS), mask=np.arange(ROWS) % 9 == 0)
    names = [f"{'=' if k % 50 == 0 else ''}s{k}" for k in range(ROWS)]
    return pa.table({"name": names, "key": np.arange(ROWS) + (1 << 60), "ra": ra, "dec": dec, "mag": mag})


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hats")
    pq.write_table(sources(), folder / "in.parquet")
    import_catalog(
        input_paths=[folder / "in.parquet"],
        output_path=folder,
        output_artifact_name="gaia",
        pixel_threshold=300,
        highest_healpix_order=10,
    )
    return folder / "gaia"


@pytest.fixture
def sky(tmp_path: Path, written: Path) -> Path:
    folder = tmp_path / "holdings"
    folder.mkdir()
    write_image(folder / "tan.fits", sky_data(), tan_header(200, 300))
    (folder / "few.csv").write_text("name,ra,dec\na,150,2\n")
    shutil.copytree(written, folder / "gaia")
    return folder


def asker_for(app: Any) -> Ask:
    async def one(url: str, **more: Any) -> httpx.Response:
        async with in_process(app) as client:
            return await client.get(url, **more)

    return lambda url, **more: asyncio.run(one(url, **more))


@pytest.fixture
def ask(sky: Path) -> Ask:
    return asker_for(make_app(sky))


def places() -> SkyCoord:
    table = sources()
    return SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg")


def keys_of(ask: Ask, rows: Any) -> list[int]:
    return sorted(int(ask(f"/api/sources/gaia/rows/{int(row)}").json()["values"]["key"]) - (1 << 60) for row in rows)


WINDOW = "layer=tan&x0=20&y0=30&x1=150.5&y1=260"


def test_it_is_described_like_any_catalog(ask: Ask) -> None:
    groups = {group["source_group_id"]: group for group in ask("/api/holdings").json()["source_groups"]}
    assert set(groups) == {"few", "gaia"}
    info = ask("/api/sources/gaia").json()
    assert (info["id"], info["name"], info["status"], info["count"]) == ("gaia", "gaia", "ready", ROWS)
    assert [column["name"] for column in info["columns"]] == ["name", "key", "ra", "dec", "mag", "_healpix_29"]
    assert (info["ra_column"], info["dec_column"], info["name_column"]) == ("ra", "dec", "name")
    assert info["skipped"] == {"total": 0, "missing": 0, "not_finite": 0, "out_of_range": 0}
    assert info["notes"] == []
    groups = {group["source_group_id"]: group for group in ask("/api/holdings").json()["source_groups"]}
    assert groups["gaia"]["count"] == ROWS


def test_points_of_a_window_are_those_that_astropy_projects_there(ask: Ask) -> None:
    header, arrays = unpack(ask(f"/api/sources/gaia/points?{WINDOW}&size=mag&color=dec").content)
    x, y = WCS(tan_header(200, 300)).world_to_pixel(places())
    inside = np.flatnonzero((x >= 20) & (x <= 150.5) & (y >= 30) & (y <= 260))
    assert header["total"] == header["count"] == len(inside) > 200
    assert header["complete"] is True
    assert "density" not in header
    assert arrays["row"].dtype == np.uint32
    order = np.argsort(arrays["ra"])
    expected = inside[np.argsort(sources()["ra"].to_numpy()[inside])]
    for name, values in (("x", x), ("y", y), ("ra", places().ra.deg), ("dec", places().dec.deg)):
        np.testing.assert_allclose(arrays[name][order], values[expected], atol=1e-8)
    mag = sources()["mag"].to_numpy(zero_copy_only=False)[expected]
    np.testing.assert_allclose(arrays["size"][order], mag, rtol=1e-6)
    assert keys_of(ask, arrays["row"][:5]) == sorted(expected[np.argsort(order)[:5]].tolist())


def test_the_density_comes_with_what_is_too_much(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = f"/api/sources/gaia/points?{WINDOW}"
    crowded, some = unpack(ask(f"{whole}&crowd=100").content)
    assert crowded["complete"] is False or crowded["density"]
    assert len(some["density"]) == crowded["density"]["nx"] * crowded["density"]["ny"]
    monkeypatch.setattr(gathering, "MOST_ROWS", 500)
    header, arrays = unpack(ask(f"{whole}&limit=77").content)
    assert (header["count"], header["complete"], len(arrays["ra"]), len(arrays["x"])) == (0, False, 0, 0)
    assert header["total"] == pytest.approx(crowded["total"], rel=0.25)
    window = header["density"]
    assert {window[edge] for edge in ("x0", "y0", "x1", "y1")} == {20, 30, 150.5, 260}
    assert window["low"] < window["high"]
    assert arrays["density"].dtype == np.uint8
    assert arrays["density"].max() > 0
    refused = ask(f"{whole}&filter=mag<12")
    assert refused.status_code == 413
    assert "look at a smaller part of the sky" in refused.json()["error"]["message"]
    cone, sample = unpack(ask("/api/sources/gaia/points?ra=0&dec=0&radius=180&limit=50&size=mag").content)
    assert (cone["count"], len(sample["size"]), cone["complete"]) == (50, 50, False)
    assert "density" not in cone


def test_pages_of_its_table(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    page = ask("/api/sources/gaia/rows?start=3990&count=50&columns=key,mag").json()
    assert (page["total"], page["start"], page["columns"]) == (ROWS, 3990, ["key", "mag"])
    assert page["row"] == list(range(3990, 4000))
    sort = ask(f"/api/sources/gaia/rows?{WINDOW}&sort=mag&descending=1&count=1000&columns=mag").json()
    known = [row[0] for row in sort["rows"] if row[0] is not None]
    assert known == sorted(known, reverse=True)
    assert len(known) > 100
    text = ask("/api/sources/gaia/rows?format=csv&columns=name,key").text
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == ROWS + 1
    assert {row[0] for row in rows if "=" in row[0]} == {f"'=s{k}" for k in range(0, ROWS, 50)}
    found = ask("/api/sources/gaia/rows?search=s123&count=1000&columns=name").json()
    assert {row[0] for row in found["rows"]} == {f"s{k}" for k in range(ROWS) if f"s{k}".startswith("s123")}
    monkeypatch.setattr(gathering, "MOST_ROWS", 500)
    assert ask("/api/sources/gaia/rows?sort=mag").status_code == 413
    assert ask("/api/sources/gaia/rows?sort=none").status_code == 422
    assert ask("/api/sources/gaia/rows?start=3999").status_code == 200


@pytest.mark.parametrize("row", [ROWS, 1 << 40, (1 << 53) - 1])
def test_rows_that_are_not_there(ask: Ask, row: int) -> None:
    answer = ask(f"/api/sources/gaia/rows/{row}")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == f"There is no row {row}: the table has 4,000."
    assert ask(f"/api/sources/gaia/rows/{1 << 60}").status_code == 422


def test_one_row_has_all_columns(ask: Ask) -> None:
    row = ask("/api/sources/gaia/rows/1234").json()
    number = int(row["values"]["key"]) - (1 << 60)
    table = sources()
    assert (row["ra"], row["dec"]) == (table["ra"][number].as_py(), table["dec"][number].as_py())
    assert row["values"]["mag"] == table["mag"][number].as_py()


CONES = [(150.0, 2.0, 0.1), (0.0, 0.0, 30.0), (10.0, 90.0, 12.0), (359.9, -60.0, 15.0), (150.0, 2.0, 180.0)]


@pytest.mark.parametrize("cone", CONES)
def test_cone_searches_are_exact(ask: Ask, cone: tuple[float, float, float]) -> None:
    ra, dec, radius = cone
    answer = ask(f"/vo/scs/gaia?RA={ra}&DEC={dec}&SR={radius}&VERB=3&MAXREC=10000")
    table = votable.parse_single_table(io.BytesIO(answer.content)).to_table()
    inside = places().separation(SkyCoord(ra, dec, unit="deg")).deg <= radius
    assert sorted(table["key"].tolist()) == [k + (1 << 60) for k in np.flatnonzero(inside).tolist()]
    ucds = [column.ucd for column in votable.parse_single_table(io.BytesIO(answer.content)).fields]
    assert [ucds.count(ucd) for ucd in ("ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN")] == [1, 1, 1]
    assert b"OVERFLOW" not in answer.content


def test_cone_searches_say_when_there_is_more(ask: Ask) -> None:
    answer = ask("/vo/scs/gaia?RA=150&DEC=2&SR=20&MAXREC=17")
    table = votable.parse_single_table(io.BytesIO(answer.content)).to_table()
    assert len(table) == 17
    assert b'value="OVERFLOW"' in answer.content
    inside = places().separation(SkyCoord(150, 2, unit="deg")).deg <= 20
    assert set(table["key"].tolist()) <= {k + (1 << 60) for k in np.flatnonzero(inside).tolist()}
    assert b"OVERFLOW" in ask("/vo/scs/gaia?RA=150&DEC=2&SR=20&MAXREC=0").content
    empty = votable.parse_single_table(io.BytesIO(ask("/vo/scs/gaia?RA=150&DEC=2&SR=0").content)).to_table()
    assert len(empty) == 0
    assert "key" in empty.colnames


def test_it_stands_among_the_tables(ask: Ask) -> None:
    assert b"<name>mag</name>" in ask("/vo/tables/gaia").content


def test_versions_and_tags(ask: Ask, sky: Path) -> None:
    url = f"/api/sources/gaia/points?{WINDOW}"
    first = ask(url)
    assert ask(url, headers={"if-none-match": first.headers["etag"]}).status_code == 304
    version = unpack(first.content)[0]["version"]
    assert ask(f"{url}&v={version}").status_code == 200
    assert ask(f"{url}&v=other").status_code == 410
    file = min((sky / "gaia").glob("dataset/Norder=*/Dir=*/*.parquet"))
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table, file, row_group_size=50)
    changed = ask(url, headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert unpack(changed.content)[0]["version"] != version
    assert ask(f"{url}&v={version}").status_code == 410


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "a partition is missing": lambda path: path.unlink(),
    "a partition is cut off": lambda path: path.write_bytes(path.read_bytes()[:500]),
    "a partition is something else": lambda path: path.write_bytes(b"PAR1" + b"x" * 5000 + b"PAR1"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_damaged_is_told_in_a_line_and_the_rest_works(sky: Path, kind: str) -> None:
    for path in (sky / "gaia").glob("dataset/Norder=*/Dir=*/*.parquet"):
        if int(path.parts[-3].removeprefix("Norder=")) > 4:
            DAMAGE[kind](path)
    ask = asker_for(make_app(sky))
    for url in (
        f"/api/sources/gaia/points?{WINDOW}",
        f"/api/sources/gaia/rows?{WINDOW}",
        "/vo/scs/gaia?RA=150&DEC=2&SR=0.1",
    ):
        answer = ask(url)
        assert answer.status_code == 503, (url, answer.text)
        assert "Npix=" in answer.text
        assert str(sky) not in answer.text
        assert "Traceback" not in answer.text
    inside = places().separation(SkyCoord(20, -40, unit="deg")).deg <= 9
    table = votable.parse_single_table(io.BytesIO(ask("/vo/scs/gaia?RA=20&DEC=-40&SR=9").content)).to_table()
    assert len(table) == inside.sum() > 3
    assert ask("/api/sources/gaia").status_code == 200
    assert ask("/api/sources/few/rows").json()["total"] == 1


def test_a_catalog_that_is_broken_later_is_told_in_a_line(sky: Path) -> None:
    ask = asker_for(make_app(sky))
    assert ask("/api/sources/gaia").status_code == 200
    (sky / "gaia/partition_info.csv").write_text("x\n")
    broken = ask("/api/sources/gaia")
    assert broken.status_code == 503
    assert broken.json()["error"]["message"] == "partition_info.csv: does not list pixels as Norder, Npix."
    assert ask("/api/sources/few").status_code == 200
    shutil.rmtree(sky / "gaia")
    gone = ask(f"/api/sources/gaia/points?{WINDOW}")
    assert gone.status_code == 503
    assert str(sky) not in gone.text


def test_many_ask_for_the_same_at_once(sky: Path) -> None:
    app = make_app(sky)

    async def all_at_once() -> list[httpx.Response]:
        async with in_process(app) as client:
            return await asyncio.gather(*(client.get(f"/api/sources/gaia/points?{WINDOW}") for _ in range(12)))

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


def test_a_catalog_that_takes_the_place_of_another_is_never_mixed(sky: Path) -> None:
    """Every row says by a column which edition it is of; an answer is of one edition, or says that it cannot be had."""
    for edition in (1, 2):
        folder = sky.parent / f"edition-{edition}"
        shutil.copytree(sky / "gaia", folder)
        for file in folder.glob("dataset/Norder=*/Dir=*/*.parquet"):
            table = pq.read_table(file, partitioning=None)
            place = table.schema.names.index("mag")
            pq.write_table(table.set_column(place, "mag", pa.array(np.full(len(table), float(edition)))), file)
    shutil.rmtree(sky / "gaia")
    (sky / "gaia").symlink_to(sky.parent / "edition-1")
    stop = threading.Event()

    def keep_changing() -> None:
        for edition in itertools.cycle((2, 1)):
            (sky.parent / "link").symlink_to(sky.parent / f"edition-{edition}")
            os.replace(sky.parent / "link", sky / "gaia")
            if stop.wait(0.4):
                return

    ask = asker_for(make_app(sky))
    ask("/api/sources/gaia")
    changing = threading.Thread(target=keep_changing)
    changing.start()
    statuses, editions = set(), set()
    try:
        for _ in range(50):
            answer = ask("/api/sources/gaia/points?ra=150&dec=2&radius=40&size=mag&limit=50000")
            statuses.add(answer.status_code)
            if answer.status_code == 200:
                size = unpack(answer.content)[1]["size"]
                assert len(size) > 2000
                assert len(np.unique(size)) == 1
                editions.add(float(size[0]))
    finally:
        stop.set()
        changing.join()
    assert statuses <= {200, 503}
    assert editions == {1.0, 2.0}


def test_a_catalog_in_object_storage_is_answered_alike_and_its_place_is_told_to_nobody(
    tmp_path: Path, sky: Path, ask: Ask, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "VERSION_AGE_S", 0.0)
    memory = fsspec.filesystem("memory")
    memory.put(f"{sky}/gaia", "memory://hidden-bucket/gaia", recursive=True)
    provider = {"filename": "memory://hidden-bucket/gaia", "storage_options": {"password": "hidden-word"}}
    (tmp_path / "h.json").write_text(json.dumps({"source_groups": [{"name": "gaia", "provider": provider}]}))
    made = open_configuration(tmp_path / "h.json", lambda plane, identity: Pyramid(plane, identity=identity))
    made.run()
    settings = Settings(auth="none", threads=2, name_resolver="")
    far = asker_for(create_app(made.holdings, settings, discovery=made, everybody=OWNER))
    try:
        cone = "/api/sources/gaia/points?ra=150&dec=2&radius=0.05"
        (_, near), (_, found) = (unpack(asked(cone).content) for asked in (ask, far))
        assert np.array_equal(found["row"], near["row"])
        assert len(found["row"]) > 20
        page = "/api/sources/gaia/rows?start=3990"
        assert far(page).json()["rows"] == ask(page).json()["rows"]
        answers = [far(url) for url in ("/api/holdings", "/api/sources/gaia", page, "/vo/tables/gaia", "/vo/tables")]
        assert {answer.status_code for answer in answers} == {200}
    finally:
        memory.rm("memory://hidden-bucket", recursive=True)
    answers += [far(url) for url in (page, cone, "/api/holdings", "/vo/scs/gaia?RA=150&DEC=2&SR=0.1")]
    assert [answer.status_code for answer in answers[-4:]] == [503, 503, 200, 503]
    assert far("/api/sources/memory:%2F%2Fhidden-bucket%2Fgaia").status_code == 404
    assert "hidden" not in "".join(answer.text for answer in answers) + caplog.text
