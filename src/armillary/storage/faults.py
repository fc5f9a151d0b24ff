"""What the handler of SIGBUS and the readers tell each other: one page of memory at a fixed address.

The handler is compiled code that is cached on disk, so it can know no address but a constant. The page holds how
often a mapped page was gone, which ranges of memory are ours, and the handler that was installed before.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
import threading

import numpy as np

# Free on x86-64 and aarch64 (39 bits of addresses and more), whatever the layout of the process.
PAGE_ADDRESS = 0x20_0000_0000
WORDS = 8192
COUNT, PAGE_SIZE, OLD_ACTION, FIRST_RANGE = 0, 1, 2, 8
MAX_RANGES = (WORDS - FIRST_RANGE) // 2

_PROT_READ_WRITE = 3
_MAP_PRIVATE_ANONYMOUS = 0x22
_MAP_FIXED_NOREPLACE = 0x100000

_lock = threading.Lock()
_words: np.ndarray[tuple[int], np.dtype[np.int64]] | None = None


def supported() -> bool:
    """Whether this system's layout of signals is known here."""
    return sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64") and sys.maxsize > 1 << 32


def fault_count() -> int:
    """How often so far a page of a mapped file was not there any more."""
    return 0 if _words is None else int(_words[COUNT])


def allocate() -> bool:
    """Map the page, once; False where its address is taken, so that nothing may be mapped."""
    global _words  # noqa: PLW0603  (one page for the process)
    with _lock:
        if _words is None:
            address = _map_page()
            if address != PAGE_ADDRESS:
                return False
            words = np.ctypeslib.as_array((ctypes.c_int64 * WORDS).from_address(PAGE_ADDRESS))
            words[PAGE_SIZE] = os.sysconf("SC_PAGESIZE")
            _words = words
        return True


def _map_page() -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    flags = _MAP_PRIVATE_ANONYMOUS | _MAP_FIXED_NOREPLACE
    return int(libc.mmap(PAGE_ADDRESS, WORDS * 8, _PROT_READ_WRITE, flags, -1, 0) or 0)


def set_old_action(address: int) -> None:
    """Where the ``struct sigaction`` lies that was in force before."""
    assert _words is not None
    _words[OLD_ACTION] = address


def add_range(start: int, length: int) -> int | None:
    """Let faults in this range be repaired; number of its slot, None when all are taken."""
    assert _words is not None
    with _lock:
        ends = _words[FIRST_RANGE + 1 :: 2]
        free = np.flatnonzero(ends == 0)
        if free.size == 0:
            return None
        slot = int(free[0])
        _words[FIRST_RANGE + 2 * slot] = start
        ends[slot] = start + length
        return slot


def remove_range(slot: int) -> None:
    """Faults in the range of this slot are nobody's any more."""
    if _words is not None:
        _words[FIRST_RANGE + 2 * slot + 1] = 0
