"""Virtual Observatory services over HTTP: cutouts at once, beside astropy behind the same web server, then cutouts by
the thousand in the background and one of two gigabytes; a search among ten thousand images."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import numpy as np
import psutil

from bench import data, load, posting, processes
from bench.cutouts import SCALE_DEG, SIDES
from bench.serving import bytes_server
from bench.startup import first_layer
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = 400
TURNS = 5
JOBS = int(os.environ.get("ARMILLARY_BENCH_JOBS", "10000"))
IMAGES = int(os.environ.get("ARMILLARY_BENCH_IMAGES", "10000"))
GIGABYTES_SIDE = 16_384  # of float64: 2.1 GB
FORM = "application/x-www-form-urlencoded"


@contextlib.contextmanager
def opened(*paths: Path, settings: dict[str, str] | None = None) -> Iterator[processes.Server]:
    """``armillary open`` with a place of its own for jobs."""
    port = processes.free_port()
    command = [sys.executable, "-m", "armillary", "open", *paths, "--port", port, "--no-browser", "--auth", "none"]
    with tempfile.TemporaryDirectory() as home:
        places = {"XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home, **(settings or {})}
        with processes.running([str(word) for word in command], port, env=places) as server:
            yield server


def circles(side: int, count: int = PLACES, seed: int = 21) -> list[str]:
    """Circles of about ``side`` pixels across at random places of the benchmark's image."""
    reach = (data.IMAGE_SIDE / 2 - side) * SCALE_DEG
    places = np.random.default_rng(seed).uniform(-reach, reach, (count, 2))
    return [f"{150 + x:.6f} {2 + y:.6f} {side / 2 * SCALE_DEG:.8f}" for x, y in places.tolist()]


def _sync(name: str, circle: str) -> str:
    return f"/vo/soda/sync?ID={quote(name)}&{urlencode({'CIRCLE': circle})}"


def _median_ms(port: int, paths: list[str], count: int) -> float:
    return load.once(port, paths[:count], clients=1, seconds=20).median_ms


@contextlib.contextmanager
def astropys(path: Path) -> Iterator[processes.Server]:
    """astropy behind the same web server."""
    port = processes.free_port()
    command = [sys.executable, "-m", "bench.astropy_server", str(port), str(path)]
    with processes.running(command, port, answer="/?CIRCLE=150%202%200.001") as server:
        yield server


def sync() -> list[Row]:
    """A small cutout and one of 3.8 MB by one client; small ones by several clients."""
    path = data.tan_image()
    data.read_through(path)
    rows = []
    with opened(path) as server, astropys(path) as peer:
        name = first_layer(server)
        for side, count in zip(SIDES, (PLACES, 60), strict=True):
            paths = [_sync(name, circle) for circle in circles(side)]
            others = [f"/?{urlencode({'CIRCLE': circle})}" for circle in circles(side)]
            size = len(server.get(paths[0]))
            _median_ms(peer.port, others, 5)
            _median_ms(server.port, paths, count)
            with bytes_server(size) as least:
                asked = (
                    (least.port, ["/"] * count, count),
                    (server.port, paths, count),
                    (peer.port, others, 20),
                    (peer.port, [f"{other}&COPY=1" for other in others], 20),
                )
                turns = [[_median_ms(*one) for one in asked] for _ in range(TURNS)]
                floor, ours, *theirs = (statistics.median(times) for times in zip(*turns, strict=True))
                what = f"SODA sync, circle of {side} pixels, {size / 1e3:,.0f} kB, 1 client"
                for who, took in zip(("astropy", "astropy that copies first"), theirs, strict=True):
                    rows.append(row(f"{what} (floor: bytes; peer: {who})", ours, "ms", floor=floor, peer=took))
                if side == SIDES[0]:
                    rows += _throughput(server.port, least.port, peer.port, paths, others)
    return rows


