"""Bells: within a process, and between the processes of one machine by named pipes."""

from __future__ import annotations

import collections
import contextlib
import errno
import logging
import os
import queue
import secrets
import select
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.storage.databases import sqlite_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from armillary.jobs.bell import Bell

log = logging.getLogger(__name__)

PIPE_BYTES = 1 << 20
LONGEST_TOPIC = 200
WHOLE_LINES = 20
"""Lines that are written at once: up to ``PIPE_BUF`` bytes, 4096 on Linux and at least 512, are never mixed or cut."""
LOOK_MS = 2000
REST_S = 0.005
MOST_WAITING = 10_000
CLOSE_S = 5.0
HIDDEN = "."


def open_bell(address: str) -> Bell:
    """The bell that belongs to a store; nothing is made before somebody listens.

    Parameters
    ----------
    address
        Of the store: pipes lie beside a file of SQLite, PostgreSQL rings itself.
    """
    file = sqlite_file(address)
    if file is None:
        from armillary.jobs.postgresql_bell import PostgresqlBell

        return PostgresqlBell(address)
    if not hasattr(os, "mkfifo"):
        return LocalBell()
    return PipeBell(file.with_name(file.name + ".bells"), file)


class Listeners:
    """Who is to be told, and telling them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[object, Callable[[str], None]] = {}

    def add(self, heard: Callable[[str], None]) -> object:
        """One more; what is returned takes it away again."""
        key = object()
        with self._lock:
            self._listeners[key] = heard
        return key

    def remove(self, key: object) -> None:
        """One less."""
        with self._lock:
            self._listeners.pop(key, None)

    def __len__(self) -> int:
        return len(self._listeners)

    def tell(self, topics: Iterable[str]) -> None:
        """Tell everybody each topic once; a listener that fails keeps none of the others from hearing."""
        with self._lock:
            listeners = list(self._listeners.values())
        for topic in dict.fromkeys(topics):
            for heard in listeners:
                try:
                    heard(topic)
                except Exception:
                    log.exception("jobs: who listens to a bell failed")


class LocalBell:
    """A bell within one process."""

    def __init__(self) -> None:
        self._listeners = Listeners()
        self._lock = threading.Lock()
        self._topics: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def ring(self, *topics: str) -> None:
        """Say that something changed."""
        if self._listeners and self._thread is not None:
            for topic in topics:
                self._topics.put(topic)

    def listen(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard`` for every ring; what is returned ends that."""
        key = self._listeners.add(heard)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jobs-bell", daemon=True)
                self._thread.start()
        return lambda: self._listeners.remove(key)

    def _run(self) -> None:
        while (topic := self._topics.get()) is not None:
            self._listeners.tell([topic])

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._topics.put(None)
            if thread is not threading.current_thread():
                thread.join(CLOSE_S)


