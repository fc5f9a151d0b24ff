"""Searches of HATS catalogs against brute force over all rows."""

from __future__ import annotations

import json

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.matching.arguments import CrossmatchArguments
from armillary.catalogs.matching.run import crossmatch_catalogs
from armillary.catalogs.searching.arguments import SearchArguments
from armillary.catalogs.searching.moc import Moc, read_moc
from armillary.catalogs.searching.run import Search, count_rows, search_catalog
from armillary.errors import CorruptFileError, ParameterError, UnreadableFileError, UnsupportedFileError, UsageError
from armillary.sky.covers import cover, held_by, joined
from armillary.sky.frames import to_vectors
from armillary.sky.regions import Circle, Polygon, Range

ROWS = 6000


@pytest.fixture(scope="module")
def table(sky):
    return sky(1, ROWS)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory, hats_of, table):
    return hats_of(tmp_path_factory.mktemp("search"), "objects", table)


def ids(found):
    return sorted(found.column("id").to_pylist())


def inside(table, truths):
    return sorted(table.column("id").to_numpy()[truths].tolist())


def search(catalog, **words):
    return search_catalog(SearchArguments(input_catalog_path=catalog.folder.address, **words))


CONES = [(83.6, -5.4, 3600.0), (0.0, 10.0, 36000.0), (12.0, 89.9, 7200.0), (200.0, -90.0, 3600.0), (5.0, 5.0, 0.0)]


@pytest.mark.parametrize("cone", CONES)
def test_cones_against_astropy(catalog, table, cone):
    ra, dec, radius = cone
    apart = SkyCoord(ra * u.deg, dec * u.deg).separation(SkyCoord(table["ra"], table["dec"], unit="deg"))
    found = search(catalog, cone=cone)
    assert ids(found) == inside(table, apart.arcsec <= radius)
    assert found.schema.names == ["_healpix_29", *table.schema.names]
    assert np.all(np.diff(found["_healpix_29"].to_numpy()) >= 0)


@settings(max_examples=40)
@given(st.integers(0, 1 << 30))
def test_any_region_finds_what_brute_force_finds(catalog, table, seed):
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360), rng.uniform(-90, 90)
    size = 10 ** rng.uniform(-3, 2)
    kind = rng.integers(3)
    if kind == 0:
        region = Circle(ra, dec, min(180.0, 2 * size))
    elif kind == 1:
        region = Range(ra, ra + min(360.0, size), max(-90.0, dec - size), min(90.0, dec + size / 3))
    else:
        turn = np.sort(rng.uniform(0, 2 * np.pi, 5)) + np.arange(5) * 1e-3
        centre = SkyCoord(ra * u.deg, dec * u.deg)
        corners = centre.directional_offset_by(turn * u.rad, min(60.0, size) * u.deg)
        region = Polygon(np.stack([corners.ra.deg, corners.dec.deg], axis=-1))
    truths = region.contains(to_vectors(table["ra"].to_numpy(), table["dec"].to_numpy()))
    found = pa.concat_tables([Search(catalog, region).schema.empty_table(), *Search(catalog, region).tables(1)])
    assert ids(found) == inside(table, truths)
    assert Search(catalog, region).count(1) == truths.sum()


@settings(max_examples=40)
@given(st.floats(0, 360), st.floats(-90, 90), st.floats(1e-9, 180), st.integers(8, 3000))
def test_covers_hold_all_of_a_region(ra, dec, radius, most):
    region = Circle(ra, dec, radius)
    starts, stops = cover(region, most_cells=most)
    assert np.all(stops > starts)
    assert np.all(starts[1:] > stops[:-1])
    rng = np.random.default_rng(0)
    offsets = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(
        rng.uniform(0, 360, 200) * u.deg, radius * np.sqrt(np.append(rng.random(100), np.ones(100))) * u.deg
    )
    cells = cells_of(offsets.ra.deg, offsets.dec.deg)
    assert held_by(cells, starts, stops).all()


def test_small_cones_read_few_partitions(catalog):
    assert len(Search(catalog, Circle(83.6, -5.4, 0.01)).pixels) == 1
    assert len(Search(catalog).pixels) == len(catalog.partitions)


