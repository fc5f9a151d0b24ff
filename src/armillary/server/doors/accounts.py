"""The door of ``armillary users``: a login page, sessions, passwords and tokens of programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.server.asgi import header, raw_headers
from armillary.server.doors import pages
from armillary.server.doors.credentials import Credentials, Passwords
from armillary.server.doors.forms import form_of
from armillary.server.doors.guests import API_LOGIN, LOGIN
from armillary.server.doors.sessions import SessionDoor
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.accounts.database import Database
    from armillary.holdings.access import Access
    from armillary.server.asgi import RawHeaders, Receive, Scope
    from armillary.server.doors.door import Caller, Page
    from armillary.server.settings import Settings


class AccountsDoor(SessionDoor):
    """Users of this server's own accounts.

    Parameters
    ----------
    settings, port, everybody, database
        As for ``SessionDoor``.
    """

    mode = "accounts"
    paths = SessionDoor.paths | {API_LOGIN}

    def __init__(self, settings: Settings, port: int, everybody: Access, database: Database) -> None:
        from armillary.accounts.people import People
        from armillary.accounts.throttle import Throttle
        from armillary.accounts.tokens import Tokens

        super().__init__(settings, port, everybody, database)
        self._passwords = Passwords(People(database), Throttle(database), self.database_workers)
        self._credentials = Credentials(self._passwords, Tokens(database), self.database_workers)

    async def caller(self, scope: Scope) -> Caller:
        """Whom the credentials of a program or the session name, else the anonymous one.

        Raises
        ------
        HttpError
            The credentials are nobody's, or come too fast.
        """
        from armillary.accounts.sessions import identity_of

        value = header(scope, b"authorization")
        if value:
            return self.caller_of(identity_of(await self._credentials.user(scope, value)))
        return await super().caller(scope)

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Log in and out."""
        if path == LOGIN and scope["method"] in {"GET", "HEAD"}:
            return await self._form(scope)
        if path == LOGIN and scope["method"] == "POST":
            return await self._from_form(scope, receive)
        if path == API_LOGIN and scope["method"] == "POST":
            return await self._from_program(scope, receive)
        return await super().answer(scope, receive, path)

    async def _form(self, scope: Scope) -> Page:
        caller = await self.caller(scope)
        way_back = self.wanted(scope)
        if caller.session:
            return pages.redirect(way_back, [])
        csrf, headers = self.mark(scope, caller)
        return pages.login_page(self.site.root, csrf, way_back, headers)

    async def _from_form(self, scope: Scope, receive: Receive) -> Page:
        form = await form_of(scope, receive)
        way_back = self.site.way_back(form.get("next", ""))
        caller = await super().caller(scope)
        try:
            self.check_mark(scope, caller, form.get("csrf", ""))
            _, headers = await self._log_in(scope, form)
        except HttpError as error:
            return self._again(scope, caller, way_back, form.get("name", ""), error)
        return pages.redirect(way_back, headers)

    def _again(self, scope: Scope, caller: Caller, way_back: str, name: str, error: HttpError) -> Page:
        csrf, headers = self.mark(scope, caller)
        headers = [*headers, *raw_headers(error.headers)]
        problem = error.message
        if error.code == "csrf":
            problem = "This page was open for too long, or the browser keeps no cookies: please try again."
        root, status = self.site.root, error.status
        return pages.login_page(root, csrf, way_back, headers, status=status, problem=problem, name=name[:64])

    async def _from_program(self, scope: Scope, receive: Receive) -> Page:
        self.check_write(scope, await super().caller(scope))
        caller, headers = await self._log_in(scope, await form_of(scope, receive))
        return self.told_session(scope, caller, headers)

    async def _log_in(self, scope: Scope, form: dict[str, str]) -> tuple[Caller, RawHeaders]:
        from armillary.accounts.sessions import identity_of

        user = await self._passwords.check(scope, form.get("name", ""), form.get("password", ""))
        return await self.begin(scope, identity_of(user), user)
