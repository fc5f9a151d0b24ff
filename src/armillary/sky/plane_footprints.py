"""Where a plane lies on the sky: the outline of its pixels as a polygon, or HEALPix cells where it has no simple one.

The border is sampled along the edges of the outer pixels and simplified. Maps of the whole sky, rings around it, and
projections that are torn or have corners without sky are found by their pixels instead.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ArmillaryError
from armillary.sky.cells import children, largest_radius, outlines
from armillary.sky.footprints import MOST_CORNERS, Footprint, all_sky, of_cells, of_polygon, of_ring
from armillary.sky.frames import SkyFrame, cross, to_angles
from armillary.sky.healpix import pixels_of, ring_to_nest
from armillary.sky.regions_base import angle, unit
from armillary.sky.regions_polygon import Polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.wcs import PlaneWcs

SIDE_SAMPLES = 48
WIDEST_STEP = math.radians(12.0)
NARROW = math.radians(5.0)
TOLERANCE_PX = 0.1
TOLERANCE_OF_SIZE = 1e-4
GRID = 97
FINEST_ORDER = 12
REFINEMENTS = 3
MOST_CELLS = 40_000
ROUGH_ORDER = 4


def footprint_of_plane(wcs: PlaneWcs) -> Footprint | None:
    """Where a plane lies; None where none of it has a place on the sky."""
    outline = None if wcs.full_circle else _outline(wcs)
    if outline is not None:
        return of_polygon(outline)
    if _shows_all(wcs):
        return all_sky()
    ring = _ring(wcs) if wcs.full_circle else None
    return ring or _by_pixels(wcs)


def _outline(wcs: PlaneWcs) -> NDArray[np.float64] | None:
    """Corners of the border, counter-clockwise on the sky; None where it is no simple line around the pixels."""
    border = _border(wcs)
    if not np.isfinite(border).all():
        return None
    steps = angle(border, np.roll(border, -1, axis=0))
    total = border.sum(axis=0)
    centre = total / max(math.sqrt(total @ total), 1e-300)
    radius = float(angle(border, centre).max())
    if not radius < math.pi / 2.0 or steps.max() > WIDEST_STEP or steps.sum() <= 0.0:
        return None
    tolerance = max(TOLERANCE_PX * math.radians(wcs.pixel_scale_deg), TOLERANCE_OF_SIZE * radius)
    corners = border[_kept(border, tolerance)]
    if not _is_simple(corners, radius):
        return None
    corners = corners if _turns_left(corners, centre) else corners[::-1]
    return np.ascontiguousarray(corners) if _holds_pixels(wcs, corners, radius) else None


def _border(wcs: PlaneWcs) -> NDArray[np.float64]:
    """Places along the outer edges of the pixels, from the first corner around; shape (4 × 48, 3)."""
    ny, nx = wcs.shape
    along = np.arange(SIDE_SAMPLES) / SIDE_SAMPLES
    none, all_ = np.zeros(SIDE_SAMPLES), np.ones(SIDE_SAMPLES)
    x = np.concatenate([along, all_, 1.0 - along, none]) * nx - 0.5
    y = np.concatenate([none, along, all_, 1.0 - along]) * ny - 0.5
    return wcs.pixel_to_vectors(x, y)


def _kept(border: NDArray[np.float64], tolerance: float) -> NDArray[np.int64]:
    """Which places of a closed line stay, so that great circles between them keep within a tolerance of the rest.

    Corners of the plane stay; then the place that is farthest from its side is added until none is far, or there are
    64.
    """
    count = len(border)
    kept = [k * SIDE_SAMPLES for k in range(4)]
    sides = {start: _farthest(border, start, start + SIDE_SAMPLES) for start in kept}
    while len(kept) < MOST_CORNERS:
        start = max(sides, key=lambda k: sides[k][0])
        away, place, end = sides[start]
        if away <= tolerance:
            break
        kept.append(place)
        sides[start] = _farthest(border, start, place)
        sides[place % count] = _farthest(border, place, end)
    return np.array(sorted(place % count for place in kept), np.int64)


def _farthest(border: NDArray[np.float64], start: int, end: int) -> tuple[float, int, int]:
    """Radians from a side to the place between its ends that is farthest from it, that place, and the end."""
    if end - start < 2:
        return 0.0, start, end
    one, two = border[start], border[end % len(border)]
    normal = cross(one - two, one + two) / 2.0
    size = float(np.sqrt(normal @ normal))
    between = border[start + 1 : end]
    away = np.abs(between @ normal) / size if size > 1e-15 else angle(between, one)
    place = int(np.argmax(away))
    return float(away[place]), start + 1 + place, end


def _is_simple(corners: NDArray[np.float64], radius: float) -> bool:
    """Whether no sides cross."""
    if len(corners) == 4 and radius < NARROW:
        ahead = np.roll(corners, -1, axis=0)
        turns = (cross(corners, ahead) * np.roll(corners, -2, axis=0)).sum(axis=1)
        if bool((turns > 0.0).all()) or bool((turns < 0.0).all()):
            return True
    try:
        return float(Polygon(np.stack(to_angles(corners), axis=-1)).area_deg2) > 0.0
    except ArmillaryError:
        return False


def _turns_left(corners: NDArray[np.float64], centre: NDArray[np.float64]) -> bool:
    """Whether a line within 90° of a centre goes counter-clockwise, seen on the sky from inside."""
    ahead = np.roll(corners, -1, axis=0)
    depth, further = corners @ centre, ahead @ centre
    flat, next_ = corners / depth[:, None] - centre, ahead / further[:, None] - centre
    # Positive is counter-clockwise seen from outside, against the centre's direction.
    return float((cross(flat, next_) @ centre).sum()) < 0.0


def _holds_pixels(wcs: PlaneWcs, corners: NDArray[np.float64], radius: float) -> bool:
    """Whether the plane's pixels, some of them, lie within a polygon."""
    ny, nx = wcs.shape
    if len(corners) == 4 and radius < NARROW:
        middle = wcs.pixel_to_vectors((nx - 1) / 2.0, (ny - 1) / 2.0)
        sides = cross(corners, np.roll(corners, -1, axis=0)) @ middle
        return bool((sides < 0.0).all())
    x, y = (np.linspace(0.1, 0.9, 5) * n - 0.5 for n in (nx, ny))
    inner = wcs.sky_grid(x, y).reshape(-1, 3)
    if not np.isfinite(inner).all():
        return False
    return bool(Polygon(np.stack(to_angles(corners), axis=-1)).contains(inner).all())


