"""What the OpenAPI page says of the routes that do not go through the web framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.render import EXTENSIONS, Stretch
from armillary.server.doors.openapi import session_paths

if TYPE_CHECKING:
    from fastapi import FastAPI

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorAnswer"}}}
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def _path(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema, "description": text}


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": text}


def _error(text: str) -> dict[str, Any]:
    return {"description": text, "content": _ERROR}


WHOLE = {"type": "integer"}
NUMBER = {"type": "number"}
FLAG = {"type": "string", "enum": ["0", "1"]}

TILE: dict[str, Any] = {
    "get": {
        "tags": ["tiles"],
        "operationId": "tile",
        "summary": "Tile",
        "description": "A square of pixels. `f32`: raw little-endian float32, row 0 at the top, NaN where there is no "
        "data; `q16`: the documented lossy form; `png`, `jpg`, `webp`: coloured.",
        "parameters": [
            _path("layer", {"type": "string"}, "Id of a layer."),
            _path("level", WHOLE, "0 is the coarsest."),
            _path("row", WHOLE, "0 is the top."),
            _path("col", WHOLE, "0 is the left."),
            _path("ext", {"type": "string", "enum": list(EXTENSIONS)}, "Form of the answer."),
            _query("v", {"type": "string"}, "Version: the answer is then immutable."),
            _query("preview", FLAG, "1: a strided sample at once, where means would take long."),
            _query("vmin", NUMBER, "Lower end of the range (images)."),
            _query("vmax", NUMBER, "Upper end of the range (images)."),
            _query("stretch", {"type": "string", "enum": [str(name) for name in Stretch]}, "Transfer curve (images)."),
            _query("cmap", {"type": "string"}, "Colour map (images)."),
            _query("gamma", {"type": "number", "minimum": 0.1, "maximum": 10}, "Exponent after the stretch (images)."),
            _query("invert", FLAG, "1: colours from the other end (images)."),
            _query("abs", FLAG, "1: colour the absolute value (images)."),
        ],
        "responses": {
            "200": {
                "description": "The tile.",
                "headers": {
                    "ETag": {"schema": {"type": "string"}},
                    "X-Armillary-Preview": {"schema": {"type": "string"}, "description": "1 when it is a preview."},
                },
                "content": dict.fromkeys(
                    ("application/octet-stream", "image/png", "image/jpeg", "image/webp"), _BINARY
                ),
            },
            "304": {"description": "As before."},
            "400": _error("The address cannot be read."),
            "401": _error("No token, or not the right one."),
            "404": _error("No such layer or tile."),
            "410": _error("The file changed; the version is gone."),
            "422": _error("A parameter is wrong."),
            "503": _error("Busy, or the file cannot be read now."),
        },
    }
}
_HEALTH = {"application/json": {"schema": {"$ref": "#/components/schemas/Health"}}}
READINESS: dict[str, Any] = {
    "get": {
        "tags": ["server"],
        "operationId": "readiness",
        "summary": "Readiness",
        "description": "Whether the headers of all files were read. Open to everybody.",
        "responses": {
            "200": {"description": "They were.", "content": _HEALTH},
            "503": {"description": "Not yet.", "content": _HEALTH},
        },
    }
}
HEALTH: dict[str, Any] = {
    "get": {
        "tags": ["server"],
        "operationId": "health",
        "summary": "Health",
        "description": "Open to everybody.",
        "responses": {
            "200": {
                "description": "The server answers.",
                "content": _HEALTH,
            }
        },
    }
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the whole server; made once."""
    if app.openapi_schema is None:
        from fastapi.openapi.utils import get_openapi

        from armillary.server import models

        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        document["paths"]["/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}"] = TILE
        document["paths"] |= {"/healthz": HEALTH, "/readyz": READINESS}
        document["paths"] |= session_paths(app.state.services.settings.auth)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in (models.Health, models.ErrorBody, models.ErrorAnswer):
            schemas.setdefault(model.__name__, model.model_json_schema(ref_template="#/components/schemas/{model}"))
        for schema in schemas.values():
            schema.pop("$defs", None)
        app.openapi_schema = document
    return app.openapi_schema
