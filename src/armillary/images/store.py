"""What was derived from planes and is worth keeping: overviews, samples, statistics. Bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar, cast, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from armillary.images.cache_folder import CacheFolder

T = TypeVar("T", bound="Derived")

DEFAULT_STORE_BYTES = 256 << 20


class Derived(Protocol):
    """What the store keeps."""

    @property
    def nbytes(self) -> int:
        """Bytes of memory it holds."""


@runtime_checkable
class Abandonable(Protocol):
    """What wants to know that it was let go of."""

    def abandon(self) -> None:
        """Go on only for those who already wait."""


class StoreKey(NamedTuple):
    """Of what plane, of which version of its file, and what it is."""

    identity: Hashable
    version: str
    kind: Hashable


class OverviewStore:
    """Least recently used things go first. Shared by every plane of a process; safe from all threads.

    Parameters
    ----------
    max_bytes
        Bound on the sum of ``nbytes``; only a single thing larger than that may exceed it.
    folder
        Where overviews outlive the process, None for nowhere.
    """

    def __init__(self, max_bytes: int = DEFAULT_STORE_BYTES, folder: CacheFolder | None = None) -> None:
        self.max_bytes = max_bytes
        self.folder = folder
        # Re-entrant: the collector may forget a plane in the middle of anything.
        self._lock = threading.RLock()
        self._kept: OrderedDict[StoreKey, Derived] = OrderedDict()
        self._of_plane: dict[Hashable, set[StoreKey]] = {}
        self._bytes = 0

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: StoreKey) -> Derived | None:
        """What is kept under a key, or None."""
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def get_or_make(self, key: StoreKey, make: Callable[[], T]) -> T:
        """What is kept under a key, else what ``make`` gives. ``make`` must be quick: it holds the store."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                found = make()
                self._put(key, found)
            self._kept.move_to_end(key)
            return cast("T", found)

    def put(self, key: StoreKey, thing: Derived) -> None:
        """Keep a thing; what was derived from another version of the same plane goes."""
        with self._lock:
            self._put(key, thing)

    def discard(self, key: StoreKey, thing: Derived | None = None) -> None:
        """Let go of what is kept under a key, or only of this very thing."""
        with self._lock:
            if thing is None or self._kept.get(key) is thing:
                self._remove(key)

    def forget(self, identity: Hashable) -> None:
        """Let go of everything derived from a plane."""
        with self._lock:
            for key in list(self._of_plane.get(identity, ())):
                self._remove(key)

    def _put(self, key: StoreKey, thing: Derived) -> None:
        for stale in [other for other in self._of_plane.get(key.identity, ()) if other.version != key.version]:
            self._remove(stale)
        self._remove(key)
        self._kept[key] = thing
        self._of_plane.setdefault(key.identity, set()).add(key)
        self._bytes += thing.nbytes
        while self._bytes > self.max_bytes and len(self._kept) > 1:
            self._remove(next(iter(self._kept)))

    def _remove(self, key: StoreKey) -> None:
        thing = self._kept.pop(key, None)
        if thing is None:
            return
        self._bytes -= thing.nbytes
        siblings = self._of_plane[key.identity]
        siblings.discard(key)
        if not siblings:
            del self._of_plane[key.identity]
        if isinstance(thing, Abandonable):
            thing.abandon()


@cache
def shared_store() -> OverviewStore:
    """The store of this process, for planes that are given none."""
    return OverviewStore()
