"""``/vo/soda/async``: the tree of jobs of UWS 1.1 (IVOA REC 2016-10-24, section 2.2)."""

from __future__ import annotations

import asyncio
import functools
import json
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from armillary.errors import NotFoundError, ParameterError, UsageError
from armillary.jobs.model import Phase
from armillary.server.asgi import header, unless_gone
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import bytes_answer, form_of, parameters_of
from armillary.server.vo.errors import MEDIA_TYPE as PLAIN
from armillary.server.vo.jobs import (
    PATH,
    destruction_of,
    duration_of,
    find_own,
    gone,
    in_room,
    job_id_of,
    jobs_address,
    moment_of,
    own_job,
    owner_of,
    prefers_json,
    quota_of,
    word_of,
)
from armillary.server.vo.results import result
from armillary.server.vo.submission import Submission, add_parameters, begin, submit
from armillary.vo import uws
from armillary.vo.errors import labelled
from armillary.vo.parameters import integer
from armillary.vo.soda import run_id_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from armillary.jobs.model import Job
    from armillary.server.job_room import JobRoom
    from armillary.vo.parameters import Parameters

XML = "application/xml"
JSON = "application/json"
LONGEST_WAIT_S = 300
"""What ``WAIT=-1`` waits at most (UWS 1.1, 2.2.1.1)."""
TURNS, TURN_S = 200, 0.05
MOST_LISTED = 100_000
FEW_VALUES = 200
OTHER_PHASES = ("UNKNOWN", "HELD", "SUSPENDED")
"""Phases of the standard that no job here is ever in."""


async def job_list(request: Request) -> Response:
    """The caller's jobs, newest first; POST makes one."""
    if request.method == "POST":
        return await create(request)
    parameters = await parameters_of(request)
    owner = owner_of(request)
    phases = [_phase(text) for text in parameters.all("PHASE")]
    known = [phase for phase in phases if phase is not None]
    after = parameters.one("AFTER")
    since = None if after is None else moment_of("AFTER", after)
    last = parameters.integer("LAST", 1, MOST_LISTED) or MOST_LISTED
    # Phases that are none here have no jobs, nor has who has no name a list.
    is_empty = not owner.name or (bool(phases) and not known)
    as_json, jobs = prefers_json(header(request.scope, b"accept")), jobs_address(request)

    def work(room: JobRoom) -> bytes:
        lines = [] if is_empty else room.store.jobs(owner.name, phases=known, after=since, last=last)
        return _json_bytes(uws.jobs_json(lines)) if as_json else uws.jobs_xml(lines, jobs)

    return bytes_answer(request, await in_room(request, work), JSON if as_json else XML)


def _phase(text: str) -> Phase | None:
    if text in OTHER_PHASES:
        return None
    try:
        return Phase(text)
    except ValueError:
        raise ParameterError("PHASE", f"is one of {', '.join([*Phase, *OTHER_PHASES])}.") from None


async def create(request: Request) -> Response:
    """Make a job: PENDING, or queued at once with ``PHASE=RUN`` (UWS 1.1, 2.2.3.1)."""
    services = services_of(request)
    jobs = jobs_address(request)
    async with form_of(request) as form:
        work = functools.partial(submit, services, owner_of(request), Submission.of(request, form))
        job_id = await in_room(request, work, tables="UPLOAD" in form.parameters)
    return _see(uws.job_address(jobs, job_id))


async def job(request: Request) -> Response:
    """A job; POST and DELETE end it."""
    if request.method == "DELETE":
        return await _delete(request)
    parameters = await parameters_of(request)
    if request.method == "POST":
        # Without ACTION nothing is deleted: section 2.2.3.2.
        if word_of(parameters, "ACTION", ("DELETE",)) is None:
            raise UsageError("Send ACTION=DELETE to delete the job; all else of it is changed at addresses below this.")
        return await _delete(request)
    found = await own_job(request)
    wait_s = _wait(parameters)
    if wait_s and not found.phase.final:
        asked = word_of(parameters, "PHASE", (*Phase, *OTHER_PHASES))
        if asked is None or asked == found.phase:
            found = await _changed(request, found, wait_s)
    return await _job_answer(request, found)


def _wait(parameters: Parameters) -> int:
    text = parameters.one("WAIT")
    if text is None:
        return 0
    seconds = integer("WAIT", text, -1, 10**9)
    return LONGEST_WAIT_S if seconds < 0 else min(seconds, LONGEST_WAIT_S)


async def _changed(request: Request, found: Job, wait_s: int) -> Job:
    """The job once its phase is another, or the time is over."""
    room = services_of(request).jobs()
    try:
        await unless_gone(request.receive, room.waiter.wait_for_change(found.job_id, wait_s, phase=found.phase))
    except NotFoundError:
        raise gone() from None
    workers = services_of(request).job_workers
    for _ in range(TURNS):
        # All who waited for one job come at once: as many as would be refused let the others go first.
        if workers.waiting < services_of(request).settings.queue // 2:
            break
        await asyncio.sleep(TURN_S)
    return await own_job(request)


async def _job_answer(request: Request, found: Job) -> Response:
    jobs, as_json = jobs_address(request), prefers_json(header(request.scope, b"accept"))

    def body() -> bytes:
        return _json_bytes(uws.job_json(found, jobs)) if as_json else b"".join(uws.job_xml(found, jobs))

    return bytes_answer(request, await _written(found, body), JSON if as_json else XML)


