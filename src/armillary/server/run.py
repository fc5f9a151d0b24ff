"""Serving and ending."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

from armillary.server.listening import BACKLOG, address, listen

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator, Sequence

    from armillary.server.asgi import App

log = logging.getLogger(__name__)

__all__ = ["Server", "address", "listen", "make_server", "raise_file_limit"]

GRACE_SECONDS = 0.5
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
    """

    def __init__(
        self, config: uvicorn.Config, on_ready: Callable[[], None], endings: Sequence[signal.Signals] = ENDINGS
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._endings = endings

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._on_ready()

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


def make_server(app: App, on_ready: Callable[[], None], endings: Sequence[signal.Signals] = ENDINGS) -> Server:
    """A server of ``app`` for a socket that listens already."""
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
    return Server(config, on_ready, endings)


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
