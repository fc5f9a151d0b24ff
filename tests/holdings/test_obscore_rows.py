"""Rows of ObsCore from headers: every column, pieces, access, what configurations say; and every real file."""

from __future__ import annotations

import json
import math
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.time import Time
from astropy.wcs import WCS

from armillary.errors import FileError, NotFoundError
from armillary.holdings import ANONYMOUS, Access, discover, open_configuration
from armillary.holdings.access import OWNER
from armillary.holdings.obscore import row_of, ucd_of
from armillary.images.pyramid import Pyramid
from armillary.sky.regions import parse_pos

SECRET = Access("friend", frozenset({"secret"}))


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


def tan(nx=60, ny=40, ra=150.0, dec=2.0, scale=0.001, **more):
    cards = fits.Header()
    cards["CTYPE1"], cards["CTYPE2"] = "RA---TAN", "DEC--TAN"
    cards["CRPIX1"], cards["CRPIX2"] = (nx + 1) / 2, (ny + 1) / 2
    cards["CRVAL1"], cards["CRVAL2"] = ra, dec
    cards["CDELT1"], cards["CDELT2"] = -scale, scale
    cards["RADESYS"] = "ICRS"
    cards.update(
        {key.replace("_", "-") if key.startswith(("DATE", "MJD")) else key: value for key, value in more.items()}
    )
    return cards


EXPOSURE = {
    "BUNIT": "nJy", "OBJECT": "Test  field", "FILTER": "r", "DATE_OBS": "2024-03-01T02:03:04", "EXPTIME": 60.0,
    "TELESCOP": "Test telescope", "INSTRUME": "Test camera", "SEEING": 0.8,
}  # fmt: skip


@pytest.fixture
def rows(tmp_path):
    """Rows of the files that were written, by their ids."""

    def run(access=OWNER):
        found = discover([tmp_path], pyramid)
        found.run()
        return {one.obs_id: row_of(one) for one in found.holdings.observations(access)}

    return run


def write(path: Path, shape=(40, 60), header=None, **more) -> None:
    fits.PrimaryHDU(np.zeros(shape, np.float32), tan(shape[-1], shape[-2]) if header is None else header).writeto(path)


