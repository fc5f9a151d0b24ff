"""``GET /metrics``: what the workers counted, in the text format of Prometheus (version 0.0.4)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from armillary import __version__
from armillary.errors import ConfigurationError, UnavailableError
from armillary.jobs.model import Phase
from armillary.server import models
from armillary.server.errors import HttpError
from armillary.server.figures import BOUNDS_S, ROUTES, STATUSES, Figures
from armillary.server.networks import networks
from armillary.server.proxies import is_within
from armillary.server.services import access_of, services_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.jobs.store import Totals
    from armillary.server.settings import Settings

router = APIRouter()
JOBS_S = 3.0
"""Seconds that the database of jobs has to answer: whoever asks for metrics waits ten at most."""
TEXT: dict[str, Any] = {"content": {"text/plain": {"schema": {"type": "string"}}}}


@router.get(
    "/metrics",
    responses={200: TEXT, 404: {"model": models.ErrorAnswer, "description": "Off, or not for you."}},
    response_class=Response,
    tags=["server"],
)
async def metrics(request: Request) -> Response:
    """Metrics for Prometheus; not found unless switched on, and for callers that may not ask."""
    services = services_of(request)
    if services.figures is None or not _may_ask(request, services.settings):
        raise HttpError(404, "not_found", "There is nothing at this address: see /docs.")
    services.figures.set("cache_bytes", services.tile_cache.nbytes)
    body, media_type = text(services.figures, await _jobs(request))
    return Response(body, media_type=media_type, headers={"cache-control": "no-store"})


async def _jobs(request: Request) -> Totals | None:
    """What jobs there are; None where that cannot be told now: the rest can."""
    services = services_of(request)

    def totals() -> Totals:
        return services.jobs().store.totals()

    try:
        async with asyncio.timeout(JOBS_S):
            return await services.job_workers.run("totals", totals)
    except (UnavailableError, ConfigurationError, TimeoutError):
        return None


def _may_ask(request: Request, settings: Settings) -> bool:
    if access_of(request).administrator:
        return True
    return is_within(request.scope, networks(settings.metrics_callers, "metrics_callers"))


def text(figures: Figures, jobs: Totals | None = None) -> tuple[bytes, str]:
    """The metrics as text, and its media type."""
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(figures, jobs))
    return generate_latest(registry), CONTENT_TYPE_PLAIN_0_0_4


def resident_bytes(pid: int) -> int | None:
    """Resident memory of a process, None where the system does not say."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_jobs(totals: Totals) -> Iterator[Any]:
    """Those of all processes that share the database: a job is there until it is destroyed."""
    from prometheus_client.core import GaugeMetricFamily

    jobs = GaugeMetricFamily("armillary_jobs", "Background jobs that are kept, by phase.", labels=["phase"])
    for phase in Phase:
        jobs.add_metric([phase], totals.jobs.get(phase, 0))
    yield jobs
    yield GaugeMetricFamily("armillary_jobs_bytes", "Bytes of results and uploads that jobs keep.", totals.size)


class _Collector:
    """Collects when it is asked, from the shared memory."""

    def __init__(self, figures: Figures, jobs: Totals | None) -> None:
        self._figures = figures
        self._jobs = jobs

    def collect(self) -> Iterator[Any]:
        """Every family of metrics."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        totals = self._figures.totals()
        build = GaugeMetricFamily("armillary_build_info", "Release that serves.", labels=["version"])
        build.add_metric([__version__], 1)
        yield build
        requests = CounterMetricFamily(
            "armillary_requests", "Answers by class of routes and status.", labels=["route", "status"]
        )
        sent = CounterMetricFamily("armillary_sent_bytes", "Bytes of bodies sent.", labels=["route"])
        latency = HistogramMetricFamily(
            "armillary_request_seconds", "Seconds from a request to the end of its answer.", labels=["route"]
        )
        for k, route in enumerate(ROUTES):
            for status, count in zip(STATUSES, totals.requests[k], strict=True):
                if count:
                    requests.add_metric([route, str(status or "other")], count)
            sent.add_metric([route], totals.sent[k])
            bounds = [*map(str, BOUNDS_S), "+Inf"]
            buckets = list(zip(bounds, accumulate(totals.latencies[k]), strict=True))
            latency.add_metric([route], buckets, totals.seconds[k])
        yield from (requests, sent, latency)
        yield from self._words(totals.words)
        if self._jobs is not None:
            yield from _of_jobs(self._jobs)

    def _words(self, words: list[dict[str, float]]) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        tiles = CounterMetricFamily("armillary_tiles", "Tiles by where they came from.", labels=["source"])
        for source, word in (("memory", "tiles_kept"), ("shared", "tiles_shared"), ("made", "tiles_made")):
            tiles.add_metric([source], sum(row[word] for row in words))
        yield tiles
        reloads = sum(row["reloads"] for row in words)
        yield CounterMetricFamily("armillary_reloads", "Times a worker read the configuration again.", reloads)
        yield GaugeMetricFamily(
            "armillary_workers", "Workers that were started.", sum(bool(row["pid"]) for row in words)
        )
        kinds = {
            "waiting": ("armillary_waiting_requests", "Requests that wait for a thread."),
            "connections": ("armillary_connections", "Open connections."),
            "cache_bytes": ("armillary_tile_cache_bytes", "Bytes of tiles kept in memory."),
            "started": ("armillary_worker_start_time_seconds", "When the worker was started, Unix time."),
        }
        for word, (name, meaning) in kinds.items():
            family = GaugeMetricFamily(name, meaning, labels=["worker"])
            for number, row in enumerate(words, 1):
                family.add_metric([str(number)], max(0.0, row[word]))
            yield family
        memory = GaugeMetricFamily("armillary_resident_bytes", "Resident memory of the worker.", labels=["worker"])
        for number, row in enumerate(words, 1):
            resident = resident_bytes(int(row["pid"])) if row["pid"] else None
            if resident is not None:
                memory.add_metric([str(number)], resident)
        yield memory
