"""Pages of the doors: plain HTML that needs no script, drawn like the viewer."""

from __future__ import annotations

import hashlib
from functools import cache
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from armillary.server.asgi import not_modified
from armillary.server.doors.door import Page

if TYPE_CHECKING:
    from armillary.server.asgi import RawHeaders, Scope

STYLE_PATH = "/pages/page.css"
FRAME = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light"><title>{title} – Armillary</title>
<link rel="icon" href="{root}/armillary.svg" type="image/svg+xml">
<link rel="stylesheet" href="{root}/pages/page.css"></head>
<body><main><h1>{title}</h1>
{content}
</main></body></html>
"""
LOGIN = """{problem}<form method="post" action="{root}/login">
<input type="hidden" name="csrf" value="{csrf}"><input type="hidden" name="next" value="{next}">
<label for="name">Name</label>
<input id="name" name="name" value="{name}" required maxlength="64" autocomplete="username" autocapitalize="none"
 spellcheck="false"{focus_name}>
<label for="password">Password</label>
<input id="password" name="password" type="password" required maxlength="1024"
 autocomplete="current-password"{focus_password}>
<button>Log in</button></form>
<p><a href="{root}/">Look around without logging in</a></p>"""
LOGOUT = """<p>You are logged in as <strong>{name}</strong>.</p>
<form method="post" action="{root}/logout"><input type="hidden" name="csrf" value="{csrf}">
<button>Log out</button></form>
<p><a href="{root}/">Back to the maps</a></p>"""
MESSAGE = """<p>{text}</p>
<p><a href="{root}{path}">{link}</a></p>"""
HEADERS = [(b"content-type", b"text/html; charset=utf-8"), (b"cache-control", b"no-store")]


def _page(status: int, headers: RawHeaders, root: str, title: str, content: str) -> Page:
    body = FRAME.format(title=escape(title), root=escape(quote(root)), content=content)
    return Page(status, [*HEADERS, *headers], body.encode())


def login_page(
    root: str, csrf: str, way_back: str, headers: RawHeaders, *, status: int = 200, problem: str = "", name: str = ""
) -> Page:
    """The form of name and password, with what went wrong the last time."""
    content = LOGIN.format(
        problem=f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else "",
        root=escape(quote(root)),
        csrf=escape(csrf),
        next=escape(way_back),
        name=escape(name),
        focus_name="" if name else " autofocus",
        focus_password=" autofocus" if name else "",
    )
    return _page(status, headers, root, "Log in", content)


def logout_page(root: str, csrf: str, name: str) -> Page:
    """The form that ends a session."""
    content = LOGOUT.format(root=escape(quote(root)), csrf=escape(csrf), name=escape(name))
    return _page(200, [], root, "Log out", content)


def message_page(
    root: str,
    status: int,
    title: str,
    text: str,
    *,
    path: str = "/",
    link: str = "Back to the maps",
    headers: RawHeaders | None = None,
) -> Page:
    """A page that says one thing and leads to another."""
    content = MESSAGE.format(text=escape(text), root=escape(quote(root)), path=escape(path), link=escape(link))
    return _page(status, headers or [], root, title, content)


def redirect(location: str, headers: RawHeaders) -> Page:
    """Go elsewhere, by GET."""
    return Page(303, [(b"location", location.encode("latin-1", "replace")), (b"cache-control", b"no-store"), *headers])


@cache
def _style() -> tuple[bytes, bytes]:
    body = Path(__file__).with_name("page.css").read_bytes()
    return body, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'.encode()


def style_page(scope: Scope) -> Page:
    """The pages' style sheet."""
    body, tag = _style()
    headers = [(b"etag", tag), (b"cache-control", b"no-cache")]
    if not_modified(scope, tag):
        return Page(304, headers)
    return Page(200, [(b"content-type", b"text/css; charset=utf-8"), *headers], body)
