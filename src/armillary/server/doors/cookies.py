"""Cookies of the doors, and the address under which a browser sees the server."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from armillary.errors import ConfigurationError
from armillary.server.asgi import header
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.server.asgi import Scope
    from armillary.server.settings import Settings

LONGEST_WAY_BACK = 2048
"""It lies in a cookie while somebody logs in elsewhere, and browsers keep cookies of 4096 bytes."""
STANDARD_PORTS = {"http": ":80", "https": ":443"}


def cookie(scope: Scope, name: str) -> str:
    """Value of a cookie, empty where there is none; the first counts."""
    for pair in header(scope, b"cookie").replace(",", ";").split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name:
            return value.strip('"')
    return ""


class Site:
    """Where browsers find the server, and the cookies that it gives them.

    Parameters
    ----------
    settings
        ``public_url`` where it is set, else what each request says of itself.
    port
        Part of the cookies' names: cookies are shared by all ports of a host.

    Raises
    ------
    ConfigurationError
        ``public_url`` is no address.
    """

    def __init__(self, settings: Settings, port: int) -> None:
        self._public = _address(settings.public_url) if settings.public_url else None
        self.root = settings.root_path
        self._port = port

    def name(self, purpose: str) -> str:
        """Name of a cookie."""
        return f"armillary-{purpose}-{self._port}"

    def scheme(self, scope: Scope) -> str:
        """``http`` or ``https``, as the browser has it."""
        if self._public is not None:
            return self._public.scheme
        scheme: str = scope.get("scheme", "http")
        return scheme

    def url(self, scope: Scope, path: str) -> str:
        """Whole address of a path below the root path."""
        if self._public is not None:
            return f"{self._public.geturl()}{path}"
        return f"{self.scheme(scope)}://{header(scope, b'host')}{quote(self.root)}{path}"

    def is_own(self, scope: Scope, origin: str) -> bool:
        """Whether an ``Origin`` is this server's. The scheme is not looked at: a proxy may have ended TLS unsaid."""
        try:
            there = urlsplit(origin)
        except ValueError:
            return False
        here = self._public.netloc if self._public is not None else header(scope, b"host")
        return there.scheme in STANDARD_PORTS and _plain(there.netloc) == _plain(here) != ""

    def set_cookie(self, scope: Scope, name: str, value: str, seconds: int) -> tuple[bytes, bytes]:
        """A ``Set-Cookie`` that scripts cannot read and other sites' requests do not carry."""
        secure = "; Secure" if self.scheme(scope) == "https" else ""
        path = quote(self.root) or "/"
        text = f"{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        return b"set-cookie", text.encode("latin-1", "replace")

    def drop_cookie(self, scope: Scope, name: str) -> tuple[bytes, bytes]:
        """A ``Set-Cookie`` that takes a cookie away."""
        return self.set_cookie(scope, name, "", 0)

    def way_back(self, wanted: str) -> str:
        """Where to go after logging in: an own path, else the viewer.

        Browsers take two slashes, and a slash with a backslash, for another site, and drop tabs and line ends.
        """
        home = quote(self.root) + "/"
        if (
            not wanted.startswith(home)
            or len(wanted) > LONGEST_WAY_BACK
            or not wanted.isascii()
            or not wanted.isprintable()
        ):
            return home
        if wanted.startswith("//") or "\\" in wanted or " " in wanted:
            return home
        return wanted


def _address(text: str) -> SplitResult:
    try:
        found = urlsplit(text.rstrip("/"))
    except ValueError:
        found = urlsplit("")
    if found.scheme not in STANDARD_PORTS or not found.hostname or found.query or found.fragment:
        raise ConfigurationError("public_url: must be an address, such as https://maps.example/armillary.")
    return found


def query_of(scope: Scope) -> dict[str, str]:
    """Parameters of an address; the last of a name counts.

    Raises
    ------
    HttpError
        400: there are too many.
    """
    try:
        return dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=64))
    except ValueError:
        raise HttpError(400, "bad_address", "The address or its query cannot be read.") from None


def _plain(netloc: str) -> str:
    netloc = netloc.lower()
    for port in STANDARD_PORTS.values():
        netloc = netloc.removesuffix(port)
    return netloc