def _throughput(port: int, floor_port: int, peer_port: int, paths: list[str], others: list[str]) -> list[Row]:
    """Small cutouts by the second, none at the place of the one before."""
    rows = []
    for clients in (4, 16):
        turns = []
        for _ in range(TURNS):
            least = load.steady(floor_port, ["/"], clients=clients, seconds=1).per_second
            turns.append((load.steady(port, paths, clients=clients, seconds=2).per_second, least))
        ours, least = sorted(turns, key=lambda turn: turn[0] / turn[1])[TURNS // 2]
        theirs = load.steady(peer_port, others, clients=clients, seconds=3).per_second
        name = f"SODA sync, small cutouts, {clients} clients (floor: bytes; peer: astropy)"
        rows.append(row(name, ours, "cutouts/s", floor=least, peer=theirs))
    return rows


def _anonymous_mb(pid: int) -> float:
    """Memory of its own of the server's process, without its children."""
    info = psutil.Process(pid).memory_info()
    return (info.rss - info.shared) / 1e6


def _download(port: int, path: str) -> int:
    """Read an answer and throw it away; bytes of its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    connection.request("GET", path)
    answer = connection.getresponse()
    if answer.status != 200:
        raise load.LoadError(f"{answer.status}: {answer.read(500)!r}")
    total, buffer = 0, bytearray(1 << 20)
    while size := answer.readinto(buffer):
        total += size
    connection.close()
    return total


def memory() -> list[Row]:
    """Memory of the server while one client downloads two gigabytes."""
    rows = []
    with opened(data.sparse_image(GIGABYTES_SIDE)) as server:
        name = first_layer(server)
        half = GIGABYTES_SIDE / 2 * SCALE_DEG
        _download(server.port, _sync(name, "150 2 0.01"))
        time.sleep(3)  # The rest of the program is loaded.
        regions = {
            "the whole image": {"POS": f"RANGE {150 - 2 * half} {150 + 2 * half} {2 - 2 * half} {2 + 2 * half}"},
            "a circle, masked": {"CIRCLE": f"150 2 {half}"},
        }
        for what, region in regions.items():
            before, seen, done = _anonymous_mb(server.pid), [], threading.Event()

            def watch(seen: list[float] = seen, done: threading.Event = done) -> None:
                while not done.wait(0.01):
                    seen.append(_anonymous_mb(server.pid))

            watcher = threading.Thread(target=watch)
            watcher.start()
            start = time.perf_counter()
            try:
                size = _download(server.port, f"/vo/soda/sync?ID={quote(name)}&{urlencode(region)}")
            finally:
                took = time.perf_counter() - start
                done.set()
                watcher.join()
            title = f"SODA sync, {size / 1e9:.1f} GB, {what}"
            rows += [
                row(f"{title}: memory added", max(seen) - before, "MB"),
                row(f"{title}: memory of the server in all", max(seen), "MB"),
                row(f"{title}: rate", size / took / 1e6, "MB/s"),
            ]
    return rows


def jobs() -> list[Row]:
    """Ten thousand jobs of one tiny cutout each: accepted, finished, once each."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results")
        settings = {"ARMILLARY_JOBS_DATABASE": str(Path(folder, "jobs.sqlite")), "ARMILLARY_JOBS_RESULTS": str(results)}
        with opened(data.tan_image(), settings=settings) as server:
            name = first_layer(server)
            time.sleep(3)
            bodies = [
                urlencode({"ID": name, "CIRCLE": circle, "PHASE": "RUN"}).encode()
                for circle in itertools.islice(itertools.cycle(circles(8)), JOBS)
            ]
            start, before_s = time.perf_counter(), _processor_s(server.pid)
            places = posting.post_all(server.port, "/vo/soda/async", FORM, bodies, clients=8)
            accepted, accepting_s = time.perf_counter() - start, _processor_s(server.pid) - before_s
            _check_once(places, JOBS)
            _wait_for_all(server.port, places)
            finished, whole_s = time.perf_counter() - start, _processor_s(server.pid) - before_s
            _check_jobs(server.port, places, results)
    return [
        row(f"SODA async, {JOBS:,} jobs accepted, 8 clients", accepted, "s"),
        row("SODA async, processor time of the server for a job that is accepted", accepting_s / JOBS * 1e3, "ms"),
        row(f"SODA async, {JOBS:,} jobs of one small cutout finished, once each", finished, "s"),
        row("SODA async, processor time of the server for a job, to its end", whole_s / JOBS * 1e3, "ms"),
        row("SODA async, jobs finished by the second", JOBS / finished, "jobs/s"),
    ]


