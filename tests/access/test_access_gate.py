"""The gate: what a caller may not see is as if it were not there, at every address, in every mode."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_gate import (
    APPLICATION_PATHS,
    CATALOGS,
    DOOR_PATHS,
    FILLED,
    GRANTS,
    HELD,
    HIDDEN,
    SEEN,
    Callers,
    CountingCache,
    api_routes,
    make_server,
    pruned,
    whole,
    without_grants,
    write_files,
)
from conftest_provider import APP_ID, openid_provider, soauth_server
from conftest_server import in_process

from armillary.holdings.access import OWNER, Access
from armillary.holdings.catalogs import OfferedCatalog
from armillary.holdings.files import OfferedFile
from armillary.server.app import OPEN_VO, Application
from armillary.server.work import Workers
from armillary.storage.cache import ByteLru

Told = tuple[int, tuple[tuple[str, str], ...], bytes]
ADDRESSES = [address for fill in FILLED.values() for address in fill()]


def few(addresses: list[str]) -> list[str]:
    """Two of what is seen and six of what is not: modes differ in who asks, not in what."""
    hidden = [address for address in addresses if re.search("hidden|in-(group|map|band)", address)]
    return list(dict.fromkeys([*addresses[:2], *hidden[:: max(1, len(hidden) // 6)]]))


FEW = [address for fill in FILLED.values() for address in few(fill())]


@dataclass
class World:
    """The server with hidden things, asked for everything by one who sees all; and, by caller, the one without them."""

    full: Application
    callers: Callers
    bare: dict[str, Application]
    tags: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


async def ask(client: httpx.AsyncClient, address: str, method: str = "GET", **headers: str) -> Told:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await client.request(method, address, headers=names)
    sent = tuple(sorted(pair for pair in answer.headers.multi_items() if pair[0] != "date"))
    return answer.status_code, sent, answer.content


async def warm(app: Application, headers: dict[str, str], world: World | None = None) -> None:
    """Ask for everything as one who sees all; remember tags and versions."""
    async with in_process(app, headers=headers) as client:
        for address in ADDRESSES:
            answer = await client.get(address)
            if world is not None and answer.status_code == 200 and "etag" in answer.headers:
                world.tags[address] = answer.headers["etag"]
        for name in (*SEEN, *HIDDEN, *CATALOGS) if world is not None else ():
            kind = "sources" if name in CATALOGS else "layers"
            said = await client.get(f"/api/{kind}/{name}")
            assert said.status_code == 200, (name, said.text)
            world.versions[name] = said.json()["version"]


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("gate")
    write_files(folder)
    callers = Callers(folder / "accounts.sqlite")
    settings = {"auth": "accounts", "accounts_database": callers.path}
    full = make_server(folder, whole(), **settings)
    bare = {name: make_server(folder, pruned(whole(), held), **settings) for name, held in HELD.items()}
    made = World(full, callers, bare)
    asyncio.run(warm(full, callers.headers(full, "boss"), made))
    for app in bare.values():
        asyncio.run(warm(app, callers.headers(app, "boss")))
    yield made
    for app in (full, *bare.values()):
        app.services.close()
    callers.database.close()


def test_every_route_has_a_line_here(world) -> None:
    known = {path for path, _ in api_routes(world.full)}
    assert known | APPLICATION_PATHS | DOOR_PATHS == set(FILLED)
    documented = set(world.full.api().openapi()["paths"])
    assert documented <= set(FILLED)


def test_the_lines_ask_for_what_is_hidden_and_find_it_for_those_who_may(world) -> None:
    """Else the comparison would compare nothing."""
    for path, fill in FILLED.items():
        if "{layer}" in path:
            for name in (*HIDDEN, "hidden-cube@1"):
                found = [address for address in world.tags if f"/layers/{name}" in address and address in fill()]
                assert found, (path, name)
        if "{source_group}" in path:
            for name in ("hidden-stars", "hidden-sky"):
                assert [found for found in world.tags if f"/sources/{name}" in found and found in fill()], (path, name)
    assert world.full.services.shared_cache
    assert world.full.services.tile_cache.nbytes > 0


async def compare(world: World, who: str, requests: list[tuple[str, str, dict[str, str]]]) -> int:
    full, bare, hidden = world.full, world.bare[who], 0
    async with (
        in_process(full, headers=world.callers.headers(full, who)) as one,
        in_process(bare, headers=world.callers.headers(bare, who)) as other,
    ):
        for method, address, headers in requests:
            here = await ask(one, address, method, **headers)
            there = await ask(other, address, method, **headers)
            assert here == there, (who, method, address, headers)
            hidden += here[0] == 404
    return hidden


@pytest.mark.parametrize("who", HELD)
def test_hidden_and_missing_are_one(world, who: str) -> None:
    requests = [("GET", address, {}) for address in ADDRESSES]
    assert asyncio.run(compare(world, who, requests)) > 300


@pytest.mark.parametrize("who", HELD)
def test_head_tells_no_more(world, who: str) -> None:
    asyncio.run(compare(world, who, [("HEAD", address, {}) for address in ADDRESSES[::3]]))


@pytest.mark.parametrize("who", HELD)
def test_a_tag_that_somebody_else_was_given_tells_nothing(world, who: str) -> None:
    requests = [("GET", address, {"if_none_match": tag}) for address, tag in world.tags.items()]
    assert asyncio.run(compare(world, who, requests)) > 100
    requests = [("GET", address, {"if_none_match": "*"}) for address in world.tags]
    asyncio.run(compare(world, who, requests))


@pytest.mark.parametrize("who", HELD)
def test_a_version_that_somebody_else_was_given_tells_nothing(world, who: str) -> None:
    requests = []
    for name, version in world.versions.items():
        if name in CATALOGS:
            tails = ("points?", "rows?", "rows/3?")
            requests += [("GET", f"/api/sources/{name}/{tail}v={version}", {}) for tail in tails]
            continue
        for tile in ("0/0/0.f32", "0/0/0.q16", "1/0/0.png", "9/9/9.f32"):
            requests += [("GET", f"/api/layers/{name}/tiles/{tile}?v={v}", {}) for v in (version, "old")]
    assert asyncio.run(compare(world, who, requests)) > 10


@pytest.mark.parametrize("who", HELD)
@pytest.mark.parametrize("coding", ["zstd", "gzip", "identity"])
def test_a_cached_coding_tells_nothing(world, who: str, coding: str) -> None:
    addresses = [address for address in world.tags if "/tiles/" in address or address.endswith("/header")]
    asyncio.run(compare(world, who, [("GET", address, {"accept_encoding": coding}) for address in addresses]))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY"])
def test_other_methods_tell_nothing_and_change_nothing(world, method: str) -> None:
    requests = [(method, address, {}) for address in ADDRESSES[::5]]
    for who in HELD:
        asyncio.run(compare(world, who, requests))


def test_those_who_may_see_everything(world) -> None:
    """With every grant, and as an administrator, the server is that of one without any grants."""
    open_to_all = without_grants(whole())
    folder = Path(world.callers.path).parent
    app = make_server(folder, open_to_all, auth="accounts", accounts_database=world.callers.path)
    asyncio.run(warm(app, world.callers.headers(app, "boss")))
    world.bare |= {"right": app, "boss": app}
    addresses = [address for address in ADDRESSES if "missing" not in address]
    for who in ("right", "boss"):
        asyncio.run(compare(world, who, [("GET", address, {}) for address in addresses]))
    app.services.close()


class Watch:
    """Counts whatever costs time or knows something: threads' work, caches, files."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, app: Application) -> None:
        self.seen: list[str] = []
        self._watch(monkeypatch, Workers, "run", lambda workers: workers is not app._door.database_workers)
        self._watch(monkeypatch, ByteLru, "get", lambda _: True)
        self._watch(monkeypatch, CountingCache, "get", lambda _: True)
        for kind in (OfferedFile, OfferedCatalog):
            for name, value in vars(kind).items():
                if callable(value) and not name.startswith("_"):
                    self._watch(monkeypatch, kind, name, lambda _: True)

    def _watch(self, monkeypatch: pytest.MonkeyPatch, kind: Any, name: str, counts: Any) -> None:
        real, seen = getattr(kind, name), self.seen

        def watched(this: Any, *args: Any, **more: Any) -> Any:
            if counts(this):
                seen.append(f"{kind.__name__}.{name}")
            return real(this, *args, **more)

        monkeypatch.setattr(kind, name, watched)