class PipeBell:
    """A bell for the processes of one user on one machine: who listens has a named pipe in a private folder.

    A pipe takes thousands of rings before one is lost, where sockets for datagrams take ten on many systems; its path
    may be of any length; and one that nobody reads any more is known by that, and removed.

    Parameters
    ----------
    folder
        Where the pipes are; made when somebody listens.
    beside
        The file that the folder lies beside: before this is there, nothing is made.
    """

    def __init__(self, folder: Path, beside: Path | None = None) -> None:
        self._folder = folder
        self._beside = beside
        self._listeners = Listeners()
        self._lock = threading.Lock()
        self._ear: tuple[int, _Ear] | None = None

    def ring(self, *topics: str) -> None:
        """Say that something changed, to all pipes; a full one loses it."""
        known = self._ear
        if known is not None and known[0] == os.getpid():
            # The very first job of all: the pipe could not be made before.
            known[1].open()
            if known[1].failed:
                known[1].put(topics)
        lines = [topic.encode(errors="replace")[:LONGEST_TOPIC] + b"\n" for topic in topics]
        try:
            with os.scandir(self._folder) as entries:
                pipes = [entry.path for entry in entries if not entry.name.startswith(HIDDEN)]
        except OSError:
            return
        for pipe in pipes:
            _send(pipe, lines)

    def listen(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard`` for every ring of any process; what is returned ends that."""
        key = self._listeners.add(heard)
        with self._lock:
            if self._ear is None or self._ear[0] != os.getpid():
                self._ear = os.getpid(), _Ear(self._folder, self._beside, self._listeners)
        return lambda: self._listeners.remove(key)

    def close(self) -> None:
        """Stop listening, and remove the pipe."""
        with self._lock:
            known, self._ear = self._ear, None
        if known is not None and known[0] == os.getpid():
            known[1].close()


def _send(pipe: str, lines: list[bytes]) -> None:
    try:
        descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.ENXIO:
            # Nobody has it open to read: its process ended.
            with contextlib.suppress(OSError):
                Path(pipe).unlink()
        return
    try:
        if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
            for start in range(0, len(lines), WHOLE_LINES):
                os.write(descriptor, b"".join(lines[start : start + WHOLE_LINES]))
    except OSError:
        # Full, or closed this moment: a ring may be lost.
        return
    finally:
        os.close(descriptor)


class _Ear:
    """The pipe of this process and the thread that reads it."""

    def __init__(self, folder: Path, beside: Path | None, listeners: Listeners) -> None:
        self._folder = folder
        self._beside = beside
        self._listeners = listeners
        self._lock = threading.Lock()
        self._pipe: Path | None = None
        self._descriptor = -1
        self._closing = threading.Event()
        self.failed = False
        self._wake_in, self._wake_out = os.pipe()
        self._topics: collections.deque[str] = collections.deque(maxlen=MOST_WAITING)
        self.open()
        self._thread = threading.Thread(target=self._run, name="jobs-bell", daemon=True)
        self._thread.start()

    def open(self) -> None:
        """Make the pipe, if it is time and not made yet."""
        if self._descriptor >= 0 or self.failed or self._closing.is_set():
            return
        with self._lock:
            if self._descriptor >= 0 or self._closing.is_set():
                return
            if self._beside is not None and not self._beside.exists():
                return
            try:
                self._descriptor, self._pipe = _make_pipe(self._folder)
            except OSError as error:
                self.failed = True
                log.warning("jobs: no bell here (%s): other processes see changes some seconds late", error.strerror)
                return
            os.write(self._wake_out, b"o")

    def put(self, topics: Iterable[str]) -> None:
        """Where no pipe can be made, at least this process hears itself."""
        self._topics.extend(topics)
        with self._lock:
            if not self._closing.is_set():
                os.write(self._wake_out, b"r")

    def _run(self) -> None:
        rest = b""
        while not self._closing.is_set():
            ready = self._wait()
            if self._wake_in in ready:
                os.read(self._wake_in, 4096)
                self._listeners.tell(self._taken())
            if self._descriptor in ready:
                rest = self._hear(rest)
                # Rings come by the thousand: those of the next moment are heard together.
                self._closing.wait(REST_S)
        with self._lock:
            for descriptor in (self._descriptor, self._wake_in, self._wake_out):
                if descriptor >= 0:
                    os.close(descriptor)
            self._descriptor = -1
            if self._pipe is not None:
                with contextlib.suppress(OSError):
                    self._pipe.unlink()

    def _wait(self) -> set[int]:
        poll = select.poll()
        poll.register(self._wake_in, select.POLLIN)
        waits_for_file = self._descriptor < 0 and not self.failed
        if self._descriptor >= 0:
            poll.register(self._descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(LOOK_MS if waits_for_file else None)}
        if not ready:
            self.open()
        return ready

    def _taken(self) -> Iterator[str]:
        while self._topics:
            yield self._topics.popleft()

    def _hear(self, rest: bytes) -> bytes:
        try:
            data = rest + os.read(self._descriptor, PIPE_BYTES)
        except BlockingIOError:
            return rest
        *lines, rest = data.split(b"\n")
        self._listeners.tell(line.decode(errors="replace") for line in lines)
        return rest

    def close(self) -> None:
        """End the thread, remove the pipe."""
        with self._lock:
            if self._closing.is_set():
                return
            self._closing.set()
            os.write(self._wake_out, b"e")
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)


def _make_pipe(folder: Path) -> tuple[int, Path]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pipe = folder / f"{os.getpid()}-{secrets.token_hex(6)}"
    hidden = pipe.with_name(HIDDEN + pipe.name)
    os.mkfifo(hidden, 0o600)
    # Opened to write as well: it never reads as ended, whoever comes and goes. Open, it gets the name that is rung.
    descriptor = os.open(hidden, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    hidden.rename(pipe)
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import fcntl

        fcntl.fcntl(descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return descriptor, pipe
