"""SOAuth's access tokens, and the server that gives them."""

from __future__ import annotations

import asyncio
import binascii
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from armillary.errors import ConfigurationError, UnavailableError
from armillary.server.doors.outside import make_client
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from armillary.server.settings import Settings

log = logging.getLogger(__name__)

MISSING = "SOAuth needs further packages: pip install 'armillary[soauth]'."
DOWN = "The SOAuth server cannot be reached now. Maps that need no login are there as before."
TIMEOUT_S = 8.0
MOST_KEPT = 4096
LONGEST_TOKEN = 4096
"""Of a refresh token: it comes in a cookie, and browsers keep no longer ones."""
MOST_UNDER_WAY = 32
"""Anybody can send what looks like a refresh token: so many at once are shown to the server of SOAuth."""
RENEWED_S = 60.0
"""How long the tokens of a refreshing are handed to those who come with the old one: it counts once."""


class Refused(Exception):  # noqa: N818 - no error of the server: a token that is none
    """A token is not sound, or not for this server."""


class ExpiredError(Exception):
    """A token was sound, and is over; also where there is none."""


@dataclass(frozen=True, slots=True)
class SoauthUser:
    """Whom an access token names, until when (seconds since 1970)."""

    subject: str
    name: str
    grants: frozenset[str]
    expires: float


@dataclass(frozen=True, slots=True)
class Fresh:
    """New tokens, as SOAuth answers."""

    access_token: str
    refresh_token: str
    access_expires: datetime
    refresh_expires: datetime
    profile_data: dict[str, str | None]
    redirect: str | None

    def seconds(self) -> tuple[int, int]:
        """How long the two tokens last from now."""
        ends = (self.access_expires, self.refresh_expires)
        now = datetime.now(UTC)
        first, second = (end if end.tzinfo else end.replace(tzinfo=UTC) for end in ends)
        return max(0, int((first - now).total_seconds())), max(0, int((second - now).total_seconds()))


class TokenReader:
    """Reads access tokens by SOAuth's own functions, and keeps what they said until they expire.

    The package's own cache keeps a token for ten minutes whether or not it has expired meanwhile: it is not used.

    Parameters
    ----------
    settings
        ``soauth_public_key``, ``soauth_key_pair_type``, ``soauth_app_id``.
    now
        Seconds since 1970.

    Raises
    ------
    ConfigurationError
        The package is not installed; key or id are none.
    """

    def __init__(self, settings: Settings, now: Callable[[], float] = time.time) -> None:
        import uuid

        try:
            from soauth.core.cryptography import EncryptionSerializationError, deserialize_public_key
        except ImportError:
            raise ConfigurationError(MISSING) from None
        self._key = settings.soauth_public_key.encode()
        self._kind = settings.soauth_key_pair_type
        self._now = now
        self._known: OrderedDict[str, SoauthUser] = OrderedDict()
        try:
            deserialize_public_key(self._key)
        except EncryptionSerializationError:
            raise ConfigurationError("soauth_public_key: is no public key in PEM form.") from None
        try:
            self._app = uuid.UUID(settings.soauth_app_id).hex
        except ValueError:
            raise ConfigurationError("soauth_app_id: is no UUID.") from None

    def read(self, token: str) -> SoauthUser:
        """Whom a token names.

        Raises
        ------
        Refused, ExpiredError
            It is not sound, or over.
        """
        if not token:
            raise ExpiredError
        user = self._known.get(token)
        if user is None:
            user = self._checked(token)
            self._known[token] = user
            while len(self._known) > MOST_KEPT:
                self._known.popitem(last=False)
        if user.expires <= self._now():
            raise ExpiredError
        return user

    def _checked(self, token: str) -> SoauthUser:
        from jwt import PyJWTError
        from pydantic import ValidationError
        from soauth.core.tokens import (
            KeyDecodeError,
            KeyExpiredError,
            app_id_from_signed_payload,
            reconstruct_payload,
        )
        from soauth.core.user import UserData

        try:
            payload = reconstruct_payload(webtoken=token, public_key=self._key, key_pair_type=self._kind)
            # Signed with the rest, though the package reads it apart.
            mine = str(app_id_from_signed_payload(token)).replace("-", "").lower() == self._app
            user = UserData.model_validate(payload)
            expires = float(payload["exp"])
        except KeyExpiredError:
            raise ExpiredError from None
        except (KeyDecodeError, PyJWTError, ValidationError, KeyError, ValueError, TypeError, binascii.Error):
            raise Refused from None
        if not mine:
            raise Refused
        return SoauthUser(user.user_id.hex, user.user_name[:128], frozenset(user.grants or ()), expires)


