"""One attempt of a job: a manager's side of it, from the hand-over to the report."""

from __future__ import annotations

import logging
import selectors
import time
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs.crew_wire import WireError, read_results
from armillary.jobs.model import JobError, Order, Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.jobs.crew_child import ChildProcess
    from armillary.jobs.crew_plan import CrewPlan
    from armillary.jobs.model import Claim, Result
    from armillary.jobs.store import JobStore

log = logging.getLogger(__name__)

BEAT_GAP_S = 0.1
# For two descriptors: no system calls to make one for every job.
Selector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
TOO_LONG = "It ran longer than the {seconds} seconds that it may: ask for less, or for a longer executionduration."


class End(Enum):
    """How an attempt ended."""

    DONE = auto()
    FAILED = auto()
    """It cannot be done."""
    OVERTIME = auto()
    DIED = auto()
    """Its process ended, hung, or could not be started."""
    VOID = auto()
    """Aborted, deleted, or given to another."""
    LEFT = auto()
    """The crew ends, or nothing was begun: another may do it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an attempt ended, and whether its child can do another job.

    Parameters
    ----------
    error
        Why it failed; for one that died, what to tell if it is not begun again.
    progress
        How far it came, where that was not told yet.
    """

    end: End
    error: JobError | None = None
    reusable: bool = False
    progress: Progress | None = None


class Attempt:
    """Watches a child that does a job, and tells the store that it lives.

    Parameters
    ----------
    claim
        The right to do it.
    child
        Who does it.
    store
        Hears the beats.
    results
        Filled with what the child has kept.
    bell
        Descriptor that can be read when the job changed or the crew ends.
    heard
        Reads it empty; whether the job changed.
    leaving
        Whether the crew ends.
    """

    def __init__(
        self,
        claim: Claim,
        child: ChildProcess,
        store: JobStore,
        plan: CrewPlan,
        results: list[Result],
        *,
        bell: int,
        heard: Callable[[], bool],
        leaving: Callable[[], bool],
    ) -> None:
        self._claim = claim
        self._results = results
        self._child = child
        self._store = store
        self._plan = plan
        self._bell = bell
        self._heard = heard
        self._leaving = leaving
        now = time.monotonic()
        child.heard_s = now
        self._deadline_s: float | None = None
        self._open_by_s = now + plan.open_s
        self._beaten_s = now
        self._idle_before = child.ready
        self._begun = False
        self._untold: Progress | None = None
        self._rung = False

    def run(self) -> Outcome:
        """Watch until it ends; the child is then idle, or to be killed where it is not reusable."""
        if self._child.ready:
            self._hand_over()
        with Selector() as selector:
            selector.register(self._child.control, selectors.EVENT_READ, self._hear)
            selector.register(self._bell, selectors.EVENT_READ, self._ring)
            while True:
                outcome = self._turn(selector)
                if outcome is not None:
                    return outcome

    def _hand_over(self) -> None:
        job = self._claim.job
        if job.duration_s:
            self._deadline_s = time.monotonic() + job.duration_s
        # As far as can be told now: what is kept in the end is the store's affair.
        most = self._plan.quota.size
        self._child.do(job, max(0, most - self._claim.payer_size) if most else None)

    def _turn(self, selector: selectors.BaseSelector) -> Outcome | None:
        """Wait for something to happen, and see to it. What was said counts before what was not."""
        for key, _ in selector.select(self._pause()):
            react: Callable[[], Outcome | None] = key.data
            outcome = react()
            if outcome is not None:
                return outcome
        if self._leaving():
            return Outcome(End.LEFT)
        if self._child.ended:
            # One that died while it was idle, unseen, has not begun: that is no attempt that failed.
            return Outcome(End.LEFT if self._idle_before and not self._begun else End.DIED)
        return self._judge(time.monotonic()) or self._beat(time.monotonic())

    def _hear(self) -> Outcome | None:
        for message in self._child.hear():
            outcome = self._said(message)
            if outcome is not None:
                return outcome
        return None

    def _ring(self) -> Outcome | None:
        self._rung |= self._heard()
        return None

    def _pause(self) -> float:
        soon = self._untold is not None or self._rung
        due = self._beaten_s + (BEAT_GAP_S if soon else self._plan.beat_s)
        if self._deadline_s is not None:
            due = min(due, self._deadline_s)
        return max(0.0, due - time.monotonic())

    def _judge(self, now: float) -> Outcome | None:
        """Whether it takes too long, in one way or another."""
        if self._deadline_s is not None and now >= self._deadline_s:
            return Outcome(End.OVERTIME, JobError(TOO_LONG.format(seconds=self._claim.job.duration_s)))
        if now >= self._child.heard_s + self._plan.silence_s:
            return self._died("It gave no sign of life")
        if not self._child.ready and now >= self._open_by_s:
            return self._died("The data could not be opened in time")
        return None

    def _died(self, why: str) -> Outcome:
        log.warning("job %s: its process is killed: %s", self._claim.job.job_id, why)
        return Outcome(End.DIED, JobError(f"{why}, and the job was ended.", transient=True))

    def _beat(self, now: float) -> Outcome | None:
        gap = BEAT_GAP_S if self._untold is not None or self._rung else self._plan.beat_s
        if now < self._beaten_s + gap:
            return None
        self._beaten_s, self._rung = now, False
        progress, self._untold = self._untold, None
        try:
            order = self._store.beat(self._claim, progress)
        except UnavailableError:
            self._untold = progress
            return None
        except NotFoundError:
            return Outcome(End.VOID)
        return None if order is Order.GO_ON else Outcome(End.VOID)

    def _said(self, message: dict[str, Any]) -> Outcome | None:
        try:
            return self._understood(message)
        except (KeyError, TypeError, WireError):
            return self._died("It said something that makes no sense")

    def _came(self, message: dict[str, Any]) -> None:
        self._results += read_results(message["results"])
        if message["progress"] is not None:
            self._untold = Progress(**message["progress"])

    def _understood(self, message: dict[str, Any]) -> Outcome | None:
        word = message["say"]
        if word == "ready":
            self._child.ready = True
            self._hand_over()
        elif word == "begun":
            self._begun = True
        elif word == "came":
            self._came(message)
        elif word == "unable":
            return Outcome(End.DIED, JobError(**message["error"]))
        elif word == "done":
            self._came(message)
            error = message["error"]
            reusable = not message["spoilt"]
            if error is None:
                return Outcome(End.DONE, reusable=reusable, progress=self._untold)
            return Outcome(End.FAILED, JobError(**error), reusable, self._untold)
        return None
