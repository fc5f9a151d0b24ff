"""One memcached server: a pool of connections whose every operation has a deadline."""

from __future__ import annotations

import socket
import threading
import time
from typing import Any

RECEIVE_BYTES = 1 << 18
ITEM_BYTES = 1 << 20
"""Memcached's limit of an item, until the server said its own."""
OVERHEAD_BYTES = 512
"""What key and bookkeeping take of that limit; a little too much, so that nothing is sent to be refused."""

_deadline = threading.local()


class _Socket(socket.socket):
    """A socket that gives up when the time of this thread's operation is over, however often it is asked."""

    def _hurry(self) -> None:
        left = getattr(_deadline, "at", 0.0) - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        super().settimeout(left)

    def connect(self, address: Any) -> None:
        self._hurry()
        super().connect(address)

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._hurry()
        return super().recv(max(size, RECEIVE_BYTES), flags)

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._hurry()
        super().sendall(data, flags)


class _Sockets:
    """Module ``socket`` with our sockets, as the client library takes it."""

    socket = _Socket

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)


class MemcachedServer:
    """One server. ``get`` and ``put`` never raise; after a failure they do nothing until ``probe`` succeeds.

    Parameters
    ----------
    address
        Host and port, or the path of a Unix socket.
    timeout_s
        Seconds that an operation may take.
    """

    def __init__(self, address: tuple[str, int] | str, timeout_s: float) -> None:
        self.address = address
        self.name = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        self.usable = False
        self.reason = ""
        self._timeout_s = timeout_s
        self._most = ITEM_BYTES - OVERHEAD_BYTES
        self._pool: Any = None

    def takes(self, size: int) -> bool:
        """Whether a value of that many bytes may be sent now."""
        return self.usable and size <= self._most

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``."""
        if not self.usable:
            return None
        found = self._try(lambda pool: pool.get(key))
        return found if isinstance(found, bytes) else None

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value``. That the server has no room for it is no failure."""
        from pymemcache.exceptions import MemcacheServerError  # type: ignore[import-untyped]

        def store(pool: Any) -> None:
            try:
                pool.set(key, value, noreply=False)
            except MemcacheServerError as error:
                self.reason = str(error)

        if self.takes(len(value)):
            self._try(store)

    def probe(self) -> bool:
        """Look whether the server answers, where it lies and how large its items may be. May take several timeouts."""
        self.close()
        try:
            self._pool = self._new_pool()
        except OSError as error:
            self.reason = error.strerror or str(error)
            return False
        stated = self._try(lambda pool: pool.stats("settings"))
        if stated is None:
            return False
        limit = stated.get(b"item_size_max", ITEM_BYTES)
        self._most = (limit if isinstance(limit, int) and limit > OVERHEAD_BYTES else ITEM_BYTES) - OVERHEAD_BYTES
        self.usable = True
        return True

    def close(self) -> None:
        """Close the connections."""
        self.usable = False
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def _new_pool(self) -> Any:
        """Connections to the server where its name leads now: asking for names has no deadline, so only we ask."""
        from pymemcache.client.base import PooledClient  # type: ignore[import-untyped]

        place = self.address
        if not isinstance(place, str):
            place = socket.getaddrinfo(*place, type=socket.SOCK_STREAM)[0][4][:2]  # type: ignore[assignment]
        limit = self._timeout_s
        return PooledClient(place, connect_timeout=limit, timeout=limit, no_delay=True, socket_module=_Sockets())

    def _try(self, operation: Any) -> Any:
        pool = self._pool
        if pool is None:
            return None
        _deadline.at = time.monotonic() + self._timeout_s
        try:
            return operation(pool)
        except Exception as error:  # noqa: BLE001 - whatever a server or what poses as one sends, tiles are served
            self.usable = False
            self.reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return None
