"""Catalogs without a server: reading, sources of a view against a look at every source; HATS against its tools."""

from __future__ import annotations

import gc
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.choice import lowest, ranks_of
from armillary.catalogs.covers import cover
from armillary.catalogs.reading import read_catalog
from armillary.catalogs.selection import Selection, selected_rows, wanted_rows
from armillary.catalogs.views import PixelWindow
from armillary.demo.fitsfile import image_header
from armillary.sky.wcs import PlaneWcs
from armillary.storage.compiler import prepare
from bench import data, hats
from bench.pixels import least_ms
from bench.table import Row, row

if TYPE_CHECKING:
    from pathlib import Path

    from armillary.catalogs.catalog import Catalog

LIMIT = 20_000
SIZES = {"10⁶": 1_000_000, "10⁷": 10_000_000}


def _columns(count: int) -> dict:
    import pyarrow as pa

    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    return {
        "source_id": pa.array(np.arange(count) + (1 << 60)),
        "ra": pa.array(ra),
        "dec": pa.array(dec),
        "mag": pa.array(rng.normal(18, 2, count).astype(np.float32)),
        "parallax": pa.array(rng.normal(1, 1, count).astype(np.float32)),
        "name": pa.array([f"S {k % 9973}" for k in range(count)]),
    }


def parquet_file(count: int) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    return data.made(f"sources_{count}.parquet", lambda path: parquet.write_table(pa.table(_columns(count)), path))


def csv_file(count: int) -> Path:
    import pyarrow as pa
    from pyarrow import csv

    return data.made(f"sources_{count}.csv", lambda path: csv.write_csv(pa.table(_columns(count)), path))


def fits_file(count: int) -> Path:
    from astropy.table import Table

    def write(path: Path) -> None:
        columns = {name: column.to_numpy(zero_copy_only=False) for name, column in _columns(count).items()}
        columns["name"] = columns["name"].astype("S8")
        Table(columns).write(path, format="fits")

    return data.made(f"sources_{count}.fits", write)


@cache
def catalog_of(count: int) -> Catalog:
    prepare()
    return read_catalog(parquet_file(count))


def _wcs(cards: dict, shape: tuple[int, int]) -> PlaneWcs:
    raw = image_header(np.dtype("f4"), shape, cards).decode("latin-1")
    text = "\n".join(raw[k : k + 80] for k in range(0, len(raw), 80))
    wcs = PlaneWcs.from_header_text(text, shape)
    assert wcs is not None
    return wcs


def views() -> dict[str, PixelWindow]:
    """Windows that a viewer asks for: the whole sky, a part of it, a field."""
    ny, nx = 1800, 3600
    car = _wcs(data.car_cards(ny, nx), (ny, nx))
    galactic = data.car_cards(ny, nx) | {"CTYPE1": "GLON-AIT", "CTYPE2": "GLAT-AIT", "CRPIX2": ny / 2, "RADESYS": ""}
    tan = _wcs(data.tan_cards(), (16_384, 16_384))
    return {
        "all of a CAR map": PixelWindow(car, -20, -20, nx + 20, ny + 20),
        "all of a galactic AIT map": PixelWindow(_wcs(galactic, (ny, nx)), -20, -20, nx + 20, ny + 20),
        "a tenth of a CAR map": PixelWindow(car, 500, 600, 1700, 1200),
        "a TAN field": PixelWindow(tan, -5000, -5000, 21_000, 21_000),
    }


def _look(catalog: Catalog, view: PixelWindow) -> None:
    """What ``points`` does for a view, but for the packing."""
    window = PixelWindow(view.wcs, view.x0, view.y0, view.x1, view.y1)
    rows = np.sort(lowest(catalog, cover(catalog, window), LIMIT)[0])
    view.wcs.icrs_to_pixel(catalog.ra[rows], catalog.dec[rows])


def run_views() -> list[Row]:
    rows = []
    for size, count in SIZES.items():
        catalog = catalog_of(count)
        ranks_of(catalog)
        for name, view in views().items():
            floor = least_ms(partial(view.holds, catalog.ra, catalog.dec), 2)
            took = least_ms(partial(_look, catalog, view))
            rows.append(row(f"sources of {name}, of {size}; floor: every source projected", took, "ms", floor=floor))
    return rows


def _scan_ms(catalog: Catalog) -> float:
    """One comparison of every value of a column that is in memory."""
    values = catalog.values(catalog.field("mag"))
    return least_ms(lambda: np.flatnonzero(values < 15))


def run_tables() -> list[Row]:
    rows = []
    for size, count in SIZES.items():
        catalog = catalog_of(count)
        floor = _scan_ms(catalog)

        def fresh(work, catalog=catalog) -> None:
            from armillary.catalogs import kept

            kept._shared.clear()
            work(catalog)

        for what, work in (
            ("filter mag < 15", lambda found: wanted_rows(found, Selection(filter="mag < 15"))),
            ("search in text", lambda found: wanted_rows(found, Selection(search="s 997"))),
            ("sort by a number", lambda found: selected_rows(found, Selection(), found.field("mag"))),
        ):
            took = least_ms(partial(fresh, work), 2)
            rows.append(row(f"{what}, first time, of {size} rows of Parquet", took, "ms", floor=floor))
    return rows


def run_reading() -> list[Row]:
    """From a file in the page cache to the first choice for the whole sky."""
    prepare()
    ranks_of(catalog_of(SIZES["10⁶"]))
    rows = []
    for size, count in SIZES.items():
        floor = least_ms(partial(_sort_positions, count), 1)
        for kind, make in (("Parquet", parquet_file), ("FITS", fits_file), ("CSV", csv_file)):
            path = make(count)
            data.read_through(path)
            took = least_ms(lambda path=path: ranks_of(read_catalog(path)), 2)
            rows.append(row(f"read {size} rows of {kind}; floor: sorting the positions", took, "ms", floor=floor))
            gc.collect()
    return rows


def _sort_positions(count: int) -> None:
    np.argsort(np.random.default_rng(1).integers(0, 1 << 62, count))


PARTS = (run_reading, run_views, run_tables, *hats.PARTS)


def run() -> list[Row]:
    """Rows of all parts."""
    return [found for part in PARTS for found in part()]
