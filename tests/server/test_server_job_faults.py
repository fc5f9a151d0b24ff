"""The server's own runner: jobs are done by its children; killed at random moments it loses none and leaves nothing."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import psutil
import pytest
from conftest_server import sky_data, tan_header, write_image
from production_tools import layer, until, write_configuration

from armillary.server import job_runner
from armillary.server.settings import Settings

JOBS = "/vo/soda/async"
FINAL = {"COMPLETED", "ERROR", "ABORTED"}
MOST_S = 120


class Server:
    """``armillary serve`` that can be killed with all its processes, and started again on the same jobs."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        write_image(folder / "sky.fits", sky_data(), tan_header(200, 300))
        self.folder = folder
        self.command = [
            *(
                sys.executable,
                "-m",
                "armillary",
                "serve",
                str(write_configuration(folder / "h.json", layer("sky", "sky.fits"))),
            ),
            *("--port", "0", *arguments),
        ]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
        self.environment = kept | {
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "ARMILLARY_TEST_FOLDER": str(folder),
            "ARMILLARY_JOBS_ATTEMPTS": "100",
            "ARMILLARY_JOBS_WORKERS": "2",
        }
        self.process: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self) -> None:
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                self.command, stdout=subprocess.PIPE, stderr=log, text=True, env=self.environment, cwd=self.folder
            )
        line = self.process.stdout.readline()
        assert line.startswith("Armillary is ready"), (self.folder / "log").read_text()[-3000:]
        self.address = line.split()[-1].rstrip("/")

    def processes(self) -> list[psutil.Process]:
        """All that belong to it, wherever they were moved."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("ARMILLARY_TEST_FOLDER") == str(self.folder) and process.pid != os.getpid():
                    found.append(process)
        return found

    def end(self) -> None:
        if self.process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None

    def kill(self) -> None:
        """End its first process without a word: all others are to end by themselves."""
        if self.process is not None:
            self.process.kill()
            self.end()

    def submit(self, *pairs: tuple[str, str], files=None) -> str:
        """A job; its path."""
        form: dict[str, list[str]] = {}
        for name, value in (("ID", "sky"), ("PHASE", "RUN"), *pairs):
            form.setdefault(name, []).append(value)
        answer = httpx.post(self.address + JOBS, data=form, files=files, timeout=60)
        assert answer.status_code == 303, answer.text
        return httpx.URL(answer.headers["location"]).path

    def job(self, path: str) -> dict:
        answer = httpx.get(self.address + path, headers={"accept": "application/json"}, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ended(self, path: str) -> dict:
        deadline = time.monotonic() + MOST_S
        while (job := self.job(path))["phase"] not in FINAL and time.monotonic() < deadline:
            time.sleep(0.05)
        return job


@pytest.fixture
def served(tmp_path):
    """Makes servers; nothing of them stays."""
    made = []

    def make(*arguments: str) -> Server:
        made.append(Server(tmp_path, *arguments))
        return made[-1]

    yield make
    for server in made:
        server.kill()
        for process in server.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()


def circles(random_: random.Random, count: int) -> list[tuple[str, str]]:
    return [
        ("CIRCLE", f"{150 + random_.uniform(-0.02, 0.02):.4f} {2 + random_.uniform(-0.02, 0.02):.4f} 0.004")
        for _ in range(count)
    ]


def table(random_: random.Random, count: int) -> dict[str, tuple[str, bytes]]:
    rows = "".join(f"{150 + random_.uniform(-0.02, 0.02)},{2 + random_.uniform(-0.02, 0.02)}\n" for _ in range(count))
    return {"file": ("targets.csv", f"ra,dec\n{rows}".encode())}


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_that_is_killed_loses_no_job(served, workers):
    random_ = random.Random(int(workers))
    server = served("--workers", workers)
    server.start()
    long = [("UPLOAD", "t,param:file"), ("RADIUS", "0.004")]
    paths = {server.submit(*circles(random_, 2)): 2 for _ in range(10)}
    paths |= {server.submit(*long, files=table(random_, 60)): 61 for _ in range(3)}
    for _ in range(3):
        time.sleep(random_.random())
        victims = [process for process in server.processes() if process.pid != server.process.pid]
        if victims and random_.random() < 0.5:
            with contextlib.suppress(psutil.Error):
                random_.choice(victims).kill()
        else:
            server.kill()
            assert until(lambda: not server.processes())
            server.start()
    for path, count in paths.items():
        job = server.ended(path)
        assert (job["phase"], len(job["results"])) == ("COMPLETED", count), job["error"]
        assert job["progress"] == {"done": count, "total": count}
        first, last = job["results"][0], job["results"][-1]
        for result in (first, last):
            assert len(httpx.get(server.address + httpx.URL(result["href"]).path, timeout=60).content) == result["size"]
    assert attempts_with_files(server.folder) == {path.rpartition("/")[2] for path in paths}
    server.kill()
    assert until(lambda: not server.processes())


def attempts_with_files(folder: Path) -> set[str]:
    """Jobs that have files; each has them of one attempt, and what failed attempts left is the reaper's."""
    found = folder.glob("data/armillary/jobs/*.results/*/*")
    return {place.parent.name for place in found if place.is_dir() and place.name != "uploads"}


