"""Wavelengths of filters and bands by their names in headers."""

from __future__ import annotations

import pytest

from armillary.holdings.obscore_bands import filter_band_m, frequency_band_m, named_band_m

NM = 1e-9


@pytest.mark.parametrize(
    ("name", "about", "wavelength_nm"),
    [
        ("g", [], 480), ("r", ["SDSS"], 620), ("u", [], 355), ("i'", [], 765), ("SDSS z", [], 910), ("zp", [], 910),
        ("V", [], 551), ("B", ["Johnson"], 445), ("Bessell R", [], 655), ("K", [], 2190), ("Ks", [], 2159),
        ("ks", [], 2159), ("J", ["2MASS"], 1235), ("H", [], 1630),
        ("g DECam SDSS c0001 4720.0 1520.0", [], 472), ("Y DECam c0005 10095.0 1130.0", [], 1009.5),
        ("z", ["decam", "Blanco"], 926), ("VR", ["DECam"], 630),
        ("HSC-I", [], 771), ("HSC-Y", [], 976), ("G", ["Hyper Suprime-Cam"], 475), ("r2", ["HSC"], 617),
        ("y.00000", ["GPC1"], 962), ("g.00000", ["gpc1", "PS1"], 482), ("i.MP9702", ["MegaPrime"], 767),
        ("y", ["LSSTCam"], 1004), ("W1", [], 3353), ("w4", ["WISE"], 22088), ("NUV", ["GALEX"], 227),
    ],
)  # fmt: skip
def test_the_middle_of_a_filter_lies_in_its_band(name, about, wavelength_nm) -> None:
    low, high = filter_band_m(name, about)
    assert low < wavelength_nm * NM < high
    assert 0.03 < (high - low) / (wavelength_nm * NM) < 0.5


def test_the_same_letter_is_not_the_same_everywhere() -> None:
    bands = {filter_band_m("z", [survey]) for survey in ("SDSS", "DECam", "HSC", "PS1")}
    assert len(bands) == 4


@pytest.mark.parametrize("name", ["", "unknown", "F606W", "clear", "ND", "gri", "x" * 5000, "é", "SDSS", "123", "-_-"])
def test_names_that_nobody_knows(name) -> None:
    assert filter_band_m(name) is None


@pytest.mark.parametrize(
    ("text", "about", "ghz"),
    [
        ("1420.4 MHz", [], 1.4204), ("1.42041 GHz", [], 1.42041), ("143", [], 143), ("143", ["PLANCK"], 143),
        ("030-GHz", ["Planck"], 28.4), ("353 GHz", ["planck_353.fits"], 353), ("f090", [], 95), ("Ka", ["WMAP"], 33),
        ("1420405751.8", [], 1.42), ("408 MHz", [], 0.408), ("61", ["WMAP"], 61), ("1.2 THz", [], 1200),
    ],
)  # fmt: skip
def test_frequencies_in_words(text, about, ghz) -> None:
    low, high = frequency_band_m(text, about)
    wavelength = 0.299792458 / ghz
    assert low * (1 - 1e-3) <= wavelength <= high * (1 + 1e-3)


def test_a_frequency_alone_has_no_width_and_a_band_has_one() -> None:
    low, high = frequency_band_m("143 GHz")
    assert low == high == pytest.approx(2.0964e-3, rel=1e-4)
    low, high = frequency_band_m("143 GHz", ["PLANCK"])
    assert 1.1 < high / low < 1.6


@pytest.mark.parametrize("text", ["", "GHz", "a lot", "-5", "0", "1e400", "5 parsec", "143 217"])
def test_what_is_no_frequency(text) -> None:
    assert frequency_band_m(text) is None


@pytest.mark.parametrize(
    ("name", "ghz"),
    [("act_dr6_f090_night_map.fits", 95), ("coadd-f150.fits", 148), ("so_f280", 280), ("f030_Q.fits", 28)],
)
def test_bands_of_microwave_surveys_by_the_name_of_a_file(name, ghz) -> None:
    low, high = named_band_m(name)
    assert low < 0.299792458 / ghz < high


@pytest.mark.parametrize("name", ["", "half150.fits", "f1500.fits", "of150", "f151", "F150"])
def test_other_names_are_no_band(name) -> None:
    assert named_band_m(name) is None
