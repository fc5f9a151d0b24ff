"""Memory of an import does not grow with its input."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = """
import sys
from pathlib import Path
from armillary.catalogs.engine.tasks import Threads
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog

arguments = ImportArguments(
    input_paths=[sys.argv[1]], output_path=sys.argv[2], output_artifact_name="c", pixel_threshold=20_000,
    highest_healpix_order=6, piece_bytes=4 << 20, memory_bytes=8 << 20,
)
import_catalog(arguments, engine=Threads(2))
# What getrusage says would count the process that started this one.
print(int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) >> 10)
"""
GROWTH_MIB = 50


def peak_mib(path: Path, output: Path) -> int:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), str(output)], capture_output=True, text=True, check=True, timeout=240
    )
    return int(done.stdout)


def write(kind: str, rows: int, folder: Path) -> Path:
    rng = np.random.default_rng(1)
    columns = {f"x{k}": rng.random(rows).round(6) for k in range(8)}
    table = pa.table({"ra": rng.uniform(0, 360, rows), "dec": rng.uniform(-90, 90, rows), **columns})
    path = folder / f"{rows}.{kind}"
    if kind == "parquet":
        parquet.write_table(table, path, row_group_size=rows)
        return path
    csv.write_csv(table, folder / "plain.csv")
    if kind == "csv":
        return (folder / "plain.csv").rename(path)
    with (folder / "plain.csv").open("rb") as plain, gzip.open(path, "wb", 1) as packed:
        shutil.copyfileobj(plain, packed)
    return path


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read from /proc")
@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz"])
def test_the_peak_does_not_grow_with_the_input(kind: str, tmp_path: Path) -> None:
    small = peak_mib(write(kind, 200_000, tmp_path), tmp_path / "small")
    large = peak_mib(write(kind, 1_200_000, tmp_path), tmp_path / "large")
    # The larger table alone takes 76 MiB more in memory.
    assert large - small < GROWTH_MIB, (small, large)