def test_a_server_that_is_told_to_end_gives_its_jobs_back(served):
    server = served()
    server.start()
    random_ = random.Random(5)
    path = server.submit(("UPLOAD", "t,param:file"), ("RADIUS", "0.004"), files=table(random_, 2000))
    assert until(lambda: server.job(path)["progress"]["done"] > 0)
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(30) == 0
    server.end()
    assert until(lambda: not server.processes())
    server.start()
    # It waits for no lease: the server gave it back.
    assert until(lambda: server.job(path)["phase"] == "EXECUTING")
    httpx.post(f"{server.address}{path}/phase", data={"PHASE": "ABORT"}, timeout=60)
    assert server.ended(path)["phase"] == "ABORTED"


def test_an_abort_is_heard_by_whichever_process_runs_the_job(served):
    server = served("--workers", "2")
    server.start()
    random_ = random.Random(6)
    paths = [
        server.submit(("UPLOAD", "t,param:file"), ("RADIUS", "0.004"), files=table(random_, 3000)) for _ in range(2)
    ]
    for path in paths:
        assert until(lambda path=path: server.job(path)["phase"] == "EXECUTING")
        answer = httpx.post(f"{server.address}{path}/phase", data={"PHASE": "ABORT"}, timeout=60)
        assert answer.status_code == 303
        assert server.job(path)["phase"] == "ABORTED"
    done = server.submit(*circles(random_, 1))
    assert server.ended(done)["phase"] == "COMPLETED"
    assert until(lambda: attempts_with_files(server.folder) <= {done.rpartition("/")[2]})


def test_nothing_is_started_or_made_before_the_first_job(served):
    server = served()
    server.start()
    assert httpx.get(server.address + "/api/holdings", timeout=60).status_code == 200
    assert not [process for process in server.processes() if "armillary.jobs.child" in process.cmdline()]
    assert not (server.folder / "data").exists()


def test_children_are_shared_out_among_processes():
    settings = Settings(jobs_workers=8, workers=4)
    assert job_runner.workers_of_one(settings) == 2
    assert job_runner.workers_of_one(replace(settings, jobs_workers=2)) == 1
    assert job_runner.workers_of_one(replace(settings, workers=1)) == 8


def test_server_and_worker_mean_the_same_jobs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings()
    near = job_runner.scene_of(SimpleNamespace(path="h.json"), settings)
    far = job_runner.scene_of(SimpleNamespace(path=str(tmp_path / "h.json")), settings)
    other = job_runner.scene_of(SimpleNamespace(paths=["h.json"]), settings)
    assert near == far
    assert job_runner.service_of(near) == job_runner.service_of(far)
    assert other["paths"] == [str(tmp_path / "h.json")]


@pytest.mark.parametrize("runner", ["off", "local"])
def test_off_does_nothing(tmp_path, runner):
    settings = Settings(jobs_runner=runner, jobs_database=str(tmp_path / "j.sqlite"), jobs_workers=1)
    scene = job_runner.scene_of(SimpleNamespace(paths=[str(tmp_path)]), settings)
    jobs = job_runner.open_service(scene, settings)
    made = job_runner.JobRunner(jobs, scene, settings)
    from datetime import UTC, datetime, timedelta

    from armillary.jobs.model import Owner, Phase

    job = jobs.store.create(
        Owner("", "a", {"everything": True}),
        "soda",
        [("ID", "nothing")],
        duration_s=10,
        destruction=datetime.now(UTC) + timedelta(days=1),
        start=True,
    )
    made.queued(job.job_id)
    if runner == "local":
        assert until(lambda: jobs.store.get(job.job_id).phase is Phase.ERROR)
        assert len(made.children()) == 1
    else:
        assert (jobs.store.get(job.job_id).phase, made.children()) == (Phase.QUEUED, [])
    made.close()
    assert made.children() == []
    made.queued(job.job_id)  # After the end it is harmless.
    jobs.close()