def _processor_s(pid: int) -> float:
    """Processor time of the server's process, without those that do jobs."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _check_once(places: list[str], count: int) -> None:
    if len(set(places)) != count:
        raise load.LoadError(f"{len(set(places))} jobs were made of {count} requests.")


def _job(port: int, place: str) -> dict:
    path = place[place.index("/vo/") :]
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Accept": "application/json"})
    try:
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def _wait_for_all(port: int, places: list[str], seconds: float = 900) -> None:
    """Wait for the last ones, which were queued last; then for those that are late."""
    end = time.monotonic() + seconds
    for place in reversed(places):
        while not (job := _job(port, place))["ended"]:
            if time.monotonic() > end:
                raise load.LoadError(f"A job is {job['phase']} after {seconds:.0f} s.")
            time.sleep(0.2)


def _check_jobs(port: int, places: list[str], results: Path) -> None:
    """Each job has its one result, and no attempt left another behind."""
    found = [_job(port, place) for place in places]
    phases = Counter(job["phase"] for job in found)
    if phases != {"COMPLETED": len(places)} or {len(job["results"]) for job in found} != {1}:
        said = Counter(job["error"]["message"] for job in found if job["error"])
        raise load.LoadError(f"Jobs ended as {dict(phases)}: {said.most_common(3)}")
    files = sum(path.is_file() for path in results.glob("*/*/*/*"))  # service, job, attempt
    if files != len(places):
        raise load.LoadError(f"{files} files of results for {len(places)} jobs.")


def _found(server: processes.Server, query: str) -> int:
    """How many images are found; none while the index is being made."""
    try:
        return server.get(f"/vo/sia2?{query}", timeout_s=300).count(b"<TR>")
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        return 0


def search() -> list[Row]:
    """SIA 2 among ten thousand images: a handful of matches, and all."""
    folder = data.sky_of_images(IMAGES)
    with opened(folder) as server:
        start = time.perf_counter()
        everything = urlencode({"MAXREC": IMAGES + 1})
        while (count := _found(server, everything)) < IMAGES:
            if time.perf_counter() - start > 300:
                raise load.LoadError(f"{count} of {IMAGES} images after five minutes.")
            time.sleep(0.5)
        indexed = time.perf_counter() - start
        time.sleep(3)
        places = np.random.default_rng(5).uniform((0, -70), (360, 70), (200, 2)).tolist()
        asked = [urlencode({"POS": f"CIRCLE {ra:.5f} {dec:.5f} 2.5"}) for ra, dec in places]
        matches = [_found(server, query) for query in asked]
        again = [f"/vo/sia2?{query}" for query in asked]
        taken = load.once(server.port, again, clients=1, seconds=60).latencies_s
        whole = load.once(server.port, [f"/vo/sia2?{everything}"] * 3, clients=1, seconds=60).median_ms
    many = f"SIA 2 among {IMAGES:,} images"
    return [
        row(f"{many}, {statistics.mean(matches):.0f} matches, median", statistics.median(taken) * 1e3, "ms"),
        row(f"{many}, the slowest of {len(taken)} places", max(taken) * 1e3, "ms"),
        row(f"{many}, all of them", whole, "ms"),
        row(f"{many}: ready to the first whole answer", indexed, "s"),
    ]


PARTS = (sync, memory, search, jobs)
