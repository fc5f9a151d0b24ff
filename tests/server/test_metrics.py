"""Metrics: added up over workers, readable by Prometheus, for those who may ask, and without a name of anything."""

from __future__ import annotations

import asyncio
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_server import make_app
from prometheus_client.parser import text_string_to_metric_families

from armillary.holdings import discover
from armillary.holdings.access import ANONYMOUS, OWNER, Access
from armillary.images.pyramid import Pyramid
from armillary.jobs.model import Owner, Phase, Upload
from armillary.server import figures
from armillary.server.app import create_app
from armillary.server.metrics import text
from armillary.server.settings import Settings


def samples(body: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(body)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def app_of(folder: Path, everybody: Access = ANONYMOUS, **more: Any) -> Any:
    chosen = Settings(auth="none", tile_size=64, threads=2, **more)

    def pyramid(plane: Any, identity: str) -> Pyramid:
        return Pyramid(plane, tile_size=64, identity=identity)

    found = discover([folder], pyramid, tile_size=64)
    found.run()
    counts = figures.Figures(figures.memory(1), 1, 1) if chosen.metrics else None
    return create_app(found.holdings, chosen, discovery=found, everybody=everybody, figures=counts)


def ask(app: Any, *paths: str, peer: str = "127.0.0.1", **more: Any) -> list[httpx.Response]:
    async def all_of_them() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, client=(peer, 5))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", **more) as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(all_of_them())


def test_what_was_asked_is_counted(folder: Path) -> None:
    tile = "/api/layers/tan/tiles/3/0/0.q16"
    answers = ask(
        app_of(folder, metrics=True),
        *(tile, tile, tile, "/api/layers/tan/tiles/9/0/0.q16", "/api/layers/tan", "/nowhere", "/healthz", "/metrics"),
        headers={"Accept-Encoding": "gzip"},
    )
    assert answers[-1].headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answers[-1].headers["cache-control"] == "no-store"
    found = samples(answers[-1].text)

    def requests(route: str, status: str) -> float:
        return found["armillary_requests_total", (("route", route), ("status", status))]

    assert requests("tiles", "200") == 3
    assert requests("tiles", "404") == 1
    assert requests("layers", "200") == 1
    assert requests("page", "404") == 1
    assert requests("health", "200") == 1
    assert found["armillary_tiles_total", (("source", "made"),)] == 1
    assert found["armillary_tiles_total", (("source", "memory"),)] == 2
    assert found["armillary_request_seconds_count", (("route", "tiles"),)] == 4
    assert found["armillary_request_seconds_bucket", (("le", "+Inf"), ("route", "tiles"))] == 4
    sent = sum(int(answer.headers["content-length"]) for answer in answers[:4])
    assert found["armillary_sent_bytes_total", (("route", "tiles"),)] == sent
    assert found["armillary_resident_bytes", (("worker", "1"),)] > 1e6
    assert found["armillary_workers", ()] == 1


def test_no_name_of_anything_is_told(folder: Path) -> None:
    secret = ["/api/layers/hush/tiles/0/0/0.png", "/api/sources/hush", "/hush", "/api/search?q=hush"]
    body = ask(app_of(folder, metrics=True), *secret, "/metrics")[-1].text
    assert "hush" not in body
    assert "tan" not in body.replace("instance", "")


