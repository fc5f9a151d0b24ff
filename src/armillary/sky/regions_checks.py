"""What makes no polygon: corners that are repeated, sides that touch or cross; found in the time of a sort."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.sky.regions_base import angle, unit
from armillary.sky.regions_sides import cross

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_CORNERS = 3
MAX_CORNERS = 100_000
# Corners nearer than this, and sides that come this near to each other, are one: 2e-5 arcseconds.
CLOSE = 1e-10
FEW = 128
MOST_PAIRS = 100_000_000
_PRIMES = np.array([73_856_093, 19_349_663, 83_492_791], np.int64)


def check_corners(given: NDArray[np.float64], parameter: str) -> None:
    """Refuse too few or too many corners, and those that are no places of the sky.

    Raises
    ------
    ParameterError, LimitError
        So it is.
    """
    if len(given) < MIN_CORNERS:
        raise ParameterError(parameter, f"a polygon has at least {MIN_CORNERS} corners, not {len(given)}")
    if len(given) > MAX_CORNERS:
        raise LimitError(
            f"{parameter}: a polygon has at most {MAX_CORNERS} corners, not {len(given)}: leave some out.",
            parameter=parameter,
            max_corners=MAX_CORNERS,
        )
    if not np.isfinite(given).all():
        raise ParameterError(parameter, "a corner of the polygon is not finite")
    if np.abs(given[:, 1]).max() > 90.0:
        raise ParameterError(parameter, "declinations are from -90 to 90 degrees")


def check_shape(points: NDArray[np.float64], parameter: str) -> None:
    """Refuse corners that are repeated or opposite, and sides that cross or touch.

    Raises
    ------
    ParameterError, LimitError
        As ``check_apart`` and ``check_sides``.
    """
    from armillary.sky.polygon_kernels import FINE, find_fault

    if len(points) > FEW or find_fault(points, CLOSE)[0] != FINE:
        check_apart(points, parameter)
        check_sides(points, parameter)


def check_apart(points: NDArray[np.float64], parameter: str) -> None:
    """Refuse corners that are repeated, and neighbours that no single great circle joins.

    Raises
    ------
    ParameterError
        So it is.
    """
    from armillary.sky.regions_kernels import first_same

    count = len(points)
    i, j = first_same(points, *_cells(points - CLOSE, points + CLOSE, 4.0 * CLOSE, np.arange(count)), CLOSE)
    if i >= 0:
        remedy = "the last is joined to the first by itself" if (i, j) == (0, count - 1) else "leave one out"
        raise ParameterError(parameter, f"corners {i + 1} and {j + 1} of the polygon are the same: {remedy}")
    opposite = angle(points, np.roll(points, -1, axis=0)) >= math.pi - CLOSE
    if opposite.any():
        k = int(np.argmax(opposite))
        raise ParameterError(
            parameter, f"corners {k + 1} and {(k + 1) % count + 1} of the polygon are opposite: put one between"
        )


def check_sides(points: NDArray[np.float64], parameter: str) -> None:
    """Refuse sides that cross or touch.

    Of many only those are compared that come into one cell of space: sides are cut into pieces, about as many as there
    are sides, and cells are as large as pieces.

    Raises
    ------
    ParameterError
        Two sides do.
    LimitError
        Too many lie so close to each other that they cannot be compared.
    """
    from armillary.sky.regions_kernels import crossing_in_cells, first_crossing

    normals = unit(cross(points, np.roll(points, -1, axis=0)))
    if len(points) <= FEW:
        one, two = first_crossing(points, normals, CLOSE)
    else:
        one, two = crossing_in_cells(points, normals, *_pieces(points), CLOSE, MOST_PAIRS)
    if one == -2:
        raise LimitError(f"{parameter}: too many sides of the polygon lie close to each other: simplify it.")
    if one >= 0:
        raise ParameterError(
            parameter,
            f"sides {one + 1} and {two + 1} of the polygon cross or touch (side 1 is from corner 1 to corner 2)",
        )


def _pieces(points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells that the sides pass through, and whose they are: as ``_cells``."""
    ahead = np.roll(points, -1, axis=0)
    lengths = angle(points, ahead)
    size = max(float(lengths.sum()) / len(points), 8.0 * CLOSE)
    many = np.ceil(lengths / size).astype(np.int64)
    owner = np.repeat(np.arange(len(points)), many)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(many) - many, many)
    ends = [_along(points, ahead, lengths, owner, (place + more) / many[owner]) for more in (0, 1)]
    # A piece of a great circle leaves the chord by less than an eighth of its length's square.
    spare = (size * size / 8.0 + 2.0 * CLOSE) * (1.0 + 1e-6)
    return _cells(np.minimum(*ends) - spare, np.maximum(*ends) + spare, size + 4.0 * spare, owner)


def _along(
    points: NDArray[np.float64],
    ahead: NDArray[np.float64],
    lengths: NDArray[np.float64],
    owner: NDArray[np.int64],
    part: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Places on sides, of parts from 0 to 1 of their lengths."""
    length = lengths[owner]
    one, two = np.sin((1.0 - part) * length), np.sin(part * length)
    return unit(one[:, None] * points[owner] + two[:, None] * ahead[owner])


def _cells(
    low: NDArray[np.float64], high: NDArray[np.float64], size: float, owner: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells of space that boxes, no larger than a cell, reach into; sorted, each owner once in a cell.

    Returns
    -------
    Numbers of cells, hashed, and owners; of shape (m,).
    """
    first, last = np.floor(low / size).astype(np.int64), np.floor(high / size).astype(np.int64)
    keys = [np.where([x, y, z], last, first) @ _PRIMES for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    cells, owners = np.concatenate(keys), np.tile(owner, 8)
    order = np.lexsort((owners, cells))
    cells, owners = cells[order], owners[order]
    new = np.concatenate([[True], (cells[1:] != cells[:-1]) | (owners[1:] != owners[:-1])])
    return cells[new], owners[new]
