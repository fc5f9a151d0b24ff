"""Bounds that a child of a crew puts on itself: it dies with its parent, takes bounded memory, and never hangs mute."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import IO

PR_SET_PDEATHSIG = 1
OUT_OF_MEMORY = "It needs more memory than a job may take here ({mib} MiB): ask for less at once."


def die_with(parent: int) -> None:
    """Be killed when the thread that started this process ends, on Linux; elsewhere the end of the socket tells.

    Parameters
    ----------
    parent
        Id of that process; where it is gone already, this one ends at once.
    """
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def limit_memory(mib: int) -> None:
    """Let allocations beyond a bound fail with MemoryError; mappings of files do not count. 0 for no bound.

    ``RLIMIT_DATA`` counts private writable memory since Linux 4.7 (``getrlimit(2)``).
    """
    if not mib:
        return
    try:
        import resource
    except ImportError:
        return
    with contextlib.suppress(ValueError, OSError):
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        bound = mib << 20 if hard == resource.RLIM_INFINITY else min(mib << 20, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (bound, bound))


def step_back(by: int) -> None:
    """Let other processes go first where there are not cores enough for all (``nice(2)``, ``sched(7)``).

    On Linux it is scheduled as a batch besides: nobody who wakes up waits for it to finish its slice. ``SCHED_IDLE``
    would get nothing at all on a busy machine, and would be taken for dead.
    """
    if by and hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(by)
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def end_group() -> None:
    """End this process and what it started, at once."""
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


class Mute:
    """Ends the process when nobody calls ``again`` for a while: also while foreign code holds the interpreter's lock.

    Parameters
    ----------
    seconds
        How long.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # Kept open: the descriptor is used in a thread that knows nothing of Python.
        self._nowhere: IO[str] = open(os.devnull, "w", encoding="ascii")  # noqa: SIM115, PTH123

    def again(self) -> None:
        """Count from now."""
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._nowhere)
