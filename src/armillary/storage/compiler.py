"""numba, made whole in one thread before any other compiles."""

from __future__ import annotations

import threading

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
            from numba.core.registry import cpu_target

            assert cpu_target.typing_context is not None
            assert cpu_target.target_context is not None
            _prepared.set()