class SoauthServer:
    """Talks to the SOAuth server. For one event loop.

    Parameters
    ----------
    settings
        ``soauth_auth_url``, ``soauth_app_id``, ``soauth_client_secret``.
    clock
        Monotonic seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = settings.soauth_auth_url.rstrip("/")
        if urlsplit(self._url).scheme not in {"http", "https"}:
            raise ConfigurationError("soauth_auth_url: must be an address, such as https://identity.example.")
        self._app, self._secret = quote(settings.soauth_app_id, safe=""), settings.soauth_client_secret
        self._clock = clock
        self._under_way = 0
        self._renewed: OrderedDict[str, tuple[float, asyncio.Task[Fresh | None]]] = OrderedDict()

    def login_url(self, way_back: str) -> str:
        """Where the browser goes to log in, and which own path it wants to see afterwards."""
        return f"{self._url}/login/{self._app}?{urlencode({'next': way_back})}"

    async def _post(self, path: str, **more: Any) -> httpx.Response:
        import httpx

        try:
            async with await make_client(TIMEOUT_S) as client:
                return await client.post(f"{self._url}{path}", **more)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            log.warning("soauth: the server cannot be reached: %s", type(error).__name__)
            raise UnavailableError(DOWN) from None

    async def exchange_code(self, code: str) -> Fresh:
        """Tokens for the code that the browser came back with.

        Raises
        ------
        HttpError
            403: the server does not know the code.
        UnavailableError
            It does not answer.
        """
        answer = await self._post(f"/code/{self._app}", params={"code": code, "secret": self._secret})
        if answer.status_code >= 500:
            raise UnavailableError(DOWN)
        fresh = _fresh(answer)
        if fresh is None:
            raise HttpError(403, "login_refused", "The login did not succeed. Please try again.")
        return fresh

    async def renew(self, refresh_token: str) -> Fresh | None:
        """New tokens for a refresh token; None where it is over, or the server does not answer.

        Raises
        ------
        UnavailableError
            Too many are asked for at once.
        """
        if len(refresh_token) > LONGEST_TOKEN:
            return None
        known = self._renewed.get(refresh_token)
        if known is None or known[0] < self._clock() or known[1].get_loop() is not asyncio.get_running_loop():
            if self._under_way >= MOST_UNDER_WAY:
                raise UnavailableError("Too many logins are being renewed: try again in a moment.")
            task = asyncio.ensure_future(self._exchange(refresh_token))
            self._under_way += 1
            task.add_done_callback(self._landed)
            known = self._clock() + RENEWED_S, task
            self._renewed[refresh_token] = known
            while len(self._renewed) > MOST_KEPT:
                self._renewed.popitem(last=False)
        return await asyncio.shield(known[1])

    async def _exchange(self, refresh_token: str) -> Fresh | None:
        try:
            return _fresh(await self._post("/exchange", json={"refresh_token": refresh_token}))
        except UnavailableError:
            self._renewed.pop(refresh_token, None)
            return None

    def _landed(self, _task: object) -> None:
        self._under_way -= 1

    async def expire(self, refresh_token: str) -> None:
        """Tell the server that the user logged out; that it does not answer keeps nobody in."""
        import contextlib

        self._renewed.pop(refresh_token, None)
        with contextlib.suppress(UnavailableError):
            await self._post("/expire", json={"refresh_token": refresh_token})


def _fresh(answer: httpx.Response) -> Fresh | None:
    from pydantic import ValidationError
    from soauth.core.models import KeyRefreshResponse

    if answer.status_code != 200:
        log.info("soauth: the server answered %d", answer.status_code)
        return None
    try:
        found = KeyRefreshResponse.model_validate_json(answer.content)
    except ValidationError:
        log.warning("soauth: the server's answer cannot be read")
        return None
    return Fresh(
        found.access_token,
        found.refresh_token,
        found.access_token_expires,
        found.refresh_token_expires,
        found.profile_data,
        found.redirect,
    )
