"""Margins: exactly the rows of others near each partition, each once, by distances the slow way."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats.catalog import inner, open_catalog
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.searching.run import numbers_of
from armillary.catalogs.verifying.borders import border_of, near, reach_of
from armillary.catalogs.verifying.report import Report
from armillary.errors import ArmillaryError
from armillary.sky.frames import to_vectors

if TYPE_CHECKING:
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.pixels import Pixel

SHOWN = 3


def primary_of(margin: HatsCatalog) -> HatsCatalog | None:
    """The catalog that a margin or an index belongs to; None where it cannot be opened."""
    address = margin.properties.get("hats_primary_table_url")
    if not address:
        return None
    beside = [inner(margin.folder, address), inner(margin.folder.child(".."), address)]
    for folder in beside:
        try:
            return open_catalog(folder)
        except ArmillaryError:
            continue
    return None


def says_exact(margin: HatsCatalog) -> bool:
    """Whether it says that nothing but what is near is in it."""
    return margin.properties.get("armillary_margin_exact") == "true"


def check_margin(margin: HatsCatalog, primary: HatsCatalog, pixel: Pixel) -> Report:
    """Compare the margin of one partition with all rows of its neighbours."""
    report = Report(margin.name)
    where = margin.file(pixel)
    threshold = math.radians((margin.margin_threshold_arcsec or 0.0) / 3600.0)
    columns = [name for name in margin.schema.names if name in set(primary.schema.names)]
    border = border_of(pixel)
    sure: Counter[str] = Counter()
    may: Counter[str] = Counter()
    strange_ok: Counter[str] = Counter()
    try:
        own = _own_rows(margin, pixel, columns)
        found = _keys(own)
        there = cells_of(numbers_of(own, margin.ra_column), numbers_of(own, margin.dec_column))
        for other in _neighbours(primary, pixel, threshold):
            where_ = [primary.ra_column, primary.dec_column]
            table = read_columns(primary, other, list(dict.fromkeys([*columns, *where_])))
            ra, dec = (numbers_of(table, name) for name in where_)
            cells = cells_of(ra, dec)
            out = np.flatnonzero((cells < pixel.start) | (cells >= pixel.stop))
            surely, maybe = near(to_vectors(ra[out], dec[out]), border, threshold)
            rows = table.select(columns)
            sure += _keys(rows.take(out[surely]))
            may += _keys(rows.take(out[maybe]))
            if not says_exact(margin):
                strange_ok += _keys(rows.take(out[np.isin(cells[out], there)]))
    except ArmillaryError as error:
        report.add("margin", where, f"cannot be compared: {error.message}")
        return report
    missing = sure - found
    if missing:
        report.add("margin", where, f"{_many(missing)} within the threshold are missing, such as {_shown(missing)}")
    extra = found - (may if says_exact(margin) else may | strange_ok)
    if extra:
        doubled = Counter({key: many for key, many in extra.items() if (may | strange_ok)[key]})
        if doubled:
            report.add("margin", where, f"{_many(doubled)} are there more often than in the catalog: {_shown(doubled)}")
        if extra - doubled:
            word = "farther than the threshold" if says_exact(margin) else "of no neighbour"
            report.add("margin", where, f"{_many(extra - doubled)} are {word}, such as {_shown(extra - doubled)}")
    return report


def _own_rows(margin: HatsCatalog, pixel: Pixel, columns: list[str]) -> Any:
    if pixel in margin.partitions:
        return read_columns(margin, pixel, columns)
    import pyarrow as pa

    return pa.schema([margin.schema.field(name) for name in columns]).empty_table()


def _neighbours(primary: HatsCatalog, pixel: Pixel, threshold: float) -> list[Pixel]:
    """Partitions that may hold rows near a pixel, by their centres; the pixel's own is among them where it has one."""
    import functools

    from armillary.sky.cells import outlines

    @functools.cache
    def centre(order: int, index: int) -> Any:
        return outlines(order, np.array([index]))[0, 0]

    mine = centre(*pixel)
    found = []
    for other in primary.partitions:
        apart = 2.0 * math.asin(min(1.0, 0.5 * float(np.linalg.norm(centre(*other) - mine))))
        if other != pixel and apart <= reach_of(other.order) + reach_of(pixel.order) + threshold:
            found.append(other)
    return found


def _keys(table: Any) -> Counter[str]:
    """Rows as text, with how often each is there."""
    columns = [column.to_pylist() for column in table.columns]
    return Counter(map(repr, zip(*columns, strict=True)))


def _many(rows: Counter[str]) -> str:
    many = sum(rows.values())
    return f"{many:,} row{'s' if many != 1 else ''}"


def _shown(rows: Counter[str]) -> str:
    return "; ".join(text[:120] for text in list(rows)[:SHOWN])
