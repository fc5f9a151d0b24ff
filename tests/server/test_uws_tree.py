"""``/vo/soda/async``: the tree of UWS 1.1, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_jobs import CIRCLE, ID_OF_NONE, JOBS, JSON, fail, finish, id_of, job_app, post, stored
from conftest_server import in_process
from conftest_xsd import children, valid

from armillary.jobs.model import JobError

Steps = Callable[[httpx.AsyncClient, Any], Awaitable[Any]]
BASE = "http://127.0.0.1:8000"
TOKEN = {"auth": "token", "token": "secret"}
ONE = {"ID": "tan", "CIRCLE": CIRCLE}


def run(tmp_path: Path, steps: Steps, **settings: Any) -> Any:
    """Steps of the holder of a token, whose jobs are listed."""

    async def whole(app: Any) -> Any:
        async with in_process(app, headers={"authorization": "Bearer secret"}) as client:
            return await steps(client, app)

    with job_app(tmp_path, **(TOKEN | settings)) as app:
        return asyncio.run(whole(app))


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Callable[[Steps], Any]]:
    """Steps on one server for many tests; none of them leaves a job."""
    with job_app(tmp_path_factory.mktemp("uws"), **TOKEN) as app:

        def run_steps(steps: Steps) -> Any:
            async def whole() -> Any:
                async with in_process(app, headers={"authorization": "Bearer secret"}) as client:
                    found = await steps(client, app)
                    for job_id in await listed(client):
                        await client.delete(f"{JOBS}/{job_id}")
                    return found

            return asyncio.run(whole())

        yield run_steps


async def phase_of(client: httpx.AsyncClient, job: str) -> str:
    answer = await client.get(f"{job}/phase")
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


async def listed(client: httpx.AsyncClient, **query: Any) -> list[str]:
    root = valid((await client.get(JOBS, params=query)).content)
    return [entry.get("id") for entry in root]


def test_a_job_is_made_pending(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        answer = await client.post(JOBS, data=ONE | {"RUNID": "my run"})
        assert answer.status_code == 303
        job = answer.headers["location"]
        assert job.startswith(f"{BASE}{JOBS}/")
        answer = await client.get(job)
        assert answer.headers["content-type"] == "application/xml"
        root = valid(answer.content)
        said = {child.tag.partition("}")[2]: child.text for child in root}
        assert root.get("version") == "1.1"
        assert (said["jobId"], said["phase"], said["runId"], said["ownerId"]) == (
            id_of(job), "PENDING", "my run", "owner",
        )  # fmt: skip
        assert {"quote", "startTime", "endTime", "results"} <= set(said)
        assert datetime.fromisoformat(said["creationTime"]).tzinfo == UTC

    shared(steps)


def test_a_job_may_be_started_at_once(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        assert await phase_of(client, job) == "QUEUED"
        assert app.services.jobs().store.waiting() == 1

    shared(steps)


@pytest.mark.parametrize("way", ["delete", "action", "query"])
def test_a_job_is_deleted(shared: Any, way: str) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        finish(app, id_of(job), {"a.fits": b"x"})
        if way == "delete":
            answer = await client.delete(job)
        elif way == "action":
            answer = await client.post(job, data={"action": "DELETE"})
        else:
            answer = await client.post(job, params={"ACTION": "DELETE"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{BASE}{JOBS}")
        assert (await client.get(job)).status_code == 404
        assert await listed(client) == []
        assert stored(app) == 0

    shared(steps)


@pytest.mark.parametrize("form", [{}, {"ACTION": ""}, {"ACTION": "delete"}, {"ACTION": "RUN"}, {"PHASE": "ABORT"}])
def test_a_post_without_that_action_deletes_nothing(shared: Any, form: dict[str, str]) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        answer = await client.post(job, data=form)
        assert 400 <= answer.status_code < 500
        assert await phase_of(client, job) == "PENDING"

    shared(steps)


def test_run_and_abort(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        job = await post(client, ONE)
        for word, phase in (
            ("RUN", "QUEUED"),
            ("RUN", "QUEUED"),
            ("ABORT", "ABORTED"),
            ("ABORT", "ABORTED"),
            ("RUN", "ABORTED"),
        ):
            answer = await client.post(f"{job}/phase", data={"PHASE": word})
            assert (answer.status_code, answer.headers["location"]) == (303, job)
            assert await phase_of(client, job) == phase
        done = await post(client, ONE | {"PHASE": "RUN"})
        finish(app, id_of(done), {"a.fits": b"x"})
        assert (await client.post(f"{done}/phase", data={"PHASE": "ABORT"})).status_code == 303
        assert await phase_of(client, done) == "COMPLETED"

    shared(steps)


@pytest.mark.parametrize(
    "form", [{}, {"PHASE": ""}, {"PHASE": "run"}, {"PHASE": "COMPLETED"}, {"PHASE": ["RUN", "ABORT"]}]
)
def test_other_words_change_no_phase(shared: Any, form: dict[str, Any]) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        answer = await client.post(f"{job}/phase", data=form)
        assert answer.status_code == 400
        assert "PHASE" in answer.text
        assert await phase_of(client, job) == "PENDING"

    shared(steps)


def test_destruction_is_cut_to_what_is_allowed(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE | {"DESTRUCTION": "2999-01-01T00:00:00Z"})
        now = datetime.now(UTC)

        async def at() -> datetime:
            return datetime.fromisoformat((await client.get(f"{job}/destruction")).text)

        assert abs(await at() - now - timedelta(hours=10)) < timedelta(minutes=5)
        for said, meant in {
            "2999-12-31T23:59:59.999Z": now + timedelta(hours=10),
            "9999-12-31": now + timedelta(hours=10),
            (now + timedelta(hours=1)).isoformat(): now + timedelta(hours=1),
            (now + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S"): now + timedelta(hours=2),
        }.items():
            answer = await client.post(f"{job}/destruction", data={"DESTRUCTION": said})
            assert (answer.status_code, answer.headers["location"]) == (303, job)
            assert abs(await at() - meant) < timedelta(minutes=5), said
        before = await at()
        for bad in ("", "tomorrow", "2026-13-01T00:00:00Z", "1e9", "-1", "0000-00-00", "9" * 400):
            assert (await client.post(f"{job}/destruction", data={"DESTRUCTION": bad})).status_code == 400
        assert (await client.post(f"{job}/destruction")).status_code == 400
        assert await at() == before

    run(tmp_path, steps, jobs_hours=10)


def test_duration_is_cut_to_what_is_allowed(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        assert (await client.get(f"{job}/executionduration")).text == "60"
        for said, meant in {"30": "30", "0": "600", "601": "600", "600": "600", "2147483647": "600"}.items():
            answer = await client.post(f"{job}/executionduration", data={"EXECUTIONDURATION": said})
            assert (answer.status_code, answer.headers["location"]) == (303, job)
            assert (await client.get(f"{job}/executionduration")).text == meant
        for bad in ("", "-1", "1.5", "x", "1e3", "9" * 30, "2147483648"):
            answer = await client.post(f"{job}/executionduration", data={"EXECUTIONDURATION": bad})
            assert answer.status_code == 400, bad
        assert (await client.get(f"{job}/executionduration")).text == "600"
        other = await post(client, ONE | {"EXECUTIONDURATION": "5"})
        assert (await client.get(f"{other}/executionduration")).text == "5"

    run(tmp_path, steps, jobs_seconds=60, jobs_longest=600)


def test_no_bound_on_the_duration_is_nought(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE | {"EXECUTIONDURATION": "0"})
        assert (await client.get(f"{job}/executionduration")).text == "0"
        valid((await client.get(job)).content)

    run(tmp_path, steps, jobs_longest=0)


def test_children_that_are_text(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE | {"RUNID": "x"})
        texts = {name: await client.get(f"{job}/{name}") for name in ("quote", "owner", "runid", "phase")}
        assert {name: answer.text for name, answer in texts.items()} == {
            "quote": "", "owner": "owner", "runid": "x", "phase": "PENDING",
        }  # fmt: skip
        assert {answer.headers["content-type"] for answer in texts.values()} == {"text/plain; charset=utf-8"}
        assert (await client.post(f"{job}/runid", data={"RUNID": "y"})).headers["location"] == job
        assert (await client.get(f"{job}/runid")).text == "y"
        assert (await client.post(f"{job}/runid", data={"RUNID": "a\nb"})).status_code == 400

    shared(steps)


def test_parameters_may_be_added_while_pending_only(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, {"CIRCLE": CIRCLE})
        assert (await client.post(f"{job}/phase", data={"PHASE": "RUN"})).status_code == 400
        answer = await client.post(f"{job}/parameters", data={"ID": "tan", "RUNID": "r"})
        assert (answer.status_code, answer.headers["location"]) == (303, job)
        root = valid((await client.get(f"{job}/parameters")).content)
        assert [(one.get("id"), one.text) for one in root] == [("CIRCLE", CIRCLE), ("ID", "tan")]
        assert (await client.get(f"{job}/runid")).text == "r"
        for bad in ({"CIRCLE": "1 2 -3"}, {"ID": "none"}, {"POL": "x"}, {"UPLOAD": "t,param:x"}):
            assert 400 <= (await client.post(f"{job}/parameters", data=bad)).status_code < 500
        assert len(valid((await client.get(f"{job}/parameters")).content)) == 2
        await client.post(f"{job}/phase", data={"PHASE": "RUN"})
        assert await phase_of(client, job) == "QUEUED"
        late = await client.post(f"{job}/parameters", data={"CIRCLE": CIRCLE})
        assert (late.status_code, late.text[:11]) == (400, "UsageError:")
        assert len(valid((await client.get(f"{job}/parameters")).content)) == 2
        assert (await client.post(f"{job}/runid", data={"RUNID": "y"})).status_code == 400

    shared(steps)


def test_what_steers_a_job_is_no_parameter_of_it(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        form = ONE | {"PHASE": "RUN", "EXECUTIONDURATION": "9", "DESTRUCTION": "2999-01-01", "RUNID": "x", "FOO": "1"}
        job = await post(client, form)
        root = valid((await client.get(f"{job}/parameters")).content)
        assert {one.get("id") for one in root} == {"ID", "CIRCLE", "FOO"}

    shared(steps)


BAD = [
    {"CIRCLE": "1 2 -3"}, {"CIRCLE": "1 95 1"}, {"CIRCLE": "NaN 2 3"}, {"POLYGON": "0 0 1 1"},
    {"POLYGON": "0 0 1 0 2 0"}, {"POS": "BOX 1 2 3"}, {"BAND": "x"}, {"TIME": "3 2"}, {"POL": "q"},
    {"RESPONSEFORMAT": "x/y"}, {"ID": ""}, {"ID": "none"},
    {"PHASE": "START"}, {"DESTRUCTION": "x"}, {"EXECUTIONDURATION": "-1"}, {"RUNID": "a\tb"}, {"RADIUS": "-1"},
    {"PACKAGE": "x"}, {"UPLOAD": "t"}, {"UPLOAD": "t,param:none"}, {"UPLOAD": "t,http://example.org/t"},
    {"RESPONSEFORMAT": "png", "vmin": "x"}, {"PHASE": ["RUN", "RUN"]},
]  # fmt: skip


@pytest.mark.parametrize("form", BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("start", [{}, {"PHASE": "RUN"}], ids=["pending", "run"])
def test_what_makes_no_sense_is_refused_and_nothing_is_stored(shared: Any, form: dict[str, Any], start: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        answer = await client.post(JOBS, data=ONE | start | form)
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.count("\n") == 1
        assert await listed(client) == []
        assert stored(app) == 0

    shared(steps)


def test_a_job_without_an_image_cannot_run(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        answer = await client.post(JOBS, data={"CIRCLE": CIRCLE, "PHASE": "RUN"})
        assert (answer.status_code, answer.text[:15]) == (400, "UsageError: ID:")

    shared(steps)


def test_the_list_and_its_filters(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        pending, queued, done, failed, aborted = [
            await post(client, ONE | ({} if k == 0 else {"PHASE": "RUN"}) | {"RUNID": str(k)}) for k in range(5)
        ]
        finish(app, id_of(done), {"a.fits": b"x"})
        fail(app, id_of(failed), JobError("no"))
        await client.post(f"{aborted}/phase", data={"PHASE": "ABORT"})
        everything = [id_of(job) for job in (aborted, failed, done, queued, pending)]
        assert await listed(client) == everything
        assert await listed(client, LAST=2) == everything[:2]
        assert await listed(client, PHASE="COMPLETED") == [id_of(done)]
        assert await listed(client, PHASE=["COMPLETED", "ABORTED"]) == [id_of(aborted), id_of(done)]
        assert await listed(client, PHASE=["COMPLETED", "ABORTED"], LAST=1) == [id_of(aborted)]
        for phase in ("ARCHIVED", "HELD", "SUSPENDED", "UNKNOWN"):
            assert await listed(client, PHASE=phase) == []
        assert await listed(client, PHASE=["HELD", "PENDING"]) == [id_of(pending)]
        assert await listed(client, AFTER="2020-01-01T00:00:00Z") == everything
        assert await listed(client, AFTER="2999-01-01") == []
        born = valid((await client.get(done)).content)
        moment = children(born, "creationTime", "UWS")[0].text
        assert id_of(queued) not in await listed(client, AFTER=moment)
        assert await listed(client, after=moment, phase="ABORTED", last=5) == [id_of(aborted)]
        root = valid((await client.get(JOBS)).content)
        assert root.get("version") == "1.1"
        for bad in (
            {"PHASE": "x"},
            {"PHASE": ""},
            {"LAST": "0"},
            {"LAST": "-1"},
            {"LAST": "x"},
            {"AFTER": "x"},
        ):
            answer = await client.get(JOBS, params=bad)
            assert (answer.status_code, answer.text[:11]) == (400, "UsageError:"), bad
        twice = await client.get(JOBS, params={"LAST": [1, 2]})
        assert (twice.status_code, twice.text[:28]) == (400, "MultiValuedParamNotSupported")

    run(tmp_path, steps)


def test_an_error_is_told(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        assert (await client.get(f"{job}/error")).status_code == 404
        fail(app, id_of(job), JobError("The disk is full.", transient=True, code="ServiceUnavailable"))
        answer = await client.get(f"{job}/error")
        assert (answer.status_code, answer.text) == (200, "ServiceUnavailable: The disk is full.\n")
        summary = children(valid((await client.get(job)).content), "errorSummary", "UWS")[0]
        assert (summary.get("type"), summary.get("hasDetail")) == ("transient", "true")

    shared(steps)


CHILDREN = ("", "/phase", "/destruction", "/executionduration", "/quote", "/owner", "/runid", "/parameters", "/results",
            "/results/x", "/error")  # fmt: skip


@pytest.mark.parametrize("job_id", [ID_OF_NONE, "x", "..%2f..", "%00", "a" * 2000, ID_OF_NONE.upper(), " "])
def test_unknown_jobs(shared: Any, job_id: str) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        told = set()
        for child in CHILDREN:
            answer = await client.get(f"{JOBS}/{job_id}{child}")
            assert answer.status_code == 404
            told.add(answer.text)
            form = {"PHASE": "RUN", "ACTION": "DELETE", "DESTRUCTION": "2030-01-01", "EXECUTIONDURATION": "1"}
            for method, data in (("POST", form), ("DELETE", None)):
                answer = await client.request(method, f"{JOBS}/{job_id}{child}", data=data)
                assert answer.status_code in {404, 405}, (method, child)
        assert told in (
            {"UsageError: There is no such job: it was deleted, or its time was over.\n"},
            {"UsageError: There is nothing at this address.\n"},
        )

    shared(steps)


@pytest.mark.parametrize("child", ["/nothing", "/results/x", "/results/x/y", "/phase/x", "/"])
def test_unknown_children(shared: Any, child: str) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        assert (await client.get(job + child)).status_code == 404

    shared(steps)


def test_methods_that_are_none(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        for child in CHILDREN[1:]:
            for method in ("PUT", "PATCH", "DELETE"):
                answer = await client.request(method, job + child)
                assert answer.status_code == 405, (method, child)
                assert "GET" in answer.headers["allow"]
        assert (await client.delete(JOBS)).status_code == 405
        assert await phase_of(client, job) == "PENDING"

    shared(steps)


JSONS = [
    "application/json",
    "application/json, text/plain, */*",
    "text/xml;q=0.5, application/json",
    "application/json;q=0.9",
]
XMLS = [
    "*/*",
    "",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/xml, application/json",
    "application/json;q=0",
    "application/json;q=0.5, application/xml;q=0.8",
    "text/json",
]


@pytest.mark.parametrize(("accept", "kind"), [(one, "json") for one in JSONS] + [(one, "xml") for one in XMLS])
def test_json_is_for_those_who_prefer_it(shared: Any, accept: str, kind: str) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        job = await post(client, ONE)
        for address in (JOBS, job):
            answer = await client.get(address, headers={"accept": accept})
            assert answer.headers["content-type"] == f"application/{kind}"

    shared(steps)


def test_json_of_a_job_and_of_the_list(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        job = await post(client, ONE | {"PHASE": "RUN"})
        finish(app, id_of(job), {"cutout-1.fits": b"x" * 10})
        said = (await client.get(job, headers=JSON)).json()
        assert (said["job_id"], said["phase"], said["owner"]) == (id_of(job), "COMPLETED", "owner")
        assert said["results"] == [
            {
                "id": "cutout-1",
                "href": f"{job}/results/cutout-1",
                "size": 10,
                "media_type": "application/fits",
                "name": "cutout-1.fits",
                "empty": False,
            }
        ]
        assert said["started"].endswith("Z")
        assert (await client.get(JOBS, headers=JSON)).json()["jobs"][0]["job_id"] == id_of(job)

    shared(steps)


def test_quotas(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        jobs = [await post(client, ONE) for _ in range(3)]
        answer = await client.post(JOBS, data=ONE)
        assert answer.status_code == 413
        assert "3" in answer.text
        assert len(await listed(client)) == 3
        await client.delete(jobs[0])
        await post(client, ONE)

    run(tmp_path, steps, jobs_per_user=3)


def test_addresses_follow_the_settings(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        answer = await client.post(f"/maps{JOBS}", data=ONE)
        job = answer.headers["location"]
        assert job.startswith(f"https://sky.example/maps{JOBS}/")
        path = job.removeprefix("https://sky.example")
        assert (await client.post(f"{path}/phase", data={"PHASE": "RUN"})).headers["location"] == job
        assert f'href="{job}"'.encode() in (await client.get(f"/maps{JOBS}")).content

    run(tmp_path, steps, root_path="/maps", public_url="https://sky.example/maps")


def test_ten_thousand_circles_in_one_job(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        form = {"ID": "tan", "CIRCLE": [f"{150 + k / 1e6:.6f} 2 0.01" for k in range(9_999)]}
        job = await post(client, form)
        assert len(valid((await client.get(f"{job}/parameters")).content)) == 10_000
        answer = await client.post(JOBS, data=form | {"BAND": "1"})
        assert answer.status_code == 413
        large = {"ID": "tan", "POS": [f"POLYGON 1 1 2 2 3 {k}{' ' * 600}" for k in range(4000)]}
        answer = await client.post(JOBS, data=large)
        assert 400 <= answer.status_code < 500

    run(tmp_path, steps)


def test_results_are_bounded(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient, app: Any) -> None:
        form = {"ID": "tan", "BAND": [f"{k + 1}" for k in range(400)], "TIME": [f"{k}" for k in range(300)]}
        answer = await client.post(JOBS, data=form)
        assert answer.status_code == 413
        assert "100000" in answer.text
        assert stored(app) == 0

    shared(steps)


def test_without_a_store_the_service_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_bytes(b"no database" * 1000)

    async def steps(client: httpx.AsyncClient, _app: Any) -> None:
        answer = await client.post(JOBS, data=ONE)
        assert (answer.status_code, answer.text[:19]) == (503, "ServiceUnavailable:")
        assert answer.headers["retry-after"]
        assert str(tmp_path) not in answer.text

    run(tmp_path, steps, jobs_database=str(tmp_path / "jobs.sqlite"))
