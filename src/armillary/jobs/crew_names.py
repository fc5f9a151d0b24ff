"""Names of crews: from one, whoever runs on the same machine can tell that the crew is gone."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import socket
import sys
from functools import cache
from pathlib import Path


def crew_name() -> str:
    """A name for a crew of this process: ``HOST/MACHINE/PID/BEGUN/RANDOM``."""
    pid = os.getpid()
    host = socket.gethostname().replace("/", "_")
    return f"{host}/{_machine()}/{pid}/{_begun(pid) or 0}/{secrets.token_hex(4)}"


def is_gone(worker: str) -> bool:
    """Whether the process of a crew, or of a seat of one, has certainly ended: it was on this machine.

    Parameters
    ----------
    worker
        A name of ``crew_name``, with whatever behind it.
    """
    words = worker.split("/")
    if len(words) < 5 or words[1] != _machine() or not (words[2].isdecimal() and words[3].isdecimal()):
        return False
    pid, begun = int(words[2]), int(words[3])
    if begun:
        return _begun(pid) != begun
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
