"""Whose a job is: other people's jobs are like those that are not there, in every mode."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_gate import Callers, make_server, whole, write_files
from conftest_jobs import JOBS, JSON, finish, id_of
from conftest_server import in_process

from armillary.holdings.access import OWNER
from armillary.server.app import Application, with_cors

CHILDREN = ("", "/phase", "/destruction", "/executionduration", "/quote", "/owner", "/runid", "/parameters", "/results",
            "/results/a", "/error")  # fmt: skip
POSTS: dict[str, dict[str, str]] = {
    "": {"ACTION": "DELETE"},
    "/phase": {"PHASE": "ABORT"},
    "/destruction": {"DESTRUCTION": "2030-01-01"},
    "/executionduration": {"EXECUTIONDURATION": "1"},
    "/runid": {"RUNID": "x"},
    "/parameters": {"BAND": "1"},
}
ONE = {"ID": "seen", "CIRCLE": "150 2 0.01"}


@dataclass
class World:
    app: Application
    callers: Callers

    def client(self, who: str) -> Any:
        return in_process(self.app, headers=self.callers.headers(self.app, who))


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("owners")
    write_files(folder)
    callers = Callers(folder / "accounts.sqlite")
    app = make_server(folder, whole(), auth="accounts", accounts_database=callers.path)
    yield World(app, callers)
    app.services.close()
    callers.database.close()


async def marked(client: httpx.AsyncClient) -> dict[str, str]:
    """What a page of ours sends along."""
    return {"x-armillary-csrf": (await client.get("/api/session")).json()["csrf"]}


async def made(client: httpx.AsyncClient, **more: str) -> str:
    answer = await client.post(JOBS, data=ONE | more, headers=await marked(client))
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def everything(client: httpx.AsyncClient, job: str) -> list[tuple[int, str]]:
    """What is said of a job at every address, by every method."""
    told = []
    headers = await marked(client)
    for child in CHILDREN:
        for query in ("", "?WAIT=1"):
            answer = await client.get(job + child + query)
            told.append((answer.status_code, answer.text))
        told.append(((await client.head(job + child)).status_code, ""))
    for child, form in POSTS.items():
        answer = await client.post(job + child, data=form, headers=headers)
        told.append((answer.status_code, answer.text))
    answer = await client.delete(job, headers=headers)
    told.append((answer.status_code, answer.text))
    return told


@pytest.mark.parametrize("who", ["none", "wrong", "boss", "anonymous"])
@pytest.mark.parametrize("start", [{}, {"PHASE": "RUN"}], ids=["pending", "done"])
def test_another_users_job_is_like_one_that_is_not_there(world: World, who: str, start: dict[str, str]) -> None:
    async def steps() -> None:
        async with world.client("right") as mine, world.client(who) as other:
            job = await made(mine, **start)
            if start:
                finish(world.app, id_of(job), {"a.fits": b"secret"})
            nobodys = f"http://127.0.0.1:8000{JOBS}/{'0' * 32}"
            told = await everything(other, job)
            assert told == await everything(other, nobodys)
            assert {status for status, _ in told} == {404}
            assert id_of(job) not in (await other.get(JOBS)).text
            assert (await mine.get(job)).status_code == 200
            assert id_of(job) in (await mine.get(JOBS)).text
            assert (await mine.delete(job, headers=await marked(mine))).status_code == 303

    asyncio.run(steps())


def test_jobs_of_the_anonymous_are_known_by_their_ids(world: World) -> None:
    async def steps() -> None:
        async with world.client("anonymous") as nobody, in_process(world.app) as stranger, world.client("none") as user:
            job = await made(nobody)
            for client in (nobody, stranger, user):
                assert (await client.get(job)).status_code == 200
                assert (await client.get(JOBS, headers=JSON)).json() == {"jobs": []}
            assert (await stranger.get(job, headers=JSON)).json()["owner"] is None
            assert (await stranger.get(f"{job}/owner")).text == ""
            assert (await stranger.delete(job)).status_code == 303

    asyncio.run(steps())


@pytest.mark.parametrize("who", ["anonymous", "none", "wrong"])
@pytest.mark.parametrize("obs_id", ["in-band", "in-group", "hidden-combo", "map-hidden", "missing"])
def test_a_job_cannot_name_what_its_owner_may_not_see(world: World, who: str, obs_id: str) -> None:
    async def steps() -> None:
        async with world.client(who) as client:
            headers = await marked(client)
            for start in ({}, {"PHASE": "RUN"}):
                answer = await client.post(JOBS, data={"ID": ["seen", obs_id], **start}, headers=headers)
                assert (answer.status_code, answer.text) == (404, f"UsageError: There is no observation '{obs_id}'.\n")
            job = await made(client)
            answer = await client.post(f"{job}/parameters", data={"ID": obs_id}, headers=headers)
            assert answer.status_code == 404
            await client.delete(job, headers=headers)

    asyncio.run(steps())


def test_what_the_owner_may_see_goes_with_the_job(world: World) -> None:
    store = world.app.services.jobs().store

    async def steps() -> None:
        for who, grants in {"right": True, "wrong": ["else", "g-layer"], "none": [], "boss": []}.items():
            async with world.client(who) as client:
                job = store.get(id_of(await made(client)))
                assert job.owner.name == who
                assert job.owner.payer == f"user {who}"
                assert grants is True or job.owner.access["grants"] == grants
                assert job.owner.access["everything"] == job.owner.access["administrator"] == (who == "boss")
        async with world.client("anonymous") as client:
            job = store.get(id_of(await made(client)))
            assert (job.owner.name, job.owner.payer) == ("", "address 127.0.0.1")
            assert not job.owner.access["everything"]

    asyncio.run(steps())


def test_pages_of_others_cannot_make_a_user_do_it(world: World) -> None:
    async def steps() -> None:
        async with world.client("right") as client:
            job = await made(client)
            elsewhere = [{"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {}]
            for headers in elsewhere:
                for method, address, form in (
                    ("POST", JOBS, ONE),
                    ("POST", f"{job}/phase", {"PHASE": "ABORT"}),
                    ("POST", job, {"ACTION": "DELETE"}),
                    ("DELETE", job, None),
                ):
                    answer = await client.request(method, address, data=form, headers=headers)
                    assert answer.status_code == 403, (method, address, headers)
                    assert answer.text.startswith("AuthorizationError: ")
            assert (await client.get(f"{job}/phase")).text == "PENDING"
            await client.delete(job, headers=await marked(client))

    asyncio.run(steps())


def test_programs_need_no_mark(world: World) -> None:
    async def steps() -> None:
        async with in_process(world.app) as client:
            answer = await client.post(JOBS, data=ONE)
            assert answer.status_code == 303
            assert (await client.delete(answer.headers["location"])).status_code == 303

    asyncio.run(steps())


def test_the_holder_of_the_token_owns_the_jobs(tmp_path: Path) -> None:
    write_files(tmp_path)
    app = make_server(tmp_path, whole(), OWNER, auth="token", token="secret")
    bearer = {"authorization": "Bearer secret"}

    async def steps() -> None:
        async with in_process(app) as nobody, in_process(app, headers=bearer) as owner:
            job = (await owner.post(JOBS, data=ONE)).headers["location"]
            assert (await owner.get(f"{job}/owner")).text == "owner"
            assert [one["job_id"] for one in (await owner.get(JOBS, headers=JSON)).json()["jobs"]] == [id_of(job)]
            for child in CHILDREN:
                assert (await nobody.get(job + child)).status_code == 401
            assert (await nobody.get(JOBS)).status_code == 401
            assert (await nobody.post(JOBS, data=ONE)).status_code == 401
            assert (await nobody.delete(job)).status_code == 401
            assert (await owner.get(job)).status_code == 200

    asyncio.run(steps())
    app.services.close()


def test_a_user_named_owner_is_not_the_holder_of_the_token(tmp_path: Path) -> None:
    """Both may keep their jobs in one database."""
    write_files(tmp_path)
    jobs = {"jobs_database": str(tmp_path / "shared.jobs")}
    callers = Callers(tmp_path / "accounts.sqlite")
    from armillary.accounts.people import People
    from armillary.accounts.sessions import Sessions, identity_of

    people = People(callers.database)
    people.add("owner", None, administrator=False)
    user = people.user("owner")
    callers.secrets["owner"] = Sessions(callers.database, 36000, 36000).begin(identity_of(user), user)
    one = make_server(tmp_path, whole(), OWNER, auth="token", token="secret", **jobs)
    other = make_server(tmp_path, whole(), auth="accounts", accounts_database=callers.path, **jobs)
    # The same is served, so the jobs are those of one service.
    other.services._jobs = one.services.jobs()

    async def steps() -> None:
        bearer = {"authorization": "Bearer secret"}
        async with (
            in_process(one, headers=bearer) as mine,
            in_process(other, headers=callers.headers(other, "owner")) as user,
        ):
            job = (await mine.post(JOBS, data=ONE)).headers["location"]
            assert (await user.get(job)).status_code == 404
            assert (await user.get(JOBS, headers=JSON)).json() == {"jobs": []}

    asyncio.run(steps())
    other.services._jobs = None
    for app in (one, other):
        app.services.close()
    callers.database.close()


def test_quotas_are_of_each_payer(tmp_path: Path) -> None:
    write_files(tmp_path)
    callers = Callers(tmp_path / "accounts.sqlite")
    app = make_server(tmp_path, whole(), auth="accounts", accounts_database=callers.path, jobs_per_user=1)

    async def steps() -> None:
        for who in ("right", "none", "anonymous"):
            async with in_process(app, headers=callers.headers(app, who)) as client:
                await made(client)
                answer = await client.post(JOBS, data=ONE, headers=await marked(client))
                assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")

    asyncio.run(steps())
    app.services.close()
    callers.database.close()


ORIGIN = "https://aladin.example"


def test_pages_of_allowed_origins_may_use_jobs(tmp_path: Path) -> None:
    write_files(tmp_path)
    app = make_server(tmp_path, whole(), auth="none", cors_origins=(ORIGIN,))
    shown: Any = with_cors(app, app.services.settings)

    async def steps() -> None:
        async with in_process(shown) as client:
            for method in ("GET", "POST", "DELETE"):
                asked = {"origin": ORIGIN, "access-control-request-method": method}
                answer = await client.options(JOBS, headers=asked)
                assert answer.status_code == 200
                assert answer.headers["access-control-allow-origin"] == ORIGIN
                assert method in answer.headers["access-control-allow-methods"]
            answer = await client.get("/vo/soda/sync", params=ONE, headers={"origin": ORIGIN})
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            other = await client.options(
                JOBS, headers={"origin": "https://evil.example", "access-control-request-method": "POST"}
            )
            assert "access-control-allow-origin" not in other.headers
            for sent in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
                assert (await client.post(JOBS, data=ONE, headers=sent)).status_code == 403
            posted = await client.post(JOBS, data=ONE, headers={"origin": ORIGIN, "sec-fetch-site": "cross-site"})
            assert posted.status_code == 303
            gone = await client.delete(posted.headers["location"], headers={"origin": ORIGIN})
            assert gone.status_code == 303

    asyncio.run(steps())
    app.services.close()


@pytest.mark.parametrize("origins", [(ORIGIN,), ("*",)])
def test_pages_of_allowed_origins_cannot_make_the_holder_of_a_cookie_do_it(tmp_path: Path, origins: Any) -> None:
    write_files(tmp_path)
    app = make_server(tmp_path, whole(), OWNER, auth="token", token="secret", cors_origins=origins)

    async def steps() -> None:
        async with in_process(app) as client:
            cookie = (await client.get("/?token=secret")).headers["set-cookie"].partition(";")[0]
            sent = {"origin": ORIGIN, "sec-fetch-site": "same-site", "cookie": cookie}
            assert (await client.post(JOBS, data=ONE, headers=sent)).status_code == 403
            bearer = {"origin": ORIGIN, "sec-fetch-site": "cross-site", "authorization": "Bearer secret"}
            assert (await client.post(JOBS, data=ONE, headers=bearer)).status_code == 303

    asyncio.run(steps())
    app.services.close()
