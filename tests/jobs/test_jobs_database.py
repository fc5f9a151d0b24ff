"""The database of jobs itself: modes, versions, addresses, many processes, one that dies."""

from __future__ import annotations

import multiprocessing
import stat
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from armillary.errors import ConfigurationError, NotFoundError, UnavailableError
from armillary.jobs import schema
from armillary.jobs.database import Database
from armillary.jobs.model import Phase, Progress
from armillary.jobs.sql_store import SqlJobStore
from armillary.testing.job_tools import ALICE, NOON, RecordingBell, new_job, result


def store_at(address, service="one") -> SqlJobStore:
    return SqlJobStore(Database(str(address)), service, RecordingBell())


def test_only_the_owner_may_read_it(tmp_path) -> None:
    path = tmp_path / "deep" / "jobs.sqlite"
    store = store_at(path)
    new_job(store)
    assert {stat.S_IMODE(found.stat().st_mode) for found in path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with store._database.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    store.close()


@pytest.mark.parametrize("form", ["{}", "sqlite:///{}"])
def test_a_path_and_an_address_are_the_same(tmp_path, form) -> None:
    one = store_at(tmp_path / "a.db")
    job = new_job(one)
    other = store_at(form.format(tmp_path / "a.db"))
    assert other.get(job.job_id) == one.get(job.job_id)
    one.close()
    other.close()


@pytest.mark.parametrize("place", ["sqlite", "postgresql"])
def test_a_newer_database_is_refused(tmp_path, place, request) -> None:
    address = tmp_path / "a.db" if place == "sqlite" else request.getfixturevalue("postgresql_address")
    store = store_at(address)
    new_job(store)
    with store._database.writing() as connection:
        connection.exec_driver_sql(f"UPDATE armillary_jobs SET version = {schema.VERSION + 1}")
    store.close()
    with pytest.raises(ConfigurationError, match="newer release"):
        store.waiting()


def test_an_older_database_is_brought_up_to_date_once(tmp_path, monkeypatch) -> None:
    store, steps = store_at(tmp_path / "a.db"), []
    job = new_job(store)
    store.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 2)
    for k in range(2):
        monkeypatch.setitem(schema.STEPS, schema.VERSION - 2 + k, lambda connection, k=k: steps.append(k))
    for _ in range(2):
        assert store.get(job.job_id) == job
        store.close()
    assert steps == [0, 1]


def test_a_step_that_fails_leaves_the_old_version(tmp_path, monkeypatch) -> None:
    store = store_at(tmp_path / "a.db")
    job = new_job(store)
    store.close()

    def broken(connection) -> None:
        connection.exec_driver_sql("DELETE FROM jobs")
        raise RuntimeError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "VERSION", schema.VERSION + 1)
        patch.setitem(schema.STEPS, schema.VERSION - 1, broken)
        with pytest.raises(RuntimeError):
            store.waiting()
    assert store.get(job.job_id) == job
    store.close()


def test_what_is_no_database_is_said_so(tmp_path, caplog) -> None:
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"this is no database, and it is longer than a header of SQLite " * 100)
    for call in (lambda: store_at(path).waiting(), lambda: new_job(store_at(path))):
        with pytest.raises(UnavailableError) as told:
            call()
        assert str(tmp_path) not in told.value.message
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="jobs_database"):
        new_job(store_at(tmp_path / "file" / "a.sqlite"))


@pytest.mark.parametrize(
    "address",
    ["nonsense://u:hush@h/d", "mysql://u:hush@h/d", "postgresql://u:hush@h:port/d", "sqlite://hush", "://hush"],
)
def test_an_address_that_cannot_be_used_is_not_told_on(address) -> None:
    with pytest.raises(ConfigurationError, match="jobs_database") as told:
        store_at(address).waiting()
    assert "hush" not in told.value.message


def test_a_server_that_does_not_answer_is_said_so(caplog) -> None:
    with pytest.raises(UnavailableError) as told:
        store_at("postgresql://u:hush@127.0.0.1:1/d").waiting()
    assert "hush" not in told.value.message + caplog.text


