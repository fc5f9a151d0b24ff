"""The contract of a result store: bytes under keys ``{job_id}/{attempt}/{file}`` and ``{job_id}/uploads/{file}``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ResultStore(Protocol):
    """Files of jobs: a folder, or object storage. Conformance: ``testing/result_stores.py``.

    Keys are checked: no part is empty, ``.`` or ``..``, none holds a separator or a control character. Failures raise
    ``UnavailableError`` (code ``storage``; for a full disk or quota the message says so), without any path.
    """

    def write(self, key: str, parts: Iterable[bytes | memoryview]) -> int:
        """Keep bytes under a key, whole or not at all; how many they are.

        They survive the end of any process; uploads survive a loss of power as well.
        """

    def settle(self, job_id: str, attempt: str) -> None:
        """Let all that was written for an attempt survive a loss of power: once for thousands of files."""

    def size(self, key: str) -> int:
        """Bytes under a key; ``NotFoundError`` for none."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes from ``start`` to ``stop`` in blocks of up to 1 MiB; ``NotFoundError`` is raised at once."""

    def remove(self, job_id: str, attempt: str | None = None) -> None:
        """Remove all files of a job, or those of one attempt (``"uploads"`` for these); there need be none."""

    def jobs(self) -> Iterator[tuple[str, str]]:
        """``(job_id, attempt)`` of all that is kept, also what an ended process left half written.

        Folders whose names are not those of jobs (32 hexadecimal digits) and attempts are nobody's here.
        """

    def belongs_to(self, identity: str) -> bool:
        """Whether the place belongs to the job store of this identity; one that belongs to nobody becomes its.

        Only then may what is no job's be removed: it may be another store's else.
        """
