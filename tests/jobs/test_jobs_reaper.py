"""The reaper: leases on its own clock, destruction, files that belong to nobody; many at once."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs.database import Database
from armillary.jobs.folder_results import FolderResults
from armillary.jobs.model import Order, Phase
from armillary.jobs.reaper import Patience, Reaper
from armillary.jobs.sql_store import SqlJobStore
from armillary.testing.job_tools import FAILED, NOON, Clock, RecordingBell, claimed, new_job, result

PATIENCE = Patience(lease_s=60, round_s=5, sweep_s=300, young_s=3600, steady_s=600)


class House:
    """Jobs, their files, and the clocks of a machine."""

    def __init__(self, folder) -> None:
        self.clock = Clock()
        self.monotonic_s = 1000.0
        self.store = SqlJobStore(Database(str(folder / "jobs.sqlite")), "one", RecordingBell(), self.clock)
        self.results = FolderResults(folder / "results")

    def reaper(self, **more) -> Reaper:
        more = {"most_attempts": 3, "patience": PATIENCE, "monotonic": lambda: self.monotonic_s, **more}
        return Reaper(self.store, self.results, clock=self.clock, **more)

    def passes(self, seconds: float, *reapers: Reaper, step_s: float = 5.0) -> None:
        """Time passes, and the reapers go their rounds."""
        left = seconds
        while left > 0:
            step = min(step_s, left)
            left -= step
            self.monotonic_s += step
            self.clock.now += step
            for reaper in reapers:
                reaper.round()

    def write(self, claim, name="cutout.fits") -> None:
        self.results.write(f"{claim.job.job_id}/{claim.job.attempt}/{name}", [bytes(5760)])

    def phase(self, job) -> Phase:
        return self.store.get(job.job_id).phase


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.store.close()


def test_a_worker_that_is_silent_loses_its_job(house) -> None:
    job = new_job(house.store)
    claim, reaper = claimed(house.store, job), house.reaper()
    house.passes(60, reaper)
    assert house.phase(job) is Phase.EXECUTING
    house.passes(15, reaper)
    assert house.phase(job) is Phase.QUEUED
    assert house.store.beat(claim) is Order.LOST


def test_a_worker_that_beats_keeps_it(house) -> None:
    job = new_job(house.store)
    claim, reaper = claimed(house.store, job), house.reaper()
    for _ in range(30):
        house.passes(50, reaper)
        assert house.store.beat(claim) is Order.GO_ON
    assert house.phase(job) is Phase.EXECUTING


@pytest.mark.parametrize("step_s", [-86_400.0, 7200.0, 86_400.0 * 3650])
def test_steps_of_the_clock_change_no_lease_and_destroy_nothing(house, step_s) -> None:
    """A clock that is wrong for some minutes costs no job."""
    job, done = new_job(house.store), new_job(house.store)
    claim, reaper = claimed(house.store, job), house.reaper()
    assert house.store.finish(claimed(house.store, done), [])
    house.passes(20, reaper)
    house.clock.now += step_s
    house.passes(30, reaper)
    assert house.store.beat(claim) is Order.GO_ON
    house.clock.now -= step_s
    house.passes(30, reaper)
    assert house.store.beat(claim) is Order.GO_ON
    assert (house.phase(job), house.phase(done)) == (Phase.EXECUTING, Phase.COMPLETED)


def test_a_clock_that_stays_where_it_stepped_is_believed(house) -> None:
    job, reaper = new_job(house.store), house.reaper()
    house.passes(10, reaper)
    house.clock.now += 86_400 * 30
    house.passes(595, reaper)
    assert house.phase(job) is Phase.QUEUED
    house.passes(20, reaper)
    with pytest.raises(NotFoundError):
        house.store.get(job.job_id)


def test_a_machine_that_slept_gives_workers_time(house) -> None:
    """The reaper looks first after an hour, and so does the worker."""
    job = new_job(house.store)
    claim, reaper = claimed(house.store, job), house.reaper()
    house.passes(10, reaper)
    house.monotonic_s += 3600
    house.passes(5, reaper)
    assert house.store.beat(claim) is Order.GO_ON
    house.passes(55, reaper)
    assert house.phase(job) is Phase.EXECUTING


def test_a_job_that_kills_its_workers_fails(house) -> None:
    job, reaper = new_job(house.store), house.reaper()
    for _ in range(3):
        house.write(claimed(house.store, job))
        house.passes(80, reaper)
    assert house.phase(job) is Phase.ERROR
    house.passes(700, reaper)
    assert list(house.results.jobs()) == []


def test_jobs_end_at_their_destruction(house) -> None:
    """With their files, whatever phase they are in; whoever runs one hears STOP."""
    soon = NOON + timedelta(seconds=100)
    jobs = [new_job(house.store, destruction=soon, start=k > 0) for k in range(4)]
    claims = [claimed(house.store, job) for job in jobs[2:]]
    for claim in claims:
        house.write(claim)
    house.results.write(f"{jobs[0].job_id}/uploads/table", [b"ra,dec"])
    assert house.store.finish(claims[1], [result(claims[1].job)])
    later, reaper = new_job(house.store), house.reaper()
    house.passes(95, reaper)
    assert len(house.store.jobs("alice")) == 5
    house.passes(10, reaper)
    assert [line.job_id for line in house.store.jobs("alice")] == [later.job_id]
    assert list(house.results.jobs()) == []
    assert house.store.beat(claims[0]) is Order.STOP


def test_many_jobs_end_in_one_round(house) -> None:
    for _ in range(250):
        new_job(house.store, destruction=NOON)
    house.reaper().round()
    assert house.store.jobs("alice") == []


def test_what_a_late_worker_wrote_is_removed(house) -> None:
    job = new_job(house.store)
    late, reaper = claimed(house.store, job), house.reaper()
    house.write(late)
    house.passes(80, reaper)
    second = claimed(house.store, job)
    house.write(second)
    assert house.store.finish(second, [result(second.job)])
    house.write(late, "later.fits")
    assert not house.store.finish(late, [result(late.job)])
    house.passes(700, reaper)
    assert list(house.results.jobs()) == [(job.job_id, "2")]
    assert b"".join(house.results.read(result(second.job).key)) == bytes(5760)


def test_what_counts_is_never_removed(house) -> None:
    """Uploads of jobs that are there, files of attempts under way, results, also of jobs that failed."""
    pending, running, failed, done = (new_job(house.store, start=k > 0) for k in range(4))
    house.results.write(f"{pending.job_id}/uploads/table", [b"ra,dec"])
    claims = [claimed(house.store, job) for job in (running, failed, done)]
    for claim in claims:
        house.write(claim)
    assert house.store.fail(claims[1], FAILED, [result(claims[1].job)])
    assert house.store.finish(claims[2], [result(claims[2].job)])
    before, reaper = sorted(house.results.jobs()), house.reaper()
    for _ in range(100):
        assert house.store.beat(claims[0]) is Order.GO_ON
        house.passes(50, reaper)
    assert sorted(house.results.jobs()) == before
    assert len(before) == 4


def test_uploads_may_come_long_before_their_job(house) -> None:
    """A slow upload is not taken for an orphan; one whose job never came is."""
    house.store.usage("alice")
    new_job(house.store)
    job_id, never = house.store.new_id(), house.store.new_id()
    for name in (job_id, never):
        house.results.write(f"{name}/uploads/table", [b"ra,dec"])
    reaper = house.reaper()
    house.passes(3500, reaper, step_s=50)
    new_job(house.store, job_id=job_id)
    house.passes(1000, reaper, step_s=50)
    assert list(house.results.jobs()) == [(job_id, "uploads")]


def test_files_of_deleted_jobs_go_soon(house) -> None:
    job, reaper = new_job(house.store), house.reaper()
    claim = claimed(house.store, job)
    house.write(claim)
    house.store.delete(job.job_id)
    house.passes(700, reaper)
    assert list(house.results.jobs()) == []


def test_files_of_another_store_are_let_alone(house, tmp_path, caplog) -> None:
    """Two databases that were given one place for results by mistake destroy nothing of each other."""
    (tmp_path / "other").mkdir()
    other = House(tmp_path / "other")
    other.results = house.results
    for owner in (house, other):
        claim = claimed(owner.store, new_job(owner.store))
        owner.write(claim)
        assert owner.store.finish(claim, [result(claim.job)])
        # An orphan of each.
        owner.results.write(f"{claim.job.job_id}/7/late", [b"x"])
    assert house.results.belongs_to(house.store.identity())
    reapers = house.reaper(), other.reaper()
    other.passes(700, reapers[1])
    assert len(list(house.results.jobs())) == 4
    house.passes(700, reapers[0])
    # Whoever it belongs to takes what is not its own for orphans.
    assert {attempt for _, attempt in house.results.jobs()} == {"1"}
    assert caplog.text.count("belongs to another database") == 1
    other.store.close()


def test_strange_folders_are_let_alone(house) -> None:
    new_job(house.store)
    keep = house.results._folder / "my pictures" / "1"
    keep.mkdir(parents=True)
    (keep / "cat.png").write_bytes(b"cat")
    house.passes(5000, house.reaper(), step_s=50)
    assert (keep / "cat.png").read_bytes() == b"cat"


def test_a_store_that_cannot_be_reached_loses_no_file(house, monkeypatch) -> None:
    """No answer is not the answer that there is no job."""
    claim = claimed(house.store, new_job(house.store))
    house.write(claim)
    assert house.store.finish(claim, [result(claim.job)])
    reaper = house.reaper()

    def down(*words):
        raise UnavailableError("not now")

    with monkeypatch.context() as patch:
        patch.setattr(house.store, "kept", down)
        for _ in range(5):
            house.monotonic_s += 400
            with pytest.raises(UnavailableError):
                reaper.round()
    house.passes(1000, reaper)
    assert len(list(house.results.jobs())) == 1


def test_many_reapers_do_no_harm(house) -> None:
    """In threads at once, over jobs that end, die and expire: each dies once a lease, whoever saw it."""
    jobs = [new_job(house.store, destruction=NOON + timedelta(seconds=1000 + k)) for k in range(30)]
    for job in jobs[:20]:
        house.write(claimed(house.store, job))
    reapers = [house.reaper() for _ in range(4)]
    failed = []

    def go(reaper) -> None:
        try:
            reaper.round()
        except Exception as error:
            failed.append(error)

    for _ in range(14):
        house.passes(5)
        crew = [threading.Thread(target=go, args=(reaper,)) for reaper in reapers]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    assert {house.phase(job) for job in jobs} == {Phase.QUEUED}
    with house.store._database.reading() as connection:
        assert connection.exec_driver_sql("SELECT max(deaths) FROM jobs").scalar() == 1
    house.passes(1000)
    for reaper in reapers:
        go(reaper)
    assert failed == []
    assert house.store.jobs("alice") == []
    assert list(house.results.jobs()) == []


def test_before_the_first_job_nothing_is_made(house, tmp_path) -> None:
    house.passes(1000, house.reaper())
    assert list(tmp_path.iterdir()) == []


def test_it_goes_its_rounds_in_a_thread(house) -> None:
    """And goes on after one that failed."""
    job = new_job(house.store, destruction=NOON)
    rounds = []
    reaper = house.reaper(patience=Patience(round_s=0.01))
    destroy = reaper.destroy

    def once_broken() -> None:
        rounds.append(0)
        if len(rounds) < 3:
            raise RuntimeError("broken") if len(rounds) == 1 else UnavailableError("not now")
        destroy()

    reaper.destroy = once_broken
    reaper.start()
    deadline = time.monotonic() + 30
    while job.job_id in house.store.kept([job.job_id]) and time.monotonic() < deadline:
        time.sleep(0.01)
    reaper.close()
    assert house.store.jobs("alice") == []
