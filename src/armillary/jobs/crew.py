"""Local runner: threads that claim jobs from the store, and children in processes of their own that do them."""

from __future__ import annotations

import collections
import logging
import threading
import time
from typing import TYPE_CHECKING

from armillary.errors import ArmillaryError
from armillary.jobs.bell import QUEUE
from armillary.jobs.crew_scratch import Scratch
from armillary.jobs.crew_seat import Seat
from armillary.jobs.model import Phase
from armillary.storage.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.crew_plan import CrewPlan
    from armillary.jobs.model import Claim
    from armillary.jobs.service import JobService

log = logging.getLogger(__name__)

CLOSE_S = 10.0
NO_STORE_S = 1.0
COURTESY_S = 0.1


class _Ticket:
    """A job that somebody wants done, and waits for."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self.done = threading.Event()


class Crew:
    """Claims jobs and has them done by at most so many processes. Any number of crews may share a store.

    Parameters
    ----------
    jobs
        Whose; its bell tells that a job may be claimed, was aborted or deleted.
    plan
        What to do.
    """

    def __init__(self, jobs: JobService, plan: CrewPlan) -> None:
        self.plan = plan
        self.store = jobs.store
        self.results_address = jobs.results_address
        self.scratch = Scratch(plan.name)
        self._results = jobs.results
        self._bell = jobs.bell
        self._changed = threading.Condition()
        self._hint = True
        self._closed = threading.Event()
        self._look_due_s = self._bury_due_s = 0.0
        self._tickets: collections.deque[_Ticket] = collections.deque()
        self._held: dict[Seat, _Ticket] = {}
        self._seats: list[Seat] = []
        self._unlisten: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to look for jobs. Children are started when there are some."""
        self._unlisten = self._bell.listen(self._heard)
        self._seats = [Seat(self, number + 1) for number in range(self.plan.workers)]
        for seat in self._seats:
            seat.start()

    def hint(self) -> None:
        """Say that a job may be there: somebody looks at once."""
        with self._changed:
            self._hint = True
            self._changed.notify()

    def run(self, job_id: str) -> bool:
        """Have this very job done, if it is waiting, and wait for the end of the attempt.

        Returns
        -------
        Whether it waits again, as far as can be told: its process died, or the crew ends.
        """
        ticket = _Ticket(job_id)
        with self._changed:
            ended = self._closed.is_set()
            if not ended:
                self._tickets.append(ticket)
                self._changed.notify()
        if not ended:
            ticket.done.wait()
        try:
            return self.store.revision(job_id)[0] is Phase.QUEUED
        except ArmillaryError:
            return False

    def close(self) -> None:
        """End: children are killed, their jobs wait for others."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
            while self._tickets:
                self._tickets.popleft().done.set()
        if self._unlisten is not None:
            self._unlisten()
            self._unlisten = None
        for seat in self._seats:
            seat.ring()
        deadline = time.monotonic() + CLOSE_S
        for seat in self._seats:
            seat.join(max(0.0, deadline - time.monotonic()))
            self._settle(seat)
            seat.free()
        self.scratch.close()

    def children(self) -> list[int]:
        """Ids of the processes that there are now."""
        return [pid for seat in self._seats if (pid := seat.child_pid) is not None]

    def leaving(self) -> bool:
        """Whether it ends."""
        return self._closed.is_set()

    def wait(self, seconds: float) -> None:
        """Let some time pass, less where the crew ends."""
        self._closed.wait(seconds)

    def next_claim(self, seat: Seat) -> Claim | None:
        """Wait for a job for a seat; None when the crew ends."""
        idle_from_s = time.monotonic()
        self._settle(seat)
        if self.plan.others_first():
            self.wait(COURTESY_S)
        while self._wait(seat, idle_from_s):
            claim = self._claim(seat)
            if claim is not None:
                return claim
            self._settle(seat)
        return None

    def discard(self, claim: Claim) -> None:
        """Remove the files of an attempt unless they are the job's; what cannot be removed now is the reaper's."""
        job = claim.job
        try:
            if self.store.kept([job.job_id]).get(job.job_id) != job.attempt:
                self._results.remove(job.job_id, str(job.attempt))
        except ArmillaryError as error:
            log.info("files of an attempt are left to the reaper: %s", error.message)

    def _heard(self, topic: str) -> None:
        if topic == QUEUE:
            if self.plan.eager:
                self.hint()
            return
        for seat in self._seats:
            if seat.job_id == topic:
                seat.ring()

    def _wait(self, seat: Seat, idle_from_s: float) -> bool:
        """Wait for a ticket or for a look that is due, and take it; False when the crew ends."""
        tired_s = idle_from_s + self.plan.idle_s
        while True:
            with self._changed:
                if self._closed.is_set():
                    return False
                now = time.monotonic()
                if self._tickets:
                    self._held[seat] = self._tickets.popleft()
                    return True
                if self._hint or now >= self._look_due_s:
                    self._hint = False
                    self._look_due_s = now + self.plan.look_s
                    return True
                tired = seat.child_pid is not None and now >= tired_s
                if not tired:
                    due_s = self._look_due_s if seat.child_pid is None else min(self._look_due_s, tired_s)
                    self._changed.wait(due_s - now)
            if tired:
                seat.rest()

    def _claim(self, seat: Seat) -> Claim | None:
        ticket = self._held.get(seat)
        try:
            self._bury(seat)
            claim = self.store.claim(seat.worker, ticket.job_id if ticket else None)
        except ArmillaryError as error:
            log.warning("no job can be claimed: %s", error.message)
            self.wait(NO_STORE_S)
            return None
        except Exception:
            log.exception("no job can be claimed")
            self.wait(NO_STORE_S)
            return None
        if claim is not None and ticket is None:
            self.hint()  # There may be more, for another seat.
        return claim

    def _bury(self, seat: Seat) -> None:
        """Now and then: jobs of crews of this machine that are gone need not wait for the end of their lease."""
        with self._changed:
            now = time.monotonic()
            if now < self._bury_due_s:
                return
            self._bury_due_s = now + self.plan.look_s
        for token, worker, beats in self.store.executing():
            if is_gone(worker) and self.store.requeue(token, most_attempts=self.plan.most_attempts, beats=beats):
                log.warning("%s is gone: its job is given to others (%s)", worker, seat.worker)

    def _settle(self, seat: Seat) -> None:
        """Whoever waits for what the seat did need wait no more."""
        ticket = self._held.pop(seat, None)
        if ticket is not None:
            ticket.done.set()
