"""What the routes of jobs share: whose a job is, how long it may be, where jobs are kept."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from armillary.errors import NotFoundError, ParameterError
from armillary.holdings.access import Access
from armillary.jobs.model import Owner
from armillary.jobs.store import Quota
from armillary.server.doors.credentials import address_of
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import address
from armillary.vo.parameters import integer, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from armillary.jobs.model import Job
    from armillary.server.job_room import JobRoom
    from armillary.server.settings import Settings
    from armillary.vo.parameters import Parameters

T = TypeVar("T")
_QUALITY = re.compile(r"q=([01](?:\.[0-9]{0,3})?)", re.ASCII)

PATH = "/vo/soda/async"
KIND = "soda"
OWNER_NAME = "owner"
"""Of the jobs of whoever holds the token."""
LONGEST_DURATION_S = (1 << 31) - 1
"""``xs:int`` of the schema."""
MIB = 1 << 20


def owner_of(request: Request) -> Owner:
    """Whose a job is that this request makes, or sees."""
    access = access_of(request)
    snapshot = {
        "name": access.name,
        "grants": sorted(access.grants),
        "everything": access.everything,
        "administrator": access.administrator,
    }
    caller, door = request.scope.get("armillary.caller"), request.scope.get("armillary.door")
    if caller is not None and caller.user is not None:
        # Nobody who logs in is taken for whoever holds the token of another run.
        name = caller.user if caller.user != OWNER_NAME else f"user {OWNER_NAME}"
        return Owner(name, f"user {caller.user}", snapshot)
    if door is not None and door.mode == "token":
        return Owner(OWNER_NAME, OWNER_NAME, snapshot)
    return Owner("", f"address {address_of(request.scope)}", snapshot)


def check_own(job: Job, owner: Owner) -> None:
    """Refuse another's job like one that is not there; that of an anonymous caller is whoever's knows its id.

    Raises
    ------
    NotFoundError
        It is another's.
    """
    if job.owner.name and job.owner.name != owner.name:
        raise gone()


def access_then(job: Job) -> Access:
    """What the owner of a job might see when it was made."""
    words = job.owner.access
    grants = frozenset(words.get("grants", ()))
    return Access(job.owner.name, grants, everything=bool(words.get("everything")))


def gone() -> NotFoundError:
    """The one error for jobs that are not there, or another's."""
    return NotFoundError("There is no such job: it was deleted, or its time was over.")


def jobs_address(request: Request) -> str:
    """Absolute address of the list of jobs."""
    return address(request, PATH)


async def in_room(request: Request, work: Callable[[JobRoom], T], *, tables: bool = False) -> T:
    """Result of blocking work with the jobs, in their threads; with ``tables`` in those for what takes long."""
    services = services_of(request)

    def done() -> T:
        return work(services.jobs())

    workers = services.table_workers if tables else services.job_workers
    return await workers.run(object(), done)


async def own_job(request: Request) -> Job:
    """The job that the path names, when it is the caller's.

    Raises
    ------
    NotFoundError
        There is none, or it is another's.
    """
    return await in_room(request, functools.partial(find_own, owner_of(request), job_id_of(request)))


def find_own(owner: Owner, job_id: str, room: JobRoom) -> Job:
    """A job of an owner; blocks.

    Raises
    ------
    NotFoundError
        There is none, or it is another's.
    """
    try:
        job = room.job(job_id)
    except NotFoundError:
        raise gone() from None
    check_own(job, owner)
    return job


def job_id_of(request: Request) -> str:
    """The id in the path."""
    job_id: str = request.path_params["job_id"]
    return job_id


def quota_of(settings: Settings) -> Quota:
    """What one payer may keep."""
    return Quota(settings.jobs_per_user, settings.jobs_seconds_per_user, settings.jobs_size_per_user * MIB)


def duration_of(text: str | None, settings: Settings) -> int:
    """Seconds that a job may run, 0 for no bound: as asked for, as far as the settings allow (UWS 1.1, 2.1.5).

    Raises
    ------
    ParameterError
        It is no number of seconds.
    """
    longest = settings.jobs_longest
    if text is None or not text.strip():
        return min(settings.jobs_seconds, longest) if longest else settings.jobs_seconds
    wanted = integer("EXECUTIONDURATION", text, 0, LONGEST_DURATION_S)
    if not longest:
        return wanted
    return min(wanted, longest) if wanted else longest


def destruction_of(text: str | None, settings: Settings) -> datetime:
    """When a job is destroyed: as asked for, as far as the settings allow (UWS 1.1, 2.1.6).

    Raises
    ------
    ParameterError
        It is no time.
    """
    latest = datetime.now(UTC) + timedelta(hours=settings.jobs_hours)
    return latest if text is None or not text.strip() else min(moment_of("DESTRUCTION", text), latest)


def moment_of(name: str, text: str) -> datetime:
    """A time of ISO 8601, UTC where it says no zone.

    Raises
    ------
    ParameterError
        It is none.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ParameterError(name, f"'{shown(text)}' is no time such as 2026-01-31T12:00:00Z.") from None


def word_of(parameters: Parameters, name: str, choices: tuple[str, ...]) -> str | None:
    """The value of a parameter that has few; None where it was not given.

    Raises
    ------
    ParameterError
        It is another.
    """
    text = parameters.one(name)
    if text is not None and text not in choices:
        raise ParameterError(name, f"'{shown(text)}' is none of {', '.join(choices)}.")
    return text


def prefers_json(accept: str) -> bool:
    """Whether an ``Accept`` names JSON, and no XML that it likes as much (RFC 9110, 12.5.1)."""
    json_quality = xml_quality = 0.0
    for part in accept.lower().split(","):
        kind, _, words = (word.strip() for word in part.partition(";"))
        found = _QUALITY.fullmatch(words.replace(" ", "")) if words else None
        quality = min(1.0, float(found[1])) if found else 1.0
        if kind == "application/json":
            json_quality = max(json_quality, quality)
        elif kind in {"application/xml", "text/xml"}:
            xml_quality = max(xml_quality, quality)
    return json_quality > xml_quality
