"""The middle of an image is told as a number that people can read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.obscore import row_of
from armillary.images.pyramid import Pyramid


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


@pytest.mark.parametrize("ra", [0.0, 360.0, 1e-15, -1e-15, 313.25])
def test_middles_have_no_noise(tmp_path: Path, ra: float) -> None:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"] = "RA---TAN", "DEC--TAN"
    header["CRPIX1"], header["CRPIX2"] = 50.5, 50.5
    header["CRVAL1"], header["CRVAL2"], header["CDELT1"], header["CDELT2"] = ra, 0.0, -0.001, 0.001
    header["RADESYS"] = "ICRS"
    fits.PrimaryHDU(np.zeros((100, 100), np.float32), header).writeto(tmp_path / "image.fits")
    found = discover([tmp_path], pyramid)
    found.run()
    (one,) = found.holdings.observations(OWNER)
    row = row_of(one)
    assert (row.s_ra, row.s_dec) == (ra if ra == 313.25 else 0.0, 0.0)
    assert 0.0 <= row.s_ra < 360.0
