"""Cross-matches against brute force, with margins, without, and with margins that are too small."""

from __future__ import annotations

import logging

import astropy.units as u
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.catalogs.collections import CollectionArguments, make_collection
from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.matching.arguments import CrossmatchArguments
from armillary.catalogs.matching.run import DISTANCE, crossmatch_catalogs
from armillary.catalogs.matching.targets import pixels_between, targets_of
from armillary.errors import ParameterError, UnsupportedFileError, UsageError

ROWS = 3000


def shifted(table, seed, sigma_arcsec, keep=1.0):
    """The same sources a little beside, in another order."""
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(table))[: int(keep * len(table))]
    ra, dec = (table[name].to_numpy()[rows] for name in ("ra", "dec"))
    apart = np.abs(rng.normal(0, sigma_arcsec, len(rows))) * u.arcsec
    moved = SkyCoord(ra * u.deg, dec * u.deg).directional_offset_by(rng.uniform(0, 360, len(rows)) * u.deg, apart)
    return pa.table(
        {"id": np.arange(len(rows)), "ra": moved.ra.deg, "dec": moved.dec.deg, "flux": rng.random(len(rows))}
    )


def brute(left, right, radius, many):
    """Pairs by the distances of all rows to all others: left id → right ids, nearest first."""
    one, two = (SkyCoord(table["ra"], table["dec"], unit="deg").cartesian.xyz.value.T for table in (left, right))
    mine, others = left["id"].to_pylist(), right["id"].to_pylist()
    found = {}
    for row, vector in enumerate(one):
        chord = np.sqrt(np.square(two - vector).sum(axis=1))
        apart = np.degrees(2 * np.arcsin(np.minimum(1, chord / 2))) * 3600
        near = np.flatnonzero(apart <= radius)
        if len(near):
            near = near[np.argsort(apart[near])][:many]
            found[mine[row]] = [(others[place], apart[place]) for place in near]
    return found


def pairs_of(result, left="id_left", right="id_right"):
    found = {}
    for key, other, apart in zip(
        result[left].to_pylist(), result[right].to_pylist(), result[DISTANCE].to_pylist(), strict=True
    ):
        found.setdefault(key, []).append((other, apart))
    return found


def same(found, expected):
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        assert [other for other, _ in found[key]] == [other for other, _ in values], key
        assert np.allclose([apart for _, apart in found[key]], [apart for _, apart in values], rtol=0, atol=1e-6)


def match(left, right, radius, many=1, **words):
    return crossmatch_catalogs(
        CrossmatchArguments(
            left_catalog_path=left.folder.address,
            right_catalog_path=getattr(right, "folder", right).address if hasattr(right, "folder") else right,
            radius_arcsec=radius,
            n_neighbors=many,
            **{"suffixes": ("_left", "_right"), **words},
        )
    )


