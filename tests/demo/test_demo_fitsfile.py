"""Cards and files of the small FITS writer, read back by astropy."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from armillary.demo.fitsfile import format_card, write_image, write_table

printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.one_of(st.booleans(), st.integers(-(10**15), 10**15), st.floats(-1e30, 1e30), printable))
def test_card_is_read_back(value):
    read = fits.Card.fromstring(format_card("KEY", value)).value
    assert read == (value.rstrip() if isinstance(value, str) else value)


def test_card_that_does_not_fit():
    with pytest.raises(ValueError, match="80"):
        format_card("KEY", "x" * 70)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "i4", "u1"])
def test_image(tmp_path, dtype):
    pixels = np.arange(24).reshape(2, 3, 4).astype(dtype)
    write_image(tmp_path / "a.fits", pixels, {"BUNIT": "K"})
    with fits.open(tmp_path / "a.fits") as hdus:
        assert np.array_equal(hdus[0].data, pixels)
        assert hdus[0].header["BUNIT"] == "K"


def test_table(tmp_path):
    columns = {"N": np.arange(5, dtype=np.int32), "V": np.linspace(0, 1, 5, dtype=np.float32)}
    write_table(tmp_path / "a.fits", columns, {"EXTNAME": "T"})
    read = fits.getdata(tmp_path / "a.fits", "T")
    assert np.array_equal(read["N"], columns["N"])
    assert np.array_equal(read["V"], columns["V"])


def test_existing_file_is_not_overwritten(tmp_path):
    (tmp_path / "a.fits").write_text("mine")
    with pytest.raises(FileExistsError):
        write_image(tmp_path / "a.fits", np.zeros((1, 1), np.float32), {})
