"""Changes of several threads that are committed together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

from armillary.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

T = TypeVar("T")
Change: TypeAlias = "Callable[[Connection], tuple[T, Sequence[str]]]"
"""A change within a transaction: what comes of it, and the topics to ring for. It may be made twice."""
MOST_TOGETHER = 64
CUT_SHORT = "The server is ending: try again in a moment."


class _Turn(Generic[T]):
    """A change that waits for its turn."""

    def __init__(self, change: Change[T]) -> None:
        self.change = change
        self.called = threading.Event()
        self.done = False
        self.made: tuple[T, Sequence[str]] | None = None
        self.error: BaseException | None = None


class SharedCommits:
    """Changes that wait for their turn at the same time share a transaction, which one of their threads makes.

    Each caller is answered after the commit. Where one change fails, all of them are undone and each is made again in a
    transaction of its own, so that none spoils another.

    Parameters
    ----------
    begin
        Begins a transaction that nobody else writes in.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Any]] = []
        self._led = False

    def make(self, change: Change[T], ring: Callable[..., None]) -> T:
        """What comes of a change, once it is committed and was rung for; raises what it raises.

        Parameters
        ----------
        ring
            Called with the topics of all changes of a transaction.
        """
        mine = _Turn(change)
        with self._lock:
            self._waiting.append(mine)
            follows, self._led = self._led, True
        try:
            if follows:
                mine.called.wait()
            if not mine.done:
                self._lead(ring)
        except BaseException:
            # A signal came while it waited: no other may wait for this thread to lead.
            self._leave(mine, leads=not follows or mine.called.is_set())
            raise
        if mine.error is not None:
            raise mine.error
        assert mine.made is not None
        return mine.made[0]

    def _lead(self, ring: Callable[..., None]) -> None:
        """Make the changes that wait, the caller's first, and call their threads; then let the next one lead."""
        with self._lock:
            some, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
        try:
            self._commit(some)
            topics = dict.fromkeys(topic for turn in some if turn.made is not None for topic in turn.made[1])
            if topics:
                ring(*topics)
        finally:
            for turn in some:
                if turn.made is None and turn.error is None:  # A signal came: whether it was written is not known.
                    turn.error = UnavailableError(CUT_SHORT)
                turn.done = True
                turn.called.set()
            self._pass_on()

    def _commit(self, some: list[_Turn[Any]]) -> None:
        try:
            with self._begin() as connection:
                made = [turn.change(connection) for turn in some]
        except UnavailableError as error:
            # Whether it was written may be unknown: nothing is tried again.
            for turn in some:
                turn.error = UnavailableError(error.message)
        except Exception as error:  # noqa: BLE001 - it is the caller's
            if len(some) == 1:
                some[0].error = error
                return
            for turn in some:
                self._commit([turn])
        else:
            for turn, words in zip(some, made, strict=True):
                turn.made = words

    def _pass_on(self) -> None:
        with self._lock:
            self._led = bool(self._waiting)
            if self._led:
                self._waiting[0].called.set()

    def _leave(self, mine: _Turn[Any], *, leads: bool) -> None:
        with self._lock:
            waits = mine in self._waiting
            if waits:
                self._waiting.remove(mine)
        if waits and leads:
            self._pass_on()