@pytest.fixture(scope="module")
def tables(sky):
    left = sky(3, ROWS)
    return left, shifted(left, 4, 20.0, 0.8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("match")


@pytest.fixture(scope="module")
def catalogs(folder, hats_of, tables):
    return hats_of(folder, "one", tables[0], threshold=200), hats_of(folder, "two", tables[1], threshold=300)


@pytest.fixture(scope="module")
def margin(folder, catalogs):
    return make_margin(
        MarginArguments(
            input_catalog_path=catalogs[1].folder.address,
            output_path=folder,
            output_artifact_name="two_margin",
            margin_threshold=60.0,
        )
    )


@pytest.mark.parametrize(("radius", "many"), [(3.0, 1), (60.0, 1), (60.0, 4), (7200.0, 3)])
def test_without_a_margin_pairs_are_those_of_brute_force(catalogs, tables, radius, many):
    result = match(*catalogs, radius, many)
    same(pairs_of(result), brute(*tables, radius, many))


@pytest.mark.parametrize(("radius", "many"), [(3.0, 1), (60.0, 3), (90.0, 2)])
def test_with_a_margin_too(catalogs, tables, margin, radius, many, caplog):
    with caplog.at_level(logging.WARNING):
        result = match(*catalogs, radius, many, right_margin_path=margin.folder.address)
    same(pairs_of(result), brute(*tables, radius, many))
    assert ("less than the radius" in caplog.text) == (radius > 60.0)


def test_a_missing_margin_is_told(catalogs, caplog):
    with caplog.at_level(logging.WARNING):
        match(*catalogs, 1.0)
    assert "two has no margin" in caplog.text


def test_the_margin_of_a_collection_is_used(catalogs, tables, margin, folder, caplog):
    collection = make_collection(
        CollectionArguments(input_collection_path=folder, primary="two", margins=["two_margin"], name="both")
    )
    assert collection.margin_for(60.0).name == "two_margin"
    with caplog.at_level(logging.WARNING):
        result = match(catalogs[0], folder, 60.0)
    assert caplog.text == ""
    same(pairs_of(result), brute(*tables, 60.0, 1))


def test_left_keeps_all_rows_in_order(catalogs, tables):
    result = match(*catalogs, 10.0, 2, how="left")
    alone = result.filter(pa.compute.is_null(result[DISTANCE]))
    expected = brute(*tables, 10.0, 2)
    assert set(alone["id_left"].to_pylist()) == set(tables[0]["id"].to_pylist()) - expected.keys()
    assert alone["flux"].null_count == len(alone)
    same(pairs_of(result.filter(pa.compute.is_valid(result[DISTANCE]))), expected)
    assert np.all(np.diff(result["_healpix_29"].to_numpy()) >= 0)


def test_columns_and_suffixes(catalogs):
    result = match(*catalogs, 10.0, left_columns=["id", "mag"], right_columns=["id", "ra"], suffixes=None)
    assert result.schema.names == ["id_one", "mag", "id_two", "ra", DISTANCE]
    whole = match(*catalogs, 10.0)
    names = [
        "_healpix_29",
        "id_left",
        "ra_left",
        "dec_left",
        "mag",
        "band",
        "id_right",
        "ra_right",
        "dec_right",
        "flux",
    ]
    assert whole.schema.names == [*names, DISTANCE]


def test_pixels_of_mixed_orders_and_holes(sky, hats_of, tmp_path):
    """One catalog coarse where the other is fine, and the right missing where the left has rows."""
    left = sky(5, 1500)
    right = shifted(left, 6, 600.0)
    south = right.filter(pa.compute.less(right["dec"], -20.0))
    fine = hats_of(tmp_path, "fine", left, threshold=20)
    coarse = hats_of(tmp_path, "coarse", left, threshold=100_000)
    for name, table in (("whole", right), ("south", south)):
        for threshold in (15, 100_000):
            other = hats_of(tmp_path, f"{name}{threshold}", table, threshold=threshold)
            for mine in (fine, coarse):
                same(pairs_of(match(mine, other, 3000.0, 2)), brute(left, table, 3000.0, 2))


def test_right_rows_in_no_common_partition_are_found(hats_of, tmp_path):
    """The left on one side of a border of pixels, the right on the other."""
    left = pa.table({"id": [1, 2], "ra": [89.9999, 80.0], "dec": [60.0, 10.0]})
    right = pa.table({"id": [7], "ra": [90.0001], "dec": [60.0]})
    one = hats_of(tmp_path, "one", left, pixels=[(6, p) for p in pixels_at(left, 6)])
    two = hats_of(tmp_path, "two", right, pixels=[(8, p) for p in pixels_at(right, 8)])
    assert not len(two.partitions.within(one.partitions.start, one.partitions.stop))
    same(pairs_of(match(one, two, 2.0)), brute(left, right, 2.0, 1))
    margin = make_margin(
        MarginArguments(
            input_catalog_path=two.folder.address, output_path=tmp_path, output_artifact_name="m", margin_threshold=9.0
        )
    )
    assert pairs_of(match(one, two, 2.0, right_margin_path=margin.folder.address)).keys() == {1}


def pixels_at(table, order):
    import healpy

    cells = healpy.ang2pix(1 << order, table["ra"].to_numpy(), table["dec"].to_numpy(), nest=True, lonlat=True)
    return sorted(set(cells.tolist()))


@settings(max_examples=8)
@given(st.integers(0, 1 << 30), st.floats(-1, 5.5), st.integers(1, 3))
def test_any_match_is_that_of_brute_force(sky, hats_of, tmp_path_factory, seed, power, many):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.mktemp("any")
    left = sky(seed, 300)
    right = shifted(left, seed + 1, 10 ** min(power, 4), rng.uniform(0.05, 1))
    one, two = (
        hats_of(folder, name, table, threshold=int(rng.integers(3, 400)), highest_order=int(rng.integers(1, 9)))
        for name, table in (("one", left), ("two", right))
    )
    same(pairs_of(match(one, two, 10**power, many, threads=1)), brute(left, right, 10**power, many))


@settings(max_examples=60)
@given(st.integers(0, (12 << 58) - 1), st.integers(0, (12 << 58) - 1))
def test_ranges_are_made_of_pixels(one, two):
    start, stop = min(one, two), max(one, two)
    pixels = list(pixels_between(start, stop))
    assert [pixel.start for pixel in pixels] + [stop] == [start] + [pixel.stop for pixel in pixels]
    assert len(pixels) <= 12 + 6 * 29


def test_targets_part_the_left():
    left = Partitions([(0, 0), (1, 5), (2, 40)])
    right = Partitions([(1, 2), (2, 1), (0, 1)])
    targets = targets_of(left, right)
    for place, pixel in enumerate(left):
        own = [targets.pixels[number] for number in targets.of_left(place)]
        assert sum(p.stop - p.start for p in own) == pixel.stop - pixel.start
        assert all(pixel.start <= p.start and p.stop <= pixel.stop for p in own)
    assert targets.right[targets.left == 1].tolist() == [2]
    assert Pixel(2, 1) in targets.pixels
    assert targets.right[targets.left == 2].tolist() == [-1]


@pytest.mark.parametrize("name", ["pairs.parquet", "pairs.csv", "pairs.vot", "pairs.fits"])
def test_pairs_go_to_files(catalogs, tmp_path, name):
    expected = match(*catalogs, 5.0)
    assert match(*catalogs, 5.0, output=tmp_path / name) == len(expected) > 0
    if name.endswith("parquet"):
        assert pq.read_table(tmp_path / name).equals(expected)
    with pytest.raises(UsageError, match="already"):
        match(*catalogs, 5.0, output=tmp_path / name)


BAD = [
    ({"radius": 0.0}, "radius_arcsec"),
    ({"radius": float("nan")}, "radius_arcsec"),
    ({"many": 0}, "n_neighbors"),
    ({"how": "outer"}, "how"),
    ({"left_columns": ["no"]}, "no column 'no'"),
    ({"suffixes": ("_a", "_a")}, "suffixes"),
    ({"right_columns": "id"}, "list of names"),
    ({"suffixes": ("", "_b"), "left_columns": ["id", "mag"], "right_columns": ["id", "flux"]}, None),
]


@pytest.mark.parametrize(("words", "message"), BAD)
def test_bad_arguments_of_a_match_are_named(catalogs, words, message):
    given_ = {"radius": 1.0, **words}
    if message is None:
        assert match(*catalogs, **given_).schema.names == ["id", "mag", "id_b", "flux", DISTANCE]
        return
    with pytest.raises(ParameterError, match=message):
        match(*catalogs, **given_)


def test_margins_are_not_matched(catalogs, margin):
    with pytest.raises(UnsupportedFileError, match="kind margin"):
        match(catalogs[0], margin, 1.0)
    with pytest.raises(UnsupportedFileError, match="not margin"):
        match(*catalogs, 1.0, right_margin_path=catalogs[0].folder.address)


def test_names_that_would_be_there_twice_are_refused(catalogs, hats_of, tmp_path, tables):
    other = hats_of(tmp_path, "other", tables[1].rename_columns(["id", "ra", "dec", "ra_left"]), threshold=900)
    with pytest.raises(UsageError, match="ra_left"):
        match(catalogs[0], other, 1.0)


def test_the_margin_of_another_catalog_is_refused(catalogs, hats_of, tmp_path, sky):
    other = hats_of(tmp_path, "other", sky(3, 500), threshold=100)
    strange = make_margin(
        MarginArguments(
            input_catalog_path=other.folder.address, output_path=tmp_path, output_artifact_name="m",
            margin_threshold=36_000.0,
        )
    )  # fmt: skip
    assert set(strange.partitions) - set(catalogs[1].partitions)
    with pytest.raises(UsageError, match="m is no margin of "):
        match(*catalogs, 1.0, right_margin_path=strange.folder.address)
