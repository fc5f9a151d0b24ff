"""What every ``JobStore`` must do: subclass ``JobStoreConformance``, say how to make one, and run it with pytest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from armillary.errors import LimitError, NotFoundError, ParameterError, UsageError
from armillary.jobs.bell import QUEUE
from armillary.jobs.model import Order, Owner, Phase, Upload
from armillary.jobs.store import Quota, Totals
from armillary.testing.job_claims import ClaimConformance
from armillary.testing.job_tools import (
    ALICE,
    NOBODY,
    NOON,
    Clock,
    RecordingBell,
    claimed,
    new_job,
    result,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.store import JobStore


class JobStoreConformance(ClaimConformance):
    """Tests of the contract."""

    def test_keeps_a_job_as_it_was_given(self, store: JobStore) -> None:
        """All that is given comes back, whatever characters it has."""
        odd = [("ID", "\0 \ud800 ☾ 'quoted' \"twice\""), ("ID", ""), ("circle", "1 2 3")]
        job_id = store.new_id()
        tables = (Upload("targets", f"{job_id}/uploads/targets", 77, "text/csv"),)
        job = store.create(
            ALICE,
            "cutout",
            odd,
            duration_s=60,
            destruction=NOON + timedelta(days=1, microseconds=3),
            run_id="☾ run",
            uploads=tables,
            job_id=job_id,
        )
        assert store.get(job_id) == job
        assert (job.job_id, job.parameters, job.uploads) == (job_id, tuple(odd), tables)
        assert (job.owner, job.run_id, job.phase) == (ALICE, "☾ run", Phase.PENDING)
        assert (job.created, job.destruction) == (NOON, NOON + timedelta(days=1, microseconds=3))
        assert (job.started, job.ended, job.error, job.results, job.duration_s) == (None, None, None, (), 60)

    def test_ids_are_unguessable(self, store: JobStore) -> None:
        """They have 128 bits, and no two are alike."""
        ids = {store.new_id() for _ in range(100)} | {new_job(store).job_id}
        assert len(ids) == 101
        assert all(len(job_id) >= 22 and job_id.isalnum() for job_id in ids)

    def test_an_id_is_used_once(self, store: JobStore) -> None:
        """Of two jobs of one id there is one; what is no id is refused."""
        job = new_job(store)
        for job_id in (job.job_id, "../../etc", "x" * 32, job.job_id.upper() + "F"):
            with pytest.raises(UsageError):
                new_job(store, job_id=job_id)
        assert store.usage("alice").jobs == 1

    @pytest.mark.parametrize("run_id", ["a\nb", "\0", "x" * 300, "\ud800"])
    def test_run_ids_are_text_of_one_line(self, store: JobStore, run_id: str) -> None:
        """Others are refused, for new jobs and old ones."""
        with pytest.raises(ParameterError):
            new_job(store, run_id=run_id)
        job = new_job(store, start=False)
        with pytest.raises(ParameterError):
            store.set_run_id(job.job_id, run_id)

    @pytest.mark.parametrize("job_id", ["", "nothing", "0" * 32, "\0" * 32, "%" * 32, "A" * 32, "\ud800" * 32])
    def test_what_is_not_there_is_not_found(self, store: JobStore, job_id: str) -> None:
        """By every method that takes an id, and nothing is made."""
        calls: list[Callable[[], Any]] = [
            lambda: store.get(job_id),
            lambda: store.revision(job_id),
            lambda: store.start(job_id),
            lambda: store.abort(job_id),
            lambda: store.delete(job_id),
            lambda: store.add_parameters(job_id, [("A", "b")]),
            lambda: store.set_run_id(job_id, "a"),
            lambda: store.set_destruction(job_id, NOON),
            lambda: store.set_duration(job_id, 5),
        ]
        for call in calls:
            with pytest.raises(NotFoundError):
                call()
        assert store.claim("worker", job_id or "none") is None
        assert store.kept([job_id]) == {}
        assert store.revisions([job_id]) == {}
        assert store.requeue(f"{job_id}/1/none", most_attempts=1) is False

    def test_pending_jobs_may_be_changed(self, store: JobStore) -> None:
        """Parameters, run id, duration and destruction, until the job is started."""
        job = new_job(store, start=False)
        table = Upload("more", f"{job.job_id}/uploads/more", 9)
        store.add_parameters(job.job_id, [("POL", "I")], [table])
        store.set_run_id(job.job_id, "later")
        store.set_duration(job.job_id, 7)
        changed = store.set_destruction(job.job_id, NOON + timedelta(days=2))
        assert changed.parameters == (*job.parameters, ("POL", "I"))
        assert (changed.uploads, changed.run_id, changed.duration_s) == ((table,), "later", 7)
        assert changed.destruction == NOON + timedelta(days=2)
        assert changed.revision > job.revision
        assert store.usage("alice") == Quota(1, 7, 9)

    def test_other_phases_allow_less(self, store: JobStore) -> None:
        """What a phase does not allow is refused with a code, and changes nothing."""
        job = new_job(store)
        claim = claimed(store, job)
        before = store.get(job.job_id)
        refusals: list[Callable[[], Any]] = [
            lambda: store.add_parameters(job.job_id, [("A", "b")]),
            lambda: store.set_run_id(job.job_id, "x"),
            lambda: store.set_duration(job.job_id, 1),
        ]
        for refused in refusals:
            with pytest.raises(UsageError) as told:
                refused()
            assert told.value.detail["code"] == "phase"
        assert store.get(job.job_id) == before
        assert store.start(job.job_id) == before
        assert store.finish(claim, [])
        assert store.set_destruction(job.job_id, NOON).destruction == NOON
        assert store.abort(job.job_id).phase is Phase.COMPLETED
        assert store.start(job.job_id).phase is Phase.COMPLETED

    def test_deleting_forgets_a_job(self, store: JobStore) -> None:
        """Whoever runs it hears STOP; nothing of it is left."""
        claim = claimed(store, new_job(store))
        store.delete(claim.job.job_id)
        with pytest.raises(NotFoundError):
            store.get(claim.job.job_id)
        assert store.beat(claim) is Order.STOP
        assert not store.finish(claim, [])
        assert store.kept([claim.job.job_id]) == {}
        assert store.usage("alice") == Quota()
        assert store.jobs("alice") == []

    def test_lists_have_the_newest_first(self, store: JobStore, clock: Clock) -> None:
        """Filters are all applied together; nobody sees those of others."""
        jobs = []
        for k in range(6):
            clock.now = NOON.timestamp() + k
            jobs.append(new_job(store, start=k % 2 == 0, run_id=f"run {k}"))
        new_job(store, Owner("bob", "bob"))
        new_job(store, NOBODY)
        store.abort(jobs[0].job_id)
        ids = [job.job_id for job in jobs]
        assert [line.job_id for line in store.jobs("alice")] == ids[::-1]
        assert [line.job_id for line in store.jobs("alice", last=2)] == ids[:-3:-1]
        assert [line.job_id for line in store.jobs("alice", after=NOON + timedelta(seconds=3))] == ids[:3:-1]
        phases = {Phase.QUEUED, Phase.ABORTED}
        assert [line.job_id for line in store.jobs("alice", phases=phases)] == [ids[4], ids[2], ids[0]]
        assert [line.job_id for line in store.jobs("alice", phases=phases, last=1)] == [ids[4]]
        assert store.jobs("alice", phases={Phase.ARCHIVED}) == []
        line = store.jobs("alice")[-1]
        assert (line.phase, line.owner_name, line.run_id, line.created) == (Phase.ABORTED, "alice", "run 0", NOON)
        assert store.jobs("") == store.jobs("\0") == store.jobs("ali%") == []

    def test_totals_are_of_all_payers(self, store: JobStore) -> None:
        """Jobs that are kept by phase, and the bytes of what they keep."""
        assert store.totals() == Totals({}, 0)
        for owner, size in ((ALICE, 100), (NOBODY, 1)):
            claim = claimed(store, new_job(store, owner))
            assert store.finish(claim, [result(claim.job, size=size)])
        gone, *_ = [new_job(store, start=False) for _ in range(3)]
        store.delete(gone.job_id)
        table = Upload("t", "k", 10)
        claimed(store, new_job(store, uploads=[table]))
        counts = {Phase.COMPLETED: 2, Phase.PENDING: 2, Phase.EXECUTING: 1}
        assert store.totals() == Totals(counts, 111)

    def test_services_do_not_see_each_other(self, place: Any, store: JobStore, bell: RecordingBell) -> None:
        """Though they share a database: no job, claim, quota, or destruction of another."""
        other = self.open(place, "two", bell, Clock())
        job = new_job(store)
        claim = claimed(store, job)
        with pytest.raises(NotFoundError):
            other.get(job.job_id)
        with pytest.raises(NotFoundError):
            other.delete(job.job_id)
        assert other.claim("worker") is None
        assert (other.executing(), other.jobs("alice"), other.usage("alice")) == ([], [], Quota())
        assert other.totals() == Totals({}, 0)
        assert other.expired(NOON + timedelta(days=99)) == []
        assert other.kept([job.job_id]) == {}
        assert other.revisions([job.job_id]) == {}
        assert not other.finish(claim, [])
        assert not other.requeue(claim.token, most_attempts=1)
        assert other.identity() != store.identity() == store.identity()
        assert store.get(job.job_id).phase is Phase.EXECUTING
        other.close()

    def test_expired_jobs_are_listed(self, store: JobStore) -> None:
        """Those whose destruction has come, in any phase, the longest ago first, so many at once."""
        jobs = [new_job(store, destruction=NOON + timedelta(seconds=k), start=k % 2 == 0) for k in (3, 1, 2)]
        ids = [jobs[1].job_id, jobs[2].job_id, jobs[0].job_id]
        assert store.expired(NOON) == []
        assert store.expired(NOON + timedelta(seconds=2)) == ids[:2]
        assert store.expired(NOON + timedelta(days=9), 1) == ids[:1]

    def test_quotas_hold(self, store: JobStore, clock: Clock) -> None:
        """Jobs, seconds and bytes of a payer are bounded; what is deleted counts no more."""
        claim = claimed(store, new_job(store, quota=Quota(jobs=2, seconds=1000, size=9000)))
        clock.now += 10
        assert store.finish(claim, [result(claim.job)])
        assert store.usage("alice") == Quota(1, 10, 5760)
        for name, quota in {
            "jobs": Quota(jobs=1),
            "seconds": Quota(seconds=609),
            "size": Quota(size=5759),
        }.items():
            with pytest.raises(LimitError) as told:
                new_job(store, quota=quota)
            assert told.value.detail["quota"] == name
        with pytest.raises(LimitError):
            new_job(store, quota=Quota(seconds=10_000), duration_s=0)
        assert store.usage("alice") == Quota(1, 10, 5760)
        new_job(store, quota=Quota(jobs=2, seconds=610, size=5760))
        new_job(store, Owner("bob", "bob"), quota=Quota(jobs=1))
        store.delete(claim.job.job_id)
        assert store.usage("alice") == Quota(1, 600, 0)

    def test_quotas_hold_for_changes(self, store: JobStore) -> None:
        """Neither more uploads nor a longer time go round them; less is always allowed."""
        job = new_job(store, start=False)
        with pytest.raises(LimitError):
            store.set_duration(job.job_id, 601, Quota(seconds=600))
        with pytest.raises(LimitError):
            store.set_duration(job.job_id, 0, Quota(seconds=600))
        with pytest.raises(LimitError):
            store.add_parameters(job.job_id, [], [Upload("t", "k", 11)], Quota(size=10))
        assert store.get(job.job_id) == job
        assert store.set_duration(job.job_id, 500, Quota(seconds=1)).duration_s == 500
        assert store.usage("alice") == Quota(1, 500, 0)

    def test_quotas_hold_against_many_at_once(self, store: JobStore) -> None:
        """Threads that create together get no job more."""

        def create(_: int) -> bool:
            try:
                new_job(store, quota=Quota(jobs=5))
            except LimitError:
                return False
            return True

        with ThreadPoolExecutor(8) as crowd:
            assert sum(crowd.map(create, range(40))) == 5
        assert store.usage("alice").jobs == len(store.jobs("alice")) == 5

    def test_every_change_rings(self, store: JobStore, bell: RecordingBell) -> None:
        """With the job's id, and for the queue where there is something to claim."""

        def rung(change: Callable[[], Any]) -> list[str]:
            bell.rung.clear()
            change()
            return bell.rung

        job = new_job(store, start=False)
        assert QUEUE not in bell.rung
        assert rung(lambda: store.set_run_id(job.job_id, "a")) == [job.job_id]
        assert rung(lambda: store.start(job.job_id)) == [job.job_id, QUEUE]
        assert rung(lambda: store.start(job.job_id)) == []
        assert rung(lambda: store.claim("w", job.job_id)) == [job.job_id]
        [(token, _, _)] = store.executing()
        assert rung(lambda: store.requeue(token, most_attempts=2)) == [job.job_id, QUEUE]
        claim = claimed(store, job)
        assert rung(lambda: store.release(claim)) == [job.job_id, QUEUE]
        assert rung(lambda: store.abort(job.job_id)) == [job.job_id]
        assert rung(lambda: store.delete(job.job_id)) == [job.job_id]
        assert rung(lambda: new_job(store)) == [QUEUE]  # Nobody knows it yet.

    def test_revisions_of_many(self, store: JobStore) -> None:
        """Are those of each; they grow with every change."""
        jobs = [new_job(store, start=False) for _ in range(3)]
        seen = {job.job_id: (Phase.PENDING, job.revision) for job in jobs}
        assert store.revisions([*seen, "0" * 32, "x"]) == seen
        store.start(jobs[0].job_id)
        after = store.revisions(list(seen))
        assert after[jobs[0].job_id] == store.revision(jobs[0].job_id) == (Phase.QUEUED, jobs[0].revision + 1)
        assert {job_id for job_id in seen if after[job_id] != seen[job_id]} == {jobs[0].job_id}

    def test_closed_it_opens_again(self, store: JobStore) -> None:
        """Closing only lets go of connections."""
        job = new_job(store)
        store.close()
        assert store.get(job.job_id) == job
