"""The contract of a bell: whoever changes a job rings, whoever waits for one hears it, in whatever process it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

QUEUE = "queue"
"""Rung when a job became claimable."""


class Bell(Protocol):
    """Hints, never truth: one may be lost or come too often, so whoever hears it looks into the store.

    Implementations: named pipes between the processes of one machine, LISTEN and NOTIFY of PostgreSQL. Whoever waits
    looks by itself every few seconds for what was lost (``waiting``). Conformance: ``testing/bells.py``.
    """

    def ring(self, *topics: str) -> None:
        """Say that jobs (their ids) or the queue changed. Never raises, never waits."""

    def listen(self, heard: Callable[[str], None]) -> Callable[[], None]:
        """Call ``heard(topic)`` in a thread of the bell's for every ring anywhere; what is returned ends that."""

    def close(self) -> None:
        """Stop listening."""
