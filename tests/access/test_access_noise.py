"""Whatever is sent to the doors, they answer, and let nobody in."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import httpx
import pytest
from conftest_access import boxes, csrf, small_app, visit
from conftest_provider import APP_ID, CLIENT, soauth_server
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.server.doors.credentials import address_of, basic

NOISE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
VALUES = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
PATHS = (
    "/login",
    "/logout",
    "/callback",
    "/auth/callback",
    "/api/session/login",
    "/api/session/logout",
    "/pages/page.css",
)


@pytest.fixture(scope="module")
def keys():
    with soauth_server() as server:
        yield server.public.decode()


@pytest.fixture(params=["accounts", "oidc", "soauth"])
def app(request, tmp_path, people, keys):
    nowhere = "http://127.0.0.1:9"
    more = {
        "accounts": {},
        "oidc": {"oidc_issuer": nowhere, "oidc_client_id": CLIENT},
        "soauth": {
            "soauth_base_url": nowhere,
            "soauth_auth_url": nowhere,
            "soauth_app_id": APP_ID,
            "soauth_client_secret": "client secret of tests",
            "soauth_public_key": keys,
        },
    }
    return small_app(tmp_path, auth=request.param, **more[request.param])


@NOISE
@given(
    value=VALUES,
    name=st.sampled_from(["session", "visit", "oidc"]),
    scheme=st.sampled_from([b"", b"Basic ", b"Bearer "]),
)
def test_headers_of_noise(app, value: bytes, name: str, scheme: bytes) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        cookies = b"armillary-%s-8000=%s; access_token=%s" % (name.encode(), value, value)
        assert await boxes(client, headers={"cookie": cookies}) == ["open"]
        answer = await client.get("/api/holdings", headers={"authorization": scheme + value})
        assert answer.status_code == 401 or [box["box_id"] for box in answer.json()["boxes"]] == ["open"]
        origin = await csrf(client) | {"origin": value, "sec-fetch-site": ""}
        assert (await client.post("/api/session/logout", headers=origin)).status_code in {200, 403}

    visit(app, steps)


@NOISE
@given(
    path=st.sampled_from(PATHS),
    query=st.dictionaries(st.sampled_from(["next", "code", "state", "iss", "x"]), st.text(max_size=20)),
)
def test_addresses_of_noise(app, path: str, query: dict[str, str]) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{path}?{urlencode(query, errors='replace')}")
        assert answer.status_code in {200, 303, 403, 404, 405, 503}
        assert await boxes(client) == ["open"]

    visit(app, steps)


@pytest.mark.parametrize("path", PATHS)
def test_too_many_parameters(app, path: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        answer = await client.get(f"{path}?{'&'.join(['a=b'] * 500)}")
        assert answer.status_code in {200, 303, 400, 404}

    visit(app, steps)


@given(st.text(max_size=40))
def test_basic_is_read_or_is_nothing(text: str) -> None:
    assert basic(text) == ("", "") or ":" in base64.b64decode(text).decode()
    coded = base64.b64encode(text.encode("utf-8", "replace")).decode()
    name, _, password = text.encode("utf-8", "replace").decode().partition(":")
    assert basic(coded) == (name, password)


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("10.0.0.1", 5), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5), "10.0.0.1"),
        (("2001:db8:1:2:3:4:5:6", 5), "2001:db8:1:2::/64"),
        (("2001:db8:1:2::9", 5), "2001:db8:1:2::/64"),
        (None, "unix"),
        (("testclient", 5), "testclient"),
    ],
)
def test_addresses_are_counted_by_subscriber(client, address: str) -> None:
    assert address_of({"client": client}) == address


@pytest.mark.parametrize("url", ["maps.example", "https://", "ftp://x", "https://x/?a=b", "http://["])
def test_a_public_url_that_is_none(tmp_path, url: str) -> None:
    with pytest.raises(ConfigurationError, match="public_url"):
        small_app(tmp_path, auth="none", public_url=url)
