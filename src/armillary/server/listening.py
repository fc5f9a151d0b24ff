"""Sockets to listen on, and the address that is printed. Imports no web server: the supervisor of workers uses it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import stat
import sys
from urllib.parse import quote

from armillary.errors import UsageError

PORTS_TRIED = 50
BACKLOG = 4096


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
    return error.errno in {errno.EADDRINUSE, errno.EACCES}


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use: choose another with --port, or any free one with --port 0."
    if error.errno == errno.EACCES:
        return f"Port {port} needs privileges: choose one above 1023 with --port."
    return f"Cannot listen on {host!r} ({error.strerror or error}): check --host."


def listen_unix(path: str) -> socket.socket:
    """A listening Unix socket that owner and group may connect to; one left behind by a process that died goes.

    Raises
    ------
    UsageError
        Somebody listens there, something else lies there, or it cannot be made.
    """
    _clear(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        made.bind(path)
        made.listen(BACKLOG)
        made.setblocking(False)  # noqa: FBT003 - the socket's own signature
    except OSError as error:
        made.close()
        raise UsageError(f"uds: cannot listen there ({error.strerror or error}).") from None
    finally:
        os.umask(before)
    return made


def _clear(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise UsageError("uds: something that is no socket lies there.")
    except OSError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            with contextlib.suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - as given
        except OSError as error:
            raise UsageError(f"uds: cannot look at what lies there ({error.strerror or error}).") from None
        else:
            raise UsageError("uds: another server listens there.")


def address(listener: socket.socket, host: str, root_path: str, token: str) -> str:
    """The address to open in a browser."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}{quote(root_path)}/" + (f"?token={quote(token, safe='')}" if token else "")
