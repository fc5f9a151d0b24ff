"""The contract of a result store, over folders and fsspec; full disks, killed writers, links."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import secrets
import signal
import stat
import subprocess
import sys
import threading

import pytest

from armillary.errors import ConfigurationError, NotFoundError, UnavailableError
from armillary.jobs.folder_results import FolderResults
from armillary.jobs.object_results import ObjectResults
from armillary.jobs.results_open import open_results
from armillary.jobs.sql_store import open_store
from armillary.testing.job_tools import ALICE, NOON, RecordingBell
from armillary.testing.result_stores import JOB, OTHER, ResultStoreConformance, whole


class TestFolder(ResultStoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return FolderResults(tmp_path / "deep" / "results")

    def again(self, store):
        return FolderResults(store._folder)


class TestMemory(ResultStoreConformance):
    @pytest.fixture
    def store(self):
        made = ObjectResults(f"memory://{secrets.token_hex(8)}/results/")
        yield made
        storage, root = made._storage()
        with contextlib.suppress(FileNotFoundError):
            storage.rm(root, recursive=True)

    def again(self, store):
        return ObjectResults(store._address)


class TestFsspecLocal(ResultStoreConformance):
    @pytest.fixture
    def store(self, tmp_path):
        return ObjectResults(f"file://{tmp_path}/results")

    def again(self, store):
        return ObjectResults(store._address)


def test_addresses(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(open_results("memory://a/b"), ObjectResults)
    for address in (str(tmp_path / "r"), f"file://{tmp_path}/r", "r"):
        made = open_results(address)
        assert isinstance(made, FolderResults)
        made.write(f"{JOB}/1/{len(address)}", [b"x"])
    assert len(list((tmp_path / "r" / JOB / "1").iterdir())) == 3


@pytest.mark.parametrize("address", ["nosuch://hush/b", "s3+nosuch://u:hush@h/b"])
def test_an_unknown_kind_of_storage_is_said_so(address) -> None:
    with pytest.raises(ConfigurationError, match="jobs_results") as told:
        open_results(address).size(f"{JOB}/1/a")
    assert "hush" not in told.value.message


def test_nothing_is_made_before_it_is_needed(tmp_path) -> None:
    store = FolderResults(tmp_path / "a" / "b")
    assert list(store.jobs()) == []
    store.remove(JOB)
    with pytest.raises(NotFoundError):
        store.size(f"{JOB}/1/a")
    assert list(tmp_path.iterdir()) == []


def test_only_the_owner_may_read(tmp_path) -> None:
    store = FolderResults(tmp_path / "results")
    previous = os.umask(0)
    try:
        store.write(f"{JOB}/1/a", [b"x"])
        store.belongs_to("me")
    finally:
        os.umask(previous)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "results").rglob("*")}
    assert modes == {JOB: 0o700, "1": 0o700, "a": 0o600, ".armillary-jobs": 0o600}
    assert stat.S_IMODE((tmp_path / "results").stat().st_mode) == 0o700


def test_links_are_not_followed(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "a").write_text("hidden")
    root = tmp_path / "results"
    store = FolderResults(root)
    store.write(f"{JOB}/1/b", [b"x"])
    (root / JOB / "1" / "a").symlink_to(secret / "a")
    (root / JOB / "2").symlink_to(secret)
    (root / OTHER).symlink_to(secret)
    for key in (f"{JOB}/1/a", f"{JOB}/2/a", f"{OTHER}/1/a"):
        with pytest.raises(NotFoundError):
            store.read(key)
    with pytest.raises(UnavailableError):
        store.write(f"{JOB}/2/new", [b"x"])
    store.write(f"{JOB}/1/a", [b"mine"])
    assert whole(store, f"{JOB}/1/a") == b"mine"
    assert list(store.jobs()) == [(JOB, "1")]
    (root / JOB / "1" / "c").symlink_to(secret / "a")
    store.remove(OTHER)
    store.remove(JOB)
    assert [path.name for path in root.iterdir()] == [OTHER]
    assert (secret / "a").read_text() == "hidden"


def test_what_is_read_may_be_removed(tmp_path) -> None:
    store = FolderResults(tmp_path)
    store.write(f"{JOB}/1/a", [bytes(3 << 20)])
    blocks = store.read(f"{JOB}/1/a")
    first = next(blocks)
    store.remove(JOB)
    assert sum(map(len, blocks)) + len(first) == 3 << 20


def test_a_file_that_became_shorter_is_told(tmp_path) -> None:
    store = FolderResults(tmp_path)
    store.write(f"{JOB}/1/a", [bytes(3 << 20)])
    blocks = store.read(f"{JOB}/1/a")
    os.truncate(tmp_path / JOB / "1" / "a", 100)
    with pytest.raises(UnavailableError):
        list(blocks)


def test_no_file_stays_open(tmp_path) -> None:
    store = FolderResults(tmp_path)
    store.write(f"{JOB}/1/a", [bytes(3 << 20)])
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    for _ in range(20):
        store.read(f"{JOB}/1/a")
        next(store.read(f"{JOB}/1/a"))
        list(store.read(f"{JOB}/1/a"))
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before


def test_a_place_that_cannot_be_used_is_told_without_its_path(tmp_path) -> None:
    (tmp_path / "file").write_text("no folder")
    store = FolderResults(tmp_path / "file" / "results")
    with pytest.raises(UnavailableError) as told:
        store.write(f"{JOB}/1/a", [b"x"])
    assert told.value.detail["code"] == "storage"
    assert str(tmp_path) not in told.value.message
    assert list(store.jobs()) == []


@pytest.fixture
def small_disk(tmp_path):
    """A real file system of one MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)], capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("no file system may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_full_disk_is_said_so_and_keeps_nothing_half(small_disk, form) -> None:
    store = open_results(str(small_disk)) if form == "{}" else ObjectResults(form.format(small_disk))
    store.write(f"{JOB}/1/small", [bytes(1000)])
    with pytest.raises(UnavailableError, match="no room") as told:
        store.write(f"{JOB}/1/large", (bytes(100_000) for _ in range(50)))
    assert (told.value.detail["code"], told.value.detail["full"]) == ("storage", True)
    with pytest.raises(NotFoundError):
        store.size(f"{JOB}/1/large")
    assert sorted(path.name for path in (small_disk / JOB / "1").iterdir()) == ["small"]
    assert store.write(f"{JOB}/1/large", [bytes(500_000)]) == 500_000


def test_a_full_disk_under_the_database_loses_no_job(small_disk, caplog) -> None:
    """New jobs are refused; those that were accepted are there, and can be deleted."""
    store = open_store(str(small_disk / "jobs.sqlite"), "one", RecordingBell())
    long, accepted = [("POLYGON", "1 2 " * 2000)], []
    more = {"duration_s": 1, "destruction": NOON, "start": True}

    def fill() -> None:
        for _ in range(2000):
            accepted.append(store.create(ALICE, "cutout", long, **more).job_id)

    with pytest.raises(UnavailableError) as told:
        fill()
    assert str(small_disk) not in told.value.message
    assert {line.job_id for line in store.jobs("alice")} == set(accepted)
    assert store.usage("alice").jobs == len(accepted) > 5
    assert [store.get(job_id).parameters for job_id in accepted] == [tuple(long)] * len(accepted)
    store.close()
    again = open_store(str(small_disk / "jobs.sqlite"), "one", RecordingBell())
    assert again.waiting() == len(accepted)
    again.close()


def _write_too_much(folder: str, answer) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
    try:
        FolderResults(folder).write(f"{JOB}/1/a", [bytes(40_000)] * 3)
    except UnavailableError as error:
        answer.put(error.message)


def test_a_file_beyond_the_limit_of_the_process(tmp_path) -> None:
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=_write_too_much, args=(tmp_path, answer))
    process.start()
    process.join()
    assert (process.exitcode, answer.empty()) == (0, False)
    assert "no room" in answer.get()
    answer.close()
    assert list((tmp_path / JOB / "1").iterdir()) == []


