"""Keeps a number of worker processes running that accept on one socket.

Imports nothing that serves: no web server, no arrays. A worker is the program started anew, not a fork, and is told
its job through a socket pair. What is said on it are lines: the worker says ``ready``, or ``wrong WORDS`` for each
thing that is wrong and then ``failed WORDS``; it is told ``reload`` or ``stop``; and it ends when the supervisor is
gone, because the socket then does.
"""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

log = logging.getLogger(__name__)

GRACE_SECONDS = 1.0
HEALTHY_SECONDS = 10.0
LONGEST_PAUSE_S = 10.0
MOST_FAILURES = 5
LONGEST_LINE = 4096
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@dataclass(slots=True)
class Worker:
    """One worker: its process and what is known of it.

    Parameters
    ----------
    number
        From 1; a worker that takes the place of another has its number.
    """

    number: int
    process: subprocess.Popen[bytes] | None = None
    control: socket.socket | None = None
    heard: bytes = b""
    ready: bool = False
    since_s: float = 0.0
    failures: int = 0
    due_s: float = 0.0
    said: str = ""
    wrong: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """As log lines call it."""
        return f"worker {self.number}"


@dataclass(slots=True)
class Supervisor:
    """Starts workers, and others in their place when they die, until it is told to end.

    Parameters
    ----------
    count
        How many workers.
    command
        Command of a worker, to which the number of its end of the socket pair is added.
    job
        What a worker of a number is told first: one line of JSON.
    inherited
        Descriptors that workers inherit.
    on_ready
        Called once, when all are ready.
    on_lost
        Called with the number of a worker that has ended.
    """

    count: int
    command: Sequence[str]
    job: Callable[[int], str]
    inherited: Sequence[int]
    on_ready: Callable[[], None]
    on_lost: Callable[[int], None] = lambda _number: None
    workers: list[Worker] = field(init=False)
    status: int = 0
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _stopping: bool = False
    _announced: bool = False

    def __post_init__(self) -> None:
        self.workers = [Worker(number + 1) for number in range(self.count)]

    def run(self) -> int:
        """Serve until told to end.

        Returns
        -------
        0 when it was told to end, 1 when the workers cannot serve; why is on standard error.
        """
        with self._signals():
            try:
                while not self._stopping:
                    self._start_those_due()
                    self._wait(self._pause())
            finally:
                self._stop_all()
        return self.status

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Turn signals into bytes that the selector sees."""
        heard, written = socket.socketpair()
        heard.setblocking(False)  # noqa: FBT003
        written.setblocking(False)  # noqa: FBT003
        before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
        fd = signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False)
        self._selector.register(heard, selectors.EVENT_READ, None)
        try:
            yield
        finally:
            signal.set_wakeup_fd(fd)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._selector.unregister(heard)
            heard.close()
            written.close()

    def _pause(self) -> float | None:
        """Seconds until a worker is to be started; None when all run."""
        due = [worker.due_s for worker in self.workers if worker.process is None]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _start_those_due(self) -> None:
        for worker in self.workers:
            if worker.process is None and time.monotonic() >= worker.due_s:
                try:
                    self._start(worker)
                except OSError as error:
                    self._not_started(worker, error)

    def _not_started(self, worker: Worker, error: OSError) -> None:
        """The system has no memory or no number for a process now: those that run go on."""
        worker.failures += 1
        worker.due_s = time.monotonic() + _pause_after(worker.failures)
        words = f"{worker.name} cannot be started ({error.strerror or error})"
        if not self._announced and worker.failures >= MOST_FAILURES:
            self._give_up(f"{words}: giving up.")
        else:
            log.warning("%s: it is tried again in %.1f s", words, _pause_after(worker.failures))

    def _start(self, worker: Worker) -> None:
        ours, theirs = socket.socketpair()
        with theirs, contextlib.ExitStack() as undone:
            undone.callback(ours.close)
            worker.process = subprocess.Popen(  # noqa: S603 - this program
                [*self.command, str(theirs.fileno())],
                pass_fds=(*self.inherited, theirs.fileno()),
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
            undone.pop_all()
        worker.control, worker.heard, worker.ready, worker.said, worker.wrong = ours, b"", False, "", []
        worker.since_s = time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, worker)
        self._tell(worker, self.job(worker.number))

    def _wait(self, seconds: float | None) -> None:
        for key, _ in self._selector.select(seconds):
            if isinstance(key.data, Worker):
                self._hear(key.data)
            else:
                assert isinstance(key.fileobj, socket.socket)
                self._signalled(key.fileobj.recv(4096))

    def _signalled(self, numbers: bytes) -> None:
        if {signal.SIGINT, signal.SIGTERM} & set(numbers):
            self._stopping = True
        elif getattr(signal, "SIGHUP", 0) in numbers:
            for worker in self.workers:
                self._tell(worker, "reload")

    def _tell(self, worker: Worker, line: str) -> None:
        if worker.control is not None:
            with contextlib.suppress(OSError):
                worker.control.sendall(line.encode() + b"\n")

    def _hear(self, worker: Worker) -> None:
        assert worker.control is not None
        try:
            data = worker.control.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._lost(worker)
            return
        *lines, worker.heard = (worker.heard + data).split(b"\n")
        worker.heard = worker.heard[-LONGEST_LINE:]
        for line in lines:
            self._said(worker, line.decode("utf-8", "replace"))

    def _said(self, worker: Worker, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "wrong":
            worker.wrong.append(rest)
        elif word == "failed":
            worker.said = rest
            if not self._announced:
                self._give_up(*(worker.wrong or [rest]))
        elif word == "ready":
            worker.ready = True
            if not self._announced and all(known.ready for known in self.workers):
                self._announced = True
                self.on_ready()

    def _lost(self, worker: Worker) -> None:
        """Its end of the socket is closed: it has ended, or will at once."""
        how = self._reap(worker)
        self.on_lost(worker.number)
        lasted_s = time.monotonic() - worker.since_s
        healthy = worker.ready and lasted_s >= HEALTHY_SECONDS
        worker.failures = 0 if healthy else worker.failures + 1
        worker.due_s = time.monotonic() + _pause_after(worker.failures)
        was_ready, worker.ready = worker.ready, False
        if self._stopping:
            return
        hopeless = not self._announced or not any(known.ready for known in self.workers)
        if worker.failures >= MOST_FAILURES and hopeless and not was_ready:
            self._give_up(f"{worker.name} ended {worker.failures} times before it was ready ({how}): giving up.")
            return
        why = f"{how}: {worker.said}" if worker.said else how
        log.warning("%s ended (%s): another is started in %.1f s", worker.name, why, _pause_after(worker.failures))

    def _give_up(self, *lines: str) -> None:
        if not self._stopping:
            sys.stderr.writelines(f"armillary: {line}\n" for line in lines)
        self._stopping, self.status = True, 1

    def _reap(self, worker: Worker) -> str:
        """Wait for its end, and say how it came."""
        process, control = worker.process, worker.control
        assert process is not None
        assert control is not None
        self._selector.unregister(control)
        control.close()
        try:
            status = process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        worker.process = worker.control = None
        return f"status {status}" if status >= 0 else f"signal {_signal_name(-status)}"

    def _stop_all(self) -> None:
        """Let every worker finish what is under way, for a moment, then kill it."""
        self._stopping = True
        running = [worker for worker in self.workers if worker.process is not None]
        for worker in running:
            self._tell(worker, "stop")
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in running:
            assert worker.process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                worker.process.wait(max(0.0, deadline - time.monotonic()))
            worker.process.kill()
            self._reap(worker)


def _pause_after(failures: int) -> float:
    return 0.0 if failures == 0 else min(LONGEST_PAUSE_S, 0.1 * 2**failures)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def worker_command(module: str) -> list[str]:
    """Command that runs a module in the interpreter of this process, whatever lies in the working folder."""
    safe = ["-P"] if os.environ.get("PYTHONSAFEPATH") is None else []
    return [sys.executable, *safe, "-m", module]
