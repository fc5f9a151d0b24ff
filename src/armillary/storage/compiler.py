"""numba, made whole in one thread before any other compiles."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from pathlib import Path

_lock = threading.Lock()
_prepared = threading.Event()


def prepare() -> None:
    """Import numba and build its compiler's shared parts; returns at once when that was done. Takes about a second.

    Two threads that meet numba for the first time can wait for each other for ever: the one that compiles holds the
    compiler's lock and wants the target's, the one that declares a kernel holds the target's and wants the
    compiler's. Once the target is built, nobody locks it again. Modules of kernels call this before they declare any.
    """
    if _prepared.is_set():
        return
    with _lock:
        if not _prepared.is_set():
            find_cache_folder()
            from numba.core.registry import cpu_target

            assert cpu_target.typing_context is not None
            assert cpu_target.target_context is not None
            _prepared.set()


def find_cache_folder() -> None:
    """Give numba a temporary folder for compiled code where it would find none, and refuse to work.

    That is so where neither this package nor the user's cache folder can be written to, as in some containers. The
    folder is removed at the end.
    """
    package = Path(__file__).parent
    home_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser())
    if "NUMBA_CACHE_DIR" in os.environ or _writable(package) or _writable(home_cache):
        return
    folder = tempfile.mkdtemp(prefix="armillary-compiled-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["NUMBA_CACHE_DIR"] = folder


def _writable(folder: Path) -> bool:
    """Whether files can be made in a folder, or it can be made itself."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return os.access(folder, os.W_OK | os.X_OK)
