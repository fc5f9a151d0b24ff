"""What makes a job: its parameters and tables, looked at before anything is stored."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import LimitError, ParameterError, UsageError
from armillary.holdings.styles import STYLE_NAMES, check_style
from armillary.jobs.model import Phase, Upload
from armillary.server.services import access_of
from armillary.server.vo.jobs import KIND, destruction_of, duration_of, quota_of, word_of
from armillary.server.vo.uploads import Source, check_tables, kept_table, take_tables
from armillary.vo.parameters import Parameters
from armillary.vo.soda import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from starlette.datastructures import UploadFile
    from starlette.requests import Request

    from armillary.holdings.access import Access
    from armillary.jobs.model import Job, Owner
    from armillary.server.job_room import JobRoom
    from armillary.server.services import Services
    from armillary.server.vo.answers import Form
    from armillary.server.vo.uploads import Table
    from armillary.vo.soda import SodaRequest

    Pairs = Sequence[tuple[str, str]]

CONTROLS = frozenset({"PHASE", "DESTRUCTION", "EXECUTIONDURATION", "RUNID", "ACTION", "WAIT"})
"""Parameters that steer the job, and are none of it."""
MOST_TEXT = 2 << 20
"""Characters of a job's parameters: they are kept with it."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What a client sent.

    Parameters
    ----------
    parameters
        All of them.
    files
        Of a multipart body, by the names of their parts.
    access
        What the caller may see.
    """

    parameters: Parameters
    files: dict[str, UploadFile]
    access: Access

    @classmethod
    def of(cls, request: Request, form: Form) -> Submission:
        """What came with a request."""
        return cls(form.parameters, form.files, access_of(request))

    def pairs(self, wanted: SodaRequest) -> tuple[tuple[str, str], ...]:
        """Parameters of the job: not what steers it, nor a table that came as text."""
        tables = {upload.field.upper() for upload in wanted.uploads}
        apart = CONTROLS | (tables - CONTROLS)
        return tuple((name, value) for name, value in self.parameters.pairs if name.upper() not in apart)

    @contextlib.contextmanager
    def tables(self, services: Services, wanted: SodaRequest, room: JobRoom) -> Iterator[list[Table]]:
        """The tables that came with it, on the disk as long as they are needed."""
        if not wanted.uploads:
            yield []
            return
        with room.scratch.passing() as folder:
            yield take_tables(wanted.uploads, Source(self.files, self.parameters, services.settings), folder)


def submit(services: Services, owner: Owner, sent: Submission, room: JobRoom) -> str:
    """Make a job; blocks.

    Returns
    -------
    Its id.

    Raises
    ------
    ParameterError, NotFoundError, LimitError, UnavailableError
        It cannot be: nothing was stored.
    """
    settings, given = services.settings, sent.parameters
    start = word_of(given, "PHASE", ("RUN",)) is not None
    duration_s = duration_of(given.one("EXECUTIONDURATION"), settings)
    destruction = destruction_of(given.one("DESTRUCTION"), settings)
    wanted = _checked(services, sent.access, given, partial=not start)
    pairs = _bounded(sent.pairs(wanted))
    with sent.tables(services, wanted, room) as tables:
        check_tables(wanted, tables, partial=not start)
        job_id = room.store.new_id() if tables else ""
        with _stored(room, job_id, tables) as uploads:
            job = room.store.create(
                owner,
                KIND,
                pairs,
                duration_s=duration_s,
                destruction=destruction,
                run_id=wanted.run_id,
                uploads=uploads,
                quota=quota_of(settings),
                start=start,
                job_id=job_id,
            )
    if start:
        room.runner.queued(job.job_id)
    return job.job_id


def add_parameters(services: Services, sent: Submission, room: JobRoom, job: Job) -> None:
    """More parameters for a job that is PENDING; blocks.

    Raises
    ------
    UsageError, NotFoundError, LimitError, UnavailableError
        It is not, or they make no sense with those it has: nothing was stored.
    """
    if job.phase is not Phase.PENDING:
        raise UsageError(f"The job is {job.phase}: parameters can be changed while it is PENDING only.", code="phase")
    start = word_of(sent.parameters, "PHASE", ("RUN",)) is not None
    new = _checked(services, sent.access, sent.parameters, partial=True)
    pairs = sent.pairs(new)
    whole = _bounded((*job.parameters, *pairs))
    _checked(services, sent.access, Parameters(whole), partial=True)
    with sent.tables(services, new, room) as tables:
        check_tables(new, tables, partial=True)
        _check_room(services, room, job, tables)
        uploads = _written(room, job.job_id, tables)
        job = room.store.add_parameters(job.job_id, pairs, uploads, quota_of(services.settings))
    if "RUNID" in sent.parameters:
        job = room.store.set_run_id(job.job_id, new.run_id)
    if start:
        begin(services, sent.access, room, job)


def _check_room(services: Services, room: JobRoom, job: Job, tables: Sequence[Table]) -> None:
    """Refuse tables that the payer may not keep, before they are: the job's other files stay when they are refused."""
    most = quota_of(services.settings).size
    more = sum(table.path.stat().st_size for table in tables)
    if most and more and room.store.usage(job.owner.payer).size + more > most:
        message = f"The tables have {more} bytes, and you may keep {most} in all. Delete jobs that you need no more."
        raise LimitError(message, code="quota", quota="size", most=most)


