"""``armillary serve`` with several workers, as an operator meets it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import json
import signal
import time
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from conftest_server import sky_data, tan_header, write_image
from production_tools import (
    Served,
    configuration,
    end,
    free_port,
    layer,
    memcached,
    serving,
    start_memcached,
    until,
    write_configuration,
)

TILE = "/api/layers/sky/tiles/3/0/0.f32"
SMALL = ("--tile-size", "64", "--memory", "32")


@pytest.fixture
def holdings(tmp_path: Path) -> Path:
    write_image(tmp_path / "sky.fits", sky_data(), tan_header(200, 300))
    write_image(tmp_path / "other.fits", sky_data(5), tan_header(200, 300))
    return write_configuration(tmp_path / "holdings.json", layer("sky", "sky.fits"))


def test_several_workers_answer_and_all_end_when_told(holdings: Path) -> None:
    with serving(holdings, "--workers", "2", *SMALL) as served:
        workers = served.workers
        assert len(workers) == 2
        assert served.get(TILE).status_code == 200
        assert served.get("/api/session").json()["auth"] == "none"
        assert served.stop() == 0
        _, alive = psutil.wait_procs(workers, 5)
        assert alive == []
        assert not any("Traceback" in line for line in served.said)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_worker_is_no_more_than_one_process(holdings: Path, number: signal.Signals) -> None:
    with serving(holdings, *SMALL) as served:
        assert served.workers == []
        assert served.get(TILE).status_code == 200
        served.process.send_signal(number)
        assert served.process.wait(10) == 0


def test_a_worker_that_dies_is_replaced(holdings: Path) -> None:
    with serving(holdings, "--workers", "2", *SMALL) as served:
        first, second = served.workers
        first.kill()
        assert served.hears("worker 1 ended (signal SIGKILL)")
        assert until(lambda: len(served.workers) == 2 and first not in served.workers)
        assert second in served.workers
        assert served.get(TILE).status_code == 200
        assert served.stop() == 0


def test_nobody_is_left_when_the_supervisor_is_killed(holdings: Path) -> None:
    with serving(holdings, "--workers", "2", *SMALL) as served:
        workers = served.workers
        served.process.kill()
        _, alive = psutil.wait_procs(workers, 20)
        assert alive == []


def test_a_worker_that_never_starts_ends_it_with_one_line(holdings: Path) -> None:
    from armillary.server import supervisor

    told: list[bool] = []
    made = supervisor.Supervisor(2, ["/bin/false"], lambda _number: "{}", (), lambda: told.append(True))
    assert made.run() == 1
    assert told == []
    assert all(worker.process is None for worker in made.workers)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("{", ["is not JSON"]),
        ('{"boxes": [{}, 7], "map_groups": 8}', ["map_groups: ", "boxes[0].name: ", "boxes[1]: "]),
        (None, ["is a folder"]),
    ],
    ids=["no-json", "several", "folder"],
)
def test_a_broken_configuration_is_explained_once(
    tmp_path: Path, workers: str, text: str | None, places: list[str]
) -> None:
    import subprocess
    import sys

    path = tmp_path / "bad.json"
    path.mkdir() if text is None else path.write_text(text)
    command = [sys.executable, "-m", "armillary", "serve", "bad.json", "--workers", workers, "--port", "0"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert answer.returncode == 1
    assert answer.stdout == ""
    lines = answer.stderr.splitlines()
    assert all(line.startswith("armillary: bad.json: ") for line in lines)
    assert len(lines) == len(set(lines))
    assert [place for place in places if not any(place in line for line in lines)] == []


def layers_of(served: Served) -> set[str]:
    return {
        one["layer_id"]
        for group in served.get("/api/holdings").json()["map_groups"]
        for made in group["maps"]
        for band in made["bands"]
        for one in band["layers"]
    }


def test_sighup_reloads_every_worker_and_drops_nothing(holdings: Path) -> None:
    with serving(holdings, "--workers", "2", *SMALL) as served:
        statuses: list[int] = []
        with concurrent.futures.ThreadPoolExecutor(4) as crowd:
            asking = [crowd.submit(lambda: [served.get(TILE).status_code for _ in range(60)]) for _ in range(4)]
            write_configuration(holdings, layer("sky", "sky.fits"), layer("other", "other.fits"))
            served.process.send_signal(signal.SIGHUP)
            for one in asking:
                statuses += one.result()
        assert set(statuses) == {200}
        seen: list[set[str]] = []

        def settled() -> bool:
            seen[:] = [layers_of(served) for _ in range(16)]
            return all(found == {"sky", "other"} for found in seen)

        assert until(settled), seen
        holdings.write_text("{ broken")
        served.process.send_signal(signal.SIGHUP)
        assert served.hears("holdings.json")
        assert [served.get(TILE).status_code for _ in range(16)] == [200] * 16
        assert len(served.workers) == 2


def test_a_grant_of_everybody(tmp_path: Path) -> None:
    write_image(tmp_path / "sky.fits", sky_data(), tan_header(200, 300))
    path = write_configuration(tmp_path / "h.json", layer("sky", "sky.fits", grant="team"))
    with serving(path, *SMALL) as served:
        assert served.get(TILE).status_code == 404
    with serving(path, "--workers", "2", "--grant", "team", "--grant", "more", *SMALL) as served:
        assert [served.get(TILE).status_code for _ in range(8)] == [200] * 8


def test_processes_share_tiles_and_outlive_memcached(holdings: Path) -> None:
    port, numbers = free_port(), itertools.count(50)
    process = start_memcached(port)
    with contextlib.ExitStack() as stack:
        stack.callback(end, process)
        options = (*SMALL, "--memcached", f"127.0.0.1:{port}")
        environment = {"ARMILLARY_METRICS": "1", "ARMILLARY_MEMCACHED_TIMEOUT": "2000"}
        with (
            serving(holdings, *options, environment=environment) as one,
            serving(holdings, *options, environment=environment) as two,
        ):

            def shared() -> bool:
                fresh = f"vmin=1&vmax={next(numbers)}"
                tiles = [f"/api/layers/sky/tiles/3/{row}/{col}.png?{fresh}" for row in range(4) for col in range(3)]
                made = [one.get(tile).content for tile in tiles]
                time.sleep(0.1)
                assert [two.get(tile).content for tile in tiles] == made
                return counted(two, "shared") > 0

            assert until(shared)
            end(process)
            shared()
            assert served_on(one, two)


def served_on(*servers: Served) -> bool:
    """Whether each still answers and says so itself."""
    return all(one.get(TILE).status_code == 200 and one.hears("does not answer") for one in servers)


def counted(served: Served, source: str) -> float:
    """How many tiles came from there, as the server's metrics say."""
    lines = served.get("/metrics").text.splitlines()
    found = [line for line in lines if line.startswith(f'armillary_tiles_total{{source="{source}"}}')]
    return float(found[0].split()[1])


