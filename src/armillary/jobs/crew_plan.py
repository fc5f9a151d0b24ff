"""What a crew is to do, and how patient it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.jobs.store import UNBOUNDED, Quota
from armillary.storage.processes import process_name

if TYPE_CHECKING:
    from collections.abc import Callable


def _nobody() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewPlan:
    """What a crew is to do.

    Parameters
    ----------
    work
        Dotted path ``package.module:name`` of a ``WorkFactory``.
    scene
        What children call it with: JSON.
    workers
        Most children at once.
    memory_mib
        Memory of its own that a child may take; 0 for no bound.
    most_attempts
        How often a job is begun whose process dies.
    quota
        What one payer may keep.
    eager
        Look for jobs whenever the bell says that one may be claimed; else only now and then.
    name
        Of this crew; other crews of the machine tell by it that this one is gone.
    beat_s
        Seconds between two beats of an attempt: an abort whose bell was lost is heard that late.
    look_s
        Seconds between two looks for jobs that no bell told of.
    idle_s
        Seconds after which a child without a job ends.
    alive_s, silence_s
        A child says every so often that it lives, and is killed when it says nothing for so long.
    open_s
        Seconds that a child has to open its work.
    nice
        By how much children step back behind other processes.
    others_first
        Whether others need the processor more now: each seat then waits for a moment before its next job.
    """

    work: str
    scene: dict[str, Any]
    workers: int = 1
    memory_mib: int = 0
    most_attempts: int = 3
    quota: Quota = UNBOUNDED
    eager: bool = True
    name: str = field(default_factory=process_name)
    beat_s: float = 1.0
    look_s: float = 5.0
    idle_s: float = 120.0
    alive_s: float = 1.0
    silence_s: float = 60.0
    open_s: float = 900.0
    nice: int = 0
    others_first: Callable[[], bool] = _nobody
    log_level: str = "warning"
    log_format: str = "text"
