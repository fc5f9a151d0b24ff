"""Import of every kind of file: the same rows and types, sorted, each in its pixel; others open what is written."""

from __future__ import annotations

import gzip
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import healpy
import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import Table as AstropyTable
from pyarrow import compute, csv, feather, parquet

from armillary.catalogs.hats import names
from armillary.catalogs.hats.properties import read_properties
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.catalogs.hats.catalog import HatsCatalog

Sky = Any


def imported(inputs: list[Path], output: Path, name: str = "made", **words: Any) -> HatsCatalog:
    words = {"pixel_threshold": 400, "highest_healpix_order": 6, **words}
    return import_catalog(ImportArguments(input_paths=inputs, output_path=output, output_artifact_name=name, **words))


def rows_of(catalog: HatsCatalog) -> pa.Table:
    return pa.concat_tables([read_columns(catalog, pixel, None) for pixel in catalog.partitions])


def check_whole(catalog: HatsCatalog) -> pa.Table:
    """Sorted, every row in its pixel, the index equal to the position; and the table without the index."""
    tables = []
    for pixel in catalog.partitions:
        table = read_columns(catalog, pixel, None)
        assert table.schema.names[0] == names.INDEX_COLUMN
        cells = table[names.INDEX_COLUMN].to_numpy()
        ra, dec = (table[name].to_numpy() for name in (catalog.ra_column, catalog.dec_column))
        theirs = healpy.ang2pix(1 << 29, ra.astype(float), dec.astype(float), nest=True, lonlat=True)
        assert (cells == theirs).all()
        assert (np.diff(cells) >= 0).all()
        assert pixel.start <= cells[0]
        assert cells[-1] < pixel.stop
        tables.append(table)
    whole = pa.concat_tables(tables)
    assert catalog.rows == len(whole)
    return whole.drop_columns([names.INDEX_COLUMN])


def check_with_hats(catalog: HatsCatalog) -> None:
    validation = pytest.importorskip("hats.io.validation")
    assert validation.is_valid_catalog(catalog.folder.address, strict=True, verbose=False)


def same_rows(found: pa.Table, given: pa.Table, key: str = "id") -> bool:
    order = [(key, "ascending")]
    found = found.select(given.schema.names).sort_by(order).combine_chunks()
    return bool(found.equals(given.cast(found.schema).sort_by(order).combine_chunks()))


def as_parquet(table: pa.Table, path: Path) -> None:
    parquet.write_table(table, path, row_group_size=300)


def as_astropy(table: pa.Table) -> AstropyTable:
    made = AstropyTable()
    for name in table.schema.names:
        column = table[name].to_numpy()
        made[name] = column.astype(str) if column.dtype == object else column
    return made


def as_fits(table: pa.Table, path: Path) -> None:
    as_astropy(table.set_column(4, "band", compute.replace_substring(table["band"], "é<&", "e"))).write(path)


def as_votable(table: pa.Table, path: Path) -> None:
    as_astropy(table).write(path, format="votable")


def as_ecsv(table: pa.Table, path: Path) -> None:
    as_astropy(table).write(path, format="ascii.ecsv", delimiter=",")


def as_gzip(table: pa.Table, path: Path) -> None:
    with gzip.open(path, "wb") as file:
        csv.write_csv(table, file)


