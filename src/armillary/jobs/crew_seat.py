"""A seat of a crew: a thread with one child, which does one job at a time."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from armillary.errors import LimitError, NotFoundError, UnavailableError
from armillary.jobs.crew_attempt import Attempt, End, Outcome
from armillary.jobs.crew_child import ChildProcess
from armillary.jobs.crew_wire import NO_ROOM, Setup
from armillary.jobs.model import JobError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.crew import Crew
    from armillary.jobs.model import Claim, Result

log = logging.getLogger(__name__)

RETRY_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
LEAVE_S = 2.0
PAUSE_S = (0.0, 0.2, 1.0, 5.0)
"""Before another child is started where the last ones could not open the work."""
DIED = "Its process ended again and again ({how}): perhaps it needs more memory than there is. Ask for less at once."


class Seat(threading.Thread):
    """A thread that does jobs for a crew as long as that gives it some.

    Its child is made here: on Linux a child is killed when the thread that made it ends.
    """

    def __init__(self, crew: Crew, number: int) -> None:
        super().__init__(name=f"crew-{number}", daemon=True)
        self.job_id: str | None = None
        self.worker = f"{crew.plan.name}/{number}"
        self._crew = crew
        self._number = number
        self._child: ChildProcess | None = None
        self._bell, self._rope = os.pipe()
        os.set_blocking(self._bell, False)
        os.set_blocking(self._rope, False)
        self._lock = threading.Lock()
        self._unopened = 0

    @property
    def child_pid(self) -> int | None:
        """Process that does its jobs, None while there is none."""
        child = self._child
        return None if child is None else child.pid

    def ring(self) -> None:
        """Let it look after its job at once."""
        with self._lock, contextlib.suppress(OSError):
            if self._rope >= 0:
                os.write(self._rope, b"!")

    def free(self) -> None:
        """Close what it hears by, once its thread has ended."""
        with self._lock:
            if self._rope >= 0 and not self.is_alive():
                os.close(self._rope)
                os.close(self._bell)
                self._rope = self._bell = -1

    def rest(self) -> None:
        """Give up the child: its memory is free again."""
        if self._child is not None:
            self._kill()

    def run(self) -> None:
        """Do what the crew gives, until that is nothing."""
        try:
            while (claim := self._crew.next_claim(self)) is not None:
                self.do(claim)
        finally:
            self.rest()

    def do(self, claim: Claim) -> None:
        """One attempt, with its end reported and nothing of it left that does not count."""
        results: list[Result] = []
        self.job_id = claim.job.job_id
        try:
            outcome = self._tried(claim, results)
        except OSError as error:  # The system has no memory or no number for a process now.
            log.warning("no process for a job: %s", error.strerror or error)
            outcome = Outcome(End.DIED, JobError("There was no process for it.", transient=True))
        except Exception:
            log.exception("job %s: its attempt was given up", self.job_id)
            outcome = Outcome(End.DIED)
        self.job_id = None
        how = self._part(outcome)
        if outcome.end is End.DIED:
            log.warning("job %s: attempt %d ended without an end (%s)", claim.job.job_id, claim.job.attempt, how)
        if not self._surely(lambda: self._report(claim, results, outcome, how)):
            self._crew.discard(claim)

    def _tried(self, claim: Claim, results: list[Result]) -> Outcome:
        crew = self._crew
        if crew.leaving():
            return Outcome(End.LEFT, reusable=True)
        child = self._seated()
        attempt = Attempt(
            claim,
            child,
            crew.store,
            crew.plan,
            results,
            bell=self._bell,
            heard=self._heard,
            leaving=crew.leaving,
        )
        return attempt.run()

    def _part(self, outcome: Outcome) -> str:
        """Kill a child that cannot do another job, and say how it had ended."""
        unopened = outcome.end is End.DIED and (self._child is None or not self._child.ready)
        self._unopened = self._unopened + 1 if unopened else 0
        if outcome.reusable or self._child is None:
            return ""
        return self._kill()

    def _kill(self) -> str:
        """End the child and remove what it put down; how it had ended."""
        assert self._child is not None
        how, self._child = self._child.kill(), None
        self._crew.scratch.remove(self._number)
        return how

    def _heard(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(os.read(self._bell, 4096))
        return False

    def _seated(self) -> ChildProcess:
        """A child that lives, after a pause where the last ones could not open the work."""
        if self._child is not None:
            self._child.hear()
            if self._child.ended:
                self.rest()
        if self._child is None:
            plan = self._crew.plan
            self._crew.wait(PAUSE_S[min(self._unopened, len(PAUSE_S) - 1)])
            self._child = ChildProcess(
                Setup(
                    work=plan.work,
                    scene=plan.scene,
                    results=self._crew.results_address,
                    memory_mib=plan.memory_mib,
                    alive_s=plan.alive_s,
                    silence_s=plan.silence_s * 1.5,
                    log_level=plan.log_level,
                    log_format=plan.log_format,
                    nice=plan.nice,
                ),
                self._crew.scratch.folder(self._number),
            )
        return self._child

    def _report(self, claim: Claim, results: list[Result], outcome: Outcome, how: str) -> bool:
        """Tell the store; whether the results are the job's."""
        store, plan = self._crew.store, self._crew.plan
        error = outcome.error or JobError(DIED.format(how=how or "unknown"), transient=True)
        if outcome.end is End.DONE:
            try:
                return store.finish(claim, results, plan.quota, outcome.progress)
            except LimitError:  # Other jobs of the owner took the room while this one ran.
                store.fail(claim, JobError(NO_ROOM), progress=outcome.progress)
        elif outcome.end is End.FAILED:
            store.fail(claim, error, progress=outcome.progress)
        elif outcome.end is End.OVERTIME:
            store.stop(claim, error)
        elif outcome.end is End.LEFT:
            store.release(claim)
        elif outcome.end is End.DIED:
            store.requeue(claim.token, most_attempts=plan.most_attempts, error=error)
        return False

    def _surely(self, report: Callable[[], bool]) -> bool:
        """Tell the store, as often as it takes while it cannot be reached; what is told twice counts once.

        A crew that ends gives up soon: the lease then runs out.
        """
        left_s: float | None = None
        for tried in range(1 << 30):
            try:
                return report()
            except NotFoundError:
                return False
            except UnavailableError:
                pass
            except Exception:
                log.exception("the end of a job is not told")
                return False
            if self._crew.leaving():
                left_s = left_s or time.monotonic()
                if time.monotonic() > left_s + LEAVE_S:
                    return False
            time.sleep(RETRY_S[min(tried, len(RETRY_S) - 1)])
        return False
