"""What all doors with a login share: marks against forged requests, pages that say what went wrong."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from armillary.errors import ArmillaryError
from armillary.holdings.access import Access
from armillary.server.asgi import header, raw_headers
from armillary.server.doors import pages
from armillary.server.doors.cookies import Site, cookie, query_of
from armillary.server.doors.door import Caller, Page
from armillary.server.doors.forms import CSRF_HEADER, check_origin, forged
from armillary.server.errors import HttpError, status_of, told_to

if TYPE_CHECKING:
    from armillary.server.asgi import RawHeaders, Receive, Scope
    from armillary.server.doors.signing import Signer
    from armillary.server.settings import Settings

VISIT_S = 43_200
"""How long a page with a form may stay open."""
LOGIN, LOGOUT = "/login", "/logout"
API_LOGIN, API_LOGOUT = "/api/session/login", "/api/session/logout"


def access_of(everybody: Access, name: str, grants: frozenset[str], *, administrator: bool) -> Access:
    """What a user may see: what everybody may, and more."""
    whole = administrator or everybody.everything
    return Access(name, everybody.grants | grants, whole, administrator or everybody.administrator)


class GuestDoor:
    """Everybody may ask, and whoever logs in sees more.

    Parameters
    ----------
    settings
        Of the server.
    port
        Part of the cookies' names.
    everybody
        What the anonymous caller may see.
    signer
        Of marks and cookies.
    """

    mode = ""
    paths = frozenset({LOGIN, LOGOUT, API_LOGOUT, pages.STYLE_PATH})
    varies = b"Cookie, Authorization"

    def __init__(self, settings: Settings, port: int, everybody: Access, signer: Signer) -> None:
        self.site = Site(settings, port)
        self.everybody = everybody
        self.anonymous = Caller(everybody)
        self.signer = signer

    async def caller(self, scope: Scope) -> Caller:
        """Who asks."""
        raise NotImplementedError

    async def page(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Answer a page of this door; what goes wrong is told in words, to programs as JSON.

        Raises
        ------
        HttpError, ArmillaryError
            For programs.
        """
        if path == pages.STYLE_PATH:
            return pages.style_page(scope)
        try:
            return await self.answer(scope, receive, path)
        except (ArmillaryError, HttpError) as error:
            if path.startswith("/api/"):
                raise
            return self.told(told_to(error, self.everybody))

    def told(self, error: Exception) -> Page:
        """A failure as a page."""
        assert isinstance(error, ArmillaryError | HttpError)
        status = error.status if isinstance(error, HttpError) else status_of(error)
        headers = raw_headers(error.headers) if isinstance(error, HttpError) else []
        if status == 503:
            headers.append((b"retry-after", b"10"))
        title = "Not available now" if status == 503 else "That did not work"
        again = {"path": LOGIN, "link": "Try again"} if status in {400, 401, 403, 503} else {}
        return pages.message_page(self.site.root, status, title, error.message, headers=headers, **again)

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Answer a page that is not the style sheet."""
        raise NotImplementedError

    def check_origin(self, scope: Scope) -> None:
        """Refuse what another site's page sent."""
        check_origin(scope, self.site)

    def check_write(self, scope: Scope, caller: Caller) -> None:
        """Refuse a request that changes something unless a page of ours sent it.

        Raises
        ------
        HttpError
            403.
        """
        self.check_mark(scope, caller, header(scope, CSRF_HEADER))

    def check_mark(self, scope: Scope, caller: Caller, offered: str) -> None:
        """The same, where the mark came in a form.

        Raises
        ------
        HttpError
            403.
        """
        self.check_origin(scope)
        bound = caller.session or self._visit(scope)
        if not bound or not self.signer.is_mark(offered, "csrf", bound):
            raise forged()

    def _visit(self, scope: Scope) -> str:
        return self.signer.read("visit", cookie(scope, self.site.name("visit")))

    def mark(self, scope: Scope, caller: Caller) -> tuple[str, RawHeaders]:
        """What a request must say to change something; for a guest, bound to a cookie that is given here."""
        bound = caller.session or self._visit(scope)
        if bound:
            return self.signer.mark("csrf", bound), []
        visit = secrets.token_urlsafe(18)
        given = self.site.set_cookie(scope, self.site.name("visit"), self.signer.sign("visit", visit), VISIT_S)
        return self.signer.mark("csrf", visit), [given]

    def words(self, scope: Scope, caller: Caller) -> tuple[dict[str, Any], RawHeaders]:
        """What ``GET /api/session`` says."""
        csrf, headers = self.mark(scope, caller)
        user = None
        if caller.user is not None:
            user = {"name": caller.user, "administrator": caller.access.administrator}
        login = quote(self.site.root) + LOGIN
        return {"user": user, "login_url": login, "logout": bool(caller.session), "csrf": csrf}, headers

    def wanted(self, scope: Scope) -> str:
        """The own path that the query asks to come back to."""
        return self.site.way_back(query_of(scope).get("next", ""))
