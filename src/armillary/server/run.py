"""Listening, serving and ending."""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import uvicorn

from armillary.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.server.asgi import App

log = logging.getLogger(__name__)

PORTS_TRIED = 50
BACKLOG = 4096
GRACE_SECONDS = 0.5
ENDINGS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def listen(host: str, port: int, *, exactly: bool) -> socket.socket:
    """A listening socket.

    Parameters
    ----------
    port
        0 takes any free one.
    exactly
        Whether no other port will do.

    Raises
    ------
    UsageError
        The port is taken, or the address is not one of this machine.
    """
    last = min(port + 1 if exactly or port == 0 else port + PORTS_TRIED, 65536)
    for candidate in range(port, last):
        try:
            return _bind(host, candidate)
        except OSError as error:
            if exactly or not _is_taken(error):
                raise UsageError(_why_not(host, candidate, error)) from None
    return _bind(host, 0)


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    made = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(BACKLOG)
        made.setblocking(False)  # noqa: FBT003 - the socket's own signature
    except BaseException:
        made.close()
        raise
    return made


def _is_taken(error: OSError) -> bool:
    import errno

    return error.errno in {errno.EADDRINUSE, errno.EACCES}


def _why_not(host: str, port: int, error: OSError) -> str:
    import errno

    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use: choose another with --port, or any free one with --port 0."
    if error.errno == errno.EACCES:
        return f"Port {port} needs privileges: choose one above 1023 with --port."
    return f"Cannot listen on {host!r} ({error.strerror or error}): check --host."


def address(listener: socket.socket, host: str, root_path: str, token: str) -> str:
    """The address to open in a browser."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}{quote(root_path)}/" + (f"?token={quote(token, safe='')}" if token else "")


class Server(uvicorn.Server):
    """Uvicorn that says when it is ready and ends by returning, not by the signal it got.

    Parameters
    ----------
    on_ready
        Called once it listens.
    """

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

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
        before = {number: signal.signal(number, self.handle_exit) for number in ENDINGS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def make_server(app: App, on_ready: Callable[[], None]) -> Server:
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
    return Server(config, on_ready)


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
