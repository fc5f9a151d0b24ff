"""Accounts: logging in and out, what programs send, and what ends at once."""

from __future__ import annotations

import asyncio
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from conftest_access import PASSWORD, boxes, csrf, form_of, log_in, session_cookie, small_app, visit
from hypothesis import given
from hypothesis import strategies as st

from armillary.accounts.people import People
from armillary.accounts.sessions import Identity
from armillary.accounts.throttle import Throttle
from armillary.accounts.tokens import Tokens
from armillary.errors import ConfigurationError
from armillary.server.doors import lookups
from armillary.server.doors.cookies import Site
from armillary.server.settings import Settings


@pytest.fixture
def no_memory(monkeypatch):
    """Every question goes to the database."""
    monkeypatch.setattr(lookups, "FRESH_S", 0.0)


@pytest.fixture
def still_clock(monkeypatch):
    """However slow the machine is, no delay runs out meanwhile."""
    monkeypatch.setattr(Throttle.__init__, "__defaults__", (lambda: 1.8e9,))


def test_the_page_works_without_scripts(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        assert await boxes(client) == ["open"]
        page = await client.get("/login", params={"next": "/?layer=a&z=3"})
        form = form_of(page)
        assert form["next"] == "/?layer=a&amp;z=3"
        form["next"] = "/?layer=a&z=3"
        answer = await client.post("/login", data=form | {"name": "Alice", "password": PASSWORD})
        assert (answer.status_code, answer.headers["location"]) == (303, "/?layer=a&z=3")
        assert await boxes(client) == ["open", "secret"]
        said = (await client.get("/api/session")).json()
        assert said["user"] == {"name": "alice", "administrator": False}
        assert (said["auth"], said["login_url"], said["logout"]) == ("accounts", "/login", True)
        assert (await client.get("/login")).status_code == 303
        bye = await client.post("/logout", data=form_of(await client.get("/logout")))
        assert (bye.status_code, bye.headers["location"]) == (303, "/")
        assert bye.headers["clear-site-data"] == '"cache"'
        assert await boxes(client) == ["open"]
        assert (await client.get("/api/session")).json()["user"] is None

    visit(accounts, steps)


def test_pages_are_never_kept_and_styled_by_a_file(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        page = await client.get("/login")
        assert page.headers["cache-control"] == "no-store"
        assert "script-src" not in page.headers["content-security-policy"]
        sheet = await client.get("/pages/page.css")
        assert sheet.headers["content-type"] == "text/css; charset=utf-8"
        assert "color-scheme: light dark" in sheet.text
        again = await client.get("/pages/page.css", headers={"if-none-match": sheet.headers["etag"]})
        assert again.status_code == 304
        head = await client.head("/login")
        assert (head.status_code, head.content) == (200, b"")

    visit(accounts, steps)


def test_a_wrong_password_and_a_user_that_there_is_not_read_the_same(accounts, people) -> None:
    people.add("gone", PASSWORD)
    people.set_disabled("gone", disabled=True)

    async def steps(client: httpx.AsyncClient) -> None:
        told = []
        for name in ("alice", "bob", "gone", "x" * 64):
            answer = await log_in(client, name, "wrong password" if name != "gone" else PASSWORD)
            told.append((answer.status_code, answer.content, sorted(answer.headers.items())))
        assert told[0][0] == 401
        assert all(other == told[0] for other in told)
        form = form_of(await client.get("/login"))
        pages = []
        for name in ("alice", "carol"):
            page = await client.post("/login", data=form | {"name": name, "password": "wrong"})
            assert form_of(page)["name"] == name
            pages.append((page.status_code, page.text.replace(name, "?"), page.headers.get("www-authenticate")))
        assert pages[0] == pages[1]
        assert pages[0][0] == 401
        assert "Basic" not in pages[0][2]

    visit(accounts, steps)


def test_what_a_page_shows_again_is_escaped(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        form = form_of(await client.get("/login"))
        page = await client.post(
            "/login", data=form | {"name": '"><script>x</script>', "password": "p", "next": "/?a='\"><b>"}
        )
        assert page.status_code == 401
        assert "<script" not in page.text
        assert "<b>" not in page.text

    visit(accounts, steps)


def test_the_cookie_is_for_this_server_alone(tmp_path, people) -> None:
    def given(root: str = "", base: str = "http://127.0.0.1:8000", **settings: object) -> set[str]:
        async def steps(client: httpx.AsyncClient) -> set[str]:
            return set(session_cookie(await log_in(client, root=root)).split("; ")[1:])

        return visit(small_app(tmp_path, **settings), steps, base=base)

    always = {"HttpOnly", "SameSite=Lax"}
    assert given() == always | {"Path=/", "Max-Age=604800"}
    assert given("/sky-maps", root_path="/sky-maps", session_hours=1) == always | {"Path=/sky-maps", "Max-Age=3600"}
    assert "Secure" in given(base="https://127.0.0.1:8000")
    assert "Secure" in given(base="https://127.0.0.1:8000", public_url="https://maps.example")
    assert "Secure" not in given(base="http://127.0.0.1:8000", public_url="http://maps.example")


def test_https_is_believed_of_trusted_proxies_only(tmp_path, people) -> None:
    async def steps(client: httpx.AsyncClient) -> bool:
        headers = await csrf(client) | {"x-forwarded-proto": "https"}
        body = {"name": "alice", "password": PASSWORD}
        return "Secure" in session_cookie(await client.post("/api/session/login", json=body, headers=headers))

    assert visit(small_app(tmp_path, trusted_proxies=("127.0.0.1",)), steps)
    assert not visit(small_app(tmp_path), steps)


def test_servers_on_other_ports_keep_their_own_cookies(tmp_path, people) -> None:
    async def steps(client: httpx.AsyncClient) -> str:
        return session_cookie(await log_in(client)).partition("=")[0]

    assert visit(small_app(tmp_path), steps) == "armillary-session-8000"
    assert visit(small_app(tmp_path, port=8011), steps, base="http://127.0.0.1:8011") == "armillary-session-8011"


def test_a_session_that_somebody_prepared_is_not_taken_over(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        planted = client.cookies["armillary-session-8000"]
        await log_in(client, "boss")
        assert client.cookies["armillary-session-8000"] != planted
        async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as other:
            other.cookies.set("armillary-session-8000", planted)
            assert await boxes(other) == ["open"]

    visit(accounts, steps)


def test_logging_out_ends_copies_of_the_cookie_too(accounts, no_memory) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        cookie = client.cookies["armillary-session-8000"]
        headers = await csrf(client)
        assert (await client.post("/api/session/logout", headers=headers)).json()["user"] is None
        stolen = {"cookie": f"armillary-session-8000={cookie}"}
        assert await boxes(client, headers=stolen) == ["open"]

    visit(accounts, steps)


@pytest.mark.parametrize(
    "change",
    [
        lambda people: people.set_disabled("alice", disabled=True),
        lambda people: people.set_password("alice", "something else"),
        lambda people: people.remove("alice"),
        lambda people: people.revoke("alice", "simonsobs"),
    ],
    ids=["disabled", "password", "removed", "revoked"],
)
def test_what_is_taken_away_is_gone_at_once_in_every_worker(tmp_path, people, no_memory, change) -> None:
    first, second = small_app(tmp_path), small_app(tmp_path)

    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(second), base_url=client.base_url, cookies=client.cookies
        ) as other:
            assert await boxes(other) == ["open", "secret"]
            change(people)
            assert await boxes(other) == ["open"]
            assert await boxes(client) == ["open"]

    visit(first, steps)


def test_a_hundred_tiles_ask_the_database_once(accounts, monkeypatch) -> None:
    asked = []

    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        door = accounts._door
        real = door.sessions.find
        monkeypatch.setattr(door.sessions, "find", lambda secret: asked.append(secret) or real(secret))
        monkeypatch.setattr(door._found, "_look", door._look)
        door._found._clock = lambda: 100.0
        await asyncio.gather(*(boxes(client) for _ in range(50)))
        assert len(asked) == 1
        door._found._clock = lambda: 100.0 + lookups.FRESH_S + 0.01
        await boxes(client)
        assert len(asked) == 2
        assert lookups.FRESH_S <= 2.0

    visit(accounts, steps)


def test_programs_send_password_or_token(accounts, people) -> None:
    token = Tokens(people._database).make("alice", "laptop", 1)

    async def steps(client: httpx.AsyncClient) -> None:
        bearer = {"authorization": f"Bearer {token}"}
        assert await boxes(client, headers=bearer) == ["open", "secret"]
        assert await boxes(client, auth=("alice", PASSWORD)) == ["open", "secret"]
        told = (await client.get("/api/session", headers=bearer)).json()
        assert told["user"]["name"] == "alice"
        assert told["logout"] is False
        assert "armillary-session-8000" not in client.cookies

    visit(accounts, steps)


@pytest.mark.parametrize(
    "value",
    [
        "Bearer x",
        "Bearer",
        "Basic",
        "Basic ????",
        "Basic OjpiOg==",
        "Basic YWxpY2U6d3Jvbmc=",
        "Digest a",
        "x",
        "Bearer é",
    ],
)
def test_wrong_credentials_are_refused_whatever_is_asked_for(accounts, value: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        headers = {"authorization": value.encode("latin-1")}
        answers = [await client.get(url, headers=headers) for url in ("/api/holdings", "/api/layers/none")]
        assert {answer.status_code for answer in answers} == {401}
        assert answers[0].content == answers[1].content
        scheme = "Basic" if value.startswith("Basic") else "Bearer"
        assert answers[0].headers["www-authenticate"].startswith(scheme)

    visit(accounts, steps)


def test_a_right_password_is_hashed_once_and_forgotten_when_it_changes(
    accounts, people, no_memory, monkeypatch
) -> None:
    hashed, real = [], People.check
    monkeypatch.setattr(People, "check", lambda self, *args: hashed.append(args) or real(self, *args))

    async def steps(client: httpx.AsyncClient) -> None:
        for _ in range(5):
            assert await boxes(client, auth=("alice", PASSWORD)) == ["open", "secret"]
        assert len(hashed) == 1
        people.set_password("alice", "something else")
        answer = await client.get("/api/holdings", auth=("alice", PASSWORD))
        assert answer.status_code == 401
        assert await boxes(client, auth=("alice", "something else")) == ["open", "secret"]
        people.set_disabled("alice", disabled=True)
        assert (await client.get("/api/holdings", auth=("alice", "something else"))).status_code == 401

    visit(accounts, steps)


def test_guessing_is_slowed_down_with_a_word_when_to_come_back(still_clock, accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        answers = [await log_in(client, "alice", f"guess {k}") for k in range(6)]
        assert [answer.status_code for answer in answers] == [401] * 5 + [429]
        assert answers[-1].json()["error"]["code"] == "slow_down"
        assert int(answers[-1].headers["retry-after"]) >= 1
        # The right password has to wait as well, in the page and for programs.
        assert (await log_in(client)).status_code == 429
        assert (await client.get("/api/holdings", auth=("alice", PASSWORD))).status_code == 429
        page = await client.post(
            "/login", data=form_of(await client.get("/login")) | {"name": "alice", "password": PASSWORD}
        )
        assert page.status_code == 429
        assert page.headers["retry-after"]
        assert (await log_in(client, "boss")).status_code == 200

    visit(accounts, steps)


def test_a_flood_of_guesses_leaves_the_rest_to_others(accounts, monkeypatch) -> None:
    gate, running = threading.Event(), []

    def slow(self, name, password):
        running.append(name)
        gate.wait(20)

    monkeypatch.setattr(People, "check", slow)
    monkeypatch.setattr("armillary.accounts.throttle.Throttle.attempt", lambda self, user, address: 0)

    async def steps(client: httpx.AsyncClient) -> None:
        flood = [asyncio.create_task(log_in(client, f"user{k}")) for k in range(60)]
        while sum(task.done() for task in flood) < 28:  # noqa: ASYNC110 - it waits for many
            await asyncio.sleep(0.01)
        assert await boxes(client) == ["open"]
        assert len(running) == 2
        gate.set()
        statuses = [answer.status_code for answer in await asyncio.gather(*flood)]
        assert sorted(set(statuses)) == [401, 503]
        assert statuses.count(503) == 28

    visit(accounts, steps)


def test_no_log_line_holds_a_secret(accounts, people, caplog) -> None:
    caplog.set_level("DEBUG")
    token = Tokens(people._database).make("alice", "laptop", 1)

    async def steps(client: httpx.AsyncClient) -> str:
        await log_in(client)
        await client.get("/api/holdings", headers={"authorization": f"Bearer {token}"})
        await client.get("/api/holdings", auth=("alice", PASSWORD))
        return client.cookies["armillary-session-8000"]

    cookie = visit(accounts, steps)
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("armillary"))
    assert "/api/session/login 200" in ours
    for secret in (PASSWORD, token, cookie, cookie.partition(".")[0]):
        assert secret not in ours


def test_a_database_that_is_gone_is_said_in_words(accounts, people, monkeypatch) -> None:
    from armillary.errors import UnavailableError

    def broken(self, *args):
        raise UnavailableError("The database of accounts cannot be used now: try again in a moment.")

    async def steps(client: httpx.AsyncClient) -> None:
        form = form_of(await client.get("/login"))
        monkeypatch.setattr("armillary.accounts.throttle.Throttle.attempt", broken)
        page = await client.post("/login", data=form | {"name": "alice", "password": PASSWORD})
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert page.headers["retry-after"]
        assert (await log_in(client)).json()["error"]["code"] == "unavailable"
        assert await boxes(client) == ["open"]

    visit(accounts, steps)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\r\nset-cookie: x=y",
        "/\tx//evil",
        " /x",
        "",
        "x" * 5000,
        "/" + "x" * 5000,
        "/ä",
    ],
)
def test_nobody_is_sent_elsewhere(accounts, wanted: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        form = form_of(await client.get("/login")) | {"name": "alice", "password": PASSWORD, "next": wanted}
        assert (await client.post("/login", data=form)).headers["location"] == "/"

    visit(accounts, steps)


@given(st.text(alphabet="/\\.:?#@%&=abc \t\n\r", max_size=12), st.sampled_from(["", "/sky"]))
def test_the_way_back_stays_on_this_server(wanted: str, root: str) -> None:
    site = Site(Settings(root_path=root), 8000)
    found = site.way_back(wanted)
    assert found == root + "/" or found == wanted
    assert found.startswith(root + "/")
    assert urlsplit(found).netloc == ""
    assert not found.startswith(("//", "/\\"))
    assert found.isprintable()


def test_other_modes_have_no_login(tmp_path) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        said = (await client.get("/api/session")).json()
        assert (said["user"], said["login_url"], said["logout"], said["csrf"]) == (None, None, False, None)
        for path in ("/login", "/logout", "/auth/callback", "/pages/page.css"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/api/session/login", json={})).status_code in {404, 405}
        assert "set-cookie" not in (await client.get("/api/session")).headers

    visit(small_app(tmp_path, auth="none"), steps)


def test_a_program_may_begin_with_many_requests_at_once(still_clock, accounts) -> None:
    """One right password that comes in twelve requests is one attempt, and none is slowed down."""

    async def steps(client: httpx.AsyncClient) -> None:
        asked = (client.get("/api/holdings", auth=("alice", PASSWORD)) for _ in range(12))
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200] * 12
        asked = (client.get("/api/holdings", auth=("alice", "wrong")) for _ in range(12))
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [401] * 12
        wrong = [(await client.get("/api/holdings", auth=("alice", f"wrong {k}"))).status_code for k in range(6)]
        assert wrong == [401, 401, 401, 401, 429, 429]

    visit(accounts, steps)


def test_what_is_too_long_for_a_token_is_neither_looked_up_nor_kept(accounts) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        bearer = {"authorization": "Bearer armillary_" + "x" * 30_000}
        assert (await client.get("/api/holdings", headers=bearer)).status_code == 401

    visit(accounts, steps)
    assert len(accounts._door._credentials._tokens._known) == 0


def test_a_session_of_another_mode_is_none(tmp_path, people) -> None:
    """Both lie in one database; what a provider once said of somebody is not asked of the accounts."""
    oidc = {"auth": "oidc", "oidc_issuer": "https://login.example", "oidc_client_id": "x"}
    other = small_app(tmp_path, **oidc)
    secret = other._door.sessions.begin(Identity("mallory", frozenset({"simonsobs"}), administrator=True))
    cookie = f"armillary-session-8000={other._door.signer.sign(other._door._purpose, secret)}"

    async def steps(client: httpx.AsyncClient) -> list[str]:
        return await boxes(client, headers={"cookie": cookie})

    assert visit(other, steps) == ["open", "secret"]
    assert visit(small_app(tmp_path), steps) == ["open"]


def test_what_is_wrong_with_the_settings_is_for_the_log(tmp_path, people, monkeypatch, caplog) -> None:
    def broken(*_given: object) -> None:
        raise ConfigurationError("accounts_database: accounts.sqlite cannot be written (No space left on device).")

    app = small_app(tmp_path)
    monkeypatch.setattr(People, "check", broken)

    async def steps(client: httpx.AsyncClient) -> None:
        form = form_of(await client.get("/login"))
        for answer in (await log_in(client), await client.post("/login", data=form | {"name": "a", "password": "b"})):
            assert answer.status_code == 500
            assert "space" not in answer.text
            assert "log" in answer.text

    visit(app, steps)
    assert "No space left" in caplog.text
