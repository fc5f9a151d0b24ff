"""The mappings that are kept: one for each file, let go of in the order of their last use."""

from __future__ import annotations

import mmap
import os
import sys
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.storage import faults, sigbus

if TYPE_CHECKING:
    from armillary.storage.local import LocalSource

# Up to Python 3.12 every mapping holds a file descriptor: far fewer than the usual limit of 1024.
MAX_MAPPINGS = 128 if sys.version_info < (3, 13) else 2048


@dataclass(frozen=True, slots=True)
class _Mapping:
    memory: mmap.mmap
    version: str
    faults: int


class Mappings:
    """Mappings of files by path; views that were handed out keep theirs alive."""

    def __init__(self, limit: int = MAX_MAPPINGS) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Mapping] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def view(self, source: LocalSource) -> memoryview | None:
        """The whole file as it is now, None where it is empty or mapping is not safe here."""
        if not sigbus.ready():
            return None
        version = source.version
        with self._lock:
            kept = self._kept.get(source.path)
            if kept is not None and kept.version == version and kept.faults == faults.fault_count():
                self._kept.move_to_end(source.path)
                return memoryview(kept.memory)
            fresh = _map(source)
            self._kept.pop(source.path, None)
            if fresh is None:
                return None
            self._kept[source.path] = fresh
            if len(self._kept) > self._limit:
                self._kept.popitem(last=False)
            return memoryview(fresh.memory)

    def forget(self, path: str) -> None:
        """Unmap a file as soon as nobody uses it."""
        with self._lock:
            self._kept.pop(path, None)


def _map(source: LocalSource) -> _Mapping | None:
    from armillary.storage.local import version_of

    count = faults.fault_count()
    fd, status = source.open_for_mapping()
    try:
        options = {"trackfd": False} if sys.version_info >= (3, 13) else {}
        memory = mmap.mmap(fd, status.st_size, access=mmap.ACCESS_READ, **options)
    except (OSError, ValueError, OverflowError):
        # Empty, shrunk meanwhile, or a file system without mappings: read by position.
        return None
    finally:
        os.close(fd)
    address = np.frombuffer(memory, np.uint8).__array_interface__["data"][0]
    slot = faults.add_range(address, status.st_size)
    if slot is None:
        return None
    weakref.finalize(memory, faults.remove_range, slot).atexit = False
    return _Mapping(memory, version_of(status), count)


mappings = Mappings()
