"""Doors without users: everybody, and the holder of a token."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

from armillary.holdings.access import ANONYMOUS, OWNER, Access
from armillary.server.asgi import raw_headers
from armillary.server.doors.door import Caller, Page
from armillary.server.doors.forms import check_origin

if TYPE_CHECKING:
    from armillary.server.asgi import RawHeaders, Receive, Scope
    from armillary.server.doors.cookies import Site

NO_USER: dict[str, Any] = {"user": None, "login_url": None, "logout": False, "csrf": None}


class OpenDoor:
    """Everybody may ask.

    Parameters
    ----------
    site
        Where browsers find the server.
    access
        What everybody may see.
    """

    mode = "none"
    paths: frozenset[str] = frozenset()
    varies = b""

    def __init__(self, site: Site, access: Access = ANONYMOUS) -> None:
        self._caller = Caller(access)
        self._site = site

    async def caller(self, _scope: Scope) -> Caller | None:
        """Everybody."""
        return self._caller

    async def page(self, _scope: Scope, _receive: Receive, _path: str) -> Page | None:
        """None."""
        return None

    def check_origin(self, scope: Scope) -> None:
        """Refuse what another site's page sent."""
        check_origin(scope, self._site)

    def check_write(self, scope: Scope, _caller: Caller) -> None:
        """The same."""
        self.check_origin(scope)

    def words(self, _scope: Scope, _caller: Caller) -> tuple[dict[str, Any], RawHeaders]:
        """There are no users here."""
        return dict(NO_USER), []


class TokenDoor(OpenDoor):
    """Holders of the token may ask: in a cookie, or as ``Authorization: Bearer``.

    Parameters
    ----------
    token
        The secret.
    site
        Where browsers find the server, and name and path of its cookies.
    """

    mode = "token"
    paths = frozenset({"/"})

    def __init__(self, token: str, site: Site) -> None:
        super().__init__(site, OWNER)
        self._token = token.encode()
        # The cookie holds a keyed hash: its characters are safe in a header, and it does not give the token away.
        self._cookie_value = hmac.new(self._token, b"armillary cookie", "sha256").hexdigest().encode()
        self._name = site.name("token").encode()
        self._root = site.root

    def _is_token(self, offered: str) -> bool:
        return hmac.compare_digest(offered.encode("utf-8", "surrogatepass"), self._token)

    def _is_cookie(self, header_value: bytes) -> bool:
        for pair in header_value.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == self._name:
                return hmac.compare_digest(value.strip(b'"'), self._cookie_value)
        return False

    async def caller(self, scope: Scope) -> Caller | None:
        """The owner, or None."""
        for name, value in scope["headers"]:
            if name == b"cookie" and self._is_cookie(value):
                return self._caller
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return self._caller if self._is_token(value[7:].strip().decode("latin-1")) else None
        return None

    async def page(self, scope: Scope, _receive: Receive, _path: str) -> Page | None:
        """Redirect to the same page without the token, with a cookie when it is the right one."""
        if b"token=" not in scope["query_string"]:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        offered = [value for name, value in pairs if name == "token"]
        if not offered or not self._is_token(offered[-1]):
            return None
        rest = urlencode([pair for pair in pairs if pair[0] != "token"])
        location = quote(self._root) + "/" + (f"?{rest}" if rest else "")
        pair = f"{self._name.decode()}={self._cookie_value.decode()}"
        secure = "; Secure" if self._site.scheme(scope) == "https" else ""
        cookie = f"{pair}; HttpOnly; SameSite=Lax; Path={quote(self._root) or '/'}{secure}"
        return Page(303, raw_headers({"location": location, "set-cookie": cookie, "cache-control": "no-store"}))
