"""Skies of generated sources, and catalogs of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import healpy
import numpy as np
import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

sys.path.insert(0, str(Path(__file__).parent))


def generated_sky(seed: int, rows: int, clump: tuple[float, float] | None = (83.6, -5.4)) -> pa.Table:
    """Sources all over the sky, a third of them in a clump, some at the poles and about right ascension 0."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, rows), np.degrees(np.arcsin(rng.uniform(-1, 1, rows)))
    if clump is not None:
        many = rows // 3
        ra[:many] = (clump[0] + rng.normal(0, 1.5, many)) % 360.0
        dec[:many] = np.clip(clump[1] + rng.normal(0, 1.5, many), -90, 90)
        few = rows // 20
        dec[many : many + few] = np.where(rng.random(few) < 0.5, 1, -1) * (90.0 - rng.exponential(0.3, few))
        ra[many + few : many + 2 * few] = rng.normal(0, 0.01, few) % 360.0
    mag = rng.normal(18, 2, rows)
    return pa.table(
        {
            "id": np.arange(rows) + (1 << 54),
            "ra": ra,
            "dec": dec,
            "mag": pa.array(mag, mask=rng.random(rows) < 0.05),
            "band": pa.array(rng.choice(["g", "r", "i", "é<&"], rows)),
        }
    )


@pytest.fixture(scope="session")
def sky() -> Callable[..., pa.Table]:
    """Makes tables of sources: ``sky(seed, rows)``."""
    return generated_sky


def write_hats(
    folder: Path,
    name: str,
    table: pa.Table,
    *,
    threshold: int = 500,
    highest_order: int = 7,
    pixels: Sequence[tuple[int, int]] | None = None,
    words: dict[str, object] | None = None,
    row_group_rows: int = 200,
) -> Any:
    """A catalog of a table on disk; its index by healpy."""
    from armillary.catalogs.hats import writing
    from armillary.catalogs.hats.catalog import open_catalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Partitions
    from armillary.catalogs.ingest.alignment import Counts, align

    cells = healpy.ang2pix(1 << 29, table["ra"].to_numpy(), table["dec"].to_numpy(), nest=True, lonlat=True)
    order = np.argsort(cells, kind="stable")
    table, cells = table.take(order), cells[order]
    if pixels is None:
        pixels = align(Counts.of(cells, 2 * (29 - highest_order)), highest_order, threshold)
    partitions = Partitions(pixels)
    assert (partitions.places_of(cells) >= 0).all()
    place = Folder(folder).child(name)
    indexed = writing.with_index(table, cells).combine_chunks()
    how = writing.Writing(level=1, row_group_rows=row_group_rows)
    parts = []
    for pixel in partitions:
        low, high = np.searchsorted(cells, [pixel.start, pixel.stop])
        parts.append(writing.write_partition(place.child("dataset"), pixel, indexed.slice(low, high - low), how))
    writing.write_metadata(place.child("dataset"), parts, indexed.schema)
    writing.write_partition_info(place, list(partitions))
    said = {
        "obs_collection": name,
        "dataproduct_type": "object",
        "hats_col_ra": "ra",
        "hats_col_dec": "dec",
        "hats_col_healpix": "_healpix_29",
        "hats_col_healpix_order": 29,
        "hats_npix_suffix": ".parquet",
    }
    writing.write_words(place, {**said, **writing.words_of(partitions, len(table), 1), **(words or {})})
    return open_catalog(place)


@pytest.fixture(scope="session")
def hats_of() -> Callable[..., Any]:
    """Writes catalogs: ``hats_of(folder, name, table, **words)``, see ``write_hats``."""
    return write_hats
