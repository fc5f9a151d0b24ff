"""HEALPix maps as planes, against healpy and reproject."""

from __future__ import annotations

import gzip
import shutil

import healpy
import numpy as np
import pytest
from astropy.io import fits
from reproject import reproject_from_healpix

from armillary.images.files import open_image
from armillary.images.plane import Plane
from armillary.sky.frames import GALACTIC as GALACTIC_FRAME
from armillary.sky.frames import ecliptic, to_angles, to_vectors
from armillary.sky.grid import Window
from armillary.testing.planes import PlaneConformance, check_plane

UNSEEN = -1.6375e30


def write_table(path, columns, *, compress=False, **cards):
    table = fits.BinTableHDU.from_columns(columns)
    table.header["PIXTYPE"] = "HEALPIX"
    table.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    if compress:
        with path.open("rb") as plain, gzip.open(f"{path}.gz", "wb", compresslevel=1) as packed:
            shutil.copyfileobj(plain, packed)
        return path.with_name(path.name + ".gz")
    return path


def values_of(nside, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).normal(size=12 * nside**2).astype(dtype)


def grid_positions(shape):
    """Longitude and latitude of the grid's pixel centres, by the documented formula."""
    ny, nx = shape
    lon = ((nx - 1) / 2 - np.arange(nx)) * 360 / nx
    lat = (np.arange(ny) + 0.5) * 180 / ny - 90
    return np.meshgrid(lon % 360, lat)


def expected_grid(shape, nside, values, *, nest=False):
    lon, lat = grid_positions(shape)
    return values[healpy.ang2pix(nside, lon, lat, nest=nest, lonlat=True)]


def only_plane(path) -> Plane:
    (stack,) = open_image(path).stacks
    return stack.plane()


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("rows", [1, 12, 1024, None])
@pytest.mark.parametrize("ordering", ["RING", "NESTED"])
def test_implicit_maps(tmp_path, ordering, rows, compress):
    nside = 32
    values = values_of(nside)
    repeat = 1 if rows is None else len(values) // rows
    column = fits.Column("SIGNAL", f"{repeat}E", array=values.reshape(-1, repeat).squeeze(), unit="uK")
    cards = {"ORDERING": ordering, "NSIDE": nside, "COORDSYS": "G", "INDXSCHM": "IMPLICIT"}
    if rows == 1:
        column = fits.Column("SIGNAL", f"{repeat}E", array=values[None], unit="uK")
    path = write_table(tmp_path / "map.fits", [column], compress=compress, **cards)
    plane = only_plane(path)
    assert plane.shape == (256, 512)
    assert plane.words.units == "uK"
    assert plane.words.quantity == "SIGNAL"
    check_plane(plane, expected_grid(plane.shape, nside, values, nest=ordering == "NESTED"))


@pytest.mark.parametrize("nside", [1, 3, 12, 100])
def test_ring_of_any_nside_and_size_without_nside(tmp_path, nside):
    values = values_of(nside, dtype=np.float64)
    path = write_table(tmp_path / "map.fits", [fits.Column("T", "D", array=values)], ORDERING="RING")
    plane = only_plane(path)
    assert plane.shape[1] == max(512, 16 * nside)
    check_plane(plane, expected_grid(plane.shape, nside, values))


@pytest.mark.parametrize(
    ("code", "dtype"), [("B", "u1"), ("I", "i2"), ("J", "i4"), ("K", "i8"), ("E", "f4"), ("D", "f8"), ("L", "?")]
)
def test_types_behind_columns_of_odd_width(tmp_path, code, dtype):
    nside = 8
    raw = np.random.default_rng(1).integers(0, 2 if dtype == "?" else 120, 12 * nside**2).astype(dtype)
    pad = fits.Column("NOTE", "3A", array=np.full(len(raw), "abc"))
    path = write_table(tmp_path / "m.fits", [pad, fits.Column("HITS", code, array=raw)], ORDERING="RING", NSIDE=nside)
    plane = only_plane(path)
    check_plane(plane, expected_grid(plane.shape, nside, raw.astype("f8")))
    assert plane.dtype == ("f4" if dtype == "?" else dtype)


