"""Celery's workers with a real Redis keep the contract of runners; what the broker does and does not do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from runner_processes import Manager, Redis, redis

from armillary.jobs.celery_runner import CelerySender, make_app, queue_name, send
from armillary.jobs.model import Phase
from armillary.jobs.service import open_jobs
from armillary.testing.runners import RunnerConformance, Running, alive, noted, until

SLOW_LOOK_S = 600.0


@pytest.fixture(scope="module")
def broker():
    with redis() as server:
        yield server


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("celery")


def words_of(place, broker, **plan):
    return {
        "database": str(place / "jobs.sqlite"),
        "results": str(place / "results"),
        "broker": broker.address,
        "plan": plan,
    }


@pytest.fixture(scope="module")
def worker(place, broker):
    """A worker that never looks into the store by itself: all it does it was told by the broker."""
    manager = Manager(place / "log", **words_of(place, broker, look_s=SLOW_LOOK_S)).start()
    yield manager
    manager.kill()


@pytest.fixture(scope="module")
def jobs(place):
    opened = open_jobs("toy", database=str(place / "jobs.sqlite"), results=str(place / "results"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def sender(broker):
    made = CelerySender(broker.address, "toy")
    yield made
    made.close()


class TestCelery(RunnerConformance):
    @pytest.fixture
    def running(self, jobs, worker, sender, tmp_path):
        return Running(jobs, sender.send, tmp_path)

    def test_only_the_id_goes_over_the_wire(self, broker, jobs, tmp_path):
        import redis as client

        app = make_app(broker.address, "another")
        job_id = Running(jobs, lambda job_id: send(app, job_id), tmp_path).submit(("until", "/secret/place"))
        app.close()
        with client.Redis(port=broker.port) as raw:
            message = raw.lpop(queue_name("another"))
        jobs.delete(job_id)
        assert job_id in json.dumps(json.loads(message)) or job_id.encode() in _body(message)
        assert b"secret" not in message + _body(message)
        assert b"somebody" not in message + _body(message)


def _body(message):
    import base64

    return base64.b64decode(json.loads(message)["body"])


def test_a_message_that_comes_twice_changes_nothing(jobs, worker, sender, tmp_path):
    running = Running(jobs, sender.send, tmp_path)
    job_id = running.submit(("note", tmp_path / "notes"), ("keep", "a=1"))
    for _ in range(5):
        sender.send(job_id)
    sender.send("0" * 32)
    assert running.ended(job_id).phase == Phase.COMPLETED
    assert running.ended(running.submit(("keep", "a=1"))).phase == Phase.COMPLETED
    assert len(noted(tmp_path / "notes")) == 1


def test_no_message_at_all_and_the_job_is_done(jobs, place, broker, tmp_path):
    manager = Manager(place / "log2", **words_of(place, broker, look_s=0.2)).start()
    try:
        running = Running(jobs, lambda _: None, tmp_path)
        assert running.ended(running.submit(("keep", "a=1"))).phase == Phase.COMPLETED
    finally:
        manager.kill()


def test_without_a_broker_nothing_is_lost_and_nobody_waits(place, tmp_path):
    down = Redis()
    sender = CelerySender(down.address, "toy")
    jobs = open_jobs("toy", database=str(tmp_path / "jobs.sqlite"), results=str(tmp_path / "results"))
    manager = Manager(place / "log3", **words_of(tmp_path, down, look_s=0.2)).start(wait=False)
    try:
        running = Running(jobs, sender.send, tmp_path)
        job_ids = [running.submit(("keep", "a=1")) for _ in range(5)]
        assert {running.ended(job_id).phase for job_id in job_ids} == {Phase.COMPLETED}
        down.start()
        assert manager.process.stdout.readline() == "ready\n"
        assert running.ended(running.submit(("keep", "a=1"))).phase == Phase.COMPLETED
    finally:
        manager.kill()
        down.kill()
        sender.close()
        jobs.close()


@pytest.fixture
def own(tmp_path):
    """A broker and jobs that no other worker knows."""
    with redis() as server:
        sender = CelerySender(server.address, "toy")
        jobs = open_jobs("toy", database=str(tmp_path / "jobs.sqlite"), results=str(tmp_path / "results"))
        yield server, Running(jobs, sender.send, tmp_path)
        jobs.close()
        sender.close()


def test_a_worker_that_is_told_to_end_gives_its_job_back(own, tmp_path):
    server, running = own
    gate, mine = tmp_path / "gate", tmp_path / "mine"
    first = Manager(tmp_path / "log", **words_of(tmp_path, server, look_s=SLOW_LOOK_S)).start()
    second = Manager(tmp_path / "log", **words_of(tmp_path, server, look_s=SLOW_LOOK_S))
    try:
        job_id = running.submit(("note", mine), ("until", gate), ("keep", "a=1"))
        assert until(lambda: noted(mine))
        assert first.stop() == 0
        assert until(lambda: not any(map(alive, noted(mine))))
        assert running.jobs.store.get(job_id).phase == Phase.QUEUED
        gate.touch()
        second.start()
        assert running.ended(job_id).phase == Phase.COMPLETED
    finally:
        first.kill()
        second.kill()


def test_a_broker_that_forgot_everything_loses_no_job(own, tmp_path):
    server, running = own
    gate = tmp_path / "gate"
    worker = Manager(tmp_path / "log", **words_of(tmp_path, server, look_s=1.0)).start()
    try:
        job_ids = [running.submit(("until", gate), ("keep", f"a={k}")) for k in range(10)]
        assert until(lambda: len(running.jobs.store.executing()) == 2)
        server.kill()
        gate.touch()
        server.start()
        jobs = [running.ended(job_id) for job_id in job_ids]
        assert {job.phase for job in jobs} == {Phase.COMPLETED}
        assert [running.content(job)["a"] for job in jobs] == [str(k).encode() for k in range(10)]
    finally:
        worker.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["SIGINT", "SIGTERM"])
def test_the_command_says_that_it_is_ready_and_ends_without_a_word(broker, tmp_path, number):
    (tmp_path / "empty.csv").write_text("ra,dec\n1,2\n")
    environment = os.environ | {"ARMILLARY_JOBS_BROKER": broker.address, "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "armillary", "worker", "empty.csv", "--runner", "celery", "--workers", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, env=environment, text=True, **pipes) as process:
        try:
            assert process.stdout.readline() == "Armillary worker is ready: 1 process, celery\n"
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, out, err) == (0, "", "")