WRITER = """
import sys, time
from armillary.jobs.object_results import ObjectResults
from armillary.jobs.results_open import open_results
def parts():
    while True:
        yield bytes(100_000)
        print("more", flush=True)
        time.sleep(0.01)
address = sys.argv[1]
store = ObjectResults(address) if "://" in address else open_results(address)
store.write(sys.argv[2], parts())
"""


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_a_killed_writer_leaves_nothing_that_is_seen(tmp_path, form) -> None:
    address = form.format(tmp_path / "results")
    with subprocess.Popen([sys.executable, "-c", WRITER, address, f"{JOB}/1/a"], stdout=subprocess.PIPE) as process:
        for _ in range(3):
            assert process.stdout.readline() == b"more\n"
        process.send_signal(signal.SIGKILL)
    store = ObjectResults(address) if "://" in address else open_results(address)
    with pytest.raises(NotFoundError):
        store.size(f"{JOB}/1/a")
    assert list(store.jobs()) == [(JOB, "1")]
    store.remove(JOB, "1")
    assert list(store.jobs()) == []
    assert list((tmp_path / "results").iterdir()) == []


def test_a_storage_that_fails_is_told_plainly(monkeypatch, caplog) -> None:
    store = ObjectResults("memory://failing/results")
    storage, _ = store._storage()

    def broken(*words, **more):
        raise RuntimeError("secret address of the bucket")

    for name in ("open", "info", "find", "rm", "mv"):
        monkeypatch.setattr(type(storage), name, broken)
    for call in (
        lambda: store.write(f"{JOB}/1/a", [b"x"]),
        lambda: store.size(f"{JOB}/1/a"),
        lambda: store.remove(JOB),
        lambda: list(store.jobs()),
    ):
        with pytest.raises(UnavailableError) as told:
            call()
        assert "secret" not in told.value.message
        assert told.value.detail["code"] == "storage"
    assert "RuntimeError" in caplog.text


def test_an_attempt_is_written_while_another_is_removed(tmp_path) -> None:
    store, over = FolderResults(tmp_path), threading.Event()

    def clear() -> None:
        while not over.is_set():
            store.remove(JOB, "1")

    clearer = threading.Thread(target=clear)
    clearer.start()
    try:
        for _ in range(1500):
            assert store.write(f"{JOB}/2/a", [b"x"]) == 1
            store.remove(JOB, "2")
    finally:
        over.set()
        clearer.join()
