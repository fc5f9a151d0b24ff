"""Headers without usable sky: None and a note, never an exception."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.sky.wcs import PlaneWcs, why_not

NO_SKY = "No celestial coordinates: positions are pixels only."
BAD = {
    "nothing": ({"CTYPE1": None, "CTYPE2": None}, NO_SKY),
    "linear": ({"CTYPE1": "LINEAR", "CTYPE2": "LINEAR"}, NO_SKY),
    "helioprojective": ({"CTYPE1": "HPLN-TAN", "CTYPE2": "HPLT-TAN"}, "Solar coordinates: positions are pixels only."),
    "carrington": ({"CTYPE1": "CRLN-CEA", "CTYPE2": "CRLT-CEA"}, "Solar coordinates: positions are pixels only."),
    "mars": ({"CTYPE1": "MALN-CAR", "CTYPE2": "MALT-CAR"}, "Surface (Mars) coordinates: positions are pixels only."),
    "earth": ({"CTYPE1": "TLON-CAR", "CTYPE2": "TLAT-CAR"}, "Terrestrial coordinates: positions are pixels only."),
    "two longitudes": ({"CTYPE2": "RA---TAN"}, NO_SKY),
    "half": ({"CTYPE2": "FREQ"}, NO_SKY),
    "mixed frames": ({"CTYPE2": "GLAT-TAN"}, NO_SKY),
    "no projection": ({"CTYPE1": "RA", "CTYPE2": "DEC"}, "name no projection"),
    "unknown projection": ({"CTYPE1": "RA---XYZ", "CTYPE2": "DEC--XYZ"}, "projection"),
    "two projections": ({"CTYPE2": "DEC--SIN"}, "not valid"),
    "singular": ({"CD1_1": 0.0, "CD1_2": 0.0}, "singular"),
    "no scale": ({"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0}, "singular"),
    "text for a number": ({"CRVAL1": "north"}, "CRVAL1 is not a number"),
    "unit": ({"CUNIT1": "furlong", "CUNIT2": "furlong"}, "not valid"),
    "pole": ({"CRVAL2": 120.0}, "not valid"),
    "huge scale": ({"CD1_1": 1e200, "CD2_2": 1e200}, "scale"),
    "half a SIP": ({"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 3, "A_2_0": 1e-5}, "SIP"),
    "SIP without end": ({"A_ORDER": 10**9, "B_ORDER": 10**9}, "SIP"),
    "apparent": ({"RADESYS": "GAPPT"}, "Apparent"),
    "table": ({"CTYPE1": "RA---TAB", "CTYPE2": "DEC--TAB"}, "-TAB"),
    "tables without a file": ({"CPDIS1": "Lookup", "CPDIS2": "Lookup"}, "not valid"),
    "polynomial": ({"CPDIS1": "Polynomial"}, "Distortions other"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_refused_with_a_reason(headers, name):
    change, reason = BAD[name]
    cards = {key: value for key, value in (headers.make("TAN") | change).items() if value is not None}
    text = headers.text(cards)
    assert PlaneWcs.from_header_text(text, headers.shape) is None
    note = why_not(text, headers.shape)
    assert reason in note
    assert note.endswith("positions are pixels only.")
    assert "\n" not in note


def test_no_reason_where_there_is_sky(headers):
    assert why_not(headers.text(headers.make("TAN"))) == ""


def test_cards_that_are_not_numbers(headers):
    text = headers.text(headers.make("TAN"))
    assert "CRVAL1" in why_not(text.replace("83.0", " NaN"))
    assert "CRVAL1" in why_not(text.replace("83.0", "****"))
    assert why_not(text.replace("83.0", "8.3D1")) == ""
    assert why_not(text.replace("83.0", "'83.0'")) == ""
    assert PlaneWcs.from_header_text("", (1, 1)) is None


def test_an_equinox_that_is_none_is_left_out(headers):
    for equinox in ("'J2000.0'", "2000.0", "'what'", "0"):
        text = headers.text(headers.make("TAN")) + f"\nEQUINOX = {equinox}"
        assert PlaneWcs.from_header_text(text, headers.shape) is not None
    text = headers.text(headers.make("TAN", RADESYS="FK5")) + "\nEQUINOX = 'J1975.0'"
    assert PlaneWcs.from_header_text(text, headers.shape).summary["equinox"] == 1975.0


def test_rubbish_around_good_cards_does_no_harm(headers):
    good = headers.text(headers.make("TAN"))
    rubbish = (
        "HIERARCH ESO TEL = 'x'\nCOMMENT = ' é\nCD3_9   = 'a\nWAT1_001= 'unfinished\nA_0_0   =\n\x00\nPV9_99  = x\n"
    )
    assert PlaneWcs.from_header_text(rubbish + good + "\n" + rubbish, headers.shape) is not None


def test_an_alternate_description_stands_in(headers):
    cards = headers.make("TAN")
    alternate = {f"{name}B": value for name, value in cards.items() if not name.startswith("NAXIS")}
    detector = {"NAXIS": 2, "CTYPE1": "DETX", "CTYPE2": "DETY", "CTYPE1A": "LINEAR", "CTYPE2A": "LINEAR"}
    plane = PlaneWcs.from_header_text(headers.text(detector | alternate | {"RADESYSB": "FK5"}), headers.shape)
    assert plane.frame == "fk5"
    expected = PlaneWcs.from_header_text(headers.text(cards | {"RADESYS": "FK5"}), headers.shape)
    assert plane.pixel_to_icrs(3, 4) == expected.pixel_to_icrs(3, 4)


NAMES = re.findall(
    r"\w+",
    "CTYPE1 CTYPE2 CUNIT1 CUNIT2 CRVAL1 CRVAL2 CRPIX1 CRPIX2 CDELT1 CDELT2 CROTA2 CD1_1 CD1_2 CD2_1 CD2_2 PC1_1 PC1_2 "
    "PC2_1 PC001001 LONPOLE LATPOLE RADESYS EQUINOX EPOCH PV1_0 PV1_1 PV1_2 PV2_1 PV2_2 PV2_20 PS1_0 A_ORDER B_ORDER "
    "A_2_0 B_0_2 CPDIS1 DP1 D2IMDIS1 CQDIS1 CQDIS2 DQ1 DQ1 DQ1 DQ2 DP1 WAT1_001 WAT2_001 WAT0_001 AXISCORR "
    "PROJP1 AMDX1 PLTRAH PPO3 CTYPE1A CRVAL1A WCSAXES NAXIS CTYPE3 CD1_3",
)
PROJECTIONS = re.findall(r"\w+", "TAN CAR SIN TPV TNX ZPX ZPN COE BON AIT HPX XPH CSC XYZ TAB")
CTYPES = [f"{name}-{code}" for name in ("RA--", "DEC-", "GLON", "GLAT", "ELON") for code in PROJECTIONS]
NUMBERS = st.one_of(st.integers(-5, 12).map(float), st.floats(-1.0, 1.0), st.floats(allow_nan=False)).map(repr)
RUBBISH = st.text(st.characters(min_codepoint=1, max_codepoint=300), max_size=80)
IRAF = "'wtype=tnx axtype=ra lngcor = \"3. 3. 3. 2. -0.02 0.02 -0.02 0.02 1. 2. 3."
RECORDS = ["EXTVER: 1", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2", "TPD.FWD.1: 1.5", "TPD.REV.3: 1.5", "OFFSET.1: 1e9"]
WORDS = st.sampled_from(
    [*CTYPES, "RA---TAN-SIP", "DEC--TAN-SIP", "deg", "arcsec", "Lookup", "TPD", "FK4", *RECORDS, IRAF]
)


def card(name: str) -> st.SearchStrategy[tuple[str, str]]:
    """A card that is mostly of the right type."""
    texts = name.startswith(("CTYPE", "CUNIT", "RADESYS", "CPDIS", "CQDIS", "DP", "DQ", "D2IMDIS", "WAT"))
    usual = WORDS.map(lambda word: f"'{word}'") if texts else NUMBERS
    value = st.one_of(usual, usual, usual, usual, usual, usual, usual, usual, usual, usual, RUBBISH)
    return st.tuples(st.just(name), value)


CARDS = st.lists(st.sampled_from(NAMES).flatmap(card), max_size=12)


@given(CARDS, st.sampled_from([(1, 2), (2, 1), (2, 3)]))
def test_no_header_raises(headers, cards, axes):
    base = headers.text(headers.make("TAN"))
    for text in (base, ""):
        whole = "\n".join([text, *(f"{name:<8}= {value}" for name, value in cards)])
        plane = PlaneWcs.from_header_text(whole, (20, 30), axes)
        note = why_not(whole, (20, 30), axes)
        assert (plane is None) == bool(note)
        if plane is not None:
            ra, dec = plane.pixel_to_icrs([0.0, 15.0, 1e9], [0.0, 10.0, -1e9])
            assert np.all((ra >= 0) & (ra < 360) | np.isnan(ra))
            assert plane.icrs_to_pixel(ra, dec)[0].shape == (3,)
            assert plane.pixel_scale_deg >= 0


@given(st.text(max_size=400))
def test_no_text_raises(text):
    assert PlaneWcs.from_header_text(text, (5, 5)) is None
