"""One run at a time: the second refuses; what a killed one left is known as dead, here and elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from armillary.catalogs.engine.lock import Lock
from armillary.catalogs.engine.output import LOCK, Output
from armillary.catalogs.hats import names
from armillary.catalogs.hats.folder import Folder
from armillary.cli.main import main
from armillary.errors import UnreadableFileError, UsageError
from armillary.storage.processes import is_gone, is_here, process_name

if TYPE_CHECKING:
    from collections.abc import Iterator

BEAT_S, LEASE_S = 0.02, 0.3
ELSEWHERE = "far/0123456789ab/17/4711/00ff00ff"


@pytest.fixture(params=["disk", "memory"])
def claims(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Folder]:
    """A folder for claims."""
    folder = Folder(tmp_path / "lock" if request.param == "disk" else "memory://locks/sky")
    yield folder
    folder.remove_all()


def lock_of(folder: Folder, lease_s: float = LEASE_S) -> Lock:
    return Lock(folder, "sky", beat_s=BEAT_S, lease_s=lease_s)


def claim(folder: Folder, run: str, beats: int = 1, *, holds: bool = True) -> None:
    folder.write(file_of(run), json.dumps({"beats": beats, "holds": holds}).encode())


def file_of(run: str) -> str:
    return f"{run.replace('/', '~')}.json"


def ended_process() -> str:
    """Name of a process that is gone."""
    program = "from armillary.storage.processes import *; print(process_name())"
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_the_second_run_refuses_and_names_the_remedy(claims: Folder) -> None:
    with (
        lock_of(claims).held(),
        pytest.raises(UsageError, match=rf"^sky: .* \(process {os.getpid()} on .*\): let it finish"),
        lock_of(claims).held(),
    ):
        pass
    with lock_of(claims).held():
        pass
    assert not list(claims.files())


def test_what_a_killed_run_left_is_dead(claims: Folder) -> None:
    gone = ended_process()
    assert (is_gone(gone), is_here(gone), is_gone(process_name())) == (True, True, False)
    claim(claims, gone)
    with lock_of(claims).held():
        assert not claims.exists(file_of(gone))


def test_what_this_process_could_not_let_go_of_is_dead(claims: Folder) -> None:
    claim(claims, name := process_name())
    with lock_of(claims).held():
        assert not claims.exists(file_of(name))


@pytest.mark.parametrize("run", [ELSEWHERE, "", "strange"])
def test_a_run_elsewhere_is_dead_when_its_beats_stand_still(claims: Folder, run: str) -> None:
    claim(claims, run)
    began = time.monotonic()
    with lock_of(claims).held():
        assert time.monotonic() - began >= LEASE_S
        assert not claims.exists(file_of(run))


def test_half_a_claim_is_one(claims: Folder) -> None:
    claims.write(file_of(ELSEWHERE), b'{"hol')
    began = time.monotonic()
    with lock_of(claims).held():
        assert time.monotonic() - began >= LEASE_S
    claims.write(file_of(gone := ended_process()), b'{"hol')
    with lock_of(claims).held():
        assert not claims.exists(file_of(gone))


def test_a_run_elsewhere_that_beats_is_alive(claims: Folder) -> None:
    ended = threading.Event()

    def beat() -> None:
        number = 0
        while not ended.wait(BEAT_S):
            number += 1
            claim(claims, ELSEWHERE, number)

    claim(claims, ELSEWHERE, 0)
    beating = threading.Thread(target=beat)
    beating.start()
    try:
        # Long enough for a machine that stands still meanwhile; the first beat that is seen ends it.
        with pytest.raises(UsageError, match=r"process 17 on far"), lock_of(claims, 60.0).held():
            pass
    finally:
        ended.set()
        beating.join()
    assert list(claims.files()) == [file_of(ELSEWHERE)]


def test_a_run_that_stood_still_gives_up_when_another_took_over(claims: Folder) -> None:
    with lock_of(claims).held() as lock:
        lock.check()
        claim(claims, ELSEWHERE)
        until(lambda: _refuses(lock))
    claims.remove(file_of(ELSEWHERE))
    with lock_of(claims).held() as lock:
        until(lambda: _taken_away(claims) or _refuses(lock))


def _taken_away(claims: Folder) -> None:
    """Remove the folder, again and again: a beat that is on its way brings the claim back."""
    with contextlib.suppress(UnreadableFileError):
        claims.remove_all()


def until(true: Any) -> None:
    while not true():  # the test's own limit of time ends it
        time.sleep(BEAT_S)


def _refuses(lock: Lock) -> bool:
    try:
        lock.check()
    except UsageError as error:
        return "took over" in error.message
    return False


def test_of_many_at_once_one_gets_it(claims: Folder) -> None:
    inside, most, refused, done = 0, 0, 0, 0
    counting, start = threading.Lock(), threading.Barrier(8)

    def run() -> None:
        nonlocal inside, most, refused, done
        start.wait()
        try:
            with lock_of(claims).held():
                with counting:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.3)
                with counting:
                    inside -= 1
                    done += 1
        except UsageError:
            with counting:
                refused += 1

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, done + refused) == (1, 8)
    assert done >= 1
    assert not list(claims.files())


HOLDER = """
import sys, time
from armillary.catalogs.engine.output import Output
from armillary.catalogs.hats.folder import Folder
from armillary.cli.main import main
with Output(Folder(sys.argv[1]), None, overwrite=False, resume=True).prepared({"a": 1}) as (where, _, journal):
    where.write("dataset/x", b"half")
    journal.note("s", "1", 1)
    print("here", flush=True)
    time.sleep(600)
