"""Work for tests of runners: each job says in its parameters what it is to do."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError, UnavailableError, UsageError
from armillary.jobs.crew_plan import CrewPlan
from armillary.jobs.model import Progress
from armillary.jobs.store import Quota

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.jobs.model import Job
    from armillary.jobs.work import Desk, Work

MEMORY_MIB = 600
ROOM_BYTES = 16 << 20
BLOCK = 1 << 16


def toy_plan(**changes: Any) -> CrewPlan:
    """A plan for this work, impatient as tests are; a payer may keep ``ROOM_BYTES``."""
    words: dict[str, Any] = {
        "work": f"{__name__}:make_toy",
        "scene": {},
        "workers": 2,
        "memory_mib": MEMORY_MIB,
        "most_attempts": 2,
        "quota": Quota(size=ROOM_BYTES),
        "beat_s": 0.2,
        "look_s": 1.0,
        "alive_s": 0.2,
        "silence_s": 6.0,
    }
    return CrewPlan(**(words | changes))


def make_toy(scene: dict[str, Any]) -> Work:
    """A work that does what the parameters of a job say, in their order."""
    if scene.get("broken"):
        raise ConfigurationError("The scene is broken.")
    time.sleep(scene.get("opens_s", 0))
    verbs: dict[str, Callable[[str, Desk], object]] = {
        "keep": _keep,
        "bytes": _bytes,
        "copy": _copy,
        "tell": _tell,
        "sleep": lambda value, _: time.sleep(float(value)),
        "until": _until,
        "note": _note,
        "usage": lambda value, _: _fail(UsageError(value)),
        "unavailable": lambda value, _: _fail(UnavailableError(value)),
        "mistake": lambda value, _: _fail(RuntimeError(value)),
        "memory": lambda value, _: bytes(int(value) << 20),
        "signal": _signal,
        "die_once": _die_once,
        "exit": lambda value, _: sys.exit(int(value)),
        "spawn": _spawn,
        "hold": _hold,
        "litter": lambda value, _: (Path(tempfile.gettempdir()) / value).touch(),
    }

    def work(job: Job, desk: Desk) -> None:
        for name, value in job.parameters:
            verbs[name](value, desk)

    return work


def _keep(value: str, desk: Desk) -> None:
    """``ID=TEXT``: a result of a few bytes."""
    result_id, _, text = value.partition("=")
    desk.keep(result_id, f"{result_id}.txt", "text/plain", [text.encode()])


def _bytes(value: str, desk: Desk) -> None:
    """``ID=COUNT``: a result of many bytes."""
    result_id, _, count = value.partition("=")
    desk.keep(result_id, f"{result_id}.bin", "application/octet-stream", _blocks(int(count)))


def _blocks(count: int) -> Iterator[bytes]:
    while count > 0:
        yield bytes(min(count, BLOCK))
        count -= BLOCK


def _copy(value: str, desk: Desk) -> None:
    """An upload as a result."""
    desk.keep(f"copy-{value}", f"../{value}\n", "text/plain", desk.upload(value))


def _tell(value: str, desk: Desk) -> None:
    done, _, total = value.partition("/")
    desk.tell(Progress(int(done), int(total)))


def _until(value: str, desk: Desk) -> None:
    """Wait until a file is there."""
    del desk
    while not Path(value).exists():
        time.sleep(0.01)


def _note(value: str, desk: Desk) -> None:
    """Add the process to a file."""
    del desk
    with Path(value).open("a", encoding="ascii") as file:
        file.write(f"{os.getpid()}\n")


def _fail(error: Exception) -> None:
    raise error


def _signal(value: str, desk: Desk) -> None:
    del desk
    os.kill(os.getpid(), signal.Signals[value])
    time.sleep(60)


def _die_once(value: str, desk: Desk) -> None:
    """End without a word, unless a file is there already, which is made."""
    if not Path(value).exists():
        _note(value, desk)
        os._exit(3)


def _spawn(value: str, desk: Desk) -> None:
    """Start a process, and add it to a file."""
    del desk
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with Path(value).open("a", encoding="ascii") as file:
        file.write(f"{child.pid}\n")


def _hold(value: str, desk: Desk) -> None:
    """Sleep in C without letting go of the interpreter's lock."""
    del desk
    ctypes.PyDLL(None).usleep(ctypes.c_uint(int(float(value) * 1e6)))
