"""SIP and lookup distortions, and their inverse."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_STEPS = 25
_CLOSE_PX = 1e-9
_ACCEPTED_PX = 1e-5


class Distortion:
    """Distorted pixels to the ideal ones of the projection and back.

    Polynomials mean nothing far from the pixels they were fitted to. Beyond a margin of half the plane's larger side
    the shift stays what it is at the margin's edge, so that positions far outside stay sensible and have one pixel.

    Parameters
    ----------
    to_focal
        ``astropy.wcs.WCS.pix2foc``: pixels of shape (n, 2) and the origin 0.
    shape
        ``(ny, nx)`` of the plane.
    """

    def __init__(
        self, to_focal: Callable[[NDArray[np.float64], int], NDArray[np.float64]], shape: tuple[int, int]
    ) -> None:
        self._to_focal = to_focal
        self._lock = threading.Lock()  # astropy's SIP works in memory of its own, shared by every call
        margin = 0.5 * max(shape)
        self._low = np.array([-margin, -margin])
        self._high = np.array([shape[1] + margin, shape[0] + margin])

    def apply(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Ideal pixels of distorted ones, 0-based, shape (n, 2)."""
        kept = np.clip(pixels, self._low, self._high)
        with self._lock, np.errstate(all="ignore"):
            return pixels + (np.asarray(self._to_focal(kept, 0)) - kept)

    def undo(self, ideal: NDArray[np.float64]) -> NDArray[np.float64]:
        """Distorted pixels of ideal ones, shape (n, 2); NaN where the distortion cannot be undone.

        Newton's method with the Jacobian by differences; the answer is checked.
        """
        with np.errstate(all="ignore"):
            pixels = ideal.copy()
            for _ in range(_STEPS):
                miss = self.apply(pixels) - ideal
                if not (np.abs(miss) > _CLOSE_PX).any():
                    break
                pixels = pixels - self._step(pixels, miss)
            missed = ~(np.abs(self.apply(pixels) - ideal).max(axis=1) < _ACCEPTED_PX)
        pixels[missed] = np.nan
        return pixels

    def _step(self, pixels: NDArray[np.float64], miss: NDArray[np.float64]) -> NDArray[np.float64]:
        right, up = np.array([0.25, 0.0]), np.array([0.0, 0.25])
        along_x = 2.0 * (self.apply(pixels + right) - self.apply(pixels - right))
        along_y = 2.0 * (self.apply(pixels + up) - self.apply(pixels - up))
        determinant = along_x[:, 0] * along_y[:, 1] - along_x[:, 1] * along_y[:, 0]
        x = (miss[:, 0] * along_y[:, 1] - miss[:, 1] * along_y[:, 0]) / determinant
        y = (miss[:, 1] * along_x[:, 0] - miss[:, 0] * along_x[:, 1]) / determinant
        return np.stack([x, y], axis=1)
