"""Names of processes: from one, whoever runs on the same machine can tell that its process is gone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import sys
from functools import cache
from pathlib import Path


def process_name() -> str:
    """A name for what this process does: ``HOST/MACHINE/PID/BEGUN/RANDOM``."""
    pid = os.getpid()
    host = socket.gethostname().replace("/", "_")
    return f"{host}/{_machine()}/{pid}/{_begun(pid) or 0}/{secrets.token_hex(4)}"


def is_here(name: str) -> bool:
    """Whether a process was on this machine, since its start, in this container.

    Parameters
    ----------
    name
        A name of ``process_name``, with whatever behind it.
    """
    words = name.split("/")
    return len(words) >= 5 and words[1] == _machine() and words[2].isdecimal() and words[3].isdecimal()


def is_gone(name: str) -> bool:
    """Whether a process has certainly ended: it was on this machine.

    Parameters
    ----------
    name
        A name of ``process_name``, with whatever behind it.
    """
    if not is_here(name):
        return False
    pid, begun = (int(word) for word in name.split("/")[2:4])
    if begun and Path(f"/proc/{pid}").exists():
        return _begun(pid) != begun
    # There is no /proc, or it hides the processes of others.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


@cache
def _machine() -> str:
    """What tells apart sets of processes with ids of their own: machines, their runs, containers."""
    words = [socket.gethostname(), sys.platform]
    with contextlib.suppress(OSError):
        words.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
    with contextlib.suppress(OSError):
        words.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.blake2b("\0".join(words).encode(), digest_size=6).hexdigest()


def _begun(pid: int) -> int | None:
    """When a process was begun, in ticks since the start of the machine (``proc(5)``); None for none that runs."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if words[0] in {b"Z", b"X"} else int(words[19])
