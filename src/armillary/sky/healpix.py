"""HEALPix indices of positions and of cells: RING, NESTED and NUNIQ (Górski et al. 2005; MOC 2.0, section 2.3)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

MAX_ORDER = 29
MAX_NSIDE = 1 << MAX_ORDER
BLOCK_ROWS = 1 << 16
ROWS_OF_ARRAYS = 1 << 23
"""After so many the compiled loops, several times as fast, have made up for the second that it takes to load them."""
_done = [0]


def check_nside(nside: int, *, nested: bool = False) -> None:
    """Refuse an impossible resolution.

    Raises
    ------
    UsageError
        ``nside`` is not from 1 to 2**29, or no power of two where cells are nested.
    """
    if not 1 <= nside <= MAX_NSIDE:
        raise UsageError(f"nside is {nside}: it goes from 1 to {MAX_NSIDE}.")
    if nested and nside & (nside - 1):
        raise UsageError(f"nside is {nside}: nested cells need a power of two.")


def pixels_of(nside: int, lon_deg: ArrayLike, lat_deg: ArrayLike, *, nested: bool = False) -> NDArray[np.int64]:
    """Pixel that holds each position.

    Parameters
    ----------
    nside
        Resolution; any number for RING, a power of two for NESTED.
    lon_deg, lat_deg
        Degrees in the map's frame, any longitude.

    Returns
    -------
    int64, broadcast shape; −1 where a position is not finite or beyond a pole.
    """
    check_nside(nside, nested=nested)
    lon, lat = np.broadcast_arrays(np.asarray(lon_deg, np.float64), np.asarray(lat_deg, np.float64))
    pixels = np.empty(lon.shape, np.int64)
    flat, lon, lat = pixels.reshape(-1), lon.reshape(-1), lat.reshape(-1)
    for start in range(0, len(flat), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        _points(nside, nested, *_parts(lon[part], lat[part]), flat[part])
    return pixels


def _points(
    nside: int,
    nested: bool,
    z: NDArray[np.float64],
    lat: NDArray[np.float64],
    t: NDArray[np.float64],
    pixels: NDArray[np.int64],
) -> None:
    loaded = "armillary.sky.healpix_kernels" in sys.modules
    if nested and not loaded and _done[0] < ROWS_OF_ARRAYS:
        from armillary.sky.healpix_arrays import nested_points

        _done[0] += len(z)
        nested_points(nside.bit_length() - 1, z, lat, t, pixels)
        return
    from armillary.sky.healpix_kernels import points

    points(nside, nested, z, np.cos(lat), t, pixels)


def pixels_of_grid(
    nside: int, lon_deg: NDArray[np.float64], lat_deg: NDArray[np.float64], *, nested: bool = False
) -> NDArray[np.int64]:
    """Pixel that holds each node of a grid of meridians and parallels, int64 of shape (len(lat), len(lon))."""
    from armillary.sky.healpix_kernels import grid

    check_nside(nside, nested=nested)
    pixels = np.empty((len(lat_deg), len(lon_deg)), np.int64)
    z, lat, _ = _parts(np.zeros(len(lat_deg)), lat_deg)
    grid(nside, nested, z, np.cos(lat), _quarters(lon_deg), pixels)
    return pixels


def _parts(
    lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Sine of latitude, latitude in radians, and longitude in quarters; NaN beyond the poles."""
    with np.errstate(invalid="ignore"):
        inside = len(lat) and lat.min() >= -90.0 and lat.max() <= 90.0
        radians = np.radians(lat if inside else np.where(np.abs(lat) <= 90.0, lat, np.nan))
        return np.sin(radians), radians, _quarters(lon)


