"""The built viewer, from memory: only files that were there at the start have an address."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.render.coding import compress, negotiate
from armillary.server.asgi import header, not_modified, respond
from armillary.server.errors import HttpError

if TYPE_CHECKING:
    from armillary.render.coding import Coding
    from armillary.server.asgi import RawHeaders, Scope, Send

FOLDER = Path(__file__).parent / "static"
TEXT_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml", "application/manifest+json")
TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
    ".map": "application/json",
}

MISSING_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Armillary</title></head>
<body><h1>Armillary is running, without its viewer</h1>
<p>{why}</p><p>The API works: see <a href="docs">its page</a>.</p></body></html>
"""
NOT_BUILT = "The viewer has not been built in this checkout. <code>scripts/run</code> builds it."
SWITCHED_OFF = "It was switched off by the setting <code>viewer</code>."

DOCS_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Armillary: HTTP API</title>
<link rel="stylesheet" href="swagger/swagger-ui.css">
<script defer src="swagger/swagger-ui-bundle.js"></script>
<script defer src="swagger/init.js"></script></head>
<body><div id="swagger-ui"><p>The API is described by <a href="openapi.json">openapi.json</a>.</p></div></body></html>
"""


@dataclass(slots=True)
class _File:
    path: Path
    media_type: str
    bodies: dict[str, tuple[bytes, bytes]] = field(default_factory=dict)

    def body(self, coding: Coding) -> tuple[bytes, bytes]:
        """Body in a coding, and its tag; read once."""
        if coding not in self.bodies:
            data = self.path.read_bytes()
            tag = f'"{hashlib.blake2b(data, digest_size=12).hexdigest()}-{coding}"'.encode()
            self.bodies[coding] = compress(data, coding), tag
        return self.bodies[coding]


def _media_type(name: str) -> str:
    known = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return f"{known}; charset=utf-8" if known.startswith("text/") else known


class Static:
    """Serves the viewer and the page of the API.

    Parameters
    ----------
    folder
        Where the build put the viewer.
    viewer
        Whether to serve it.
    """

    def __init__(self, folder: Path = FOLDER, *, viewer: bool = True) -> None:
        found = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        names = {path.relative_to(folder).as_posix(): path for path in found}
        self._files = {f"/{name}": _File(path, _media_type(name)) for name, path in names.items()}
        if not viewer:
            self._files = {name: file for name, file in self._files.items() if name.startswith("/swagger/")}
        self._page = MISSING_PAGE.format(why=NOT_BUILT if viewer else SWITCHED_OFF)

    def knows(self, path: str) -> bool:
        """Whether ``path`` is answered here."""
        return path in {"/", "/docs"} or path in self._files

    async def __call__(self, scope: Scope, send: Send, path: str) -> None:
        """Answer ``path``, which is known.

        Raises
        ------
        HttpError
            404: the file has gone since the start.
        """
        file = self._files.get("/index.html" if path == "/" else path)
        if file is None:
            page = DOCS_PAGE if path == "/docs" else self._page
            await respond(scope, send, 200, [(b"content-type", b"text/html; charset=utf-8")], page.encode())
            return
        wanted: Coding = (
            negotiate(header(scope, b"accept-encoding")) if file.media_type.startswith(TEXT_TYPES) else "identity"
        )
        try:
            body, tag = file.body(wanted)
        except OSError:
            raise HttpError(404, "not_found", "This part of the viewer is missing: build it again.") from None
        caching = b"public, max-age=31536000, immutable" if path.startswith("/assets/") else b"no-cache"
        headers: RawHeaders = [(b"etag", tag), (b"cache-control", caching), (b"vary", b"Accept-Encoding")]
        if not_modified(scope, tag):
            await respond(scope, send, 304, headers, b"")
            return
        if wanted != "identity":
            headers.append((b"content-encoding", wanted.encode()))
        await respond(scope, send, 200, [(b"content-type", file.media_type.encode()), *headers], body)
