"""The routes of catalogs, asked in process."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from conftest_server import in_process, make_app, sky_data, tan_header, write_image

from armillary.catalogs.points import unpack
from armillary.holdings.access import ANONYMOUS, OWNER
from armillary.holdings.catalogs import offered_file, offered_inline
from armillary.holdings.tree import SourceGroup

Ask = Callable[..., httpx.Response]
ROWS = 3000


def table_text(rows: int = ROWS) -> str:
    rng = np.random.default_rng(8)
    ra, dec = rng.uniform(149.5, 150.5, rows), rng.uniform(1.5, 2.5, rows)
    mag = rng.normal(18, 2, rows).round(3)
    lines = [
        f"{10**18 + k},NGC {k},{r:.8f},{d:.8f},{m if k % 7 else ''}"
        for k, (r, d, m) in enumerate(zip(ra, dec, mag, strict=True))
    ]
    return "\n".join(["source_id,name,ra,dec,mag", *lines, "1,lost,,,12", ""])


def app_of(folder: Path, grant: str | None = None) -> Any:
    app = make_app(folder)
    holdings = app.services.holdings
    holdings.put_sources(
        SourceGroup("stars", "Stars", offered_file(folder / "stars.csv"), style={"color": "#f00"}, grant=grant)
    )
    inline = [
        {"name": "=M 1", "ra": 150.0, "dec": 2.0, "extra": {"note": "+1", "kind": "x"}},
        {"ra": 150.1, "dec": 2.0},
    ]
    holdings.put_sources(SourceGroup("few", "Few", offered_inline("Few", inline)))
    holdings.put_sources(SourceGroup("gone", "Gone", offered_file(folder / "gone.csv")))
    return app


@pytest.fixture
def sky(tmp_path: Path) -> Path:
    write_image(tmp_path / "tan.fits", sky_data(), tan_header(200, 300))
    write_image(tmp_path / "plain.fits", np.zeros((20, 30), np.float32))
    (tmp_path / "stars.csv").write_text(table_text())
    return tmp_path


def asker_of(app: Any) -> Ask:
    async def one(method: str, url: str, **more: Any) -> httpx.Response:
        async with in_process(app) as client:
            return await client.request(method, url, **more)

    return lambda url, method="GET", **more: asyncio.run(one(method, url, **more))


@pytest.fixture
def ask(sky: Path) -> Ask:
    return asker_of(app_of(sky))


def test_describes_a_catalog(ask: Ask) -> None:
    answer = ask("/api/sources/stars").json()
    assert (answer["id"], answer["name"], answer["count"]) == ("stars", "Stars", ROWS + 1)
    assert answer["skipped"] == {"total": 1, "missing": 1, "not_finite": 0, "out_of_range": 0}
    assert [column["name"] for column in answer["columns"]] == ["source_id", "name", "ra", "dec", "mag"]
    assert answer["columns"][4] == {
        "name": "mag", "dtype": "float64", "unit": "", "ucd": "", "description": "", "numeric": True,
    }  # fmt: skip
    assert (answer["ra_column"], answer["dec_column"], answer["name_column"]) == ("ra", "dec", "name")
    assert answer["center"]["ra"] == pytest.approx(150.0, abs=0.05)
    assert answer["style"] == {"color": "#f00", "shape": None, "size": None, "size_column": None}


def test_the_tree_learns_the_count(ask: Ask) -> None:
    def groups() -> dict[str, Any]:
        return {group["source_group_id"]: group for group in ask("/api/holdings").json()["source_groups"]}

    assert groups()["stars"]["count"] is None
    ask("/api/sources/stars")
    ask("/api/sources/gone")
    assert groups()["stars"]["count"] == ROWS + 1
    assert groups()["gone"]["status"] == "unavailable"


def test_points_of_a_window_are_those_that_astropy_projects_there(ask: Ask, sky: Path) -> None:
    header, arrays = unpack(ask("/api/sources/stars/points?layer=tan&x0=20&y0=30&x1=150.5&y1=260&size=mag").content)
    rows = list(csv.DictReader(io.StringIO((sky / "stars.csv").read_text())))[:-1]
    x, y = WCS(tan_header(200, 300)).world_to_pixel(
        SkyCoord([float(row["ra"]) for row in rows], [float(row["dec"]) for row in rows], unit="deg")
    )
    inside = np.flatnonzero((x >= 20) & (x <= 150.5) & (y >= 30) & (y <= 260))
    assert arrays["row"].tolist() == inside.tolist()
    assert header["total"] == header["count"] == len(inside) > 100
    assert header["complete"] is True
    np.testing.assert_allclose(arrays["x"], x[inside], atol=1e-8)
    np.testing.assert_allclose(arrays["y"], y[inside], atol=1e-8)
    mags = np.array([float(rows[k]["mag"] or "nan") for k in inside], np.float32)
    np.testing.assert_array_equal(arrays["size"], mags)


def test_points_are_laid_out_as_documented(ask: Ask) -> None:
    body = ask("/api/sources/stars/points?ra=150&dec=2&radius=0.2&limit=11&color=mag").content
    length = int.from_bytes(body[:4], "little")
    assert (4 + length) % 8 == 0
    header, arrays = unpack(body)
    assert [entry["name"] for entry in header["arrays"]] == ["row", "ra", "dec", "color"]
    assert [entry["dtype"] for entry in header["arrays"]] == ["<u4", "<f8", "<f8", "<f4"]
    assert len(body) == 4 + length + 48 + 88 + 88 + 48
    assert header["count"] == 11 < header["total"]
    assert header["complete"] is False
    away = SkyCoord(arrays["ra"], arrays["dec"], unit="deg").separation(SkyCoord(150, 2, unit="deg")).deg
    assert away.max() <= 0.2


def test_brightest_first(ask: Ask) -> None:
    url = "/api/sources/stars/points?ra=150&dec=2&radius=2&limit=12&size=mag&first="
    everything = unpack(ask("/api/sources/stars/points?ra=150&dec=2&radius=2&size=mag").content)[1]["size"]
    bright, faint = (unpack(ask(url + word).content)[1]["size"] for word in ("smallest", "largest"))
    assert np.nanmin(everything) in bright
    assert np.nanmax(everything) in faint
    assert np.nanmean(bright) < np.nanmean(everything) < np.nanmean(faint)


def test_pages_sort_filter_and_search(ask: Ask) -> None:
    first = ask("/api/sources/stars/rows?count=3").json()
    assert first["row"] == [0, 1, 2]
    assert first["rows"][1][:2] == [str(10**18 + 1), "NGC 1"]
    assert first["rows"][0][4] is None
    page = ask("/api/sources/stars/rows", params={"sort": "mag", "descending": 1, "count": 50, "columns": "mag,name"})
    values = [row[0] for row in page.json()["rows"]]
    assert values == sorted(values, reverse=True)
    last = ask("/api/sources/stars/rows", params={"sort": "mag", "start": ROWS - 1, "columns": "mag"}).json()
    assert last["rows"][-1] == [None]
    found = ask("/api/sources/stars/rows", params={"filter": 'mag < 15; name != "NGC 5"', "count": 1000}).json()
    assert all(row[4] < 15 for row in found["rows"])
    assert found["total"] == len(found["rows"]) > 10
    assert ask("/api/sources/stars/rows", params={"search": "ngc 299"}).json()["total"] == 11
    near = ask("/api/sources/stars/rows?ra=150&dec=2&radius=0.1&count=1000").json()
    assert near["row"] == unpack(ask("/api/sources/stars/points?ra=150&dec=2&radius=0.1").content)[1]["row"].tolist()


def test_one_row(ask: Ask) -> None:
    answer = ask("/api/sources/stars/rows/7").json()
    assert answer["values"]["name"] == "NGC 7"
    assert answer["ra"] == answer["values"]["ra"]
    lost = ask(f"/api/sources/stars/rows/{ROWS}").json()
    assert (lost["ra"], lost["values"]["name"]) == (None, "lost")
    assert ask(f"/api/sources/stars/rows/{ROWS + 1}").status_code == 404


def test_csv_is_streamed_and_holds_no_formulas(ask: Ask) -> None:
    answer = ask("/api/sources/stars/rows?format=csv&filter=mag%3C15")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["source_id", "name", "ra", "dec", "mag"]
    assert all(float(row[4]) < 15 for row in rows[1:])
    assert rows[1][0].startswith("1000000000")
    few = list(csv.DictReader(io.StringIO(ask("/api/sources/few/rows?format=csv").text)))
    assert few[0]["name"] == "'=M 1"
    assert few[0]["note"] == "+1"
    assert len(list(csv.reader(io.StringIO(ask("/api/sources/stars/rows?format=csv").text)))) == ROWS + 2


def test_tags_answer_304_and_change_with_the_file(sky: Path) -> None:
    ask = asker_of(app_of(sky))
    urls = ["", "/points?ra=150&dec=2&radius=1", "/rows?count=5", "/rows/3", "/points?layer=tan&x0=0&y0=0&x1=50&y1=50"]
    tags = [ask(f"/api/sources/stars{url}").headers["etag"] for url in urls]
    for url, tag in zip(urls, tags, strict=True):
        again = ask(f"/api/sources/stars{url}", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
    version = ask("/api/sources/stars").json()["version"]
    assert ask(f"/api/sources/stars/points?ra=1&dec=2&radius=1&v={version}").status_code == 200
    (sky / "stars.csv").write_text(table_text(50))
    for url, tag in zip(urls, tags, strict=True):
        again = ask(f"/api/sources/stars{url}", headers={"if-none-match": tag})
        assert again.status_code == 200
    assert ask("/api/sources/stars").json()["count"] == 51
    gone = ask(f"/api/sources/stars/points?ra=1&dec=2&radius=1&v={version}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "version_gone")


def test_head_has_the_headers_alone(ask: Ask) -> None:
    for url in ("", "/points?ra=150&dec=2&radius=1", "/rows", "/rows/3", "/rows?format=csv"):
        answer = ask(f"/api/sources/stars{url}", "HEAD")
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["etag"] == ask(f"/api/sources/stars{url}").headers["etag"]


def test_denied_is_as_missing(sky: Path) -> None:
    from armillary.server.app import create_app
    from armillary.server.settings import Settings

    holdings = app_of(sky, grant="team").services.holdings
    settings = Settings(auth="none", tile_size=64, threads=2)
    ask, owner = (asker_of(create_app(holdings, settings, everybody=who)) for who in (ANONYMOUS, OWNER))
    for url in ("", "/points?ra=150&dec=2&radius=1", "/rows", "/rows/3", "/rows?filter=%21", "/points"):
        denied, missing = ask(f"/api/sources/stars{url}"), ask(f"/api/sources/sturs{url}")
        assert denied.status_code == missing.status_code == 404
        assert denied.text.replace("stars", "sturs") == missing.text
    assert owner("/api/sources/stars").status_code == 200
    assert ask("/api/sources/few").status_code == 200


@pytest.mark.parametrize(
    ("url", "status", "code", "word"),
    [
        ("/points", 422, "parameter", "layer"),
        ("/points?layer=tan&x0=0&y0=0&x1=10", 422, "parameter", "belong together"),
        ("/points?layer=tan&x0=10&y0=0&x1=10&y1=9", 422, "parameter", "empty"),
        ("/points?ra=1&dec=2", 422, "parameter", "belong together"),
        ("/points?ra=1&dec=2&radius=3&layer=tan", 422, "parameter", "either"),
        ("/points?ra=1&dec=2&radius=-3", 422, "parameter", "radius"),
        ("/points?ra=nan&dec=2&radius=3", 422, "parameter", "ra"),
        ("/points?ra=1&dec=2&radius=3&limit=50001", 422, "parameter", "limit"),
        ("/points?ra=1&dec=2&radius=3&size=name", 422, "parameter", "numbers"),
        ("/points?ra=1&dec=2&radius=3&size=nix", 422, "parameter", "no column"),
        ("/points?ra=1&dec=2&radius=3&first=largest", 422, "parameter", "size"),
        ("/points?layer=nix&x0=0&y0=0&x1=9&y1=9", 404, "not_found", "no layer"),
        ("/points?layer=plain&x0=0&y0=0&x1=9&y1=9", 404, "no_sky", "celestial"),
        ("/rows?filter=mag", 422, "parameter", "missing"),
        ("/rows?filter=mag%3Cx", 422, "parameter", "numbers"),
        ("/rows?filter=__import__('os')", 422, "parameter", "missing"),
        ("/rows?count=1001", 422, "parameter", "1000"),
        ("/rows?count=100001&format=csv", 422, "parameter", "count"),
        ("/rows?sort=nix", 422, "parameter", "no column"),
        ("/rows?columns=nix", 422, "parameter", "no column"),
        ("/rows?format=xml", 422, "parameter", "format"),
        ("/rows/-1", 422, "parameter", "row"),
    ],
)
def test_wrong_questions_are_told_in_one_line(ask: Ask, url: str, status: int, code: str, word: str) -> None:
    answer = ask(f"/api/sources/stars{url}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert word in error["message"]
    assert "\n" not in error["message"]


def test_a_missing_file_is_told_without_its_folder(ask: Ask, sky: Path) -> None:
    answer = ask("/api/sources/gone")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "unreadable_file")
    assert str(sky) not in answer.text


def test_the_same_at_the_same_time_is_computed_once_and_streams_are_not_shared(sky: Path) -> None:
    app = app_of(sky)

    async def many(url: str) -> list[bytes]:
        async with in_process(app) as client:
            return [answer.content for answer in await asyncio.gather(*(client.get(url) for _ in range(4)))]

    pages = asyncio.run(many("/api/sources/stars/rows?format=csv"))
    assert len(set(pages)) == 1
    assert pages[0].count(b"\r\n") == ROWS + 2


def test_wide_tables_are_given_by_parts(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {f"c{k}": np.full(1000, k) for k in range(200)} | {"ra": np.arange(1000) / 3, "dec": np.zeros(1000)}
    parquet.write_table(pa.table(columns), tmp_path / "wide.parquet", row_group_size=300)
    app = make_app(tmp_path)
    app.services.holdings.put_sources(SourceGroup("wide", "Wide", offered_file(tmp_path / "wide.parquet")))
    ask = asker_of(app)
    page = ask("/api/sources/wide/rows?count=1000").json()
    assert len(page["columns"]) == 100
    assert page["rows"][3] == list(range(100))
    names = ",".join(f"c{k}" for k in range(101))
    error = ask(f"/api/sources/wide/rows?count=1000&columns={names}")
    assert (error.status_code, error.json()["error"]["code"]) == (413, "limit")
    assert len(ask("/api/sources/wide/rows?count=400&start=500").json()["columns"]) == 202


def test_a_page_of_a_large_parquet_file_comes_from_its_row_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    from armillary.catalogs.formats import parquet_table

    monkeypatch.setattr(parquet_table, "SMALL_BYTES", 0)
    values = np.arange(1000.0)
    table = pa.table({"ra": values / 3, "dec": values / 20, "v": values})
    parquet.write_table(table, tmp_path / "t.parquet", row_group_size=90)
    app = make_app(tmp_path)
    app.services.holdings.put_sources(SourceGroup("t", "T", offered_file(tmp_path / "t.parquet")))
    ask = asker_of(app)
    for start, count in ((0, 5), (85, 10), (85, 100), (500, 400), (995, 100)):
        rows = ask(f"/api/sources/t/rows?start={start}&count={count}&columns=v").json()["rows"]
        assert rows == [[float(k)] for k in range(start, min(start + count, 1000))]
    rows = ask("/api/sources/t/rows?sort=v&descending=1&count=3&columns=v,ra").json()["rows"]
    assert [row[0] for row in rows] == [999.0, 998.0, 997.0]
    assert ask("/api/sources/t/rows/500").json()["values"]["v"] == 500.0
