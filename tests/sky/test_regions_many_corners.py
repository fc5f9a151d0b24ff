"""Polygons of up to 100 000 corners: what they hold, what is refused, and that few and many corners agree."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary.errors import LimitError, ParameterError
from armillary.sky import regions_sides
from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions import Polygon, parse_pos
from armillary.sky.regions_base import unit
from armillary.sky.regions_checks import CLOSE, MOST_PAIRS, _pieces
from armillary.sky.regions_kernels import crossing_in_cells, first_crossing
from armillary.sky.regions_sides import cross


def placed(local: np.ndarray, ra: float, dec: float) -> np.ndarray:
    """Corners, degrees, of places given by distance and direction (degrees) from a centre, by rotations."""
    distance, turn = np.radians(local).T
    vectors = np.stack([np.sin(distance) * np.cos(turn), np.sin(distance) * np.sin(turn), np.cos(distance)], axis=-1)
    tilt, spin = math.radians(90 - dec), math.radians(ra)
    about_y = np.array([[math.cos(tilt), 0, math.sin(tilt)], [0, 1, 0], [-math.sin(tilt), 0, math.cos(tilt)]])
    about_z = np.array([[math.cos(spin), -math.sin(spin), 0], [math.sin(spin), math.cos(spin), 0], [0, 0, 1]])
    return np.stack(to_angles(vectors @ about_y.T @ about_z.T), axis=-1)


def wavy(count: int, ra: float = 10.0, dec: float = 20.0, size: float = 3.0, waves: int = 40) -> np.ndarray:
    turns = np.arange(count) * 360.0 / count
    return placed(np.stack([size * (1 + 0.2 * np.sin(np.radians(waves * turns))), turns], axis=-1), ra, dec)


@pytest.mark.parametrize(("ra", "dec"), [(10, 20), (0, 0), (359.99, 89.5), (200, -89.9)])
def test_a_hundred_thousand_corners(ra: float, dec: float) -> None:
    polygon = Polygon(wavy(100_000, ra, dec))
    random = np.random.default_rng(1)
    local = np.stack([random.uniform(0, 5, 20_000), random.uniform(0, 360, 20_000)], axis=-1)
    border = 3.0 * (1 + 0.2 * np.sin(np.radians(40 * local[:, 1])))
    clear = np.abs(local[:, 0] - border) > 1e-4
    inside = polygon.contains(to_vectors(*placed(local, ra, dec).T))
    assert np.array_equal(inside[clear], (local[:, 0] < border)[clear])
    assert polygon.area_deg2 == pytest.approx(math.pi * 9 * 1.02, rel=1e-3)
    assert len(polygon.label) <= 1010


@pytest.mark.parametrize(
    "text",
    ["POLYGON 10 10 40 12 30 40 20 15", "POLYGON 350 -10 20 -5 10 20", "POLYGON 0 60 90 60 180 60 270 60",
     "POLYGON 0 -70 120 -85 240 -60", "POLYGON 0 0 90 0 180 10 270 20", "POLYGON 10 0 10.001 0 10.0005 0.001"],
)  # fmt: skip
@pytest.mark.parametrize("pieces", [30, 3000])
def test_corners_along_the_sides_change_nothing(text: str, pieces: int) -> None:
    few = parse_pos(text)
    parts = [to_angles(arc.at(np.arange(pieces) / pieces)) for arc in few.arcs()]
    many = Polygon(np.concatenate([np.stack(part, axis=-1) for part in parts]))
    centre, radius = few.cone()
    random = np.random.default_rng(2)
    far = unit(random.normal(0, 1, (2000, 3)))
    near = unit(centre + 1.5 * math.tan(min(radius, 1.0)) * random.normal(0, 1, (4000, 3)))
    vectors = np.concatenate([far, near])
    clearance = few.clearance(vectors)
    clear = np.abs(clearance) > 1e-7
    assert np.array_equal(few.contains(vectors)[clear], many.contains(vectors)[clear])
    np.testing.assert_allclose(many.clearance(vectors), clearance, atol=1e-7)
    assert many.area_deg2 == pytest.approx(few.area_deg2, rel=1e-6)


@pytest.mark.parametrize("count", [50, 300, 5000])
def test_both_orders_mean_the_smaller_side(count: int) -> None:
    corners = wavy(count)
    one, two = Polygon(corners), Polygon(corners[::-1])
    assert one.area_deg2 == pytest.approx(two.area_deg2)
    vectors = unit(np.random.default_rng(3).normal(0, 1, (500, 3)) * 0.1 + to_vectors(10, 20))
    assert np.array_equal(one.contains(vectors), two.contains(vectors))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(140, 400), st.floats(0.0, 0.05))
def test_crossings_are_those_of_all_pairs(seed: int, count: int, shaken: float) -> None:
    random = np.random.default_rng(seed)
    turns = np.sort(random.uniform(0, 360, count))
    distance = 20 * (1 + shaken * random.normal(0, 1, count))
    points = to_vectors(*placed(np.stack([distance, turns + shaken * random.normal(0, 8, count)], axis=-1), 5, 70).T)
    normals = unit(cross(points, np.roll(points, -1, axis=0)))
    wanted = first_crossing(points, normals, CLOSE)
    assert crossing_in_cells(points, normals, *_pieces(points), CLOSE, MOST_PAIRS) == wanted


@pytest.mark.parametrize("count", [200, 5000, 100_000])
def test_a_side_that_crosses_another_is_refused(count: int) -> None:
    corners = wavy(count, waves=3)
    corners[[count // 3, count // 3 + 1]] = corners[[count // 3 + 1, count // 3]]
    with pytest.raises(ParameterError, match=rf"sides {count // 3} and {count // 3 + 2} of the polygon cross or touch"):
        Polygon(corners)


@pytest.mark.parametrize("count", [200, 100_000])
def test_a_corner_that_comes_again_is_refused(count: int) -> None:
    corners = wavy(count)
    corners[count - 7] = corners[12]
    with pytest.raises(ParameterError, match=f"corners 13 and {count - 6} of the polygon are the same"):
        Polygon(corners)


def zigzag(count: int, height: float) -> np.ndarray:
    x = np.where(np.arange(count) % 2, 11.0, 10.0)
    return np.concatenate([np.column_stack([x, np.linspace(0, height, count)]), [[9.0, height], [9.0, 0.0]]])


def test_a_border_that_goes_to_and_fro_without_measure_is_refused() -> None:
    with pytest.raises(LimitError, match="simplify it"):
        Polygon(zigzag(90_000, 0.5))


def test_sides_over_each_other_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regions_sides, "MOST_OVER_EACH_OTHER", 10)
    with pytest.raises(LimitError, match="goes to and fro"):
        Polygon(zigzag(400, 1.0)).contains(to_vectors(10.5, 0.5)[None])


def test_a_zigzag_holds_what_lies_on_its_side() -> None:
    polygon = Polygon(zigzag(401, 1.0))
    inside = polygon.contains(to_vectors([9.5, 9.5, 11.2, 8.9], [0.5, 0.999, 0.5, 0.5]))
    assert inside.tolist() == [True, True, False, False]


def test_the_text_of_many_corners_is_read() -> None:
    polygon = Polygon(wavy(100_000))
    again = parse_pos(polygon.words)
    assert again.words == polygon.words
    assert again.area_deg2 == polygon.area_deg2