async def _written(found: Job, body: Callable[[], bytes]) -> bytes:
    """A document of a job; of one with many values it takes long, and is written in a thread."""
    if len(found.results) + len(found.parameters) <= FEW_VALUES:
        return body()
    return await asyncio.to_thread(body)


def _json_bytes(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def _delete(request: Request) -> Response:
    owner, job_id = owner_of(request), job_id_of(request)

    def work(room: JobRoom) -> None:
        find_own(owner, job_id, room)
        room.service.delete(job_id)

    await in_room(request, work)
    return _see(jobs_address(request))


def _see(location: str) -> Response:
    return Response(None, 303, {"location": location, "cache-control": "no-store"})


def _text(text: str) -> Response:
    return Response(text, 200, {"cache-control": "no-store"}, media_type=PLAIN)


async def _change(request: Request, change: Callable[[JobRoom, Job], object], *, tables: bool = False) -> Response:
    """Change a job of the caller's, and send the client to see what became of it (UWS 1.1, 2.2.3)."""
    owner, job_id = owner_of(request), job_id_of(request)
    await in_room(request, lambda room: change(room, find_own(owner, job_id, room)), tables=tables)
    return _see(uws.job_address(jobs_address(request), job_id))


async def phase(request: Request) -> Response:
    """The phase; POST ``PHASE=RUN`` or ``ABORT`` changes it (2.2.3.5, 2.2.3.6)."""
    if request.method != "POST":
        return _text((await own_job(request)).phase)
    word = word_of(await parameters_of(request), "PHASE", ("RUN", "ABORT"))
    if word is None:
        raise ParameterError("PHASE", "is needed: RUN or ABORT.")
    if word == "RUN":
        return await _change(request, functools.partial(begin, services_of(request), access_of(request)))
    return await _change(request, lambda room, found: room.store.abort(found.job_id))


async def destruction(request: Request) -> Response:
    """When the job is destroyed; POST ``DESTRUCTION`` changes it, as far as the settings allow (2.2.3.3)."""
    if request.method != "POST":
        return _text(uws.time_of((await own_job(request)).destruction))
    text = _needed(await parameters_of(request), "DESTRUCTION")
    moment = destruction_of(text, services_of(request).settings)
    return await _change(request, lambda room, found: room.store.set_destruction(found.job_id, moment))


async def duration(request: Request) -> Response:
    """Seconds that the job may run; POST ``EXECUTIONDURATION`` changes it, as far as the settings allow (2.2.3.4)."""
    if request.method != "POST":
        return _text(str((await own_job(request)).duration_s))
    settings = services_of(request).settings
    seconds = duration_of(_needed(await parameters_of(request), "EXECUTIONDURATION"), settings)
    quota = quota_of(settings)
    return await _change(request, lambda room, found: room.store.set_duration(found.job_id, seconds, quota))


def _needed(parameters: Parameters, name: str) -> str:
    text = parameters.one(name)
    if text is None or not text.strip():
        raise ParameterError(name, "is needed.")
    return text


async def quote(request: Request) -> Response:
    """When the job is expected to be done; nothing where that is not known."""
    found = (await own_job(request)).quote
    return _text("" if found is None else uws.time_of(found))


async def owner(request: Request) -> Response:
    """Whose the job is; nothing for an anonymous caller."""
    return _text((await own_job(request)).owner.name)


async def run_id(request: Request) -> Response:
    """The client's label of the job; POST ``RUNID`` changes it while the job is PENDING."""
    if request.method != "POST":
        return _text((await own_job(request)).run_id)
    label = run_id_of(await parameters_of(request))
    return await _change(request, lambda room, found: room.store.set_run_id(found.job_id, label))


async def parameters(request: Request) -> Response:
    """The parameters of the job; POST adds some while it is PENDING (2.2.3.7)."""
    if request.method != "POST":
        found = await own_job(request)
        return bytes_answer(request, await _written(found, lambda: uws.parameters_xml(found)), XML)
    async with form_of(request) as form:
        more = Submission.of(request, form)
        work = functools.partial(add_parameters, services_of(request), more)
        return await _change(request, work, tables="UPLOAD" in form.parameters)


async def results(request: Request) -> Response:
    """The results of the job."""
    found, jobs = await own_job(request), jobs_address(request)
    return bytes_answer(request, await _written(found, lambda: b"".join(uws.results_xml(found, jobs))), XML)


async def error(request: Request) -> Response:
    """Why the job failed.

    Raises
    ------
    NotFoundError
        It did not.
    """
    found = await own_job(request)
    if found.error is None:
        raise NotFoundError(f"The job is {found.phase}: it has no error.")
    return _text(labelled(found.error.code, found.error.message))


_JOB = f"{PATH}/{{job_id}}"
_GET, _BOTH = ["GET"], ["GET", "POST"]
routes = [
    Route(PATH, job_list, methods=_BOTH),
    Route(_JOB, job, methods=["GET", "POST", "DELETE"]),
    Route(f"{_JOB}/phase", phase, methods=_BOTH),
    Route(f"{_JOB}/destruction", destruction, methods=_BOTH),
    Route(f"{_JOB}/executionduration", duration, methods=_BOTH),
    Route(f"{_JOB}/quote", quote, methods=_GET),
    Route(f"{_JOB}/owner", owner, methods=_GET),
    Route(f"{_JOB}/runid", run_id, methods=_BOTH),
    Route(f"{_JOB}/parameters", parameters, methods=_BOTH),
    Route(f"{_JOB}/results", results, methods=_GET),
    Route(f"{_JOB}/results/{{result_id}}", result, methods=_GET),
    Route(f"{_JOB}/error", error, methods=_GET),
]