def test_box_across_right_ascension_zero(catalog, table):
    ra, dec = table["ra"].to_numpy(), table["dec"].to_numpy()
    truths = ((ra >= 350) | (ra <= 10)) & (dec >= -20) & (dec <= 20)
    assert ids(search(catalog, box=(350.0, 10.0, -20.0, 20.0))) == inside(table, truths)


def moc_files(folder, order, cells):
    uniq = np.asarray(cells) + 4 * 4**order
    ordered = {"ORDERING": "NUNIQ", "COORDSYS": "C", "MOCORDER": order, "PIXTYPE": "HEALPIX"}
    unit = fits.BinTableHDU.from_columns([fits.Column("UNIQ", "K", array=uniq)])
    unit.header.update(ordered)
    unit.writeto(folder / "uniq.fits")
    shift = 2 * (29 - order)
    ranges = np.array([[cell << shift, (cell + 1) << shift] for cell in cells])
    unit = fits.BinTableHDU.from_columns([fits.Column("RANGE", "K", array=ranges.ravel())])
    unit.header.update({**ordered, "ORDERING": "RANGE", "MOCDIM": "SPACE"})
    unit.writeto(folder / "range.fits")
    (folder / "moc.json").write_text(json.dumps({str(order): [int(cell) for cell in cells]}))
    (folder / "moc.txt").write_text(f"{order}/" + " ".join(map(str, cells)))
    return [folder / name for name in ("uniq.fits", "range.fits", "moc.json", "moc.txt")]


def test_coverage_maps_of_every_form(catalog, table, tmp_path):
    import healpy

    order = 4
    cells = sorted({0, 5, 6, 7, 1000, 2047, 3071, *range(1408, 1700)})
    own = healpy.ang2pix(1 << order, table["ra"].to_numpy(), table["dec"].to_numpy(), nest=True, lonlat=True)
    expected = inside(table, np.isin(own, cells))
    assert len(expected) > 100
    for file in moc_files(tmp_path, order, cells):
        assert ids(search(catalog, moc=file)) == expected, file.name


def test_coverage_maps_as_mocpy_writes_them(tmp_path):
    mocpy = pytest.importorskip("mocpy")
    given_ = mocpy.MOC.from_cone(lon=40 * u.deg, lat=60 * u.deg, radius=3 * u.deg, max_depth=11)
    for name in ("moc.fits", "moc.json", "moc.ascii"):
        form = name.partition(".")[2]
        given_.save(tmp_path / name, format=form)
        found = read_moc(tmp_path / name)
        assert np.array_equal(np.stack([found.starts, found.stops], axis=-1), given_.to_depth29_ranges), name


@pytest.mark.parametrize("data", [b"", b"SIMPLE", b"{]", b"no map", b'{"30": [1]}', b'{"1": [48]}', b"3/5-4"])
def test_what_is_no_coverage_map_is_refused(tmp_path, data):
    file = tmp_path / "bad.moc"
    file.write_bytes(data)
    with pytest.raises(CorruptFileError):
        read_moc(file)


def test_coverage_maps_of_other_frames_are_refused(tmp_path):
    unit = fits.BinTableHDU.from_columns([fits.Column("UNIQ", "K", array=[4])])
    unit.header.update({"ORDERING": "NUNIQ", "COORDSYS": "G"})
    unit.writeto(tmp_path / "g.fits")
    with pytest.raises(UnsupportedFileError, match="other coordinates"):
        read_moc(tmp_path / "g.fits")
    with pytest.raises(UnreadableFileError):
        read_moc(tmp_path / "missing.fits")


def test_ranges_are_joined():
    starts, stops = joined(np.array([5, 0, 9, 9, 2]), np.array([7, 3, 9, 12, 4]))
    assert starts.tolist() == [0, 5, 9]
    assert stops.tolist() == [4, 7, 12]


def test_filters_and_columns(catalog, table):
    found = search(catalog, cone=(83.6, -5.4, 7200.0), columns=["band", "id"], filters='mag < 18; band = "é<&"')
    assert found.schema.names == ["band", "id"]
    apart = SkyCoord(83.6, -5.4, unit="deg").separation(SkyCoord(table["ra"], table["dec"], unit="deg"))
    mag, band = table["mag"].to_numpy(), np.array(table["band"].to_pylist())
    assert ids(found) == inside(table, (apart.arcsec <= 7200) & (mag < 18) & (band == "é<&"))


