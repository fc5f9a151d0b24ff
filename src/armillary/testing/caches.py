"""What every ``SharedCache`` must do: subclass ``CacheConformance``, say how to make one, and run it with pytest."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor

import pytest

from armillary.server.shared_cache import Packed, SharedCache, pack, unpack

SETTLE_SECONDS = 10.0


class MemoryCache:
    """A ``SharedCache`` in the memory of one process, for tests.

    Parameters
    ----------
    most_bytes
        Longest value that is kept.
    """

    def __init__(self, most_bytes: int = 1 << 20) -> None:
        self._most = most_bytes
        self._lock = threading.Lock()
        self.kept: dict[str, bytes] = {}
        self._closed = False

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``."""
        with self._lock:
            return None if self._closed else self.kept.get(key)

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value``."""
        with self._lock:
            if len(value) <= self._most and not self._closed:
                self.kept[key] = value

    def settle(self, seconds: float) -> bool:
        """Nothing ever waits."""
        del seconds
        return True

    def close(self) -> None:
        """Forget everything."""
        self._closed = True


class CacheConformance(ABC):
    """Tests of the contract."""

    @abstractmethod
    @pytest.fixture
    def cache(self) -> SharedCache:
        """An empty cache that works, with room for tens of megabytes."""

    def keep(self, cache: SharedCache, key: str, value: bytes) -> None:
        """Put and wait until it is there."""
        cache.put(key, value)
        assert cache.settle(SETTLE_SECONDS)

    def test_is_a_cache(self, cache: SharedCache) -> None:
        """It has all that the protocol names."""
        assert isinstance(cache, SharedCache)

    def test_gives_back_what_was_put(self, cache: SharedCache) -> None:
        """Bytes come back as they were, whatever they are."""
        values = {
            "empty": b"",
            "zeros": bytes(5000),
            "line-ends": b"END\r\nVALUE k 0 3\r\nabc\r\n",
            "all": bytes(range(256)) * 3000,
        }
        for key, value in values.items():
            self.keep(cache, key, value)
        assert {key: cache.get(key) for key in values} == values

    def test_has_nothing_under_other_keys(self, cache: SharedCache) -> None:
        """What was not put is None."""
        self.keep(cache, "one", b"1")
        assert cache.get("two") is None

    def test_the_last_value_counts(self, cache: SharedCache) -> None:
        """A second value replaces the first."""
        self.keep(cache, "key", b"old")
        self.keep(cache, "key", b"new")
        assert cache.get("key") == b"new"

    def test_leaves_out_what_is_too_large(self, cache: SharedCache) -> None:
        """A value far beyond any limit of an item is no error, and the cache goes on."""
        cache.put("huge", bytes(80 << 20))
        assert cache.settle(SETTLE_SECONDS)
        assert cache.get("huge") is None
        self.keep(cache, "small", b"kept")
        assert cache.get("small") == b"kept"

    def test_many_threads_get_whole_values(self, cache: SharedCache) -> None:
        """Values put and got by many threads at once are never mixed up; one may be missing."""

        def work(number: int) -> bool:
            key = f"key-{number % 7}"
            value = pack(key, Packed(bytes([number % 7]) * (1000 + number % 7), "image/png", "identity"))
            cache.put(key, value)
            found = cache.get(key)
            return found is None or found == value

        with ThreadPoolExecutor(8) as crowd:
            assert all(crowd.map(work, range(400)))
        assert cache.settle(SETTLE_SECONDS)
        found = [cache.get(f"key-{number}") for number in range(7)]
        bodies = [unpack(f"key-{number}", value or b"") for number, value in enumerate(found)]
        assert [packed is not None and packed.body[:1] == bytes([k]) for k, packed in enumerate(bodies)] == [True] * 7

    def test_closed_it_keeps_nothing_and_says_so(self, cache: SharedCache) -> None:
        """After the end neither question nor value is an error."""
        cache.close()
        cache.put("late", b"value")
        assert cache.get("late") is None
        cache.close()
