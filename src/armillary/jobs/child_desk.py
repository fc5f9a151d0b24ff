"""The desk of a job in a child: results go straight into the result store, words to the manager."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from armillary.errors import LimitError, NotFoundError
from armillary.jobs.crew_wire import NO_ROOM, line
from armillary.jobs.model import Progress, Result

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterable, Iterator

    from armillary.jobs.model import Job
    from armillary.jobs.results import ResultStore

TELL_S = 0.2
MOST_UNTOLD = 500
LONGEST_NAME = 100


class Voice:
    """Says things to the manager from several threads."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lock = threading.Lock()

    def say(self, word: str, **more: Any) -> None:
        """Send one message."""
        data = line(say=word, **more)
        with self._lock:
            self._control.sendall(data)


def safe_name(name: str) -> str:
    """A file name of letters, digits, ``.``, ``_``, ``-`` and ``+``, which no system and no archive minds.

    Long ones lose what is before their end, where the suffix is.
    """
    made = re.sub(r"[^A-Za-z0-9._+-]+", "_", name).lstrip(".-")
    return made[-LONGEST_NAME:].lstrip(".-") or "result"


class ChildDesk:
    """A ``Desk`` for one attempt.

    Parameters
    ----------
    job
        Whose it is; ``attempt`` names the folder of its results.
    results
        Where they go.
    voice
        To the manager.
    room
        Bytes that the owner may still keep; None for no bound.
    """

    def __init__(self, job: Job, results: ResultStore, voice: Voice, room: int | None = None) -> None:
        self._job = job
        self._results = results
        self._voice = voice
        self._room = room
        self._used = 0
        self._ids: set[str] = set()
        self._untold: list[dict[str, Any]] = []
        self._progress: Progress | None = None
        # What is over soon is told with the end.
        self._told_s = time.monotonic()

    def upload(self, name: str) -> Iterator[bytes]:
        """Bytes of an upload; ``NotFoundError`` for none of that name."""
        for upload in self._job.uploads:
            if upload.name == name:
                return self._results.read(upload.key)
        raise NotFoundError("The job has no such upload.")

    def keep(
        self, result_id: str, name: str, media_type: str, parts: Iterable[bytes | memoryview], *, empty: bool = False
    ) -> Result:
        """Keep a result; see ``Desk``."""
        if safe_name(result_id) != result_id or result_id in self._ids:
            raise ValueError(f"not an id of a new result: {result_id!r}")
        key = f"{self._job.job_id}/{self._job.attempt}/{result_id}"
        used = self._used
        try:
            size = self._results.write(key, self._counted(parts))
        except BaseException:
            self._used = used
            raise
        self._ids.add(result_id)
        result = Result(result_id, key, size, media_type, safe_name(name), empty)
        self._untold.append(asdict(result))
        self._tell_now_and_then()
        return result

    def again(self, result: Result) -> Iterator[bytes]:
        """Bytes of a result that was kept."""
        return self._results.read(result.key)

    def tell(self, progress: Progress) -> None:
        """Say how far the job is."""
        self._progress = progress
        self._tell_now_and_then()

    def settle(self) -> None:
        """What was kept stays, also at a loss of power. Raises ``UnavailableError`` where it does not."""
        if self._ids:
            self._results.settle(self._job.job_id, str(self._job.attempt))

    def flush(self) -> None:
        """Say what was not said yet."""
        self._voice.say("came", **self.untold())

    def untold(self) -> dict[str, Any]:
        """What was not said yet; it is then taken for said."""
        self._told_s = time.monotonic()
        progress = None if self._progress is None else asdict(self._progress)
        words = {"results": self._untold, "progress": progress}
        self._untold, self._progress = [], None
        return words

    def _tell_now_and_then(self) -> None:
        if time.monotonic() - self._told_s >= TELL_S or len(self._untold) >= MOST_UNTOLD:
            self.flush()

    def _counted(self, parts: Iterable[bytes | memoryview]) -> Iterator[bytes | memoryview]:
        for part in parts:
            self._used += memoryview(part).nbytes
            if self._room is not None and self._used > self._room:
                raise LimitError(NO_ROOM)
            yield part
