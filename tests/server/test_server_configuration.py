"""A holdings file over HTTP: missing files, default colours, layers that are asked for before they were looked into."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import numpy as np
import pytest
from conftest_server import in_process, sky_data, tan_header, write_image

from armillary.holdings import Access, open_configuration
from armillary.images.pyramid import Pyramid
from armillary.server.app import create_app
from armillary.server.settings import Settings

EVERYBODY = Access()


def layer(name: str, filename: str = "tan.fits", **more: Any) -> dict[str, Any]:
    return {"layer_id": name, "name": name, "provider": {"filename": filename}} | more


@pytest.fixture
def ask(folder):
    """Serve layers of the folder to everybody, and ask; nothing is looked into before it is asked for."""
    seen: dict[str, Any] = {}

    def pyramid(plane: Any, identity: str, *, tile_size: int = 64) -> Pyramid:
        return Pyramid(plane, tile_size=tile_size, identity=identity)

    def write(*layers: dict[str, Any]) -> None:
        bands = [{"name": "b", "layers": list(layers)}]
        content = {"map_groups": [{"name": "g", "maps": [{"name": "m", "bands": bands}]}]}
        (folder / "h.json").write_text(json.dumps(content))

    def serve(*layers: dict[str, Any], to: Access = EVERYBODY) -> Any:
        write(*layers)
        made = open_configuration(folder / "h.json", pyramid, tile_size=64)
        settings = Settings(auth="none", tile_size=64, threads=2)
        seen["app"] = create_app(made.holdings, settings, discovery=made, everybody=to)
        return made

    async def one(url: str, **more: Any) -> httpx.Response:
        async with in_process(seen["app"]) as client:
            return await client.get(url, **more)

    def request(url: str, **more: Any) -> httpx.Response:
        return asyncio.run(one(url, **more))

    request.serve, request.write = serve, write  # type: ignore[attr-defined]
    return request


ADDRESSES = [
    "",
    "/tiles/0/0/0.f32",
    "/tiles/0/0/0.png",
    "/values?x=1&y=1",
    "/histogram",
    "/header",
    "/skygrid?x0=0&y0=0&x1=9&y1=9&nx=2&ny=2",
]


@pytest.mark.parametrize("rest", ADDRESSES)
def test_why_a_layer_is_not_available_is_for_administrators(ask, folder, rest) -> None:
    ask.serve(layer("gone", "sub/gone.fits"), layer("there"))
    answer = ask(f"/api/layers/gone{rest}")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["error"] == {
        "code": "unavailable",
        "message": "This is not available now: its file cannot be used.",
        "detail": {},
    }
    assert ask(f"/api/layers/there{rest}").status_code == 200
    ask.serve(layer("gone", "sub/gone.fits"), layer("there"), to=Access(administrator=True))
    answer = ask(f"/api/layers/gone{rest}")
    assert answer.status_code == 503
    assert answer.json()["error"]["message"].startswith("gone.fits: ")
    assert str(folder) not in answer.text
    assert "sub" not in answer.text
    assert ask(f"/api/layers/there{rest}").status_code == 200


@pytest.mark.parametrize("rest", ADDRESSES)
def test_denied_looks_like_missing(ask, rest) -> None:
    ask.serve(layer("secret", grant="team"), layer("secret-gone", "gone.fits", grant="team"))
    denied, gone, missing = (ask(f"/api/layers/{name}{rest}") for name in ("secret", "secret-gone", "nothing"))
    assert denied.status_code == gone.status_code == missing.status_code == 404
    assert denied.text.replace("secret", "nothing") == missing.text
    assert gone.text.replace("secret-gone", "nothing") == missing.text


def test_a_coloured_tile_has_the_configured_look_by_default(ask) -> None:
    ask.serve(layer("auto"), layer("given", vmin=0, vmax=40, cmap="plasma"))
    given = ask("/api/layers/given/tiles/0/0/0.png")
    explicit = ask("/api/layers/auto/tiles/0/0/0.png?vmin=0&vmax=40&cmap=plasma&stretch=linear")
    assert given.content == explicit.content
    assert given.content != ask("/api/layers/auto/tiles/0/0/0.png").content


def test_another_look_makes_another_version(ask) -> None:
    """A coloured tile with its version in the address is kept for a year."""
    made = ask.serve(layer("x", vmin=0, vmax=40))
    first = ask("/api/layers/x").json()["version"]
    assert ask(f"/api/layers/x/tiles/0/0/0.png?v={first}").status_code == 200
    ask.write(layer("x", vmin=0, vmax=50))
    made.reload()
    assert ask("/api/layers/x").json()["version"] != first
    assert ask(f"/api/layers/x/tiles/0/0/0.png?v={first}").status_code == 410


WORDS = {"vmin": -1, "vmax": 9, "cmap": "plasma", "stretch": "asinh", "units": "mK", "quantity": "Q"}


@pytest.mark.parametrize("word", WORDS)
def test_whatever_a_coloured_tile_depends_on_makes_another_version(ask, word: str) -> None:
    """Of a layer, and of a combination that is made of it."""
    both = {"function": "+", "providers": [{"layer_id": "x"}, {"filename": "tan.fits"}]}
    made = ask.serve(layer("x"), layer("sum", provider=both))
    before = {name: ask(f"/api/layers/{name}/tiles/0/0/0.png").headers["etag"] for name in ("x", "sum")}
    ask.write(layer("x", **{word: WORDS[word]}), layer("sum", provider=both))
    made.reload()
    after = {name: ask(f"/api/layers/{name}/tiles/0/0/0.png").headers["etag"] for name in ("x", "sum")}
    assert after["x"] != before["x"]
    assert (after["sum"] != before["sum"]) is (word in {"units", "quantity"})


def test_a_slice_of_a_cube_is_there_before_its_file_was_looked_into(ask) -> None:
    made = ask.serve(layer("cube", "cube.fits"))
    tile = ask("/api/layers/cube@2/tiles/1/1/0.f32")
    pixels = np.frombuffer(tile.content, "<f4").reshape(64, 64)
    np.testing.assert_array_equal(pixels[:6, :64], sky_data(2, (3, 70, 80))[2][::-1][64:70, :64])
    before = ask("/api/layers/cube@9/tiles/0/0/0.f32")
    made.run()
    after = ask("/api/layers/cube@9/tiles/0/0/0.f32")
    assert (before.status_code, before.text) == (after.status_code, after.text)
    assert after.status_code == 404


def test_a_combination_has_tiles_values_a_histogram_and_a_picture(ask, folder) -> None:
    other = sky_data(5)
    write_image(folder / "other.fits", other, tan_header(200, 300))
    both = {"function": "-", "providers": [{"filename": "tan.fits"}, {"filename": "other.fits"}]}
    ask.serve(layer("d", provider=both))
    expected = sky_data() - other
    told = ask("/api/layers/d").json()
    tile = ask(f"/api/layers/d/tiles/{told['levels'] - 1}/0/0.f32")
    np.testing.assert_array_equal(np.frombuffer(tile.content, "<f4").reshape(64, 64), expected[::-1][:64, :64])
    assert ask("/api/layers/d/values?x=20&y=30").json()["value"] == pytest.approx(float(expected[30, 20]))
    counts = ask("/api/layers/d/histogram?exact=1&bins=8").json()
    assert sum(counts["counts"]) == np.isfinite(expected).sum()
    assert ask("/api/layers/d/image.png?x0=0&y0=0&x1=20&y1=20").status_code == 200
    assert [entry["name"] for entry in ask("/api/layers/d/headers").json()] == ["", "other.fits"]
    assert told["units"] == "Jy/beam"
