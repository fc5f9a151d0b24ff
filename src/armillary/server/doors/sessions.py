"""Doors whose sessions lie in the accounts' database: a signed cookie names one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from armillary.server.asgi import check_method, raw_headers
from armillary.server.doors import pages
from armillary.server.doors.cookies import cookie
from armillary.server.doors.door import Caller, Page
from armillary.server.doors.forms import form_of
from armillary.server.doors.guests import API_LOGOUT, LOGOUT, GuestDoor, access_of
from armillary.server.doors.lookups import DATABASE_QUEUE, DATABASE_THREADS, Lookups, quiet_workers
from armillary.server.doors.signing import Signer, secret_of

if TYPE_CHECKING:
    from armillary.accounts.database import Database
    from armillary.accounts.people import User
    from armillary.accounts.sessions import Identity
    from armillary.holdings.access import Access
    from armillary.server.asgi import RawHeaders, Receive, Scope
    from armillary.server.settings import Settings

HOUR_S = 3600


class SessionDoor(GuestDoor):
    """Finds the caller by the session's cookie.

    Parameters
    ----------
    settings, port, everybody
        As for ``GuestDoor``.
    database
        Of the accounts.
    """

    def __init__(self, settings: Settings, port: int, everybody: Access, database: Database) -> None:
        from armillary.accounts.sessions import Sessions

        super().__init__(settings, port, everybody, Signer(secret_of(settings.session_secret, database.file)))
        longest, idle = settings.session_hours * HOUR_S, settings.session_idle_hours * HOUR_S
        self._lifetime_s = longest
        self.sessions = Sessions(database, longest, idle)
        self.database = database
        # Another mode's sessions, in the same database, are none here: what they hold was said by somebody else.
        self._purpose = f"session {self.mode}"
        self.database_workers = quiet_workers(DATABASE_THREADS, DATABASE_QUEUE, "accounts")
        self._found: Lookups[Caller | None] = Lookups(self.database_workers, self._look)

    def _look(self, secret: str) -> Caller | None:
        who = self.sessions.find(secret)
        return None if who is None else self.caller_of(who, secret)

    def caller_of(self, who: Identity, session: str = "") -> Caller:
        """A caller who said who it is."""
        access = access_of(self.everybody, who.name, who.grants, administrator=who.administrator)
        return Caller(access, who.name, session)

    async def caller(self, scope: Scope) -> Caller:
        """The one of the session, else the anonymous one."""
        secret = self._secret(scope)
        return (await self._found.get(secret) if secret else None) or self.anonymous

    def _secret(self, scope: Scope) -> str:
        signed = cookie(scope, self.site.name("session"))
        return self.signer.read(self._purpose, signed) if signed else ""

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Log out, or show the form that does."""
        if path == LOGOUT and scope["method"] in {"GET", "HEAD"}:
            return await self._ask(scope)
        if path in {LOGOUT, API_LOGOUT} and scope["method"] == "POST":
            return await self._log_out(scope, receive, path)
        check_method(scope)
        return None

    async def _ask(self, scope: Scope) -> Page:
        caller = await self.caller(scope)
        if caller.user is None or not caller.session:
            return pages.redirect(self.site.way_back(""), [])
        csrf, _ = self.mark(scope, caller)
        return pages.logout_page(self.site.root, csrf, caller.user)

    async def _log_out(self, scope: Scope, receive: Receive, path: str) -> Page:
        caller = await self.caller(scope)
        if path == API_LOGOUT:
            self.check_write(scope, caller)
        else:
            self.check_mark(scope, caller, (await form_of(scope, receive)).get("csrf", ""))
        secret = self._secret(scope)
        if secret:
            await self.database_workers.run(object(), lambda: self.sessions.end(secret))
            self._found.forget(secret)
        # What the browser kept of what only the user might see goes with the session.
        headers = [self.site.drop_cookie(scope, self.site.name("session")), (b"clear-site-data", b'"cache"')]
        if path == LOGOUT:
            return pages.redirect(self.site.way_back(""), headers)
        return self.told_session(scope, self.anonymous, headers)

    async def begin(self, scope: Scope, who: Identity, user: User | None = None) -> tuple[Caller, RawHeaders]:
        """Begin a session under a new name; the one that the browser came with ends."""
        before = self._secret(scope)

        def work() -> str:
            if before:
                self.sessions.end(before)
            return self.sessions.begin(who, user)

        secret = await self.database_workers.run(object(), work)
        self._found.forget(before)
        name = self.site.name("session")
        given = self.site.set_cookie(scope, name, self.signer.sign(self._purpose, secret), self._lifetime_s)
        return self.caller_of(who, secret), [given]

    def told_session(self, scope: Scope, caller: Caller, headers: RawHeaders) -> Page:
        """What ``GET /api/session`` says of the caller, as the answer of logging in and out."""
        words, more = self.words(scope, caller)
        plain = raw_headers({"content-type": "application/json", "cache-control": "no-store"})
        return Page(200, [*plain, *headers, *more], json.dumps(words).encode())