"""


@contextlib.contextmanager
def prepared(folder: Path, **words: bool) -> Iterator[Any]:
    given = {"overwrite": False, "resume": True, **words}
    with Output(Folder(folder), None, **given).prepared({"a": 1}) as found:
        yield found


def test_two_processes_want_one_output(tmp_path: Path) -> None:
    where = tmp_path / "sky"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(where)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"here\n"
        for resume in (True, False):
            with pytest.raises(UsageError, match=f"process {holder.pid} on "), prepared(where, resume=resume):
                pass
        assert (where / "dataset" / "x").read_bytes() == b"half"
        holder.kill()
        holder.wait()
    with prepared(where) as (folder, _, journal):
        assert journal.done("s") == {"1": 1}
        folder.write(names.PROPERTIES, b"a=b\n")
    assert sorted(Folder(where).files()) == ["dataset/x", names.PROPERTIES]
    assert not (where / LOCK).exists()


def test_the_command_refuses_in_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("ra,dec\n1,2\n")
    where = ["--output-path", str(tmp_path), "--output-artifact-name", "sky", "--progress-bar", "none"]
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path / "sky")], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"here\n"
        for more in ([], ["--overwrite"], ["--no-resume"]):
            assert main(["catalog", "import", str(tmp_path / "a.csv"), *where, *more]) == 1
            said = capfd.readouterr().err
            assert said.startswith(f"armillary: sky: another run is at work here (process {holder.pid} on ")
            assert said.endswith("): let it finish, or end it, then start again.\n")
            assert said.count("\n") == 1
        holder.kill()
        holder.wait()
    assert main(["catalog", "import", str(tmp_path / "a.csv"), *where, "--no-resume"]) == 0


def test_what_lies_there_when_all_was_done_is_removed(tmp_path: Path) -> None:
    (tmp_path / names.PROPERTIES).write_text("a=b\n")
    (tmp_path / ".armillary-work" / "journal").mkdir(parents=True)
    claim(Folder(tmp_path / LOCK), ended_process())
    with pytest.raises(UsageError, match="there is a catalog already"), prepared(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [names.PROPERTIES]


def test_claims_make_no_folder_ours(tmp_path: Path) -> None:
    claim(Folder(tmp_path / LOCK), ended_process())
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(UsageError, match="something else"), prepared(tmp_path):
        pass
