"""OpenID Connect, against a provider that the tests make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from conftest_access import boxes, csrf, form_of, small_app, visit
from conftest_provider import CLIENT, SECRET, openid_provider
from joserfc import jwk, jwt

from armillary.errors import ConfigurationError
from armillary.server.doors.claims import find, grants_of, name_of

HOME = "http://127.0.0.1:8000"


@pytest.fixture
def provider():
    with openid_provider() as made:
        made.user["groups"] = ["simonsobs", "other"]
        yield made


def oidc_app(tmp_path, provider, **settings):
    needed = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT, "oidc_client_secret": SECRET}
    return small_app(tmp_path, **({"auth": "oidc"} | needed | settings))


async def to_provider(client: httpx.AsyncClient, way_back: str = "/") -> httpx.Response:
    """Log in up to where the provider sends the browser back."""
    sent = await client.get("/login", params={"next": way_back})
    assert sent.status_code == 303, sent.text
    async with httpx.AsyncClient() as network:
        return await network.get(sent.headers["location"])


async def log_in(client: httpx.AsyncClient, way_back: str = "/") -> httpx.Response:
    back = await to_provider(client, way_back)
    assert back.headers["location"].startswith(HOME)
    return await client.get(back.headers["location"])


def test_who_logs_in_there_sees_more_here(tmp_path, provider) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        assert await boxes(client) == ["open"]
        answer = await log_in(client, "/?layer=a")
        assert (answer.status_code, answer.headers["location"]) == (303, "/?layer=a")
        assert await boxes(client) == ["open", "secret"]
        said = (await client.get("/api/session")).json()
        assert (said["auth"], said["user"]) == ("oidc", {"name": "carol", "administrator": False})
        assert (await client.get("/login")).headers["location"] == "/"
        bye = await client.post("/logout", data=form_of(await client.get("/logout")))
        assert bye.status_code == 303
        assert await boxes(client) == ["open"]

    visit(oidc_app(tmp_path, provider), steps)


def test_the_request_to_the_provider_is_bound_to_this_browser(tmp_path, provider) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        first, second = [await client.get("/login") for _ in range(2)]
        asked = [parse_qs(urlsplit(answer.headers["location"]).query) for answer in (first, second)]
        assert asked[0]["redirect_uri"] == [f"{HOME}/auth/callback"]
        assert asked[0]["scope"] == ["openid profile"]
        for name in ("state", "nonce", "code_challenge"):
            assert len(asked[0][name][0]) >= 43
            assert asked[0][name] != asked[1][name]
        line = first.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=Lax", "Max-Age=600"} <= set(line.split("; "))

    visit(oidc_app(tmp_path, provider), steps)


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(tmp_path, provider) -> None:
    app = oidc_app(tmp_path, provider)

    async def steps(client: httpx.AsyncClient) -> None:
        back = (await to_provider(client)).headers["location"]
        async with httpx.AsyncClient(transport=client._transport, base_url=client.base_url) as victim:
            answer = await victim.get(back)
            assert answer.status_code == 403
            assert "another browser" in answer.text
            await to_provider(victim)
            assert (await victim.get(back)).status_code == 403
            assert await boxes(victim) == ["open"]
        code = parse_qs(urlsplit(back).query)["code"][0]
        for changed in (
            f"{HOME}/auth/callback?code={code}",
            f"{HOME}/auth/callback?code={code}&state=x",
            f"{back}&iss=x",
        ):
            assert (await client.get(changed)).status_code == 403
        assert (await client.get(back)).status_code == 303
        assert (await client.get(back)).status_code == 403
        assert (await client.get("/auth/callback?error=access_denied&state=x")).status_code == 403

    visit(app, steps)


def hmac_with_public_key(provider):
    secret = provider.key.as_pem(private=False)

    def sign(claims):
        header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": provider.key.kid}).encode()).rstrip(b"=")
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
        mark = hmac.new(secret, header + b"." + body, hashlib.sha256).digest()
        return (header + b"." + body + b"." + base64.urlsafe_b64encode(mark).rstrip(b"=")).decode()

    return sign


def unsigned(claims):
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in ({"alg": "none"}, claims)]
    return b".".join([*parts, b""]).decode()


def another_key(provider):
    key = jwk.RSAKey.generate_key(2048, {"kid": provider.key.kid})
    return lambda claims: provider.signed(claims, key)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": [CLIENT, "another"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"azp": "another"},
        {"exp": 1_000_000_000},
        {"exp": None},
        {"exp": "soon"},
        {"iat": None},
        {"iat": 99_999_999_999},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
    ],
    ids=repr,
)
def test_id_tokens_that_are_not_sound(tmp_path, provider, claims) -> None:
    provider.claims = claims

    async def steps(client: httpx.AsyncClient) -> None:
        answer = await log_in(client)
        assert answer.status_code == 403
        assert "did not succeed" in answer.text
        assert await boxes(client) == ["open"]

    visit(oidc_app(tmp_path, provider), steps)


@pytest.mark.parametrize(
    "forger",
    [
        hmac_with_public_key,
        lambda _: unsigned,
        another_key,
        lambda _: lambda claims: "a.b.c",
        lambda _: lambda claims: "",
    ],
    ids=["HMAC with the public key", "none", "another key", "no token", "nothing"],
)
def test_id_tokens_that_somebody_else_made(tmp_path, provider, forger) -> None:
    provider.sign = forger(provider)

    async def steps(client: httpx.AsyncClient) -> None:
        assert (await log_in(client)).status_code == 403
        assert await boxes(client) == ["open"]

    visit(oidc_app(tmp_path, provider), steps)


def test_several_audiences_are_right_when_this_client_is_the_party(tmp_path, provider) -> None:
    provider.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}

    async def steps(client: httpx.AsyncClient) -> None:
        assert (await log_in(client)).status_code == 303

    visit(oidc_app(tmp_path, provider), steps)


def test_keys_are_kept_and_asked_for_anew_when_they_change(tmp_path, provider) -> None:
    app = oidc_app(tmp_path, provider)
    moment = [1000.0]
    app._door.provider._clock = lambda: moment[0]

    async def steps(client: httpx.AsyncClient) -> None:
        for _ in range(3):
            assert (await log_in(client)).status_code == 303
            client.cookies.clear()
        assert provider.asked.count("/keys") == 1
        assert provider.asked.count("/.well-known/openid-configuration") == 1
        provider.new_key()
        # Not sooner than after some seconds: forged tokens must not make us ask without end.
        assert (await log_in(client)).status_code == 403
        moment[0] += 20
        assert (await log_in(client)).status_code == 303
        assert provider.asked.count("/keys") == 2

    visit(app, steps)


def test_a_provider_that_is_down_disturbs_nobody_else(tmp_path, provider) -> None:
    app = oidc_app(tmp_path, provider)

    async def steps(client: httpx.AsyncClient) -> None:
        provider.down = True
        page = await client.get("/login")
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
        assert page.headers["retry-after"]
        assert provider.url not in page.text
        assert await boxes(client) == ["open"]
        provider.down = False
        back = (await to_provider(client)).headers["location"]
        provider.down = True
        assert (await client.get(back)).status_code == 503
        provider.down = False
        assert (await log_in(client)).status_code == 303
        provider.down = True
        assert await boxes(client) == ["open", "secret"]

    visit(app, steps)


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 5},
    ],
    ids=repr,
)
def test_a_discovery_document_that_is_none(tmp_path, provider, document) -> None:
    provider.document = document

    async def steps(client: httpx.AsyncClient) -> None:
        assert (await client.get("/login")).status_code == 503

    visit(oidc_app(tmp_path, provider), steps)


@pytest.mark.parametrize("methods", [["client_secret_basic"], ["client_secret_post"], []])
def test_the_client_says_who_it_is_as_the_provider_wants(tmp_path, provider, methods) -> None:
    provider.methods = methods or ["client_secret_basic"]
    provider.document = {} if methods else {"token_endpoint_auth_methods_supported": None}

    async def steps(client: httpx.AsyncClient) -> None:
        assert (await log_in(client)).status_code == 303

    visit(oidc_app(tmp_path, provider), steps)


def test_grants_may_come_from_the_userinfo(tmp_path, provider) -> None:
    del provider.user["groups"]
    provider.userinfo = {"sub": "u1", "groups": ["simonsobs"]}

    async def steps(client: httpx.AsyncClient) -> None:
        assert (await log_in(client)).status_code == 303
        assert await boxes(client) == ["open", "secret"]
        client.cookies.clear()
        provider.userinfo["sub"] = "somebody else"
        assert (await log_in(client)).status_code == 403

    visit(oidc_app(tmp_path, provider), steps)


def test_a_grant_makes_an_administrator(tmp_path, provider) -> None:
    provider.user = {"sub": "u1", "realm_access": {"roles": ["boss"]}}

    async def steps(client: httpx.AsyncClient) -> dict:
        await log_in(client)
        return (await client.get("/api/session")).json()["user"]

    settings = {"oidc_grants_claim": "realm_access.roles", "oidc_administrator_grant": "boss"}
    assert visit(oidc_app(tmp_path, provider, **settings), steps) == {"name": "u1", "administrator": True}
    settings["oidc_administrator_grant"] = ""
    assert visit(oidc_app(tmp_path, provider, **settings), steps) == {"name": "u1", "administrator": False}


def test_sessions_end_by_logging_out_in_every_worker(tmp_path, provider) -> None:
    app, other = oidc_app(tmp_path, provider), oidc_app(tmp_path, provider)

    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        cookies = dict(client.cookies)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(other), base_url=HOME, cookies=cookies) as second:
            assert await boxes(second) == ["open", "secret"]
            await client.post("/api/session/logout", headers=await csrf(client))
            second._transport.app._door._found._known.clear()
            assert await boxes(second) == ["open"]

    visit(app, steps)


@pytest.mark.parametrize("name", ["oidc_issuer", "oidc_client_id"])
def test_settings_that_are_needed(tmp_path, provider, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        oidc_app(tmp_path, provider, **{name: ""})
    with pytest.raises(ConfigurationError, match="oidc_issuer"):
        oidc_app(tmp_path, provider, oidc_issuer="login.example")


@pytest.mark.parametrize(
    ("claims", "path", "grants"),
    [
        ({"groups": ["a", "b"]}, "groups", {"a", "b"}),
        ({"groups": "a b,c"}, "groups", {"a", "b", "c"}),
        ({"https://x.example/groups": ["a"]}, "https://x.example/groups", {"a"}),
        ({"a": {"b": {"c": ["d"]}}}, "a.b.c", {"d"}),
        ({"groups": ["a", 5, None, "", "b c", "d\n", "x" * 200]}, "groups", {"a"}),
        ({"groups": {"a": 1}}, "groups", set()),
        ({"groups": None}, "groups", set()),
        ({"a": ["b"]}, "a.b.c", set()),
        ({}, "groups", set()),
    ],
)
def test_grants_of_claims(claims, path, grants) -> None:
    assert grants_of(claims, path) == grants


def test_names_of_claims() -> None:
    assert find({"a": {"b": 1}}, "a.b") == 1
    assert name_of({"sub": "s", "preferred_username": "carol"}, "preferred_username") == "carol"
    for odd in ({}, {"preferred_username": ""}, {"preferred_username": 5}, {"preferred_username": "a\nb"}):
        assert name_of({"sub": "s"} | odd, "preferred_username") == "s"
    assert len(name_of({"sub": "s" * 500}, "preferred_username")) == 128


def test_the_provider_of_the_tests_signs_as_others_do(provider) -> None:
    token = provider.signed({"sub": "x", "exp": int(time.time()) + 10})
    assert jwt.decode(token, provider.key, algorithms=["RS256"]).claims["sub"] == "x"