def test_scaled_unsigned_and_null(tmp_path):
    nside = 8
    raw = np.random.default_rng(1).integers(-100, 100, 12 * nside**2).astype("i2")
    columns = [
        fits.Column("SCALED", "I", array=raw, null=-7),
        fits.Column("U16", "I", array=(raw + 300).astype("u2"), bzero=32768),
    ]
    path = write_table(tmp_path / "m.fits", columns, ORDERING="NESTED", NSIDE=nside)
    with fits.open(path, mode="update") as hdus:
        hdus[1].header["TSCAL1"], hdus[1].header["TZERO1"] = 0.5, 10.0
    scaled, unsigned = (stack.plane() for stack in open_image(path).stacks)
    expected = np.where(raw == -7, np.nan, raw * 0.5 + 10.0)
    check_plane(scaled, expected_grid(scaled.shape, nside, expected, nest=True))
    assert unsigned.dtype == np.uint16
    check_plane(unsigned, expected_grid(unsigned.shape, nside, raw + 300.0, nest=True))


def test_no_data(tmp_path):
    nside = 16
    values = values_of(nside)
    values[::3], values[1::7], values[2::11] = UNSEEN, np.nan, -999.0
    path = write_table(tmp_path / "m.fits", [fits.Column("T", "E", array=values)], ORDERING="RING", BAD_DATA=-999.0)
    plane = only_plane(path)
    clean = np.where((values < -998) | ~np.isfinite(values), np.nan, values)
    check_plane(plane, expected_grid(plane.shape, nside, clean))


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("ordering", ["RING", "NESTED"])
@pytest.mark.parametrize("order", ["sorted", "shuffled"])
def test_explicit_maps(tmp_path, ordering, order, compress):
    nside = 64
    rng = np.random.default_rng(3)
    pixels = rng.choice(12 * nside**2, 5000, replace=False)
    pixels = np.sort(pixels) if order == "sorted" else pixels
    signal, hits = rng.normal(size=5000), rng.integers(1, 9, 5000).astype("i4")
    columns = [
        fits.Column("PIXEL", "J", array=pixels),
        fits.Column("SIGNAL", "D", array=signal),
        fits.Column("N_OBS", "J", array=hits),
    ]
    cards = {"ORDERING": ordering, "NSIDE": nside, "INDXSCHM": "EXPLICIT", "OBJECT": "PARTIAL"}
    path = write_table(tmp_path / "m.fits", columns, compress=compress, **cards)
    stacks = open_image(path).stacks
    assert [stack.words.quantity for stack in stacks] == ["SIGNAL", "N_OBS"]
    for stack, values in zip(stacks, (signal, hits), strict=True):
        whole = np.full(12 * nside**2, np.nan)
        whole[pixels] = values
        plane = stack.plane()
        check_plane(plane, expected_grid(plane.shape, nside, whole, nest=ordering == "NESTED"))


def test_partial_map_of_healpy(tmp_path):
    nside = 32
    values = values_of(nside)
    values[3000:] = UNSEEN
    healpy.write_map(tmp_path / "p.fits", [values, values + 1, values + 2], partial=True, coord="E", dtype=np.float32,
                     column_names=["TEMPERATURE", "Q_POLARISATION", "U_POLARISATION"], column_units="K")  # fmt: skip
    stacks = open_image(tmp_path / "p.fits").stacks
    assert [stack.words.stokes for stack in stacks] == ["I", "Q", "U"]
    plane = stacks[0].plane()
    assert plane.wcs.frame == "ecliptic"
    check_plane(plane, expected_grid(plane.shape, nside, np.where(values == UNSEEN, np.nan, values)))


