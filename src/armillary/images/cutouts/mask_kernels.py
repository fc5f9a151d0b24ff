"""Compiled loops over masks. Import them inside functions only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numba import njit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def fill_outside(planes: NDArray[Any], inside: NDArray[np.bool_], fill: int) -> None:
    """Put a number into the pixels outside, of planes of shape (n, rows, columns) of one mask."""
    for k in range(planes.shape[0]):
        for y in range(planes.shape[1]):
            for x in range(planes.shape[2]):
                if not inside[y, x]:
                    planes[k, y, x] = fill
