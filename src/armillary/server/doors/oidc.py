"""The door of an OpenID Connect provider: authorisation code flow with PKCE (RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from armillary.errors import ConfigurationError
from armillary.server.doors import pages
from armillary.server.doors.claims import grants_of, name_of
from armillary.server.doors.cookies import cookie, query_of
from armillary.server.doors.guests import LOGIN
from armillary.server.doors.provider import Provider, refused
from armillary.server.doors.sessions import SessionDoor
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.accounts.database import Database
    from armillary.holdings.access import Access
    from armillary.server.asgi import Receive, Scope
    from armillary.server.doors.door import Page
    from armillary.server.settings import Settings

CALLBACK = "/auth/callback"
LOGIN_S = 600
"""How long a login at the provider may take."""


class OidcDoor(SessionDoor):
    """Users of an OpenID Connect provider.

    Parameters
    ----------
    settings, port, everybody, database
        As for ``SessionDoor``.

    Raises
    ------
    ConfigurationError
        A setting of the provider is missing.
    """

    mode = "oidc"
    paths = SessionDoor.paths | {CALLBACK}

    def __init__(self, settings: Settings, port: int, everybody: Access, database: Database) -> None:
        for name in ("oidc_issuer", "oidc_client_id"):
            if not getattr(settings, name):
                raise ConfigurationError(f"{name}: must be set where auth is oidc.")
        if urlsplit(settings.oidc_issuer).scheme not in {"http", "https"}:
            raise ConfigurationError("oidc_issuer: must be an address, such as https://login.example/realms/sky.")
        super().__init__(settings, port, everybody, database)
        self._settings = settings
        self.provider = Provider(settings)

    async def answer(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Send to the provider, and take back who comes from there."""
        if path == LOGIN and scope["method"] in {"GET", "HEAD"}:
            return await self._send_off(scope)
        if path == CALLBACK and scope["method"] in {"GET", "HEAD"}:
            return await self._take_back(scope)
        return await super().answer(scope, receive, path)

    async def _send_off(self, scope: Scope) -> Page:
        way_back = self.wanted(scope)
        if (await self.caller(scope)).session:
            return pages.redirect(way_back, [])
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        location = await self.provider.authorization_url(self.site.url(scope, CALLBACK), state, nonce, challenge)
        kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": way_back}
        sealed = self.signer.seal("oidc", kept, LOGIN_S)
        return pages.redirect(location, [self.site.set_cookie(scope, self.site.name("oidc"), sealed, LOGIN_S)])

    async def _take_back(self, scope: Scope) -> Page:
        from armillary.accounts.sessions import Identity

        query = query_of(scope)
        kept = self.signer.open("oidc", cookie(scope, self.site.name("oidc")))
        if kept is None or not hmac.compare_digest(query.get("state", "").encode(), kept["state"].encode()):
            raise HttpError(403, "login_refused", "This login took too long, or began in another browser.")
        # RFC 9207: an answer that names another issuer is of a mix-up.
        if not query.get("code") or query.get("iss", self._settings.oidc_issuer) != self._settings.oidc_issuer:
            raise refused()
        redirect_uri = self.site.url(scope, CALLBACK)
        claims = await self.provider.claims(query["code"], redirect_uri, kept["verifier"], kept["nonce"])
        grants = grants_of(claims, self._settings.oidc_grants_claim)
        boss = self._settings.oidc_administrator_grant
        who = Identity(name_of(claims, self._settings.oidc_name_claim), grants, bool(boss) and boss in grants)
        _, headers = await self.begin(scope, who)
        used = self.site.drop_cookie(scope, self.site.name("oidc"))
        return pages.redirect(self.site.way_back(kept["next"]), [*headers, used])
