"""Styles made from what a client sends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ParameterError
from armillary.render import Stretch, Style, make_style


def test_text_becomes_a_style():
    style = make_style(
        vmin="-1e3", vmax=" 2.5 ", stretch="ASINH", cmap="RdBu_r", gamma="2.2", invert="1", absolute="false"
    )
    assert style == Style(-1000.0, 2.5, Stretch.ASINH, "RdBu_r", 2.2, invert=True, absolute=False)


def test_numbers_and_numpy_numbers_are_taken():
    assert make_style(vmin=0, vmax=np.float32(1.5)) == Style(0.0, 1.5)


@pytest.mark.parametrize(
    ("wrong", "parameter", "words"),
    [
        ({"vmin": "nan"}, "vmin", "finite"),
        ({"vmax": np.inf}, "vmax", "finite"),
        ({"vmax": "1e39"}, "vmax", "range of float32"),
        ({"vmin": "-1e300"}, "vmin", "range of float32"),
        ({"vmin": "low"}, "vmin", "must be a number, not 'low'"),
        ({"vmin": None}, "vmin", "must be a number"),
        ({"vmin": 10**400}, "vmin", "must be a number"),
        ({"vmin": 1, "vmax": 1}, "vmin", "less than vmax"),
        ({"vmin": 2, "vmax": 1}, "vmin", "swap or widen"),
        ({"gamma": 0}, "gamma", "0.1 to 10"),
        ({"gamma": "10.5"}, "gamma", "0.1 to 10"),
        ({"gamma": "NaN"}, "gamma", "finite"),
        ({"stretch": "sqr"}, "stretch", "did you mean sqrt?"),
        ({"stretch": "wild"}, "stretch", "linear, sqrt, log, asinh, power, histeq"),
        ({"cmap": "virids"}, "cmap", "did you mean viridis"),
        ({"invert": "maybe"}, "invert", "1 or 0"),
        ({"absolute": 2}, "abs", "1 or 0"),
    ],
)
def test_bad_values_are_named_with_a_remedy(wrong, parameter, words):
    with pytest.raises(ParameterError) as caught:
        make_style(**{"vmin": 0, "vmax": 1, **wrong})
    assert caught.value.detail["parameter"] == parameter
    assert caught.value.message.startswith(f"{parameter}: ")
    assert words in caught.value.message


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(st.fixed_dictionaries({"vmin": anything, "vmax": anything}, optional={"gamma": anything, "cmap": anything}))
def test_whatever_comes_is_a_style_or_a_short_refusal(values):
    refused = None
    try:
        style = make_style(**values)
    except ParameterError as error:
        refused = error.message
    if refused is None:
        assert -3.5e38 < style.vmin < style.vmax < 3.5e38
    else:
        assert len(refused) < 250
        assert "\n" not in refused
