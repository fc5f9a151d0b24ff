"""The routes of catalogs. Each parses, asks the gate, calls ``holdings.source_facts`` in a thread, and answers."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response, StreamingResponse

from armillary.errors import ParameterError
from armillary.holdings import source_facts
from armillary.holdings.source_facts import PointsQuery, Region, RowsQuery
from armillary.render.coding import negotiate
from armillary.server import models, source_models
from armillary.server.answers import SMALLEST_COMPRESSED, body_answer
from armillary.server.asgi import header, not_modified
from armillary.server.routes import BINARY, ERRORS
from armillary.server.services import access_of, services_of

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from armillary.catalogs.views import View
    from armillary.holdings.catalogs import AnyCatalog
    from armillary.holdings.tree import SourceGroup

router = APIRouter(prefix="/api/sources", tags=["sources"])

GroupId = Annotated[str, Path(max_length=256, description="Id of a source group.")]
Edge = Annotated[float | None, Query(allow_inf_nan=False, ge=-1e9, le=1e9, description="Pixel of `layer`.")]
LayerName = Annotated[str | None, Query(max_length=256, description="Layer whose pixels `x0` … are.")]
Ra = Annotated[float | None, Query(allow_inf_nan=False, ge=-360, le=720, description="ICRS degrees.")]
Dec = Annotated[float | None, Query(allow_inf_nan=False, ge=-90, le=90, description="ICRS degrees.")]
Radius = Annotated[float | None, Query(allow_inf_nan=False, ge=0, le=180, description="Degrees.")]
Filter = Annotated[str, Query(max_length=2000, description='Such as `mag < 12; name = "M 42"`.')]
Search = Annotated[str, Query(max_length=200, description="Text that a column holds; case is ignored.")]
ColumnName = Annotated[str, Query(max_length=512)]
Version = Annotated[str, Query(max_length=64, description="Version the client knows; 410 where it is gone.")]

MOST_ROW = 1 << 53
"""Larger whole numbers are not held exactly by clients."""

ANSWERS: dict[int | str, dict[str, Any]] = {
    410: {"model": models.ErrorAnswer, "description": "The file changed; the version is gone."},
    413: {"model": models.ErrorAnswer, "description": "More than one answer may have."},
    **ERRORS,
}


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer to be: its tag, and a body unless the client has it already."""

    tag: str
    body: bytes | Iterator[bytes] | None


def _asked(
    layer: LayerName = None,
    x0: Edge = None,
    y0: Edge = None,
    x1: Edge = None,
    y1: Edge = None,
    ra: Ra = None,
    dec: Dec = None,
    radius: Radius = None,
) -> tuple[str | None, tuple[float | None, ...], tuple[float | None, ...]]:
    """What of the sky is asked for, as given: a layer and a window of its pixels, or a cone."""
    return layer, (x0, y0, x1, y1), (ra, dec, radius)


Asked = Annotated[tuple[str | None, tuple[float | None, ...], tuple[float | None, ...]], Depends(_asked)]


def _region(
    request: Request, layer: str | None, window: tuple[float | None, ...], cone: tuple[float | None, ...]
) -> Region:
    """The part of the sky that is asked for, by the gate of the layer.

    Raises
    ------
    ParameterError
        Both a window and a cone, or half of one, or an empty window.
    """
    has_window = layer is not None or any(edge is not None for edge in window)
    has_cone = any(part is not None for part in cone)
    if has_window and has_cone:
        raise ParameterError("layer", "give either layer, x0, y0, x1 and y1, or ra, dec and radius")
    if has_cone:
        ra, dec, radius = cone
        if ra is None or dec is None or radius is None:
            raise ParameterError("radius", "ra, dec and radius belong together")
        return Region(cone=(ra, dec, radius))
    if not has_window:
        return Region()
    x0, y0, x1, y1 = window
    if layer is None or x0 is None or y0 is None or x1 is None or y1 is None:
        raise ParameterError("layer", "layer, x0, y0, x1 and y1 belong together")
    if not (x0 < x1 and y0 < y1):
        raise ParameterError("x0", "the window is empty: x0 < x1 and y0 < y1")
    return Region(services_of(request).layer(request, layer), (x0, y0, x1, y1))


async def _answered(
    request: Request,
    group: SourceGroup,
    region: Region,
    make: Callable[[AnyCatalog, View | None, str], bytes | Iterator[bytes]],
    version: str = "",
    *,
    streamed: bool = False,
) -> _Made:
    """Work done in a thread; none where the client has the answer of that version. What is streamed is not shared."""
    services = services_of(request)
    asked = header(request.scope, b"if-none-match")
    accepted = negotiate(header(request.scope, b"accept-encoding"))
    place = f"{request.url.path}?{request.url.query}"

    def read(catalog: AnyCatalog, public: str) -> _Made:
        view, below = region.view()
        # Words of the configuration (a name, a style) may change without the file.
        words = repr((group.name, group.description, sorted(group.style.items())))
        facts = f"{public}\0{below}\0{place}\0{words}"
        digest = hashlib.blake2b(facts.encode("utf-8", "replace"), digest_size=12)
        tag = f'"{digest.hexdigest()}-{accepted}"'
        if not_modified(request.scope, tag.encode()):
            return _Made(tag, None)
        return _Made(tag, make(catalog, view, public))

    before = group.file.count, group.file.problem
    try:
        key: Hashable = ("sources", id(group), place, asked, accepted, id(request) if streamed else None)
        work = functools.partial(source_facts.steadily_read, group, read, version)
        return await services.compute(request, key, work, services.source_workers)
    finally:
        if (group.file.count, group.file.problem) != before:
            with services.holdings.lock:
                services.holdings.touch()