def _inside(wcs: PlaneWcs, vectors: NDArray[np.float64], slack_px: float = 0.0) -> NDArray[np.bool_]:
    """Whether the plane has a pixel at a place."""
    pixels = wcs.vectors_to_pixel(vectors)
    ny, nx = wcs.shape
    low, edge = -0.5 - slack_px, slack_px - 0.5
    with np.errstate(invalid="ignore"):
        x, y = pixels[..., 0], pixels[..., 1]
        return (x >= low) & (x <= nx + edge) & (y >= low) & (y <= ny + edge)


def _shows_all(wcs: PlaneWcs) -> bool:
    """Whether every place of an even grid on the sky is in the plane."""
    cells = np.arange(12 << (2 * ROUGH_ORDER), dtype=np.int64)
    return bool(_inside(wcs, outlines(ROUGH_ORDER, cells)[:, 0], slack_px=1.0).all())


def _ring(wcs: PlaneWcs) -> Footprint | None:
    """A plane all around the sky as a ring, where its lower and upper edges are parallels of declination."""
    ny, nx = wcs.shape
    x = np.linspace(-0.5, nx - 0.5, 65)
    edges = [to_angles(wcs.pixel_to_vectors(x, np.full(len(x), y)))[1] for y in (-0.5, ny - 0.5)]
    tolerance = TOLERANCE_PX * wcs.pixel_scale_deg
    if not all(np.isfinite(edge).all() and np.ptp(edge) <= tolerance for edge in edges):
        return None
    south, north = sorted(float(edge.mean()) for edge in edges)
    middle = float(to_angles(wcs.pixel_to_vectors(x[:1], np.array([(ny - 1) / 2.0])))[1][0])
    return of_ring(south, north) if south <= middle <= north else None


def _by_pixels(wcs: PlaneWcs) -> Footprint | None:
    """Cells under a grid of pixels, then finer ones in them that the plane has pixels at."""
    ny, nx = wcs.shape
    grid = wcs.sky_grid(np.linspace(-0.5, nx - 0.5, GRID), np.linspace(-0.5, ny - 0.5, GRID))
    there = grid.reshape(-1, 3)
    there = there[np.isfinite(there[:, 0])]
    if not len(there):
        return None
    order = _order_of(_spacing(grid))
    cells = _cells_at(order, there)
    for _ in range(REFINEMENTS):
        if 4 * len(cells) > MOST_CELLS or order >= FINEST_ORDER:
            break
        finer = children(cells)
        shown = _inside(wcs, outlines(order + 1, finer)).any(axis=1)
        if not shown.any():
            break
        cells, order = finer[shown], order + 1
    return of_cells(order, cells)


def _spacing(grid: NDArray[np.float64]) -> float:
    """Radians between neighbours of a grid, the most of those that no tear divides."""
    steps = np.concatenate([angle(grid[1:], grid[:-1]).ravel(), angle(grid[:, 1:], grid[:, :-1]).ravel()])
    steps = steps[np.isfinite(steps) & (steps > 0.0)]
    if not len(steps):
        return math.pi
    return float(steps[steps <= 8.0 * np.median(steps)].max())


def _order_of(spacing: float) -> int:
    """The finest order of which no cell falls between places so far apart."""
    order = 0
    while order < FINEST_ORDER and largest_radius(order + 1) > 1.5 * spacing:
        order += 1
    return order


def _cells_at(order: int, vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    ra, dec = to_angles(vectors)
    return np.unique(pixels_of(1 << order, ra, dec, nested=True))


def footprint_of_pixels(nside: int, pixels: NDArray[np.int64], frame: SkyFrame, *, nested: bool) -> Footprint | None:
    """Where HEALPix pixels lie, to about a degree in frames that are not ICRS; None of none.

    Parameters
    ----------
    nside
        A power of two.
    pixels
        Numbers; those that are none are left out.
    """
    good = pixels[(pixels >= 0) & (pixels < 12 * nside * nside)]
    if not len(good):
        return None
    order = nside.bit_length() - 1
    cells = np.unique(good if nested else ring_to_nest(nside, good))
    while len(cells) > MOST_CELLS and order > 0:
        cells, order = np.unique(cells >> 2), order - 1
    return footprint_of_cells(order, cells, frame)


def footprint_of_cells(order: int, cells: NDArray[np.int64], frame: SkyFrame) -> Footprint:
    """Where nested cells of a frame lie, as cells of ICRS."""
    if len(cells) == 12 << (2 * order):
        return all_sky()
    if frame.is_icrs:
        return of_cells(order, cells)
    while len(cells) > MOST_CELLS // 16 and order > 0:
        cells, order = np.unique(cells >> 2), order - 1
    fine = children(children(cells))
    places = frame.to_icrs(outlines(order + 2, fine).reshape(-1, 3))
    return of_cells(order + 1, _cells_at(order + 1, unit(places)))
