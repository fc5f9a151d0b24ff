"""The whole program is killed at random moments: on one machine, and with PostgreSQL, Redis and workers of their own.
Each accepted job ends once, with a whole result, and leaves no file and no process behind."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from conftest_postgresql import postgresql_address, postgresql_server  # noqa: F401
from runner_processes import redis
from vo_archive import DEC, RA, Archive
from vo_tools import until

from armillary.jobs.reaper import Patience, Reaper
from armillary.jobs.service import open_jobs

JOBS = 60
READY = "Armillary is ready: "
WORKING = "Armillary worker is ready: "


class Program:
    """``armillary`` with some words, in a session of its own, which can be killed and started again."""

    def __init__(self, folder: Path, *words: str | Path, ready: str = READY) -> None:
        self.folder = folder
        self.words = [sys.executable, "-m", "armillary", *map(str, words)]
        self.ready = ready
        self.process: subprocess.Popen[str] | None = None
        self.line = ""

    def start(self) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
        variables = kept | {"XDG_CONFIG_HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder)}
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.words, stdout=subprocess.PIPE, stderr=log, text=True, env=variables, start_new_session=True
            )
        self.line = self.process.stdout.readline()
        assert self.line.startswith(self.ready), (self.folder / "log").read_text()[-3000:]

    def tree(self) -> list[psutil.Process]:
        """It and all that it started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            me = psutil.Process(self.process.pid)
            return [me, *me.children(recursive=True)]
        return []

    def kill(self) -> None:
        """Without a word; children are to end by themselves."""
        children = self.tree()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        _, alive = psutil.wait_procs(children, timeout=30)
        assert alive == []

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            children = self.tree()
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
            psutil.wait_procs(children, timeout=10)
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
            self.process.wait()
            self.process.stdout.close()


@contextlib.contextmanager
def programs(*all_of_them: Program) -> Iterator[None]:
    try:
        for one in all_of_them:
            one.start()
        yield
    finally:
        for one in all_of_them:
            one.stop()


def submit(address: str, count: int) -> list[str]:
    """Jobs that were accepted, each of a few cutouts; their addresses."""
    table = "ra,dec\n" + "".join(f"{RA + k * 1e-3},{DEC}\n" for k in range(-10, 10))
    found = []
    with requests.Session() as session:
        for _ in range(count):
            answer = session.post(
                f"{address}/vo/soda/async",
                data={"ID": "exposure", "UPLOAD": "t,param:t", "RADIUS": "0.01", "PHASE": "RUN"},
                files={"t": ("t.csv", table)},
                allow_redirects=False,
                timeout=60,
            )
            assert answer.status_code == 303, answer.text
            found.append(answer.headers["location"])
    return found