def test_no_worker_serves_old_pixels(holdings: Path) -> None:
    """Files are replaced while many requests are in flight; what a version names are the pixels of that version."""
    data = {seed: sky_data(seed) for seed in range(20, 26)}
    bodies = {seed: pixels[::-1][:64, :64].astype("<f4").tobytes() for seed, pixels in data.items()}
    with memcached() as port, serving(holdings, "--workers", "2", "--memcached", f"127.0.0.1:{port}", *SMALL) as served:
        stop = False

        def keep_asking(_number: int) -> list[bytes]:
            found = []
            with httpx.Client(base_url=served.address, timeout=60) as client:
                while not stop:
                    found.append(client.get(TILE).content)
            return found

        with concurrent.futures.ThreadPoolExecutor(6) as crowd:
            asking = [crowd.submit(keep_asking, number) for number in range(6)]
            for seed, pixels in data.items():
                write_image(holdings.parent / "sky.fits", pixels, tan_header(200, 300))
                for _ in range(12):  # Each on a connection of its own: both workers are met.
                    assert served.get(TILE, headers={"Connection": "close"}).content == bodies[seed]
                    version = served.get("/api/layers/sky").json()["version"]
                    assert served.get(f"{TILE}?v={version}").content == bodies[seed]
            stop = True
            answers = {body for one in asking for body in one.result()}
        first = sky_data()[::-1][:64, :64].astype("<f4").tobytes()
        assert answers <= {first, *bodies.values()}


