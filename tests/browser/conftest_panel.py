"""A server of jobs that is told what to do next, in place of the real one, between a page and its server."""

from __future__ import annotations

import itertools
import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

FINAL = {"COMPLETED", "ERROR", "ABORTED"}


def result(name: str, size: int = 2880, *, empty: bool = False, kind: str = "application/fits") -> dict[str, Any]:
    """A result as the server tells it."""
    return {
        "id": name.partition(".")[0],
        "href": "",
        "size": size,
        "media_type": "text/plain" if empty else kind,
        "name": name,
        "empty": empty,
    }


class FakeJobs:
    """Answers ``/vo/soda/async`` of a page. Waiting requests are held until something changes."""

    def __init__(self, page: Page, owner: str | None = None) -> None:
        self.owner = owner
        self.jobs: dict[str, dict[str, Any]] = {}
        self.posts: list[list[tuple[str, str]]] = []
        self.waiting: list[tuple[Route, str, str]] = []
        self.most_waiting = 0
        self.refusal: tuple[int, str] | None = None
        self.down = False
        self.patient = True
        self._number = itertools.count(1)
        page.route("**/vo/soda/async**", self._answer)
        page.route("**/vo/soda/async/**", self._answer)

    def add(self, phase: str = "EXECUTING", **facts: Any) -> str:
        """A job that is there."""
        number = next(self._number)
        job_id = facts.pop("job_id", f"job-{number:04d}-secret")
        self.jobs[job_id] = {
            "job_id": job_id,
            "phase": phase,
            "owner": self.owner,
            "run_id": f"Job number {number}",
            "created": f"2025-11-29T08:00:{number % 60:02d}.000Z",
            "started": None,
            "ended": None,
            "quote": None,
            "execution_duration": 3600,
            "destruction": "2025-12-06T08:00:00.000Z",
            "revision": 1,
            "progress": {"done": 0, "total": 0},
            "parameters": [{"name": "ID", "value": "fine"}, {"name": "POS", "value": "CIRCLE 60 25 0.01"}],
            "uploads": [],
            "results": [],
            "error": None,
            **facts,
        }
        return job_id

    def change(self, job_id: str, **facts: Any) -> None:
        """Something happened to a job: whoever waits for another phase of it hears it."""
        job = self.jobs[job_id]
        job.update(facts)
        job["revision"] += 1
        for entry in list(self.waiting):
            route, waited, phase = entry
            if waited == job_id and phase != job["phase"]:
                self.waiting.remove(entry)
                self._json(route, job)

    def remove(self, job_id: str) -> None:
        """Its time has come."""
        del self.jobs[job_id]

    def settle(self) -> None:
        """Waiting requests time out."""
        waiting, self.waiting = self.waiting, []
        for route, job_id, _ in waiting:
            self._job(route, job_id)

    def close(self) -> None:
        """Nobody waits any more."""
        self.patient = False
        self.settle()

    def _json(self, route: Route, body: Any, status: int = 200) -> None:
        route.fulfill(status=status, content_type="application/json", body=json.dumps(body))

    def _text(self, route: Route, status: int, words: str) -> None:
        route.fulfill(status=status, content_type="text/plain", body=words)

    def _job(self, route: Route, job_id: str) -> None:
        if job_id in self.jobs:
            self._json(route, self.jobs[job_id])
        else:
            self._text(route, 404, "NotFoundFault: there is no such job")

    def _answer(self, route: Route) -> None:
        request = route.request
        address = urlsplit(request.url)
        path = address.path.partition("/vo/soda/async")[2].strip("/")
        query = {name.upper(): values[0] for name, values in parse_qs(address.query).items()}
        if self.down:
            self._text(route, 503, "ServiceUnavailable: the database of jobs does not answer")
        elif request.method != "GET" and self.refusal:
            self._text(route, *self.refusal)
        elif request.method == "GET" and not path:
            mine = [job for job in self.jobs.values() if job["owner"]]
            newest = sorted(mine, key=lambda job: job["created"], reverse=True)[: int(query.get("LAST", "1000"))]
            names = ("job_id", "phase", "owner", "run_id", "created")
            self._json(route, {"jobs": [{name: job[name] for name in names} for job in newest]})
        elif request.method == "GET":
            self._get(route, path, query)
        elif request.method == "DELETE":
            self.jobs.pop(path, None)
            self._json(route, {"jobs": []})
        elif path.endswith("/phase"):
            self._phase(route, path.removesuffix("/phase"))
        else:
            self._create(route)

    def _get(self, route: Route, path: str, query: dict[str, str]) -> None:
        job_id, _, rest = path.partition("/")
        job = self.jobs.get(job_id)
        if rest:
            route.fulfill(status=200, content_type="application/fits", body=rest)
        elif self.patient and job and int(query.get("WAIT", "0")) > 0 and job["phase"] == query.get("PHASE"):
            self.waiting.append((route, job_id, job["phase"]))
            self.most_waiting = max(self.most_waiting, len(self.waiting))
        else:
            self._job(route, job_id)

    def _phase(self, route: Route, job_id: str) -> None:
        wanted = dict(parse_qsl(route.request.post_data or ""))["PHASE"]
        self.change(job_id, phase="ABORTED" if wanted == "ABORT" else "QUEUED")
        self._json(route, self.jobs[job_id])

    def _create(self, route: Route) -> None:
        fields = form_fields(route.request.headers["content-type"], route.request.post_data_buffer or b"")
        self.posts.append(fields)
        given = dict(fields)
        uploads = [{"name": "targets", "size": len(given.get("positions", ""))}] if "positions" in given else []
        parameters = [{"name": name, "value": value} for name, value in fields if name not in {"PHASE", "positions"}]
        job_id = self.add("QUEUED", run_id=given.get("RUNID"), uploads=uploads, parameters=parameters)
        self._json(route, self.jobs[job_id])


def form_fields(content_type: str, body: bytes) -> list[tuple[str, str]]:
    """Names and texts of a multipart form."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = list(message.iter_parts())
    names = [str(part.get_param("name", header="content-disposition")) for part in parts]
    return [(name, bytes(part.get_payload(decode=True)).decode()) for name, part in zip(names, parts, strict=True)]