def test_counts(catalog, table):
    words = {"input_catalog_path": catalog.folder.address}
    assert count_rows(SearchArguments(**words)) == ROWS
    assert count_rows(SearchArguments(**words, filters="mag < 18")) == (table["mag"].to_numpy() < 18).sum()
    assert len(search(catalog, limit=7)) == 7
    assert len(search(catalog, limit=ROWS + 5)) == ROWS


@pytest.mark.parametrize("name", ["out.parquet", "out.csv", "out.vot", "out.fits"])
def test_results_go_to_files(catalog, tmp_path, name):
    from astropy.table import Table

    words = {"cone": (83.6, -5.4, 3600.0)}
    expected = search(catalog, **words)
    assert search(catalog, **words, output=tmp_path / name) == len(expected)
    if name.endswith("parquet"):
        assert pq.read_table(tmp_path / name).equals(expected)
    else:
        form = {"csv": "ascii.csv", "vot": "votable", "fits": "fits"}[name.partition(".")[2]]
        assert list(Table.read(tmp_path / name, format=form)["id"]) == expected["id"].to_pylist()
    with pytest.raises(UsageError, match="already"):
        search(catalog, **words, output=tmp_path / name)
    assert search(catalog, **words, output=tmp_path / name, overwrite=True) == len(expected)


@pytest.mark.parametrize("way", ["search", "match, left", "match, right"])
def test_a_result_is_never_written_into_a_catalog_that_is_read(catalog, hats_of, table, tmp_path, way):
    (tmp_path / "link").symlink_to(catalog.folder.address)
    own, other = catalog.folder.address, hats_of(tmp_path, "other", table).folder.address
    before = {path: path.read_bytes() for path in sorted(tmp_path.glob("link/**/*.parquet"))}
    words = {"output": next(iter(before)), "output_format": "parquet", "overwrite": True}
    works = {
        "search": lambda: search(catalog, cone=(0.0, 0.0, 36000.0), **words),
        "match, left": lambda: crossmatch_catalogs(
            CrossmatchArguments(left_catalog_path=own, right_catalog_path=other, radius_arcsec=1.0, **words)
        ),
        "match, right": lambda: crossmatch_catalogs(
            CrossmatchArguments(left_catalog_path=other, right_catalog_path=own, radius_arcsec=1.0, **words)
        ),
    }
    with pytest.raises(UsageError, match="would lie in the catalog that is read"):
        works[way]()
    assert {path: path.read_bytes() for path in before} == before


BAD = [
    ({"cone": (0.0, 91.0, 1.0)}, "declinations"),
    ({"cone": (0.0, 0.0, -1.0)}, "radius"),
    ({"cone": (0.0, float("nan"), 1.0)}, "finite"),
    ({"cone": (0.0, 0.0, 1.0), "box": (0.0, 1.0, 0.0, 1.0)}, "one part of the sky"),
    ({"columns": ["no"]}, "no column 'no'"),
    ({"columns": "ra"}, "list of names"),
    ({"filters": "no < 1"}, "no column"),
    ({"filters": "mag <"}, "value is missing"),
    ({"limit": 0}, "greater than 0"),
    ({"output": "x.doc"}, "parquet, csv"),
]


@pytest.mark.parametrize(("words", "message"), BAD)
def test_bad_arguments_are_named(catalog, words, message):
    with pytest.raises((ParameterError, UsageError), match=message):
        search(catalog, **words)


def test_hipparcos_against_brute_force(tmp_path, real_data):
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.ingest.run import import_catalog

    source = real_data / "hipparcos_117955_decoded.csv.gz"
    made = import_catalog(
        ImportArguments(
            input_paths=[source], output_path=tmp_path, output_artifact_name="hipparcos", pixel_threshold=10_000
        )
    )
    whole = pa.concat_tables(Search(open_catalog(made.folder)).tables())
    pleiades = Circle(56.75, 24.12, 2.0)
    truths = pleiades.contains(to_vectors(whole[made.ra_column].to_numpy(), whole[made.dec_column].to_numpy()))
    found = search(made, cone=(56.75, 24.12, 7200.0))
    assert found.equals(whole.filter(pa.array(truths)))
    assert 50 < len(found) < 500


def test_moc_of_nothing_finds_nothing(catalog):
    empty = np.empty(0, np.int64)
    assert len(search(catalog, moc=Moc(empty, empty))) == 0
