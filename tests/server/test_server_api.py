"""The JSON API: shapes, values against astropy, refusals, protection."""

from __future__ import annotations

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.wcs import WCS
from conftest_server import asker, in_process, make_app, sky_data, tan_header, write_image
from PIL import Image

from armillary.server import models


def test_the_tree_lists_what_opens_and_explains_the_rest(ask) -> None:
    tree = ask("/api/holdings").json()
    models.Holdings.model_validate(tree)
    assert (tree["title"], tree["scanning"]) == ("sky", False)
    (group,) = tree["map_groups"]
    assert [entry["name"] for entry in group["maps"]] == ["cube.fits", "plain.fits", "tan.fits"]
    (problem,) = tree["problems"]
    assert (problem["name"], problem["code"]) == ("bad.fits", "not_fits")
    cube = group["maps"][0]["bands"][0]["layers"][0]["cube"]
    assert (cube["axes"][0]["length"], cube["index"], cube["base"]) == (3, [0], "cube")


def test_the_tree_has_a_tag(ask) -> None:
    first = ask("/api/holdings")
    again = ask("/api/holdings", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_no_answer_holds_a_path_of_the_server(ask, folder) -> None:
    for url in ("/api/holdings", "/api/layers/tan", "/api/layers/none", "/api/layers/tan/headers", "/openapi.json"):
        assert str(folder) not in ask(url).text


@pytest.mark.parametrize("layer", ["tan", "plain", "cube", "cube@2"])
def test_a_layers_description_has_the_documented_shape(ask, layer: str) -> None:
    info = ask(f"/api/layers/{layer}").json()
    models.LayerInfo.model_validate(info)
    assert set(info) == set(models.LayerInfo.model_fields)
    assert info["id"] == layer
    assert info["range"][0] < info["range"][1]
    assert (info["wcs"] is None) == (layer != "tan")


def test_values_and_positions_agree_with_astropy(ask) -> None:
    data, wcs = sky_data(), WCS(tan_header(200, 300))
    for x, y in [(100, 150), (7, 290), (199, 0), (2, 2)]:
        answer = ask(f"/api/layers/tan/values?x={x}&y={y}").json()
        models.Value.model_validate(answer)
        sky = wcs.pixel_to_world(x, y).icrs
        expected = None if np.isnan(data[y, x]) else pytest.approx(float(data[y, x]))
        assert answer["value"] == expected
        assert answer["ra"] == pytest.approx(sky.ra.deg, abs=1e-9)
        assert answer["dec"] == pytest.approx(sky.dec.deg, abs=1e-9)
        assert answer["galactic"] == pytest.approx([sky.galactic.l.deg, sky.galactic.b.deg], abs=1e-7)
        ecliptic = sky.barycentricmeanecliptic
        assert answer["ecliptic"] == pytest.approx([ecliptic.lon.deg, ecliptic.lat.deg], abs=1e-6)
        back = ask(f"/api/layers/tan/values?ra={sky.ra.deg}&dec={sky.dec.deg}").json()
        assert (back["x"], back["y"]) == pytest.approx((x, y), abs=1e-6)
        assert back["value"] == expected


def test_values_outside_the_plane_and_off_the_sky(ask) -> None:
    outside = ask("/api/layers/tan/values?x=-10&y=5").json()
    assert (outside["inside"], outside["value"]) == (False, None)
    behind = ask("/api/layers/tan/values?ra=330&dec=-2").json()
    assert (behind["x"], behind["y"], behind["inside"]) == (None, None, False)
    no_sky = ask("/api/layers/plain/values?x=3&y=2").json()
    assert (no_sky["value"], no_sky["ra"], no_sky["galactic"]) == (2 * 70 + 3, None, None)
    answer = ask("/api/layers/plain/values?ra=3&dec=2")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no_sky")


@pytest.mark.parametrize(
    "query", ["", "x=1", "x=1&y=nan", "x=inf&y=1", "x=a&y=1", "ra=1&dec=91", "x=1&y=1&ra=1&dec=1", "x=1&dec=1"]
)
def test_values_need_one_place(ask, query: str) -> None:
    answer = ask(f"/api/layers/tan/values?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "parameter"


def test_the_histogram_counts_every_pixel(ask) -> None:
    data = sky_data()
    answer = ask("/api/layers/tan/histogram?bins=32&exact=1").json()
    models.Histogram.model_validate(answer)
    assert (len(answer["counts"]), len(answer["edges"]), answer["nan"]) == (32, 33, 25)
    assert sum(answer["counts"]) + answer["below"] + answer["above"] + answer["nan"] == data.size == answer["total"]
    assert answer["percentiles"]["50"] == pytest.approx(np.nanmedian(data), rel=1e-3)
    assert answer["mean"] == pytest.approx(np.nanmean(data, dtype=float), rel=1e-6)
    for bad in ("bins=0", "bins=65537", "bins=x", "vmin=2&vmax=1", "vmin=nan", "exact=2"):
        assert ask(f"/api/layers/tan/histogram?{bad}").status_code == 422


def test_a_plane_without_data_is_described_all_the_same(tmp_path) -> None:
    write_image(tmp_path / "void.fits", np.full((70, 70), np.nan, np.float32))

    async def steps() -> None:
        async with in_process(make_app(tmp_path)) as client:
            info = (await client.get("/api/layers/void")).json()
            models.LayerInfo.model_validate(info)
            assert info["range"][0] < info["range"][1]
            assert (await client.get("/api/layers/void/histogram")).json()["minimum"] is None
            assert (await client.get("/api/layers/void/values?x=1&y=1")).json()["value"] is None
            for ext in ("f32", "q16", "png", "jpg", "webp"):
                assert (await client.get(f"/api/layers/void/tiles/0/0/0.{ext}")).status_code == 200

    asyncio.run(steps())


def test_headers_are_the_files(ask) -> None:
    text = ask("/api/layers/tan/header")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert "BUNIT   = 'Jy/beam " in text.text
    (entry,) = ask("/api/layers/tan/headers").json()
    assert entry["index"] == 0
    assert entry["text"] == text.text


def test_regions_as_images(ask) -> None:
    answer = ask("/api/layers/tan/image.png?x0=10&y0=20&x1=60&y1=50&cmap=gray&vmin=0&vmax=20")
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size == (50, 30)
    whole = ask("/api/layers/tan/image.webp")
    assert Image.open(io.BytesIO(whole.content)).size == (200, 300)
    assert ask("/api/layers/tan/image.png?x0=10&x1=10").status_code == 422
    assert ask("/api/layers/tan/image.png?x0=500").status_code == 422
    assert ask("/api/layers/tan/image.png?x0=1.5").status_code == 422
    assert ask("/api/layers/tan/image.png?cmap=nosuch").status_code == 422
    assert ask("/api/layers/tan/image.gif").status_code == 404


def test_grids_of_the_sky_and_of_pixels(ask, folder) -> None:
    body = ask("/api/layers/tan/skygrid?x0=0&y0=0&x1=199&y1=299&nx=3&ny=2").content
    vectors = np.frombuffer(body, "<f8").reshape(2, 3, 3)
    x, y = np.meshgrid([0, 99.5, 199], [0, 299])
    sky = WCS(tan_header(200, 300)).pixel_to_world(x, y).icrs
    np.testing.assert_allclose(vectors, np.moveaxis(sky.cartesian.xyz.value, 0, -1), atol=1e-12)
    body = ask("/api/layers/tan/pixelgrid?base=tan&x0=0&y0=0&x1=199&y1=299&nx=3&ny=2").content
    np.testing.assert_allclose(np.frombuffer(body, "<f8").reshape(2, 3, 2), np.stack([x, y], -1), atol=1e-6)
    no_sky = ask("/api/layers/plain/skygrid?x0=0&y0=0&x1=1&y1=1")
    assert (no_sky.status_code, no_sky.json()["error"]["code"]) == (404, "no_sky")
    for bad in ("x0=0&y0=0&x1=1", "x0=nan&y0=0&x1=1&y1=1", "x0=0&y0=0&x1=1&y1=1&nx=1", "x0=0&y0=0&x1=1&y1=1&ny=258"):
        answer = ask(f"/api/layers/tan/skygrid?{bad}")
        assert answer.status_code == 422
    assert SkyCoord(150, 2, unit="deg").separation(sky[0, 1]).deg < 0.2


def test_colour_maps_have_tables(ask) -> None:
    maps = ask("/api/colormaps").json()
    models.Colormaps.model_validate(maps)
    assert {"viridis", "viridis_r", "RdBu_r"} <= set(maps["names"])
    table = np.frombuffer(base64.b64decode(maps["tables"]["gray"]), np.uint8).reshape(256, 3)
    assert np.abs(table.astype(int) - np.arange(256)[:, None]).max() <= 1
    assert not any(name.endswith("_r") for name in maps["tables"])


def test_large_json_is_compressed_on_demand(ask) -> None:
    answer = ask("/api/colormaps", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "viridis" in answer.json()["names"]


def test_unknown_addresses_and_methods_are_told_in_the_one_form(ask) -> None:
    for url, method, status in [
        ("/api/none", "GET", 404),
        ("/api/layers/none", "GET", 404),
        ("/api/layers/../../etc/passwd", "GET", 404),
        ("/assets/../app.py", "GET", 404),
        ("/assets/%2e%2e/app.py", "GET", 404),
        ("/api/holdings", "POST", 405),
        ("/api/holdings", "DELETE", 405),
    ]:
        answer = ask(url, method)
        assert answer.status_code == status
        assert answer.json()["error"]["message"]


def test_head_works_wherever_get_does(ask) -> None:
    for url in ("/", "/healthz", "/docs", "/openapi.json", "/api/holdings", "/api/session", "/api/layers/tan/header"):
        whole, head = ask(url), ask(url, "HEAD")
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["content-length"] == whole.headers["content-length"]


def test_every_answer_carries_the_security_headers(ask) -> None:
    for url in ("/", "/docs", "/api/holdings", "/api/none", "/healthz"):
        headers = ask(url).headers
        assert "'unsafe-inline'" not in headers["content-security-policy"].split("style-src")[0]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers


def test_tiles_carry_the_headers_that_mean_something_to_data(ask) -> None:
    for url in ("/api/layers/tan/tiles/0/0/0.f32", "/api/layers/x/tiles/0/0/0.f32", "/api/layers/tan/tiles/a/b/c.png"):
        headers = ask(url).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_an_unexpected_failure_tells_only_a_reference(folder, monkeypatch, caplog) -> None:
    from armillary.holdings import facts

    def fails(*_args):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(facts, "describe", fails)
    monkeypatch.setattr("armillary.server.tiles.make_tile", fails)

    async def steps() -> None:
        async with in_process(make_app(folder)) as client:
            for url in ("/api/layers/tan", "/api/layers/tan/tiles/0/0/0.f32"):
                answer = await client.get(url)
                error = answer.json()["error"]
                assert (answer.status_code, error["code"]) == (500, "internal")
                assert "secret" not in answer.text
                assert "Traceback" not in answer.text
                assert error["detail"]["reference"] in caplog.text

    asyncio.run(steps())


def test_foreign_host_names_are_turned_away(folder) -> None:
    async def statuses(**settings) -> list[int]:
        names = ["127.0.0.1:8000", "localhost", "[::1]:8000", "evil.example", "node17.cluster"]
        async with in_process(make_app(folder, **settings)) as client:
            return [(await client.get("/api/session", headers={"host": name})).status_code for name in names]

    assert asyncio.run(statuses()) == [200, 200, 200, 421, 421]
    assert asyncio.run(statuses(allowed_hosts=("node17.cluster",))) == [200, 200, 200, 421, 200]
    assert asyncio.run(statuses(host="0.0.0.0")) == [200] * 5


def test_endless_addresses_and_headers_are_refused(ask) -> None:
    assert ask("/api/holdings?x=" + "a" * 9000).status_code == 414
    assert ask("/api/holdings", headers={"x-long": "a" * 70000}).status_code == 431
    assert ask("/api/layers/" + "a" * 500).status_code == 422


def test_the_page_and_the_apis_page_need_nothing_from_outside(ask) -> None:
    for url in ("/", "/docs"):
        page = ask(url)
        assert page.headers["content-type"].startswith("text/html")
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text
        assert "<script>" not in page.text


def test_a_root_path_works_with_and_without_being_stripped(folder) -> None:
    async def steps() -> None:
        async with in_process(make_app(folder, root_path="/maps")) as client:
            for prefix in ("", "/maps"):
                assert (await client.get(f"{prefix}/api/layers/tan")).json()["id"] == "tan"
                assert (await client.get(f"{prefix}/api/layers/tan/tiles/0/0/0.f32")).status_code == 200
                assert (await client.get(f"{prefix}/")).status_code == 200
                assert (await client.get(f"{prefix}/healthz")).status_code == 200

    asyncio.run(steps())


def test_cors_only_for_origins_that_were_allowed(folder) -> None:
    async def allowed(origin: str) -> str | None:
        async with in_process(make_app(folder, cors_origins=("https://friend.example",))) as client:
            answer = await client.get("/api/layers/tan/tiles/0/0/0.f32", headers={"origin": origin})
            return answer.headers.get("access-control-allow-origin")

    assert asyncio.run(allowed("https://friend.example")) == "https://friend.example"
    assert asyncio.run(allowed("https://evil.example")) is None


def test_new_files_of_an_opened_folder_appear(folder, monkeypatch) -> None:
    monkeypatch.setattr("armillary.holdings.discovery.RESCAN_SECONDS", 0.0)

    async def names(client) -> list[str]:
        tree = (await client.get("/api/holdings")).json()
        return [entry["name"] for group in tree["map_groups"] for entry in group["maps"]]

    async def steps() -> None:
        async with in_process(make_app(folder)) as client:
            assert "late.fits" not in await names(client)
            write_image(folder / "late.fits", np.ones((70, 70), np.float32))
            assert "late.fits" in await names(client)
            (folder / "late.fits").unlink()
            tree = (await client.get("/api/holdings")).json()
            status = {
                layer["layer_id"]: layer["status"]
                for entry in tree["map_groups"][0]["maps"]
                for band in entry["bands"]
                for layer in band["layers"]
            }
            assert status == {"late": "unavailable", "tan": "ready", "plain": "ready", "cube": "ready"}

    asyncio.run(steps())


def test_the_openapi_document_knows_every_route(ask) -> None:
    document = ask("/openapi.json").json()
    paths = set(document["paths"])
    assert "/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}" in paths
    assert {"/healthz", "/api/holdings", "/api/session", "/api/colormaps", "/api/layers/{layer}/values"} <= paths
    for path in paths:
        for operation in document["paths"][path].values():
            assert operation["description"]
    names = {json.dumps(schema) for schema in document["components"]["schemas"].values()}
    references = {part.split('"')[0] for text in names for part in text.split("#/components/schemas/")[1:]}
    assert references <= set(document["components"]["schemas"])


def test_the_slices_of_a_cube_share_one_range(folder) -> None:
    data = sky_data(3, (12, 70, 80))
    data[6] += 500.0
    write_image(folder / "cube.fits", data)
    ask = asker(folder)
    ranges = [ask(f"/api/layers/cube@{k}").json()["range"] for k in (0, 6, 11)]
    assert ranges[0] == ranges[1] == ranges[2]
    assert ranges[0][1] > 400.0
    assert ask("/api/layers/cube@6/tiles/0/0/0.png").content != ask("/api/layers/cube@0/tiles/0/0/0.png").content


def test_a_plane_without_sky_says_why(folder) -> None:
    solar = tan_header(80, 70)
    solar["CTYPE1"], solar["CTYPE2"] = "HPLN-TAN", "HPLT-TAN"
    write_image(folder / "solar.fits", sky_data(4, (70, 80)), solar)
    ask = asker(folder)
    (note,) = ask("/api/layers/plain").json()["notes"]
    assert note == "No celestial coordinates: positions are pixels only."
    (note,) = ask("/api/layers/solar").json()["notes"]
    assert note.startswith("Solar coordinates")
    assert ask("/api/layers/tan").json()["notes"] == []


def test_equalised_absolute_values_count_both_signs(folder) -> None:
    data = np.linspace(-10.0, 10.0, 70 * 80, dtype=np.float32).reshape(70, 80)
    write_image(folder / "signed.fits", data)
    ask = asker(folder)
    query = "vmin=0&vmax=10&stretch=histeq&cmap=gray&abs=1"
    png = ask(f"/api/layers/signed/image.png?x0=0&y0=0&x1=80&y1=70&{query}").content
    grey = np.asarray(Image.open(io.BytesIO(png)).convert("L"), np.float64)[::-1]
    # Evenly spread values are equalised to themselves, on either side of zero.
    assert np.abs(grey - 255.0 * np.abs(data) / 10.0).max() < 4.0
