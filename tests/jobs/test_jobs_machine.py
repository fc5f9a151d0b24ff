"""Jobs under everything at once: workers that die and come back late, aborts, reapers, clocks that step.

What must hold: an accepted job ends once, its results are those of the attempt that ended it, nothing that a void claim
reports changes anything, the sums of the payers are right, and the reapers leave no file that belongs to nobody.
"""

from __future__ import annotations

import itertools
import secrets
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from armillary.errors import LimitError, NotFoundError, UsageError
from armillary.jobs.database import Database
from armillary.jobs.folder_results import FolderResults
from armillary.jobs.model import Claim, Job, JobError, Order, Phase, Progress, Upload
from armillary.jobs.reaper import Patience, Reaper
from armillary.jobs.rows import EPOCH
from armillary.jobs.sql_store import SqlJobStore
from armillary.jobs.store import Quota
from armillary.testing.job_tools import ALICE, Clock, RecordingBell, result

LEASE_S, SWEEP_S, YOUNG_S, STEADY_S = 60.0, 100.0, 500.0, 300.0
PATIENCE = Patience(lease_s=LEASE_S, round_s=10.0, sweep_s=SWEEP_S, young_s=YOUNG_S, steady_s=STEADY_S)
DEATHS = 2
MOST_JOBS = 8
NUMBERS = itertools.count()
PHASES = st.sampled_from(sorted(Phase))


@dataclass
class Hand:
    """A worker's hold on a job, and when it last said that it lives."""

    claim: Claim
    heard_s: float
    files: set[str] = field(default_factory=set)


