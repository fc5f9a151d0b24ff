"""The text of POS: its numbers, its shapes, and everything that it is not."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import LimitError, ParameterError
from armillary.sky.regions import Circle, Range, Region, parse_pos


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("CIRCLE 1 2 3", (1, 2, 3)),
        ("  CIRCLE\t+1.   .5\n1e-3 ", (1, 0.5, 1e-3)),
        ("circle -1E2 -0.0 1.5e+1", (-100, 0, 15)),
        ("CIRCLE 1000 90 0", (1000, 90, 0)),
    ],
)
def test_circles_are_read(text: str, values: tuple[float, ...]) -> None:
    circle = parse_pos(text)
    assert isinstance(circle, Circle)
    assert (circle.ra_deg, circle.dec_deg, circle.radius_deg) == values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("RANGE 1 2 3 4", (1, 1, 3, 4)),
        ("RANGE 350 10 -1 1", (350, 20, -1, 1)),
        ("RANGE -10 10 -1 1", (350, 20, -1, 1)),
        ("RANGE 370 380 0 0", (10, 10, 0, 0)),
        ("RANGE 5 5 0 0", (5, 0, 0, 0)),
        ("RANGE -Inf 20 -Inf 0", (0, 20, -90, 0)),
        ("RANGE 300 +Inf 0 Inf", (300, 60, 0, 90)),
        ("RANGE -inf inf 85 +INFINITY", (0, 360, 85, 90)),
        ("RANGE 0 360 -90 90", (0, 360, -90, 90)),
        ("RANGE -720 720 -90 90", (0, 360, -90, 90)),
        ("RANGE 380 10 0 1", (20, 350, 0, 1)),
    ],
)
def test_ranges_are_read(text: str, values: tuple[float, ...]) -> None:
    region = parse_pos(text)
    assert isinstance(region, Range)
    assert (region.ra_deg, region.width_deg, region.dec1_deg, region.dec2_deg) == pytest.approx(values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "CIRCLE",
        "CIRCLE 1 2",
        "CIRCLE 1 2 3 4",
        "CIRCLE 1,2,3",
        "CIRCLE 1 2 -1",
        "CIRCLE 1 2 180.1",
        "CIRCLE 1 91 1",
        "CIRCLE 1 2 Inf",
        "CIRCLE 1 2 NaN",
        "CIRCLE 1 2 0x1",
        "CIRCLE 1 2 1_0",
        "CIRCLE 1 2 1e999",
        "CIRCLE 1 2 ١",
        "CIRCLE 1 2 1e",
        "CIRCLE 1 2 .",
        "CIRCLE 1 2 --1",
        "CIRCLE 1 2 1d0",
        "SQUARE 1 2 3",
        "BOX 1 2 3 4",
        "RANGE 1 2 4 3",
        "RANGE 1 2 -91 3",
        "RANGE +Inf 2 0 1",
        "RANGE 0 -Inf 0 1",
        "RANGE 0 1 Inf 1",
        "RANGE 0 1 0 -Inf",
        "RANGE 0 1 0 infinite",
        "RANGE 0 1 inf 1",
        "CIRCLE 0 1 inf",
        "RANGE 0 1 0 NaN",
        "RANGE 0 1 0",
        "RANGE 0 1e400 0 1",
        "POLYGON",
        "POLYGON 1 2",
        "CIRCLE 1 2 3\0",
    ],
)
def test_what_is_no_region_is_refused_and_the_parameter_named(text: str) -> None:
    with pytest.raises(ParameterError) as refused:
        parse_pos(text)
    assert refused.value.detail["parameter"] == "POS"
    assert refused.value.message.startswith("POS: ")
    assert "\n" not in refused.value.message


def test_the_parameter_has_the_name_it_was_given() -> None:
    with pytest.raises(ParameterError, match=r"^CIRCLE: "):
        parse_pos("CIRCLE 1 2 500", "CIRCLE")


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises((ParameterError, LimitError)):
        parse_pos("POLYGON " + "1 2 " * 1_000_000)


words = st.sampled_from(
    ["CIRCLE", "RANGE", "POLYGON", "Inf", "-Inf", "+Inf", "NaN", "1e308", "-1e308", "0", "90", "-90"]
)
parts = st.one_of(words, st.floats(allow_nan=True).map(str), st.integers(-400, 400).map(str), st.text(max_size=4))


@given(st.lists(parts, max_size=14).map(" ".join))
def test_any_text_gives_a_region_or_an_error_in_words(text: str) -> None:
    try:
        region = parse_pos(text)
    except (ParameterError, LimitError):
        return
    check(region)


@given(st.sampled_from(["CIRCLE", "RANGE", "POLYGON"]), st.lists(st.floats(-91, 361), min_size=3, max_size=12))
def test_any_numbers_give_a_region_or_an_error_in_words(shape: str, numbers: list[float]) -> None:
    try:
        region = parse_pos(f"{shape} {' '.join(map(repr, numbers))}")
    except ParameterError:
        return
    check(region)


def check(region: Region) -> None:
    middle, radius = region.cone()
    assert 0 <= radius <= math.pi + 1e-12
    assert math.isfinite(float(middle.sum()))
    assert 0 <= region.area_deg2 <= 41253
    assert region.contains(region.centre()).shape == ()
    assert parse_pos(region.words).words == region.words
