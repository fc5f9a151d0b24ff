"""The door of SOAuth: its signed access tokens in its cookies, its login, its refreshing.

Names of cookies and addresses are those of SOAuth's own toolkit, so that a server takes the place of another one that
is registered there already.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from armillary.errors import ConfigurationError
from armillary.server.asgi import check_method, header, raw_headers
from armillary.server.doors import pages
from armillary.server.doors.cookies import cookie, query_of
from armillary.server.doors.door import Caller, Page
from armillary.server.doors.forms import form_of
from armillary.server.doors.guests import API_LOGOUT, LOGIN, LOGOUT, GuestDoor, access_of
from armillary.server.doors.signing import Signer
from armillary.server.doors.soauth_tokens import ExpiredError, Refused, SoauthServer, TokenReader
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.holdings.access import Access
    from armillary.server.asgi import RawHeaders, Receive, Scope
    from armillary.server.doors.soauth_tokens import Fresh, SoauthUser
    from armillary.server.settings import Settings

NEEDED = ("soauth_base_url", "soauth_auth_url", "soauth_app_id", "soauth_client_secret", "soauth_public_key")
CALLBACKS = frozenset({"/callback", "/auth/callback"})
ACCESS, REFRESH = "access_token", "refresh_token"
OPEN_COOKIES = ("valid_access_token", "valid_refresh_token", "profile_data")


class SoauthDoor(GuestDoor):
    """Users of a SOAuth server; their grants are its grants.

    Parameters
    ----------
    settings, port, everybody
        As for ``GuestDoor``.

    Raises
    ------
    ConfigurationError
        A setting is missing or wrong, or the package is not installed.
    """

    mode = "soauth"
    paths = GuestDoor.paths | CALLBACKS

    def __init__(self, settings: Settings, port: int, everybody: Access) -> None:
        for name in NEEDED:
            if not getattr(settings, name):
                raise ConfigurationError(f"{name}: must be set where auth is soauth.")
        secret = (settings.session_secret or settings.soauth_client_secret).encode()
        super().__init__(settings, port, everybody, Signer(secret))
        self._base = urlsplit(settings.soauth_base_url.rstrip("/"))
        self.tokens = TokenReader(settings)
        self.server = SoauthServer(settings)

    async def caller(self, scope: Scope) -> Caller:
        """Whom the access token names, renewed where it is over; else the anonymous caller.

        Raises
        ------
        HttpError
            401: a program's token is not sound.
        """
        value = header(scope, b"authorization")
        if value:
            return self._program(value)
        token, refresh = cookie(scope, ACCESS), cookie(scope, REFRESH)
        if not token and not refresh:
            return self.anonymous
        try:
            user = self.tokens.read(token)
            return self._known(user, user.subject)
        except ExpiredError:
            return await self._renewed(scope, refresh)
        except Refused:
            return self.anonymous

    def _program(self, value: str) -> Caller:
        scheme, _, token = value.partition(" ")
        try:
            # What is no bearer's is read as well, and refused: it is no token of SOAuth.
            return self._known(self.tokens.read(token.strip() if scheme.lower() == "bearer" else value))
        except (Refused, ExpiredError):
            challenge = {"www-authenticate": 'Bearer realm="Armillary"'}
            raise HttpError(401, "unauthorized", "These credentials are not valid here.", challenge) from None

    def _known(self, user: SoauthUser, session: str = "", headers: RawHeaders | None = None) -> Caller:
        access = access_of(self.everybody, user.name, user.grants, administrator=False)
        return Caller(access, user.name, session, tuple(headers or ()))

    async def _renewed(self, scope: Scope, refresh: str) -> Caller:
        """A page asks for much at once: whoever comes with the same refresh token gets the same new ones."""
        fresh = await self.server.renew(refresh) if refresh else None
        if fresh is None:
            return self.anonymous
        try:
            user = self.tokens.read(fresh.access_token)
            return self._known(user, user.subject, self._cookies(scope, fresh))
        except (Refused, ExpiredError):
            return self.anonymous

    def _cookies(self, scope: Scope, fresh: Fresh) -> RawHeaders:
        """The toolkit's five cookies; those that it leaves to scripts hold no secret."""
        access_s, refresh_s = fresh.seconds()
        given = [
            self.site.set_cookie(scope, ACCESS, fresh.access_token, access_s),
            self.site.set_cookie(scope, REFRESH, fresh.refresh_token, refresh_s),
        ]
        profile = quote(json.dumps(fresh.profile_data), safe="")
        shown = (("True", access_s), ("True", refresh_s), (profile, access_s))
        for name, (text, seconds) in zip(OPEN_COOKIES, shown, strict=True):
            key, line = self.site.set_cookie(scope, name, text, seconds)
            given.append((key, line.replace(b"; HttpOnly", b"")))
        return given

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Send to SOAuth, take back who comes from there, log out."""
        reads = scope["method"] in {"GET", "HEAD"}
        if path == LOGIN and reads:
            way_back = self.wanted(scope).removeprefix(quote(self.site.root)).lstrip("/")
            return pages.redirect(self.server.login_url(way_back), [])
        if path in CALLBACKS and reads:
            return await self._take_back(scope)
        if path == LOGOUT and reads:
            return await self._ask(scope)
        if path in {LOGOUT, API_LOGOUT} and scope["method"] == "POST":
            return await self._log_out(scope, receive, path)
        check_method(scope)
        return None

    async def _take_back(self, scope: Scope) -> Page:
        fresh = await self.server.exchange_code(query_of(scope).get("code", ""))
        try:
            self.tokens.read(fresh.access_token)
        except (Refused, ExpiredError):
            raise HttpError(403, "login_refused", "SOAuth's token is not for this server.") from None
        return pages.redirect(self._inside(fresh.redirect), self._cookies(scope, fresh))

    def _inside(self, wanted: str | None) -> str:
        """The own path that SOAuth sends the browser back to."""
        try:
            there = urlsplit(wanted or "")
        except ValueError:
            return self.site.way_back("")
        if there.netloc and there.netloc != self._base.netloc:
            return self.site.way_back("")
        return self.site.way_back(there._replace(scheme="", netloc="").geturl())

    async def _ask(self, scope: Scope) -> Page:
        caller = await self.caller(scope)
        if caller.user is None or not caller.session:
            return pages.redirect(self.site.way_back(""), [])
        csrf, _ = self.mark(scope, caller)
        asked = pages.logout_page(self.site.root, csrf, caller.user)
        return Page(asked.status, [*asked.headers, *caller.headers], asked.body)

    async def _log_out(self, scope: Scope, receive: Receive, path: str) -> Page:
        caller = await self.caller(scope)
        offered = (await form_of(scope, receive)).get("csrf", "") if path == LOGOUT else None
        if offered is None:
            self.check_write(scope, caller)
        else:
            self.check_mark(scope, caller, offered)
        if cookie(scope, REFRESH):
            await self.server.expire(cookie(scope, REFRESH))
        headers = [self.site.drop_cookie(scope, name) for name in (ACCESS, REFRESH, *OPEN_COOKIES)]
        headers.append((b"clear-site-data", b'"cache"'))
        if path == LOGOUT:
            return pages.redirect(self.site.way_back(""), headers)
        words, more = self.words(scope, self.anonymous)
        plain = raw_headers({"content-type": "application/json", "cache-control": "no-store"})
        return Page(200, [*plain, *headers, *more], json.dumps(words).encode())

    def words(self, scope: Scope, caller: Caller) -> tuple[dict[str, Any], RawHeaders]:
        """As other doors; what is left of cookies that let nobody in any more is taken away."""
        words, headers = super().words(scope, caller)
        if caller.user is None and cookie(scope, ACCESS):
            headers = [*headers, self.site.drop_cookie(scope, ACCESS)]
        return words, headers