NAMED = re.compile(r"^/api/(?:(?:layers|sources)/(?:hidden|in-)|.*[?&](?:layer|base)=(?:hidden|in-))")


@pytest.mark.parametrize("who", ["anonymous", "none"])
def test_nothing_is_done_for_what_is_hidden(world, who: str, monkeypatch) -> None:
    """Time tells nothing either: no thread, no cache, no file is asked before the gate."""
    watch = Watch(monkeypatch, world.full)

    async def steps() -> None:
        async with in_process(world.full, headers=world.callers.headers(world.full, who)) as client:
            await client.get("/api/layers/seen/tiles/0/0/0.f32")
            await client.get("/api/layers/seen/histogram?bins=77")
            await client.get("/api/sources/stars/rows?count=7")
            assert {"Workers.run", "ByteLru.get", "OfferedFile.current"} <= set(watch.seen)
            assert any(word.startswith("OfferedCatalog") for word in watch.seen)
            for address in filter(NAMED.search, ADDRESSES):
                watch.seen.clear()
                answer = await client.get(address)
                assert answer.status_code in {404, 422}, address
                assert watch.seen == [], address

    asyncio.run(steps())


def test_trees_are_kept_by_caller(world) -> None:
    async def steps() -> None:
        async with in_process(world.full) as client:
            texts = {}
            for _ in range(2):
                for who in ("boss", "anonymous", "right", "wrong", "none"):
                    answer = await client.get("/api/holdings", headers=world.callers.headers(world.full, who))
                    texts.setdefault(who, set()).add(answer.text)
            assert {len(seen) for seen in texts.values()} == {1}
            assert texts["anonymous"] == texts["none"]
            for name in (*HIDDEN, "hidden-stars", "hidden-sky", "hidden-box"):
                assert name not in next(iter(texts["anonymous"]))
                assert name in next(iter(texts["right"]))
            problems = {who: "problems" in text and '"problems":[]' not in text for who, (text,) in texts.items()}
            assert problems == {"boss": True, "anonymous": False, "right": False, "wrong": False, "none": False}

    asyncio.run(steps())


