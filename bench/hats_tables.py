"""Generated tables for the benchmarks of HATS catalogs: rows over the whole sky, in clumps and along a strip."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import data

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

FILES = 10
CLUMPS = 20
PARTS = (0.6, 0.3, 0.1)  # uniform, clumps, strip
_ROWS_AT_ONCE = 1_000_000
MATCHED = 0.7
SCATTER_ARCSEC = 0.7


def positions(rng: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ICRS degrees: uniform, clumps of two degrees, a strip along the equator, all mixed."""
    ra, dec = rng.uniform(0, 360, count), np.degrees(np.arcsin(rng.uniform(-1, 1, count)))
    kind = rng.choice(3, count, p=PARTS)
    fixed = np.random.default_rng(9)
    centres = fixed.uniform(0, 360, CLUMPS), fixed.uniform(-60, 60, CLUMPS)
    clump = rng.integers(0, CLUMPS, count)
    around = centres[0][clump] + 2 * rng.standard_normal(count), centres[1][clump] + 2 * rng.standard_normal(count)
    strip = rng.uniform(100, 160, count), rng.uniform(-1, 1, count)
    choices = ([kind == 1, kind == 2], [around[0] % 360, strip[0]], [around[1], strip[1]])
    return np.select(choices[0], choices[1], ra), np.select(choices[0], choices[2], dec)


def _table(rng: np.random.Generator, first: int, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> Any:
    import pyarrow as pa

    count = len(ra)
    return pa.table(
        {
            "id": np.arange(first, first + count),
            "ra": ra,
            "dec": dec,
            "mag_g": rng.normal(20, 2, count).astype(np.float32),
            "mag_r": rng.normal(20, 2, count).astype(np.float32),
            "mjd": rng.uniform(55_000, 60_000, count),
            "flag": rng.integers(0, 5, count).astype(np.int16),
            "pmra": rng.standard_normal(count),
        }
    )


def survey(rows: int) -> Path:
    """Folder of ``FILES`` Parquet files with so many rows; little is in memory at once."""
    from pyarrow import parquet

    def make(home: Path) -> None:
        home.mkdir()
        each = rows // FILES
        for number in range(FILES):
            writer: Any = None
            for start in range(0, each, _ROWS_AT_ONCE):
                rng = np.random.default_rng([rows, number, start])
                count = min(_ROWS_AT_ONCE, each - start)
                table = _table(rng, number * each + start, *positions(rng, count))
                writer = writer or parquet.ParquetWriter(home / f"part_{number}.parquet", table.schema)
                writer.write_table(table)
            writer.close()

    return data.made(f"survey_{rows}", make)


def pair(rows: int) -> tuple[Path, Path]:
    """Two folders of ``FILES`` files: of the right, ``MATCHED`` of the rows lie near rows of the left."""
    from pyarrow import parquet

    def make(home: Path) -> None:
        rng = np.random.default_rng(rows)
        ra, dec = positions(rng, rows)
        other_ra, other_dec = positions(rng, rows)
        near = rng.random(rows) < MATCHED
        step = SCATTER_ARCSEC / 3600
        beside = ra + step * rng.standard_normal(rows) / np.cos(np.radians(dec)), dec + step * rng.standard_normal(rows)
        right = np.where(near, beside[0] % 360, other_ra), np.clip(np.where(near, beside[1], other_dec), -90, 90)
        shuffled = rng.permutation(rows)
        for side, (lon, lat) in (("left", (ra, dec)), ("right", (right[0][shuffled], right[1][shuffled]))):
            (home / side).mkdir(parents=True)
            for number, which in enumerate(np.array_split(np.arange(rows), FILES)):
                table = _table(rng, int(which[0]), lon[which], lat[which])
                parquet.write_table(table, home / side / f"part_{number}.parquet")

    home = data.made(f"pair_{rows}", make)
    return home / "left", home / "right"


def scratch(name: str) -> Path:
    """An empty folder for results."""
    home = data.folder() / "hats" / name
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    return home
