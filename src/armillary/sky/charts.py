"""Charts: the sky over boxes of pixels as polynomials, so that a position costs nanoseconds.

A plane is cut into 32 by 32 boxes. Over a box where the projection is smooth Chebyshev polynomials of degree 7 in x and
y give unit vectors to a few 1e-15. How far off they are is found by what the last of their terms contribute and by
other pixels; a chart that is off by more than a hundredth of a pixel is not used. Whatever lies within 16 times the
error of a region's border is left to the projection itself, so answers are those of the projection.
"""

from __future__ import annotations

import functools
import math
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.wcs import PlaneWcs

TERMS = 8
KEPT = 64
# A position is taken to be off by no more than this often what others are off by.
CAUTION = 16.0
LEAST_SLACK = 1e-11
# Terms that contribute no more than this together are left out.
NEGLIGIBLE = 1e-13
MOST_SLACK_PX = 0.01
SPARE = 1.3
_TESTED = np.array(
    [[-0.97, 0.41], [0.93, -0.87], [-0.33, -0.95], [0.21, 0.98], [-0.79, -0.63], [0.67, 0.59], [0.05, -0.11],
     [-0.55, 0.73], [0.99, 0.13], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [-1.0, 0.03], [1.0, -0.35],
     [-1.0, -0.61], [1.0, 0.47], [0.07, 1.0], [-0.41, -1.0], [0.57, -1.0], [-0.71, 1.0]]
)  # fmt: skip
_kept: OrderedDict[int, tuple[PlaneWcs, Any]] = OrderedDict()
_lock = threading.Lock()

UNKNOWN, GOOD, BAD = 0, 1, 2  # as in chart_kernels


class Charts:
    """Charts of boxes of a plane, made when they are first asked for.

    Parameters
    ----------
    wcs
        World coordinates of the plane.
    corners
        First and last column and row of each box, both included; shape (n, 4): x0, x1, y0, y1.
    whole
        Which boxes can have a chart: all of such a box is sky.

    Attributes
    ----------
    coefficients
        Shape (n, 3, 8, 8): of x, y, z; along y, along x.
    numbers
        Shape (n, 10): middle and half of the width in x and in y, radians of a pixel in x and in y at most, slack, how
        many of the terms are needed, radians by which the width of a pixel changes to the next in x and in y.
    state
        ``UNKNOWN``, ``GOOD`` or ``BAD``.
    arrays
        Coefficients, numbers, corners, state.
    """

    def __init__(self, wcs: PlaneWcs, corners: NDArray[np.int64], whole: NDArray[np.bool_]) -> None:
        count = len(corners)
        self._wcs = wcs
        self._lock = threading.Lock()
        self.corners = corners
        self.coefficients = np.zeros((count, 3, TERMS, TERMS))
        self.numbers = np.zeros((count, 10))
        self.state = np.where(whole, UNKNOWN, BAD).astype(np.int8)
        self.arrays = (self.coefficients, self.numbers, corners, self.state)

    def ready(self, which: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Make those charts that are not there yet; which are good."""
        missing = which[self.state[which] == UNKNOWN]
        if len(missing):
            with self._lock:
                for first in range(0, len(missing), KEPT):
                    self._make(missing[first : first + KEPT])
        good: NDArray[np.bool_] = self.state[which] == GOOD
        return good

    def _make(self, which: NDArray[np.int64]) -> None:
        x0, x1, y0, y1 = self.corners[which].astype(np.float64).T
        middle_x, half_x = (x0 + x1) / 2.0, np.maximum((x1 - x0) / 2.0, 0.5)
        middle_y, half_y = (y0 + y1) / 2.0, np.maximum((y1 - y0) / 2.0, 0.5)
        nodes, matrix, slopes = _nodes()
        grid_x, grid_y = np.meshgrid(nodes, nodes)
        places_x, places_y = np.append(grid_x, _TESTED[:, 0]), np.append(grid_y, _TESTED[:, 1])
        pixels_x = middle_x[:, None] + half_x[:, None] * places_x
        pixels_y = middle_y[:, None] + half_y[:, None] * places_y
        vectors = self._wcs.pixel_to_vectors(pixels_x, pixels_y)
        sampled = vectors[:, : TERMS * TERMS].reshape(-1, TERMS, TERMS, 3)
        made = np.einsum("ja,nabc,ib->ncji", matrix, sampled, matrix)
        with np.errstate(invalid="ignore"):
            miss = np.abs(_at_tested(made) - vectors[:, TERMS * TERMS :]).max(axis=(1, 2))
            needed, left_out = _needed_terms(made)
            miss = np.maximum(miss, left_out)
            slack = CAUTION * miss + LEAST_SLACK
            per_x = _steepest(made, slopes, (0, 1)) / half_x * SPARE
            per_y = _steepest(made, slopes, (1, 0)) / half_y * SPARE
            bend_x, bend_y = _bends(made) / np.square(np.stack([half_x, half_y]))
            good = slack <= MOST_SLACK_PX * math.radians(self._wcs.pixel_scale_deg)
        self.coefficients[which] = made
        numbers = [middle_x, half_x, middle_y, half_y, per_x, per_y, slack, needed, bend_x, bend_y]
        self.numbers[which] = np.stack(numbers, axis=-1)
        self.state[which] = np.where(good, GOOD, BAD)


@functools.cache
def _nodes() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Places from −1 to 1, the matrix from values there to coefficients, and derivatives of each term at the places."""
    angles = math.pi * (np.arange(TERMS) + 0.5) / TERMS
    matrix = np.cos(np.arange(TERMS)[:, None] * angles) * 2.0 / TERMS
    matrix[0] /= 2.0
    ends = np.concatenate([np.cos(angles), [-1.0, 1.0]])
    terms = [np.polynomial.chebyshev.chebval(ends, np.polynomial.chebyshev.chebder(row)) for row in np.eye(TERMS)]
    return np.cos(angles), matrix, np.array(terms)


@functools.cache
def _tested_terms() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.polynomial.chebyshev.chebvander(_TESTED[:, 0], TERMS - 1),
        np.polynomial.chebyshev.chebvander(_TESTED[:, 1], TERMS - 1),
    )


