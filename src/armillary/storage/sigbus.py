"""A mapped file may be truncated in place: touching what is gone must not kill the process.

On Linux a handler of SIGBUS puts zeros where a page is gone and counts it; readers look at the count and at the
file's version after every read and throw such pixels away (``armillary.storage.consistent``). Only faults in the
mappings of ``armillary.storage.mapping`` are handled. Elsewhere, or where the handler cannot be installed, nothing is
mapped and files are read by position.
"""

from __future__ import annotations

import ctypes
import logging
import threading

from armillary.storage import faults

_SA_SIGINFO = 0x4
_SA_ONSTACK = 0x08000000
_log = logging.getLogger(__name__)
_lock = threading.Lock()
_state: dict[str, object] = {}


class _SigAction(ctypes.Structure):
    """``struct sigaction`` of glibc and musl on 64-bit Linux."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ulong * 16),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


def ready() -> bool:
    """Whether mapped files may be touched; installs the handler at the first call, which loads numba."""
    with _lock:
        if "ready" not in _state:
            _state["ready"] = faults.supported() and faults.allocate() and _install()
        return bool(_state["ready"])


def _install() -> bool:
    try:
        from armillary.storage.sigbus_kernels import SIGBUS, handle_sigbus

        libc = ctypes.CDLL(None, use_errno=True)
        old = _SigAction()
        new = _SigAction(handler=handle_sigbus.address, flags=_SA_SIGINFO | _SA_ONSTACK)
        if libc.sigaction(SIGBUS, None, ctypes.byref(old)) != 0:
            return False
        # The old action must be known before the handler can run, and live as long as the process.
        faults.set_old_action(ctypes.addressof(old))
        _state["kept"] = (old, handle_sigbus)
        return bool(libc.sigaction(SIGBUS, ctypes.byref(new), None) == 0)
    except Exception:  # noqa: BLE001  (whatever numba or libc do, files can still be read)
        _log.exception("mapped reads are off: the handler of SIGBUS could not be installed")
        return False
