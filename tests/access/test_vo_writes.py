"""Who may POST to the services of the Virtual Observatory: programs, pages of ours, and nobody's else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_access import csrf, log_in, small_app, visit

from armillary.accounts.database import Database
from armillary.accounts.tokens import Tokens

OWN = "http://127.0.0.1:8000"
EVIL = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "http://127.0.0.1:9999"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site", "origin": OWN},
    {"sec-fetch-site": "cross-site", "origin": OWN},
)
PROGRAM: tuple[dict[str, str], ...] = (
    {},
    {"origin": OWN},
    {"sec-fetch-site": "same-origin"},
    {"sec-fetch-site": "none"},
)
ASKS = ("/vo/datalink/links", "/vo/scs/none", "/vo/soda/sync", "/vo/sia2")
JOBS = ("/vo/soda/async", "/vo/soda/async/0123456789abcdef0123456789abcdef/phase")
ESCAPED = ("/vo/soda/%61sync", "/vo/%73oda/async", "/vo/soda/asyn%63/0123456789abcdef0123456789abcdef/phase")


def app_of(tmp_path: Path, **settings: Any) -> Any:
    return small_app(tmp_path, jobs_database=str(tmp_path / "jobs.sqlite"), jobs_runner="off", **settings)


async def post(client: httpx.AsyncClient, path: str, headers: dict[str, str], method: str = "POST") -> int:
    answer = await client.request(method, path, data={"ID": "none"} if method == "POST" else None, headers=headers)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return answer.status_code


@pytest.mark.parametrize("path", ASKS + JOBS)
def test_programs_without_a_session_need_no_mark(tmp_path, people, path: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        for headers in PROGRAM:
            assert await post(client, path, headers) != 403, headers
        for headers in EVIL:
            assert await post(client, path, headers) == 403, headers

    visit(app_of(tmp_path), steps)


@pytest.mark.parametrize("path", ASKS + JOBS)
def test_programs_with_a_token_need_no_mark(tmp_path, people, path: str) -> None:
    database = Database(str(tmp_path / "accounts.sqlite"))
    secret = Tokens(database).make("alice", "laptop", None)
    database.close()

    async def steps(client: httpx.AsyncClient) -> None:
        bearer = {"authorization": f"Bearer {secret}"}
        # A page of another site sends a token only where it was allowed to, by CORS.
        for headers in (*PROGRAM, *EVIL):
            assert await post(client, path, headers | bearer) != 403, headers
        assert await post(client, path, {"authorization": "Bearer wrong"}) == 401
        await log_in(client)
        # Who is logged in as well is whom the token names: no session goes with it.
        assert await post(client, path, bearer) != 403

    visit(app_of(tmp_path), steps)


@pytest.mark.parametrize("path", JOBS + ESCAPED)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_jobs_of_a_session_need_the_mark(tmp_path, people, path: str, method: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        for headers in (*PROGRAM, *EVIL, {"x-armillary-csrf": "x" * 32}):
            assert await post(client, path, headers, method) == 403, headers
        mark = await csrf(client)
        for headers in EVIL:
            assert await post(client, path, headers | mark, method) == 403, headers
        for headers in PROGRAM:
            assert await post(client, path, headers | mark, method) != 403, headers

    visit(app_of(tmp_path), steps)


@pytest.mark.parametrize("path", ASKS)
def test_what_only_asks_needs_no_mark_with_a_session_either(tmp_path, people, path: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        for headers in PROGRAM:
            assert await post(client, path, headers) != 403, headers
        for headers in EVIL:
            assert await post(client, path, headers) == 403, headers

    visit(app_of(tmp_path), steps)


@pytest.mark.parametrize(
    "path", ["/api/session/logout", "/api/holdings", "/vo", "/volume", "/vo-x/soda/async", "/%76o/sia2"]
)
def test_elsewhere_the_mark_is_needed_still(tmp_path, people, path: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        await log_in(client)
        for headers in PROGRAM:
            assert (await client.post(path, headers=headers)).status_code == 403, headers

    visit(app_of(tmp_path), steps)


@pytest.mark.parametrize("mode", ["none", "token"])
def test_without_users_programs_post_and_other_sites_do_not(tmp_path, mode: str) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        bearer = {"authorization": "Bearer hush"}
        for path in ASKS + JOBS:
            for headers in PROGRAM:
                assert await post(client, path, headers | bearer) not in {401, 403}, (path, headers)
        if mode == "none":
            for headers in EVIL:
                assert await post(client, ASKS[0], headers) == 403, headers
        else:
            # The cookie of the viewer's page goes along with what another site's page sends.
            assert (await client.get("/?token=hush")).status_code == 303
            assert client.cookies
            for headers in EVIL:
                assert await post(client, JOBS[0], headers) == 403, headers
            assert await post(client, JOBS[0], {"sec-fetch-site": "same-origin"}) != 403

    visit(app_of(tmp_path, auth=mode, token="hush"), steps, follow_redirects=False)
