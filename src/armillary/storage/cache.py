"""A cache bounded by bytes, in which a value that many want at once is made once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

DECODED_BYTES = 256 << 20
STATE_BYTES = 48 << 20


class ByteLru:
    """Least-recently-used cache bounded by the bytes of its values; safe to use from many threads.

    Parameters
    ----------
    max_bytes
        Sum of the costs of what is kept. A value that costs more than half of it is handed out but not kept.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._making: dict[Hashable, Future[Any]] = {}
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes kept now."""
        return self._bytes

    def resize(self, max_bytes: int) -> None:
        """Set another bound, and let go of what is above it."""
        with self._lock:
            self._max_bytes = max_bytes
            self._trim()

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def get(self, key: Hashable) -> Any | None:
        """The value kept under ``key``, None when there is none."""
        with self._lock:
            entry = self._kept.get(key)
            if entry is None:
                return None
            self._kept.move_to_end(key)
            return entry[0]

    def put(self, key: Hashable, value: Any, cost: int) -> None:
        """Keep ``value``, which takes ``cost`` bytes."""
        with self._lock:
            self._forget(key)
            if cost <= self._max_bytes // 2:
                self._kept[key] = (value, cost)
                self._bytes += cost
                self._trim()

    def get_or_make(self, key: Hashable, make: Callable[[], tuple[Any, int]]) -> Any:
        """The value kept under ``key``, else the one that ``make`` returns with its cost in bytes.

        Threads that ask while it is being made wait for it and share it, or the exception of its making.
        """
        with self._lock:
            entry = self._kept.get(key)
            if entry is not None:
                self._kept.move_to_end(key)
                return entry[0]
            others = self._making.get(key)
            if others is None:
                mine = self._making[key] = Future()
        if others is not None:
            return others.result()
        return self._make(key, mine, make)

    def _make(self, key: Hashable, future: Future[Any], make: Callable[[], tuple[Any, int]]) -> Any:
        try:
            value, cost = make()
        except BaseException as error:
            future.set_exception(error)
            raise
        else:
            self.put(key, value, cost)
            future.set_result(value)
            return value
        finally:
            with self._lock:
                self._making.pop(key, None)

    def _forget(self, key: Hashable) -> None:
        entry = self._kept.pop(key, None)
        if entry is not None:
            self._bytes -= entry[1]

    def _trim(self) -> None:
        while self._bytes > self._max_bytes and self._kept:
            _, (_, cost) = self._kept.popitem(last=False)
            self._bytes -= cost


# Decoded bytes and pixels of all files: blocks of .gz, .bz2 and remote files, tiles of compressed images.
decoded = ByteLru(DECODED_BYTES)

# States of decompressors, from which decoding goes on in the middle of a file.
states = ByteLru(STATE_BYTES)


def set_decoded_bytes(max_bytes: int) -> None:
    """Bound the memory for decoded bytes and pixels of all files together."""
    decoded.resize(max_bytes)
