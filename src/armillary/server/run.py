"""Serving and ending."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from armillary.server.accepting import Acceptor, Connections
from armillary.server.listening import BACKLOG, address, listen

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from armillary.server.asgi import App
    from armillary.server.figures import Figures

log = logging.getLogger(__name__)

__all__ = ["Server", "address", "keep_freed_memory", "listen", "make_server", "raise_file_limit"]

GRACE_SECONDS = 0.5
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h of glibc
KEPT_BYTES = 16 << 20
KILLS = [signal.SIGINT, signal.SIGTERM]
ENDINGS = [*KILLS, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]


class Server(uvicorn.Server):
    """Uvicorn that says when it is ready and ends by returning, not by the signal it got.

    Parameters
    ----------
    on_ready
        Called once it listens.
    endings
        Signals that end it.
    share
        Counts of the processes that accept from the same sockets; None where there is no other.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        endings: Sequence[signal.Signals] = ENDINGS,
        *,
        share: Figures | None = None,
    ) -> None:
        super().__init__(config)
        self._share = share
        if share is not None:
            self.server_state.connections = Connections(partial(share.set, "connections"))
        self._on_ready = on_ready
        self._endings = endings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        if self._share is not None and sockets:
            await super().startup([])
            self._share.set("connections", 0)
            acceptors: list[Any] = [Acceptor(listener, self._make_protocol, self._spare) for listener in sockets]
            self.servers = acceptors
        else:
            await super().startup(sockets)
        self._on_ready()

    def _spare(self, under_way: int) -> int:
        """How many connections fewer the process has that has fewest."""
        assert self._share is not None
        return len(self.server_state.connections) + under_way - int(self._share.least("connections"))

    def _make_protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End when told to; what is under way may finish, for a moment."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in self._endings}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(
    app: App, on_ready: Callable[[], None], endings: Sequence[signal.Signals] = ENDINGS, *, share: Figures | None = None
) -> Server:
    """A server of ``app`` for a socket that listens already; parameters as of ``Server``."""
    grace: Any = GRACE_SECONDS
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace,
        timeout_keep_alive=30,
        backlog=BACKLOG,
    )
    return Server(config, on_ready, endings, share=share)


def raise_file_limit() -> None:
    """Allow as many open files and connections as the system lets us."""
    try:
        import resource
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 1 << 20) if hard > 0 else 1 << 16, hard))


def keep_freed_memory() -> None:
    """Have glibc keep what was freed, up to 16 MiB of an arena, rather than return it to the system after each answer.

    Memory that is fetched anew is filled with zeros page by page, which costs more than the answer. glibc comes to
    such bounds by itself once larger blocks were freed, to as much as 64 MiB; these hold from the start, and stay.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
