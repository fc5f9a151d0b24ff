"""What nobody else cares for: jobs of workers that died, jobs whose time is over, files that belong to no job."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs.result_keys import UPLOADS
from armillary.jobs.rows import EPOCH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.jobs.results import ResultStore
    from armillary.jobs.store import JobStore

log = logging.getLogger(__name__)

AT_ONCE = 100
STEP_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long the reaper waits, in seconds of its own monotonic clock.

    Parameters
    ----------
    lease_s
        A worker that was not heard of for so long is taken for dead.
    round_s
        Between two rounds.
    sweep_s
        Between two looks for files that belong to no job.
    young_s
        Uploads lie there before their job does: so long they are let alone.
    steady_s
        After a step of the clock that tells the time of day, no job is destroyed for so long.
    """

    lease_s: float = 60.0
    round_s: float = 5.0
    sweep_s: float = 300.0
    young_s: float = 3600.0
    steady_s: float = 600.0


@dataclass(slots=True)
class _Silence:
    """How long a count of beats has been seen unchanged."""

    beats: int
    seconds: float = 0.0


class Reaper:
    """Goes its rounds. Any number of them may, on any number of machines.

    Parameters
    ----------
    store, results
        Of the jobs.
    most_attempts
        How often a job is begun whose worker dies.
    patience
        How long to wait for what.
    clock
        Time of day: seconds since 1970.
    monotonic
        Seconds that never step.
    """

    def __init__(
        self,
        store: JobStore,
        results: ResultStore,
        *,
        most_attempts: int = 3,
        patience: Patience | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._results = results
        self._most_attempts = most_attempts
        self._patience = patience or Patience()
        self._clock = clock
        self._monotonic = monotonic
        self._silent: dict[str, _Silence] = {}
        self._looked_s: float | None = None
        self._orphans: dict[tuple[str, str], float] = {}
        self._swept_s: float | None = None
        self._offset_s: float | None = None
        self._steady_from_s = float("-inf")
        self._told_foreign = False
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Go rounds in a thread until ``close``."""
        self._thread = threading.Thread(target=self._run, name="jobs-reaper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End after the round that is under way."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(self._patience.round_s)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self.round()
            except UnavailableError as error:
                log.warning("jobs: the reaper's round was cut short: %s", error.message)
            except Exception:
                log.exception("jobs: the reaper's round failed")
            self._ended.wait(self._patience.round_s)

    def round(self) -> None:
        """One round: leases, then destructions, then, when it is time, files.

        Raises
        ------
        UnavailableError
            The database or the place of the results cannot be reached; the next round goes on.
        """
        self.look_after_leases()
        self.destroy()
        now = self._monotonic()
        if self._swept_s is None or now - self._swept_s >= self._patience.sweep_s:
            self._swept_s = now
            self.sweep()

    def look_after_leases(self) -> None:
        """Queue jobs again whose worker counts no more.

        Silence is summed over looks, each for half a lease at most: when this process, or the whole machine, was
        stopped for an hour, the workers get the time to be heard of first.
        """
        now = self._monotonic()
        passed_s = 0.0 if self._looked_s is None else min(now - self._looked_s, self._patience.lease_s / 2)
        self._looked_s = now
        before, self._silent = self._silent, {}
        for token, worker, beats in self._store.executing():
            silence = before.get(token)
            if silence is None or silence.beats != beats:
                self._silent[token] = _Silence(beats)
                continue
            silence.seconds += passed_s
            if silence.seconds <= self._patience.lease_s:
                self._silent[token] = silence
            elif self._store.requeue(token, most_attempts=self._most_attempts, beats=beats):
                log.warning("jobs: %s was not heard of for %.0f s, its job is given to others", worker, silence.seconds)

    def destroy(self) -> None:
        """Delete jobs whose destruction has come, then their files."""
        if not self._clock_is_steady():
            return
        now = EPOCH + timedelta(seconds=self._clock())
        while job_ids := self._store.expired(now, AT_ONCE):
            for job_id in job_ids:
                try:
                    self._store.delete(job_id)
                except NotFoundError:
                    continue
                self._results.remove(job_id)

    def _clock_is_steady(self) -> bool:
        """Whether the time of day went as the monotonic clock did: a step may be a mistake that is corrected soon."""
        now = self._monotonic()
        offset_s = self._clock() - now
        if self._offset_s is not None and abs(offset_s - self._offset_s) > STEP_S:
            log.warning("jobs: the clock stepped by %.0f s, no job is destroyed for a while", offset_s - self._offset_s)
            self._steady_from_s = now + self._patience.steady_s
        self._offset_s = offset_s
        return now >= self._steady_from_s

    def sweep(self) -> None:
        """Remove files that belong to no job, or to an attempt that does not count, seen so in two sweeps."""
        now = self._monotonic()
        before, self._orphans = self._orphans, {}
        folders = self._results.jobs()
        while some := list(islice(folders, AT_ONCE)):
            orphans = list(self._without_a_job(some))
            if orphans and not self._ours():
                return
            for folder, patience_s in orphans:
                since = before.get(folder, now)
                if since < now and now - since >= patience_s:
                    # Once more, since a job may have come meanwhile.
                    for job_id, attempt in [found for found, _ in self._without_a_job([folder])]:
                        self._results.remove(job_id, attempt)
                else:
                    self._orphans[folder] = since

    def _without_a_job(self, folders: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], float]]:
        """Those of these folders that no job counts as its own, and how long each is let alone."""
        kept = self._store.kept({job_id for job_id, _ in folders})
        for job_id, attempt in folders:
            if attempt == UPLOADS:
                if job_id not in kept:
                    yield (job_id, attempt), self._patience.young_s
            elif kept.get(job_id, 0) != int(attempt) or attempt == "0":
                yield (job_id, attempt), self._patience.sweep_s

    def _ours(self) -> bool:
        """Whether the files are those of our jobs at all."""
        ours = self._results.belongs_to(self._store.identity())
        if not ours and not self._told_foreign:
            self._told_foreign = True
            log.warning(
                "jobs: the place of the results belongs to another database of jobs: nothing is cleared up there. "
                "Give each a place of its own (jobs_results)."
            )
        return ours