def test_what_depends_on_the_caller_stays_out_of_shared_caches(world) -> None:
    shared_by_all = {"/healthz", "/readyz", "/docs", "/", "/openapi.json", "/pages/page.css"}

    async def steps() -> None:
        async with in_process(world.full, headers=world.callers.headers(world.full, "right")) as client:
            for address in ADDRESSES:
                answer = await client.get(address)
                if address.partition("?")[0] in shared_by_all or answer.status_code == 405:
                    continue
                caching = answer.headers.get("cache-control", "")
                assert "private" in caching or "no-store" in caching, (address, caching)
                assert "public" not in caching
                vary = {word.strip().lower() for word in answer.headers.get("vary", "").split(",")}
                assert {"cookie", "authorization"} <= vary, address

    asyncio.run(steps())


def test_a_wrong_grant_in_a_name_is_no_grant(world) -> None:
    """Names of grants are compared whole."""
    gate = world.full.services.holdings
    for grants in ({"g-"}, {"g-layer "}, {"G-LAYER"}, {"g-layer,g-map"}, {""}, {"None"}):
        access = Access(grants=frozenset(grants))
        with pytest.raises(Exception, match="no layer"):
            gate.layer("hidden", access)


def modes(folder: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, dict[str, str]], Access]]:
    """Each mode: its settings, headers of callers by name, and what everybody holds."""
    everybody = Access(grants=frozenset({"g-layer"}))
    yield "none", {"auth": "none"}, {"wrong": {}}, everybody
    yield "none", {"auth": "none"}, {"anonymous": {}}, Access()
    with soauth_server() as server:
        settings = {
            "auth": "soauth",
            "soauth_base_url": "http://127.0.0.1:8000",
            "soauth_auth_url": server.url,
            "soauth_app_id": APP_ID,
            "soauth_client_secret": "client secret of tests",
            "soauth_public_key": server.public.decode(),
        }
        tokens = {}
        for name, grants in {"right": GRANTS, "wrong": ("g-layer",), "none": ()}.items():
            server.grants = list(grants)
            tokens[name] = server.access_token()
        by_header = {name: {"authorization": f"Bearer {token}"} for name, token in tokens.items()}
        by_cookie = {name: {"cookie": f"access_token={token}"} for name, token in tokens.items()}
        yield "soauth", settings, by_header | {"anonymous": {}}, Access()
        yield "soauth", settings, by_cookie, Access()
    with openid_provider() as provider:
        callers = Callers(folder / "oidc.sqlite", provider=True)
        settings = {
            "auth": "oidc",
            "oidc_issuer": provider.url,
            "oidc_client_id": "x",
            "accounts_database": callers.path,
        }
        sample = make_server(folder, {"map_groups": []}, **settings)
        yield "oidc", settings, {name: callers.headers(sample, name) for name in (*HELD, "right", "boss")}, Access()
        sample.services.close()
        callers.database.close()


