"""What every ``JobStore`` must do for workers; part of ``JobStoreConformance``."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from armillary.errors import LimitError
from armillary.jobs.model import Order, Phase, Progress, Result
from armillary.jobs.store import Quota
from armillary.testing.job_tools import (
    FAILED,
    NOBODY,
    NOON,
    Clock,
    RecordingBell,
    StoreFixtures,
    claimed,
    new_job,
    result,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.model import Claim
    from armillary.jobs.store import JobStore


class ClaimConformance(StoreFixtures):
    """Tests of claims, beats and ends."""

    def test_started_jobs_are_claimed_in_their_order(self, store: JobStore, clock: Clock) -> None:
        """First come, first served, whatever the clock did."""
        first, second = new_job(store, start=False), new_job(store, start=False)
        store.start(second.job_id)
        clock.now -= 86_400
        store.start(first.job_id)
        third = new_job(store)
        assert store.waiting() == 3
        order = [claim.job.job_id for _ in range(3) if (claim := store.claim("worker"))]
        assert order == [second.job_id, first.job_id, third.job_id]
        assert store.claim("worker") is None
        assert store.waiting() == 0

    def test_a_claim_begins_an_attempt(self, store: JobStore, clock: Clock) -> None:
        """The job is EXECUTING, has begun, and nobody else gets it."""
        job = new_job(store)
        clock.now += 5
        claim = claimed(store, job)
        assert claim.job == store.get(job.job_id)
        assert (claim.job.phase, claim.job.attempt) == (Phase.EXECUTING, 1)
        assert claim.job.started == NOON + timedelta(seconds=5)
        assert store.claim("other", job.job_id) is None
        assert store.executing() == [(claim.token, "worker", 0)]
        assert store.kept([job.job_id]) == {job.job_id: 1}

    def test_pending_jobs_are_not_claimed(self, store: JobStore) -> None:
        """Nor are those that ended."""
        pending, aborted = new_job(store, start=False), new_job(store)
        store.abort(aborted.job_id)
        assert store.claim("worker") is None
        assert store.claim("worker", pending.job_id) is None
        assert store.claim("worker", aborted.job_id) is None

    def test_beats_count_and_tell_progress(self, store: JobStore, bell: RecordingBell) -> None:
        """A beat without news changes no revision and rings no bell."""
        claim = claimed(store, new_job(store))
        before, bell.rung[:] = store.revision(claim.job.job_id), []
        assert store.beat(claim) is Order.GO_ON
        assert (store.revision(claim.job.job_id), bell.rung) == (before, [])
        assert store.beat(claim, Progress(1, 3)) is Order.GO_ON
        assert store.beat(claim, Progress(1, 3)) is Order.GO_ON
        assert store.get(claim.job.job_id).progress == Progress(1, 3)
        assert store.revision(claim.job.job_id)[1] == before[1] + 1
        assert bell.rung == [claim.job.job_id]
        assert store.executing() == [(claim.token, "worker", 3)]

    def test_finishing_shows_the_results_at_once(self, store: JobStore, clock: Clock) -> None:
        """Phase, results and end are there together; asked again, the answer is the same."""
        claim = claimed(store, new_job(store))
        clock.now += 2.5
        results = (result(claim.job), Result("none", f"{claim.job.job_id}/1/none", 0, "text/plain", "none", empty=True))
        assert store.finish(claim, results)
        job = store.get(claim.job.job_id)
        assert (job.phase, job.results, job.error) == (Phase.COMPLETED, results, None)
        assert job.ended == NOON + timedelta(seconds=2.5)
        assert store.finish(claim, results)
        assert store.get(claim.job.job_id) == job
        assert not store.fail(claim, FAILED)
        assert not store.release(claim)
        assert store.beat(claim) is Order.LOST
        assert store.get(claim.job.job_id) == job
        assert store.kept([job.job_id]) == {job.job_id: 1}

    def test_an_end_tells_how_far_it_came(self, store: JobStore) -> None:
        """At once with the end; who asks after an answer that was lost changes nothing."""
        ends: list[tuple[Callable[[Claim], bool], Phase]] = [
            (lambda claim: store.finish(claim, [result(claim.job)], progress=Progress(3, 3)), Phase.COMPLETED),
            (lambda claim: store.fail(claim, FAILED, progress=Progress(3, 3)), Phase.ERROR),
        ]
        for end, phase in ends:
            claim = claimed(store, new_job(store))
            assert store.beat(claim, Progress(1, 3)) is Order.GO_ON
            before = store.revision(claim.job.job_id)[1]
            assert end(claim)
            job = store.get(claim.job.job_id)
            assert (job.phase, job.progress, job.revision) == (phase, Progress(3, 3), before + 1)
            assert end(claim)
            assert store.get(claim.job.job_id) == job
        claim = claimed(store, new_job(store))
        assert store.beat(claim, Progress(1, 3)) is Order.GO_ON
        assert store.finish(claim, [])
        assert store.get(claim.job.job_id).progress == Progress(1, 3)

    def test_a_claim_says_what_the_payer_keeps(self, store: JobStore) -> None:
        """Bytes of all their jobs by then, of nobody else's."""
        claim = claimed(store, new_job(store))
        assert store.finish(claim, [result(claim.job)])
        other = claimed(store, new_job(store, NOBODY))
        assert store.finish(other, [result(other.job, size=1)])
        assert (claim.payer_size, claimed(store, new_job(store)).payer_size) == (0, 5760)

    def test_failing_tells_why(self, store: JobStore) -> None:
        """With what was made until then."""
        claim = claimed(store, new_job(store))
        assert store.fail(claim, FAILED, [result(claim.job)])
        job = store.get(claim.job.job_id)
        assert (job.phase, job.error, job.results) == (Phase.ERROR, FAILED, (result(claim.job),))
        assert store.fail(claim, FAILED)
        assert not store.finish(claim, [])
        other = claimed(store, new_job(store))
        assert store.fail(other, FAILED)
        assert store.kept([job.job_id, other.job.job_id]) == {job.job_id: 1, other.job.job_id: 0}

    def test_a_job_that_ran_too_long_is_aborted(self, store: JobStore) -> None:
        """With a reason."""
        claim = claimed(store, new_job(store))
        assert store.stop(claim, FAILED)
        assert store.stop(claim, FAILED)
        job = store.get(claim.job.job_id)
        assert (job.phase, job.error, job.results) == (Phase.ABORTED, FAILED, ())

    @pytest.mark.parametrize("begun", [False, True])
    def test_aborting_ends_a_job(self, store: JobStore, begun: bool) -> None:
        """Whoever runs it hears STOP, and cannot change it any more."""
        job = new_job(store)
        claim = claimed(store, job) if begun else None
        aborted = store.abort(job.job_id)
        assert aborted.phase is Phase.ABORTED
        assert aborted.ended is not None
        assert store.abort(job.job_id) == aborted
        if claim is not None:
            assert store.beat(claim, Progress(1, 2)) is Order.STOP
            assert not store.finish(claim, [result(claim.job)])
            assert not store.fail(claim, FAILED)
            assert not store.stop(claim, FAILED)
            assert not store.release(claim)
        assert store.get(job.job_id) == aborted
        assert store.kept([job.job_id]) == {job.job_id: 0}

    def test_a_lost_claim_is_void(self, store: JobStore) -> None:
        """After another took the job nothing that the first reports counts."""
        job = new_job(store)
        first = claimed(store, job)
        assert store.requeue(first.token, most_attempts=3)
        assert store.get(job.job_id).phase is Phase.QUEUED
        assert store.beat(first) is Order.LOST
        second = claimed(store, job)
        assert (second.job.attempt, store.kept([job.job_id])) == (2, {job.job_id: 2})
        assert second.token != first.token
        before = store.get(job.job_id)
        assert store.beat(first, Progress(9, 9)) is Order.LOST
        assert not store.finish(first, [result(first.job)])
        assert not store.fail(first, FAILED)
        assert not store.stop(first, FAILED)
        assert not store.release(first)
        assert not store.requeue(first.token, most_attempts=1)
        assert store.get(job.job_id) == before
        assert store.finish(second, [result(second.job)])
        assert store.get(job.job_id).results == (result(second.job),)

    def test_a_worker_that_was_heard_of_keeps_its_job(self, store: JobStore) -> None:
        """A beat between the look and the deed saves it."""
        claim = claimed(store, new_job(store))
        [(token, _, beats)] = store.executing()
        assert store.beat(claim) is Order.GO_ON
        assert not store.requeue(token, most_attempts=3, beats=beats)
        assert store.requeue(token, most_attempts=3, beats=beats + 1)

    def test_deaths_are_counted_and_goodbyes_are_not(self, store: JobStore) -> None:
        """After so many deaths the job fails and says so; workers that end in order cost nothing."""
        job = new_job(store)
        for _ in range(4):
            assert store.release(claimed(store, job))
        attempts = []
        for _ in range(3):
            claim = claimed(store, job)
            attempts.append(claim.job.attempt)
            assert store.requeue(claim.token, most_attempts=3)
        ended = store.get(job.job_id)
        assert attempts == [5, 6, 7]
        assert ended.phase is Phase.ERROR
        assert ended.error is not None
        assert ended.error.transient
        assert "\n" not in ended.error.message
        assert store.kept([job.job_id]) == {job.job_id: 0}

    def test_what_was_released_goes_first(self, store: JobStore) -> None:
        """A job that had its turn has it still."""
        first, _ = new_job(store), new_job(store)
        assert store.release(claimed(store, first))
        again = store.claim("worker")
        assert again is not None
        assert again.job.job_id == first.job_id

    @pytest.mark.parametrize("step_s", [-86_400.0 * 400, 86_400.0 * 400])
    def test_a_clock_that_steps_costs_nobody(self, store: JobStore, clock: Clock, step_s: float) -> None:
        """The seconds that a job ran stay between none and what it may run."""
        claim = claimed(store, new_job(store))
        clock.now += step_s
        assert store.beat(claim) is Order.GO_ON
        assert store.finish(claim, [])
        assert store.usage("alice").seconds in {0, 600}

    def test_what_ends_together_stays_within_the_quota(self, store: JobStore, bell: RecordingBell) -> None:
        """Both had room when they began; the second changes nothing, keeps its claim, and may end without results."""
        first, second = claimed(store, new_job(store)), claimed(store, new_job(store))
        quota = Quota(size=9000)
        assert store.finish(first, [result(first.job)], quota)
        before, bell.rung[:] = store.get(second.job.job_id), []
        for end in (store.finish, lambda claim, *more: store.fail(claim, FAILED, *more)):
            with pytest.raises(LimitError) as told:
                end(second, [result(second.job)], quota)
            assert told.value.detail["quota"] == "size"
        assert (store.get(second.job.job_id), bell.rung) == (before, [])
        assert store.finish(first, [result(first.job)], quota)
        assert store.usage("alice") == Quota(2, 600, 5760)
        assert store.fail(second, FAILED, [], Quota(size=1))
        assert store.usage("alice") == Quota(2, 0, 5760)
        assert store.kept([second.job.job_id]) == {second.job.job_id: 0}

    def test_quotas_hold_against_many_that_end_at_once(self, store: JobStore) -> None:
        """Threads that end jobs of one payer together keep no byte more; those of others are not in their way."""
        claims = [claimed(store, new_job(store)) for _ in range(12)]
        other = claimed(store, new_job(store, NOBODY))
        begun = threading.Barrier(len(claims) + 1)

        def finish(claim: Claim) -> bool:
            begun.wait()
            try:
                return store.finish(claim, [result(claim.job)], Quota(size=5 * 5760))
            except LimitError:
                return False

        with ThreadPoolExecutor(len(claims) + 1) as crowd:
            *mine, others = crowd.map(finish, [*claims, other])
        assert (sum(mine), others) == (5, True)
        assert store.usage("alice").size == 5 * 5760

    def test_threads_claim_each_job_once(self, store: JobStore) -> None:
        """And finish it once."""
        ids = {new_job(store).job_id for _ in range(60)}
        taken: Counter[str] = Counter()
        lock = threading.Lock()

        def work(number: int) -> None:
            while (claim := store.claim(f"worker {number}")) is not None:
                with lock:
                    taken[claim.job.job_id] += 1
                assert store.beat(claim, Progress(1, 1)) is Order.GO_ON
                assert store.finish(claim, [result(claim.job)])

        with ThreadPoolExecutor(6) as crew:
            list(crew.map(work, range(6)))
        assert taken == Counter(ids)
        assert {line.phase for line in store.jobs("alice")} == {Phase.COMPLETED}
        assert store.usage("alice").size == 60 * 5760
