"""Routes of regions: cutouts as FITS and images, outlines, apertures; bounds, streams, access."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import math
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
import pytest
from astropy.io import fits
from conftest_server import in_process, make_app, running, sky_data, tan_header, write_image
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from armillary.holdings.access import ANONYMOUS
from armillary.server import cutout_answers
from armillary.server.app import create_app

Ask = Callable[..., httpx.Response]
CIRCLE = "CIRCLE 150 2 0.02"
CUT = "/api/layers/tan/cutout"


def open_fits(response: httpx.Response) -> fits.HDUList:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/fits"
    assert int(response.headers["content-length"]) == len(response.content)
    return fits.open(io.BytesIO(response.content), memmap=False)


def error_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_a_region_as_fits(ask: Ask) -> None:
    response = ask(CUT, params={"POS": CIRCLE})
    (hdu,) = open_fits(response)
    window = ask(CUT, params={"POS": CIRCLE, "estimate": 1}).json()["window"]
    x0, y0, x1, y1 = window
    old = sky_data()[y0:y1, x0:x1]
    inside = ~np.isnan(hdu.data)
    assert hdu.data.shape == (y1 - y0, x1 - x0)
    assert np.array_equal(hdu.data[inside], old[inside])
    y, x = np.mgrid[y0:y1, x0:x1]
    assert np.array_equal(inside, np.hypot(x - 99, y - 149) * 0.001 <= 0.02 + 1e-9)
    assert hdu.header["BUNIT"] == "Jy/beam"
    assert response.headers["content-disposition"] == 'attachment; filename="tan-cutout.fits"'


def test_without_mask_the_box_is_whole(ask: Ask) -> None:
    (hdu,) = open_fits(ask(CUT, params={"POS": CIRCLE, "mask": 0}))
    assert np.isfinite(hdu.data).all()


def test_a_box_of_pixels(ask: Ask) -> None:
    (hdu,) = open_fits(ask(CUT, params={"x0": -4, "y0": 10, "x1": 30, "y1": 12}))
    assert np.array_equal(hdu.data, sky_data()[10:12, :30], equal_nan=True)


def test_a_slice_of_a_cube(ask: Ask) -> None:
    (hdu,) = open_fits(ask("/api/layers/cube@2/cutout", params={"x0": 3, "y0": 4, "x1": 9, "y1": 8}))
    assert np.array_equal(hdu.data[0], sky_data(2, (3, 70, 80))[2, 4:8, 3:9], equal_nan=True)


@pytest.mark.parametrize("form", ["png", "jpg", "webp"])
def test_a_region_as_an_image(ask: Ask, form: str) -> None:
    response = ask(CUT, params={"POS": CIRCLE, "format": form, "vmin": 0, "vmax": 20, "cmap": "viridis"})
    assert response.status_code == 200
    assert int(response.headers["content-length"]) == len(response.content)
    shape = ask(CUT, params={"POS": CIRCLE, "estimate": 1}).json()["shape"]
    image = Image.open(io.BytesIO(response.content))
    assert image.size == (shape[1], shape[0])
    if form == "png":
        pixels = np.asarray(image.convert("RGBA"))
        (hdu,) = open_fits(ask(CUT, params={"POS": CIRCLE}))
        assert np.array_equal(pixels[::-1, :, 3] > 0, np.isfinite(hdu.data))


def test_the_image_without_a_mask_is_that_of_the_same_pixels(ask: Ask) -> None:
    style = {"vmin": 0, "vmax": 20}
    x0, y0, x1, y1 = ask(CUT, params={"POS": CIRCLE, "estimate": 1}).json()["window"]
    box = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
    one = ask(CUT, params={"POS": CIRCLE, "mask": 0, "format": "png"} | style)
    two = ask("/api/layers/tan/image.png", params=box | style)
    assert one.content == two.content


def test_the_estimate_tells_the_size(ask: Ask) -> None:
    told = ask(CUT, params={"POS": CIRCLE, "estimate": 1}).json()
    assert told["bytes"] == len(ask(CUT, params={"POS": CIRCLE}).content)
    assert told["pixels"] == math.prod(told["shape"])
    assert told["limit"] == 400_000_000
    image = ask(CUT, params={"POS": CIRCLE, "estimate": 1, "format": "png"}).json()
    assert image["limit"] == 64 << 20


def test_head_tells_the_length_and_nothing_is_streamed(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(CUT, params={"POS": CIRCLE})
    monkeypatch.setattr(cutout_answers, "SMALL_BYTES", 1)
    head = ask(CUT, "HEAD", params={"POS": CIRCLE})
    assert head.content == b""
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]


def test_what_the_client_has_is_not_sent_again(ask: Ask, folder: Path) -> None:
    first = ask(CUT, params={"POS": CIRCLE})
    kept = {"If-None-Match": first.headers["etag"]}
    assert ask(CUT, params={"POS": CIRCLE}, headers=kept).status_code == 304
    assert ask(CUT, params={"POS": CIRCLE, "mask": 0}, headers=kept).status_code == 200
    assert ask(CUT, params={"POS": CIRCLE, "format": "png"}, headers=kept).status_code == 200
    write_image(folder / "tan.fits", sky_data(9), tan_header(200, 300))
    again = ask(CUT, params={"POS": CIRCLE}, headers=kept)
    assert again.status_code == 200
    assert again.content != first.content


@pytest.mark.parametrize(
    ("layer", "query", "status", "code"),
    [
        ("tan", {}, 422, "parameter"),
        ("tan", {"x0": 1, "y0": 1, "x1": 2}, 422, "parameter"),
        ("tan", {"POS": CIRCLE, "x0": 1}, 422, "parameter"),
        ("tan", {"POS": "CIRCLE 150 2"}, 422, "parameter"),
        ("tan", {"POS": CIRCLE, "format": "gif"}, 422, "parameter"),
        ("tan", {"POS": CIRCLE, "mask": 2}, 422, "parameter"),
        ("tan", {"POS": CIRCLE, "cmap": "nosuch"}, 422, "parameter"),
        ("tan", {"POS": CIRCLE, "format": "png", "vmin": 3, "vmax": 2}, 422, "parameter"),
        ("tan", {"POS": "CIRCLE 10 2 0.1"}, 422, "region_outside"),
        ("tan", {"x0": 300, "y0": 0, "x1": 310, "y1": 5}, 422, "region_outside"),
        ("tan", {"x0": 5, "y0": 0, "x1": 5, "y1": 5}, 422, "region_outside"),
        ("plain", {"POS": CIRCLE}, 404, "no_sky"),
        ("nosuch", {"POS": CIRCLE}, 404, "not_found"),
        ("cube@9", {"x0": 0, "y0": 0, "x1": 5, "y1": 5}, 404, "not_found"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    ask: Ask, layer: str, query: dict[str, Any], status: int, code: str
) -> None:
    assert error_of(ask(f"/api/layers/{layer}/cutout", params=query)) == (status, code)


def test_regions_of_no_area_and_of_the_whole_sky(ask: Ask) -> None:
    (point,) = open_fits(ask(CUT, params={"POS": "CIRCLE 150 2 0"}))
    assert point.data.shape == (1, 1)
    assert point.data[0, 0] == sky_data()[149, 99]
    (line,) = open_fits(ask(CUT, params={"POS": "RANGE 150 150 2 2"}))
    assert line.data.shape == (1, 1)
    for text in ("RANGE -Inf +Inf -Inf +Inf", "CIRCLE 0 0 180", "RANGE 0 360 -90 90"):
        (whole,) = open_fits(ask(CUT, params={"POS": text}))
        assert np.array_equal(whole.data, sky_data(), equal_nan=True)


def asking(app: Any, url: str, method: str = "GET", **more: Any) -> httpx.Response:
    async def one() -> httpx.Response:
        async with in_process(app) as client:
            return await client.request(method, url, **more)

    return asyncio.run(one())


def test_more_pixels_than_the_bound(folder: Path) -> None:
    app = make_app(folder, cutout_pixels=1000)
    answer = asking(app, CUT, params={"POS": CIRCLE})
    assert error_of(answer) == (413, "limit")
    assert "1000 pixels" in answer.json()["error"]["message"]
    assert answer.json()["error"]["detail"]["limit"] == 1000
    told = asking(app, CUT, params={"POS": CIRCLE, "estimate": 1}).json()
    assert told["pixels"] > told["limit"] == 1000
    assert asking(app, CUT, params={"x0": 0, "y0": 0, "x1": 25, "y1": 40}).status_code == 200


def test_images_have_bounds_of_their_own(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["armillary.render.encode"]  # its name in the package is a function
    small = {name: dataclasses.replace(form, max_pixels=100) for name, form in module._IMAGES.items()}
    monkeypatch.setattr(module, "_IMAGES", small)
    answer = asking(make_app(folder), CUT, params={"POS": CIRCLE, "format": "png"})
    assert error_of(answer) == (413, "limit")


def test_large_cutouts_at_once_are_bounded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutout_answers, "SMALL_BYTES", 1)
    app = make_app(folder, cutouts=1)
    services = app.services
    assert asking(app, CUT, params={"POS": CIRCLE}).status_code == 200
    assert services.cutouts_under_way == 0, "the slot was given back"
    services.cutouts_under_way = 1
    busy = asking(app, CUT, params={"POS": CIRCLE})
    assert error_of(busy) == (503, "unavailable")
    assert int(busy.headers["retry-after"]) > 0
    monkeypatch.setattr(cutout_answers, "SMALL_BYTES", 1 << 24)
    assert asking(app, CUT, params={"POS": CIRCLE}).status_code == 200, "small ones need no slot"


def test_a_streamed_cutout_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app(folder)
    whole = asking(app, CUT, params={"POS": CIRCLE})
    monkeypatch.setattr(cutout_answers, "SMALL_BYTES", 1)
    monkeypatch.setattr("armillary.images.cutouts.pixels.BLOCK_BYTES", 300)
    assert asking(app, CUT, params={"POS": CIRCLE}).content == whole.content


@pytest.mark.parametrize(
    "route", ["cutout?POS=CIRCLE 150 2 0.02", "outline?POS=CIRCLE 150 2 0.02", "aperture?ra=1&dec=1&radius=1"]
)
def test_what_is_not_for_the_caller_looks_like_what_is_missing(folder: Path, route: str) -> None:
    shown = make_app(folder)
    holdings = shown.services.holdings
    holdings._layers["tan"] = (holdings._layers["tan"][0], ("secret",))
    app = create_app(holdings, shown.services.settings, everybody=ANONYMOUS)
    assert asking(shown, f"/api/layers/tan/{route}").status_code == 200
    for headers in ({}, {"If-None-Match": "*"}):
        hidden = asking(app, f"/api/layers/tan/{route}", headers=headers)
        missing = asking(app, f"/api/layers/nat/{route}", headers=headers)
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace("tan", "nat") == missing.text


def test_an_outline(ask: Ask) -> None:
    told = ask("/api/layers/tan/outline", params={"POS": CIRCLE}).json()
    assert told["inside"] is True
    (line,) = told["lines"]
    assert np.hypot(*(np.array(line) - [99, 149]).T) == pytest.approx(20, abs=0.01)
    beside = ask("/api/layers/tan/outline", params={"POS": "CIRCLE 10 2 0.1"}).json()
    assert beside == {"lines": [], "inside": False}
    whole = ask("/api/layers/tan/outline", params={"POS": "RANGE 0 360 -90 90"}).json()
    assert whole == {"lines": [], "inside": True}
    assert error_of(ask("/api/layers/plain/outline", params={"POS": CIRCLE})) == (404, "no_sky")
    assert error_of(ask("/api/layers/tan/outline")) == (422, "parameter")


def test_an_aperture(ask: Ask) -> None:
    told = ask("/api/layers/tan/aperture", params={"ra": 150, "dec": 2, "radius": 0.0203}).json()
    y, x = np.mgrid[:300, :200]
    values = sky_data()[np.hypot(x - 99, y - 149) * 0.001 <= 0.0203].astype(np.float64)
    assert told["count"] == values.size
    assert told["masked"] == 0
    assert told["median"] == np.median(values)
    wanted = (values.mean(), values.std(), values.min(), values.max(), values.sum())
    assert [told[name] for name in ("mean", "std", "min", "max", "sum")] == pytest.approx(wanted, rel=1e-12)
    assert told["area_deg2"] == pytest.approx(values.size * 1e-6, rel=1e-4)
    assert (told["units"], told["radius_deg"]) == ("Jy/beam", 0.0203)
    corner = ask("/api/layers/tan/aperture", params={"ra": 150.1, "dec": 1.851, "radius": 0.002}).json()
    assert corner["count"] == 0
    assert corner["masked"] > 0
    assert corner["mean"] is None
    nothing = ask("/api/layers/tan/aperture", params={"ra": 10, "dec": 2, "radius": 1}).json()
    assert (nothing["count"], nothing["masked"], nothing["sum"]) == (0, 0, None)


@pytest.mark.parametrize(
    "query", [{}, {"ra": 1, "dec": 1}, {"ra": 1, "dec": 1, "radius": 91}, {"ra": "nan", "dec": 1, "radius": 1}]
)
def test_bad_apertures_are_refused(ask: Ask, query: dict[str, Any]) -> None:
    assert error_of(ask("/api/layers/tan/aperture", params=query)) == (422, "parameter")


words = st.one_of(
    st.sampled_from(["CIRCLE", "RANGE", "POLYGON", "Inf", "-Inf", "+Inf", "150", "2", "0.1", "-1", "1e9", "NaN"]),
    st.text(max_size=5),
)


@settings(max_examples=60)
@given(pos=st.lists(words, max_size=9).map(" ".join))
def test_no_text_of_a_region_breaks_anything(app_of_tan: Any, pos: str) -> None:
    for route in ("cutout", "outline"):
        answer = asking(app_of_tan, f"/api/layers/tan/{route}", params={"POS": pos})
        assert answer.status_code in {200, 413, 422}, (pos, answer.text)


@pytest.fixture(scope="module")
def app_of_tan(tmp_path_factory: pytest.TempPathFactory) -> Any:
    where = tmp_path_factory.mktemp("regions")
    write_image(where / "tan.fits", sky_data(), tan_header(200, 300))
    return make_app(where)


def sparse_file(path: Path, ny: int, nx: int) -> None:
    header = fits.PrimaryHDU(np.zeros((1, 1), np.float32), tan_header(nx, ny)).header
    header["NAXIS1"], header["NAXIS2"] = nx, ny
    text = header.tostring().encode()
    with path.open("wb") as file:
        file.write(text)
        file.truncate(len(text) + math.ceil(ny * nx * 4 / 2880) * 2880)


def test_two_gigabytes_pass_in_a_hundred_megabytes(tmp_path: Path) -> None:
    side = 22_400
    sparse_file(tmp_path / "sparse.fits", side, side)
    box = {"x0": 0, "y0": 0, "x1": side, "y1": side}
    with running(tmp_path, "--auth", "none", environment={"ARMILLARY_CUTOUT_PIXELS": str(1 << 30)}) as (process, base):
        url = f"{base.rstrip('/')}/api/layers/sparse/cutout"
        httpx.get(url, params={"x0": 0, "y0": 0, "x1": 9, "y1": 9}, timeout=60)
        server = psutil.Process(process.pid)
        before = own_memory(server)
        most, total = 0, 0
        with httpx.stream("GET", url, params=box, timeout=60) as answer:
            for n, part in enumerate(answer.iter_raw(1 << 20)):
                total += len(part)
                if n % 50 == 0:
                    most = max(most, own_memory(server) - before)
        assert total == int(answer.headers["content-length"]) > 2e9
        assert most < 100 << 20


def own_memory(process: psutil.Process) -> int:
    """Resident memory that is not a part of a mapped file, which the system takes back when it likes."""
    told = process.memory_info()
    return int(told.rss - told.shared)


def test_a_file_that_is_replaced_on_the_way_breaks_the_answer_off(tmp_path: Path) -> None:
    side = 6000
    write_image(tmp_path / "map.fits", np.ones((side, side), np.float32), tan_header(side, side))
    with running(tmp_path, "--auth", "none") as (process, base):
        url = f"{base.rstrip('/')}/api/layers/map/cutout"
        box = {"x0": 0, "y0": 0, "x1": side, "y1": side}
        received = bytearray()

        def replace_and_read() -> None:
            with httpx.stream("GET", url, params=box, timeout=60) as answer:
                for part in answer.iter_raw(1 << 16):
                    if not received:
                        write_image(tmp_path / "map.fits", np.full((side, side), 2, np.float32), tan_header(side, side))
                    received.extend(part)

        with pytest.raises(httpx.RemoteProtocolError):
            replace_and_read()
        whole = len(received) // 4 * 4
        numbers = np.frombuffer(bytes(received[:whole]), ">f4")[2880 * 4 :]
        assert 0 < len(received) < side * side * 4
        assert (numbers == 1).all(), "pixels of two versions were mixed"
        again = httpx.get(url, params={"x0": 0, "y0": 0, "x1": 5, "y1": 5}, timeout=60)
        assert (fits.open(io.BytesIO(again.content))[0].data == 2).all()
        assert process.poll() is None


def test_a_client_that_goes_away_frees_its_slot(tmp_path: Path) -> None:
    sparse_file(tmp_path / "sparse.fits", 15_000, 15_000)
    settings_of_it = {"ARMILLARY_CUTOUTS": "1"}
    with running(tmp_path, "--auth", "none", environment=settings_of_it) as (_process, base):
        url = f"{base.rstrip('/')}/api/layers/sparse/cutout?x0=0&y0=0&x1=15000&y1=15000"
        with httpx.stream("GET", url, timeout=60) as answer:
            assert answer.status_code == 200
            assert httpx.get(url, timeout=60).status_code == 503
        for _ in range(100):
            with httpx.stream("GET", url, timeout=60) as answer:
                status = answer.status_code
            if status == 200:
                return
            threading.Event().wait(0.1)
        pytest.fail("the slot was never given back")