def test_every_column_of_an_exposure(tmp_path, rows) -> None:
    header = tan(**EXPOSURE)
    write(tmp_path / "exposure.fits", header=header)
    (row,) = rows().values()
    start = Time("2024-03-01T02:03:04", scale="utc").mjd
    assert (row.dataproduct_type, row.calib_level) == ("image", 2)
    assert (row.obs_collection, row.obs_id, row.obs_title) == (tmp_path.name, "exposure", "exposure.fits")
    assert (row.target_name, row.facility_name, row.instrument_name) == ("Test field", "Test telescope", "Test camera")
    assert (row.s_ra, row.s_dec) == pytest.approx((150.0, 2.0))
    assert row.s_fov == pytest.approx(2 * 0.001 * math.hypot(30, 20), rel=1e-3)
    assert (row.s_xel1, row.s_xel2, row.s_pixel_scale) == (60, 40, pytest.approx(3.6))
    assert row.s_resolution == 0.8
    assert (row.t_min, row.t_max) == pytest.approx((start, start + 60 / 86400), abs=1e-9)
    assert (row.t_exptime, row.t_resolution, row.t_xel) == (60.0, 60.0, 1)
    assert 5e-7 < row.em_min < 6.2e-7 < row.em_max < 7.5e-7
    assert row.em_res_power == pytest.approx((row.em_min + row.em_max) / 2 / (row.em_max - row.em_min))
    assert (row.em_xel, row.o_ucd) == (1, "phot.flux.density")
    assert (row.pol_states, row.pol_xel, row.obs_creator_did) == (None, None, None)
    size = (tmp_path / "exposure.fits").stat().st_size
    assert row.access_estsize == pytest.approx(size / 1000, rel=0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        corners = WCS(header).calc_footprint(header=None, axes=(60, 40), center=False)
    region = parse_pos(row.s_region)
    vectors = SkyCoord(corners, unit="deg").cartesian.xyz.value.T
    assert (np.abs(region.clearance(vectors)) < math.radians(1e-7)).all()


def test_a_header_that_says_nothing(tmp_path, rows) -> None:
    fits.PrimaryHDU(np.zeros((4, 5), np.int16)).writeto(tmp_path / "plain.fits")
    (row,) = rows().values()
    unknown = ("target_name", "s_ra", "s_dec", "s_fov", "s_region", "s_resolution", "s_pixel_scale", "t_min", "t_max",
               "t_exptime", "t_resolution", "t_xel", "em_min", "em_max", "em_res_power", "em_xel", "pol_states",
               "pol_xel", "o_ucd", "facility_name", "instrument_name", "obs_creator_did")  # fmt: skip
    assert {name: getattr(row, name) for name in unknown} == dict.fromkeys(unknown)
    assert (row.dataproduct_type, row.s_xel1, row.s_xel2) == ("image", 5, 4)


def test_a_spectral_cube_and_its_slices(tmp_path) -> None:
    header = tan(CTYPE3="FREQ", CUNIT3="Hz", CRVAL3=1.40e9, CDELT3=1e7, CRPIX3=1.0, BUNIT="Jy/beam", BMAJ=0.01)
    write(tmp_path / "cube.fits", (8, 40, 60), header)
    found = discover([tmp_path], pyramid)
    found.run()
    row = row_of(found.holdings.observation("cube", OWNER))
    assert (row.dataproduct_type, row.em_xel) == ("cube", 8)
    ends = [(1.395e9 * u.Hz).to_value(u.m, u.spectral()), (1.475e9 * u.Hz).to_value(u.m, u.spectral())]
    assert (row.em_max, row.em_min) == pytest.approx(ends, rel=1e-12)
    assert row.em_res_power == pytest.approx(np.mean(ends) / ((ends[0] - ends[1]) / 8), rel=1e-9)
    assert row.s_resolution == pytest.approx(36.0)
    assert row.access_estsize == pytest.approx(8 * 40 * 60 * 4 / 1000, abs=7)
    third = row_of(found.holdings.observation("cube@2", OWNER))
    assert (third.dataproduct_type, third.em_xel, third.obs_id) == ("image", 1, "cube@2")
    ends = [(f * u.Hz).to_value(u.m, u.spectral()) for f in (1.425e9, 1.415e9)]
    assert (third.em_min, third.em_max) == pytest.approx(ends, rel=1e-12)
    with pytest.raises(NotFoundError):
        row_of(found.holdings.observation("cube@8", OWNER))


def test_a_time_axis(tmp_path, rows) -> None:
    header = tan(CTYPE3="UTC", CUNIT3="s", CRVAL3=0.0, CDELT3=10.0, CRPIX3=1.0, MJDREF=60000.0)
    write(tmp_path / "movie.fits", (5, 40, 60), header)
    (row,) = rows().values()
    assert (row.t_min, row.t_max) == pytest.approx((60000.0 - 5 / 86400, 60000.0 + 45 / 86400), abs=1e-9)
    assert (row.t_xel, row.dataproduct_type) == (5, "cube")
    assert row.t_resolution == pytest.approx(10.0)


def test_stokes_components_are_a_cube_and_each_alone_an_image(tmp_path) -> None:
    header = tan(CTYPE3="STOKES", CRVAL3=1.0, CDELT3=1.0, CRPIX3=1.0)
    write(tmp_path / "iqu.fits", (3, 40, 60), header)
    found = discover([tmp_path], pyramid)
    found.run()
    row = row_of(found.holdings.observation("iqu", OWNER))
    assert (row.dataproduct_type, row.pol_states, row.pol_xel) == ("cube", "/I/Q/U/", 3)
    alone = row_of(found.holdings.observation("iqu-Q", OWNER))
    assert (alone.dataproduct_type, alone.pol_states, alone.pol_xel) == ("image", "/Q/", 1)
    assert row.access_estsize > 2 * alone.access_estsize


def mosaic(path, count=4, **more):
    units = [fits.PrimaryHDU()]
    units[0].header.update({"DATE-OBS": "2024-03-01T02:03:04", "EXPTIME": 30.0, "FILTER": "z", "TELESCOP": "Big"})
    for k in range(count):
        cards = tan(80, 60)
        cards["CRPIX1"] += 81 * (0.5 - k % 2)
        cards["CRPIX2"] += 61 * (0.5 - k // 2)
        cards["INSTRUME"] = f"CCD {k // 2}"
        units.append(fits.ImageHDU(np.zeros((60, 80), np.float32), cards, name=f"CCD{k + 1}"))
    fits.HDUList(units).writeto(path)


def test_a_mosaic_is_one_row_with_what_its_primary_header_says(tmp_path, rows) -> None:
    mosaic(tmp_path / "mosaic.fits")
    (row,) = rows().values()
    assert (row.dataproduct_type, row.s_xel1, row.facility_name, row.instrument_name) == ("image", None, "Big", None)
    assert (row.t_exptime, row.s_pixel_scale) == (30.0, pytest.approx(3.6))
    assert (row.s_ra, row.s_dec) == pytest.approx((150.0, 2.0), abs=1e-4)
    assert len(row.footprint.polygons) == 4
    assert parse_pos(row.s_region).area_deg2 == pytest.approx(0.161 * 0.121, rel=1e-3)
    assert 8e-7 < row.em_min < row.em_max < 1.1e-6


def test_two_callers_see_different_pieces(tmp_path) -> None:
    mosaic(tmp_path / "mosaic.fits")
    layers = [
        {"layer_id": f"c{k}", "name": f"c{k}", "grant": "secret" if k > 1 else None,
         "provider": {"filename": "mosaic.fits", "hdu": k}}
        for k in range(1, 5)
    ]  # fmt: skip
    maps = [{"map_id": "m", "name": "m", "bands": [{"name": "b", "layers": layers}]}]
    (tmp_path / "h.json").write_text(json.dumps({"map_groups": [{"name": "Survey", "maps": maps}]}))
    holdings = open_configuration(tmp_path / "h.json", pyramid).holdings
    one, all_ = (row_of(holdings.observation("m", who)) for who in (ANONYMOUS, SECRET))
    assert (len(one.footprint.polygons), len(all_.footprint.polygons)) == (1, 4)
    assert (one.instrument_name, all_.instrument_name) == ("CCD 0", None)
    assert (one.s_xel1, one.s_xel2) == (80, 60)
    assert one.s_fov < all_.s_fov
    assert one.version != all_.version
    with pytest.raises(NotFoundError):
        holdings.observation("c2", ANONYMOUS)


def test_image_mask_and_variance_of_one_place_are_one_footprint(tmp_path, rows) -> None:
    units = [fits.PrimaryHDU()] + [fits.ImageHDU(np.zeros((40, 60), np.float32), tan(), name=n) for n in "IMV"]
    fits.HDUList(units).writeto(tmp_path / "imv.fits")
    (row,) = rows().values()
    assert (len(row.footprint.polygons), row.s_xel1, row.s_xel2) == (1, 60, 40)


def serve(tmp_path, layers, **obscore):
    maps = [{"map_id": "m", "name": "A map", "bands": [{"name": "b", "layers": layers}]}]
    (tmp_path / "h.json").write_text(json.dumps({"map_groups": [{"name": "Survey", "maps": maps} | obscore]}))
    made = open_configuration(tmp_path / "h.json", pyramid)
    made.run()
    return [row_of(one) for one in made.holdings.observations(OWNER)]


def layer(name, filename="a.fits", **more):
    return {"layer_id": name, "name": name, "provider": {"filename": filename}} | more


def test_a_configuration_overrules_headers_and_tells_what_they_lack(tmp_path) -> None:
    write(tmp_path / "a.fits", header=tan(**EXPOSURE))
    words = {"facility_name": "Other", "em_min": 1e-3, "em_max": 2e-3, "obs_collection": "DR1", "calib_level": 4}
    words |= {"pol_states": ["I"], "obs_title": "Title", "t_min": 50000, "s_resolution": 9, "o_ucd": "phot.mag"}
    words |= {"obs_creator_did": "ivo://x/y"}
    (row,) = serve(tmp_path, [layer("x")], obscore=words)
    assert (row.facility_name, row.instrument_name) == ("Other", "Test camera")
    assert (row.em_min, row.em_max, row.em_res_power) == (1e-3, 2e-3, pytest.approx(1.5))
    assert (row.obs_collection, row.calib_level, row.obs_title, row.o_ucd) == ("DR1", 4, "Title", "phot.mag")
    assert (row.pol_states, row.t_min, row.s_resolution, row.obs_creator_did) == ("/I/", 50000.0, 9.0, "ivo://x/y")


def test_words_alone_are_enough(tmp_path) -> None:
    fits.PrimaryHDU(np.zeros((4, 5), np.float32)).writeto(tmp_path / "a.fits")
    words = {"em_min": 1e-3, "em_max": 2e-3, "t_min": "2020-01-01", "t_max": "2020-02-01", "t_exptime": 5}
    (row,) = serve(tmp_path, [layer("x", obscore=words)])
    assert (row.em_min, row.em_max, row.em_xel) == (1e-3, 2e-3, 1)
    assert (row.t_min, row.t_max, row.t_exptime, row.t_xel) == (58849.0, 58880.0, 5.0, 1)


def test_a_combination(tmp_path) -> None:
    write(tmp_path / "a.fits", header=tan(**EXPOSURE))
    later = EXPOSURE | {"DATE_OBS": "2024-04-01T00:00:00", "FILTER": "i"}
    write(tmp_path / "b.fits", header=tan(**later))
    provider = {"provider_type": "combination", "function": "+", "providers": [{"filename": f"{k}.fits"} for k in "ab"]}
    (row,) = serve(tmp_path, [layer("sum", provider=provider)])
    assert (row.calib_level, row.dataproduct_type, row.target_name) == (3, "image", "Test field")
    assert row.t_min == pytest.approx(Time("2024-03-01T02:03:04").mjd, abs=1e-9)
    assert row.t_max == pytest.approx(Time("2024-04-01T00:01:00").mjd, abs=1e-9)
    assert row.em_min < 6e-7
    assert row.em_max > 8e-7
    assert row.s_region.startswith("POLYGON 150.03")


def test_healpix_maps_by_their_pixels(tmp_path, rows) -> None:
    healpy = pytest.importorskip("healpy")
    whole = np.zeros(12 * 32**2, np.float32)
    healpy.write_map(tmp_path / "whole.fits", whole, coord="G", dtype=np.float32)
    part = np.full(12 * 32**2, healpy.UNSEEN, np.float32)
    inside = healpy.query_disc(32, healpy.ang2vec(60.0, 30.0, lonlat=True), 0.15)
    part[inside] = 1.0
    healpy.write_map(tmp_path / "part.fits", part, coord="C", partial=True, dtype=np.float32)
    found = rows()
    assert (found["whole"].s_region, found["whole"].s_fov) == ("CIRCLE 0 90 180", 360.0)
    assert found["whole"].s_pixel_scale == pytest.approx(healpy.nside2resol(32, arcmin=True) * 60, rel=1e-6)
    row = found["part"]
    assert (row.s_ra, row.s_dec) == pytest.approx((60.0, 30.0), abs=1.0)
    assert row.s_fov == pytest.approx(2 * math.degrees(0.15), abs=3.0)
    lon, lat = healpy.pix2ang(32, inside, lonlat=True)
    sky = SkyCoord(lon, lat, unit="deg").cartesian.xyz.value.T
    assert parse_pos(row.s_region).contains(sky).all()
    assert (row.dataproduct_type, row.s_xel1) == ("image", None)
    assert (row.pixels, row.picture_pixels) == (len(inside), 256 * 512)
    assert row.access_estsize == pytest.approx(len(inside) * (4 + 8) / 1000 + 5, abs=6)


def test_rows_follow_the_file(tmp_path) -> None:
    path = tmp_path / "a.fits"
    write(path, header=tan(OBJECT="before"))
    found = discover([tmp_path], pyramid)
    found.run()
    observation = found.holdings.observation("a", OWNER)
    before = row_of(observation)
    part = tmp_path / "part"
    fits.PrimaryHDU(np.zeros((40, 60), np.float32), tan(OBJECT="after", ra=20.0)).writeto(part)
    os.replace(part, path)
    after = row_of(observation)
    assert (before.target_name, after.target_name) == ("before", "after")
    assert after.s_ra == pytest.approx(20.0)
    assert before.version != after.version
    path.unlink()
    with pytest.raises(FileError):
        row_of(observation)


def test_headers_are_read_once_for_a_version(tmp_path, monkeypatch) -> None:
    from armillary.holdings import obscore

    write(tmp_path / "a.fits")
    found = discover([tmp_path], pyramid)
    found.run()
    count = []
    read = obscore.facts_of_stack
    monkeypatch.setattr(obscore, "facts_of_stack", lambda *given: count.append(1) or read(*given))
    observation = found.holdings.observation("a", OWNER)
    assert row_of(observation) == row_of(observation)
    assert len(count) == 1


def test_no_pixel_is_read(tmp_path, rows, monkeypatch) -> None:
    from armillary.images.fits.plain import PlainPlane

    def refuse(*_):
        raise AssertionError

    for name in ("window", "mapped", "sample"):
        monkeypatch.setattr(PlainPlane, name, refuse)
    write(tmp_path / "a.fits", (3, 40, 60), tan(**EXPOSURE))
    assert len(rows()) == 1


@pytest.mark.parametrize(
    ("key", "value", "comment", "expected"),
    [
        ("SEEING", 1.2, "", 1.2), ("FWHM", 3.0, "[pixel] stars", 10.8), ("PSF_FWHM", 0.02, "[arcmin]", 1.2),
        ("FWHM", 0.001, "degrees", 3.6), ("BMAJ", 0.01, "", 36.0), ("SEEING", -1.0, "", None),
        ("SEEING", "0.7", "", 0.7), ("SEEING", "good", "", None), ("SEEING", True, "", None), ("BMAJ", 1e9, "", None),
        ("SEEING", 1e9, "", None),
    ],
)  # fmt: skip
def test_resolution(tmp_path, rows, key, value, comment, expected) -> None:
    header = tan()
    header[key] = (value, comment)
    write(tmp_path / "a.fits", header=header)
    (row,) = rows().values()
    assert row.s_resolution == (expected and pytest.approx(expected, rel=1e-6))


@pytest.mark.parametrize(
    ("unit", "ucd"),
    [
        ("Jy/beam", "phot.flux.density"), ("MJy/sr", "phot.flux.density.sb"), ("K", "phys.temperature"),
        ("uK", "phys.temperature"), ("nanomaggy", "phot.flux.density"), ("ADU", "phot.count"), ("mag", "phot.mag"),
        ("km/s", "spect.dopplerVeloc"), (None, None), ("", None), ("furlong", None),
    ],
)  # fmt: skip
def test_what_pixels_measure(unit, ucd) -> None:
    assert ucd_of(unit) == ucd


WILD = [
    {"EXPTIME": "x", "DATE_OBS": "\\", "FILTER": "", "OBJECT": " ", "TELESCOP": 5, "BMAJ": 1e308},
    {"CTYPE3": "FREQ", "CRVAL3": 0.0, "CDELT3": 0.0, "CRPIX3": 0.0},
    {"CTYPE3": "FREQ", "CRVAL3": -1e9, "CDELT3": 1e9, "CUNIT3": "parsec"},
    {"CTYPE3": "WAVE-LOG", "CRVAL3": 1e-300, "CDELT3": 1e300},
    {"CTYPE3": "TIME", "CRVAL3": 1e300, "CDELT3": 1e300, "CUNIT3": "a"},
    {"CTYPE3": "VOPT-F2W", "CRVAL3": 1e300, "CDELT3": 1.0, "RESTFRQ": 1e-300},
    {"CRVAL1": 1e300, "CRVAL2": -1e300},
    {"CDELT1": 0.0, "CDELT2": 0.0},
    {"CDELT1": 1e20, "CDELT2": 1e-20},
    {"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"},
    {"CTYPE1": "RA---TSC", "CTYPE2": "DEC--TSC", "CDELT1": 3.0, "CDELT2": 3.0},
    {"CTYPE1": "RA---AZP", "CTYPE2": "DEC--AZP", "PV2_1": -1.0, "CDELT1": 3.0, "CDELT2": 3.0},
    {"TIMESYS": "\\", "MJD_OBS": 1e9, "DATE_END": "9999-12-31T23:59:60"},
]


@pytest.mark.parametrize("number", range(len(WILD)))
def test_wild_headers_make_rows_whose_numbers_are_finite(tmp_path, rows, number) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write(tmp_path / "a.fits", (3, 40, 60), tan(**WILD[number]))
    (row,) = rows().values()
    told = {name: getattr(row, name) for name in row.__slots__}
    assert all(math.isfinite(value) for value in told.values() if isinstance(value, float))
    assert row.s_region is None or parse_pos(row.s_region).area_deg2 > 0.0


DATA = Path(os.environ.get("ARMILLARY_TEST_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = {
    "reprojected_sdss_g": {"filter": (4e-7, 5.6e-7), "t": "2000-09-27", "fov": (0.25, 0.3), "exptime": 53.907456},
    "reprojected_sdss_i": {"fov": (0.25, 0.3), "exptime": 53.907456},
    "reprojected_sdss_r": {"fov": (0.25, 0.3), "exptime": 53.907456},
    "u_gal": {"fov": (360, 360), "pol": "/U/", "filter": (0.2126, 0.2127)},
    "legacysurvey-0959p805-image-g": {"filter": (3.9e-7, 5.5e-7), "t": "2016-01-12", "fov": (0.36, 0.38)},
    "HSC-0908120-056-small": {"fov": (0.0125, 0.0135)},
    "m13_rice": {"fov": (0.117, 0.119)},
    "m13_gzip": {"fov": (0.117, 0.119)},
    "1904-66_AIT": {"fov": (18, 19), "filter": (0.2110, 0.2111), "resolution": 864.0},
    "equatorial_3d": {"fov": (0.05, 0.053), "type": "cube"},
    "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32": {"fov": (360, 360)},
    "LALInference.multiorder": {"fov": (360, 360), "t": "2020-03-16"},
    "P-SDSS9-r": {"fov": (300, 360)},
}


@pytest.fixture(scope="module")
def real():
    if not DATA.is_dir():
        pytest.skip("no folder of real data: set ARMILLARY_TEST_DATA")
    found = discover([DATA], pyramid)
    found.run()
    return found.holdings


@pytest.mark.parametrize("name", REAL)
def test_real_files(real, name) -> None:
    row = row_of(real.observation(name, OWNER))
    wanted = REAL[name]
    low, high = wanted["fov"]
    assert low - 1e-9 <= row.s_fov <= high + 1e-9
    assert row.dataproduct_type == wanted.get("type", "image")
    assert row.pol_states == wanted.get("pol", row.pol_states)
    assert row.t_exptime == wanted.get("exptime")
    if "filter" in wanted:
        assert wanted["filter"][0] <= row.em_min <= row.em_max <= wanted["filter"][1]
    if "t" in wanted:
        assert math.floor(row.t_min) == Time(wanted["t"]).mjd
    if "resolution" in wanted:
        assert row.s_resolution == pytest.approx(wanted["resolution"], rel=1e-6)
    assert parse_pos(row.s_region).area_deg2 > 0.0
    assert row.access_estsize > 0


def test_every_real_image_has_a_row(real) -> None:
    assert {one.obs_id for one in real.observations(OWNER)} == set(REAL)


def test_a_moc_is_where_its_cells_are(real) -> None:
    healpy = pytest.importorskip("healpy")
    from armillary.sky.footprint_index import FootprintIndex

    row = row_of(real.observation("P-SDSS9-r", OWNER))
    table = fits.getdata(DATA / "P-SDSS9-r.fits", 1)
    uniq = np.asarray(table.field(0), np.int64)
    order = (np.log2(uniq // 4) // 2).astype(int)
    some = zip(order[::50].tolist(), uniq[::50].tolist(), strict=True)
    places = [healpy.pix2ang(1 << o, number - (4 << 2 * o), nest=True, lonlat=True) for o, number in some]
    lon, lat = np.array(places).T
    index = FootprintIndex([row.footprint])
    sky = SkyCoord(lon, lat, unit="deg").cartesian.xyz.value.T
    assert index.holding(sky)[0].all()
    south = SkyCoord(np.arange(0.0, 360.0, 10.0), np.full(36, -70.0), unit="deg").cartesian.xyz.value.T
    assert not index.holding(south)[0].any()
