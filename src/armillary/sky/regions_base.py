"""What every region of the sphere can do."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

# Borders belong to the region; a pixel centre that lies on one must not leave it by a rounding error.
TOLERANCE = 1e-12
SEARCH_ROOM = 256
LONGEST_LABEL = 1000
SPHERE_DEG2 = 4.0 * math.pi * math.degrees(1.0) ** 2


@dataclass(frozen=True, slots=True)
class Arc:
    """A piece of a border.

    Parameters
    ----------
    at
        Unit vectors, shape (n, 3), of places from 0 to 1 along it.
    length
        Its length in radians.
    """

    at: Callable[[NDArray[np.float64]], NDArray[np.float64]]
    length: float


class ForKernels(NamedTuple):
    """A region as the compiled loops of ``judge_kernels`` take it.

    Parameters
    ----------
    kind
        1 for a circle, 2 for a range, 3 for a polygon, 4 for a small one of few corners.
    numbers
        Of a circle: the centre, the chord of the radius, and 1; of one larger than half the sky those of its outside,
        and −1. Of a range: sines of the declinations, beyond ±1 where they are poles; x and y of unit vectors at right
        angles to the western and the eastern meridian, that point inwards; 0 where the meridians mean nothing, −1 where
        they are more than half a turn apart, else 1. Of a polygon: 1 where the pole of its frame is inside, and of the
        parts of the circle where the first begins and how many would go around it.
    tables
        Of a polygon; empty of others: corners, normals of the sides, circles about runs of sides and where their levels
        begin, and what ``Sides`` has: frame, table, bins, listed.
    most_slack
        Radians by which positions may be off at most.
    """

    kind: int
    numbers: NDArray[np.float64]
    tables: tuple[NDArray[Any], ...]
    most_slack: float

    def arguments(self) -> tuple[NDArray[Any], ...]:
        """The tuple for one call."""
        return (self.numbers, *self.tables, np.empty((2, SEARCH_ROOM), np.int64))


def no_tables() -> tuple[NDArray[Any], ...]:
    """What stands for the tables of a polygon."""
    flat, whole = np.zeros((0, 3)), np.zeros(0, np.int64)
    return flat, flat, flat, whole, flat, flat, whole, whole


class Region(ABC):
    """A part of the celestial sphere with its border, ICRS.

    Positions are unit vectors, arrays of shape (…, 3). What is not finite lies in no region.
    """

    @abstractmethod
    def contains(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie inside or, within 2e-7 arcseconds, on the border; shape (…,)."""

    @abstractmethod
    def clearance(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the border or less, positive inside, negative outside; NaN where a position is not finite.

        All that is nearer to a position than this lies on its side of the border. Shape (…,).
        """

    def side(self, vectors: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.int8]:
        """1 for what is inside, -1 for outside, 0 for what may lie within ``slack`` radians of the border.

        ``slack`` broadcasts with the shape (…,) of the positions, whose lengths may be off by as much.
        """
        clearance = self.clearance(vectors)
        sides: NDArray[np.int8] = (clearance > slack).astype(np.int8)
        sides -= clearance < -slack
        return sides

    @abstractmethod
    def cone(self) -> tuple[NDArray[np.float64], float]:
        """Centre (a unit vector) and radius in radians of a circle that holds the region."""

    @abstractmethod
    def centre(self) -> NDArray[np.float64]:
        """A unit vector in the middle of the region."""

    @abstractmethod
    def arcs(self) -> list[Arc]:
        """The border in pieces; empty where it has none."""

    def border(self, count: int) -> NDArray[np.float64]:
        """About ``count`` unit vectors along the border, shape (n, 3)."""
        arcs = self.arcs()
        each = np.arange(max(1, count // max(1, len(arcs)))) / max(1, count // max(1, len(arcs)))
        return np.concatenate([np.empty((0, 3)), *(arc.at(each) for arc in arcs)])

    @abstractmethod
    def for_kernels(self) -> ForKernels:
        """The region for compiled loops."""

    @property
    @abstractmethod
    def area_deg2(self) -> float:
        """Area in square degrees."""

    @property
    @abstractmethod
    def words(self) -> str:
        """The region as the text of ``POS``."""

    @property
    def label(self) -> str:
        """The region for people: its text, or the beginning of one that is long."""
        words = self.words
        return words if len(words) <= LONGEST_LABEL else f"{words[:LONGEST_LABEL].rsplit(' ', 1)[0]} …"


def angle(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Radians between unit vectors, shape (…, 3) each; exact at every angle (Kahan 2006, section 13)."""
    apart = np.sqrt(np.square(one - two).sum(axis=-1))
    across = np.sqrt(np.square(one + two).sum(axis=-1))
    between: NDArray[np.float64] = 2.0 * np.arctan2(apart, across)
    return between


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vectors of length 1, shape (…, 3)."""
    ones: NDArray[np.float64] = vectors / np.sqrt(np.square(vectors).sum(axis=-1, keepdims=True))
    return ones


def across(vector: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors at right angles to one and to each other."""
    helper = np.zeros(3)
    helper[np.argmin(np.abs(vector))] = 1.0
    first = unit(np.cross(vector, helper))
    return first, np.cross(vector, first)


def number(value: float) -> str:
    """A coordinate as text that reads back as the same number."""
    return repr(float(value)).removesuffix(".0")


def as_vectors(vectors: ArrayLike) -> NDArray[np.float64]:
    """Contiguous float64, shape (…, 3)."""
    return np.ascontiguousarray(vectors, np.float64)
