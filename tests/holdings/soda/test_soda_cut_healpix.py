"""Cutouts of HEALPix maps: partial maps that healpy reads, of pixels whose centres lie in the region."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import astropy_healpix
import healpy
import numpy as np
import pytest
from astropy import units
from astropy.coordinates import Galactic, SkyCoord
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from armillary.images.cutouts.healpix_selection import expanded
from armillary.sky.healpix import centres_of, centres_of_uniq, pixel_radius
from armillary.sky.regions import parse_pos

REGIONS = [
    "CIRCLE 30 20 8", "CIRCLE 10 88 9", "CIRCLE 0 -90 20", "CIRCLE 359 0 15", "CIRCLE 120 -30 100",
    "RANGE 350 20 -20 15", "RANGE 0 360 60 90", "POLYGON 10 10 60 5 40 50", "POLYGON 0 80 120 80 240 80",
]  # fmt: skip


def map_file(path: Path, nside: int, ordering: str, coords: str = "G", repeat: int = 1, **more: Any) -> np.ndarray:
    count = 12 * nside * nside
    values = np.random.default_rng(2).normal(0, 1, (2, count)).astype(np.float32)
    values[0, 5] = healpy.UNSEEN
    values[1].view(np.uint32)[7] = 0x7FC12345  # a NaN with a message
    form = f"{repeat}E" if repeat > 1 else "E"
    columns = [
        fits.Column(name, form, unit="K_CMB", array=values[k].reshape(-1, repeat) if repeat > 1 else values[k])
        for k, name in enumerate(("I_STOKES", "Q_STOKES"))
    ]
    table = fits.BinTableHDU.from_columns(columns)
    table.header.update(
        {"PIXTYPE": "HEALPIX", "ORDERING": ordering, "NSIDE": nside, "COORDSYS": coords, "INDXSCHM": "IMPLICIT"}
    )
    table.header.update({"FIRSTPIX": 0, "LASTPIX": count - 1, "OBJECT": "FULLSKY", "FREQ": "143 GHz"} | more)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return values


def inside(nside: int, pos: str, *, nest: bool, galactic: bool = True) -> np.ndarray:
    """Pixels whose centres lie in a region, by healpy and astropy."""
    lon, lat = healpy.pix2ang(nside, np.arange(12 * nside * nside), nest=nest, lonlat=True)
    sky = SkyCoord(lon, lat, unit="deg", frame="galactic" if galactic else "icrs").icrs
    vectors = np.moveaxis(sky.cartesian.xyz.value, 0, -1)
    return np.flatnonzero(parse_pos(pos).contains(np.ascontiguousarray(vectors)))


def as_written(cut: Any) -> io.BytesIO:
    return io.BytesIO(b"".join(cut.parts()))


@pytest.mark.parametrize("pos", REGIONS)
@pytest.mark.parametrize(("ordering", "nside", "repeat"), [("RING", 16, 1), ("NESTED", 16, 16), ("RING", 11, 1)])
def test_a_map_of_the_whole_sky(cut: Any, tmp_path: Path, ordering: str, nside: int, repeat: int, pos: str) -> None:
    path = tmp_path / "map.fits"
    values = map_file(path, nside, ordering, repeat=repeat)
    hdus = cut.hdus(path, pos)
    wanted = inside(nside, pos, nest=ordering == "NESTED")
    table = hdus[1]
    assert table.columns.names == ["PIXEL", "I_STOKES", "Q_STOKES"]
    assert np.array_equal(table.data["PIXEL"], wanted)
    for k, name in enumerate(table.columns.names[1:]):
        assert table.data[name].astype(">f4").tobytes() == values[k][wanted].astype(">f4").tobytes()
    header = table.header
    keys = ("PIXTYPE", "ORDERING", "NSIDE", "COORDSYS", "INDXSCHM", "OBJECT", "OBS_NPIX", "TUNIT2", "FREQ")
    assert [header[key] for key in keys] == [
        "HEALPIX", ordering, nside, "G", "EXPLICIT", "PARTIAL", len(wanted), "K_CMB", "143 GHz",
    ]  # fmt: skip
    assert not {"FIRSTPIX", "LASTPIX"} & set(header)


@pytest.mark.parametrize("ordering", ["RING", "NESTED"])
def test_healpy_reads_it(cut: Any, tmp_path: Path, ordering: str) -> None:
    path, out = tmp_path / "map.fits", tmp_path / "part.fits"
    values = map_file(path, 16, ordering)
    out.write_bytes(as_written(cut(path, "CIRCLE 30 20 20")).read())
    read, header = healpy.read_map(out, field=(0, 1), partial=True, nest=None, h=True, dtype=None)
    wanted = inside(16, "CIRCLE 30 20 20", nest=ordering == "NESTED")
    assert dict(header)["ORDERING"] == ordering
    there = np.zeros(3072, bool)
    there[wanted] = True
    for k in (0, 1):
        assert np.array_equal(read[k][there], values[k][there], equal_nan=True)
        assert (read[k][~there] == healpy.UNSEEN).all()


def test_it_opens_as_a_map_again(cut: Any, tmp_path: Path) -> None:
    """A cutout of a cutout is that of the map."""
    path, out = tmp_path / "map.fits", tmp_path / "part.fits"
    map_file(path, 16, "NESTED")
    out.write_bytes(as_written(cut(path, "CIRCLE 30 20 30")).read())
    again, once = cut.hdus(out, "CIRCLE 40 20 10")[1], cut.hdus(path, "CIRCLE 40 20 10")[1]
    assert again.data.tobytes() == once.data.tobytes()
    assert again.columns.names == once.columns.names


def test_polarization_chooses_columns(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "map.fits"
    map_file(path, 8, "RING")
    assert cut.hdus(path, REGIONS[0], pol=("Q", "V"))[1].columns.names == ["PIXEL", "Q_STOKES"]
    assert cut(path, REGIONS[0], pol=("V",)) is None


def test_without_a_region_it_is_the_map(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "map.fits"
    values = map_file(path, 8, "RING", repeat=4)
    table = cut.hdus(path)[1]
    assert table.columns.names == ["I_STOKES", "Q_STOKES"]
    assert table.data["I_STOKES"].astype(">f4").tobytes() == values[0].astype(">f4").tobytes()
    keys = ("INDXSCHM", "FIRSTPIX", "LASTPIX", "OBJECT")
    assert [table.header[key] for key in keys] == ["IMPLICIT", 0, 767, "FULLSKY"]


def test_a_region_between_pixels_leaves_nothing(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "map.fits"
    map_file(path, 2, "RING", coords="C")
    lon, lat = healpy.pix2ang(2, 20, lonlat=True)
    assert cut(path, f"CIRCLE {lon + 5} {lat} 1") is None
    assert len(cut.hdus(path, f"CIRCLE {lon} {lat} 1")[1].data) == 1


def test_maps_of_a_part_of_the_sky_by_first_pixel(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "part.fits"
    table = fits.BinTableHDU.from_columns([fits.Column("N", "I", array=np.arange(500, dtype=np.int16))])
    table.header.update({"TSCAX1": 0.5, "TZERX1": 3.0, "TNULX1": 4})
    table.header.update({"PIXTYPE": "HEALPIX", "ORDERING": "NESTED", "NSIDE": 16, "COORDSYS": "C"})
    table.header.update({"FIRSTPIX": 1000, "LASTPIX": 1499})
    table.writeto(path)
    raw = path.read_bytes()
    for name in (b"TSCAL1", b"TZERO1", b"TNULL1"):
        raw = raw.replace(name[:4] + b"X1", name)
    path.write_bytes(raw)
    lon, lat = healpy.pix2ang(16, 1250, nest=True, lonlat=True)
    pos = f"CIRCLE {lon} {lat} 20"
    wanted = inside(16, pos, nest=True, galactic=False)
    wanted = wanted[(wanted >= 1000) & (wanted < 1500)]
    assert len(wanted) > 50
    with fits.open(path) as old, fits.open(as_written(cut(path, pos))) as new:
        assert np.array_equal(new[1].data["PIXEL"], wanted)
        assert np.array_equal(new[1].data["N"], old[1].data["N"][wanted - 1000])
        assert new[1].data["N"][0] == 3 + 0.5 * (wanted[0] - 1000)
        assert new[1].header["TNULL2"] == 4


@pytest.mark.parametrize("name", ["PIXEL", "HPXINDEX"])
@pytest.mark.parametrize("ordering", ["RING", "NESTED"])
def test_maps_that_list_their_pixels_in_any_order(cut: Any, tmp_path: Path, name: str, ordering: str) -> None:
    path = tmp_path / "listed.fits"
    random = np.random.default_rng(1)
    pixels = random.permutation(3072)[:1500].astype(np.int64)
    values = random.normal(0, 1, 1500)
    table = fits.BinTableHDU.from_columns(
        [fits.Column("SIGNAL", "D", array=values), fits.Column(name, "K", array=pixels)]
    )
    table.header.update({"PIXTYPE": "HEALPIX", "ORDERING": ordering, "NSIDE": 16, "COORDSYS": "C"})
    table.header["INDXSCHM"] = "EXPLICIT"
    table.writeto(path)
    new = cut.hdus(path, "CIRCLE 100 10 40")[1]
    chosen = np.isin(pixels, inside(16, "CIRCLE 100 10 40", nest=ordering == "NESTED", galactic=False))
    assert new.columns.names == [name, "SIGNAL"]
    assert np.array_equal(new.data[name], pixels[chosen])
    assert np.array_equal(new.data["SIGNAL"], values[chosen])


@pytest.mark.real_data
def test_a_real_map_of_several_orders(cut: Any, real_data: Path) -> None:
    path = real_data / "LALInference.multiorder.fits"
    with fits.open(path) as old:
        data = old[1].data
        level, index = astropy_healpix.uniq_to_level_ipix(data["UNIQ"])
        lon, lat = astropy_healpix.healpix_to_lonlat(index, astropy_healpix.level_to_nside(level), order="nested")
        sky, centre = SkyCoord(lon, lat), SkyCoord(50, -40, unit="deg")
        chosen = sky.separation(centre).deg <= 25
        assert 50 < chosen.sum() < len(data)
        new = cut.hdus(path, "CIRCLE 50 -40 25")[1]
        assert new.columns.names[0] == "UNIQ"
        assert np.array_equal(new.data["UNIQ"], data["UNIQ"][chosen])
        for name in new.columns.names[1:]:
            assert new.data[name].tobytes() == data[name][chosen].tobytes()
        assert new.header["ORDERING"] == "NUNIQ"
        assert "NSIDE" not in new.header


@pytest.mark.real_data
def test_a_real_map(cut: Any, real_data: Path) -> None:
    path = real_data / "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits"
    new = cut.hdus(path, "CIRCLE 266 -29 15")[1]
    nest = new.header["ORDERING"] == "NESTED"
    wanted = inside(32, "CIRCLE 266 -29 15", nest=nest)
    assert np.array_equal(new.data["PIXEL"], wanted)
    values = healpy.read_map(path, nest=nest, dtype=None)
    assert np.array_equal(new.data[new.columns.names[1]], values[wanted])


@pytest.mark.parametrize("nside", [1, 2, 3, 7, 64, 1000, 8192, 1 << 29])
def test_centres_are_those_of_healpy(nside: int) -> None:
    pixels = np.unique(np.linspace(0, 12 * nside * nside - 1, 3000).astype(np.int64).clip(0, 12 * nside * nside - 1))
    wanted = np.stack(healpy.pix2vec(nside, pixels), axis=-1)
    assert np.abs(centres_of(nside, pixels) - wanted).max() < 1e-14
    assert pixel_radius(nside) == pytest.approx(healpy.max_pixrad(nside), rel=1e-7)
    if nside & (nside - 1) == 0:
        nested = np.stack(healpy.pix2vec(nside, pixels, nest=True), axis=-1)
        assert np.abs(centres_of(nside, pixels, nested=True) - nested).max() < 1e-14


def test_centres_of_uniq_cells() -> None:
    uniq = astropy_healpix.level_ipix_to_uniq(np.array([0, 5, 29]), np.array([3, 777, 12345678901]))
    lon, lat = astropy_healpix.healpix_to_lonlat(
        np.array([3, 777, 12345678901]), np.array([1, 32, 1 << 29]), order="nested"
    )
    wanted = np.moveaxis(SkyCoord(lon, lat).cartesian.xyz.value, 0, -1)
    assert np.abs(centres_of_uniq(uniq) - wanted).max() < 1e-13
    assert np.isnan(centres_of_uniq(np.array([0, 3, -1]))).all()


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(1, 40)), max_size=30), st.integers(1, 25))
def test_runs_are_expanded_in_order(steps: list[tuple[int, int]], at_once: int) -> None:
    runs, place = [], 0
    for gap, length in steps:
        runs.append((place + gap, place + gap + length))
        place += gap + length
    wanted = [number for low, high in runs for number in range(low, high)]
    parts = list(expanded(np.array(runs, np.int64).reshape(-1, 2), at_once))
    assert [int(number) for part in parts for number in part] == wanted
    assert all(len(part) == at_once for part in parts[:-1])


def test_the_frame_is_that_of_the_map() -> None:
    """The oracle above and the map agree on what galactic means."""
    place = SkyCoord(Galactic(l=0 * units.deg, b=0 * units.deg)).icrs
    assert place.ra.deg == pytest.approx(266.405, abs=1e-3)