def _quarters(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(lon) and lon.min() >= 0.0 and lon.max() < 360.0:
        return lon / 90.0  # less than 4 also of the last number before 360
    with np.errstate(invalid="ignore"):
        quarters = lon % 360.0 / 90.0
    return np.where(quarters >= 4.0, 0.0, quarters)


def nest_to_ring(nside: int, pixels: ArrayLike) -> NDArray[np.int64]:
    """RING indices of NESTED ones, from 0 to 12 nside² − 1."""
    from armillary.sky.healpix_kernels import nest_to_ring as convert

    return _convert(convert, nside, pixels)


def ring_to_nest(nside: int, pixels: ArrayLike) -> NDArray[np.int64]:
    """NESTED indices of RING ones, from 0 to 12 nside² − 1."""
    from armillary.sky.healpix_kernels import ring_to_nest as convert

    return _convert(convert, nside, pixels)


def _convert(convert: object, nside: int, pixels: ArrayLike) -> NDArray[np.int64]:
    check_nside(nside, nested=True)
    given = np.ascontiguousarray(pixels, np.int64)
    if given.size and not 0 <= given.min() <= given.max() < 12 * nside * nside:
        raise UsageError(f"a pixel is outside 0 to {12 * nside * nside - 1}.")
    out = np.empty_like(given)
    convert(nside, given.reshape(-1), out.reshape(-1))  # type: ignore[operator]
    return out


def cells_of_uniq(uniq: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Order and nested index of NUNIQ numbers, ``4**(order + 1) + index``; order −1 where a number is none."""
    numbers = np.asarray(uniq, np.int64)
    # Bits of the number: frexp is exact enough once the low bits are gone.
    high = np.where(numbers >= 1 << 31, numbers >> 31, numbers)
    bits = np.frexp(high.astype(np.float64))[1] + np.where(numbers >= 1 << 31, 31, 0)
    order = (bits.astype(np.int64) - 3) // 2
    index = numbers - (np.int64(4) << (2 * np.clip(order, 0, MAX_ORDER)))
    bad = (
        (numbers < 4)
        | (order > MAX_ORDER)
        | (index < 0)
        | (index >= np.int64(12) << (2 * np.clip(order, 0, MAX_ORDER)))
    )
    return np.where(bad, -1, order), np.where(bad, 0, index)


def ranges_of_uniq(uniq: ArrayLike, order: int = MAX_ORDER) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Half-open ranges of nested indices of ``order`` that NUNIQ cells cover; empty for what is no cell.

    Cells finer than ``order`` give the cell of ``order`` that holds them.
    """
    orders, index = cells_of_uniq(uniq)
    up = np.clip(2 * (order - orders), 0, 2 * MAX_ORDER)
    down = np.clip(2 * (orders - order), 0, 2 * MAX_ORDER)
    first = (index >> down) << up
    return first, np.where(orders < 0, first, first + (np.int64(1) << up))


def centres_of(nside: int, pixels: ArrayLike, *, nested: bool = False) -> NDArray[np.float64]:
    """Unit vectors of the centres of pixels, in the map's frame.

    Parameters
    ----------
    nside
        Resolution; any number for RING, a power of two for NESTED.
    pixels
        From 0 to 12 nside² − 1.

    Returns
    -------
    Shape (…, 3).
    """
    from armillary.sky.healpix_centre_kernels import ring_centres

    check_nside(nside, nested=nested)
    given = np.ascontiguousarray(pixels, np.int64)
    if given.size and not 0 <= given.min() <= given.max() < 12 * nside * nside:
        raise UsageError(f"a pixel is outside 0 to {12 * nside * nside - 1}.")
    ringed = nest_to_ring(nside, given) if nested else given
    vectors = np.empty((*given.shape, 3))
    ring_centres(nside, ringed.reshape(-1), vectors.reshape(-1, 3))
    return vectors


def centres_of_uniq(uniq: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors of the centres of NUNIQ cells, shape (…, 3); NaN for what is no cell."""
    orders, index = cells_of_uniq(uniq)
    vectors = np.full((*orders.shape, 3), np.nan)
    for order in np.unique(orders[orders >= 0]).tolist():
        here = orders == order
        vectors[here] = centres_of(1 << order, index[here], nested=True)
    return vectors


def pixel_radius(nside: int) -> float:
    """Radians from the centre of a pixel to its farthest corner, of any pixel: that of the worst."""
    height = (1.0 - 1.0 / nside) ** 2
    centre = np.array([np.cos(np.pi / (4.0 * nside)), np.sin(np.pi / (4.0 * nside)), 0.0]) * np.sqrt(5.0) / 3.0
    centre[2] = 2.0 / 3.0
    z = 1.0 - height / 3.0
    corner = np.array([np.sqrt((1.0 - z) * (1.0 + z)), 0.0, z])
    return float(2.0 * np.arctan2(np.linalg.norm(centre - corner), np.linalg.norm(centre + corner)))