def test_implicit_part_of_the_sky(tmp_path):
    nside, first = 16, 700
    values = values_of(nside)
    column = fits.Column("T", "E", array=values[first:2000])
    cards = {"ORDERING": "NESTED", "NSIDE": nside, "FIRSTPIX": first, "LASTPIX": 1999}
    plane = only_plane(write_table(tmp_path / "m.fits", [column], **cards))
    whole = np.full(len(values), np.nan)
    whole[first:2000] = values[first:2000]
    check_plane(plane, expected_grid(plane.shape, nside, whole, nest=True))


def multi_order(seed=0, shuffle=False, gaps=True):
    """Cells of orders 1 to 6 that tile the sky (but for gaps), and a brute-force map of them at order 6."""
    rng = np.random.default_rng(seed)
    cells, todo = [], [(1, pixel) for pixel in range(48)]
    while todo:
        order, pixel = todo.pop()
        if order < 6 and rng.random() < 0.6:
            todo += [(order + 1, 4 * pixel + child) for child in range(4)]
        elif not gaps or rng.random() < 0.9:
            cells.append((order, pixel))
    cells.sort(key=lambda cell: 4 * 4 ** cell[0] + cell[1])
    if shuffle:
        rng.shuffle(cells)
    uniq = np.array([4 * 4**order + pixel for order, pixel in cells])
    values = rng.normal(size=len(cells))
    whole = np.full(12 * 64**2, np.nan)
    for (order, pixel), value in zip(cells, values, strict=True):
        width = 4 ** (6 - order)
        whole[pixel * width : (pixel + 1) * width] = value
    return uniq, values, whole


@pytest.mark.parametrize("cards", [{"MOCORDER": 6}, {}, {"MOCORDER": 29}])
@pytest.mark.parametrize("shuffle", [False, True])
def test_multi_order_maps(tmp_path, shuffle, cards):
    uniq, values, whole = multi_order(shuffle=shuffle)
    columns = [fits.Column("UNIQ", "K", array=uniq), fits.Column("PROBDENSITY", "D", array=values, unit="sr-1")]
    path = write_table(tmp_path / "m.fits", columns, ORDERING="NUNIQ", COORDSYS="C", **cards)
    plane = only_plane(path)
    assert plane.shape == (512, 1024)
    assert plane.wcs.frame == "icrs"
    check_plane(plane, expected_grid(plane.shape, 64, whole, nest=True))


def test_a_moc_is_one_inside(tmp_path):
    uniq, _, whole = multi_order()
    path = write_table(tmp_path / "moc.fits", [fits.Column("UNIQ", "J", array=uniq)], ORDERING="NUNIQ", MOCORDER=29)
    plane = only_plane(path)
    assert plane.words.quantity == "MOC"
    check_plane(plane, expected_grid(plane.shape, 64, np.where(np.isnan(whole), np.nan, 1.0), nest=True))


@pytest.mark.parametrize(
    ("coordsys", "frame"), [("G", None), ("C", "icrs"), ("ECLIPTIC", "ecliptic"), ("GALACTIC", None)]
)
def test_value_at_a_place_of_the_sky(tmp_path, coordsys, frame):
    """The value shown at an ICRS position is that of the HEALPix pixel at the centre of the grid's pixel there."""
    nside = 64
    values = values_of(nside)
    column = fits.Column("T", "E", array=values)
    path = write_table(tmp_path / "m.fits", [column], ORDERING="RING", NSIDE=nside, COORDSYS=coordsys)
    plane = only_plane(path)
    wcs = plane.wcs
    assert wcs.full_circle
    assert wcs.wrap_period_px == pytest.approx(plane.shape[1])
    assert wcs.parity == -1
    grid = plane.window(Window(0, plane.shape[0], 0, plane.shape[1]))
    rng = np.random.default_rng(4)
    ra, dec = rng.uniform(0, 360, 2000), np.degrees(np.arcsin(rng.uniform(-1, 1, 2000)))
    x, y = (np.rint(pixel).astype(int) for pixel in wcs.icrs_to_pixel(ra, dec))
    turn = {None: GALACTIC_FRAME, "ecliptic": ecliptic()}.get(frame)
    centre = wcs.pixel_to_icrs(x, y)
    lon, lat = centre if turn is None else to_angles(turn.from_icrs(to_vectors(*centre)))
    np.testing.assert_array_equal(grid[y, x % plane.shape[1]], values[healpy.ang2pix(nside, lon, lat, lonlat=True)])
    lon, lat = (ra, dec) if turn is None else to_angles(turn.from_icrs(to_vectors(ra, dec)))
    exact = values[healpy.ang2pix(nside, lon, lat, lonlat=True)]
    assert (grid[y, x % plane.shape[1]] == exact).mean() > 0.7


