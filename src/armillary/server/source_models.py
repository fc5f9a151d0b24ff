"""Shapes of the JSON answers about catalogs, for the API's own page. ``docs/reference/http.md`` says what they mean."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class SourceColumn(BaseModel):
    """A column of a catalog."""

    name: str
    dtype: str
    unit: str
    ucd: str
    description: str
    numeric: bool


class Skipped(BaseModel):
    """Rows that have no place on the sky, and why."""

    total: int
    missing: int
    not_finite: int
    out_of_range: int


class SkyPlace(BaseModel):
    """ICRS degrees."""

    ra: float
    dec: float


class SourceStyle(BaseModel):
    """How symbols are drawn at first."""

    color: str | None
    shape: str | None
    size: float | None
    size_column: str | None


class SourceInfo(BaseModel):
    """What is known of a catalog."""

    id: str
    name: str
    description: str
    status: Literal["ready"]
    count: int
    skipped: Skipped
    columns: list[SourceColumn]
    ra_column: str
    dec_column: str
    name_column: str | None
    center: SkyPlace | None
    style: SourceStyle
    version: str
    notes: list[str]


class SourceRows(BaseModel):
    """A page of a catalog's table."""

    total: int
    start: int
    columns: list[str]
    row: list[int]
    rows: list[list[Any]]
    version: str


class SourceRow(BaseModel):
    """Every column of one source."""

    row: int
    ra: float | None
    dec: float | None
    values: dict[str, Any]
