"""Centres of HEALPix pixels as compiled loops (Górski et al. 2005, section 5.2). Import them inside functions only."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def _root(value: Any) -> Any:
    """Whole part of a square root."""
    root = np.int64(math.sqrt(np.float64(value)))
    while root * root > value:
        root -= 1
    while (root + 1) * (root + 1) <= value:
        root += 1
    return root


@njit(nogil=True, cache=True)
def ring_centres(nside: int, pixels: NDArray[np.int64], vectors: NDArray[np.float64]) -> None:
    """Unit vectors, shape (n, 3), of the centres of RING pixels, which are from 0 to 12 nside² − 1."""
    cap = 2 * nside * (nside - 1)
    total = 12 * nside * nside
    size = np.float64(nside)
    for k in range(pixels.size):
        pixel = pixels[k]
        if pixel < cap or pixel >= total - cap:
            north = pixel < cap
            inner = pixel if north else total - 1 - pixel
            ring = (1 + _root(1 + 2 * inner)) >> 1
            place = inner + 1 - 2 * ring * (ring - 1)
            if not north:
                place = 4 * ring + 1 - place
            away = (ring / size) * (ring / size) / 3.0
            z = 1.0 - away if north else away - 1.0
            s = math.sqrt(away * (2.0 - away))
            longitude = (place - 0.5) * math.pi / (2.0 * ring)
        else:
            inner = pixel - cap
            ring = inner // (4 * nside) + nside
            place = inner % (4 * nside) + 1
            shift = 1.0 if (ring + nside) & 1 else 0.5
            z = (2 * nside - ring) * 2.0 / (3.0 * size)
            s = math.sqrt((1.0 - z) * (1.0 + z))
            longitude = (place - shift) * math.pi / (2.0 * size)
        vectors[k, 0] = s * math.cos(longitude)
        vectors[k, 1] = s * math.sin(longitude)
        vectors[k, 2] = z
