"""Places within HEALPix cells as compiled loops (Górski et al. 2005, section 5; nested numbering).

Serial, without the GIL, cached on disk; import inside functions only.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from armillary.sky.healpix_kernels import _gather_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray


@njit(nogil=True, cache=True)
def places(
    order: int, cells: NDArray[np.int64], u: NDArray[np.float64], v: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Unit vectors ``out[cell, place]`` at the fractions ``u``, ``v`` of each cell along its two sides."""
    nside = 1 << order
    for k in range(cells.size):
        face = cells[k] >> (2 * order)
        inner = cells[k] & ((np.int64(1) << (2 * order)) - 1)
        ix = np.int64(_gather_bits(inner))
        iy = np.int64(_gather_bits(inner >> 1))
        row = face // 4
        turn = 2 * (face % 4) + (0 if row == 1 else 1)
        for n in range(u.size):
            x = (ix + u[n]) / nside
            y = (iy + v[n]) / nside
            down = row + 2 - x - y
            if down < 1.0 or down > 3.0:
                width = down if down < 1.0 else 4.0 - down
                away = width * width / 3.0
                z = 1.0 - away if down < 1.0 else away - 1.0
                s = math.sqrt(away * (2.0 - away))
            else:
                width = 1.0
                z = (2.0 - down) * 2.0 / 3.0
                s = math.sqrt(1.0 - z * z)
            across = turn * width + x - y
            angle = 0.25 * math.pi * across / width if width > 1e-15 else 0.0
            out[k, n, 0] = s * math.cos(angle)
            out[k, n, 1] = s * math.sin(angle)
            out[k, n, 2] = z