def test_an_unix_socket(holdings: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.sock"
    with serving(holdings, "--workers", "2", "--uds", str(path), *SMALL) as served:
        assert served.address == f"unix:{path}"
        with httpx.Client(
            transport=httpx.HTTPTransport(uds=str(path)), base_url="http://maps.example", timeout=60
        ) as client:
            assert client.get(TILE).status_code == 200
        assert path.stat().st_mode & 0o777 == 0o660
        assert served.stop() == 0
        assert not path.exists()
    with serving(holdings, "--uds", str(path), *SMALL) as served:
        served.process.kill()
        served.process.wait(10)
    with serving(holdings, "--uds", str(path), *SMALL) as served:
        assert served.stop() == 0


def test_the_configuration_may_come_from_tilemakers_variable(holdings: Path) -> None:
    import os
    import subprocess
    import sys

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    with subprocess.Popen(
        [sys.executable, "-m", "armillary", "serve", "--port", "0", *SMALL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=kept | {"TILEMAKER_CONFIG_PATH": str(holdings), "TILEMAKER_PRECACHE": "1", "TILEMAKER_NOSUCH": "1"},
    ) as process:
        address = process.stdout.readline().removeprefix("Armillary is ready: ").strip()
        assert httpx.get(address + TILE[1:], timeout=60).status_code == 200
        process.terminate()
        said = process.stderr.read()
        assert said.count("TILEMAKER_NOSUCH") == 1
        assert "TILEMAKER_PRECACHE" not in said


def test_memory_does_not_grow_with_the_tiles_asked_for(tmp_path: Path) -> None:
    data = np.random.default_rng(8).normal(0, 1, (2048, 2048)).astype(np.float32)
    write_image(tmp_path / "big.fits", data, tan_header(2048, 2048))
    path = write_configuration(tmp_path / "h.json", layer("big", "big.fits"))
    options = ("--tile-size", "256", "--memory", "32", "--threads", "2")
    with serving(path, *options) as served, httpx.Client(base_url=served.address, timeout=60) as client:
        process, sent = psutil.Process(served.process.pid), 0

        def ask(numbers: range) -> float:
            nonlocal sent
            for number in numbers:
                row, col, style = number % 8, number // 8 % 8, number // 64
                answer = client.get(f"/api/layers/big/tiles/3/{row}/{col}.png?vmin=-{style + 2}&vmax=3")
                assert answer.status_code == 200
                sent += len(answer.content)
            info = process.memory_info()
            return (info.rss - info.shared) / 2**20

        before, sent = ask(range(600)), 0
        after = [ask(range(600, 1200)), ask(range(1200, 1800))]
        assert sent / 2**20 > 50  # What a leak of each tile's bytes would show.
        assert max(after) - before < 24


def test_the_job_of_a_worker_survives_its_line() -> None:
    from armillary.cli.worker import Job
    from armillary.server.settings import Settings

    job = Job("/x y/é.json", Settings(token='a"b', memcached=("a:1", "b:2"), metrics=True), 2, 5, 7, 9)
    line = job.to_line()
    assert "\n" not in line
    assert Job.from_line(line) == job
    assert json.loads(line)["number"] == 2
    assert configuration()["map_groups"]


def test_the_supervisor_loads_nothing_that_serves() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from armillary.cli.main import main, parser; "
        "import armillary.cli.serve; parser(); "
        "print([name for name in ('numpy', 'numba', 'astropy', 'fastapi', 'uvicorn', 'uvloop') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
