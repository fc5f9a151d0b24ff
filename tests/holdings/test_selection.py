"""How a configured look and words go over what was chosen or read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.holdings.selection import AS_IN_THE_FILE, AUTOMATIC, Look, Words
from armillary.images.plane import PlaneStack, PlaneWords
from armillary.images.ranges import DisplayRange
from armillary.testing.memory_planes import MemoryPlane

END, FAR = 2.0**122, 2.0**126
ends = st.none() | st.floats(-END, END, width=32)
automatic = st.tuples(st.floats(-FAR, FAR, width=32), st.floats(-FAR, FAR, width=32)).filter(
    lambda pair: pair[0] < pair[1]
)


@given(ends, ends, automatic)
def test_a_range_is_never_empty(low, high, chosen) -> None:
    if low is not None and high is not None and low >= high:
        return
    made = Look(low, high).over(DisplayRange(*chosen))
    assert np.float32(made.vmin) < np.float32(made.vmax)
    assert np.isfinite(np.float32([made.vmin, made.vmax])).all()
    assert made.vmin == low or low is None
    assert made.vmax == high or high is None


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        (AUTOMATIC, DisplayRange(-2.0, 2.0, symmetric=True, cmap="RdBu_r", stretch="asinh")),
        (Look(-1.0, 1.0), DisplayRange(-1.0, 1.0, symmetric=True, cmap="RdBu_r", stretch="linear")),
        (Look(-1.0, 3.0), DisplayRange(-1.0, 3.0, symmetric=False, cmap="RdBu_r", stretch="linear")),
        (Look(vmin=0.0), DisplayRange(0.0, 2.0, symmetric=False, cmap="RdBu_r", stretch="asinh")),
        (Look(vmin=5.0), DisplayRange(5.0, 9.0, symmetric=False, cmap="RdBu_r", stretch="asinh")),
        (Look(vmax=-5.0), DisplayRange(-9.0, -5.0, symmetric=False, cmap="RdBu_r", stretch="asinh")),
        (Look(cmap="jet", stretch="log"), DisplayRange(-2.0, 2.0, symmetric=True, cmap="jet", stretch="log")),
        (Look(0.0, 1.0, stretch="log"), DisplayRange(0.0, 1.0, symmetric=False, cmap="RdBu_r", stretch="log")),
    ],
)
def test_what_is_given_goes_over_what_is_chosen(look, expected) -> None:
    assert look.over(DisplayRange(-2.0, 2.0, symmetric=True, cmap="RdBu_r", stretch="asinh")) == expected


def test_words_go_over_those_of_the_file_and_of_layers_below() -> None:
    made = Words(units="uK").on(Words("K", "T"))
    assert made == Words("uK", "T")
    words = PlaneWords("a.fits", 0, units="mK", quantity="Q", stokes="Q")
    stack = PlaneStack(words, (), lambda _: MemoryPlane(np.ones((2, 2), np.float32), words=words))
    assert AS_IN_THE_FILE.relabelled(stack) is stack
    relabelled = made.relabelled(stack)
    assert (relabelled.words.units, relabelled.plane().words.quantity) == ("uK", "T")
    assert (words.units, relabelled.plane().words.stokes) == ("mK", "Q")
