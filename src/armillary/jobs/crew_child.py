"""A child process of a crew as its manager sees it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from armillary.jobs.crew_wire import BLOCK_BYTES, Lines, Setup, WireError, job_words, line

if TYPE_CHECKING:
    from armillary.jobs.model import Job

END_S = 10.0
SETTLE_S = 1.0
SEND_S = 10.0


def command() -> list[str]:
    """Command of a child in the interpreter of this process, whatever lies in the working folder."""
    safe = ["-P"] if os.environ.get("PYTHONSAFEPATH") is None else []
    return [sys.executable, *safe, "-m", "armillary.jobs.child"]


class ChildProcess:
    """A child in a session of its own.

    To be made by a thread that lives as long as the child may: on Linux the child is killed when that thread ends.

    Parameters
    ----------
    setup
        What it hears first.
    scratch
        Its folder for temporary files; empty for the system's.

    Raises
    ------
    OSError
        The system has no memory or no number for it.
    """

    def __init__(self, setup: Setup, scratch: str = "") -> None:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undone:
            undone.callback(ours.close)
            self._process = subprocess.Popen(  # noqa: S603 - this program
                [*command(), str(theirs.fileno()), str(os.getpid())],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                env={**os.environ, "TMPDIR": scratch} if scratch else None,
            )
            undone.pop_all()
        self._lines = Lines()
        self.control = ours
        self.ready = False
        self.ended = False
        self.heard_s = time.monotonic()
        self._send(setup=asdict(setup))

    @property
    def pid(self) -> int:
        """Its process id, and that of its group."""
        return self._process.pid

    def do(self, job: Job, room: int | None) -> None:
        """Give it a job."""
        self._send(job=job_words(job), room=room)

    def hear(self) -> list[dict[str, Any]]:
        """Messages that have come, without waiting; ``ended`` says that no more will."""
        messages: list[dict[str, Any]] = []
        self.heard_s = time.monotonic()
        try:
            while data := self.control.recv(BLOCK_BYTES):
                messages += self._lines.feed(data)
        except BlockingIOError:
            return messages
        except (OSError, WireError):
            pass
        self.ended = True
        return messages

    def kill(self) -> str:
        """End it and all that it started, and say how it had ended: of its own, or by us."""
        if self.ended:
            self._settle()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()
        self.control.close()
        try:
            status = self._process.wait(END_S)
        except subprocess.TimeoutExpired:  # In a call to a file system that hangs; it ends when that does.
            return "it does not end"
        return f"status {status}" if status >= 0 else f"signal {_signal_name(-status)}"

    def _settle(self) -> None:
        """Let a process that ends by itself do so; it is not reaped, so that its group keeps its number."""
        deadline = time.monotonic() + SETTLE_S
        while hasattr(os, "waitid") and time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is not None:
                    return
            time.sleep(0.005)

    def _send(self, **message: Any) -> None:
        try:
            self.control.settimeout(SEND_S)
            self.control.sendall(line(**message))
            self.control.setblocking(False)  # noqa: FBT003 - its only parameter
        except OSError:
            self.ended = True


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