def _headers(made: _Made) -> dict[str, str]:
    return {"etag": made.tag, "cache-control": "private, no-cache", "vary": "Accept-Encoding"}


def _sent(request: Request, made: _Made, media_type: str, *, packed: bool = True) -> Response:
    headers = _headers(made)
    if made.body is None:
        return Response(None, 304, headers)
    body = made.body
    if not isinstance(body, bytes):
        return StreamingResponse(body, 200, headers, media_type)
    coding = negotiate(header(request.scope, b"accept-encoding"))
    if not packed or len(body) < SMALLEST_COMPRESSED:
        coding = "identity"
    return body_answer(body, headers, media_type, coding)


def _json(content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "replace")


def _group(request: Request, source_group: str) -> SourceGroup:
    """The catalog, by the gate."""
    return services_of(request).holdings.source_group(source_group, access_of(request))


@router.get("/{source_group}", response_model=source_models.SourceInfo, responses=ERRORS)
async def describe(request: Request, source_group: GroupId) -> Response:
    """What is known of a catalog: columns, how many sources, which of them have no place on the sky."""
    group = _group(request, source_group)
    made = await _answered(
        request,
        group,
        Region(),
        lambda catalog, _, public: _json(source_facts.describe_sources(group, catalog, public)),
    )
    return _sent(request, made, "application/json")


@router.get("/{source_group}/points", responses={200: BINARY, **ANSWERS}, response_class=Response)
async def points(
    request: Request,
    source_group: GroupId,
    asked: Asked,
    limit: Annotated[int, Query(ge=1, le=50_000)] = 20_000,
    size: ColumnName = "",
    color: ColumnName = "",
    first: Annotated[
        Literal["", "largest", "smallest"], Query(description="Sources of such a `size` come first.")
    ] = "",
    filter: Filter = "",  # noqa: A002 - the API's word
    search: Search = "",
    crowd: Annotated[
        int | None, Query(ge=0, le=50_000, description="Of more sources a few will do, with their density.")
    ] = None,
    v: Version = "",
) -> Response:
    """Sources in a view, at most `limit`: a uint32, JSON of that length, then typed arrays; see the reference."""
    group = _group(request, source_group)
    region = _region(request, *asked)
    if region == Region():
        raise ParameterError("layer", "give layer, x0, y0, x1 and y1, or ra, dec and radius")
    query = PointsQuery(region, limit, size, color, first, filter, search, crowd)
    made = await _answered(
        request, group, region, lambda catalog, view, public: source_facts.points(catalog, query, view, public), v
    )
    return _sent(request, made, "application/octet-stream", packed=False)


CSV: dict[str, Any] = {"content": {"text/csv": {"schema": {"type": "string"}}}}


@router.get("/{source_group}/rows", response_model=source_models.SourceRows, responses={200: CSV, **ANSWERS})
async def rows(
    request: Request,
    source_group: GroupId,
    asked: Asked,
    start: Annotated[int, Query(ge=0, le=MOST_ROW)] = 0,
    count: Annotated[int | None, Query(ge=1, le=source_facts.MOST_CSV_ROWS, description="JSON: at most 1000.")] = None,
    sort: ColumnName = "",
    descending: Annotated[int, Query(ge=0, le=1)] = 0,
    columns: Annotated[str, Query(max_length=4000, description="Names with commas between.")] = "",
    filter: Filter = "",  # noqa: A002 - the API's word
    search: Search = "",
    format: Annotated[Literal["json", "csv"], Query()] = "json",  # noqa: A002 - the API's word
    v: Version = "",
) -> Response:
    """A page of a catalog's table, sorted and filtered; with `format=csv` a file of at most 100 000 rows."""
    group = _group(request, source_group)
    as_csv = format == "csv"
    if not as_csv and count is not None and count > 1000:
        raise ParameterError("count", "at most 1000 rows are given at once as JSON")
    region = _region(request, *asked)
    most = count or (source_facts.MOST_CSV_ROWS if as_csv else 100)
    names = tuple(filter_names(columns))
    query = RowsQuery(region, start, most, sort, bool(descending), names, filter, search)

    def make(catalog: AnyCatalog, view: View | None, public: str) -> bytes | Iterator[bytes]:
        if as_csv:
            return source_facts.rows_csv(catalog, query, view)
        return _json(source_facts.rows_page(catalog, query, view, public))

    made = await _answered(request, group, region, make, v, streamed=as_csv)
    answer = _sent(request, made, "text/csv; charset=utf-8" if as_csv else "application/json")
    if as_csv:
        answer.headers["content-disposition"] = 'attachment; filename="sources.csv"'
    return answer


def filter_names(text: str) -> list[str]:
    """Names of columns with commas between; one that holds a comma stands in double quotes."""
    import csv

    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


@router.get("/{source_group}/rows/{row}", response_model=source_models.SourceRow, responses=ANSWERS)
async def one_row(
    request: Request, source_group: GroupId, row: Annotated[int, Path(ge=0, le=MOST_ROW)], v: Version = ""
) -> Response:
    """Every column of one source."""
    group = _group(request, source_group)
    made = await _answered(
        request, group, Region(), lambda catalog, _, __: _json(source_facts.row_words(catalog, row)), v
    )
    return _sent(request, made, "application/json")
