"""A bell for processes on many machines: LISTEN and NOTIFY of PostgreSQL."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from armillary.jobs.bells import CLOSE_S, Listeners
from armillary.jobs.database import driver_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

log = logging.getLogger(__name__)

CHANNEL = "armillary_jobs"
MOST_WAITING = 100_000
AT_ONCE = 1000
AGAIN_S = 1.0
LONGEST_AGAIN_S = 30.0
PROOF_S = 30.0
CONNECT = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


class PostgresqlBell:
    """Rings are sent by one thread and heard by another, each over a connection of its own that is made again when cut.

    Parameters
    ----------
    address
        Of the store.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._listeners = Listeners()
        self._lock = threading.Lock()
        self._closed = False
        self._sender: tuple[int, _Sender] | None = None
        self._ear: tuple[int, _Ear] | None = None

    def ring(self, *topics: str) -> None:
        """Say that something changed."""
        known = self._sender
        if known is None or known[0] != os.getpid():
            with self._lock:
                if self._closed:
                    return
                known = self._sender
                if known is None or known[0] != os.getpid():
                    known = self._sender = os.getpid(), _Sender(self._address)
        known[1].put(topics)

    def listen(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard`` for every ring of any process; what is returned ends that."""
        key = self._listeners.add(heard)
        with self._lock:
            if self._ear is None or self._ear[0] != os.getpid():
                self._ear = os.getpid(), _Ear(self._address, self._listeners)
        return lambda: self._listeners.remove(key)

    def close(self) -> None:
        """Send what is still to be said, stop listening."""
        with self._lock:
            self._closed = True
            sender, self._sender = self._sender, None
            ear, self._ear = self._ear, None
        for known in (sender, ear):
            if known is not None and known[0] == os.getpid():
                known[1].close()


def _connect(address: str) -> Any:
    import psycopg

    return psycopg.connect(**{**CONNECT, **driver_address(address)}, autocommit=True)


class _Sender:
    """Sends rings as fast as the database takes them; those that wait meanwhile go together, each topic once."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._topics: deque[str] = deque(maxlen=MOST_WAITING)
        self._some = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="jobs-bell-sender", daemon=True)
        self._thread.start()

    def put(self, topics: Iterable[str]) -> None:
        """Some more to send."""
        self._topics.extend(topics)
        self._some.set()

    def _run(self) -> None:
        connection: Any = None
        again_s = AGAIN_S
        while not (self._ended.is_set() and not self._topics):
            self._some.wait()
            self._some.clear()
            try:
                while topics := self._taken():
                    if connection is None:
                        connection = _connect(self._address)
                    query = "SELECT pg_notify(%s, topic) FROM unnest(%s::text[]) AS topic"
                    connection.execute(query, (CHANNEL, topics))
                again_s = AGAIN_S
            except Exception as error:  # noqa: BLE001 - whatever the driver or the network had
                log.warning("jobs: the database heard no bell (%s)", type(error).__name__)
                _close(connection)
                connection = None
                # What was lost is seen by the slow looks; what comes now is tried with a new connection.
                if self._ended.wait(again_s):
                    break
                again_s = min(2 * again_s, LONGEST_AGAIN_S)
        _close(connection)

    def _taken(self) -> list[str]:
        topics: dict[str, None] = {}
        while self._topics and len(topics) < AT_ONCE:
            topics[self._topics.popleft()] = None
        return list(topics)

    def close(self) -> None:
        """Send the rest and end."""
        self._ended.set()
        self._some.set()
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)


class _Ear:
    """Listens; connects anew when cut."""

    def __init__(self, address: str, listeners: Listeners) -> None:
        self._address = address
        self._listeners = listeners
        self._ended = threading.Event()
        self._wake_in, self._wake_out = os.pipe()
        self._thread = threading.Thread(target=self._run, name="jobs-bell", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        again_s = AGAIN_S
        while not self._ended.is_set():
            connection: Any = None
            try:
                connection = _connect(self._address)
                connection.execute(f"LISTEN {CHANNEL}")
                again_s = AGAIN_S
                self._hear(connection)
            except Exception as error:  # noqa: BLE001 - whatever the driver or the network had
                log.warning("jobs: no bell is heard from the database (%s)", type(error).__name__)
            _close(connection)
            if self._ended.wait(again_s):
                break
            again_s = min(2 * again_s, LONGEST_AGAIN_S)
        os.close(self._wake_in)
        os.close(self._wake_out)

    def _hear(self, connection: Any) -> None:
        while not self._ended.is_set():
            ready, _, _ = select.select([connection.fileno(), self._wake_in], [], [], PROOF_S)
            if not ready:
                # A connection that was cut silently is found out.
                connection.execute("SELECT 1")
            self._listeners.tell([notice.payload for notice in connection.notifies(timeout=0)])

    def close(self) -> None:
        """End the thread."""
        if not self._ended.is_set():
            self._ended.set()
            with contextlib.suppress(OSError):
                os.write(self._wake_out, b"e")
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_S)


def _close(connection: Any) -> None:
    if connection is not None:
        with contextlib.suppress(Exception):
            connection.close()
