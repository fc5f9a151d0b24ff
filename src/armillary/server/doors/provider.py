"""An OpenID Connect provider: its discovery document, its keys, its tokens (OpenID Connect Core 1.0)."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from armillary.accounts.passwords import MISSING
from armillary.errors import ConfigurationError, UnavailableError
from armillary.server.doors.outside import make_client
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx
    from joserfc.jwk import KeySet

    from armillary.server.settings import Settings

log = logging.getLogger(__name__)

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
"""Of public keys only: with none and HS256 the client, or anybody, could sign."""
TIMEOUT_S = 8.0
KEPT_S = 3600.0
SOONEST_S = 15.0
LARGEST_ANSWER = 1 << 20
LEEWAY_S = 60
DOWN = "The server that knows the users cannot be reached now. Maps that need no login are there as before."
REFUSED = "The login did not succeed. Please try again."


class Provider:
    """Talks to a provider. For one event loop.

    Parameters
    ----------
    settings
        ``oidc_issuer``, ``oidc_client_id``, ``oidc_client_secret``, ``oidc_scopes``.
    clock
        Monotonic seconds.
    now
        Seconds since 1970.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._issuer = settings.oidc_issuer
        self._clock, self._now = clock, now
        self._document: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            import httpx
        except ImportError:
            raise ConfigurationError(MISSING) from None
        try:
            async with (
                asyncio.timeout(TIMEOUT_S),
                await make_client(TIMEOUT_S) as client,
                client.stream(method, url, **more) as answer,
            ):
                parts, size = [], 0
                async for part in answer.aiter_bytes():
                    size += len(part)
                    if size > LARGEST_ANSWER:
                        raise UnavailableError(DOWN)
                    parts.append(part)
                headers = {"content-type": answer.headers.get("content-type", "")}
                return httpx.Response(answer.status_code, headers=headers, content=b"".join(parts))
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
            log.warning("oidc: %s cannot be reached: %s", urlsplit(url).netloc, type(error).__name__)
            raise UnavailableError(DOWN) from None

    async def _object(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        answer = await self._ask(method, url, **more)
        try:
            found = answer.json()
        except ValueError:
            found = None
        if answer.status_code != 200 or not isinstance(found, dict):
            log.warning("oidc: %s answered %d", urlsplit(url).netloc, answer.status_code)
            raise UnavailableError(DOWN)
        return found

    async def document(self) -> dict[str, Any]:
        """The discovery document, at most an hour old.

        Raises
        ------
        UnavailableError
            The provider does not answer, or what it says is not of this issuer.
        """
        if self._document is not None and self._clock() - self._document[0] < KEPT_S:
            return self._document[1]
        found = await self._object("GET", f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != self._issuer:
            log.error(
                "oidc: the discovery document is of %r, the setting oidc_issuer says otherwise", found.get("issuer")
            )
            raise UnavailableError(DOWN)
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if urlsplit(str(found.get(name))).scheme not in {"http", "https"}:
                log.error("oidc: the discovery document has no %s", name)
                raise UnavailableError(DOWN)
        self._document = self._clock(), found
        return found

    async def authorization_url(self, redirect_uri: str, state: str, nonce: str, challenge: str) -> str:
        """Where the browser goes to log in.

        Raises
        ------
        UnavailableError
            The provider does not answer.
        """
        query = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(dict.fromkeys(("openid", *self._settings.oidc_scopes))),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        endpoint: str = (await self.document())["authorization_endpoint"]
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def claims(self, code: str, redirect_uri: str, verifier: str, nonce: str) -> dict[str, Any]:
        """What the provider says of the user who came back with ``code``.

        Raises
        ------
        HttpError
            403: it refuses the code, or its ID token is not sound.
        UnavailableError
            It does not answer.
        """
        document = await self.document()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.oidc_client_id,
        }
        answer = await self._ask("POST", document["token_endpoint"], **self._authenticated(document, form))
        if answer.status_code >= 500:
            raise UnavailableError(DOWN)
        try:
            tokens = answer.json()
        except ValueError:
            tokens = None
        if answer.status_code != 200 or not isinstance(tokens, dict) or not isinstance(tokens.get("id_token"), str):
            log.warning("oidc: the token endpoint answered %d", answer.status_code)
            raise refused()
        claims = await self._checked(document, tokens["id_token"], nonce)
        return await self._with_userinfo(document, claims, tokens.get("access_token"))

    def _authenticated(self, document: dict[str, Any], form: dict[str, str]) -> dict[str, Any]:
        from urllib.parse import quote

        secret = self._settings.oidc_client_secret
        if not secret:
            return {"data": form}
        methods = document.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are encoded as in a form before they are joined.
            return {"data": form, "auth": (quote(self._settings.oidc_client_id, safe=""), quote(secret, safe=""))}
        return {"data": form | {"client_secret": secret}}

    async def _with_userinfo(self, document: dict[str, Any], claims: dict[str, Any], access: Any) -> dict[str, Any]:
        """Claims of the userinfo endpoint as well, where the ID token says nothing of grants (Core, 5.3)."""
        from armillary.server.doors.claims import find

        endpoint = document.get("userinfo_endpoint")
        has_grants = find(claims, self._settings.oidc_grants_claim) is not None
        if has_grants or not isinstance(endpoint, str) or not isinstance(access, str):
            return claims
        more = await self._object("GET", endpoint, headers={"authorization": f"Bearer {access}"})
        if more.get("sub") != claims["sub"]:
            log.warning("oidc: the userinfo endpoint speaks of another user")
            raise refused()
        return more | claims

    async def _checked(self, document: dict[str, Any], id_token: str, nonce: str) -> dict[str, Any]:
        """Claims of an ID token (Core, 3.1.3.7)."""
        from joserfc import jwt
        from joserfc.errors import JoseError

        client = self._settings.oidc_client_id
        try:
            token = await self._decoded(document, id_token)
            claims = token.claims
            registry = jwt.JWTClaimsRegistry(
                now=lambda: int(self._now()),
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self._issuer},
                sub={"essential": True},
                aud={"essential": True, "value": client},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            registry.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            log.warning("oidc: an ID token was refused: %s", type(error).__name__)
            raise refused() from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (several or "azp" in claims) and claims.get("azp") != client:
            log.warning("oidc: an ID token was refused: it is for another client")
            raise refused()
        return dict(claims)

    async def _decoded(self, document: dict[str, Any], id_token: str) -> Any:
        from joserfc import jwt
        from joserfc.errors import BadSignatureError, InvalidKeyIdError, JoseError

        keys = await self._key_set(document, renew=False)
        try:
            return jwt.decode(id_token, keys, algorithms=ALGORITHMS)
        except (BadSignatureError, InvalidKeyIdError, JoseError, ValueError):
            # The provider may have changed its keys since.
            renewed = await self._key_set(document, renew=True)
            if renewed is keys:
                raise
            return jwt.decode(id_token, renewed, algorithms=ALGORITHMS)

    async def _key_set(self, document: dict[str, Any], *, renew: bool) -> KeySet:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        if self._keys is not None:
            age = self._clock() - self._keys[0]
            if age < (SOONEST_S if renew else KEPT_S):
                return self._keys[1]
        found = await self._object("GET", document["jwks_uri"])
        usable = [key for key in found.get("keys", []) if isinstance(key, dict) and key.get("use", "sig") == "sig"]
        try:
            keys = KeySet.import_key_set({"keys": [key for key in usable if key.get("kty") in {"RSA", "EC", "OKP"}]})
        except (JoseError, ValueError, TypeError, KeyError):
            log.error("oidc: the provider's keys cannot be read")  # noqa: TRY400 - their content says nothing more
            raise UnavailableError(DOWN) from None
        self._keys = self._clock(), keys
        return keys


def refused() -> HttpError:
    """The answer to a login that the provider, or its token, does not bear out."""
    return HttpError(403, "login_refused", REFUSED)
