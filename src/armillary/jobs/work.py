"""The contract between a runner and what a job does. A runner knows no cutouts, and a cutout knows no runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from armillary.jobs.model import Job, Progress, Result


class Desk(Protocol):
    """What a job has while it runs: its uploads, a place for its results, somebody to tell how far it is."""

    def upload(self, name: str) -> Iterator[bytes]:
        """Bytes of an upload; ``NotFoundError`` for none of that name."""

    def keep(
        self, result_id: str, name: str, media_type: str, parts: Iterable[bytes | memoryview], *, empty: bool = False
    ) -> Result:
        """Keep a result; it becomes one of the job's when the work has returned.

        Raises
        ------
        LimitError
            The job has more bytes than its owner may still keep.
        UnavailableError
            There is no room for it.
        """

    def again(self, result: Result) -> Iterator[bytes]:
        """Bytes of a result that was kept: for what is made of several."""

    def tell(self, progress: Progress) -> None:
        """Say how far the job is; cheap, as often as one likes."""


class Work(Protocol):
    """What a kind of job does, in a process of its own that may be killed at any moment."""

    def __call__(self, job: Job, desk: Desk) -> None:
        """Do it.

        Raises
        ------
        ArmillaryError
            It cannot be done: told to the owner. ``UnavailableError`` counts as transient.
        """


class WorkFactory(Protocol):
    """Named by a dotted path ``package.module:name``, called once in a new process."""

    def __call__(self, scene: dict[str, Any]) -> Work:
        """The work of a process.

        Parameters
        ----------
        scene
            JSON that says where to find the holdings, and the settings that count.
        """
