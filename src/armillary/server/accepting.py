"""Accepting connections from a socket that several processes share, so that each gets its part.

An event loop that is told of a listening socket takes every connection that waits: of connections that come together,
as those of a proxy do, one process would get all. Here one connection is taken at a time, and the next one only after
everything else that is due; and a process that has more connections than another leaves it to that one, for a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

COURTESY_SECONDS = 0.001
LONGEST_COURTESY_SECONDS = 0.01
"""How long a connection is left to a process that has fewer, for each that it has fewer, and at most."""
PAUSE_SECONDS = 0.5
"""After an accept that failed for want of file descriptors or memory."""


class Connections(set[Any]):
    """The open connections of a server, which says how many there are whenever that changes.

    Parameters
    ----------
    publish
        Called with their number.
    """

    def __init__(self, publish: Callable[[int], None]) -> None:
        super().__init__()
        self._publish = publish

    def add(self, connection: Any) -> None:
        """A connection was made."""
        super().add(connection)
        self._publish(len(self))

    def discard(self, connection: Any) -> None:
        """A connection was lost."""
        super().discard(connection)
        self._publish(len(self))


class Acceptor:
    """Takes connections one at a time until it is closed.

    Parameters
    ----------
    listener
        Non-blocking.
    make_protocol
        Makes what talks on a connection.
    spare
        How many connections fewer the process has that has fewest; given how many of ours are being made.
    """

    def __init__(
        self, listener: socket.socket, make_protocol: Callable[[], asyncio.Protocol], spare: Callable[[int], int]
    ) -> None:
        self._listener = listener
        self._make_protocol = make_protocol
        self._spare = spare
        self._loop = asyncio.get_running_loop()
        self._under_way: set[asyncio.Task[None]] = set()
        self._closed = False
        self._listen()

    def _listen(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener, self._offered)

    def _offered(self) -> None:
        """A connection waits: take it, or leave it to another process for a moment."""
        spare = self._spare(len(self._under_way))
        if spare <= 0:
            self._accept()
            return
        self._loop.remove_reader(self._listener)
        self._loop.call_later(min(LONGEST_COURTESY_SECONDS, COURTESY_SECONDS * spare), self._insist)

    def _insist(self) -> None:
        if not self._closed:
            self._accept()
            self._listen()

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # Another process was faster, or the client has gone.
        except OSError as error:
            log.warning("no connection can be accepted now: %s", error.strerror)
            self._loop.remove_reader(self._listener)
            self._loop.call_later(PAUSE_SECONDS, self._listen)
            return
        task = self._loop.create_task(self._begin(connection))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _begin(self, connection: socket.socket) -> None:
        connection.setblocking(False)  # noqa: FBT003 - the socket's own signature
        if connection.family != getattr(socket, "AF_UNIX", None):
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await self._loop.connect_accepted_socket(self._make_protocol, connection)
        except OSError:
            connection.close()

    async def wait_closed(self) -> None:
        """Wait for connections that are just being made."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def close(self) -> None:
        """Take no more."""
        self._closed = True
        self._loop.remove_reader(self._listener)
