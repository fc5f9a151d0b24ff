"""Tiles over HTTP: pixels, caching, versions, refusals."""

from __future__ import annotations

import asyncio
import gzip
import io
import math
from pathlib import Path

import numpy as np
import pytest
import zstandard
from conftest_server import in_process, make_app, sky_data, tan_header, write_image
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

TILE = "/api/layers/tan/tiles"


def test_full_resolution_tiles_are_the_files_pixels(ask) -> None:
    info = ask("/api/layers/tan").json()
    assert (info["levels"], info["tile_size"], info["shape"]) == (4, 64, [300, 200])
    top_down = np.full((320, 256), np.nan, np.float32)
    top_down[:300, :200] = sky_data()[::-1]
    for row in range(5):
        for col in range(4):
            answer = ask(f"{TILE}/3/{row}/{col}.f32")
            tile = np.frombuffer(answer.content, "<f4").reshape(64, 64)
            np.testing.assert_array_equal(tile, top_down[row * 64 : row * 64 + 64, col * 64 : col * 64 + 64])


def test_a_cubes_slices_are_addressed_by_number(ask) -> None:
    data = sky_data(2, (3, 70, 80))
    for k in range(3):
        answer = ask(f"/api/layers/cube@{k}/tiles/1/0/0.f32")
        tile = np.frombuffer(answer.content, "<f4").reshape(64, 64)
        np.testing.assert_array_equal(tile, data[k, ::-1][:64, :64])
    first = ask("/api/layers/cube/tiles/1/0/0.f32").content
    assert first == ask("/api/layers/cube@0/tiles/1/0/0.f32").content
    for bad in ("cube@3", "cube@-1", "cube@x", "cube@0,0", "cube@", "tan@0", "cube@99999999999999"):
        assert ask(f"/api/layers/{bad}/tiles/0/0/0.f32").status_code == 404


def test_images_have_the_size_and_transparency_they_should(ask) -> None:
    picture = Image.open(io.BytesIO(ask(f"{TILE}/3/4/0.png?cmap=viridis&vmin=0&vmax=20").content)).convert("RGBA")
    assert picture.size == (64, 64)
    alpha = np.asarray(picture)[..., 3]
    # The plane ends after 300 of 320 rows, and its lower left corner has no data.
    assert (alpha[44:] == 0).all()
    assert (alpha[39:44, :5] == 0).all()
    assert (alpha[:39] == 255).all()
    for ext in ("jpg", "webp"):
        assert Image.open(io.BytesIO(ask(f"{TILE}/0/0/0.{ext}").content)).size == (64, 64)


@pytest.mark.parametrize(
    ("offered", "coding"), [("zstd, gzip", "zstd"), ("gzip", "gzip"), ("br", None), ("", None), ("gzip;q=0", None)]
)
def test_float_tiles_are_compressed_as_the_client_wants(folder, offered: str, coding: str | None) -> None:
    async def raw() -> tuple[str | None, bytes, str]:
        async with (
            in_process(make_app(folder)) as client,
            client.stream("GET", f"{TILE}/3/0/0.f32", headers={"accept-encoding": offered}) as answer,
        ):
            body = b"".join([part async for part in answer.aiter_raw()])
            return answer.headers.get("content-encoding"), body, answer.headers["vary"]

    used, body, vary = asyncio.run(raw())
    assert used == coding
    assert vary == "Accept-Encoding"
    plain = {"zstd": zstandard.decompress, "gzip": gzip.decompress}.get(used or "", bytes)(body)
    np.testing.assert_array_equal(np.frombuffer(plain, "<f4").reshape(64, 64), sky_data()[::-1][:64, :64])


