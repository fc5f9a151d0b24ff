"""Who may come in: host names, tokens, sizes of addresses; and the headers that every answer carries."""

from __future__ import annotations

import hmac
import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, urlencode

from armillary.holdings.access import ANONYMOUS, OWNER, Access
from armillary.server.asgi import header, index_headers
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.server.asgi import Scope

LONGEST_ADDRESS = 8192
MOST_HEADER_BYTES = 65536

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; worker-src 'self' blob:; connect-src 'self'; "
    "style-src 'self' 'unsafe-inline'; style-src-elem 'self'; style-src-attr 'unsafe-inline'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
]


HEADERS_OF_DATA = {b"x-content-type-options", b"cross-origin-resource-policy"}
"""Those that mean something to an answer that is no page."""


def security_headers(*, cross_origin: bool) -> list[tuple[bytes, bytes]]:
    """Headers of every answer; with allowed origins, other pages may read what CORS lets them."""
    if not cross_origin:
        return SECURITY_HEADERS
    return [pair for pair in SECURITY_HEADERS if pair[0] != b"cross-origin-resource-policy"]


@lru_cache(maxsize=64)
def host_name(value: str) -> str:
    """Host of a ``Host`` header in lower case, without port."""
    value = value.strip().lower()
    if value.startswith("["):
        return value.partition("]")[0] + "]"
    return value.rpartition(":")[0] if ":" in value else value


def is_loopback(host: str) -> bool:
    """Whether an address to listen on is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class HostCheck:
    """Against DNS rebinding: a server on loopback answers only to names that are loopback, or were allowed.

    Parameters
    ----------
    host
        Address listened on.
    allowed
        Further names.
    """

    def __init__(self, host: str, allowed: Iterable[str]) -> None:
        self._names = {"localhost", "127.0.0.1", "[::1]", host.lower(), f"[{host.lower()}]", *map(str.lower, allowed)}
        self._everybody = not is_loopback(host)

    def check(self, scope: Scope) -> None:
        """Refuse a request under a foreign name.

        Raises
        ------
        HttpError
            421.
        """
        if not self._everybody and host_name(header(scope, b"host")) not in self._names:
            message = "This server does not answer under that host name: see the setting allowed_hosts."
            raise HttpError(421, "foreign_host", message)


def check_size(scope: Scope) -> None:
    """Refuse endless addresses and headers.

    Raises
    ------
    HttpError
        414 or 431.
    """
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
        raise HttpError(414, "address_too_long", f"Addresses have at most {LONGEST_ADDRESS} bytes.")
    if index_headers(scope) > MOST_HEADER_BYTES:
        raise HttpError(431, "headers_too_large", f"Headers have at most {MOST_HEADER_BYTES} bytes.")


class OpenDoor:
    """Everybody may ask.

    Parameters
    ----------
    access
        What everybody may see.
    """

    def __init__(self, access: Access = ANONYMOUS) -> None:
        self._access = access

    def access(self, _scope: Scope) -> Access | None:
        """Who asks, None for nobody we know."""
        return self._access

    def hand_over(self, _scope: Scope, _path: str) -> dict[str, str] | None:
        """Headers of the redirect that turns a token in the address into a cookie; None where there is none."""
        return None


class TokenDoor(OpenDoor):
    """Holders of the token may ask: in a cookie, or as ``Authorization: Bearer``.

    Parameters
    ----------
    token
        The secret.
    port
        Part of the cookie's name: cookies are shared by all ports of a host.
    root_path
        Path of the cookie.
    """

    def __init__(self, token: str, port: int, root_path: str = "") -> None:
        super().__init__(OWNER)
        self._token = token.encode()
        # The cookie holds a keyed hash: its characters are safe in a header, and it does not give the token away.
        self._cookie_value = hmac.new(self._token, b"armillary cookie", "sha256").hexdigest().encode()
        self._name = f"armillary-token-{port}".encode()
        self._root = root_path

    def _is_token(self, offered: str) -> bool:
        return hmac.compare_digest(offered.encode("utf-8", "surrogatepass"), self._token)

    def _is_cookie(self, header_value: bytes) -> bool:
        for pair in header_value.split(b";"):
            name, _, value = pair.strip().partition(b"=")
            if name == self._name:
                return hmac.compare_digest(value.strip(b'"'), self._cookie_value)
        return False

    def access(self, scope: Scope) -> Access | None:
        """The owner, or None."""
        for name, value in scope["headers"]:
            if name == b"cookie" and self._is_cookie(value):
                return self._access
            if name == b"authorization" and value[:7].lower() == b"bearer ":
                return self._access if self._is_token(value[7:].strip().decode("latin-1")) else None
        return None

    def hand_over(self, scope: Scope, path: str) -> dict[str, str] | None:
        """Redirect to the same page without the token, with a cookie when it is the right one."""
        if path != "/" or b"token=" not in scope["query_string"]:
            return None
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        offered = [value for name, value in pairs if name == "token"]
        if not offered or not self._is_token(offered[-1]):
            return None
        rest = urlencode([pair for pair in pairs if pair[0] != "token"])
        location = quote(self._root) + "/" + (f"?{rest}" if rest else "")
        pair = f"{self._name.decode()}={self._cookie_value.decode()}"
        cookie = f"{pair}; HttpOnly; SameSite=Lax; Path={self._root or '/'}"
        return {"location": location, "set-cookie": cookie, "cache-control": "no-store"}


UNAUTHORISED_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Armillary</title></head>
<body><h1>This Armillary is protected by a token</h1>
<p>Open the whole address that it printed when it started: it ends in <code>?token=…</code>.</p></body></html>
"""
