"""What the header says in words that ASCII does not have."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits

from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.soda import Filter, cut_observation
from armillary.images.cutouts.cards import history_cards, text_card
from armillary.images.pyramid import Pyramid
from armillary.sky.regions import parse_pos


def pyramid(plane, identity, *, tile_size=128):
    return Pyramid(plane, tile_size=tile_size, identity=identity)


@pytest.mark.parametrize("corners", [4, 1000])
def test_a_long_region_ends_in_dots(tmp_path, corners) -> None:
    header = fits.Header()
    header["CTYPE1"], header["CTYPE2"], header["CRVAL1"], header["CRVAL2"] = "RA---TAN", "DEC--TAN", 10.0, 20.0
    header["CRPIX1"], header["CRPIX2"], header["CDELT1"], header["CDELT2"] = 50.5, 50.5, -0.001, 0.001
    fits.PrimaryHDU(np.ones((100, 100), np.float32), header).writeto(tmp_path / "image.fits")
    found = discover([tmp_path], pyramid)
    found.run()
    (observation,) = found.holdings.observations(OWNER)
    turn = np.linspace(0.0, 2.0 * np.pi, corners, endpoint=False)
    places = np.column_stack([10.0 + 0.02 * np.cos(turn), 20.0 + 0.02 * np.sin(turn)]).ravel()
    region = parse_pos(f"POLYGON {' '.join(map(str, places.tolist()))}")
    cut = cut_observation(observation, Filter(region), most_pixels=10**6)
    assert cut is not None
    with fits.open(io.BytesIO(b"".join(cut.parts()))) as units:
        history = "".join(f"{card} " for card in units[0].header["HISTORY"])
    told = history.partition("POLYGON")[2].partition("Pixels outside")[0].strip()
    assert "?" not in history
    assert told.endswith(" ...") == (corners > 4)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a.fits × b.fits", "a.fits * b.fits"),
        ("P² ÷ 2 − 1", "P2 / 2 - 1"),
        ("µK", "uK"),
        ("Übersicht …", "Ubersicht ..."),
        ("星", "?"),
    ],
)
def test_signs_and_accents_have_their_like(text, plain) -> None:
    card = fits.Card.fromstring(text_card("OBJECT", text))
    assert card.value == plain
    lines = history_cards([text])[0]
    assert lines == f"HISTORY {plain}".ljust(80).encode()
