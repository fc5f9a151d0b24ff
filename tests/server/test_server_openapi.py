"""schemathesis over the API's own document: whatever is asked, nothing fails unexpectedly."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from conftest_server import in_process, make_app, sky_data, tan_header, write_image
from hypothesis import HealthCheck, given, reject, settings

from armillary.holdings.catalogs import offered_inline
from armillary.holdings.tree import SourceGroup
from armillary.server.openapi import describe
from armillary.server.sesame import FoundObject

OPERATIONS = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/holdings",
    "/api/session",
    "/api/search",
    "/api/resolve",
    "/api/colormaps",
    "/api/layers/{layer}",
    "/api/layers/{layer}/values",
    "/api/layers/{layer}/histogram",
    "/api/layers/{layer}/header",
    "/api/layers/{layer}/headers",
    "/api/layers/{layer}/skygrid",
    "/api/layers/{layer}/pixelgrid",
    "/api/layers/{layer}/image.{ext}",
    "/api/layers/{layer}/cutout",
    "/api/layers/{layer}/outline",
    "/api/layers/{layer}/aperture",
    "/api/layers/{layer}/tiles/{level}/{row}/{col}.{ext}",
    "/api/sources/{source_group}",
    "/api/sources/{source_group}/points",
    "/api/sources/{source_group}/rows",
    "/api/sources/{source_group}/rows/{row}",
]


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("schema")
    write_image(folder / "tan.fits", sky_data(), tan_header(200, 300))
    write_image(folder / "cube.fits", sky_data(2, (3, 70, 80)))
    made = make_app(folder)
    sources = [{"name": f"s{k}", "ra": 15.0 * k, "dec": 7.0 * k - 80, "extra": {"mag": k / 3}} for k in range(24)]
    made.services.holdings.put_sources(SourceGroup("stars", "Stars", offered_inline("Stars", sources)))
    made.services.names.resolve = lambda name: FoundObject(name, 1.0, 2.0, "SIMBAD", None)
    return made


@pytest.fixture(scope="module")
def document(app: Any) -> dict[str, Any]:
    """The API's document, with ids of layers that exist: random ones would never get past the gate."""
    found = describe(app.api())
    for path in found["paths"].values():
        for parameter in path["get"].get("parameters", []):
            if parameter["name"] == "source_group":
                parameter["schema"] = {"enum": ["stars", "none"]}
            if parameter["name"] in {"layer", "base"}:
                names = {"enum": ["tan", "cube", "cube@1", "cube@7", "none"]}
                parameter["schema"] = {"anyOf": [names, {"type": "string", "minLength": 1, "maxLength": 9}]}
    return found


def test_every_operation_is_tried(document: dict[str, Any]) -> None:
    assert set(document["paths"]) == set(OPERATIONS)


def test_the_page_lists_every_operation_and_no_other(document: dict[str, Any]) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `GET (/api/[^`?]*)", page, re.MULTILINE))
    assert listed == {path for path in document["paths"] if path.startswith("/api/")}


@pytest.mark.parametrize("path", OPERATIONS)
@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_nothing_fails_unexpectedly(app: Any, document: dict[str, Any], path: str, mode: str) -> None:
    operation = schemathesis.openapi.from_dict(document)[path]["GET"]
    if mode == "negative" and not document["paths"][path]["get"].get("parameters"):
        pytest.skip("takes no parameters")
    generation = schemathesis.GenerationMode(mode)

    @given(case=operation.as_strategy(generation_mode=generation))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def check(case: Any) -> None:
        sent = case.as_transport_kwargs(base_url="http://127.0.0.1:8000")

        async def call() -> httpx.Response:
            async with in_process(app) as client:
                return await client.request("GET", sent["url"], params=sent.get("params"), headers=sent.get("headers"))

        try:
            answer = asyncio.run(call())
        except httpx.InvalidURL:  # longer than the client itself lets out
            reject()
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.json()["error"]["message"]
        else:
            assert answer.headers["content-type"] in declared_types(document, path) | {"text/html; charset=utf-8"}

    check()


def declared_types(document: dict[str, Any], path: str) -> set[str]:
    declared = set(document["paths"][path]["get"]["responses"]["200"]["content"])
    return declared | {f"{kind}; charset=utf-8" for kind in declared}
