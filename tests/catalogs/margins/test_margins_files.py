"""Margins on disk: what they hold, what they say of themselves, who opens them; hipscat; margins within an import."""

from __future__ import annotations

import json
import shutil
import warnings
from typing import TYPE_CHECKING, Any

import healpy
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.catalogs.hats.properties import read_properties
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.margins.run import make_margin
from armillary.errors import ArmillaryError, ParameterError, UnsupportedFileError

if TYPE_CHECKING:
    from pathlib import Path

Sky = Any
Hats = Any


def margin_of(catalog: HatsCatalog, folder: Path, threshold: float = 600.0, **words: Any) -> HatsCatalog:
    words.setdefault("output_artifact_name", "margin")
    return make_margin(
        MarginArguments(
            input_catalog_path=catalog.folder.address, output_path=folder, margin_threshold=threshold, **words
        )
    )


def contents(catalog: HatsCatalog) -> dict[Pixel, list[int]]:
    return {pixel: sorted(read_columns(catalog, pixel, ["id"])["id"].to_pylist()) for pixel in catalog.partitions}


def expected(catalog: HatsCatalog, table: pa.Table, threshold: float) -> dict[Pixel, list[int]]:
    """Ids of the rows of all margins, by the kernels on the whole table; these have an oracle of their own."""
    ra, dec, ids = (table[name].to_numpy() for name in ("ra", "dec", "id"))
    cells = healpy.ang2pix(1 << 29, ra, dec, nest=True, lonlat=True)
    order = np.argsort(cells, kind="stable")
    ra, dec, ids, cells = ra[order], dec[order], ids[order], cells[order]
    places = catalog.partitions.places_of(cells)
    found: dict[Pixel, list[int]] = {}
    for place in range(len(catalog.partitions)):
        mine = places == place
        rows, margins = Borders(catalog.partitions, threshold).select(place, cells[mine], ra[mine], dec[mine])
        for row, margin in zip(rows.tolist(), margins.tolist(), strict=True):
            found.setdefault(catalog.partitions[margin], []).append(int(ids[mine][row]))
    return {pixel: sorted(rows) for pixel, rows in found.items()}


def words_of(catalog: HatsCatalog) -> dict[str, str]:
    return read_properties("p", catalog.folder.read(names.PROPERTIES))


def test_a_margin_is_whole(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    table = sky(1, 6000)
    catalog = hats_of(tmp_path, "sky", table)
    margin = margin_of(catalog, tmp_path)
    assert contents(margin) == expected(catalog, table, 600.0)
    assert margin.rows == sum(map(len, contents(margin).values()))
    assert margin.schema.equals(catalog.schema)
    for pixel in margin.partitions:
        cells = read_columns(margin, pixel, None)[names.INDEX_COLUMN].to_numpy()
        assert (np.diff(cells) >= 0).all()
        assert ((cells < pixel.start) | (cells >= pixel.stop)).all()
    words = words_of(margin)
    assert (words["dataproduct_type"], words["hats_primary_table_url"]) == ("margin", "../sky")
    assert (words["hats_margin_threshold"], words["armillary_margin_exact"]) == ("600.0", "true")
    validation = pytest.importorskip("hats.io.validation")
    assert validation.is_valid_catalog(margin.folder.address, strict=True, verbose=False)


def test_lsdb_opens_a_catalog_with_its_margin(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    lsdb = pytest.importorskip("lsdb")
    catalog = hats_of(tmp_path, "sky", sky(2, 2000))
    margin = margin_of(catalog, tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = lsdb.open_catalog(tmp_path / "sky", margin_cache=tmp_path / "margin")
        assert len(opened.margin.compute()) == margin.rows


def test_whole_pixels_are_more_and_say_so(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    table = sky(3, 3000)
    catalog = hats_of(tmp_path, "sky", table, highest_order=5)
    exact, pixels = (
        contents(margin_of(catalog, tmp_path)),
        margin_of(catalog, tmp_path, margin_order=7, output_artifact_name="more"),
    )
    more = contents(pixels)
    assert all({*rows} <= {*more[pixel]} for pixel, rows in exact.items())
    assert sum(map(len, more.values())) > sum(map(len, exact.values()))
    words = words_of(pixels)
    assert (words["armillary_margin_exact"], words["armillary_margin_order"]) == ("false", "7")
    for pixel in pixels.partitions:
        table = read_columns(pixels, pixel, [names.INDEX_COLUMN])
        for number in np.unique(table[names.INDEX_COLUMN].to_numpy() >> (2 * (29 - 7))):
            around = healpy.get_all_neighbours(1 << 7, int(number), nest=True)
            assert pixel.index in around[around >= 0] >> (2 * (7 - pixel.order))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"threshold": 0.0}, "margin_threshold"),
        ({"threshold": -5.0}, "margin_threshold"),
        ({"threshold": float("nan")}, "margin_threshold"),
        ({"threshold": float("inf")}, "margin_threshold"),
        ({"threshold": 648_001.0}, "margin_threshold"),
        ({"margin_order": 30}, "orders go from 0 to 29"),
        ({"margin_order": 0}, r"larger than a partition: orders from \d to 7 will do"),
        ({"margin_order": 8}, 'narrower than 600": orders from'),
        ({"output_artifact_name": "a/b"}, "output_artifact_name"),
        ({"output_artifact_name": "sky", "overwrite": True}, "its input lies there"),
    ],
    ids=range(10),
)
def test_arguments_that_make_no_sense(
    words: dict[str, Any], message: str, tmp_path: Path, sky: Sky, hats_of: Hats
) -> None:
    catalog = hats_of(tmp_path, "sky", sky(4, 3000), highest_order=5)
    with pytest.raises(ArmillaryError, match=message):
        margin_of(catalog, tmp_path, **words)
    assert [path.name for path in tmp_path.iterdir()] == ["sky"]
    assert open_catalog(tmp_path / "sky").kind == "object"