@pytest.mark.parametrize(
    ("settings", "peer", "headers", "status"),
    [
        ({}, "127.0.0.1", {}, 404),
        ({"metrics": True}, "127.0.0.1", {}, 200),
        ({"metrics": True}, "10.1.2.3", {}, 404),
        ({"metrics": True}, "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 404),
        ({"metrics": True, "metrics_callers": ("10.1.0.0/16",)}, "10.1.2.3", {}, 200),
        ({"metrics": True, "metrics_callers": ()}, "127.0.0.1", {}, 404),
        ({"metrics": True, "trusted_proxies": ("127.0.0.1",)}, "127.0.0.1", {"X-Forwarded-For": "9.9.9.9"}, 404),
    ],
)
def test_who_may_ask(folder: Path, settings: dict[str, Any], peer: str, headers: dict[str, str], status: int) -> None:
    app = app_of(folder, **settings)
    answer, missing = ask(app, "/metrics", "/nowhere", peer=peer, headers=headers)
    assert answer.status_code == status
    if status == 404:
        assert answer.content == missing.content


def test_an_administrator_may_ask_from_anywhere(folder: Path) -> None:
    assert ask(app_of(folder, OWNER, metrics=True), "/metrics", peer="10.1.2.3")[0].status_code == 200


def test_jobs_are_counted_by_phase(folder: Path, tmp_path: Path) -> None:
    database = tmp_path / "jobs" / "jobs.sqlite"
    app = app_of(folder, metrics=True, jobs_database=str(database), jobs_runner="off")
    found = samples(ask(app, "/metrics")[0].text)
    assert found["armillary_jobs", (("phase", "QUEUED"),)] == found["armillary_jobs_bytes", ()] == 0
    assert not database.parent.exists()
    store = app.services.jobs().store
    upload = Upload("t", "k", 10)
    words = {"duration_s": 1, "destruction": datetime.now(UTC), "uploads": [upload]}
    for start in (True, True, False):
        store.create(Owner("", "somebody"), "soda", [], start=start, **words)
    found = samples(ask(app, "/metrics")[0].text)
    counts = {phase: found["armillary_jobs", (("phase", phase),)] for phase in Phase}
    assert counts == dict.fromkeys(Phase, 0) | {Phase.QUEUED: 2, Phase.PENDING: 1}
    assert found["armillary_jobs_bytes", ()] == 30
    app.services.close()


def test_where_the_jobs_cannot_be_reached_the_rest_is_told(folder: Path) -> None:
    app = app_of(folder, metrics=True, jobs_database="postgresql://nobody@127.0.0.1:1/none", jobs_runner="off")
    body = ask(app, "/metrics")[0].text
    assert "armillary_build_info" in body
    assert "armillary_jobs" not in body
    app.services.close()


def test_rows_of_workers_are_added_and_go_on_when_one_takes_anothers_place() -> None:
    shared = figures.memory(2)
    try:
        one, two = figures.Figures(shared, 1, 2), figures.Figures(shared, 2, 2)
        one.answered(figures.TILES, 200, 0.003, 100)
        two.answered(figures.TILES, 200, 0.3, 1000)
        two.answered(figures.TILES, 418, 100.0, 0)
        again = figures.Figures(shared, 1, 2)
        again.answered(figures.TILES, 200, 0.003, 10)
        again.add("reloads")
        totals = two.totals()
        assert totals.requests[figures.TILES][0] == 3
        assert totals.requests[figures.TILES][-1] == 1
        assert sum(totals.latencies[figures.TILES]) == 4
        assert totals.latencies[figures.TILES][2] == 2
        assert totals.latencies[figures.TILES][-1] == 1
        assert totals.sent[figures.TILES] == 1110
        assert totals.seconds[figures.TILES] == pytest.approx(100.306)
        assert sum(words["reloads"] for words in totals.words) == 1
        found = samples(text(two)[0].decode())
        assert found["armillary_requests_total", (("route", "tiles"), ("status", "other"))] == 1
    finally:
        os.close(shared)


def test_no_count_is_lost_between_threads() -> None:
    counts = figures.Figures(figures.memory(1), 1, 1)
    threads = [threading.Thread(target=lambda: [counts.add("tiles_made") for _ in range(2000)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.totals().words[0]["tiles_made"] == 16_000


def test_readiness_is_open_to_everybody(folder: Path) -> None:
    app = make_app(folder, auth="token", token="hush")
    answers = ask(app, "/healthz", "/readyz", "/metrics")
    assert [answer.status_code for answer in answers] == [200, 200, 401]
    assert answers[1].json()["status"] == "ok"
    app.services.holdings.set_scanning(scanning=True)
    waiting = ask(app, "/readyz", "/healthz")
    assert [answer.status_code for answer in waiting] == [503, 200]
    assert waiting[0].json()["status"] == "starting"


def test_a_worker_that_is_gone_counts_for_nothing() -> None:
    shared = figures.memory(3)
    try:
        made = [figures.Figures(shared, number, 3) for number in (1, 2, 3)]
        assert made[0].least("connections") == 0
        for one, connections in zip(made, (5, 3, 1), strict=True):
            one.set("connections", connections)
        assert made[0].least("connections") == 1
        figures.mark_absent(shared, 3, 3)
        assert made[0].least("connections") == 3
        found = samples(text(made[0])[0].decode())
        assert found["armillary_connections", (("worker", "3"),)] == 0
    finally:
        os.close(shared)
