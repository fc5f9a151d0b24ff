"""A small OpenID Connect provider and a small SOAuth server, each on a free port, with keys of their own."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwk, jwt

Answer = tuple[int, dict[str, str], bytes]
CLIENT, SECRET = "armillary client", "s:ecret/+"


def as_json(content: Any, status: int = 200) -> Answer:
    return status, {"content-type": "application/json"}, json.dumps(content).encode()


@contextlib.contextmanager
def listening(answer: Callable[[str, str, dict[str, str], bytes], Answer]) -> Iterator[str]:
    """Serve ``answer(method, address, headers, body)``; gives the server's own address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, sent, body = answer(self.command, self.path, headers, self.rfile.read(length))
            self.send_response(status)
            for name, value in {"content-length": str(len(body)), **sent}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class OpenIdProvider:
    """A provider; tests change what it says."""

    url: str = ""
    key: Any = None
    user: dict[str, Any] = field(default_factory=lambda: {"sub": "u1", "preferred_username": "carol"})
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    asked: list[str] = field(default_factory=list)
    down: bool = False
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic", "client_secret_post"])

    def new_key(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig", "alg": "RS256"})

    def answer(self, method: str, address: str, headers: dict[str, str], body: bytes) -> Answer:  # noqa: PLR0911
        there = urlsplit(address)
        self.asked.append(there.path)
        if self.down:
            return as_json({"error": "down"}, 503)
        if there.path == "/.well-known/openid-configuration":
            return as_json(self._document())
        if there.path == "/keys":
            return as_json({"keys": [self.key.as_dict(private=False), {"kty": "unheard of", "kid": "x"}]})
        if there.path == "/authorize":
            return self._authorise(dict(parse_qsl(there.query)))
        if there.path == "/token" and method == "POST":
            return self._token(dict(parse_qsl(body.decode())), headers)
        if there.path == "/userinfo" and headers.get("authorization") == "Bearer access":
            return as_json(self.userinfo or {})
        return as_json({}, 404)

    def _document(self) -> dict[str, Any]:
        found = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": self.methods,
        }
        if self.userinfo is not None:
            found["userinfo_endpoint"] = f"{self.url}/userinfo"
        return found | self.document

    def _authorise(self, query: dict[str, str]) -> Answer:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return 302, {"location": f"{query['redirect_uri']}?{back}"}, b""

    def _token(self, form: dict[str, str], headers: dict[str, str]) -> Answer:
        begun = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if begun is None or challenge != begun["code_challenge"] or form["redirect_uri"] != begun["redirect_uri"]:
            return as_json({"error": "invalid_grant"}, 400)
        if not self._knows(form, headers):
            return as_json({"error": "invalid_client"}, 401)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": begun["nonce"]}
        claims = {name: value for name, value in (claims | self.user | self.claims).items() if value is not None}
        token = self.sign(claims) if self.sign else self.signed(claims)
        return as_json({"access_token": "access", "token_type": "Bearer", "id_token": token})

    def _knows(self, form: dict[str, str], headers: dict[str, str]) -> bool:
        if "client_secret_basic" not in self.methods:
            return form.get("client_secret") == SECRET
        from urllib.parse import quote

        pair = f"{quote(CLIENT, safe='')}:{quote(SECRET, safe='')}"
        return headers.get("authorization") == "Basic " + base64.b64encode(pair.encode()).decode()

    def signed(self, claims: dict[str, Any], key: Any = None, algorithm: str = "RS256", **header: Any) -> str:
        signer = key or self.key
        return jwt.encode({"alg": algorithm, "kid": signer.kid, **header}, claims, signer, algorithms=[algorithm])


@contextlib.contextmanager
def openid_provider() -> Iterator[OpenIdProvider]:
    made = OpenIdProvider()
    made.new_key()
    with listening(made.answer) as url:
        made.url = url
        yield made


APP_ID = "0680039d-0774-75f1-8000-317277b414eb"
USER_ID = "0680039d-0774-75f1-8000-000000000001"


@dataclass
class SoauthTestServer:
    """A SOAuth server; refresh tokens count once, as there."""

    url: str = ""
    public: bytes = b""
    private: bytes = b""
    grants: list[str] = field(default_factory=lambda: ["simonsobs"])
    refresh: str = "refresh-0"
    lifetime_s: float = 300.0
    expired: list[str] = field(default_factory=list)
    exchanges: int = 0
    redirect: str | None = None
    down: bool = False

    def access_token(self, app_id: str = APP_ID, lifetime_s: float | None = None, **changes: Any) -> str:
        from datetime import UTC, datetime, timedelta

        from soauth.core.tokens import build_payload_with_claims, sign_payload
        from soauth.core.uuid import UUID

        user = {
            "user_id": UUID(USER_ID),
            "user_name": "dora",
            "full_name": "Dora",
            "profile_image": None,
            "email": None,
            "grants": set(self.grants),
            "group_names": ["dora"],
            "group_ids": [USER_ID],
        }
        ends = datetime.now(UTC) + timedelta(seconds=self.lifetime_s if lifetime_s is None else lifetime_s)
        payload = build_payload_with_claims(user | changes, ends, datetime.now(UTC) - timedelta(hours=1), None, None)
        return sign_payload(UUID(app_id), "key password", self.private, "Ed25519", payload)

    def answer(self, method: str, address: str, _headers: dict[str, str], body: bytes) -> Answer:
        there = urlsplit(address)
        if self.down:
            return as_json({}, 502)
        if there.path == f"/code/{APP_ID}" and method == "POST":
            query = parse_qs(there.query)
            good = query.get("code") == ["good"] and query.get("secret") == ["client secret of tests"]
            return self._tokens() if good else as_json({"detail": "Authentication failed"}, 401)
        if there.path == "/exchange":
            self.exchanges += 1
            if json.loads(body) != {"refresh_token": self.refresh}:
                return as_json({"detail": "Bad refresh token"}, 400)
            return self._tokens()
        if there.path == "/expire":
            self.expired.append(json.loads(body)["refresh_token"])
            return as_json(None)
        return as_json({}, 404)

    def _tokens(self) -> Answer:
        from datetime import UTC, datetime, timedelta

        number = int(self.refresh.partition("-")[2]) + 1
        self.refresh = f"refresh-{number}"
        now = datetime.now(UTC)
        return as_json(
            {
                "access_token": self.access_token(lifetime_s=300),
                "refresh_token": self.refresh,
                "profile_data": {"full_name": "Dora", "email": None},
                "redirect": self.redirect,
                "access_token_expires": (now + timedelta(seconds=300)).isoformat(),
                "refresh_token_expires": (now + timedelta(days=9)).isoformat(),
            }
        )


@contextlib.contextmanager
def soauth_server() -> Iterator[SoauthTestServer]:
    from soauth.core.cryptography import generate_key_pair

    public, private = generate_key_pair("Ed25519", "key password")
    made = SoauthTestServer(public=public, private=private)
    with listening(made.answer) as url:
        made.url = url
        yield made