@pytest.mark.parametrize("place", ["sqlite", "postgresql"])
def test_a_new_database_is_made_by_several_at_once(tmp_path, place, request) -> None:
    address = tmp_path / "a.db" if place == "sqlite" else request.getfixturevalue("postgresql_address")
    failed, stores = [], [store_at(address) for _ in range(6)]

    def work(store) -> None:
        try:
            new_job(store)
        except Exception as error:
            failed.append(error)

    crew = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert failed == []
    assert len(stores[0].jobs("alice")) == 6
    for store in stores:
        store.close()


def _claim_all(store, number, claims) -> None:
    """In a child of a fork, with the parent's store."""
    mine = []
    while (claim := store.claim(f"process {number}")) is not None:
        assert store.finish(claim, [result(claim.job)])
        mine.append(claim.job.job_id)
    store.close()
    claims.put(mine)


@pytest.mark.parametrize("place", ["sqlite", "postgresql"])
def test_processes_claim_each_job_once(tmp_path, place, request) -> None:
    address = tmp_path / "a.db" if place == "sqlite" else request.getfixturevalue("postgresql_address")
    # The parent's connections are there before the fork: children make their own.
    store = store_at(address)
    ids = [new_job(store).job_id for _ in range(120)]
    context = multiprocessing.get_context("fork")
    claims = context.Queue()
    crew = [context.Process(target=_claim_all, args=(store, number, claims)) for number in range(5)]
    for process in crew:
        process.start()
    taken = Counter(job_id for _ in crew for job_id in claims.get(timeout=120))
    for process in crew:
        process.join()
    claims.close()
    claims.join_thread()
    assert [process.exitcode for process in crew] == [0] * 5
    assert taken == Counter(ids)
    assert [line.phase for line in store.jobs("alice")] == [Phase.COMPLETED] * 120
    assert store.usage("alice").jobs == 120
    store.close()


def test_a_creator_that_is_killed_leaves_whole_jobs(tmp_path) -> None:
    """Kill −9 at some moment: every job that is there is whole, and the sums are right."""
    context = multiprocessing.get_context("fork")
    store = store_at(tmp_path / "a.db")
    new_job(store)

    def create() -> None:
        while True:
            new_job(store)

    for _ in range(3):
        process = context.Process(target=create)
        before = len(store.jobs("alice"))
        process.start()
        while len(store.jobs("alice")) < before + 5:
            time.sleep(0.005)
        process.kill()
        process.join()
    lines = store.jobs("alice")
    assert [len(store.get(line.job_id).parameters) for line in lines] == [2] * len(lines)
    assert store.usage("alice").jobs == len(lines) == store.waiting()
    store.close()


class Postgresql:
    """Several threads that create, claim and finish while the database is killed and started again."""

    def __init__(self, store) -> None:
        self.store = store
        self.accepted: set[str] = set()
        self.finished: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.failed: list[BaseException] = []
        self.failures = 0
        self.ended = threading.Event()
        self._lock = threading.Lock()

    def run(self, step) -> None:
        while not self.ended.is_set():
            try:
                step()
            except UnavailableError:
                with self._lock:
                    self.failures += 1
                time.sleep(0.02)
            except BaseException as error:
                self.failed.append(error)
                return

    def create(self) -> None:
        job = new_job(self.store)
        with self._lock:
            self.accepted.add(job.job_id)

    def work(self) -> None:
        claim = self.store.claim("worker")
        if claim is None:
            time.sleep(0.002)
            return
        self.store.beat(claim, Progress(1, 1))
        done = None
        for _ in range(500):
            # A worker that does not know whether it was heard asks again.
            try:
                done = self.store.finish(claim, [result(claim.job)])
            except UnavailableError:
                time.sleep(0.05)
            else:
                break
        if done:
            with self._lock:
                self.finished[claim.job.job_id] += 1


