"""Tiles shared through memcached. What it does or does not do never fails a request.

A request that asks waits at most the timeout, once: the first failure takes the server out of use, and a thread of our
own, not a request, looks for it again. Values are sent by the same thread.
"""

from __future__ import annotations

import contextlib
import logging
import queue
import threading
import time
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError
from armillary.server.memcached_server import MemcachedServer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.server.settings import Settings

log = logging.getLogger(__name__)

MOST_WAITING_BYTES = 64 << 20
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
DEFAULT_PORT = 11211


def server_address(text: str) -> tuple[str, int] | str:
    """Where a server listens: ``host:port``, ``host``, ``[address]:port`` or the path of a Unix socket.

    Raises
    ------
    ConfigurationError
        It is none of these.
    """
    if text.startswith("/"):
        return text
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    if not colon:
        host, port = text, str(DEFAULT_PORT)
    bare = host.removeprefix("[").removesuffix("]")
    if not bare or (":" in bare and not host.startswith("[")) or not port.isascii() or not port.isdigit():
        raise ConfigurationError(f"memcached: {text!r} is neither host:port nor the path of a socket.")
    if not 0 < int(port) < 1 << 16:
        raise ConfigurationError(f"memcached: {text!r} has no port from 1 to 65535.")
    return bare, int(port)


@dataclass(slots=True)
class _Outlook:
    """When a server that does not answer is looked for again."""

    due_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    told: bool = False


@dataclass(slots=True)
class _Counted:
    """Bytes that wait to be sent."""

    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, count: int) -> bool:
        """Whether there is room for ``count`` more, which are then counted."""
        with self.lock:
            if self.bytes + count > MOST_WAITING_BYTES:
                return False
            self.bytes += count
            return True

    def remove(self, count: int) -> None:
        """That many were sent or given up."""
        with self.lock:
            self.bytes -= count


class Memcached:
    """A ``SharedCache`` of one memcached server or several.

    Parameters
    ----------
    addresses
        Of the servers, as ``server_address`` gives them. A key belongs to one of them.
    timeout_s
        Seconds that a request may wait for an answer.
    """

    def __init__(self, addresses: Sequence[tuple[str, int] | str], timeout_s: float) -> None:
        self._servers = [MemcachedServer(address, timeout_s) for address in addresses]
        self._outlooks = {id(server): _Outlook() for server in self._servers}
        self._waiting: queue.SimpleQueue[tuple[MemcachedServer, str, bytes] | None] = queue.SimpleQueue()
        self._size = _Counted()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="memcached", daemon=True)
        self._thread.start()

    @property
    def usable(self) -> bool:
        """Whether every server answers now."""
        return all(server.usable for server in self._servers)

    def _server(self, key: str) -> MemcachedServer:
        return self._servers[zlib.crc32(key.encode()) % len(self._servers)]

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``, None where nothing is or the server does not answer in time."""
        server = self._server(key)
        if self._closed or not server.usable:
            return None
        found = server.get(key)
        if not self.usable:
            self._waiting.put(None)  # The thread is to look for it again.
        return found

    def put(self, key: str, value: bytes) -> None:
        """Have ``value`` sent; too much at once, too large, or with no server, it is left out."""
        server = self._server(key)
        if not self._closed and server.takes(len(value)) and self._size.add(len(value)):
            self._waiting.put((server, key, value))

    def settle(self, seconds: float) -> bool:
        """Wait until nothing waits to be sent."""
        deadline = time.monotonic() + seconds
        while self._size.bytes and time.monotonic() < deadline:
            time.sleep(0.005)
        return not self._size.bytes

    def close(self) -> None:
        """Stop the thread and close the connections."""
        self._closed = True
        self._waiting.put(None)
        self._thread.join(1.0)
        for server in self._servers:
            server.close()

    def _work(self) -> None:
        while not self._closed:
            self._look()
            try:
                entry = self._waiting.get(timeout=None if self.usable else FIRST_PAUSE_S / 2)
            except queue.Empty:
                continue
            if entry is not None:
                server, key, value = entry
                with contextlib.suppress(Exception):
                    server.put(key, value)
                self._size.remove(len(value))

    def _look(self) -> None:
        """Look again for servers that do not answer, each when its time has come."""
        now = time.monotonic()
        for server in self._servers:
            outlook = self._outlooks[id(server)]
            if server.usable or now < outlook.due_s:
                continue
            if server.probe():
                if outlook.told:
                    log.warning("memcached %s answers again", server.name)
                self._outlooks[id(server)] = _Outlook()
                continue
            if not outlook.told:
                log.warning("memcached %s does not answer: tiles are made without it (%s)", server.name, server.reason)
            outlook.told = True
            outlook.due_s = time.monotonic() + outlook.pause_s
            outlook.pause_s = min(LONGEST_PAUSE_S, outlook.pause_s * 2)


def make_shared_cache(settings: Settings) -> Any:
    """The cache that the settings name; None where they name none.

    Raises
    ------
    ConfigurationError
        An address is wrong, or the package is missing.
    """
    if not settings.memcached:
        return None
    addresses = [server_address(text) for text in settings.memcached]
    try:
        import pymemcache  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        raise ConfigurationError("memcached: needs the package pymemcache: pip install 'armillary[cluster]'.") from None
    return Memcached(addresses, settings.memcached_timeout / 1000)
