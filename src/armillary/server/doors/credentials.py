"""What programs say of themselves: a password (``Basic``) or a token (``Bearer``) in each request."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import logging
import secrets
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, ParameterError
from armillary.server.doors.lookups import Lookups, quiet_workers
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.accounts.people import People, User
    from armillary.accounts.throttle import Throttle
    from armillary.accounts.tokens import Tokens
    from armillary.server.asgi import Scope
    from armillary.server.work import Workers

log = logging.getLogger(__name__)

HASH_THREADS, HASH_QUEUE = 2, 32
REMEMBERED_S, MOST_REMEMBERED = 900.0, 1024
LONGEST_TOKEN = 256
"""No token of ours is longer: nothing else is looked up, or kept."""
WRONG = "This name and password do not belong together."


def address_of(scope: Scope) -> str:
    """Where a request came from, for counting: of IPv6 the network of a subscriber."""
    host = (scope.get("client") or ("unix",))[0]
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def basic(value: str) -> tuple[str, str]:
    """Name and password of ``Basic``; empty where it cannot be read."""
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return name, password


class Passwords:
    """Checks passwords in few threads, slowed down where they are wrong.

    Parameters
    ----------
    people, throttle
        Of the accounts.
    workers
        For questions to the database.
    clock
        Monotonic seconds.
    """

    def __init__(
        self, people: People, throttle: Throttle, workers: Workers, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._people, self._throttle = people, throttle
        self._workers = workers
        # A hash takes a core and 46 MiB: two at once leave the rest to the tiles.
        self.hash_workers = quiet_workers(HASH_THREADS, HASH_QUEUE, "password")
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._right: OrderedDict[bytes, tuple[float, str, int]] = OrderedDict()
        self._under_way: dict[tuple[bytes, str], asyncio.Task[User]] = {}
        self._users: Lookups[User | None] = Lookups(workers, self._user)

    def _user(self, name: str) -> User | None:
        try:
            return self._people.user(name)
        except (NotFoundError, ParameterError):
            return None

    async def check(self, scope: Scope, name: str, password: str) -> User:
        """The user whose name and password these are.

        Raises
        ------
        HttpError
            401: they are not; 429: too many were wrong.
        UnavailableError
            Too many wait already.
        """
        address = address_of(scope)
        wait_s = await self._workers.run(object(), lambda: self._throttle.attempt(name, address))
        if wait_s:
            message = f"Too many wrong passwords: wait {wait_s} seconds."
            raise HttpError(429, "slow_down", message, {"retry-after": str(wait_s)})
        user = await self.hash_workers.run(object(), lambda: self._people.check(name, password))
        if user is None:
            # Not the name: people type their passwords there.
            log.warning("a wrong name or password from %s", address)
            raise HttpError(401, "bad_credentials", WRONG, {"www-authenticate": 'Session realm="Armillary"'})
        await self._workers.run(object(), lambda: self._throttle.succeeded(name, address))
        return user

    async def check_again(self, scope: Scope, name: str, password: str) -> User:
        """The same for one who says it in each request: what was right stays so for a while, as long as the user does.

        Requests of one caller that come together are one attempt.

        Raises
        ------
        HttpError, UnavailableError
            As ``check``.
        """
        key = hmac.digest(self._key, f"{name}\0{password}".encode("utf-8", "surrogatepass"), "sha256")
        until, known, epoch = self._right.get(key, (0.0, "", 0))
        if until > self._clock():
            user = await self._users.get(known)
            if user is not None and user.epoch == epoch and not user.disabled:
                return user
        user = await self._once(key, scope, name, password)
        self._right[key] = self._clock() + REMEMBERED_S, user.name, user.epoch
        self._right.move_to_end(key)
        while len(self._right) > MOST_REMEMBERED:
            self._right.popitem(last=False)
        return user

    async def _once(self, key: bytes, scope: Scope, name: str, password: str) -> User:
        attempt = key, address_of(scope)
        task = self._under_way.get(attempt)
        if task is None or task.get_loop() is not asyncio.get_running_loop():
            task = self._under_way[attempt] = asyncio.ensure_future(self.check(scope, name, password))
            task.add_done_callback(lambda done: self._landed(attempt, done))
        return await asyncio.shield(task)

    def _landed(self, attempt: tuple[bytes, str], task: asyncio.Task[User]) -> None:
        if self._under_way.get(attempt) is task:
            del self._under_way[attempt]
        if not task.cancelled():
            task.exception()  # Perhaps nobody waits for it any more.


class Credentials:
    """The ``Authorization`` header.

    Parameters
    ----------
    passwords
        Checks ``Basic``.
    tokens
        Checks ``Bearer``.
    workers
        For questions to the database.
    """

    def __init__(self, passwords: Passwords, tokens: Tokens, workers: Workers) -> None:
        self._passwords = passwords
        self._tokens: Lookups[User | None] = Lookups(workers, tokens.user)

    async def user(self, scope: Scope, value: str) -> User:
        """Whose credentials these are.

        Raises
        ------
        HttpError
            401: nobody's, whatever the address asks for.
        UnavailableError
            Too many wait already.
        """
        scheme, _, rest = value.partition(" ")
        if scheme.lower() == "bearer":
            token = rest.strip()
            user = await self._tokens.get(token) if len(token) <= LONGEST_TOKEN else None
            if user is not None:
                return user
        elif scheme.lower() == "basic":
            name, password = basic(rest.strip())
            if name:
                return await self._basic(scope, name, password)
        raise HttpError(401, "unauthorized", "These credentials are not valid here.", _challenge(scheme))

    async def _basic(self, scope: Scope, name: str, password: str) -> User:
        try:
            return await self._passwords.check_again(scope, name, password)
        except HttpError as error:
            if error.status == 401:
                error.headers["www-authenticate"] = 'Basic realm="Armillary", charset="UTF-8"'
            raise


def _challenge(scheme: str) -> dict[str, str]:
    challenge = 'Basic realm="Armillary", charset="UTF-8"' if scheme.lower() == "basic" else 'Bearer realm="Armillary"'
    return {"www-authenticate": challenge}
