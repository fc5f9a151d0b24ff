"""Shapes of the JSON answers, for the API's own page. ``docs/reference/http.md`` says what they mean."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """What went wrong: a code for programs, a message for people, facts."""

    code: str
    message: str
    detail: dict[str, Any]


class ErrorAnswer(BaseModel):
    """Every answer that is not a success."""

    error: ErrorBody


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok", "starting"]
    version: str


class CubeAxis(BaseModel):
    """An axis beyond the sky and Stokes."""

    name: str
    length: int
    unit: str
    values: list[float | None] | None
    labels: list[str] | None


class Cube(BaseModel):
    """Axes of a cube, the slice that this is, and the id without it."""

    axes: list[CubeAxis]
    index: list[int]
    base: str


class LayerEntry(BaseModel):
    """A layer in the tree."""

    layer_id: str
    name: str
    description: str
    quantity: str | None
    units: str | None
    status: Literal["ready", "unavailable"]
    cube: Cube | None


class Band(BaseModel):
    """Layers of one HDU."""

    band_id: str
    name: str
    description: str
    layers: list[LayerEntry]


class Map(BaseModel):
    """Bands of one file."""

    map_id: str
    name: str
    description: str
    bands: list[Band]


class MapGroup(BaseModel):
    """Maps of one folder."""

    map_group_id: str
    name: str
    description: str
    maps: list[Map]


class Problem(BaseModel):
    """Why a file is not shown."""

    name: str
    code: str
    message: str


class Holdings(BaseModel):
    """What is on offer. ``version`` changes with it; ``scanning`` is true while headers are being read."""

    title: str
    version: str
    scanning: bool
    map_groups: list[MapGroup]
    source_groups: list[Any]
    boxes: list[Any]
    problems: list[Problem]


class Centre(BaseModel):
    """ICRS degrees."""

    ra: float
    dec: float


class Overviews(BaseModel):
    """How far the means of the coarse levels are."""

    ready: bool
    progress: float


class LayerInfo(BaseModel):
    """What is known of a layer."""

    id: str
    name: str
    description: str
    path: list[str]
    shape: tuple[int, int]
    dtype: str
    units: str | None
    quantity: str | None
    range: tuple[float, float]
    range_symmetric: bool
    stretch: str
    cmap: str
    levels: int
    tile_size: int
    version: str
    frame: str | None
    projection: str | None
    wcs: dict[str, Any] | None
    pixel_scale_deg: float | None
    parity: int | None
    wrap_period_px: float | None
    full_circle: bool
    coverage: tuple[int, int, int, int]
    center: Centre | None
    cube: Cube | None
    hdu: int
    extname: str
    dtype_stored: str
    overviews: Overviews
    notes: list[str]


class Value(BaseModel):
    """Exact value of a pixel and where it lies."""

    value: float | int | None
    x: float | None
    y: float | None
    ra: float | None
    dec: float | None
    galactic: tuple[float, float] | None
    ecliptic: tuple[float, float] | None
    inside: bool
    units: str | None
    version: str


class Histogram(BaseModel):
    """Counts between ``edges``, and what lies beside them."""

    counts: list[int]
    edges: list[float]
    nan: int
    below: int
    above: int
    total: int
    exact: bool
    minimum: float | None
    maximum: float | None
    mean: float | None
    std: float | None
    percentiles: dict[str, float]
    units: str | None
    zscale: tuple[float, float] | None


class HeaderEntry(BaseModel):
    """Header of one HDU."""

    index: int
    name: str
    text: str


class Colormaps(BaseModel):
    """Names, categories, and tables as base64 of 256 × 3 bytes."""

    names: list[str]
    categories: dict[str, list[str]]
    tables: dict[str, str]


class User(BaseModel):
    """Who logged in."""

    name: str
    administrator: bool


class Session(BaseModel):
    """Who asks, how the server is protected, and its release. ``csrf`` goes with requests that change something."""

    version: str
    auth: Literal["token", "none", "accounts", "soauth", "oidc"]
    tile_size: int
    title: str
    user: User | None
    login_url: str | None
    logout: bool
    csrf: str | None
    resolver: bool


class CutoutEstimate(BaseModel):
    """What a cutout would be: bytes, rows and columns, its box `[x0, y0, x1, y1]`, most pixels it may have."""

    bytes: int
    shape: tuple[int, int]
    pixels: int
    window: tuple[int, int, int, int]
    limit: int


class Outline(BaseModel):
    """The border of a region in pixels; ``inside``: the layer has a pixel in the region."""

    lines: list[list[tuple[float, float]]]
    inside: bool


class Aperture(BaseModel):
    """Statistics of the pixels in a circle; ``area_deg2`` is the sky area of those with data."""

    count: int
    masked: int
    mean: float | None
    std: float | None
    min: float | None
    max: float | None
    median: float | None
    sum: float | None
    area_deg2: float
    units: str | None
    radius_deg: float
    ra: float
    dec: float
    version: str