def test_against_reproject(tmp_path):
    nside = 32
    values = values_of(nside, dtype=np.float64)
    column = fits.Column("T", "D", array=values)
    plane = only_plane(write_table(tmp_path / "m.fits", [column], ORDERING="RING", NSIDE=nside, COORDSYS="G"))
    header = fits.Header({"NAXIS": 2, "NAXIS1": plane.shape[1], "NAXIS2": plane.shape[0]})
    for name in ("CTYPE", "CRPIX", "CRVAL", "CDELT"):
        header[f"{name}1"], header[f"{name}2"] = plane.wcs.summary[name.lower()]
    theirs, _ = reproject_from_healpix((values, "galactic"), header, order="nearest-neighbor", nested=False)
    np.testing.assert_array_equal(plane.window(Window(0, plane.shape[0], 0, plane.shape[1])), theirs)


def test_missing_frame_is_noted(tmp_path):
    column = fits.Column("T", "E", array=values_of(4))
    plane = only_plane(write_table(tmp_path / "m.fits", [column], ORDERING="RING"))
    assert plane.wcs.frame == "galactic"
    assert any("COORDSYS is missing" in note for note in plane.words.notes)
    assert any("NSIDE 4" in note for note in plane.words.notes)


def test_truncated_map(tmp_path):
    nside = 64
    values = values_of(nside)
    column = fits.Column("T", "1024E", array=values.reshape(-1, 1024))
    path = write_table(tmp_path / "m.fits", [column], ORDERING="RING", NSIDE=nside)
    kept = 2 * 2880 + 4 * 10000 + 2
    with path.open("r+b") as file:
        file.truncate(kept)
    plane = only_plane(path)
    assert any("truncated" in note for note in plane.words.notes)
    cut = values.copy()
    cut[10000:] = np.nan
    check_plane(plane, expected_grid(plane.shape, nside, cut))


def test_pixels_outside_the_sphere_and_twice(tmp_path):
    columns = [
        fits.Column("PIXEL", "K", array=np.array([-5, 3, 3, 1 << 40, 47, 48])),
        fits.Column("T", "E", array=np.arange(6.0)),
    ]
    path = write_table(tmp_path / "m.fits", columns, ORDERING="RING", NSIDE=2, INDXSCHM="EXPLICIT")
    plane = only_plane(path)
    grid = plane.window(Window(0, plane.shape[0], 0, plane.shape[1]))
    assert set(np.unique(grid[np.isfinite(grid)])) <= {1.0, 2.0, 4.0}
    assert 4.0 in grid


def test_unsigned_pixel_numbers(tmp_path):
    uniq, values, whole = multi_order()
    columns = [fits.Column("UNIQ", "K", array=uniq.astype("u8"), bzero=2**63), fits.Column("P", "D", array=values)]
    plane = only_plane(write_table(tmp_path / "m.fits", columns, ORDERING="NUNIQ", MOCORDER=6))
    check_plane(plane, expected_grid(plane.shape, 64, whole, nest=True))