WRITERS: dict[str, Callable[[pa.Table, Path], None]] = {
    "a.csv": csv.write_csv,
    "a.csv.gz": as_gzip,
    "a.tsv": lambda table, path: csv.write_csv(table, path, csv.WriteOptions(delimiter="\t")),
    "a.parquet": as_parquet,
    "a.arrow": lambda table, path: feather.write_feather(table, path, chunksize=300),
    "a.fits": as_fits,
    "a.vot": as_votable,
    "a.ecsv": as_ecsv,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_gives_the_same_catalog(name: str, tmp_path: Path, sky: Sky) -> None:
    table = sky(1, 2500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        WRITERS[name](table, tmp_path / name)
    catalog = imported([tmp_path / name], tmp_path, piece_bytes=30_000)
    found = check_whole(catalog)
    assert found["id"].type == pa.int64()
    numbers = ["id", "ra", "dec"]
    # Positions are written as text to the last digit.
    assert same_rows(found.select(numbers), table.select(numbers))
    wanted = table.sort_by("id")
    ours = found.sort_by("id")
    assert np.array_equal(ours["mag"].to_numpy().astype(float), wanted["mag"].to_numpy().astype(float), equal_nan=True)
    if name != "a.fits":
        assert ours["band"].to_pylist() == wanted["band"].to_pylist()
    check_with_hats(catalog)
    assert [name for name in catalog.folder.files() if "work" in name or "partial" in name] == []


@pytest.mark.parametrize("memory", [0, 1 << 30], ids=["files", "memory"])
def test_the_ways_of_reading_give_the_same_bytes(memory: int, tmp_path: Path, sky: Sky) -> None:
    csv.write_csv(sky(2, 3000), tmp_path / "a.csv")
    whole = imported([tmp_path / "a.csv"], tmp_path, "whole")
    cut = imported([tmp_path / "a.csv"], tmp_path, "cut", piece_bytes=17_001, memory_bytes=memory)
    ours = {name: whole.folder.read(name) for name in whole.folder.files() if "properties" not in name}
    assert ours == {name: cut.folder.read(name) for name in cut.folder.files() if "properties" not in name}


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "words", "rows"),
    [
        ("small_sky_source.csv", {"ra_column": "source_ra", "dec_column": "source_dec"}, 17_161),
        ("hipparcos_117955_decoded.csv.gz", {"pixel_threshold": 20_000}, 117_955),
        ("gaia_data.fits", {}, 4096),
        ("2MASS_PSC.vot", {}, 683),
    ],
    ids=["source", "hipparcos", "gaia", "2mass"],
)
def test_real_tables(file: str, words: dict[str, Any], rows: int, tmp_path: Path, real_data: Path) -> None:
    catalog = imported([real_data / file], tmp_path, **{"pixel_threshold": 3000, **words})
    assert len(check_whole(catalog)) == rows
    check_with_hats(catalog)


@pytest.mark.real_data
def test_the_same_as_pandas_reads(tmp_path: Path, real_data: Path) -> None:
    pandas = pytest.importorskip("pandas")
    theirs = pandas.read_csv(real_data / "small_sky_source.csv").sort_values("source_id")
    catalog = imported(
        [real_data / "small_sky_source.csv"],
        tmp_path,
        pixel_threshold=3000,
        ra_column="source_ra",
        dec_column="source_dec",
    )
    ours = check_whole(catalog).sort_by("source_id").to_pandas()
    assert list(ours.columns) == list(theirs.columns)
    for name in ours.columns:
        assert (ours[name].to_numpy() == theirs[name].to_numpy()).all(), name