def _at_tested(made: NDArray[np.float64]) -> NDArray[np.float64]:
    """What charts give at the other places, shape (n, places, 3)."""
    across, up = _tested_terms()
    found: NDArray[np.float64] = np.einsum("ncji,kj,ki->nkc", made, up, across)
    return found


def _needed_terms(made: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many terms each way are needed, at least two, and what the others contribute at most.

    Those of degrees that no chart has contribute less than the last ones that it has.
    """
    sizes = np.abs(made).max(axis=1)
    degrees = np.maximum(np.arange(TERMS)[:, None], np.arange(TERMS))
    by_degree = np.stack([(sizes * (degrees == k)).sum(axis=(1, 2)) for k in range(TERMS)], axis=-1)
    beyond = np.cumsum(by_degree[:, ::-1], axis=1)[:, ::-1]  # of this degree and higher
    many = (~(beyond <= NEGLIGIBLE)).sum(axis=1)
    needed = np.clip(many, 2, TERMS)
    left_out = beyond[np.arange(len(made)), np.minimum(needed, TERMS - 1)]
    return needed, left_out


def _steepest(made: NDArray[np.float64], slopes: NDArray[np.float64], order: tuple[int, int]) -> NDArray[np.float64]:
    """Greatest length of the derivative along x (``(0, 1)``) or y, at the nodes and the ends."""
    ends = np.concatenate([_nodes()[0], [-1.0, 1.0]])
    values = np.polynomial.chebyshev.chebvander(ends, TERMS - 1).T
    up, across = (slopes if order[0] else values), (slopes if order[1] else values)
    slope = np.einsum("ncji,ja,ib->nabc", made, up, across)
    found: NDArray[np.float64] = np.sqrt(np.square(slope).sum(axis=-1)).max(axis=(1, 2))
    return found


def _bends(made: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bounds of the lengths of the second derivatives along x and along y, shape (2, n).

    That of a Chebyshev polynomial of degree n is greatest at the ends: n² (n² − 1) / 3.
    """
    squares = np.square(np.arange(TERMS, dtype=np.float64))
    most = squares * (squares - 1.0) / 3.0
    sizes = np.abs(made)
    along = np.stack([(sizes * most).sum(axis=(2, 3)), (sizes * most[:, None]).sum(axis=(2, 3))])
    found: NDArray[np.float64] = np.sqrt(np.square(along).sum(axis=-1))
    return found
