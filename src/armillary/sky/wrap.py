"""The wrap of cylindrical projections: native longitude is linear along one direction of the plane, with a period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CYLINDRICAL = {"CAR", "CEA", "CYP", "MER"}
_LINEAR_LATITUDE = {"CAR"}
# wcslib calls native longitudes a rounding error beyond ±180° invalid: stay this far inside.
_INSIDE_DEG = 1e-10
_SLACK_DEG = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Wrap:
    """How a cylindrical plane repeats.

    Parameters
    ----------
    period
        Step in pixels, shape (2,) for x and y, that leads to the same place of the sky.
    to_native
        Matrix of shape (2, 2) and ``origin`` (2,): native longitude (and, in CAR, latitude) in degrees of a pixel
        ``p`` (0-based) is ``to_native @ p + origin``.
    linear_latitude
        True when the latitude is linear too.
    """

    period: NDArray[np.float64]
    to_native: NDArray[np.float64]
    origin: NDArray[np.float64]
    linear_latitude: bool

    @classmethod
    def of(cls, core: Any) -> Wrap | None:
        """Wrap of a set ``Wcsprm`` of two axes, None for other projections."""
        projection = core.cel.prj
        if projection.code not in _CYLINDRICAL:
            return None
        matrix = np.asarray(core.get_cdelt())[:, None] * np.asarray(core.get_pc())
        # w[0] is degrees of x for a degree of native longitude in all four (wcslib, prj.c).
        scale = projection.w[0]
        to_native = matrix[[core.lng, core.lat]] / scale
        origin = np.array([projection.x0, projection.y0]) / scale - to_native @ (np.asarray(core.crpix) - 1.0)
        period = np.linalg.solve(to_native, [360.0, 0.0])
        if not (np.isfinite(period).all() and np.isfinite(to_native).all() and np.isfinite(origin).all()):
            return None
        return cls(period, to_native, origin, projection.code in _LINEAR_LATITUDE)

    def along_x(self) -> float | None:
        """The period in pixels along x, None when the plane repeats in another direction."""
        x, y = np.abs(self.period)
        return float(x) if y < 1e-6 * x else None

    def into_native(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Move pixels, shape (n, 2), by whole periods to where the native longitude is within ±180°."""
        native = pixels @ self.to_native.T + self.origin
        turns = np.floor((native[:, 0] + 180.0) / 360.0)
        inside = np.clip(native[:, 0] - 360.0 * turns, -180.0 + _INSIDE_DEG, 180.0 - _INSIDE_DEG)
        moved = pixels + ((inside - native[:, 0]) / 360.0)[:, None] * self.period
        return self._onto_poles(moved, native[:, 1]) if self.linear_latitude else moved

    def _onto_poles(self, pixels: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take a row that lies beyond a pole by a rounding error as the pole."""
        beyond = np.clip(latitude, -90.0, 90.0) - latitude
        beyond[np.abs(beyond) > _SLACK_DEG] = 0.0
        return pixels + beyond[:, None] * np.linalg.solve(self.to_native, [0.0, 1.0])

    def into_plane(self, pixels: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
        """Move pixels, shape (n, 2), by whole periods into the plane of ``shape`` (ny, nx), else as near as can be."""
        axis = int(np.argmax(np.abs(self.period)))
        period, length = abs(self.period[axis]), float(shape[1 - axis])
        place = pixels[:, axis] + 0.5
        reduced = place - np.floor(place / period) * period
        # Left of the plane is nearer than right of it from half the gap on.
        reduced = np.where(reduced - length >= period - reduced, reduced - period, reduced)
        turns = (reduced - place) / self.period[axis]
        moved: NDArray[np.float64] = pixels + np.round(turns)[:, None] * self.period
        return moved
