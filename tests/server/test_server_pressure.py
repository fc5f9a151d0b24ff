"""What many or slow callers cost: memory that is bounded, and an event loop that waits for no file."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import numpy as np
import pytest
from conftest_server import in_process, make_app, sky_data, tan_header, write_image

from armillary.errors import UnavailableError
from armillary.holdings import ANONYMOUS, Access, open_configuration
from armillary.holdings.files import OfferedFile, open_file
from armillary.images.pyramid import Pyramid
from armillary.server import answers, services, tiles
from armillary.server.app import create_app
from armillary.server.settings import Settings

GRID = "/api/layers/tan/skygrid?x0=0&y0=0&x1=199&y1=299&nx=257&ny=257"


def layer(name: str, filename: str = "tan.fits", **more: Any) -> dict[str, Any]:
    return {"layer_id": name, "name": name, "provider": {"filename": filename}} | more


def configured(folder: Any, *layers: dict[str, Any], opener: Any = open_file) -> tuple[Any, Any]:
    bands = [{"name": "b", "layers": list(layers)}]
    content = {"map_groups": [{"name": "g", "maps": [{"name": "m", "bands": bands}]}]}
    (folder / "h.json").write_text(json.dumps(content))

    def pyramid(plane: Any, identity: str, *, tile_size: int = 64) -> Pyramid:
        return Pyramid(plane, tile_size=tile_size, identity=identity)

    made = open_configuration(folder / "h.json", pyramid, tile_size=64, opener=opener)
    settings = Settings(auth="none", tile_size=64, threads=2, name_resolver="")
    return made, create_app(made.holdings, settings, discovery=made)


def ask(app: Any, *urls: str, together: bool = False, **more: Any) -> list[httpx.Response]:
    async def whole() -> list[httpx.Response]:
        async with in_process(app, **more) as client:
            if together:
                return list(await asyncio.gather(*map(client.get, urls)))
            return [await client.get(url) for url in urls]

    return asyncio.run(whole())


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_a_large_answer_is_whole_and_packed_elsewhere(folder, monkeypatch, coding: str) -> None:
    app, where, real = make_app(folder), [], answers.compress

    def noted(body: bytes, coding: Any) -> bytes:
        where.append(threading.current_thread() is threading.main_thread())
        return real(body, coding)

    monkeypatch.setattr(answers, "compress", noted)
    answer = ask(app, GRID, headers={"accept-encoding": coding})[0]
    assert answer.headers.get("content-encoding", "identity") == coding
    assert int(answer.headers["content-length"]) == answer.num_bytes_downloaded
    vectors = np.frombuffer(answer.content, "<f8").reshape(257, 257, 3)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=2), 1.0, atol=1e-12)
    assert where == ([] if coding == "identity" else [False])
    assert ask(app, GRID, headers={"if-none-match": answer.headers["etag"]})[0].status_code in {200, 304}


def scope_of(app: Any) -> dict[str, Any]:
    """A request for a large answer, as the web server has it."""
    path, _, query = GRID.partition("?")
    return {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "http_version": "1.1",
        "root_path": "",
    }


def test_slow_readers_do_not_fill_the_memory(folder, monkeypatch) -> None:
    app = make_app(folder)
    monkeypatch.setattr(services, "MOST_SENDING_BYTES", 2 << 20)

    async def whole() -> tuple[list[int], int, list[int]]:
        begun, taken, told = asyncio.Event(), asyncio.Event(), []

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            return {}

        async def slow(message: Any) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
                begun.set()
            elif message["body"] and told[-1] == 200:
                await taken.wait()

        first = asyncio.ensure_future(app(scope_of(app), receive, slow))
        await begun.wait()
        held = app.services.sending_bytes
        await app(scope_of(app), receive, slow)
        taken.set()
        await first
        await app(scope_of(app), receive, slow)
        return told, held, [app.services.sending_bytes]

    told, held, left = asyncio.run(whole())
    assert told == [200, 503, 200]
    assert (held, left) == (257 * 257 * 24, [0])


def test_a_client_that_takes_nothing_is_given_up(folder, monkeypatch) -> None:
    app = make_app(folder)
    monkeypatch.setattr(answers, "STALLED_S", 0.05)

    async def whole() -> None:
        async def never(message: Any) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(3600)

        async def receive() -> dict[str, Any]:
            await asyncio.sleep(3600)
            return {}

        await app(scope_of(app), receive, never)

    asyncio.run(whole())
    assert app.services.sending_bytes == 0


def test_nobody_waits_for_a_layer_while_a_catalog_is_read(folder, monkeypatch) -> None:
    """Two threads are all there are; a viewer asks three things of a catalog at once."""
    from armillary.catalogs import reading

    (folder / "stars.csv").write_text("ra,dec\n150,2\n")
    app, read, begun = make_app(folder), threading.Event(), threading.Event()
    real = reading.read_catalog

    def slow(*given: Any, **more: Any) -> Any:
        begun.set()
        read.wait(20.0)
        return real(*given, **more)

    monkeypatch.setattr(reading, "read_catalog", slow)

    async def whole() -> list[int]:
        async with in_process(app) as client:
            of_stars = ["", "/points?ra=150&dec=2&radius=1", "/rows"]
            asked = [asyncio.ensure_future(client.get(f"/api/sources/stars{rest}")) for rest in of_stars]
            await asyncio.to_thread(begun.wait, 20.0)
            layers = await asyncio.wait_for(client.get("/api/layers/tan"), 20.0)
            still = [answer.done() for answer in asked]
            read.set()
            told = await asyncio.gather(*asked)
            assert not any(still)
            return [layers.status_code, *(answer.status_code for answer in told)]

    assert asyncio.run(whole()) == [200, 200, 200, 200]


def test_the_first_large_answer_has_room_always(folder) -> None:
    room = make_app(folder).services.room
    with room(services.MOST_SENDING_BYTES + 1), pytest.raises(UnavailableError), room(1):
        pass
    with room(1), room(1):
        pass


def test_only_short_addresses_are_remembered(folder) -> None:
    app = make_app(folder)
    tiles._parsed.cache_clear()
    short, long = "/api/layers/tan/tiles/0/0/0.png", "/api/layers/tan/tiles/0/0/0.png?nothing=" + "x" * 4000
    plain, padded, bad = ask(app, short, long, f"{short}?vmin={'0' * 65}1")
    assert plain.content == padded.content
    assert (bad.status_code, bad.json()["error"]["detail"]) == (422, {"parameter": "vmin"})
    assert tiles._parsed.cache_info().currsize == 1


def test_files_are_never_opened_in_the_event_loop(folder) -> None:
    """Not at first, not when they changed, not when they vanished."""
    where = []

    def opener(path: str) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        return open_file(path)

    both = {"function": "-", "providers": [{"filename": "tan.fits"}, {"filename": "tan.fits"}]}
    made, app = configured(folder, layer("x"), layer("c", provider=both), opener=opener)
    made.run()
    addresses = [
        "/api/layers/x/tiles/0/0/0.f32",
        "/api/layers/c/tiles/0/0/0.f32",
        "/api/layers/x/cutout?x0=0&y0=0&x1=5&y1=5",
    ]
    for seed in range(2, 5):
        for address in addresses:
            write_image(folder / "tan.fits", sky_data(seed), tan_header(200, 300))
            assert ask(app, address, headers={"if-none-match": '"x"'})[0].status_code == 200
    (folder / "tan.fits").unlink()
    assert [answer.status_code for answer in ask(app, *addresses)] == [503, 503, 503]
    assert len(where) > 9
    assert not any(where[1:])


def test_what_is_asked_of_far_away_is_asked_in_a_thread(folder) -> None:
    far = OfferedFile("http://maps.example/a.fits")
    source, image = open_file(str(folder / "tan.fits"))
    far._source, far._image, far._version = source, image, source.version
    assert far.at_once() is None
    near = OfferedFile(str(folder / "tan.fits"))
    assert near.at_once() is None
    assert near.at_once() is None
    assert near.current()[1] == near.at_once()


def test_layers_of_one_plane_that_look_otherwise_are_opened_each(folder) -> None:
    """Asked for at the same moment, before anything was opened: each has a version of its own."""
    looks = [layer("a"), layer("b", vmin=0, vmax=40)]
    made, app = configured(folder, *looks)
    made.run()
    versions = [ask(app, f"/api/layers/{name}")[0].json()["version"] for name in "ab"]
    assert versions[0] != versions[1]
    opened = threading.Event()

    def slow(path: str) -> Any:
        opened.wait(5.0)
        return open_file(path)

    _, app = configured(folder, *looks, opener=slow)
    threading.Timer(0.2, opened.set).start()
    addresses = [f"/api/layers/{name}/tiles/0/0/0.png?v={v}" for name, v in zip("ab", versions, strict=True)]
    assert [answer.status_code for answer in ask(app, *addresses, together=True)] == [200, 200]


def test_an_answer_that_is_being_made_is_not_given_for_another_layer_of_the_same_id(folder) -> None:
    """The configuration may have put something else, for others, in its place meanwhile."""
    made, _ = configured(folder, layer("x", grant="team"))
    before = made.holdings.layer("x", Access(grants=frozenset({"team"})))
    assert before == made.holdings.layer("x", Access(grants=frozenset({"team"})))
    configured_again = json.loads((folder / "h.json").read_text())
    configured_again["map_groups"][0]["maps"][0]["bands"][0]["layers"] = [layer("x", "plain.fits")]
    (folder / "h.json").write_text(json.dumps(configured_again))
    made.reload()
    after = made.holdings.layer("x", ANONYMOUS)
    assert before != after
    assert len({before, after, made.holdings.layer("x", ANONYMOUS)}) == 2


def test_callers_who_see_the_same_share_a_tree(folder) -> None:
    made, _ = configured(folder, layer("x", grant="team"), layer("y"))
    callers = [Access(f"user {k}", frozenset({"team", f"other {k}"})) for k in range(200)]
    trees = [made.holdings.tree(caller) for caller in callers]
    assert all(tree is trees[0] for tree in trees)
    assert made.holdings.tree(ANONYMOUS) is made.holdings.tree(Access("z", frozenset({"else"})))
    assert made.holdings.tree(ANONYMOUS)["version"] != trees[0]["version"]
    assert made.holdings.tree(Access(everything=True)) is not made.holdings.tree(Access(administrator=True))
    assert len(made.holdings._trees) == 4
