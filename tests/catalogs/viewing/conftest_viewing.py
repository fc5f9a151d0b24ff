"""Catalogs on disk in the forms that there are, and planes to look at them on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits

from armillary.catalogs import import_catalog
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.hats.writing import Writing
from armillary.catalogs.viewing.catalog import SkyCatalog, open_shown
from armillary.sky.wcs import PlaneWcs
from armillary.storage.compiler import prepare

ROWS = 12_000


def imported(top: Path, name: str, inputs: list[Path], **words: Any) -> Path:
    """A catalog of mixed orders with small row groups."""
    given = {"pixel_threshold": 900, "highest_healpix_order": 6, "writing": Writing(row_group_rows=250)} | words
    import_catalog(input_paths=inputs, output_path=top, output_artifact_name=name, **given)
    return top / name


def write_hipscat(source: Path, folder: Path) -> Path:
    """A catalog in the layout of hipscat: files at the root, an index of order 19, words in JSON."""
    hats = open_catalog(source)
    for pixel in hats.partitions:
        table = pq.read_table(hats.data.path(hats.file(pixel)), partitioning=None)
        cells = table["_healpix_29"].to_numpy().astype(np.uint64)
        table = table.drop_columns(["_healpix_29"])
        table = table.append_column("_hipscat_index", pa.array((cells >> np.uint64(20)) << np.uint64(22)))
        for name, value in (("Norder", pixel.order), ("Dir", 0), ("Npix", pixel.index)):
            table = table.append_column(name, pa.array(np.full(len(table), value)))
        path = folder / hats.file(pixel)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, row_group_size=250)
    pq.write_metadata(table.schema, folder / "_common_metadata")
    lines = [f"{pixel.order},0,{pixel.index},1" for pixel in hats.partitions]
    (folder / "partition_info.csv").write_text("\n".join(["Norder,Dir,Npix,num_rows", *lines, ""]))
    words = {"catalog_name": "old", "catalog_type": "object", "ra_column": "ra", "dec_column": "dec"}
    (folder / "catalog_info.json").write_text(json.dumps(words | {"total_rows": hats.rows}))
    return folder


def split_in_files(source: Path, folder: Path) -> Path:
    """The same catalog, each partition a folder of two files."""
    shutil.copytree(source, folder)
    words = (folder / "hats.properties").read_text().replace("hats_npix_suffix=.parquet", "hats_npix_suffix=/")
    (folder / "hats.properties").write_text(words)
    collected: list[Any] = []
    for file in sorted((folder / "dataset").glob("Norder=*/Dir=*/Npix=*.parquet")):
        table: Any = pq.read_table(file, partitioning=None)
        file.unlink()
        inner = file.with_suffix("")
        inner.mkdir()
        half = len(table) // 2
        for name, part in (("a.parquet", table.slice(0, half)), ("b.parquet", table.slice(half))):
            pq.write_table(part, inner / name, row_group_size=100, metadata_collector=collected)
            collected[-1].set_file_path(str((inner / name).relative_to(folder / "dataset")))
    schema = pq.read_schema(folder / "dataset/_common_metadata")
    pq.write_metadata(schema, folder / "dataset/_metadata", metadata_collector=collected)
    return folder


HATS_IMPORT = """
import sys
from dask.distributed import Client
from hats_import.catalog.arguments import ImportArguments
from hats_import.catalog.file_readers import ParquetPyarrowReader
from hats_import.catalog.run_import import run

if __name__ == "__main__":
    source, top = sys.argv[1:]
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        run(
            ImportArguments(
                input_file_list=[source], file_reader=ParquetPyarrowReader(), ra_column="ra", dec_column="dec",
                output_path=top, output_artifact_name="peer", pixel_threshold=900, highest_healpix_order=6,
                row_group_kwargs={"num_rows": 250}, progress_bar=False,
            ),
            client,
        )
"""


def by_hats_import(top: Path, table: pa.Table) -> Path:
    """A catalog as hats-import writes it, in a process of its own."""
    pytest.importorskip("hats_import")
    pq.write_table(table, top / "in.parquet")
    command = [sys.executable, "-c", HATS_IMPORT, str(top / "in.parquet"), str(top)]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return top / "peer"


def open_sky(folder: Path, **words: Any) -> SkyCatalog:
    """A catalog that nobody has looked at yet."""
    prepare()
    return SkyCatalog(open_shown(folder), **words)


def named(sky: SkyCatalog, rows: np.ndarray) -> list[int]:
    """What the sources of some rows are called, sorted."""
    return sorted(sky.take([sky.field("id")], rows)["id"].to_pylist())


def plane(kind: str, lon: float, lat: float, step: float, shape: tuple[int, int]) -> PlaneWcs:
    """World coordinates of a plane."""
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = f"RA---{kind}", f"DEC--{kind}"
    header["CRVAL1"], header["CRVAL2"] = lon, lat
    header["CDELT1"], header["CDELT2"] = -step, step
    header["CRPIX1"], header["CRPIX2"] = (shape[1] + 1) / 2, (shape[0] + 1) / 2
    made = PlaneWcs.from_header_text(header.tostring(sep="\n"), shape)
    assert made is not None
    return made


def within_cone(table: pa.Table, ra: float, dec: float, radius: float) -> list[int]:
    """What the sources within a cone are called, by astropy."""
    places = SkyCoord(table["ra"].to_numpy(), table["dec"].to_numpy(), unit="deg")
    inside = places.separation(SkyCoord(ra, dec, unit="deg")).deg <= radius
    return sorted(table["id"].to_numpy()[inside].tolist())
