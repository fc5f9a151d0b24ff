"""Outlines against the regions they are of."""

from __future__ import annotations

import numpy as np
import pytest

from armillary.images.cutouts.outlines import MAX_POINTS, outline
from armillary.sky.regions import parse_pos
from armillary.sky.wcs import PlaneWcs


def plane(code: str = "CAR", shape: tuple[int, int] = (180, 360), scale: float = 1.0, crval=(0.0, 0.0)) -> PlaneWcs:
    ny, nx = shape
    cards = {"CTYPE1": f"'RA---{code}'", "CTYPE2": f"'DEC--{code}'", "CRVAL1": crval[0], "CRVAL2": crval[1]}
    cards |= {"CRPIX1": nx / 2 + 0.5, "CRPIX2": ny / 2 + 0.5, "CDELT1": -scale, "CDELT2": scale}
    wcs = PlaneWcs.from_header_text("\n".join(f"{key:8}= {value}".ljust(80) for key, value in cards.items()), shape)
    assert wcs is not None
    return wcs


@pytest.mark.parametrize("code", ["CAR", "AIT", "TAN", "HPX", "ZEA", "MOL"])
@pytest.mark.parametrize(
    "text",
    [
        "CIRCLE 10 5 20",
        "CIRCLE 180 0 15",
        "CIRCLE 0 85 20",
        "RANGE 160 200 -40 40",
        "RANGE -Inf +Inf -Inf 50",
        "POLYGON 300 -20 350 10 20 -5 330 -60",
        "POLYGON 170 -20 190 -20 180 30",
    ],
)
def test_lines_follow_the_border(code: str, text: str) -> None:
    wcs, region = plane(code), parse_pos(text)
    for line in outline(wcs, region):
        vectors = wcs.pixel_to_vectors(line[:, 0], line[:, 1])
        there = np.isfinite(vectors[:, 0])
        assert np.abs(region.clearance(vectors[there])).max(initial=0) < 1e-6
        step = np.hypot(*np.diff(line, axis=0).T)
        middle = (line[1:] + line[:-1]) / 2
        clearance = region.clearance(wcs.pixel_to_vectors(middle[:, 0], middle[:, 1]))
        off = np.degrees(np.abs(clearance)) / wcs.pixel_scale_deg
        assert np.nanmax(off, initial=0) < 2.0, "a step leaves the border"
        assert step.max() < 60


def test_lines_are_broken_at_the_seam() -> None:
    lines = outline(plane(), parse_pos("CIRCLE 180 0 10"))
    assert len(lines) == 2
    ends = sorted(float(line[:, 0].mean()) for line in lines)
    assert ends[0] < 15
    assert ends[1] > 345
    for line in lines:
        assert np.hypot(*np.diff(line, axis=0).T).max() < 5
        # Each ends at the seam, not somewhere before it.
        assert min(abs(line[0, 0] + 0.5), abs(line[0, 0] - 359.5)) < 0.1


def test_a_circle_in_an_image_is_one_closed_line() -> None:
    (line,) = outline(plane("TAN", (100, 100), 0.01, (10.0, 20.0)), parse_pos("CIRCLE 10 20 0.3"))
    assert np.abs(line[0] - line[-1]).max() < 1e-6
    assert np.hypot(*(line - 49.5).T) == pytest.approx(30, rel=1e-3)


def test_a_polygon_in_an_image_is_one_closed_line() -> None:
    (line,) = outline(plane("TAN", (100, 100), 0.01, (10.0, 0.0)), parse_pos("POLYGON 9.8 -0.2 10.2 -0.2 10 0.2"))
    assert np.abs(line[0] - line[-1]).max() < 1e-6


@pytest.mark.parametrize("text", ["CIRCLE 10 20 0", "CIRCLE 10 20 180", "RANGE 0 360 -90 90", "CIRCLE 190 -20 1"])
def test_what_has_no_border_on_the_plane_has_no_lines(text: str) -> None:
    assert outline(plane("TAN", (100, 100), 0.01, (10.0, 20.0)), parse_pos(text)) == []


def test_the_number_of_points_is_bounded() -> None:
    turns = np.arange(1000) * 0.36
    corners = np.stack([turns, np.where(np.arange(1000) % 2, 50.0, -50.0)], axis=-1)
    text = "POLYGON " + " ".join(f"{a} {d}" for a, d in corners)
    lines = outline(plane("AIT", (9000, 18000), 0.02), parse_pos(text))
    assert sum(map(len, lines)) <= 64 * 1000
    assert sum(map(len, outline(plane("AIT", (9000, 18000), 0.02), parse_pos("CIRCLE 100 10 80")))) <= MAX_POINTS
