"""What part of the sky is looked at: a window of a plane's pixels, or a cone."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.frames import to_angles, to_vectors

if TYPE_CHECKING:
    from collections.abc import Hashable

    from numpy.typing import NDArray

    from armillary.sky.wcs import PlaneWcs

OUTSIDE, INSIDE, PARTLY = 0, 1, 2
BLOCK_ROWS = 1 << 18
SAMPLES = 33
WHOLE_SKY_RAD = math.radians(60.0)
# Cells are judged by points a little beyond their borders, so that nothing hides between these points.
SWELL = 1.2
SLACK = 0.15


class View(ABC):
    """A part of the sky.

    Attributes
    ----------
    key
        What makes it the same as another one.
    center
        Unit vector of the middle of a cone around all of it.
    radius_rad
        Radius of that cone.
    """

    key: Hashable
    center: NDArray[np.float64]
    radius_rad: float

    @abstractmethod
    def holds(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions, ICRS degrees, are in it."""

    @abstractmethod
    def judge(self, outlines: NDArray[np.float64], cell_radius_rad: float) -> NDArray[np.int8]:
        """``OUTSIDE``, ``INSIDE`` or ``PARTLY`` for cells by their outlines, shape (cells, 9, 3): right, not sharp."""


class Cone(View):
    """All within a radius on the great circle.

    Parameters
    ----------
    ra_deg, dec_deg, radius_deg
        ICRS centre and radius in degrees.
    """

    def __init__(self, ra_deg: float, dec_deg: float, radius_deg: float) -> None:
        self.key = ("cone", ra_deg, dec_deg, radius_deg)
        self.center = to_vectors(np.array([ra_deg]), np.array([dec_deg]))[0]
        self.radius_rad = math.radians(min(radius_deg, 180.0))

    def holds(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
        """By the chord, which keeps its digits for small radii."""
        return self._angles(to_vectors(ra, dec)) <= self.radius_rad * (1 + 1e-14)

    def judge(self, outlines: NDArray[np.float64], cell_radius_rad: float) -> NDArray[np.int8]:
        """By the distances of the points of the outlines."""
        angles = self._angles(outlines)
        out = np.full(len(outlines), PARTLY, np.int8)
        out[angles.min(axis=1) > self.radius_rad + 0.8 * cell_radius_rad] = OUTSIDE
        out[angles.max(axis=1) < self.radius_rad - 0.2 * cell_radius_rad] = INSIDE
        return out

    def _angles(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        chords = np.linalg.norm(vectors - self.center, axis=-1)
        angles: NDArray[np.float64] = 2.0 * np.arcsin(np.minimum(1.0, chords / 2.0))
        return angles


class PixelWindow(View):
    """A window of a plane's pixels, its edges included; it may reach beyond the plane and around a map that wraps.

    Parameters
    ----------
    wcs
        World coordinates of the plane.
    x0, y0, x1, y1
        Its edges, ``x0 < x1``, ``y0 < y1``.
    key
        What makes the plane the same as another one.
    """

    def __init__(self, wcs: PlaneWcs, x0: float, y0: float, x1: float, y1: float, key: Hashable = None) -> None:
        self.key = ("window", key, x0, y0, x1, y1)
        self.wcs = wcs
        self.period = wcs.wrap_period_px
        if self.period is not None and x1 - x0 >= self.period:
            x1 = x0 + self.period
        self.x0, self.y0, self.x1, self.y1 = x0, y0, x1, y1
        self.center, self.radius_rad = self._cone()

    def holds(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.bool_]:
        """By projecting them."""
        out = np.empty(len(ra), bool)
        for start in range(0, len(ra), BLOCK_ROWS):
            part = slice(start, start + BLOCK_ROWS)
            out[part] = self.shows(*self.wcs.icrs_to_pixel(ra[part], dec[part]))
        return out

    def shows(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether pixels are in it, or copies of them by the period."""
        with np.errstate(invalid="ignore"):
            across = (x - self.x0) % self.period if self.period else x - self.x0
            return (across >= 0.0) & (across <= self.x1 - self.x0) & (y >= self.y0) & (y <= self.y1)

    def judge(self, outlines: NDArray[np.float64], cell_radius_rad: float) -> NDArray[np.int8]:  # noqa: ARG002
        """By the box of the pixels of the outlines, swollen."""
        middle = outlines[:, :1]
        points = (middle + SWELL * (outlines - middle)).reshape(-1, 3)
        ra, dec = to_angles(points / np.linalg.norm(points, axis=-1, keepdims=True))
        x, y = (pixels.reshape(outlines.shape[:2]) for pixels in self.wcs.icrs_to_pixel(ra, dec))
        if self.period:
            x = x[:, :1] + (x - x[:, :1] + self.period / 2) % self.period - self.period / 2
        known = np.isfinite(x) & np.isfinite(y)
        left, right = _least(x, known), -_least(-x, known)
        low, high = _least(y, known), -_least(-y, known)
        with np.errstate(invalid="ignore"):
            slack = SLACK * np.maximum(right - left, high - low)
            beside, within = self._across(left - slack, right - left + 2 * slack)
            above = (low - slack > self.y1) | (high + slack < self.y0)
            within &= (low - slack >= self.y0) & (high + slack <= self.y1)
        out = np.full(len(outlines), PARTLY, np.int8)
        out[known.all(axis=1) & within] = INSIDE
        # Where some points cannot be shown, others may lie anywhere.
        out[known.all(axis=1) & (beside | above)] = OUTSIDE
        out[~known.any(axis=1)] = OUTSIDE
        return out

    def _across(
        self, left: NDArray[np.float64], width: NDArray[np.float64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which intervals of x lie beside the window, and which within."""
        span = self.x1 - self.x0
        if not self.period:
            start = left - self.x0
            return (start > span) | (start + width < 0.0), (start >= 0.0) & (start + width <= span)
        start = (left - self.x0) % self.period
        beside = (start > span) & (start + width < self.period)
        return beside, (start + width <= span) | (span >= self.period)

    def _cone(self) -> tuple[NDArray[np.float64], float]:
        """A cone around the window, the whole sky where it is large or not known."""
        ny, nx = self.wcs.shape
        boxes = [(self.x0, self.x1, self.y0, self.y1)]
        x0, x1 = max(self.x0, -nx), min(self.x1, 2.0 * nx)
        y0, y1 = max(self.y0, -ny), min(self.y1, 2.0 * ny)
        if x0 < x1 and y0 < y1:
            boxes.append((x0, x1, y0, y1))
        grids = [self.wcs.sky_grid(np.linspace(a, b, SAMPLES), np.linspace(c, d, SAMPLES)) for a, b, c, d in boxes]
        points = np.concatenate([grid.reshape(-1, 3) for grid in grids])
        points = points[np.isfinite(points).all(axis=1)]
        whole = np.array([0.0, 0.0, 1.0]), math.pi
        if not len(points):
            return whole
        center = points.mean(axis=0)
        length = float(np.linalg.norm(center))
        if length < 0.1:
            return whole
        center /= length
        chord = float(np.linalg.norm(points - center, axis=1).max())
        radius = 2.0 * math.asin(min(1.0, chord / 2.0)) + 1.5 * max(map(_largest_step, grids))
        return (center, radius) if radius < WHOLE_SKY_RAD else whole


def _least(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    least: NDArray[np.float64] = np.where(known, values, np.inf).min(axis=1)
    return least


def _largest_step(grid: NDArray[np.float64]) -> float:
    """Largest angle in radians, nearly, between neighbours of a grid."""
    largest = 0.0
    for axis in (0, 1):
        steps = np.linalg.norm(np.diff(grid, axis=axis), axis=-1)
        known = steps[np.isfinite(steps)]
        largest = max(largest, float(known.max()) if len(known) else math.pi)
    return 1.1 * largest
