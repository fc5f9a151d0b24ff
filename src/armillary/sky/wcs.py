"""World coordinates of a plane: pixels to the sky and back.

wcslib (through astropy) projects; frames are turned by `armillary.sky.frames`; this module adds what a viewer needs:
ICRS throughout, NaN instead of errors, wrapping of cylindrical maps, and safety under threads.
"""

from __future__ import annotations

import copy
import math
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.sky.frames import cross, to_angles, to_vectors
from armillary.sky.wcs_build import WcsParts, build, determinant, linear_matrix
from armillary.sky.wcs_cards import NoSkyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray


class PlaneWcs:
    """World coordinates of one plane.

    Pixels are 0-based at pixel centres; every method takes and gives arrays and may be called by many threads.

    Attributes
    ----------
    frame
        ``icrs``, ``fk5``, ``fk4``, ``fk4-no-e``, ``galactic``, ``supergalactic`` or ``ecliptic``.
    projection
        Code of the projection, with ``-SIP``, ``-TPV``, ``-TNX``, ``-ZPX`` or ``-LOOKUP`` where distorted.
    pixel_scale_deg
        Square root of the sky area of a pixel at the reference point, degrees.
    parity
        −1 when longitude grows to the left with latitude up, as on the sky; +1 when mirrored.
    wrap_period_px
        Pixels in 360° along x of a cylindrical map, else None.
    full_circle
        True when the plane covers all of that circle.
    summary
        The header's numbers as JSON values.
    """

    def __init__(self, parts: WcsParts, shape: tuple[int, int]) -> None:
        self._core = parts.core
        self._cards = parts.cards
        self._sky_frame = parts.frame
        self._distortion = parts.distortion
        self._wrap = parts.wrap
        self._columns = [parts.core.lng, parts.core.lat]
        self._lock = threading.Lock()
        self.shape = shape
        self.frame = parts.frame.name
        self.projection = parts.projection
        self.wrap_period_px = parts.wrap.along_x() if parts.wrap else None
        self.full_circle = self.wrap_period_px is not None and shape[1] > self.wrap_period_px - 0.5
        self.pixel_scale_deg, self.parity = self._scale_and_parity()
        self.summary = _summary(parts)

    @classmethod
    def from_header_text(
        cls,
        text: str,
        shape: tuple[int, int],
        axes: tuple[int, int] = (1, 2),
        lookup: Callable[[], Any] | None = None,
    ) -> PlaneWcs | None:
        """World coordinates of a header, None when it has no celestial ones (`why_not` says why). Never raises.

        Parameters
        ----------
        text
            Header, a card a line.
        shape
            ``(ny, nx)`` of the plane.
        axes
            FITS axes (1-based) that are x and y of the plane.
        lookup
            Opens the file as an ``astropy.io.fits.HDUList``, for headers whose distortion tables lie in other
            extensions. It is closed here after use.
        """
        try:
            return cls(build(text, shape, axes, lookup), shape)
        except NoSkyError:
            return None

    def pixel_to_icrs(self, x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ICRS right ascension in [0, 360) and declination, degrees, of pixels; NaN where there is no sky."""
        pixels, shape = _pairs(x, y)
        lon, lat = self._pixel_to_native_frame(pixels)
        if not self._sky_frame.is_icrs:
            lon, lat = to_angles(self._sky_frame.to_icrs(to_vectors(lon, lat)))
        lon = lon % 360.0
        return np.where(lon >= 360.0, 0.0, lon).reshape(shape), lat.reshape(shape)

    def icrs_to_pixel(self, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Pixels of ICRS positions in degrees, also outside the plane; NaN where the projection cannot show them.

        Where a cylindrical map shows a place several times the pixel inside the plane is chosen, else the nearest.
        """
        sky, shape = _pairs(ra_deg, dec_deg)
        sky[~(np.abs(sky[:, 1]) <= 90.0)] = np.nan
        if not self._sky_frame.is_icrs:
            sky = np.stack(to_angles(self._sky_frame.from_icrs(to_vectors(sky[:, 0], sky[:, 1]))), axis=-1)
        pixels = self._native_frame_to_pixel(sky)
        return pixels[:, 0].reshape(shape), pixels[:, 1].reshape(shape)

    def sky_grid(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """ICRS unit vectors of a grid of pixels, shape (len(y), len(x), 3); NaN where there is no sky."""
        grid_x, grid_y = np.meshgrid(np.asarray(x, float), np.asarray(y, float))
        lon, lat = self._pixel_to_native_frame(_pairs(grid_x, grid_y)[0])
        return self._sky_frame.to_icrs(to_vectors(lon, lat)).reshape(*grid_x.shape, 3)

    def pixel_to_vectors(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """ICRS unit vectors of pixels, shape (…, 3); NaN where there is no sky."""
        pixels, shape = _pairs(x, y)
        lon, lat = self._pixel_to_native_frame(pixels)
        return self._sky_frame.to_icrs(to_vectors(lon, lat)).reshape(*shape, 3)

    def vectors_to_pixel(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Pixels of ICRS unit vectors of shape (…, 3), as `icrs_to_pixel` gives them; shape (…, 2): x, y."""
        lon, lat = to_angles(self._sky_frame.from_icrs(vectors.reshape(-1, 3)))
        return self._native_frame_to_pixel(np.stack([lon, lat], axis=-1)).reshape(*vectors.shape[:-1], 2)

    def header_cards(self) -> str:
        """Cards of 80 characters, without NAXIS and END, that describe these coordinates on axes 1 and 2."""
        return self._cards.header(self.shape)[240:]

    @property
    def seam_can_move(self) -> bool:
        """Whether the reference may be moved along x with CRVAL alone: a cylindrical map about the equator."""
        core = self._core
        diagonal = all(self.summary["cd"][row][1 - row] == 0.0 for row in (0, 1))
        upright = core.lng == 0 and core.crval[1] == 0.0 and core.lonpole == 0.0 and core.latpole == 90.0
        own_reference = any(axis == 1 for axis, _, _ in core.get_pv())
        degrees = self._cards.text("CUNIT1").lower() in {"", "deg", "degree", "degrees"}
        return self.wrap_period_px is not None and diagonal and upright and degrees and not own_reference

    def pixel_grid(self, other: PlaneWcs, x: ArrayLike, y: ArrayLike) -> NDArray[np.float64]:
        """Pixels of this plane under a grid of pixels of another, shape (len(y), len(x), 2): x, y; NaN for none."""
        vectors = other.sky_grid(x, y)
        lon, lat = to_angles(self._sky_frame.from_icrs(vectors.reshape(-1, 3)))
        pixels = self._native_frame_to_pixel(np.stack([lon, lat], axis=-1))
        return pixels.reshape(*vectors.shape[:2], 2)

    def _own_core(self) -> Any:
        """A copy of wcslib's structure: it is not safe to share, and copying takes microseconds."""
        with self._lock:
            return copy.deepcopy(self._core)

    def _pixel_to_native_frame(self, pixels: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude in the header's frame, degrees, of pixels of shape (n, 2)."""
        if self._distortion is not None:
            pixels = self._distortion.apply(pixels)
        with np.errstate(all="ignore"):
            if self._wrap is not None:
                pixels = self._wrap.into_native(pixels)
            world = self._world(pixels)[:, self._columns]
        world[~(np.abs(world[:, 1]) <= 90.0 + 1e-9)] = np.nan
        return world[:, 0], world[:, 1]

    def _world(self, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        """What wcslib makes of pixels.

        Of a single row (or column) of pixels it finds no sky in all of HPX where one of them has none: another pixel
        is added, beside the row.
        """
        if self.projection.partition("-")[0] not in {"HPX", "XPH"} or not len(pixels):
            return _call(self._own_core().p2s, pixels, "world")
        return _call(self._own_core().p2s, np.concatenate([pixels, pixels[:1] + np.array([1.5, 1.5])]), "world")[:-1]

    def _native_frame_to_pixel(self, sky: NDArray[np.float64]) -> NDArray[np.float64]:
        world = np.empty_like(sky)
        world[:, self._columns] = sky
        with np.errstate(all="ignore"):
            pixels = _call(self._own_core().s2p, world, "pixcrd")
            if self._wrap is not None:
                pixels = self._wrap.into_plane(pixels, self.shape)
        return pixels if self._distortion is None else self._distortion.undo(pixels)

    def _scale_and_parity(self) -> tuple[float, int]:
        """Area and handedness of the pixel at the reference point, else the plane's centre, else of the CD matrix."""
        centre = ((self.shape[1] - 1) / 2.0, (self.shape[0] - 1) / 2.0)
        for x, y in (np.asarray(self._core.crpix) - 1.0, centre):
            corners = np.array([[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]])
            lon, lat = self._pixel_to_native_frame(corners)
            west, east, south, north = to_vectors(lon, lat)
            area = float((west + east) @ cross(east - west, north - south)) / 2.0
            if math.isfinite(area) and area != 0.0:
                return math.degrees(math.sqrt(abs(area))), 1 if area > 0 else -1
        area = determinant(self._core)
        return math.sqrt(abs(area)), 1 if area > 0 else -1


def why_not(
    text: str, shape: tuple[int, int] = (1, 1), axes: tuple[int, int] = (1, 2), lookup: Callable[[], Any] | None = None
) -> str:
    """Why a header has no celestial coordinates, as a note for the user; empty when it has some. Never raises."""
    try:
        build(text, shape, axes, lookup)
    except NoSkyError as reason:
        return str(reason)
    return ""


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[np.float64], tuple[int, ...]]:
    """Two broadcast arrays as pairs of shape (n, 2), and the shape they had."""
    one, two = np.broadcast_arrays(np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64))
    return np.stack([one.ravel(), two.ravel()], axis=-1), one.shape


def _call(transform: Any, pairs: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    """Run wcslib on pairs; what it cannot transform is NaN."""
    from astropy.wcs import WcsError

    if not len(pairs):
        return np.empty((0, 2))
    pairs = np.where(np.isfinite(pairs).all(axis=1, keepdims=True), pairs, np.nan)
    try:
        return np.array(transform(pairs, 0)[name])
    except WcsError:
        return np.full(pairs.shape, np.nan)


def _summary(parts: WcsParts) -> dict[str, Any]:
    core, cards = parts.core, parts.cards
    return {
        "ctype": list(parts.ctypes),
        "cunit": [str(unit) for unit in core.cunit],
        "crpix": _numbers(core.crpix),
        "crval": _numbers(core.crval),
        "cdelt": _numbers(core.get_cdelt()),
        "cd": [_numbers(row) for row in linear_matrix(core)],
        "lonpole": _numbers([core.lonpole])[0],
        "latpole": _numbers([core.latpole])[0],
        "pv": [[int(axis), int(term), float(value)] for axis, term, value in core.get_pv()],
        "radesys": cards.text("RADESYS") or None,
        "equinox": cards.number("EQUINOX"),
    }


def _numbers(values: Any) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]