def test_margins_have_no_margins(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    margin = margin_of(hats_of(tmp_path, "sky", sky(4, 1000)), tmp_path)
    with pytest.raises(UnsupportedFileError, match="margins are of objects"):
        margin_of(margin, tmp_path, output_artifact_name="again")


def test_a_margin_may_be_empty(tmp_path: Path, hats_of: Hats) -> None:
    table = pa.table({"id": [1, 2], "ra": [10.0, 190.0], "dec": [1.0, 1.0]})
    margin = margin_of(hats_of(tmp_path, "far", table, pixels=[(3, 282), (0, 6)]), tmp_path, 1.0)
    assert (margin.rows, len(margin.partitions)) == (0, 0)
    assert margin.schema.names == [names.INDEX_COLUMN, "id", "ra", "dec"]


def hipscat_of(catalog: HatsCatalog, folder: Path) -> HatsCatalog:
    """The same catalog in the older layout: another index, columns that name the pixel, rows in another order."""
    folder.mkdir()
    for pixel in catalog.partitions:
        table = read_columns(catalog, pixel, None)
        table = table.take(np.random.default_rng(1).permutation(len(table)))
        old = (table[names.INDEX_COLUMN].to_numpy() >> 20).astype(np.uint64) << np.uint64(22)
        table = table.drop_columns([names.INDEX_COLUMN])
        for name, value in zip(names.HIVE_COLUMNS, (pixel.order, 0, pixel.index), strict=True):
            table = table.append_column(name, pa.array(np.full(len(table), value, np.int32)))
        table = table.append_column(names.HIPSCAT_INDEX, pa.array(old))
        path = folder / names.file_of(pixel)
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table, path)
    lines = [f"{pixel.order},0,{pixel.index},1" for pixel in catalog.partitions]
    (folder / names.PARTITION_INFO).write_text("\n".join(["Norder,Dir,Npix,num_rows", *lines]) + "\n")
    words = {"catalog_name": "old", "catalog_type": "object", "ra_column": "ra", "dec_column": "dec", "total_rows": 1}
    (folder / names.HIPSCAT_INFO).write_text(json.dumps(words))
    return open_catalog(folder)


def test_catalogs_of_hipscat_have_the_same_margin(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    table = sky(5, 3000)
    catalog = hats_of(tmp_path, "sky", table)
    margin = margin_of(hipscat_of(catalog, tmp_path / "old"), tmp_path)
    assert contents(margin) == expected(catalog, table, 600.0)
    assert margin.schema.names == [names.INDEX_COLUMN, "id", "ra", "dec", "mag", "band"]
    for pixel in margin.partitions:
        found = read_columns(margin, pixel, None)
        cells = healpy.ang2pix(1 << 29, found["ra"].to_numpy(), found["dec"].to_numpy(), nest=True, lonlat=True)
        assert (found[names.INDEX_COLUMN].to_numpy() == cells).all()
        assert (np.diff(cells) >= 0).all()


def test_margins_on_other_storage(tmp_path: Path, sky: Sky, hats_of: Hats) -> None:
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").store.clear()
    catalog = hats_of(tmp_path, "sky", sky(6, 2000))
    there = Folder("memory://skies/sky")
    for name in catalog.folder.files():
        there.write(name, catalog.folder.read(name))
    margin = margin_of(open_catalog(there), "memory://skies")  # type: ignore[arg-type]
    assert contents(margin) == contents(margin_of(catalog, tmp_path))


def import_with(folder: Path, **words: Any) -> HatsCatalog:
    return import_catalog(
        ImportArguments(
            input_paths=[folder / "a.parquet"],
            output_path=folder,
            output_artifact_name="sky",
            pixel_threshold=400,
            highest_healpix_order=6,
            margin_threshold=600.0,
            **words,
        )
    )


def test_a_margin_within_an_import(tmp_path: Path, sky: Sky) -> None:
    table = sky(7, 3000)
    parquet.write_table(table, tmp_path / "a.parquet")
    catalog = import_with(tmp_path)
    margin = open_catalog(tmp_path / "sky_600arcs")
    assert contents(margin) == expected(catalog, table, 600.0)
    shutil.rmtree(tmp_path / "sky")
    with pytest.raises(ArmillaryError, match="sky_600arcs: there is a catalog already"):
        import_with(tmp_path)
    again = import_with(tmp_path, overwrite=True)
    assert again.rows == 3000


def test_borders_of_nothing() -> None:
    rows, places = Borders(Partitions([(0, 0)]), 5.0).select(
        0, *(np.zeros(1, kind) for kind in (np.int64, float, float))
    )
    assert (len(rows), len(places)) == (0, 0)


def test_parameters_are_named() -> None:
    with pytest.raises(ParameterError):
        MarginArguments(input_catalog_path="a", output_path=".", output_artifact_name="..")
