"""What the forms of UWS read of a job. ``jobs/model.py`` says what each is; the rooms do not know each other."""

# ruff: noqa: D102 - the meaning of each is said where it is made

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class Named(Protocol):
    """Whose a job is."""

    @property
    def name(self) -> str: ...


class Upload(Protocol):
    """A table that came with a job."""

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


class Result(Protocol):
    """A result."""

    @property
    def result_id(self) -> str: ...

    @property
    def size(self) -> int: ...

    @property
    def media_type(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def empty(self) -> bool: ...


class JobError(Protocol):
    """Why a job failed."""

    @property
    def message(self) -> str: ...

    @property
    def transient(self) -> bool: ...

    @property
    def code(self) -> str: ...


class Progress(Protocol):
    """How far a job is."""

    @property
    def done(self) -> int: ...

    @property
    def total(self) -> int: ...


class JobLine(Protocol):
    """A job in a list."""

    @property
    def job_id(self) -> str: ...

    @property
    def phase(self) -> str: ...

    @property
    def owner_name(self) -> str: ...

    @property
    def run_id(self) -> str: ...

    @property
    def created(self) -> datetime: ...


class Job(Protocol):
    """A job."""

    @property
    def job_id(self) -> str: ...

    @property
    def owner(self) -> Named: ...

    @property
    def phase(self) -> str: ...

    @property
    def created(self) -> datetime: ...

    @property
    def destruction(self) -> datetime: ...

    @property
    def duration_s(self) -> int: ...

    @property
    def parameters(self) -> Sequence[tuple[str, str]]: ...

    @property
    def uploads(self) -> Sequence[Upload]: ...

    @property
    def run_id(self) -> str: ...

    @property
    def revision(self) -> int: ...

    @property
    def quote(self) -> datetime | None: ...

    @property
    def started(self) -> datetime | None: ...

    @property
    def ended(self) -> datetime | None: ...

    @property
    def progress(self) -> Progress: ...

    @property
    def results(self) -> Sequence[Result]: ...

    @property
    def error(self) -> JobError | None: ...
