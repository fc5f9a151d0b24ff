"""Stretches against formulas written a second time (tests/vectors/make_vectors.py)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from armillary.errors import ParameterError
from armillary.render import stretch
from armillary.render.style import Stretch, Style

VECTORS = json.loads((Path(__file__).resolve().parent.parent / "vectors" / "stretch.json").read_text())


@dataclass
class Counts:
    counts: np.ndarray
    edges: np.ndarray


def finished(place, case):
    s = stretch.curve(place, Stretch(case["stretch"])) ** (1 / case["gamma"])
    return 1 - s if case["invert"] else s


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda c: f"{c['stretch']}-{c['gamma']}-{c['invert']}")
def test_curves_and_tables_agree_with_the_vectors(case):
    places = np.array(VECTORS["places"])
    np.testing.assert_allclose(finished(places, case), case["result"], atol=1e-12)
    table = stretch.table(stretch.Transfer(Stretch(case["stretch"]), case["gamma"], case["invert"]), size=1001)
    inside = [(round(t * 1000), s) for t, s in zip(places, case["result"], strict=True) if t * 1000 in range(1001)]
    assert len(inside) >= 8
    np.testing.assert_allclose([table[i] for i, _ in inside], [s for _, s in inside], atol=1e-12)


@pytest.mark.parametrize("case", VECTORS["histeq"], ids=["signed", "absolute"])
def test_equalisation_counts_pixels(case):
    values = case["vmin"] + np.array(case["places"]) * (case["vmax"] - case["vmin"])
    counts, edges = np.array(case["counts"], float), np.array(case["edges"])
    share = stretch.equalised(values, counts, edges, absolute=case["absolute"])
    np.testing.assert_allclose(share, case["result"], atol=1e-12)


@given(
    hnp.arrays(np.int64, st.integers(1, 50), elements=st.integers(0, 10**9)),
    st.floats(-1e6, 1e6),
    st.floats(1e-3, 1e6),
    st.booleans(),
)
def test_equalisation_rises_from_end_to_end(counts, vmin, span, absolute):
    edges = np.linspace(-1000, 1000, counts.size + 1)
    style = Style(abs(vmin) if absolute else vmin, abs(vmin) + span, Stretch.HISTEQ, absolute=absolute)
    table = stretch.table(stretch.transfer(style, Counts(counts, edges)), size=501)
    assert table[0] == 0
    assert table[-1] == pytest.approx(1)
    assert np.all(np.diff(table) >= -1e-12)


def test_equalised_normal_values_are_evenly_spread():
    values = np.random.default_rng(0).normal(size=200_000)
    counts, edges = np.histogram(values, 2000)
    style = Style(edges[0], edges[-1], Stretch.HISTEQ)
    table = stretch.table(stretch.transfer(style, Counts(counts, edges)))
    places = (values - style.vmin) / (style.vmax - style.vmin) * (table.size - 1)
    spread = np.histogram(table[np.rint(places).astype(int)], 20, (0, 1))[0]
    assert spread.min() > 0.95 * values.size / 20
    assert spread.max() < 1.05 * values.size / 20


def test_equalisation_needs_a_histogram():
    with pytest.raises(ParameterError, match=r"^stretch: histeq needs"):
        stretch.transfer(Style(0, 1, Stretch.HISTEQ))


def test_the_table_is_fine_enough_for_a_logarithm():
    """No step in the table of the steepest stretch skips a colour."""
    table = stretch.table(stretch.Transfer(Stretch.LOG, 1.0, invert=False))
    assert np.diff(stretch.colour_index(table).astype(int)).max() == 1


def test_colour_index_is_that_of_matplotlib():
    import matplotlib as mpl

    s = np.random.default_rng(0).random(5000)
    expected = mpl.colormaps["viridis"](s, bytes=True)
    by_index = mpl.colormaps["viridis"](stretch.colour_index(s), bytes=True)
    assert np.array_equal(expected, by_index)
