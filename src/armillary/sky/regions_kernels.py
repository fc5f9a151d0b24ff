"""Compiled loops over the sides of polygons. Import them inside functions only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def first_crossing(points: NDArray[np.float64], normals: NDArray[np.float64], close: float) -> tuple[int, int]:
    """The first two sides that cross, or that touch elsewhere than at the corner they share; −1, −1 for none."""
    count = points.shape[0]
    for i in range(count):
        for j in range(i + 1, count):
            if meet(points, normals, i, j, close):
                return i, j
    return -1, -1


@njit(nogil=True, cache=True)
def crossing_in_cells(
    points: NDArray[np.float64],
    normals: NDArray[np.float64],
    cells: NDArray[np.int64],
    owners: NDArray[np.int64],
    close: float,
    most: int,
) -> tuple[int, int]:
    """As ``first_crossing``, of sides that share a cell; −2, −2 where more than ``most`` pairs do.

    ``cells`` is sorted; ``owners`` are the sides in it.
    """
    first, second = -1, -1
    start, pairs = 0, 0
    while start < cells.size:
        end = start + 1
        while end < cells.size and cells[end] == cells[start]:
            end += 1
        pairs += (end - start) * (end - start - 1) // 2
        if pairs > most:
            return -2, -2
        for a in range(start, end):
            for b in range(a + 1, end):
                i, j = min(owners[a], owners[b]), max(owners[a], owners[b])
                if (first < 0 or i < first or (i == first and j < second)) and meet(points, normals, i, j, close):
                    first, second = i, j
        start = end
    return first, second


@njit(nogil=True, cache=True)
def first_same(
    points: NDArray[np.float64], cells: NDArray[np.int64], owners: NDArray[np.int64], close: float
) -> tuple[int, int]:
    """The first two corners that are nearer than ``close``, of those that share a cell; −1, −1 for none."""
    first, second = -1, -1
    start = 0
    while start < cells.size:
        end = start + 1
        while end < cells.size and cells[end] == cells[start]:
            end += 1
        # Many in one cell are too close in any case: the first few tell.
        for a in range(start, min(end, start + 64)):
            for b in range(a + 1, min(end, start + 64)):
                i, j = min(owners[a], owners[b]), max(owners[a], owners[b])
                x, y, z = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1], points[i, 2] - points[j, 2]
                if x * x + y * y + z * z <= close * close and (first < 0 or i < first or (i == first and j < second)):
                    first, second = i, j
        start = end
    return first, second


@njit(nogil=True, cache=True)
def meet(points: NDArray[np.float64], normals: NDArray[np.float64], i: int, j: int, close: float) -> Any:
    """Whether two sides, ``i`` before ``j``, cross or touch elsewhere than at the corner they share."""
    count = points.shape[0]
    i2, j2 = (i + 1) % count, (j + 1) % count
    # The ends of each side against the other, but for corners that both share.
    if (
        (j != i2 and touches(points, normals, i, i2, j, close))
        or (j2 != i and touches(points, normals, i, i2, j2, close))
        or (i != j2 and touches(points, normals, j, j2, i, close))
        or (i2 != j and touches(points, normals, j, j2, i2, close))
    ):
        return True
    if j == i2 or j2 == i:
        return False
    one = height(normals, i, points, j)
    two = height(normals, i, points, j2)
    three = height(normals, j, points, i)
    four = height(normals, j, points, i2)
    # Of sides along one great circle the heights are rounding errors: they would touch.
    if max(abs(one), abs(two)) <= close or max(abs(three), abs(four)) <= close:
        return False
    return one * two < 0.0 and three * four < 0.0 and (two > 0.0) == (three > 0.0)


@njit(nogil=True, cache=True)
def height(normals: NDArray[np.float64], i: int, points: NDArray[np.float64], j: int) -> Any:
    """Sine of the angle from the plane of side ``i`` to corner ``j``."""
    return normals[i, 0] * points[j, 0] + normals[i, 1] * points[j, 1] + normals[i, 2] * points[j, 2]


@njit(nogil=True, cache=True)
def touches(points: NDArray[np.float64], normals: NDArray[np.float64], i: int, i2: int, j: int, close: float) -> Any:
    """Whether corner ``j`` lies on the side from corner ``i`` to ``i2``."""
    if abs(height(normals, i, points, j)) > close:
        return False
    nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
    x, y, z = points[j, 0], points[j, 1], points[j, 2]
    after = (
        (ny * points[i, 2] - nz * points[i, 1]) * x
        + (nz * points[i, 0] - nx * points[i, 2]) * y
        + (nx * points[i, 1] - ny * points[i, 0]) * z
    )
    before = (
        (ny * points[i2, 2] - nz * points[i2, 1]) * x
        + (nz * points[i2, 0] - nx * points[i2, 2]) * y
        + (nx * points[i2, 1] - ny * points[i2, 0]) * z
    )
    return after > -close and before < close