def steady(told: Told) -> Told:
    """Without what is random for a guest who is seen for the first time."""
    status, headers, body = told
    headers = tuple(pair for pair in headers if pair[0] not in {"set-cookie", "location", "etag", "content-length"})
    return status, headers, re.sub(rb'"csrf":"[^"]*"|value="[^"]*"', b"", body)


async def compare_mode(full: Application, bare: Application, headers: dict[str, str], label: tuple[str, str]) -> bool:
    """Whether a layer that needs a grant is shown, after everything else was compared."""
    async with in_process(full, headers=headers) as one, in_process(bare, headers=headers) as other:
        # What was read of catalogs is known from then on, here as there.
        for client in (one, other):
            for name in CATALOGS:
                await client.get(f"/api/sources/{name}")
        for address in FEW:
            here, there = [steady(await ask(client, address)) for client in (one, other)]
            assert here == there, (*label, address)
        return (await one.get("/api/layers/hidden")).status_code == 200


def test_every_mode_has_the_same_gate(tmp_path) -> None:
    write_files(tmp_path)
    seen = set()
    for mode, settings, callers, everybody in modes(tmp_path):
        full = make_server(tmp_path, whole(), everybody, **settings)
        for who, headers in callers.items():
            held = frozenset(GRANTS) if who in {"right", "boss"} else HELD[who]
            bare = make_server(tmp_path, without_grants(pruned(whole(), held)), everybody, **settings)
            shows = asyncio.run(compare_mode(full, bare, headers, (mode, who)))
            assert shows == (who in {"right", "boss", "wrong"})
            bare.services.close()
            seen.add((mode, who))
        full.services.close()
    assert len(seen) == 11


def test_without_the_token_every_address_says_the_same(tmp_path) -> None:
    write_files(tmp_path)
    app = make_server(tmp_path, whole(), OWNER, auth="token", token="correct horse")

    async def steps() -> None:
        async with in_process(app) as client:
            closed = [address for address in ADDRESSES if address not in {"/", "/healthz", "/readyz"} | OPEN_VO]
            # A tile's answer carries fewer headers, whichever tile it is; clients of /vo/ read text.
            told = {
                ("/tiles/" in address, address.startswith("/vo/"), await ask(client, address)) for address in closed
            }
            assert len(told) == 3
            assert {answer[0] for *_, answer in told} == {401}
            bearer = {"authorization": "Bearer correct horse"}
            for name in (*SEEN, *HIDDEN):
                assert (await client.get(f"/api/layers/{name}", headers=bearer)).status_code == 200

    asyncio.run(steps())
    app.services.close()
