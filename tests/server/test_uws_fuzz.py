"""Whatever is sent to the tree of jobs, the answer is one that the standard knows, never a failure of the server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_jobs import CIRCLE, JOBS, as_form, finish, id_of, job_app
from conftest_server import in_process
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.server.vo import soda, uws
from armillary.vo.soda import NAMES

CONTROLS = ["PHASE", "ACTION", "DESTRUCTION", "EXECUTIONDURATION", "WAIT", "AFTER", "LAST", "RUNID", "vmin", "cmap"]
GOOD = [
    "tan", CIRCLE, f"CIRCLE {CIRCLE}", "RUN", "ABORT", "DELETE", "0", "1", "-1", "2030-01-01T00:00:00Z", "QUEUED", "I",
    "t,param:f", "fits", "image/png", "zip", "1e-7 2e-7", "x" * 3000, "\0", "é", "NaN", "-Inf Inf",
]  # fmt: skip
PAIRS = st.lists(
    st.tuples(st.sampled_from([*NAMES, *CONTROLS]), st.one_of(st.sampled_from(GOOD), st.text(max_size=12))), max_size=6
)
CHILDREN = ["", "/phase", "/destruction", "/executionduration", "/quote", "/owner", "/runid", "/parameters", "/results",
            "/results/a", "/results/b", "/error", "/x", "//", "/%2e%2e", "/phase/", "/results/%00"]  # fmt: skip
LABELS = ("Error", "ServiceUnavailable", "UsageError", "MultiValuedParamNotSupported", "AuthorizationError")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    with job_app(tmp_path_factory.mktemp("fuzz"), auth="token", token="t", jobs_per_user=0) as app:
        yield app


@settings(max_examples=120, suppress_health_check=list(HealthCheck))
@given(
    child=st.sampled_from(CHILDREN),
    method=st.sampled_from(["GET", "HEAD", "POST", "DELETE", "PUT"]),
    pairs=PAIRS,
    phase=st.sampled_from(["pending", "queued", "done", "list"]),
    as_body=st.booleans(),
)
def test_no_request_is_ever_a_failure_of_the_server(
    shared: Any, child: str, method: str, pairs: list[tuple[str, str]], phase: str, as_body: bool
) -> None:
    # Waiting is a matter of another test.
    pairs = [(name, value if name != "WAIT" else value[:1]) for name, value in pairs]

    async def steps() -> None:
        async with in_process(shared, headers={"authorization": "Bearer t"}) as client:
            form = {"ID": "tan", "CIRCLE": CIRCLE} | ({"PHASE": "RUN"} if phase in {"queued", "done"} else {})
            job = (await client.post(JOBS, data=form)).headers["location"]
            if phase == "done":
                finish(shared, id_of(job), {"a.fits": b"x" * 100})
            address = JOBS if phase == "list" else job + child
            sent: dict[str, Any] = {"data": as_form(pairs)} if as_body else {"params": httpx.QueryParams(pairs)}
            answer = await client.request(method, address, **sent)
            assert answer.status_code < 500, answer.text
            if answer.status_code >= 400 and method != "HEAD":
                assert answer.text.startswith(LABELS)
                assert answer.text.count("\n") == 1
            if answer.status_code == 303:
                assert re.fullmatch(rf"http://127\.0\.0\.1:8000{JOBS}(/[0-9a-f]{{32}})?", answer.headers["location"])
            still = await client.get(job)
            assert still.status_code in {200, 404}
            if still.status_code == 404:
                assert method == "DELETE" or ("ACTION", "DELETE") in pairs
            await client.delete(job)
            await shared.services.jobs().waiter.close()

    asyncio.run(steps())


def test_the_page_tells_of_every_address() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "vo.md").read_text(encoding="utf-8")
    for route in [*soda.routes, *uws.routes]:
        last = route.path.rpartition("/")[2].replace("{job_id}", "{id}").replace("{result_id}", "{result}")
        assert f"/{last}`" in page, route.path
