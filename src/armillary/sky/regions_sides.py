"""The sides of a polygon in tables: for counting crossings, and for finding the nearest quickly."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import LimitError
from armillary.sky.regions_base import across, angle, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS_FOR_CORNER = 4
_LISTED_FOR_CORNER = 16
# Sides are listed in all parts of the circle that are nearer than this, in turns, or less where parts are narrow.
LEAST_SLACK_TURNS, MOST_SLACK_TURNS = 2e-10, 1e-7
MOST_OVER_EACH_OTHER = 4096
_POLES = 200
_GOLDEN = (1.0 + math.sqrt(5.0)) / 2.0
_FAN = 8
FEW = 64


class Sides:
    """The sides, sorted by longitude about a pole that lies far from all of them, for counting crossings.

    Attributes
    ----------
    normals
        Unit normals of the sides, shape (n, 3); inside is where they point to.
    frame
        Rows are the axes of the frame of the pole, the pole last.
    table
        For each side: longitudes of its western and eastern end in turns (the eastern from the western on), its normal
        pointing poleward, the middle of it, and the cosine of half its length; shape (n, 9). Of a small polygon of few
        corners see ``polygon_kernels.few_sides``.
    bins, listed
        Sides over each of equal parts of the circle: ``listed[bins[k]:bins[k + 1]]``.
    most_slack
        Radians by which positions may be off at most, for sides to be listed where they are looked for.
    numbers
        1 where the pole belongs to the polygon, else 0; where the first part begins, in turns; how many parts would go
        around the circle.
    caps, levels
        Circles about runs of sides (see ``judge_kernels.distances``); of a small polygon of few corners only that about
        all.
    around
        That one, with its radius in radians, else None.

    Parameters
    ----------
    points
        Corners, shape (n, 3).

    Raises
    ------
    LimitError
        More than 4096 sides lie over each other.
    """

    def __init__(self, points: NDArray[np.float64]) -> None:
        self.points = points
        self.around: NDArray[np.float64] | None = None
        if len(points) > FEW or not self._of_few():
            self._of_many()

    @property
    def kind(self) -> int:
        """4 for a small polygon of few corners, else 3."""
        return 3 if self.around is None else 4

    def _of_few(self) -> bool:
        """A small polygon of few corners: all sides are looked at, whatever the longitude."""
        from armillary.sky.polygon_kernels import around, few_sides

        points = self.points
        cap = around(points)
        if cap[3] >= math.pi:
            return False
        self.around = cap
        self.normals, self.frame, self.table = few_sides(points, cap[:3])
        self.caps, self.levels = cap[None].copy(), np.array([0, 1])
        self.caps[0, 3] = 2.0 * math.sin(cap[3] / 2.0) * (1.0 + 1e-9)
        self.bins = self.listed = np.zeros(0, np.int64)
        self.numbers = np.zeros(3)
        self.most_slack = math.inf
        return True

    def _of_many(self) -> None:
        points = self.points
        ahead = np.roll(points, -1, axis=0)
        self.normals = unit(cross(points, ahead))
        self.caps, self.levels = caps_of(points)
        pole, pole_distance = far_pole(points, self.normals, self.caps, self.levels)
        self.frame = np.stack([*across(pole), pole])
        turned = points @ self.frame.T
        # Multiples of 2**-52: adding a turn loses nothing.
        longitude = (np.arctan2(turned[:, 1], turned[:, 0]) / (2.0 * math.pi) % 1.0 + 1.0) - 1.0
        longitude[longitude >= 1.0] = 0.0
        step = (np.roll(longitude, -1) - longitude + 0.5) % 1.0 - 0.5
        eastward = step >= 0.0
        west = np.where(eastward, longitude, np.roll(longitude, -1))
        east = np.where(eastward, np.roll(longitude, -1), longitude)
        east = np.where(east < west, east + 1.0, east)
        northern = np.where(eastward[:, None], self.normals, -self.normals)
        half = np.cos(angle(points, ahead) / 2.0)
        self.table = np.column_stack([west, east, northern, unit(points + ahead), half])
        start, span = _reach(west, east)
        total = float((east - west).sum()) / span
        _most_over_each_other(total)
        parts = max(8, min(_BINS_FOR_CORNER * len(points), int(_LISTED_FOR_CORNER * len(points) / total)))
        slack_turns = min(max(span / parts / 2.0, LEAST_SLACK_TURNS), MOST_SLACK_TURNS)
        if span < 1.0:
            start, span = start - 2.0 * slack_turns, span + 4.0 * slack_turns
        self.bins, self.listed = _binned(west, east, parts, start, span, slack_turns)
        pole_inside = self._pole_inside(west, east, eastward)
        self.numbers = np.array([float(pole_inside), start, parts / span])
        self.most_slack = math.pi * slack_turns * math.sin(min(pole_distance, 1.0))

    def _pole_inside(self, west: NDArray[np.float64], east: NDArray[np.float64], eastward: NDArray[np.bool_]) -> bool:
        """Whether the side nearest to the pole, on the meridian through the middle of the widest one, goes east."""
        widest = int(np.argmax(east - west))
        meridian = (west[widest] + east[widest]) / 2.0
        over = ((meridian - west) % 1.0) < (east - west)
        turn = 2.0 * math.pi * meridian
        level = math.cos(turn) * self.frame[0] + math.sin(turn) * self.frame[1]
        northern = self.table[over, 2:5]
        latitude = np.arctan2(-(northern @ level), northern @ self.frame[2])
        return bool(eastward[over][np.argmax(latitude)])


def _most_over_each_other(total: float) -> None:
    """Refuse a border that goes to and fro without measure."""
    if total > MOST_OVER_EACH_OTHER:
        raise LimitError(
            f"The border of the polygon goes to and fro: {math.ceil(total)} sides lie over each other, at most "
            f"{MOST_OVER_EACH_OTHER} may. Simplify it."
        )


def _reach(west: NDArray[np.float64], east: NDArray[np.float64]) -> tuple[float, float]:
    """Where intervals on a circle of length 1 begin, and how much of it they span: all but the widest gap."""
    ends = np.sort(np.concatenate([west, east % 1.0]))
    gaps = np.append(ends[1:], ends[0] + 1.0) - ends
    k = int(np.argmax(gaps))
    middle = ends[k] + gaps[k] / 2.0
    if bool((((middle - west) % 1.0) < east - west).any()) or gaps[k] < 8.0 * MOST_SLACK_TURNS:
        return 0.0, 1.0
    return float((ends[k] + gaps[k]) % 1.0), float(1.0 - gaps[k])


def _binned(
    west: NDArray[np.float64], east: NDArray[np.float64], parts: int, start: float, span: float, slack: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which intervals reach into each of equal parts of a piece of a circle of length 1, with a little to spare."""
    scale = parts / span
    place = (west - slack - start) % 1.0
    first = np.floor(place * scale).astype(np.int64)
    many = np.floor((place + east - west + 2.0 * slack) * scale).astype(np.int64) - first + 1
    many = np.minimum(many, parts)
    owner = np.repeat(np.arange(len(west)), many)
    places = (np.repeat(first - (np.cumsum(many) - many), many) + np.arange(len(owner))) % parts
    order = np.argsort(places, kind="stable")
    return np.searchsorted(places[order], np.arange(parts + 1)), owner[order]