def test_a_version_in_the_address_makes_it_immutable(ask) -> None:
    version = ask("/api/layers/tan").json()["version"]
    answer = ask(f"{TILE}/3/0/0.q16?v={version}")
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert ask(f"{TILE}/3/0/0.q16").headers["cache-control"] == "private, no-cache"
    again = ask(f"{TILE}/3/0/0.q16?v={version}", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    gone = ask(f"{TILE}/3/0/0.q16?v=another")
    assert (gone.status_code, gone.json()["error"]["code"]) == (410, "version_gone")


def test_tags_tell_tiles_and_styles_apart(ask) -> None:
    urls = ["3/0/0.f32", "3/0/1.f32", "2/0/0.f32", "3/0/0.png", "3/0/0.png?cmap=hot", "3/0/0.png?cmap=hot&vmin=3"]
    tags = [ask(f"{TILE}/{url}").headers["etag"] for url in urls]
    assert len(set(tags)) == len(tags)
    assert ask(f"{TILE}/3/0/0.png?cmap=hot&unknown=1").headers["etag"] == tags[4]


def test_head_says_the_same_without_a_body(ask) -> None:
    whole, head = ask(f"{TILE}/3/0/0.f32"), ask(f"{TILE}/3/0/0.f32", "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k != "date"} == dict(whole.headers)
    assert ask(f"{TILE}/3/0/0.f32", "POST").status_code == 405


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("-1/0/0.f32", 404),
        ("9/0/0.f32", 404),
        ("3/-1/0.f32", 404),
        ("3/5/0.f32", 404),
        ("3/0/4.f32", 404),
        ("3/0/99999999999999999999999.f32", 404),
        ("3/0/0.fits", 404),
        ("3/0/0", 404),
        ("3/0/0.f32/more", 404),
        ("a/0/0.f32", 422),
        ("3/1e3/0.f32", 422),
        ("3/0/nan.f32", 422),
        ("3/0/٣.f32", 422),
        ("3/0/0.png?vmin=nan", 422),
        ("3/0/0.png?vmax=inf", 422),
        ("3/0/0.png?vmin=2&vmax=1", 422),
        ("3/0/0.png?vmin=1&vmax=1", 422),
        ("3/0/0.png?vmin=1e9", 422),
        ("3/0/0.png?cmap=nosuch", 422),
        ("3/0/0.png?stretch=wild", 422),
        ("3/0/0.png?gamma=0", 422),
        ("3/0/0.png?invert=maybe", 422),
        ("3/0/0.png?abs=2", 422),
        ("3/0/0.f32?preview=2", 422),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(ask, address: str, status: int) -> None:
    answer = ask(f"{TILE}/{address}")
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["message"]
    assert "\n" not in error["message"]
    assert error["code"] == ("not_found" if status == 404 else "parameter")


def test_no_work_is_done_for_a_bad_request(folder, monkeypatch) -> None:
    from armillary.images.pyramid import Pyramid

    def never(*_args, **_more):
        raise AssertionError("work was done")

    monkeypatch.setattr(Pyramid, "tile", never)

    async def ask_all() -> list[int]:
        async with in_process(make_app(folder)) as client:
            urls = ["3/0/0.png?cmap=nosuch", "a/0/0.f32", "3/0/0.png?vmin=nan", "3/0/0.exe"]
            return [(await client.get(f"{TILE}/{url}")).status_code for url in urls]

    assert asyncio.run(ask_all()) == [422, 422, 422, 404]


def test_of_a_repeated_parameter_the_last_counts(ask) -> None:
    assert ask(f"{TILE}/3/0/0.png?cmap=nosuch&cmap=hot").content == ask(f"{TILE}/3/0/0.png?cmap=hot").content


def test_previews_are_marked_and_not_kept(tmp_path: Path) -> None:
    write_image(tmp_path / "big.fits", sky_data(3, (2100, 2100)))

    async def one() -> None:
        async with in_process(make_app(tmp_path)) as client:
            answer = await client.get("/api/layers/big/tiles/0/0/0.f32?preview=1")
            assert answer.status_code == 200
            if answer.headers.get("x-armillary-preview") == "1":
                assert answer.headers["cache-control"] == "no-store"
                assert "etag" not in answer.headers
            exact = await client.get("/api/layers/big/tiles/0/0/0.f32")
            assert "x-armillary-preview" not in exact.headers
            assert exact.headers["etag"]

    asyncio.run(one())


def test_a_replaced_file_gives_new_pixels_and_a_new_version(folder) -> None:
    async def steps() -> None:
        async with in_process(make_app(folder)) as client:
            old = (await client.get("/api/layers/tan")).json()["version"]
            assert (await client.get(f"{TILE}/3/0/0.f32?v={old}")).status_code == 200
            smaller = sky_data(9, (100, 90))
            write_image(folder / "tan.fits", smaller, tan_header(90, 100))
            assert (await client.get(f"{TILE}/3/0/0.f32?v={old}")).status_code == 410
            info = (await client.get("/api/layers/tan")).json()
            assert info["version"] != old
            assert info["shape"] == [100, 90]
            last = info["levels"] - 1
            tile = await client.get(f"{TILE}/{last}/0/0.f32?v={info['version']}")
            pixels = np.frombuffer(tile.content, "<f4").reshape(64, 64)
            np.testing.assert_array_equal(pixels, smaller[::-1][:64, :64])
            # Without a version in the address, too, nothing stale comes.
            assert (await client.get(f"{TILE}/{last}/0/0.f32")).content == tile.content

    asyncio.run(steps())


def test_a_vanished_file_is_explained_and_recovers(folder) -> None:
    async def steps() -> None:
        async with in_process(make_app(folder)) as client:
            before = (await client.get(f"{TILE}/3/0/0.f32")).content
            (folder / "tan.fits").rename(folder / "away")
            answer = await client.get(f"{TILE}/3/0/0.f32")
            assert answer.status_code == 503
            assert "tan.fits" in answer.json()["error"]["message"]
            assert str(folder) not in answer.text
            assert answer.headers["retry-after"]
            (folder / "tan.fits").write_bytes(b"rubbish" * 1000)
            broken = await client.get(f"{TILE}/3/0/0.f32")
            assert (broken.status_code, broken.json()["error"]["code"]) == (503, "not_fits")
            (folder / "away").replace(folder / "tan.fits")
            assert (await client.get(f"{TILE}/3/0/0.f32")).content == before

    asyncio.run(steps())


def test_a_tile_nobody_waits_for_is_not_computed(folder, monkeypatch) -> None:
    """Two threads are held up; of those that queue behind, the ones whose clients go away never start."""
    import threading

    from armillary.images.pyramid import Pyramid

    release, both_started, started = threading.Event(), threading.Event(), []
    plain = Pyramid.tile

    def slow(self, key, **more):
        started.append(key.col)
        if len(started) == 2:
            both_started.set()
        release.wait(20)
        return plain(self, key, **more)

    monkeypatch.setattr(Pyramid, "tile", slow)
    app = make_app(folder)

    async def raw(col: int, gone: asyncio.Event) -> list:
        sent: list = []

        async def receive() -> dict:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict) -> None:
            sent.append(message)

        path = f"{TILE}/3/0/{col}.f32"
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
        }
        await app(scope, receive, send)
        return sent

    async def steps() -> None:
        stays, leaves = asyncio.Event(), asyncio.Event()
        kept = [asyncio.create_task(raw(col, stays)) for col in (0, 1)]
        await asyncio.to_thread(both_started.wait, 60)
        leaving = asyncio.create_task(raw(2, leaves))
        shared = [asyncio.create_task(raw(3, gone)) for gone in (leaves, stays)]
        await asyncio.sleep(0.05)
        leaves.set()
        assert await leaving == []
        assert await shared[0] == []
        release.set()
        answers = await asyncio.gather(*kept, shared[1])
        assert [answer[0]["status"] for answer in answers] == [200, 200, 200]

    asyncio.run(steps())
    assert sorted(started) == [0, 1, 3]


