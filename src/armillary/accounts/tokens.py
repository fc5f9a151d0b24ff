"""Personal tokens: what a program says instead of a password. Only their digests are stored."""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from armillary.accounts.names import label as checked_label
from armillary.accounts.names import user_name
from armillary.accounts.people import User, user_of
from armillary.accounts.schema import TOKENS, USERS
from armillary.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

    from armillary.accounts.database import Database

PREFIX = "armillary_"
USED_STEP_S = 3600
DAY_S = 86400


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: seconds since 1970; ``expires`` None for never."""

    user: str
    label: str
    created: int
    expires: int | None
    used: int | None


def digest(secret: str) -> str:
    """What is stored of a random secret: it is too long to be guessed, so one hash will do."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """Tokens of users.

    Parameters
    ----------
    database
        Where they are.
    clock
        Seconds since 1970.
    """

    def __init__(self, database: Database, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    def make(self, user: str, label: str, days: int | None) -> str:
        """A new token, which is told this once.

        Parameters
        ----------
        days
            How long it lasts; None for ever.

        Raises
        ------
        NotFoundError, ParameterError, UsageError
            There is no such user; the label will not do; the user has one of that label.
        """
        label, secret, now = checked_label(label), PREFIX + secrets.token_urlsafe(32), int(self._clock())
        values = {"label": label, "digest": digest(secret), "created": now}
        values["expires"] = None if days is None else now + days * DAY_S
        try:
            with self._database.writing() as connection:
                connection.execute(insert(TOKENS).values(user_id=self._id(connection, user), **values))
        except IntegrityError:
            raise UsageError(f"{user_name(user)!r} has a token {label!r} already: remove it first.") from None
        return secret

    def _id(self, connection: Connection, user: str) -> int:
        name = user_name(user)
        found: int | None = connection.execute(select(USERS.c.id).where(USERS.c.name == name)).scalar()
        if found is None:
            raise NotFoundError(f"There is no user {name!r}: `armillary users list` shows who there is.")
        return found

    def of(self, user: str) -> list[Token]:
        """Tokens of a user, the oldest first.

        Raises
        ------
        NotFoundError
            There is no such user.
        """
        with self._database.reading() as connection:
            known = select(TOKENS).where(TOKENS.c.user_id == self._id(connection, user)).order_by(TOKENS.c.id)
            rows = connection.execute(known).all()
        return [Token(user_name(user), row.label, row.created, row.expires, row.used) for row in rows]

    def remove(self, user: str, label: str) -> None:
        """End a token.

        Raises
        ------
        NotFoundError
            There is no such user or token.
        """
        with self._database.writing() as connection:
            gone = delete(TOKENS).where(TOKENS.c.user_id == self._id(connection, user), TOKENS.c.label == label)
            if connection.execute(gone).rowcount == 0:
                raise NotFoundError(f"{user_name(user)!r} has no token {label!r}.")

    def user(self, secret: str) -> User | None:
        """Whose token this is; None where it is nobody's, expired, or its user is disabled."""
        if not secret.startswith(PREFIX):
            return None
        now = int(self._clock())
        with self._database.reading() as connection:
            joined = select(USERS, TOKENS.c.expires, TOKENS.c.used, TOKENS.c.id.label("token_id")).join(TOKENS)
            row = connection.execute(joined.where(TOKENS.c.digest == digest(secret))).one_or_none()
            if row is None or row.disabled or (row.expires is not None and row.expires <= now):
                return None
            user = user_of(connection, row)
        if row.used is None or now - row.used >= USED_STEP_S:
            with self._database.writing() as connection:
                connection.execute(update(TOKENS).where(TOKENS.c.id == row.token_id).values(used=now))
        return user
