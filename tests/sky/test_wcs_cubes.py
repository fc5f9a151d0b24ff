"""Cubes, distortion tables in other extensions, and the real files."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS, DistortionLookupTable

from armillary.sky.wcs import PlaneWcs, why_not

REAL = {
    "1904-66_AIT.fits": (0, "AIT", "fk5", -1),
    "HSC-0908120-056-small.fits": (1, "TAN-SIP", "fk5", -1),
    "reprojected_sdss_g.fits.bz2": (0, "TAN", "icrs", -1),
    "legacysurvey-0959p805-image-g.fits.fz": (1, "TAN", "fk5", -1),
    "m13_rice.fits": (1, "TAN", "fk5", -1),
    "m13_gzip.fits": (1, "TAN", "fk5", -1),
    "equatorial_3d.fits": (0, "SFL", "fk5", -1),
    "u_gal.fits": (0, "CAR", "galactic", -1),
}


def cube(headers, order):
    """A cube whose axes are x and y of a TAN image and others, in the given order."""
    flat = headers.make("TAN", scale=0.01, RADESYS="FK5", EQUINOX=2000.0)
    others = {
        "f": {"CTYPE": "FREQ", "CRPIX": 1.0, "CRVAL": 1.4e9, "CDELT": 1e6, "CUNIT": "Hz"},
        "s": {"CTYPE": "STOKES", "CRPIX": 1.0, "CRVAL": 1.0, "CDELT": 1.0},
        "t": {"CTYPE": "WAVE-TAB", "CRPIX": 1.0, "CRVAL": 1.0, "CDELT": 1.0, "PS_0": "TABLE"},
    }
    cards = {"NAXIS": len(order), "WCSAXES": len(order), "RADESYS": "FK5", "EQUINOX": 2000.0}
    for number, axis in enumerate(order, 1):
        own = {"x": "1", "y": "2"}.get(axis)
        if own:
            cards |= {f"{name}{number}": flat[f"{name}{own}"] for name in ("CTYPE", "CRPIX", "CRVAL")}
            cards |= {f"CDELT{number}": 1.0}
        else:
            cards |= {f"{name}{'_0'.join([str(number), '']) if name == 'PS_0' else number}": v
                      for name, v in others[axis].items() if name != "PS_0"}  # fmt: skip
    for row in "xy":
        for col in "xy":
            value = flat[f"CD{'xy'.index(row) + 1}_{'xy'.index(col) + 1}"]
            cards[f"PC{order.index(row) + 1}_{order.index(col) + 1}"] = value
    return cards, flat


@pytest.mark.parametrize("order", ["xyf", "fxy", "xfy", "xyfs", "sxyf", "xysft", "yxf"])
def test_the_sky_of_a_cube(headers, order):
    cards, flat = cube(headers, order)
    axes = (order.index("x") + 1, order.index("y") + 1)
    plane = PlaneWcs.from_header_text(headers.text(cards), headers.shape, axes)
    x, y = np.random.default_rng(2).uniform(0, 300, (2, 200))
    ra, dec = plane.pixel_to_icrs(x, y)
    expected = headers.icrs(headers.text(flat), x, y)
    assert headers.separation_arcsec(ra, dec, *expected).max() < 1e-3
    assert plane.summary["ctype"] == ["RA---TAN", "DEC--TAN"]


def test_sky_that_moves_with_the_slice_is_refused(headers):
    cards, _ = cube(headers, "xyf")
    note = why_not(headers.text(cards | {"PC1_3": 1e-4}), headers.shape)
    assert "another axis" in note
    assert why_not(headers.text(cards | {"PC1_3": 0.0}), headers.shape) == ""
    assert why_not(headers.text(cards | {"PC3_1": 1e-4}), headers.shape) == ""


def with_tables(headers, kind):
    """A TAN image with distortion tables, as an HDUList (as the HST pipeline writes them)."""
    wcs = headers.wcs(headers.text(headers.make("TAN", scale=1e-4, rotation=20.0)))
    ny, nx = headers.shape
    rows, cols = np.mgrid[0:16, 0:21]
    tables = [
        DistortionLookupTable((scale * (cols * rows / 200.0 - cols**2 / 300.0)).astype(np.float32),
                              (1.0, 1.0), (1.0, 1.0), (nx / 20.0, ny / 15.0))
        for scale in (1.0, -0.6)
    ]  # fmt: skip
    if kind == "cpdis":
        wcs.cpdis1, wcs.cpdis2 = tables
    else:
        wcs.det2im1, wcs.det2im2 = tables
    hdus = wcs.to_fits(relax=True)
    hdus[0].data = np.zeros(headers.shape, np.float32)
    return hdus


@pytest.mark.parametrize("kind", ["cpdis", "d2im"])
def test_lookup_tables(headers, tmp_path, kind):
    path = tmp_path / "tables.fits"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with_tables(headers, kind).writeto(path)
    with fits.open(path) as hdus:
        text = hdus[0].header.tostring(sep="\n", padding=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(hdus[0].header, fobj=hdus)
    opened = []

    def lookup():
        opened.append(fits.open(path, memmap=False))
        return opened[-1]

    plane = PlaneWcs.from_header_text(text, headers.shape, (1, 2), lookup)
    assert plane is not None, why_not(text, headers.shape, (1, 2), lookup)
    assert plane.projection == "TAN-LOOKUP"
    x, y = np.random.default_rng(2).uniform(0, 299, (2, 200))
    expected = wcs.all_pix2world(x, y, 0)
    assert np.abs(np.array(wcs.wcs_pix2world(x, y, 0)) - expected).max() > 1e-5
    assert headers.separation_arcsec(*plane.pixel_to_icrs(x, y), *expected).max() < 1e-3
    back = plane.icrs_to_pixel(*expected)
    np.testing.assert_allclose(back, wcs.all_world2pix(*expected, 0, tolerance=1e-8), atol=1e-5)
    np.testing.assert_allclose(back, [x, y], atol=1e-5)


def test_a_file_that_cannot_be_opened_for_its_tables(headers, tmp_path):
    text = with_tables(headers, "cpdis")[0].header.tostring(sep="\n", padding=False)
    plane = PlaneWcs.from_header_text(text, headers.shape, (1, 2), lambda: fits.open(tmp_path / "gone.fits"))
    assert plane is None


@pytest.mark.real_data
@pytest.mark.parametrize("name", REAL)
def test_real_files(headers, real_data, name):
    hdu, projection, frame, parity = REAL[name]
    with warnings.catch_warnings(), fits.open(real_data / name) as hdus:
        warnings.simplefilter("ignore")
        header = hdus[hdu].header
        shape = hdus[hdu].shape[-2:]
        text = header.tostring(sep="\n", padding=False)
    plane = PlaneWcs.from_header_text(text, shape)
    assert (plane.projection, plane.frame, plane.parity) == (projection, frame, parity)
    rng = np.random.default_rng(3)
    x, y = rng.uniform(0, shape[1] - 1, 500), rng.uniform(0, shape[0] - 1, 500)
    ra, dec = plane.pixel_to_icrs(x, y)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flat = WCS(header).celestial.to_header(relax=True)
        sip = {key: header[key] for key in header if key[:2] in {"A_", "B_"}}
    expected = headers.icrs(fits.Header({**flat, **sip}).tostring(sep="\n", padding=False), x, y)
    assert np.nanmax(headers.separation_arcsec(ra, dec, *expected)) < 1e-3
    seen = np.isfinite(ra)
    back = np.array(plane.icrs_to_pixel(ra, dec))
    off = (back - [x, y])[:, seen] % [[plane.wrap_period_px or 1e9], [1e9]]
    assert np.minimum(off, np.abs(off - [[plane.wrap_period_px or 1e9], [1e9]])).max() < 1e-5


@pytest.mark.real_data
def test_the_galactic_map_wraps(real_data):
    header = fits.getheader(real_data / "u_gal.fits")
    plane = PlaneWcs.from_header_text(header.tostring(sep="\n", padding=False), (720, 1441))
    assert plane.wrap_period_px == 1440.0
    assert plane.full_circle
    assert plane.pixel_scale_deg == pytest.approx(0.25, rel=1e-4)
    ra, dec = plane.pixel_to_icrs(np.arange(-2000.0, 3000.0), np.full(5000, 300.0))
    assert np.isfinite(ra).all()
    assert np.isfinite(dec).all()