def test_concurrent_requests_for_one_tile_compute_it_once(folder, monkeypatch) -> None:
    from armillary.images.pyramid import Pyramid

    calls = []
    plain = Pyramid.tile

    def counted(self, key, **more):
        calls.append(key)
        return plain(self, key, **more)

    monkeypatch.setattr(Pyramid, "tile", counted)

    async def many() -> set[bytes]:
        async with in_process(make_app(folder)) as client:
            answers = await asyncio.gather(*(client.get(f"{TILE}/3/0/0.f32") for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            return {answer.content for answer in answers}

    assert len(asyncio.run(many())) == 1
    assert len(calls) == 1


def test_more_than_the_queue_holds_is_refused_at_once(folder) -> None:
    async def many() -> list[int]:
        async with in_process(make_app(folder, queue=3)) as client:
            tiles = [f"{TILE}/3/{row}/{col}.f32" for row in range(5) for col in range(4)]
            statuses = [answer.status_code for answer in await asyncio.gather(*map(client.get, tiles))]
            assert (await client.get(tiles[-1])).status_code == 200
            return statuses

    statuses = asyncio.run(many())
    assert set(statuses) == {200, 503}


NUMBERS = st.one_of(st.integers(-5, 9).map(str), st.integers().map(str), st.text(max_size=6))


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["f32", "q16", "png", "x", ""]), st.text(max_size=20))
def test_no_address_makes_the_parser_stumble(level: str, row: str, col: str, ext: str, query: str) -> None:
    from urllib.parse import quote

    from armillary.errors import ArmillaryError
    from armillary.server.errors import HttpError
    from armillary.server.tiles import parse_request

    path = quote(f"/api/layers/a/tiles/{level}/{row}/{col}.{ext}")
    try:
        asked = parse_request(path, query.encode("utf-8", "replace"))
    except (ArmillaryError, HttpError):
        return
    assert (asked.key.level, asked.key.row, asked.key.col) == (int(level), int(row), int(col))
    assert math.isfinite(asked.key.level)
