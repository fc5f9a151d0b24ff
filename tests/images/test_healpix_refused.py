"""Tables that are no HEALPix maps, or claim strange things: one clear line, never another exception."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import FileError, LimitError
from armillary.images.files import open_image
from armillary.sky.grid import Window


def write_table(path, columns, **cards):
    table = fits.BinTableHDU.from_columns(columns)
    table.header["PIXTYPE"] = "HEALPIX"
    table.header.update(cards)
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path)
    return path


@pytest.mark.parametrize(
    ("columns", "cards"),
    [
        ([("T", "E", 48)], {"ORDERING": "RANDOM"}),
        ([("T", "E", 50)], {"ORDERING": "RING"}),
        ([("T", "E", 12 * 9)], {"ORDERING": "NESTED"}),
        ([("T", "E", 48)], {"ORDERING": "RING", "INDXSCHM": "EXPLICIT", "NSIDE": 4}),
        ([("NAME", "4A", 48)], {"ORDERING": "RING", "NSIDE": 2}),
        ([("PIXEL", "J", 48), ("T", "E", 48)], {"ORDERING": "RING", "INDXSCHM": "EXPLICIT"}),
        ([("PIXEL", "J", 48), ("T", "E", 48)], {"ORDERING": "RING", "INDXSCHM": "EXPLICIT", "NSIDE": 2**30}),
        ([("T", "E", 0)], {"ORDERING": "RING", "NSIDE": 2}),
    ],
)
def test_tables_that_are_no_maps(tmp_path, columns, cards):
    made = [fits.Column(name, form, array=np.zeros(rows) if form != "4A" else np.full(rows, "a"))
            for name, form, rows in columns]  # fmt: skip
    path = write_table(tmp_path / "m.fits", made, **cards)
    with pytest.raises(FileError) as caught:
        open_image(path)
    assert "\n" not in caught.value.message


NAMES = """NAXIS1 NAXIS2 TFIELDS TFORM1 TFORM2 TTYPE1 TZERO1 TZERO2 TSCAL2 TNULL1 TNULL2 NSIDE ORDER ORDERING INDXSCHM
    FIRSTPIX MOCORDER COORDSYS BAD_DATA PCOUNT"""
VALUES = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-2, 50).map(str),
    st.floats().map(repr),
    st.sampled_from(["'NUNIQ'", "'NESTED'", "'RING'", "'EXPLICIT'", "'IMPLICIT'", "'K'", "'D'", "'48E'", "'0E'"]),
    st.sampled_from(["'1PE(9)'", "'99999999999999999999E'", "'16A'", "'9X'", "'C'", "'UNIQ'", "'T'", "T", "''"]),
)


def change_cards(path, cards):
    """Put cards into the table's header in place of those of the same name, whatever they say."""
    raw = bytearray(path.read_bytes())
    old = [bytes(raw[k : k + 80]) for k in range(2880, 5760, 80)]
    kept = [card for card in old if card.strip() and card[:8].decode().strip() not in {*cards, "END"}]
    new = [f"{name:<8}= {value:>20}".encode()[:80].ljust(80) for name, value in cards.items()]
    raw[2880:5760] = b"".join([*kept, *new, b"END".ljust(80)]).ljust(2880)
    path.write_bytes(raw)


@given(cards=st.dictionaries(st.sampled_from(NAMES.split()), VALUES, max_size=5))
def test_whatever_the_header_says(cards, tmp_path_factory):
    columns = [fits.Column("PIXEL", "J", array=np.arange(48)), fits.Column("T", "E", array=np.arange(48.0))]
    path = tmp_path_factory.mktemp("odd") / "m.fits"
    change_cards(write_table(path, columns, ORDERING="RING", NSIDE=2, INDXSCHM="EXPLICIT"), cards)
    with contextlib.suppress(FileError, LimitError):
        for stack in open_image(path).stacks:
            plane = stack.plane()
            ny, nx = plane.shape
            assert plane.window(Window(ny // 2, ny // 2 + 2, 0, 7)).shape == (2, 7)
            assert plane.sample(max(nx // 8, 1)).shape[1] >= 8