def job(address: str) -> dict[str, Any]:
    answer = requests.get(address, headers={"Accept": "application/json"}, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ended(address: str) -> dict[str, Any] | None:
    with contextlib.suppress(requests.ConnectionError):
        found = job(address)
        return found if found["phase"] in {"COMPLETED", "ERROR", "ABORTED"} else None
    return None


def sweep(results: Path, database: str) -> None:
    """What a reaper does within ten minutes, at once."""
    (service,) = results.iterdir()
    jobs = open_jobs(service.name, database=database, results=str(results))
    reaper = Reaper(jobs.store, jobs.results, patience=Patience(sweep_s=0.0))
    for _ in range(2):
        reaper.sweep()
    jobs.close()


def check(places: list[str], results: Path, database: str) -> None:
    """All are done, with whole results, and nothing lies beside them."""
    files = {}
    for place in places:
        found = until(lambda place=place: ended(place), 240)
        assert found["phase"] == "COMPLETED", found["error"]
        assert len(found["results"]) == 21
        for result in (found["results"][0], found["results"][-1]):
            body = requests.get(result["href"], timeout=60).content
            assert len(body) == result["size"]
            assert body.startswith((b"SIMPLE  =", b"PK"))
        files[found["job_id"]] = sum(result["size"] for result in found["results"])

    sweep(results, database)
    for folder in jobs_in(results):
        assert len([attempt for attempt in folder.iterdir() if attempt.name != "uploads"]) == 1
    kept = {
        one.name: sum(path.stat().st_size for path in one.rglob("*") if path.is_file() and "uploads" not in path.parts)
        for one in jobs_in(results)
    }
    assert kept == files


def jobs_in(results: Path) -> list[Path]:
    """Folders of jobs in the place of results."""
    (service,) = results.iterdir()
    return [one for one in service.iterdir() if one.is_dir() and len(one.name) > 16]


def test_a_server_with_its_workers_is_killed(archive: Archive, tmp_path: Path) -> None:
    """Its children one by one, then it, three times; the last one that starts does what is left."""
    results = tmp_path / "results"
    database = str(tmp_path / "jobs.sqlite")
    text = f'jobs_results = "{results}"\njobs_database = "{database}"\njobs_attempts = 20\n'
    (tmp_path / "settings.toml").write_text(text)
    words = "--auth", "none", "--no-browser", "--port", "0", "--config", tmp_path / "settings.toml"
    server = Program(tmp_path, "open", archive.folder, *words)
    dice = random.Random(11)
    places: list[str] = []
    with programs(server):
        for _ in range(3):
            address = server.line.removeprefix(READY).strip().rstrip("/")
            places += [f"/vo{place.partition('/vo')[2]}" for place in submit(address, JOBS // 3)]
            for _ in range(2):
                time.sleep(dice.uniform(0, 1.5))
                for child in server.tree()[1:]:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        child.kill()
            time.sleep(dice.uniform(0, 1.5))
            server.kill()
            server.start()
        address = server.line.removeprefix(READY).strip().rstrip("/")
        check([address + place for place in places], results, database)
        children = server.tree()
    assert psutil.wait_procs(children, timeout=10)[1] == []


def test_many_machines_are_killed(archive: Archive, tmp_path: Path, postgresql_address: str) -> None:  # noqa: F811
    """A server, two workers, Redis: as the page for administrators has them."""
    results = tmp_path / "results"
    dice = random.Random(12)
    with redis() as broker:
        (tmp_path / "settings.toml").write_text(
            f'jobs_results = "{results}"\njobs_database = "{postgresql_address}"\njobs_runner = "celery"\n'
            f'jobs_broker = "{broker.address}"\njobs_attempts = 20\njobs_workers = 1\n'
        )
        holdings = tmp_path / "holdings.json"
        command = [sys.executable, "-m", "armillary", "genconfig", archive.folder, "--output", holdings]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
        config = "--config", tmp_path / "settings.toml"
        server = Program(tmp_path, "serve", holdings, "--port", "0", *config)
        workers = [Program(tmp_path, "worker", holdings, *config, ready=WORKING) for _ in range(2)]
        places: list[str] = []
        with programs(server, *workers):
            for _ in range(3):
                address = server.line.removeprefix(READY).strip().rstrip("/")
                places += [f"/vo{place.partition('/vo')[2]}" for place in submit(address, JOBS // 3)]
                time.sleep(dice.uniform(0, 1.5))
                victim = dice.choice(workers)
                victim.kill()
                broker.kill()
                broker.start()
                victim.start()
                time.sleep(dice.uniform(0, 1))
                server.kill()
                server.start()
            address = server.line.removeprefix(READY).strip().rstrip("/")
            check([address + place for place in places], results, postgresql_address)
            children = [process for one in (server, *workers) for process in one.tree()]
        assert psutil.wait_procs(children, timeout=10)[1] == []


@pytest.mark.parametrize("runner", ["local", "celery"])
def test_a_worker_beside_a_server_that_does_no_jobs(archive: Archive, tmp_path: Path, runner: str) -> None:
    """``armillary worker`` on the server's own database; without it jobs wait."""
    results = tmp_path / "results"
    with redis() as broker:
        (tmp_path / "settings.toml").write_text(
            f'jobs_results = "{results}"\njobs_database = "{tmp_path}/jobs.sqlite"\njobs_broker = "{broker.address}"\n'
            f'jobs_runner = "{"off" if runner == "local" else runner}"\n'
        )
        config = "--config", tmp_path / "settings.toml"
        words = "--auth", "none", "--no-browser", "--port", "0"
        server = Program(tmp_path, "open", archive.folder, *words, *config)
        worker = Program(tmp_path, "worker", archive.folder, *config, "--workers", "1", ready=WORKING)
        with programs(server):
            places = submit(server.line.removeprefix(READY).strip().rstrip("/"), 3)
            time.sleep(1)
            assert {job(place)["phase"] for place in places} == {"QUEUED"}
            with programs(worker):
                check(places, results, str(tmp_path / "jobs.sqlite"))