def begin(services: Services, access: Access, room: JobRoom, job: Job) -> None:
    """Let a job run that is PENDING, once all of it makes sense; blocks. Nothing happens to one that began.

    Raises
    ------
    ParameterError, NotFoundError, LimitError, UnavailableError
        It makes none, or names what the caller may not see.
    """
    if job.phase is not Phase.PENDING:
        return
    wanted = _checked(services, access, Parameters(job.parameters), partial=False)
    with contextlib.ExitStack() as stack:
        known = {upload.name: upload for upload in job.uploads}
        missing = [word.name for word in wanted.uploads if word.name not in known]
        if missing:
            raise ParameterError("UPLOAD", f"the table {missing[0]} did not come with the job.")
        folder = stack.enter_context(room.scratch.passing()) if wanted.uploads else Path()
        tables = [kept_table(room.results, known[word.name], folder) for word in wanted.uploads]
        check_tables(wanted, tables, partial=False)
    room.store.start(job.job_id)
    room.runner.queued(job.job_id)


def _checked(services: Services, access: Access, given: Parameters, *, partial: bool) -> SodaRequest:
    """What parameters mean; everything they name is there for the caller."""
    wanted = parse(given, authority=services.settings.vo_authority, sync=False, partial=partial)
    style = {name: given.one(name) for name in STYLE_NAMES}
    check_style({name: value for name, value in style.items() if value is not None})
    for obs_id in wanted.ids:
        services.holdings.observation(obs_id, access)
    return wanted


def _bounded(pairs: Pairs) -> Pairs:
    if sum(len(name) + len(value) for name, value in pairs) > MOST_TEXT:
        raise LimitError(f"The parameters of a job have at most {MOST_TEXT} characters: send a table of positions.")
    return pairs


@contextlib.contextmanager
def _stored(room: JobRoom, job_id: str, tables: Sequence[Table]) -> Iterator[list[Upload]]:
    """Keep tables under the id of a job that is about to be; nothing of them stays if it is not to be."""
    try:
        yield _written(room, job_id, tables)
    except BaseException:
        if tables:
            room.results.remove(job_id)
        raise


def _written(room: JobRoom, job_id: str, tables: Sequence[Table]) -> list[Upload]:
    found = []
    for table in tables:
        key = f"{job_id}/uploads/{table.name}"
        size = room.results.write(key, table.blocks())
        found.append(Upload(table.name, key, size, table.media_type))
    return found
