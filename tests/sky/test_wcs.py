"""World coordinates against astropy: every projection, frame, distortion and way of writing them."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.sky.wcs import PlaneWcs, why_not

CODES = re.findall(
    r"\w+",
    "AZP SZP TAN STG SIN ARC ZPN ZEA AIR CYP CEA CAR MER SFL PAR MOL AIT COP COE COD COO BON PCO TSC CSC QSC HPX XPH",
)
SYSTEMS = [
    {},
    {"RADESYS": "ICRS"},
    {"EQUINOX": 2000.0},
    {"EQUINOX": 1950.0},
    {"RADESYS": "FK5", "EQUINOX": 1987.5},
    {"RADESYS": "FK4", "EQUINOX": 1950.0},
    {"RADESYS": "FK4"},
    {"RADESYS": "FK5"},
    {"RADESYS": "FK4-NO-E", "EQUINOX": 1975.0},
    {"RADECSYS": "FK5", "EPOCH": 2000.0},
    {"EPOCH": 1950.0},
    {"kind": "galactic"},
    {"kind": "ecliptic"},
    {"kind": "ecliptic", "EQUINOX": 1950.0},
]


def pixels(shape, count=300, beyond=0.0):
    rng = np.random.default_rng(5)
    return (
        rng.uniform(-0.5 - beyond, shape[1] - 0.5 + beyond, count),
        rng.uniform(-0.5 - beyond, shape[0] - 0.5 + beyond, count),
    )


def check(headers, cards, *, shape=None, axes=(1, 2), hdus=None, lookup=None, round_trip_px=1e-6, beyond=0.0):
    """The plane's positions are astropy's, and lead back to the same pixels."""
    text, shape = headers.text(cards), shape or headers.shape
    plane = PlaneWcs.from_header_text(text, shape, axes, lookup)
    assert plane is not None, why_not(text, shape, axes, lookup)
    x, y = pixels(shape, beyond=beyond)
    ra, dec = plane.pixel_to_icrs(x, y)
    expected = headers.icrs(text, x, y, hdus)
    assert np.isfinite(ra).sum() > 50
    assert np.nanmax(headers.separation_arcsec(ra, dec, *expected)) < 1e-3
    back_x, back_y = plane.icrs_to_pixel(ra, dec)
    seen = np.isfinite(ra)
    assert np.abs(back_x - x)[seen].max() < round_trip_px
    assert np.abs(back_y - y)[seen].max() < round_trip_px
    json.dumps(plane.summary, allow_nan=False)
    return plane


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("kind", ["equatorial", "galactic"])
def test_every_projection(headers, code, kind):
    # The inverse of CSC is by definition a polynomial of its own, good to some arcseconds (FITS paper II, 5.6.2).
    plane = check(headers, headers.make(code, kind=kind, rotation=25.0), round_trip_px=0.5 if code == "CSC" else 1e-6)
    assert plane.projection == code
    assert plane.parity == -1
    assert 0 < plane.pixel_scale_deg < 1


@pytest.mark.parametrize("code", CODES)
def test_every_projection_over_the_whole_sky(headers, code):
    cards = headers.make(code, scale=1.0, crval=(40.0, 0.0), LONPOLE=170.0)
    text = headers.text(cards)
    plane = PlaneWcs.from_header_text(text, headers.shape)
    x, y = pixels(headers.shape)
    ra, dec = plane.pixel_to_icrs(x, y)
    expected = headers.icrs(text, x, y)
    apart = headers.separation_arcsec(ra, dec, *expected)
    # astropy has no sky beyond native ±180°, where cylindrical planes go on here.
    assert np.nanmax(apart[np.isfinite(expected[0])]) < 1e-3
    assert np.isfinite(expected[0]).any()
    if plane.wrap_period_px is None:
        assert np.isnan(ra[np.isnan(expected[0])]).all()


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
def test_every_frame(headers, system):
    check(headers, headers.make("TAN", **system))
    check(headers, headers.make("CAR", scale=0.5, crval=(120.0, 0.0), **system))


@given(
    code=st.sampled_from(CODES),
    system=st.sampled_from(SYSTEMS),
    rotation=st.floats(-180, 180),
    lon=st.floats(-360, 720),
    lat=st.floats(-90, 90),
    scale=st.floats(1e-5, 0.1),
)
def test_random_headers(headers, code, system, rotation, lon, lat, scale):
    cards = headers.make(code, rotation=rotation, crval=(lon, lat), scale=scale, **system)
    text = headers.text(cards)
    plane = PlaneWcs.from_header_text(text, headers.shape)
    if plane is None:  # wcslib refuses a few: no valid native pole
        assert "not valid" in why_not(text)
        return
    x, y = pixels(headers.shape, 40)
    expected = headers.icrs(text, x, y)
    apart = headers.separation_arcsec(*plane.pixel_to_icrs(x, y), *expected)[np.isfinite(expected[0])]
    assert not (apart > 1e-3).any()


@pytest.mark.parametrize(
    "cards",
    [
        {"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None, "CDELT1": -0.01, "CDELT2": 0.02, "CROTA2": 33.0},
        {"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None, "CDELT1": -0.01, "CDELT2": 0.02, "PC1_2": 0.3},
        {"CD1_1": None, "CD1_2": None, "CD2_1": None, "CD2_2": None, "CDELT1": 0.01, "CDELT2": -0.02,
         "PC001001": 0.9, "PC001002": 0.1, "PC002001": -0.1, "PC002002": 0.9},
        {"CD1_1": -36.0, "CD1_2": 4.0, "CD2_1": 9.0, "CD2_2": 50.0, "CUNIT1": "arcsec", "CUNIT2": "arcsec",
         "CRVAL1": 20 * 3600.0, "CRVAL2": -30 * 3600.0},
        {"CUNIT1": "DEG", "CUNIT2": "degree"},
        {"CTYPE1": "RA---GLS", "CTYPE2": "DEC--GLS"},
        {"CTYPE1": "RA---NCP", "CTYPE2": "DEC--NCP", "CRVAL2": 60.0},
        {"LONPOLE": 90.0},
        {"WCSAXES": 2, "PV1_1": 0.0, "PV1_2": 90.0, "PV1_3": 150.0},
    ],
    ids=["CROTA2", "PC", "old PC", "arcsec", "DEG", "GLS", "NCP", "LONPOLE", "PV1"],
)  # fmt: skip
def test_ways_of_writing(headers, cards):
    made = {name: value for name, value in headers.make("TAN", scale=0.01, **cards).items() if value is not None}
    check(headers, made)


def test_latitude_first(headers):
    cards = headers.make("TAN", scale=0.01)
    swap = {"CTYPE1": cards["CTYPE2"], "CTYPE2": cards["CTYPE1"], "CRVAL1": 32.0, "CRVAL2": 83.0}
    plane = check(headers, cards | swap)
    assert plane.parity == 1


def test_scale_and_parity(headers):
    plane = check(headers, headers.make("TAN", scale=0.01, CD1_1=0.01))
    assert plane.parity == 1
    assert plane.pixel_scale_deg == pytest.approx(0.01 * np.sqrt(0.9), rel=1e-6)


SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 3, "B_ORDER": 3, "A_2_0": 2e-6, "A_0_2": -3e-6,
    "A_1_1": 1e-6, "A_3_0": 3e-10, "B_2_0": -2e-6, "B_1_1": 4e-6, "B_0_3": 1e-9,
}  # fmt: skip


def test_sip(headers):
    plane = check(headers, headers.make(**SIP, scale=1e-4, rotation=70.0))
    assert plane.projection == "TAN-SIP"


def test_sip_under_a_plain_name(headers):
    cards = headers.make(**SIP, scale=1e-4)
    assert check(headers, cards | {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}).projection == "TAN-SIP"


def test_sip_named_but_absent(headers):
    cards = headers.make(scale=1e-4, CTYPE1="RA---TAN-SIP", CTYPE2="DEC--TAN-SIP")
    assert check(headers, cards).projection == "TAN"


def test_sip_far_outside_the_plane_keeps_one_pixel_for_a_place(headers):
    strong = headers.make(**SIP, scale=1e-4) | {"A_2_0": 1e-4, "A_3_0": 1e-6}
    plane = PlaneWcs.from_header_text(headers.text(strong), headers.shape)
    x, y = pixels(headers.shape, beyond=5000.0)
    back_x, _ = plane.icrs_to_pixel(*plane.pixel_to_icrs(x, y))
    good = np.isfinite(back_x)
    assert good.mean() > 0.9
    np.testing.assert_allclose(back_x[good], x[good], atol=1e-3)


TPV = {"PV1_0": 1e-4, "PV1_1": 1.001, "PV1_2": 2e-3, "PV1_7": 0.05, "PV2_0": -1e-4, "PV2_1": 0.999, "PV2_7": -0.02}


@pytest.mark.parametrize("code", ["TPV", "TAN"])
def test_tpv(headers, code):
    plane = check(headers, headers.make(code, **TPV, scale=1e-4), round_trip_px=1e-4)
    assert plane.projection == "TAN-TPV"


def test_scamp_wins_over_sip_under_a_plain_name_and_loses_under_a_sip_name(headers):
    both = headers.make(**SIP, **TPV, scale=1e-4)
    assert check(headers, both).projection == "TAN-SIP"
    plain = both | {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN"}
    assert check(headers, plain, round_trip_px=1e-4).projection == "TAN-TPV"


def test_tnx(headers):
    words = 'wtype=tnx axtype={} {}cor = "3. 3. 3. 2. -0.02 0.02 -0.015 0.015 1e-5 2e-3 1e-2 1e-3 2e-2 3e-2 "'
    cards = headers.make("TNX", scale=1e-4, WAT0_001="system=image")
    for axis, kind, name in ((1, "ra", "lng"), (2, "dec", "lat")):
        whole = words.format(kind, name)
        cards |= {
            f"WAT{axis}_{part + 1:03d}": whole[68 * part : 68 * part + 68] for part in range(-(-len(whole) // 68))
        }
    plane = check(headers, cards, round_trip_px=1e-4)
    assert plane.projection == "TAN-TNX"


def test_tpd(headers):
    cards = headers.make("TAN", scale=1e-4, CQDIS1="TPD", CQDIS2="TPD")
    text = headers.text(cards)
    for axis in (1, 2):
        records = ["NAXES: 2", "AXIS.1: 1", "AXIS.2: 2", f"TPD.FWD.{axis}: 1.0", "TPD.FWD.4: 2.0", "TPD.FWD.7: 0.3"]
        text += "".join(f"\nDQ{axis}     = '{record}'" for record in records)
    plane = PlaneWcs.from_header_text(text, headers.shape)
    assert plane is not None, why_not(text, headers.shape)
    x, y = pixels(headers.shape)
    expected = headers.icrs(text, x, y)
    ra, dec = plane.pixel_to_icrs(x, y)
    assert headers.separation_arcsec(ra, dec, *expected).max() < 1e-3
    straight = PlaneWcs.from_header_text(headers.text(headers.make("TAN", scale=1e-4)), headers.shape)
    assert headers.separation_arcsec(ra, dec, *straight.pixel_to_icrs(x, y)).max() > 1e-3


def test_summary(headers):
    plane = PlaneWcs.from_header_text(headers.text(headers.make("CAR", scale=0.5, RADESYS="FK5")), headers.shape)
    assert plane.summary["ctype"] == ["RA---CAR", "DEC--CAR"]
    assert plane.summary["crpix"] == [200.5, 150.5]
    assert plane.summary["cd"][0][0] == pytest.approx(-0.5)
    assert plane.summary["radesys"] == "FK5"
    assert plane.frame == "fk5"


def test_grids(headers):
    base = PlaneWcs.from_header_text(headers.text(headers.make("TAN", scale=0.01)), headers.shape)
    turned = headers.make("SIN", kind="galactic", scale=0.02, rotation=40.0)
    l_deg, b_deg = 179.6, 1.2
    turned |= {"CRVAL1": l_deg, "CRVAL2": b_deg}
    other = PlaneWcs.from_header_text(headers.text(turned), headers.shape)
    x, y = np.linspace(-0.5, 399.5, 7), np.linspace(-0.5, 299.5, 5)
    vectors = base.sky_grid(x, y)
    assert vectors.shape == (5, 7, 3)
    ra, dec = base.pixel_to_icrs(x[3], y[2])
    expected = [np.cos(np.radians(ra)) * np.cos(np.radians(dec)), np.sin(np.radians(ra)) * np.cos(np.radians(dec))]
    np.testing.assert_allclose(vectors[2, 3, :2], expected, atol=1e-14)
    grid = other.pixel_grid(base, x, y)
    ras, decs = base.pixel_to_icrs(*np.meshgrid(x, y))
    np.testing.assert_allclose(grid, np.stack(other.icrs_to_pixel(ras, decs), axis=-1), atol=1e-6)


def test_no_sky_is_nan_and_shapes_are_kept(headers):
    plane = PlaneWcs.from_header_text(headers.text(headers.make("AIT", scale=1.0, crval=(0, 0))), headers.shape)
    ra, dec = plane.pixel_to_icrs(np.array([[0.0, 199.5]]), np.array([[0.0], [149.5]]))
    assert ra.shape == dec.shape == (2, 2)
    assert np.isnan(ra[0, 0])
    assert np.isnan(plane.sky_grid([0.0], [0.0])).all()
    x, y = plane.icrs_to_pixel([np.nan, 10.0, 10.0, np.inf], [0.0, 91.0, 20.0, 0.0])
    assert np.isfinite(x).tolist() == [False, False, True, False]
    assert np.isfinite(y).tolist() == [False, False, True, False]
    tan = PlaneWcs.from_header_text(headers.text(headers.make("TAN")), headers.shape)
    assert np.isnan(tan.icrs_to_pixel(263.0, -32.0)).all()
    assert tan.pixel_to_icrs([], [])[0].shape == (0,)


def test_many_threads_at_once(headers):
    plane = PlaneWcs.from_header_text(headers.text(headers.make(**SIP, scale=1e-4)), headers.shape)
    x, y = pixels(headers.shape, 5000)
    alone = plane.pixel_to_icrs(x, y)

    def work(_):
        ra, dec = plane.pixel_to_icrs(x, y)
        return np.array_equal(ra, alone[0]) and np.allclose(plane.icrs_to_pixel(ra, dec)[0], x, atol=1e-6)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(40)))
