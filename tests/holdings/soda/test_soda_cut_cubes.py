"""Cutouts of cubes: regions on the celestial axes, BAND, TIME and POL on theirs, against astropy."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import constants, units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS, FITSFixedWarning

from armillary.errors import LimitError, ParameterError
from armillary.holdings.soda import Filter, cut_observation

C = 299_792_458.0
CIRCLE = "CIRCLE 150 2 0.0063"
LINE_HZ = 1.420405752e9


def sky_cards(nx: int = 24, ny: int = 20) -> dict[str, Any]:
    return {
        "CTYPE1": "RA---SIN", "CRPIX1": nx / 2, "CRVAL1": 150.0, "CDELT1": -0.001, "CUNIT1": "deg",
        "CTYPE2": "DEC--SIN", "CRPIX2": ny / 2, "CRVAL2": 2.0, "CDELT2": 0.001, "CUNIT2": "deg", "BUNIT": "Jy/beam",
        "RADESYS": "ICRS",
    }  # fmt: skip


def axis_cards(axis: int, kind: str, value: float, step: float, pixel: float = 1.0, unit: str = "") -> dict[str, Any]:
    cards = {f"CTYPE{axis}": kind, f"CRVAL{axis}": value, f"CDELT{axis}": step, f"CRPIX{axis}": pixel}
    return cards | ({f"CUNIT{axis}": unit} if unit else {})


def radio_cube(path: Path, kind: Any = np.float32, stokes: int = 4, channels: int = 16) -> np.ndarray:
    """FREQ and STOKES, as radio interferometers write them."""
    shape = (stokes, channels, 20, 24)
    data = np.arange(math.prod(shape)).reshape(shape).astype(kind)
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, "FREQ", 1.4e9, 1e6, 5.0, "Hz") | axis_cards(4, "STOKES", 1.0, 1.0))
    header["RESTFRQ"] = LINE_HZ
    fits.PrimaryHDU(data, header).writeto(path)
    return data


def quiet(header: fits.Header) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        return WCS(header)


def world(header: fits.Header, pixels: Any) -> np.ndarray:
    return quiet(header).all_pix2world(pixels, 0)


def band(low_hz: float, high_hz: float) -> tuple[float, float]:
    return C / high_hz, C / low_hz


def check_world(path: Path, new: fits.Header, first: list[int], step: list[int] | None = None) -> None:
    """Every corner of the cutout is where it was in the file, on all axes."""
    lengths = [new[f"NAXIS{axis}"] for axis in range(1, new["NAXIS"] + 1)]
    corners = np.stack(np.meshgrid(*([0, n - 1] for n in lengths)), -1).reshape(-1, len(lengths)).astype(float)
    old = world(fits.getheader(path), corners * (step or [1] * len(first)) + first)
    assert np.allclose(world(new, corners), old, rtol=1e-13, atol=1e-9)


def test_a_circle_and_a_band(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    data = radio_cube(path)
    new = cut.hdus(path, CIRCLE, band_m=band(1.3991e9, 1.4029e9))[0]
    # Channels are 1 MHz wide about 1396 + k MHz: cells 1398.5 … 1399.5 to 1402.5 … 1403.5.
    header = new.header
    y, x = (round(20 / 2 - header["CRPIX2"]), round(24 / 2 - header["CRPIX1"]))
    part = data[:, 3:8, y : y + header["NAXIS2"], x : x + header["NAXIS1"]]
    assert new.data.shape == part.shape
    inside = ~np.isnan(new.data)
    rows, columns = np.mgrid[: inside.shape[2], : inside.shape[3]]
    sky = quiet(header).celestial.pixel_to_world(columns, rows)
    within = sky.separation(SkyCoord(150, 2, unit="deg")).deg <= 0.0063
    assert np.array_equal(inside, np.broadcast_to(within, inside.shape))
    assert np.array_equal(new.data[inside], part[inside])
    check_world(path, header, [x, y, 3, 0])
    assert "Axis 3: pixels 3 to 7 of 16" in " ".join(map(str, header["HISTORY"]))


@pytest.mark.parametrize(
    ("wanted", "states", "step"),
    [(("I",), [0], 1), (("Q", "U"), [1, 2], 1), (("V", "I"), [0, 3], 3), (("I", "RR"), [0], 1)],
)
def test_polarization(cut: Any, tmp_path: Path, wanted: tuple[str, ...], states: list[int], step: int) -> None:
    path = tmp_path / "cube.fits"
    data = radio_cube(path)
    new = cut.hdus(path, pol=wanted)[0]
    assert np.array_equal(new.data, data[states])
    check_world(path, new.header, [0, 0, 0, states[0]], [1, 1, 1, step])


def test_components_that_do_not_follow_evenly_are_several_images(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    data = radio_cube(path)
    hdus = cut.hdus(path, pol=("I", "Q", "V"))
    assert hdus[0].data is None
    assert np.array_equal(hdus[1].data, data[:2])
    assert np.array_equal(hdus[2].data, data[3:])
    check_world(path, hdus[2].header, [0, 0, 0, 3])


@pytest.mark.parametrize("matrix", ["CD", "PC", "PC of others"])
def test_every_second_component_with_a_matrix(cut: Any, tmp_path: Path, matrix: str) -> None:
    path = tmp_path / "cube.fits"
    data = np.arange(4 * 3 * 20 * 24, dtype=np.float32).reshape(4, 3, 20, 24)
    header = fits.Header()
    cards = sky_cards() | axis_cards(3, "FREQ", 1.4e9, 1e6) | axis_cards(4, "STOKES", 1.0, 1.0, 1.0)
    if matrix == "CD":
        cards = {key: value for key, value in cards.items() if not key.startswith("CDELT")}
        cards |= {"CD1_1": -0.001, "CD1_2": 1e-4, "CD2_1": 1e-4, "CD2_2": 0.001, "CD3_3": 1e6, "CD4_4": 1.0}
    elif matrix == "PC":
        cards |= {"PC1_1": 1.0, "PC1_2": 0.1, "PC2_1": -0.1, "PC2_2": 1.0, "PC3_3": 1.0, "PC4_4": 1.0}
    else:
        cards |= {"PC1_1": 1.0, "PC1_2": 0.1, "PC2_1": -0.1, "PC2_2": 1.0}
    header.update(cards)
    fits.PrimaryHDU(data, header).writeto(path)
    new = cut.hdus(path, pol=("I", "U"))[0]
    assert np.array_equal(new.data, data[::2])
    check_world(path, new.header, [0, 0, 0, 0], [1, 1, 1, 2])


def test_a_state_that_is_not_there_leaves_nothing(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    radio_cube(path, stokes=2)
    assert cut(path, pol=("V",)) is None


def test_a_slice_is_just_that_slice(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    data = radio_cube(path, stokes=1)
    entry = cut.observation(path).entries[0]
    name = f"{entry.layer_id}@7"
    new = cut.hdus(path, name=name)[0]
    assert np.array_equal(new.data, data[:, 7:8])
    check_world(path, new.header, [0, 0, 7, 0])
    assert cut(path, name=name, band_m=band(1.405e9, 1.406e9)) is None
    assert cut.hdus(path, name=name, band_m=band(1.4025e9, 1.4035e9))[0].data.shape == (1, 1, 20, 24)


SPECTRAL = [
    ("FREQ", "GHz", 1.4, 0.001, {}),
    ("FREQ", "GHz", 1.4, -0.001, {}),
    ("WAVE", "nm", 500.0, 2.0, {}),
    ("WAVE", "Angstrom", 5000.0, 20.0, {}),
    ("AWAV", "Angstrom", 5000.0, 20.0, {}),
    ("WAVE-LOG", "nm", 500.0, 2.0, {}),
    ("ENER", "keV", 2.0, 0.05, {}),
    ("WAVN", "/m", 2e6, 1e4, {}),
    ("VRAD", "km/s", -20.0, 5.0, {"RESTFRQ": LINE_HZ}),
    ("VOPT", "m/s", -2e4, 5e3, {"RESTFRQ": LINE_HZ}),
    ("VOPT-F2W", "m/s", -2e4, 5e3, {"RESTFRQ": LINE_HZ}),
    ("VELO", "km/s", -20.0, 5.0, {"RESTFRQ": LINE_HZ}),
    ("VELO-F2V", "km/s", -20.0, 5.0, {"RESTFRQ": LINE_HZ}),
    ("ZOPT", "", 0.1, 0.01, {"RESTWAV": 6.5628e-7}),
]


def spectral_cube(path: Path, kind: str, unit: str, value: float, step: float, more: dict[str, float]) -> np.ndarray:
    data = np.arange(9 * 20 * 24, dtype=np.int16).reshape(9, 20, 24)
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, kind, value, step, 4.0, unit) | more)
    fits.PrimaryHDU(data, header).writeto(path)
    return data


def wavelengths(path: Path, pixels: np.ndarray) -> np.ndarray:
    """Metres, by astropy's own way from a coordinate to a wavelength."""
    header = fits.getheader(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        core = WCS(header).spectral.wcs
        native = core.p2s(pixels[:, None], 0)["world"][:, 0] * units.Unit(str(core.cunit[0]) or "1")
    kind = core.ctype[0][:4]
    if kind == "AWAV":
        # Sellmeier-like formula of paper III, solved the other way round: from vacuum to air.
        def air(vacuum: np.ndarray) -> np.ndarray:
            n = (1e-6 / vacuum) ** 2
            return vacuum / (1 + 1e-6 * (287.6155 + 1.62887 * n + 0.0136 * n * n))

        from scipy.optimize import brentq

        return np.array([brentq(lambda v, w=w: air(v) - w, w * 0.99, w * 1.01, xtol=1e-20) for w in native.si.value])
    if kind in ("FREQ", "WAVE", "ENER"):
        return native.to_value("m", units.spectral())
    if kind == "WAVN":
        return (1 / native).to_value("m")
    if kind == "ZOPT":
        return header["RESTWAV"] * (1 + native.value)
    rest = LINE_HZ * units.Hz
    of_kind = {"VRAD": units.doppler_radio, "VOPT": units.doppler_optical, "VELO": units.doppler_relativistic}
    return (constants.c / native.to(units.Hz, of_kind[kind](rest))).to_value("m")


@pytest.mark.parametrize(("kind", "unit", "value", "step", "more"), SPECTRAL)
def test_bands_on_every_kind_of_axis(
    cut: Any, tmp_path: Path, kind: str, unit: str, value: float, step: float, more: dict[str, float]
) -> None:
    path = tmp_path / "cube.fits"
    data = spectral_cube(path, kind, unit, value, step, more)
    edges = wavelengths(path, np.array([1.6, 5.4]))
    new = cut.hdus(path, band_m=(edges.min(), edges.max()))[0]
    # From within the cell of channel 2 to within that of channel 5.
    assert np.array_equal(new.data, data[2:6])
    check_world(path, new.header, [0, 0, 2])
    middle = float(wavelengths(path, np.array([6.1]))[0])
    assert np.array_equal(cut.hdus(path, band_m=(middle, middle))[0].data, data[6:7])
    border = float(wavelengths(path, np.array([6.5]))[0])
    assert len(cut.hdus(path, band_m=(border, border))[0].data) == 1
    ends = wavelengths(path, np.array([-0.5, 8.5]))
    assert np.array_equal(cut.hdus(path, band_m=(-math.inf, math.inf))[0].data, data)
    assert cut(path, band_m=(ends.max() * 1.001, math.inf)) is None
    assert cut(path, band_m=(-math.inf, ends.min() * 0.999)) is None
    half = cut.hdus(path, band_m=(-math.inf, float(edges.max())))[0]
    assert len(half.data) in (6, 7)


def test_a_velocity_without_a_line_is_refused(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    spectral_cube(path, "VRAD", "km/s", 0.0, 1.0, {})
    with pytest.raises(ParameterError, match="BAND: the wavelengths of this observation are not known"):
        cut(path, band_m=(0.2, 0.3))


def test_an_image_of_a_known_band_is_filtered_by_it(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, "FREQ", 1.4e9, 1e8, 1.0, "Hz"))
    data = np.arange(480, dtype=np.float32).reshape(1, 20, 24)
    fits.PrimaryHDU(data, header).writeto(path)
    assert np.array_equal(cut.hdus(path, band_m=band(1.3e9, 1.36e9))[0].data, data)
    assert cut(path, band_m=band(1.2e9, 1.3e9)) is None


@pytest.mark.parametrize(
    ("more", "name"), [({"band_m": (1e-7, 1e-6)}, "BAND"), ({"pol": ("I",)}, "POL"), ({"time_mjd": (5.0, 6.0)}, "TIME")]
)
def test_what_is_not_known_is_refused_and_never_ignored(
    cut: Any, tmp_path: Path, more: dict[str, Any], name: str
) -> None:
    path = tmp_path / "image.fits"
    header = fits.Header()
    header.update(sky_cards())
    fits.PrimaryHDU(np.zeros((20, 24), np.float32), header).writeto(path)
    with pytest.raises(ParameterError, match=f"{name}: .* not known"):
        cut(path, **more)


def test_the_time_of_an_exposure_is_a_filter(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "image.fits"
    header = fits.Header()
    header.update(sky_cards() | {"DATE-OBS": "2020-01-01T00:00:00", "EXPTIME": 3600.0})
    fits.PrimaryHDU(np.zeros((20, 24), np.float32), header).writeto(path)
    assert cut(path, time_mjd=(58849.0, 58849.01)) is not None
    assert cut(path, time_mjd=(58849.2, math.inf)) is None
    assert cut(path, time_mjd=(-math.inf, 58848.9)) is None


def test_times_along_an_axis(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "movie.fits"
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, "TIME", 100.0, 10.0, 1.0, "s") | {"MJDREF": 59000.0, "TIMESYS": "UTC"})
    data = np.arange(6 * 480, dtype=np.float64).reshape(6, 20, 24)
    fits.PrimaryHDU(data, header).writeto(path)
    new = cut.hdus(path, CIRCLE, time_mjd=(59000 + 118 / 86400, 59000 + 131 / 86400))[0]
    assert new.data.shape[0] == 2
    inside = ~np.isnan(new.data)
    assert set(np.unique(new.data[inside] // 480)) == {2.0, 3.0}
    assert cut(path, time_mjd=(58000, 58999)) is None


def test_the_sky_on_the_slower_axes(cut: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frequency first: parts of a file hold channels, columns and rows in any cut."""
    path = tmp_path / "turned.fits"
    header = fits.Header()
    header.update(axis_cards(1, "FREQ", 1e9, 1e6, 1.0, "Hz"))
    for axis, kind, length in ((2, "RA---TAN", 24), (3, "DEC--TAN", 20)):
        header.update(axis_cards(axis, kind, 150.0 if axis == 2 else 2.0, 0.001 * (2 * axis - 5), length / 2))
    data = np.arange(20 * 24 * 7, dtype=np.int32).reshape(20, 24, 7)
    fits.PrimaryHDU(data, header).writeto(path)
    for size in (8, 40, 600, 1 << 20):
        monkeypatch.setattr("armillary.images.cutouts.pixels.BLOCK_BYTES", size)
        new = cut.hdus(path, "RANGE 149.9955 150.0045 1.9955 2.0045", band_m=band(1.0016e9, 1.0044e9))[0]
        x, y = round(12 - new.header["CRPIX2"]), round(10 - new.header["CRPIX3"])
        assert np.array_equal(new.data, data[y : y + new.data.shape[0], x : x + new.data.shape[1], 2:5])
        check_world(path, new.header, [2, x, y])


def test_the_sky_around_a_further_axis(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "between.fits"
    header = fits.Header()
    header.update(axis_cards(1, "RA---TAN", 150.0, -0.001, 12.0) | axis_cards(2, "FREQ", 1e9, 1e6, 1.0, "Hz"))
    header.update(axis_cards(3, "DEC--TAN", 2.0, 0.001, 10.0))
    data = np.arange(20 * 7 * 24, dtype=np.float32).reshape(20, 7, 24)
    fits.PrimaryHDU(data, header).writeto(path)
    new = cut.hdus(path, CIRCLE, band_m=band(1.0016e9, 1.0044e9))[0]
    x, y = round(12 - new.header["CRPIX1"]), round(10 - new.header["CRPIX3"])
    part = data[y : y + new.data.shape[0], 2:5, x : x + new.data.shape[2]]
    inside = ~np.isnan(new.data)
    assert 0.6 < inside.mean() < 0.9
    assert np.array_equal(new.data[inside], part[inside])


@pytest.mark.parametrize("name", ["RICE_1", "GZIP_2"])
def test_compressed_cubes(cut: Any, tmp_path: Path, name: str) -> None:
    path = tmp_path / "packed.fits"
    data = np.random.default_rng(1).integers(0, 1000, (8, 20, 24)).astype(np.int16)
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, "FREQ", 1.4e9, 1e6, 1.0, "Hz") | {"BLANK": -1})
    fits.CompImageHDU(data, header, compression_type=name, tile_shape=(3, 8, 24)).writeto(path)
    new = cut.hdus(path, CIRCLE, band_m=band(1.402e9, 1.4044e9))[0]
    x, y = round(12 - new.header["CRPIX1"]), round(10 - new.header["CRPIX2"])
    part = data[2:5, y : y + new.data.shape[1], x : x + new.data.shape[2]]
    inside = new.data != -1
    assert new.data.shape == part.shape
    assert np.array_equal(new.data[inside], part[inside])


def test_the_free_number_is_free_in_all_planes(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "bytes.fits"
    data = np.full((3, 20, 24), 9, np.uint8)
    data[0, 10, 12], data[2, 10, 12] = 255, 0
    header = fits.Header()
    header.update(sky_cards() | axis_cards(3, "FREQ", 1.4e9, 1e6, 1.0, "Hz"))
    fits.PrimaryHDU(data, header).writeto(path)
    new = cut.hdus(path, CIRCLE)[0]
    assert new.header["BLANK"] == 1 == new.data[1, 0, 0]


def test_all_axes_count_against_the_limit(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    radio_cube(path)
    with pytest.raises(LimitError, match="this one has 30720"):
        cut(path, most=30_000)
    assert cut(path, most=30_720) is not None
    assert cut(path, most=8_000, pol=("I",), band_m=band(1.396e9, 1.41e9)) is not None


def test_coordinates_in_a_table_are_refused(cut: Any, tmp_path: Path) -> None:
    path = tmp_path / "cube.fits"
    spectral_cube(path, "WAVE-TAB", "nm", 1.0, 1.0, {})
    with pytest.raises(ParameterError, match="-TAB"):
        cut(path, CIRCLE)


def test_layers_hidden_from_the_caller_are_never_in_it(cut: Any, tmp_path: Path) -> None:
    """Without Q there are I, U and V, as two images, and POL=Q leaves nothing."""
    path = tmp_path / "cube.fits"
    data = radio_cube(path)
    whole = cut.observation(path)
    seen = replace(whole, entries=tuple(entry for entry in whole.entries if entry.words.stokes != "Q"))
    hdus = cut.opened(cut_observation(seen, Filter(), most_pixels=10**9))
    assert np.array_equal(hdus[1].data, data[[0, 2]])
    assert np.array_equal(hdus[2].data, data[3:])
    assert not any((hdu.data == data[1, 0, 0, 0]).any() for hdu in hdus[1:])
    assert cut_observation(seen, Filter(pol=("Q",)), most_pixels=10**9) is None


@pytest.mark.real_data
@pytest.mark.filterwarnings("ignore")
def test_a_real_cube(cut: Any, real_data: Path) -> None:
    path = real_data / "equatorial_3d.fits"
    with fits.open(path) as hdus:
        data, header = hdus[0].data, hdus[0].header
        wcs = WCS(header)
    plane = cut.observation(path).pieces[0].layers()[0].pyramid().plane
    ny, nx = plane.shape
    ra, dec = (float(v) for v in plane.wcs.pixel_to_icrs(nx / 2, ny / 2))
    new = cut.hdus(path, f"CIRCLE {ra} {dec} {2.2 * plane.wcs.pixel_scale_deg}")[0]
    assert new.data.ndim == data.ndim
    x, y = round(header["CRPIX1"] - new.header["CRPIX1"]), round(header["CRPIX2"] - new.header["CRPIX2"])
    part = data[..., y : y + new.data.shape[-2], x : x + new.data.shape[-1]]
    inside = ~np.isnan(new.data)
    assert inside.any()
    assert np.array_equal(new.data[inside], part[inside])
    assert np.allclose(
        WCS(new.header).all_pix2world([[0.0] * wcs.naxis], 0),
        wcs.all_pix2world([[float(x), float(y)] + [0.0] * (wcs.naxis - 2)], 0), rtol=1e-12, atol=1e-9,
    )  # fmt: skip