def test_lsdb_opens_what_is_written(tmp_path: Path, sky: Sky) -> None:
    lsdb = pytest.importorskip("lsdb")
    table = sky(3, 2000)
    as_parquet(table, tmp_path / "a.parquet")
    imported([tmp_path / "a.parquet"], tmp_path, create_thumbnail=True, skymap_alt_orders=[2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        opened = lsdb.open_catalog(tmp_path / "made")
        near = opened.cone_search(83.6, -5.4, 3600.0).compute()
    vectors = healpy.ang2vec(table["ra"].to_numpy(), table["dec"].to_numpy(), lonlat=True)
    inside = vectors @ healpy.ang2vec(83.6, -5.4, lonlat=True) >= np.cos(np.radians(1.0))
    assert sorted(near["id"]) == sorted(table["id"].to_numpy()[inside].tolist())


@pytest.mark.parametrize(
    ("words", "change"),
    [
        ({"unit": "radians"}, np.radians),
        ({"frame": "galactic"}, None),
        ({}, "sexagesimal"),
    ],
    ids=["radians", "galactic", "sexagesimal"],
)
def test_positions_in_other_forms_are_converted(words: dict[str, Any], change: Any, tmp_path: Path, sky: Sky) -> None:
    from astropy.coordinates import Angle, SkyCoord

    table = sky(4, 300).select(["id", "ra", "dec"])
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    if change is None:
        galactic = SkyCoord(ra, dec, unit="deg").galactic
        ra_given, dec_given = galactic.l.deg, galactic.b.deg
    elif change == "sexagesimal":
        ra_given = Angle(ra, "deg").to_string(unit="hour", sep=":", precision=6)
        dec_given = Angle(dec, "deg").to_string(unit="deg", sep=":", precision=6, alwayssign=True)
    else:
        ra_given, dec_given = change(ra), change(dec)
    given = pa.table({"id": table["id"], "ra": list(ra_given), "dec": list(dec_given)})
    csv.write_csv(given, tmp_path / "a.csv")
    catalog = imported([tmp_path / "a.csv"], tmp_path, **words)
    assert (catalog.ra_column, catalog.dec_column) == ("ra_deg", "dec_deg")
    found = check_whole(catalog).sort_by("id")
    assert found.schema.names == ["id", "ra", "dec", "ra_deg", "dec_deg"]
    turn = (found["ra_deg"].to_numpy() - table["ra"].to_numpy() + 180.0) % 360.0 - 180.0
    assert np.abs(turn * np.cos(np.radians(dec))).max() < 1e-8
    assert np.abs(found["dec_deg"].to_numpy() - dec).max() < 1e-8


def test_units_and_ucds_of_the_file_count(tmp_path: Path, sky: Sky) -> None:
    table = as_astropy(sky(5, 300))
    table["alpha"], table["delta"] = np.radians(table["ra"]), np.radians(table["dec"])
    for name, ucd in (("alpha", "pos.eq.ra;meta.main"), ("delta", "pos.eq.dec;meta.main")):
        table[name].unit = "rad"
        table[name].meta["ucd"] = ucd
    table.remove_columns(["ra", "dec"])
    table.write(tmp_path / "a.vot", format="votable")
    catalog = imported([tmp_path / "a.vot"], tmp_path)
    assert catalog.ra_column == "ra"
    assert len(check_whole(catalog)) == 300
    assert catalog.schema.field("alpha").metadata[b"unit"] == b"rad"


def test_bad_positions_are_set_aside(tmp_path: Path) -> None:
    ra = [10.0, None, np.nan, np.inf, 10.0, 10.0, 370.0, -10.0]
    dec = [0.0, 0.0, 0.0, 0.0, 90.0000001, -np.inf, 0.0, -90.0]
    parquet.write_table(pa.table({"id": list(range(8)), "ra": ra, "dec": dec}), tmp_path / "a.parquet")
    catalog = imported([tmp_path / "a.parquet"], tmp_path)
    assert sorted(rows_of(catalog)["id"].to_pylist()) == [0, 6, 7]
    aside = parquet.read_table(catalog.folder.path(names.BAD_POSITIONS))
    assert sorted(aside["id"].to_pylist()) == [1, 2, 3, 4, 5]
    words = read_properties("p", catalog.folder.read(names.PROPERTIES))
    assert (words["armillary_bad_positions"], words["hats_nrows"]) == ("5", "3")
    check_with_hats(catalog)


def test_sky_maps_count_rows(tmp_path: Path, sky: Sky) -> None:
    table = sky(6, 1500)
    as_parquet(table, tmp_path / "a.parquet")
    catalog = imported([tmp_path / "a.parquet"], tmp_path, skymap_order=4, skymap_alt_orders=[1])
    for name, order in (("skymap.fits", 4), ("skymap.1.fits", 1)):
        with fits.open(catalog.folder.path(name)) as file:
            found = dict(zip(file[1].data["PIXEL"].tolist(), file[1].data["VALUE"].tolist(), strict=True))
        pixels = healpy.ang2pix(1 << order, table["ra"].to_numpy(), table["dec"].to_numpy(), nest=True, lonlat=True)
        assert found == dict(zip(*(part.tolist() for part in np.unique(pixels, return_counts=True)), strict=True))


def test_orders_bytes_and_sorting(tmp_path: Path, sky: Sky) -> None:
    table = sky(7, 1500)
    table = pa.concat_tables([table, table.set_column(3, "mag", compute.add(table["mag"], 1.0))])
    as_parquet(table, tmp_path / "a.parquet")
    constant = imported([tmp_path / "a.parquet"], tmp_path, "c", constant_healpix_order=2)
    assert set(constant.partitions.order.tolist()) == {2}
    sized = imported([tmp_path / "a.parquet"], tmp_path, "b", byte_pixel_threshold=20_000)
    assert max(len(read_columns(sized, pixel, ["id"])) for pixel in sized.partitions) <= 20_000 // 36
    turned = imported([tmp_path / "a.parquet"], tmp_path, "s", sort_columns=["mag"])
    check_whole(turned)
    for pixel in turned.partitions:
        rows = read_columns(turned, pixel, ["_healpix_29", "mag"]).to_pylist()
        keys = [(row["_healpix_29"], row["mag"] is None, row["mag"] or 0.0) for row in rows]
        assert keys == sorted(keys)