class JobsMachine(RuleBasedStateMachine):
    address = ""

    def __init__(self) -> None:
        super().__init__()
        self.number, self.count = next(NUMBERS), 0
        self.folder = Path(tempfile.mkdtemp(prefix="armillary-jobs-"))
        self.clock = Clock()
        self.monotonic_s = 0.0
        self.store = SqlJobStore(Database(self.address), secrets.token_hex(8), RecordingBell(), self.clock)
        self.results = FolderResults(self.folder / "results")
        self.reapers = [self.new_reaper() for _ in range(2)]
        self.kept: dict[str, Job] = {}
        self.ended: dict[str, Job] = {}
        self.holds: dict[str, Hand] = {}
        self.late: list[Hand] = []
        self.deaths: Counter[str] = Counter()

    def new_id(self) -> str:
        """Ids in their order: what is drawn next must not depend on chance."""
        self.count += 1
        return f"{self.number:016x}{self.count:016x}"

    def new_reaper(self) -> Reaper:
        more = {"clock": self.clock, "monotonic": lambda: self.monotonic_s, "patience": PATIENCE}
        return Reaper(self.store, self.results, most_attempts=DEATHS, **more)

    jobs = Bundle("jobs")
    hands = Bundle("hands")

    def saw(self, job: Job) -> Job:
        """What the store says of a job is what may be: the end of a job does not change any more."""
        self.kept[job.job_id] = job
        if job.phase.final:
            known = self.ended.setdefault(job.job_id, job)
            same = ("phase", "results", "error", "ended", "attempt")
            assert [getattr(known, name) for name in same] == [getattr(job, name) for name in same]
        else:
            assert job.job_id not in self.ended
        return job

    def holder(self, hand: Hand) -> bool:
        """Whether a claim is the one that counts."""
        return self.holds.get(hand.claim.job.job_id) is hand

    @initialize(target=jobs)
    def begin(self):
        return multiple(*(self.create(start=1, table=k, ends_s=1e6) for k in range(3)))

    @rule(
        target=jobs,
        start=st.sampled_from([True, True, False]),
        table=st.booleans(),
        ends_s=st.sampled_from([50.0, 800.0, 1e6]),
    )
    def create(self, start, table, ends_s):
        job_id = self.new_id()
        uploads = ()
        if table:
            size = self.results.write(f"{job_id}/uploads/table", [b"ra,dec\n1,2\n"])
            uploads = (Upload("table", f"{job_id}/uploads/table", size),)
            if table == 2:
                self.time_passes(2.5 * SWEEP_S, (0,))
        destruction = EPOCH + timedelta(seconds=self.clock() + ends_s)
        more = {"job_id": job_id, "uploads": uploads, "start": bool(start), "quota": Quota(jobs=MOST_JOBS)}
        try:
            job = self.store.create(ALICE, "kind", [], duration_s=100, destruction=destruction, **more)
        except LimitError:
            assert len(self.kept) == MOST_JOBS
            return job_id
        assert len(self.kept) < MOST_JOBS
        self.saw(job)
        return job_id

    @rule(job_id=jobs)
    def start(self, job_id):
        if job_id not in self.kept:
            with pytest.raises(NotFoundError):
                self.store.start(job_id)
            return
        before = self.kept[job_id].phase
        assert self.saw(self.store.start(job_id)).phase is (Phase.QUEUED if before is Phase.PENDING else before)

    @rule(job_id=jobs)
    def abort(self, job_id):
        if job_id not in self.kept:
            with pytest.raises(NotFoundError):
                self.store.abort(job_id)
            return
        before = self.kept[job_id].phase
        assert self.saw(self.store.abort(job_id)).phase is (before if before.final else Phase.ABORTED)
        self.holds.pop(job_id, None)

    @rule(job_id=jobs, soon=st.booleans())
    def set_destruction(self, job_id, soon):
        if job_id in self.kept:
            destruction = EPOCH + timedelta(seconds=self.clock() + (20 if soon else 1e6))
            self.saw(self.store.set_destruction(job_id, destruction))

    @rule(job_id=jobs)
    def change_while_pending(self, job_id):
        if job_id not in self.kept:
            return
        if self.kept[job_id].phase is Phase.PENDING:
            self.saw(self.store.add_parameters(job_id, [("A", "b")]))
        else:
            with pytest.raises(UsageError):
                self.store.add_parameters(job_id, [("A", "b")])

    @rule(job_id=consumes(jobs))
    def delete(self, job_id):
        if job_id in self.kept:
            self.store.delete(job_id)
            self.forget(job_id)
        with pytest.raises(NotFoundError):
            self.store.delete(job_id)

    def forget(self, job_id):
        for known in (self.kept, self.ended, self.holds):
            known.pop(job_id, None)

    @rule(target=hands)
    def claim(self):
        claim = self.store.claim("worker")
        queued = [job for job in self.kept.values() if job.phase is Phase.QUEUED]
        assert (claim is None) == (not queued)
        if claim is None:
            return multiple()
        return self.took(claim)

    def took(self, claim):
        known = self.kept[claim.job.job_id]
        assert known.phase is Phase.QUEUED
        assert claim.job.attempt == known.attempt + 1
        self.saw(self.store.get(claim.job.job_id))
        hand = self.holds[claim.job.job_id] = Hand(claim, self.monotonic_s)
        return hand

    @precondition(lambda self: self.holds)
    @rule(target=hands, files=st.booleans(), times=st.integers(1, DEATHS), again=st.booleans())
    def worker_dies(self, files, times, again):
        """A worker says nothing any more, until its job is another's, who may die as well, or has failed."""
        job_id = min(self.holds)
        hands = []
        for _ in range(times):
            if job_id not in self.holds:
                break
            if files:
                self.write(self.holds[job_id], "b.fits")
            self.time_passes(100.0, (0,))
            claim = self.store.claim("another", job_id) if again else None
            hands += [] if claim is None else [self.took(claim)]
        return multiple(*hands)

    @rule(hand=hands, name=st.sampled_from(["a.fits", "b.fits"]))
    def write(self, hand, name):
        """Workers write whether they hold the job or not: they may not know."""
        self.results.write(f"{hand.claim.job.job_id}/{hand.claim.job.attempt}/{name}", [bytes(5760)])
        hand.files.add(name)

    @rule(hand=hands, done=st.integers(0, 3), lives_s=st.sampled_from([0.0, 40.0]))
    def beat(self, hand, done, lives_s):
        if lives_s:
            self.time_passes(lives_s, (0,))
        job_id = hand.claim.job.job_id
        order = self.store.beat(hand.claim, Progress(done, 3))
        assert (order is Order.GO_ON) == self.holder(hand)
        if job_id not in self.kept:
            assert order is Order.STOP
        if self.holder(hand):
            hand.heard_s = self.monotonic_s
            assert self.saw(self.store.get(job_id)).progress == Progress(done, 3)
        elif job_id in self.kept:
            assert self.store.get(job_id) == self.kept[job_id]

    @rule(hand=hands, how=st.sampled_from(["finish", "fail", "stop", "release"]), wrote=st.booleans())
    def end(self, hand, how, wrote):
        job = hand.claim.job
        error = JobError("It failed.")
        if wrote:
            self.write(hand, "a.fits")
        results = [result(job, name) for name in sorted(hand.files)] if job.job_id in self.kept else []
        if not self.holder(hand):
            # Asked again with the same words a worker may hear yes, and nothing changes.
            before = self.store.get(job.job_id) if job.job_id in self.kept else None
            getattr(self.store, how)(
                *{"finish": (hand.claim, []), "release": (hand.claim,)}.get(how, (hand.claim, error))
            )
            assert (self.store.get(job.job_id) if before else None) == before
            return
        words = {"finish": (results,), "fail": (error, results), "stop": (error,), "release": ()}[how]
        assert getattr(self.store, how)(hand.claim, *words)
        after = self.saw(self.store.get(job.job_id))
        expected = {"finish": Phase.COMPLETED, "fail": Phase.ERROR, "stop": Phase.ABORTED, "release": Phase.QUEUED}
        assert after.phase is expected[how]
        assert after.results == (tuple(results) if how in {"finish", "fail"} else ())
        del self.holds[job.job_id]
        if how == "release" and wrote:
            self.took(self.store.claim("next", job.job_id))

    @rule(seconds=st.sampled_from([5.0, 20.0, 70.0, 200.0, 700.0]), which=st.sampled_from([(0,), (1,), (0, 1)]))
    def time_passes(self, seconds, which):
        left_s = seconds
        while left_s > 0:
            step_s = min(left_s, LEASE_S / 3)
            self.monotonic_s += step_s
            self.clock.now += step_s
            left_s -= step_s
            for number in which:
                self.reapers[number].round()
        self.look_what_the_reaper_did()

    @rule(seconds=st.sampled_from([100.0, 5000.0]))
    def machine_sleeps(self, seconds):
        """Nobody runs, and the clock that never steps goes on."""
        self.monotonic_s += seconds
        self.clock.now += seconds

    @rule(number=st.integers(0, 1))
    def reaper_is_replaced(self, number):
        self.reapers[number] = self.new_reaper()

    @rule(seconds=st.sampled_from([-1e7, -3000.0, -30.0, 30.0, 3000.0, 1e7]), soon=st.booleans())
    def clock_steps(self, seconds, soon):
        """A reaper may come by just then."""
        self.clock.now += seconds
        if soon:
            self.time_passes(20.0, (0,))

    def look_what_the_reaper_did(self):
        """It may take jobs of silent workers, and remove jobs whose time is over; nothing else."""
        for job_id, before in list(self.kept.items()):
            try:
                after = self.store.get(job_id)
            except NotFoundError:
                assert EPOCH + timedelta(seconds=self.clock()) >= before.destruction
                self.forget(job_id)
                continue
            if after.phase is not before.phase:
                self.deaths[job_id] += 1
                expected = Phase.QUEUED if self.deaths[job_id] < DEATHS else Phase.ERROR
                assert (before.phase, after.phase) == (Phase.EXECUTING, expected)
                hand = self.holds.pop(job_id)
                assert self.monotonic_s - hand.heard_s >= LEASE_S
                self.late.append(hand)
            self.saw(after)

    @invariant()
    def sums_are_right(self):
        usage = self.store.usage(ALICE.payer)
        assert usage.jobs == len(self.kept) == len(self.store.jobs(ALICE.name))
        sizes = [part.size for job in self.kept.values() for part in (*job.uploads, *job.results)]
        assert usage.size == sum(sizes)

    @invariant()
    def results_are_there(self):
        """Those of a job that ended are of its last attempt, and whole."""
        for job in self.ended.values():
            for kept in job.results:
                assert kept.key.split("/")[:2] == [job.job_id, str(job.attempt)]
                assert self.results.size(kept.key) == kept.size

    @invariant()
    def files_are_those_of_the_attempt_that_counts(self):
        for job_id, attempt in self.store.kept(list(self.kept)).items():
            job = self.kept[job_id]
            counts = job.phase is Phase.EXECUTING or job.results
            assert attempt == (job.attempt if counts else 0)

    @invariant()
    def who_is_late_changes_nothing(self):
        for hand in self.late[-2:]:
            job_id = hand.claim.job.job_id
            before = self.store.get(job_id) if job_id in self.kept else None
            results = [result(hand.claim.job)]
            assert not self.store.finish(hand.claim, results)
            assert not self.store.fail(hand.claim, JobError("It failed."), results)
            assert not self.store.stop(hand.claim, JobError("It failed."))
            assert not self.store.release(hand.claim)
            assert not self.store.requeue(hand.claim.token, most_attempts=1)
            assert self.store.beat(hand.claim, Progress(9, 9)) is not Order.GO_ON
            assert (self.store.get(job_id) if before else None) == before

    @invariant()
    def claims_are_those_that_count(self):
        held = {token for token, _, _ in self.store.executing()}
        assert held == {hand.claim.token for hand in self.holds.values()}

    def teardown(self):
        try:
            self.drain()
        finally:
            self.store.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def drain(self):
        """An honest worker comes, and time passes until all is quiet."""
        for job_id in list(self.kept):
            self.set_destruction(job_id, soon=False)
        while any(job.phase in {Phase.QUEUED, Phase.EXECUTING} for job in self.kept.values()):
            while (claim := self.store.claim("honest")) is not None:
                hand = self.holds[claim.job.job_id] = Hand(claim, self.monotonic_s)
                self.write(hand, "a.fits")
                assert self.store.finish(claim, [result(claim.job, "a.fits")])
                del self.holds[claim.job.job_id]
                self.saw(self.store.get(claim.job.job_id))
            self.time_passes(100.0, (0, 1))
        self.time_passes(YOUNG_S + 2 * SWEEP_S, (0,))
        self.sums_are_right()
        self.results_are_there()
        assert {job.phase for job in self.kept.values()} <= {*(phase for phase in Phase if phase.final), Phase.PENDING}
        expected = {(job.job_id, "uploads") for job in self.kept.values() if job.uploads}
        expected |= {(job.job_id, str(job.attempt)) for job in self.kept.values() if job.results}
        assert set(self.results.jobs()) == expected


def machine_at(address: str) -> type[JobsMachine]:
    """Examples share a database, each as a service of its own."""
    return type("Machine", (JobsMachine,), {"address": address})


def test_jobs_in_sqlite(tmp_path) -> None:
    machine = machine_at(str(tmp_path / "jobs.sqlite"))
    run_state_machine_as_test(machine, settings=settings(max_examples=40, stateful_step_count=30))


def test_jobs_in_postgresql(postgresql_address) -> None:
    machine = machine_at(postgresql_address)
    run_state_machine_as_test(machine, settings=settings(max_examples=5, stateful_step_count=25))
