"""Sessions: who logged in, until when. The database keeps digests, so that reading it opens no session."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, or_, select, update

from armillary.accounts.people import user_of
from armillary.accounts.schema import SESSIONS, USERS
from armillary.accounts.tokens import digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from armillary.accounts.database import Database
    from armillary.accounts.people import User

MOST_OF_A_USER = 64


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session is of.

    Parameters
    ----------
    grants
        All that the user holds now, or held when the provider told.
    """

    name: str
    grants: frozenset[str]
    administrator: bool


def identity_of(user: User) -> Identity:
    """A user as the doors know one."""
    return Identity(user.name, user.held, user.administrator)


class Sessions:
    """Sessions of all processes.

    Parameters
    ----------
    database
        Where they are.
    longest_s, idle_s
        Seconds after which a session ends, from its beginning and since it was last used.
    clock
        Seconds since 1970.
    """

    def __init__(self, database: Database, longest_s: int, idle_s: int, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._longest, self._idle = longest_s, idle_s
        self._clock = clock

    def begin(self, who: Identity, user: User | None = None) -> str:
        """A new session.

        Parameters
        ----------
        user
            The user of ``people``; None where a provider answers for ``who``.

        Returns
        -------
        The secret that the browser keeps.
        """
        secret, now = secrets.token_urlsafe(32), int(self._clock())
        row = {
            "digest": digest(secret),
            "user_id": None if user is None else user.id,
            "epoch": 0 if user is None else user.epoch,
            "name": who.name[:256],
            "grants": json.dumps(sorted(who.grants)),
            "administrator": who.administrator,
            "created": now,
            "seen": now,
            "expires": now + self._longest,
        }
        with self._database.writing() as connection:
            self._prune(connection, who.name, now)
            connection.execute(insert(SESSIONS).values(row))
        return secret

    def _prune(self, connection: Connection, name: str, now: int) -> None:
        """Forget what is over, and the oldest sessions of one who has very many."""
        connection.execute(delete(SESSIONS).where(or_(SESSIONS.c.expires <= now, SESSIONS.c.seen <= now - self._idle)))
        mine = select(SESSIONS.c.digest).where(SESSIONS.c.name == name).order_by(SESSIONS.c.seen.desc())
        surplus = connection.execute(mine.offset(MOST_OF_A_USER - 1)).scalars().all()
        if surplus:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest.in_(surplus)))

    def find(self, secret: str) -> Identity | None:
        """Who the session is of; None where it is over, was never, or its user is disabled or changed the password."""
        key, now = digest(secret), int(self._clock())
        with self._database.reading() as connection:
            row = connection.execute(select(SESSIONS).where(SESSIONS.c.digest == key)).one_or_none()
            if row is None or row.expires <= now or row.seen <= now - self._idle:
                return None
            if row.user_id is None:
                who = Identity(row.name, frozenset(json.loads(row.grants)), row.administrator)
            else:
                found = connection.execute(select(USERS).where(USERS.c.id == row.user_id)).one_or_none()
                if found is None or found.disabled or found.epoch != row.epoch:
                    return None
                who = identity_of(user_of(connection, found))
        if now - row.seen >= max(1, self._idle // 32):
            with self._database.writing() as connection:
                connection.execute(update(SESSIONS).where(SESSIONS.c.digest == key).values(seen=now))
        return who

    def end(self, secret: str) -> None:
        """End a session, in every process."""
        with self._database.writing() as connection:
            connection.execute(delete(SESSIONS).where(SESSIONS.c.digest == digest(secret)))
