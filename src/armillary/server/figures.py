"""What the server counts. One row of numbers for each worker in memory that all workers share.

A worker adds to its own row only, from its event loop, so that counting takes a few hundred nanoseconds and no lock;
whoever is asked for metrics adds the rows up. The row of a worker that dies stays, and the one that takes its place
goes on counting in it, so that no count ever falls.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import threading
import time
from bisect import bisect_left
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from armillary.errors import ConfigurationError
from armillary.server.networks import networks

if TYPE_CHECKING:
    from armillary.server.settings import Settings

ROUTES = ("tiles", "layers", "sources", "vo", "holdings", "search", "session", "api", "page", "health")
PREFIXES = (
    ("/api/layers/", "layers"),
    ("/api/sources/", "sources"),
    ("/vo/", "vo"),
    ("/api/holdings", "holdings"),
    ("/api/search", "search"),
    ("/api/resolve", "search"),
    ("/api/session", "session"),
    ("/login", "session"),
    ("/logout", "session"),
    ("/auth/", "session"),
    ("/api/", "api"),
    ("/openapi.json", "api"),
    ("/healthz", "health"),
    ("/readyz", "health"),
    ("/metrics", "health"),
)
STATUSES = (
    200, 204, 206, 303, 304,
    400, 401, 403, 404, 405, 409, 410, 413, 414, 415, 416, 421, 422, 429, 431, 499, 500, 503, 0,
)  # fmt: skip
BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
WORDS = (
    "tiles_kept",
    "tiles_shared",
    "tiles_made",
    "reloads",
    "waiting",
    "connections",
    "cache_bytes",
    "pid",
    "started",
)

_STATUS_PLACES = {status: place for place, status in enumerate(STATUSES)}
_BUCKETS = len(BOUNDS_S) + 1
_REQUESTS = 0
_LATENCIES = len(ROUTES) * len(STATUSES)
_SECONDS = _LATENCIES + len(ROUTES) * _BUCKETS
_BYTES = _SECONDS + len(ROUTES)
_WORDS = _BYTES + len(ROUTES)
ROW = _WORDS + len(WORDS)
_PLACES = {word: _WORDS + place for place, word in enumerate(WORDS)}
TILES = ROUTES.index("tiles")


def check_metrics(settings: Settings) -> None:
    """Refuse settings that cannot work.

    Raises
    ------
    ConfigurationError
        The package is missing, or an address is none.
    """
    networks(settings.metrics_callers, "metrics_callers")
    if find_spec("prometheus_client") is None:
        words = "metrics: needs the package prometheus-client: pip install 'armillary[cluster]'."
        raise ConfigurationError(words)


def memory(count: int) -> int:
    """Descriptor of memory for the rows of ``count`` workers, without a name that could be left behind."""
    size = count * ROW * 8
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("armillary-metrics")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, size)
    for number in range(1, count + 1):
        mark_absent(descriptor, number, count)
    return descriptor


def mark_absent(descriptor: int, number: int, count: int) -> None:
    """Say in its row that a worker accepts no connections now."""
    with mmap.mmap(descriptor, count * ROW * 8) as shared:
        struct.pack_into("d", shared, ((number - 1) * ROW + _PLACES["connections"]) * 8, -1.0)


def route_of(path: str) -> int:
    """Number of the class of routes that a path below the root belongs to. Holds nothing of the path itself."""
    if "/tiles/" in path:
        return TILES
    for prefix, name in PREFIXES:
        if path.startswith(prefix):
            return ROUTES.index(name)
    return ROUTES.index("page")


@dataclass(frozen=True, slots=True)
class Totals:
    """The rows added up, and the words of each worker.

    Parameters
    ----------
    requests
        By class of routes, then by status.
    latencies
        By class of routes, then by bucket; not cumulative.
    seconds, sent
        By class of routes.
    words
        For each worker, its ``WORDS`` by name.
    """

    requests: list[list[float]]
    latencies: list[list[float]]
    seconds: list[float]
    sent: list[float]
    words: list[dict[str, float]]


class Figures:
    """The counts of one worker, and those of all.

    Parameters
    ----------
    descriptor
        As ``memory`` gave it.
    number, count
        Which worker this is, from 1, of how many.
    """

    def __init__(self, descriptor: int, number: int, count: int) -> None:
        self._map = mmap.mmap(descriptor, count * ROW * 8)
        self._all = memoryview(self._map).cast("d")
        self._row = self._all[(number - 1) * ROW : number * ROW]
        self._count = count
        self._lock = threading.Lock()
        self.set("pid", os.getpid())
        self.set("started", time.time())
        self.set("waiting", 0)

    def answered(self, route: int, status: int, seconds: float, sent: int) -> None:
        """Count one answer. Called from the event loop only."""
        row = self._row
        row[route * len(STATUSES) + _STATUS_PLACES.get(status, len(STATUSES) - 1)] += 1
        row[_LATENCIES + route * _BUCKETS + bisect_left(BOUNDS_S, seconds)] += 1
        row[_SECONDS + route] += seconds
        row[_BYTES + route] += sent

    def add(self, word: str, amount: float = 1) -> None:
        """Add to one of ``WORDS``; from any thread."""
        with self._lock:
            self._row[_PLACES[word]] += amount

    def set(self, word: str, value: float) -> None:
        """Set one of ``WORDS``."""
        self._row[_PLACES[word]] = value

    def least(self, word: str) -> float:
        """The smallest that any worker has of one of ``WORDS``; below 0 a worker is not there."""
        values = self._all[_PLACES[word] :: ROW].tolist()
        return min((value for value in values if value >= 0), default=0.0)

    def totals(self) -> Totals:
        """Everything that all workers counted."""
        rows = [self._all[k * ROW : (k + 1) * ROW].tolist() for k in range(self._count)]
        summed = [sum(column) for column in zip(*rows, strict=True)]
        statuses, kinds = len(STATUSES), range(len(ROUTES))
        return Totals(
            [summed[k * statuses : (k + 1) * statuses] for k in kinds],
            [summed[_LATENCIES + k * _BUCKETS : _LATENCIES + (k + 1) * _BUCKETS] for k in kinds],
            summed[_SECONDS:_BYTES],
            summed[_BYTES:_WORDS],
            [dict(zip(WORDS, row[_WORDS:], strict=True)) for row in rows],
        )