@pytest.mark.parametrize("kills", [3])
def test_postgresql_is_killed_during_the_work(postgresql_server, kills) -> None:
    """No accepted job is lost, none is finished twice, and the store goes on by itself."""
    store = store_at(postgresql_server.new_database())
    new_job(store)
    work = Postgresql(store)
    crew = [threading.Thread(target=work.run, args=(step,)) for step in [work.create] * 2 + [work.work] * 3]
    for thread in crew:
        thread.start()
    try:
        for _ in range(kills):
            before = len(work.accepted), sum(work.finished.values())
            deadline = time.monotonic() + 60
            while len(work.accepted) < before[0] + 30 or sum(work.finished.values()) < before[1] + 30:
                assert time.monotonic() < deadline
                assert work.failed == []
                time.sleep(0.01)
            postgresql_server.kill()
            time.sleep(0.2)
            postgresql_server.start()
    finally:
        if postgresql_server.process is None:
            postgresql_server.start()
        work.ended.set()
        for thread in crew:
            thread.join()
    assert work.failed == []
    assert work.failures > 0
    # What was claimed when the answer was lost belongs to nobody: the reaper queues it again.
    for token, _, _ in store.executing():
        assert store.requeue(token, most_attempts=99)
    while (claim := store.claim("last")) is not None:
        assert store.finish(claim, [result(claim.job)])
        work.finished[claim.job.job_id] += 1
    lines = store.jobs("alice")
    assert {line.phase for line in lines} == {Phase.COMPLETED}
    assert work.accepted <= {line.job_id for line in lines}
    assert set(work.finished.values()) == {1}
    assert set(work.finished) == {line.job_id for line in lines}
    usage = store.usage("alice")
    assert (usage.jobs, usage.size) == (len(lines), 5760 * len(lines))
    for line in lines:
        job = store.get(line.job_id)
        assert job.results == (result(job),)
    store.close()


def test_a_transaction_that_was_left_open_is_ended(postgresql_server, monkeypatch) -> None:
    """A process that was stopped while it held a lock keeps the others waiting for some seconds only."""
    address = postgresql_server.new_database()
    stuck, other = store_at(address), store_at(address)
    for store, busy_ms in ((stuck, 3000), (other, 100)):
        monkeypatch.setattr("armillary.jobs.database.BUSY_MS", busy_ms)
        store.waiting()
    job = new_job(other)

    def abort_in_the_end() -> Phase:
        for _ in range(300):
            try:
                return other.abort(job.job_id).phase
            except UnavailableError:
                time.sleep(0.05)
        return other.get(job.job_id).phase

    def stop_within() -> None:
        with stuck._database.writing() as connection:
            stuck._locked(connection, job.job_id)
            with pytest.raises(UnavailableError):
                other.set_destruction(job.job_id, NOON)
            assert abort_in_the_end() is Phase.ABORTED
            stuck._locked(connection, job.job_id)

    with pytest.raises(UnavailableError):
        stop_within()
    assert stuck.get(job.job_id).phase is Phase.ABORTED
    stuck.close()
    other.close()


def test_a_locked_sqlite_is_unavailable(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("armillary.jobs.database.BUSY_MS", 50)
    one, other = store_at(tmp_path / "a.db"), store_at(tmp_path / "a.db")
    job = new_job(one)
    with one._database.writing():
        # Whoever only reads, also for the first time, waits for nobody.
        assert other.get(job.job_id) == job
        with pytest.raises(UnavailableError):
            other.abort(job.job_id)
    assert other.abort(job.job_id).phase is Phase.ABORTED
    one.close()
    other.close()


def test_a_job_is_forgotten_with_all_that_belongs_to_it(tmp_path) -> None:
    store = store_at(tmp_path / "a.db")
    job = store.create(ALICE, "k", [("A", "b")], duration_s=1, destruction=NOON + timedelta(days=1))
    store.delete(job.job_id)
    with pytest.raises(NotFoundError):
        store.get(job.job_id)
    with store._database.reading() as connection:
        for table in ("jobs", "job_contents", "job_payers"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0
    store.close()