class TestRing(PlaneConformance):
    def make(self, folder):
        values = values_of(16)
        columns = [fits.Column("A", "J", array=np.zeros(len(values))), fits.Column("T", "E", array=values)]
        path = write_table(folder / "ring.fits", columns, ORDERING="RING", NSIDE=16, COORDSYS="C")
        plane = open_image(path).stacks[1].plane()
        return plane, expected_grid(plane.shape, 16, values)


class TestMultiOrder(PlaneConformance):
    def make(self, folder):
        uniq, values, whole = multi_order(3)
        columns = [fits.Column("UNIQ", "K", array=uniq), fits.Column("P", "D", array=values)]
        path = write_table(folder / "moc.fits", columns, ORDERING="NUNIQ", MOCORDER=6)
        plane = only_plane(path)
        return plane, expected_grid(plane.shape, 64, whole, nest=True)


@pytest.mark.real_data
def test_wmap_mask(real_data):
    path = real_data / "wmap_temperature_analysis_mask_r9_7yr_v4_udgraded32.fits"
    stacks = open_image(path).stacks
    assert [stack.words.stokes for stack in stacks] == ["I", "Q", "U"]
    for stack, values in zip(stacks, healpy.read_map(path, field=(0, 1, 2)), strict=True):
        plane = stack.plane()
        check_plane(plane, expected_grid(plane.shape, 32, np.where(values == UNSEEN, np.nan, values)))


@pytest.mark.real_data
def test_gravitational_wave_map(real_data):
    path = real_data / "LALInference.multiorder.fits"
    stacks = open_image(path).stacks
    assert [stack.words.quantity for stack in stacks] == ["PROBDENSITY", "DISTMU", "DISTSIGMA", "DISTNORM"]
    assert stacks[1].words.units == "Mpc"
    table = fits.getdata(path, 1)
    order = (np.log2(table["UNIQ"] / 4) // 2).astype(int)
    index = table["UNIQ"] - 4 * 4**order
    for number, name in enumerate(("PROBDENSITY", "DISTMU")):
        plane = stacks[number].plane()
        assert plane.shape == (8192, 16384)
        for window in (Window(4000, 4100, 3000, 4000), Window(0, 30, 0, 16384), Window(8100, 8192, 100, 200)):
            lon, lat = (
                grid[window.y0 : window.y1, window.x0 : window.x1] for grid in positions_of(plane.shape, window)
            )
            expected = np.full(window.shape, np.nan)
            for level in np.unique(order):
                of_level = order == level
                whole = np.full(12 * 4**level, np.nan)
                whole[index[of_level]] = table[name][of_level]
                found = whole[healpy.ang2pix(2**level, lon, lat, nest=True, lonlat=True)]
                expected = np.where(np.isnan(found), expected, found)
            values = plane.window(window)
            expected[~np.isfinite(values) & ~np.isfinite(expected)] = np.nan
            np.testing.assert_array_equal(np.where(np.isinf(values), np.nan, values), expected)


def positions_of(shape, window):
    """`grid_positions`, made for the window's rows and columns only but indexed as the whole."""
    ny, nx = shape
    lon = np.broadcast_to(((nx - 1) / 2 - np.arange(nx)) * 360 / nx % 360, shape)
    lat = np.broadcast_to(((np.arange(ny) + 0.5) * 180 / ny - 90)[:, None], shape)
    return lon, lat


@pytest.mark.real_data
def test_sdss_coverage(real_data):
    plane = only_plane(real_data / "P-SDSS9-r.fits")
    wcs = plane.wcs
    x, y = wcs.icrs_to_pixel([180.0, 270.0], [30.0, -60.0])
    inside = [plane.window(Window(int(b), int(b) + 1, int(a), int(a) + 1))[0, 0] for a, b in zip(x, y, strict=True)]
    assert inside[0] == 1.0
    assert np.isnan(inside[1])