def caps_of(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Circles about eight sides each, about eight of these each, and so on to one about all.

    Returns
    -------
    Centres and chords of the radii, shape (m, 4), and where each level begins, the lowest first, with the end.
    """
    count = len(points)
    run = np.arange(-(-count // _FAN))[:, None] * _FAN + np.arange(_FAN + 1)
    corners = points[np.minimum(run, count) % count]
    below = _about(corners, np.zeros(corners.shape[:2]))
    found, starts = [below], [0, len(below)]
    while len(below) > 1:
        run = np.minimum(np.arange(-(-len(below) // _FAN))[:, None] * _FAN + np.arange(_FAN), len(below) - 1)
        below = _about(below[run, :3], below[run, 3])
        found.append(below)
        starts.append(starts[-1] + len(below))
    caps = np.concatenate(found)
    caps[:, 3] = 2.0 * np.sin(caps[:, 3] / 2.0) * (1.0 + 1e-9)
    return caps, np.array(starts)


def _about(centres: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[np.float64]:
    """Circles about groups of circles, shape (groups, members, 3) and (groups, members)."""
    total = centres.sum(axis=1)
    length = np.sqrt(np.square(total).sum(axis=-1, keepdims=True))
    middle = np.where(length > 1e-3, total / np.maximum(length, 1e-300), centres[:, 0])
    reach = (angle(centres, middle[:, None]) + radii).max(axis=1) * (1.0 + 1e-9) + 1e-12
    # A side between two places of a circle stays in it where it is no larger than half the sky.
    return np.column_stack([middle, np.where(reach < math.pi / 2.0, reach, math.pi)])


def far_pole(
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    caps: NDArray[np.float64] | None = None,
    levels: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Of places spread evenly (a Fibonacci lattice) the one that, with its antipode, is farthest from every side.

    Returns
    -------
    The place, and its distance in radians.
    """
    from armillary.sky.judge_kernels import distances

    if caps is None or levels is None:
        caps, levels = caps_of(points)
    k = np.arange(_POLES) + 0.5
    z = 1.0 - k / _POLES  # one half of the sphere: the other are the antipodes
    turn = 2.0 * math.pi * k / _GOLDEN
    flat = np.sqrt(1.0 - z * z)
    places = np.stack([flat * np.cos(turn), flat * np.sin(turn), z], axis=-1)
    both = np.empty((2, _POLES))
    distances(places, points, normals, caps, levels, both[0])
    distances(-places, points, normals, caps, levels, both[1])
    nearest = both.min(axis=0)
    best = int(np.argmax(nearest))
    return places[best], float(nearest[best])


def cross(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products without the loss of digits where vectors are close: ``(a − b) × (a + b) / 2 = a × b``."""
    return np.cross(one - two, one + two) / 2.0
