"""Names of the files of jobs: ``{job_id}/{attempt}/{file}`` and ``{job_id}/uploads/{file}``."""

from __future__ import annotations

import re
import secrets
from typing import NamedTuple

from armillary.errors import UsageError

UPLOADS = "uploads"
MOST_BYTES = 200
BLOCK_BYTES = 1 << 20
OWNER = ".armillary-jobs"
"""File in the place of results that names the job store they belong to."""
JOB = re.compile(r"[0-9a-f]{32}")
ATTEMPT = re.compile(rf"[0-9]{{1,18}}|{UPLOADS}")


class Key(NamedTuple):
    """A key in its parts."""

    job_id: str
    attempt: str
    file: str


def checked(key: str) -> Key:
    """The parts of a key.

    Raises
    ------
    UsageError
        It has not three parts, or one of them is empty, begins with a dot, is too long, or holds a separator or a
        character that cannot be shown.
    """
    parts = key.split("/")
    if len(parts) != 3 or not all(map(is_name, parts)):
        raise UsageError("This is no name of a file of a job.", code="key")
    return Key(*parts)


def is_name(text: str) -> bool:
    """Whether a text may be a part of a key. Names with a dot in front are those of files half written."""
    fits = text.isprintable() and len(text.encode(errors="replace")) <= MOST_BYTES
    return fits and bool(text) and not text.startswith(".") and not set(text) & set("/\\:")


def check_folder(job_id: str, attempt: str | None) -> None:
    """See that a job and an attempt may be parts of a key; ``UsageError`` else."""
    checked(f"{job_id}/{attempt or UPLOADS}/file")


def is_ours(job_id: str, attempt: str) -> bool:
    """Whether a folder has the name that an attempt of a job has: what else lies there is left alone."""
    return JOB.fullmatch(job_id) is not None and ATTEMPT.fullmatch(attempt) is not None


def part_name() -> str:
    """A name for a file until it is whole."""
    return f".{secrets.token_hex(8)}.part"
