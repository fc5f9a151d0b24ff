"""What the OpenAPI page says of the routes that the doors answer."""

from __future__ import annotations

from typing import Any

from armillary.server.doors.guests import API_LOGIN, API_LOGOUT

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_TEXT = {"type": "string"}
_MARK = {
    "name": "X-Armillary-CSRF",
    "in": "header",
    "required": True,
    "schema": _TEXT,
    "description": "The `csrf` of `GET /api/session`.",
}
_WHO = {
    "type": "object",
    "required": ["user", "login_url", "logout", "csrf"],
    "properties": {
        "user": {
            "anyOf": [
                {"type": "object", "properties": {"name": _TEXT, "administrator": {"type": "boolean"}}},
                {"type": "null"},
            ]
        },
        "login_url": _TEXT,
        "logout": {"type": "boolean"},
        "csrf": _TEXT,
    },
}
_OK = {"description": "Who asks from now on.", "content": {"application/json": {"schema": _WHO}}}
_FORM = {
    "type": "object",
    "required": ["name", "password"],
    "properties": {"name": {**_TEXT, "maxLength": 64}, "password": {**_TEXT, "maxLength": 1024}},
}


def _operation(name: str, text: str, errors: dict[str, str], **more: Any) -> dict[str, Any]:
    told = {status: {"description": words, "content": _ERROR} for status, words in errors.items()}
    responses = {"200": _OK, "403": {"description": "Not sent by a page of ours.", "content": _ERROR}, **told}
    return {
        "post": {
            "tags": ["server"],
            "operationId": name.lower().replace(" ", "_"),
            "summary": name,
            "description": text,
            "parameters": [_MARK],
            "responses": responses,
            **more,
        }
    }


def session_paths(mode: str) -> dict[str, Any]:
    """The paths of a mode that log in and out; the web framework does not know them."""
    if mode in {"none", "token"}:
        return {}
    found = {API_LOGOUT: _operation("Log out", "Ends the session; its cookie goes.", {})}
    if mode == "accounts":
        errors = {
            "401": "Name and password do not belong together.",
            "413": "The body is too large.",
            "415": "The body is neither JSON nor a form.",
            "422": "The body cannot be read.",
            "429": "Too many were wrong; `Retry-After` says when to try again.",
            "503": "Busy, or the accounts cannot be reached now.",
        }
        body = {"required": True, "content": {"application/json": {"schema": _FORM}}}
        text = "Begins a session; its cookie comes with the answer."
        found[API_LOGIN] = _operation("Log in", text, errors, requestBody=body)
    return found
