"""Wrong passwords are slowed down, by user and by address, in all processes together.

An attempt is counted before it is looked at, so that many at once gain nothing; a right one takes its count back.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from armillary.accounts.names import folded
from armillary.accounts.schema import ATTEMPTS
from armillary.accounts.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from armillary.accounts.database import Database

FORGET_S = 86400
MOST_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Rule:
    """How many wrong attempts are free, and how long the delay that doubles after them may grow, in seconds."""

    free: int
    longest_s: int

    def delay_s(self, failures: int) -> int:
        """Seconds until the next attempt after so many in a row."""
        over = failures - self.free
        return 0 if over < 0 else min(self.longest_s, 1 << min(over, 30))


BY_USER = Rule(5, 60)
"""Kept short: whoever knows a user's name must not keep the user out for long."""
BY_ADDRESS = Rule(20, 900)


class Throttle:
    """Counts attempts.

    Parameters
    ----------
    database
        Where the counts are.
    clock
        Seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def attempt(self, user: str, address: str) -> int:
        """Count an attempt.

        Parameters
        ----------
        user
            As offered, known or not.
        address
            Where it came from.

        Returns
        -------
        0 where it may go on, else the seconds to wait; then it was not counted.
        """
        now = int(self._clock())
        with self._database.writing() as connection:
            wanted = [(_key("address", address), BY_ADDRESS), (_user_key(user), BY_USER)]
            waits = [self._wait_s(connection, key, now) for key, _ in wanted]
            if not any(waits):
                self._prune(connection, now)
                for key, rule in wanted:
                    _count(connection, key, rule, now)
        return max(waits)

    def succeeded(self, user: str, address: str) -> None:
        """The attempt was a right one: the user's count begins anew, and the address gets one back."""
        with self._database.writing() as connection:
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.digest == _user_key(user)))
            here = (ATTEMPTS.c.digest == _key("address", address)) & (ATTEMPTS.c.failures > 0)
            connection.execute(update(ATTEMPTS).where(here).values(failures=ATTEMPTS.c.failures - 1, until=0))

    def _wait_s(self, connection: Connection, key: str, now: int) -> int:
        # Where there are row locks, this holds the row until the count is written.
        until = connection.execute(select(ATTEMPTS.c.until).where(ATTEMPTS.c.digest == key).with_for_update()).scalar()
        return max(0, (until or 0) - now)

    def _prune(self, connection: Connection, now: int) -> None:
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.seen < now - FORGET_S))
        rows = connection.execute(select(func.count()).select_from(ATTEMPTS)).scalar() or 0
        if rows >= MOST_ROWS:
            oldest = select(ATTEMPTS.c.digest).order_by(ATTEMPTS.c.seen).limit(rows // 10)
            connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.digest.in_(oldest)))


def _key(kind: str, text: str) -> str:
    return digest(f"{kind}:{text}")


def _user_key(user: str) -> str:
    # As names are looked up: blanks around one make no further user to guess at.
    return _key("user", folded(user))


def _count(connection: Connection, key: str, rule: Rule, now: int) -> None:
    known = connection.execute(select(ATTEMPTS.c.failures).where(ATTEMPTS.c.digest == key)).scalar()
    failures = (known or 0) + 1
    values = {"failures": failures, "until": now + rule.delay_s(failures), "seen": now}
    if known is not None:
        connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.digest == key).values(values))
        return
    try:
        with connection.begin_nested():
            connection.execute(insert(ATTEMPTS).values(digest=key, **values))
    except IntegrityError:
        # Another process met this caller at the same moment: both counts are one.
        connection.execute(update(ATTEMPTS).where(ATTEMPTS.c.digest == key).values(values))
