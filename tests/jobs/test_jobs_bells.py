"""The contract of a bell, and what is special to each."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time

import pytest

from armillary.jobs.bells import LocalBell, PipeBell, open_bell
from armillary.jobs.postgresql_bell import PostgresqlBell
from armillary.testing.bells import SETTLE_SECONDS, TOPIC, BellConformance, Ear, connect


class TestLocal(BellConformance):
    @pytest.fixture
    def bells(self):
        bell = LocalBell()
        return bell, bell


class TestPipes(BellConformance):
    @pytest.fixture
    def bells(self, tmp_path):
        return PipeBell(tmp_path / "bells"), PipeBell(tmp_path / "bells")


class TestPostgresql(BellConformance):
    @pytest.fixture
    def bells(self, postgresql_server):
        return open_bell(postgresql_server.address()), PostgresqlBell(postgresql_server.address())


def wait_until(true) -> bool:
    deadline = time.monotonic() + SETTLE_SECONDS
    while not (done := true()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return done


def test_pipes_are_private_and_go_with_their_bell(tmp_path) -> None:
    (tmp_path / "jobs.sqlite").touch()
    bell = open_bell(str(tmp_path / "jobs.sqlite"))
    assert list(tmp_path.iterdir()) == [tmp_path / "jobs.sqlite"]
    bell.listen(lambda _: None)
    folder = tmp_path / "jobs.sqlite.bells"
    [pipe] = folder.iterdir()
    assert (stat.S_IMODE(folder.stat().st_mode), stat.S_IMODE(pipe.stat().st_mode)) == (0o700, 0o600)
    bell.close()
    assert list(folder.iterdir()) == []


def test_before_the_first_job_nothing_is_made(tmp_path) -> None:
    """The pipe comes with the file that it lies beside, whoever made this."""
    file = tmp_path / "deep" / "jobs.sqlite"
    listens, rings = open_bell(str(file)), open_bell(str(file))
    ear = Ear(listens)
    listens.ring("a")
    rings.ring("a")
    assert list(tmp_path.iterdir()) == []
    file.parent.mkdir()
    file.touch()
    listens.ring("own")
    assert ear.wait_for("own")
    rings.ring("theirs")
    assert ear.wait_for("theirs")
    listens.close()


def test_a_listener_of_another_process_finds_the_first_job(tmp_path) -> None:
    file = tmp_path / "jobs.sqlite"
    listens, rings = open_bell(str(file)), open_bell(str(file))
    ear = Ear(listens)
    file.touch()
    connect(rings, ear)
    listens.close()


def test_a_long_path(tmp_path) -> None:
    folder = tmp_path / ("a" * 100) / ("b" * 100) / "bells"
    listens, rings = PipeBell(folder), PipeBell(folder)
    ear = Ear(listens)
    rings.ring(TOPIC)
    assert ear.wait_for(TOPIC)
    listens.close()


def test_what_is_in_the_folder_besides_is_let_alone(tmp_path) -> None:
    folder = tmp_path / "bells"
    bell = PipeBell(folder)
    ear = Ear(bell)
    (folder / "file").write_bytes(b"")
    (tmp_path / "outside").write_bytes(b"")
    (folder / "link").symlink_to(tmp_path / "outside")
    (folder / "folder").mkdir()
    bell.ring(TOPIC)
    assert ear.wait_for(TOPIC)
    assert (folder / "file").read_bytes() == (tmp_path / "outside").read_bytes() == b""
    bell.close()


def test_where_no_pipe_can_be_made_a_process_hears_itself(tmp_path, caplog) -> None:
    (tmp_path / "file").touch()
    bell = PipeBell(tmp_path / "file" / "bells")
    ear = Ear(bell)
    bell.ring("a")
    assert ear.wait_for("a")
    bell.close()
    assert "some seconds late" in caplog.text


LISTENER = """
import sys, time
from pathlib import Path
from armillary.jobs.bells import PipeBell
bell = PipeBell(Path(sys.argv[1]))
bell.listen(lambda topic: print(topic, flush=True))
print("ready", flush=True)
time.sleep(600)
"""


def test_other_processes_hear_and_dead_ones_are_removed(tmp_path) -> None:
    folder = tmp_path / "bells"
    bell = PipeBell(folder)
    ear = Ear(bell)
    command = [sys.executable, "-c", LISTENER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            assert len(list(folder.iterdir())) == 2
            bell.ring(TOPIC)
            assert process.stdout.readline() == f"{TOPIC}\n"
        finally:
            process.kill()
    assert len(list(folder.iterdir())) == 2
    bell.ring("after")
    assert ear.wait_for("after")
    assert len(list(folder.iterdir())) == 1
    bell.close()


def test_a_listener_that_was_stopped_holds_nobody_up(tmp_path) -> None:
    """Its pipe fills; rings for it are lost, and those for others are not."""
    folder = tmp_path / "bells"
    bell = PipeBell(folder)
    folder.mkdir()
    os.mkfifo(folder / "full", 0o600)
    stopped = os.open(folder / "full", os.O_RDWR | os.O_NONBLOCK)
    ear = Ear(bell)
    for k in range(5000):
        bell.ring(f"{k:032x}")
    bell.ring("last")
    assert ear.wait_for("last")
    assert os.read(stopped, 33) == b"0" * 32 + b"\n"
    os.close(stopped)
    bell.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")
def test_a_fork_may_ring_and_listen(tmp_path) -> None:
    bell = PipeBell(tmp_path / "bells")
    ear = Ear(bell)
    child = os.fork()
    if child == 0:
        try:
            mine = Ear(bell)
            bell.ring("child")
            os._exit(0 if mine.wait_for("child") else 1)
        finally:
            os._exit(2)
    assert ear.wait_for("child")
    assert os.waitpid(child, 0)[1] == 0
    bell.close()


def test_postgresql_is_killed_and_comes_back(postgresql_server, caplog) -> None:
    """Ringing never waits meanwhile; afterwards rings are heard again."""
    listens, rings = PostgresqlBell(postgresql_server.address()), PostgresqlBell(postgresql_server.address())
    ear = Ear(listens)
    connect(rings, ear)
    postgresql_server.kill()
    try:
        for k in range(1000):
            rings.ring(str(k))
    finally:
        postgresql_server.start()
    ear.heard.clear()
    connect(rings, ear)
    rings.close()
    listens.close()
    assert "Error" in caplog.text


def test_an_address_that_answers_nobody_holds_nobody_up(caplog) -> None:
    bell = PostgresqlBell("postgresql://u:hush@127.0.0.1:1/none")
    bell.listen(lambda _: None)
    bell.ring("a")
    assert wait_until(lambda: "no bell is heard" in caplog.text and "heard no bell" in caplog.text)
    bell.close()
    assert "hush" not in caplog.text
