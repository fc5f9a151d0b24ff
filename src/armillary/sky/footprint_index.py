"""Which of many footprints meet a region: circles about them first, then their exact shapes.

All is done on arrays: what a region does not come near costs no Python. A footprint belongs to a row; a row may have
several shapes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.cells import children, largest_radius, outlines
from armillary.sky.footprints import CELL_ORDER, CELLS_OF_SKY, points_of_ring, ranges_of_cells
from armillary.sky.frames import to_angles
from armillary.sky.healpix import pixels_of
from armillary.sky.overlaps import corners_of, declinations, hold_points, polygons_overlap
from armillary.sky.regions import Circle, Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from armillary.sky.footprints import Footprint

MOST_COVER_CELLS = 4096
FINEST_COVER_ORDER = 12
BORDER_POINTS = 16
SLACK = 1e-9


class FootprintIndex:
    """Footprints by rows.

    Parameters
    ----------
    footprints
        That of each row; None for a row that lies nowhere.
    """

    def __init__(self, footprints: Sequence[Footprint | None]) -> None:
        self.rows = len(footprints)
        polygons = [(row, part) for row, one in enumerate(footprints) if one for part in one.polygons]
        rings = [(row, *ring) for row, one in enumerate(footprints) if one for ring in one.rings]
        self._cells = [(row, one.cells) for row, one in enumerate(footprints) if one and len(one.cells)]
        self._rings = np.array(rings, np.float64).reshape(-1, 3)
        self._groups = [_Polygons(count, polygons) for count in sorted({len(part) for _, part in polygons})]
        self._sky_wide = np.array([row for row, cells in self._cells if _is_all_sky(cells)], np.int64)
        self._cells = [(row, cells) for row, cells in self._cells if not _is_all_sky(cells)]

    def meeting(self, region: Region) -> NDArray[np.bool_]:
        """Which rows have a place in common with a region; shape (rows,)."""
        found = np.zeros(self.rows, np.bool_)
        found[self._sky_wide] = True
        for group in self._groups:
            found[group.meeting(region)] = True
        if len(self._rings):
            south, north = declinations(region)
            found[self._rings[(self._rings[:, 1] <= north) & (self._rings[:, 2] >= south), 0].astype(np.int64)] = True
        if self._cells:
            cover = cover_of(region)
            for row, cells in self._cells:
                found[row] |= _ranges_meet(cells, cover)
        return found

    def holding(self, points: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which rows hold which places, unit vectors of shape (k, 3); shape (rows, k)."""
        found = np.zeros((self.rows, len(points)), np.bool_)
        found[self._sky_wide] = True
        for group in self._groups:
            group.add_holding(points, found)
        ra, dec = to_angles(points)
        for row, south, north in self._rings.tolist():
            found[int(row)] |= (dec >= south) & (dec <= north)
        if self._cells:
            pixels = pixels_of(1 << CELL_ORDER, ra, dec, nested=True)
            for row, cells in self._cells:
                place = np.searchsorted(cells[:, 0], pixels, side="right") - 1
                found[row] |= (place >= 0) & (pixels < cells[np.maximum(place, 0), 1])
        return found

    def covering(self, region: Region) -> NDArray[np.bool_]:
        """Which rows hold all of a region, as far as places on its border and its middle show it; shape (rows,)."""
        found: NDArray[np.bool_] = np.all(self.holding(points_of(region)), axis=1)
        return found

    def enclosed(self, region: Region) -> NDArray[np.bool_]:
        """Which rows lie all in a region, by places on their borders; shape (rows,)."""
        outside = np.zeros(self.rows, np.bool_)
        there = np.zeros(self.rows, np.bool_)
        for group in self._groups:
            there[group.owner] = True
            outside[group.owner[~region.contains(group.border()).all(axis=1)]] = True
        for row, south, north in self._rings.tolist():
            there[int(row)] = True
            outside[int(row)] |= not region.contains(points_of_ring((south, north))).all()
        whole = region.area_deg2 > 41252.9
        for row, cells in self._cells:
            there[row] = True
            outside[row] |= not whole and not _holds_ranges(region, cells)
        there[self._sky_wide] = whole
        return there & ~outside


class _Polygons:
    """Polygons of equal numbers of corners.

    Attributes
    ----------
    owner
        Their rows.
    """

    def __init__(self, count: int, polygons: list[tuple[int, NDArray[np.float64]]]) -> None:
        mine = [(row, part) for row, part in polygons if len(part) == count]
        self.owner = np.array([row for row, _ in mine], np.int64)
        self.corners = np.stack([part for _, part in mine])
        total = self.corners.sum(axis=1)
        self.centres = total / np.sqrt(np.square(total).sum(axis=1, keepdims=True))
        chord = np.sqrt(np.square(self.corners - self.centres[:, None]).sum(axis=-1)).max(axis=1)
        self.radii = 2.0 * np.arcsin(np.minimum(chord / 2.0, 1.0)) + SLACK
        self.radii[self.radii >= math.pi / 2.0] = math.pi
        self._cosines, self._sines = np.cos(self.radii), np.sin(self.radii)

    def near(self, centre: NDArray[np.float64], radius: float) -> NDArray[np.int64]:
        """Which may come within a radius of a place."""
        radius += SLACK
        reach = self._cosines * math.cos(radius) - self._sines * math.sin(radius)
        is_near = (self.centres @ centre >= reach - 1e-15) | (self.radii + radius >= math.pi)
        return np.flatnonzero(is_near)

    def meeting(self, region: Region) -> NDArray[np.int64]:
        """Rows of those that meet a region."""
        which = self.near(*region.cone())
        return self.owner[which[polygons_overlap(region, self.corners[which])]] if len(which) else which

    def add_holding(self, points: NDArray[np.float64], found: NDArray[np.bool_]) -> None:
        """Note in ``found`` which rows hold which places."""
        centre = points.sum(axis=0)
        size = float(np.sqrt(centre @ centre))
        if size < 1e-6 * len(points):
            which = np.arange(len(self.owner))
        else:
            centre = centre / size
            chord = float(np.sqrt(np.square(points - centre).sum(axis=1)).max())
            which = self.near(centre, 2.0 * math.asin(min(1.0, chord / 2.0)))
        at_once = max(1, (1 << 20) // max(1, self.corners.shape[1] * len(points)))
        for start in range(0, len(which), at_once):
            some = which[start : start + at_once]
            np.logical_or.at(found, self.owner[some], hold_points(self.corners[some], points))

    def border(self) -> NDArray[np.float64]:
        """Corners, and middles of sides, shape (n, 2 m, 3)."""
        middles = self.corners + np.roll(self.corners, -1, axis=1)
        middles = middles / np.sqrt(np.square(middles).sum(axis=-1, keepdims=True))
        return np.concatenate([self.corners, middles], axis=1)


def points_of(region: Region) -> NDArray[np.float64]:
    """The middle of a region and places on its border, shape (k, 3)."""
    along = np.arange(BORDER_POINTS) / BORDER_POINTS
    places = np.arange(4 * BORDER_POINTS) / (4 * BORDER_POINTS) if isinstance(region, Circle) else along
    border = [arc.at(places) for arc in region.arcs()]
    return np.concatenate([region.centre()[None], *border])


def cover_of(region: Region) -> NDArray[np.int64]:
    """Ranges of nested cells of order 29 that hold a region, and little more; sorted, shape (n, 2)."""
    order, cells = 0, np.arange(12, dtype=np.int64)
    kept: list[NDArray[np.int64]] = []
    corners = _cells_at(FINEST_COVER_ORDER, np.concatenate([corners_of(region), region.centre()[None]]))
    while True:
        slack = np.full(len(cells), largest_radius(order) + SLACK)
        # Of many corners a polygon tells no side by itself: distances are worth their price here.
        side = Region.side(region, outlines(order, cells)[:, 0], slack)
        kept.append(ranges_of_cells(order, cells[side > 0]))
        cells = cells[side == 0]
        if not len(cells) or 4 * len(cells) > MOST_COVER_CELLS or order >= FINEST_COVER_ORDER:
            break
        cells, order = children(cells), order + 1
    kept += [ranges_of_cells(order, cells), ranges_of_cells(FINEST_COVER_ORDER, corners)]
    found = np.concatenate(kept)
    return found[np.argsort(found[:, 0], kind="stable")]


def _cells_at(order: int, vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    return pixels_of(1 << order, *to_angles(vectors), nested=True)


def _ranges_meet(cells: NDArray[np.int64], cover: NDArray[np.int64]) -> bool:
    """Whether sorted, disjoint ranges meet any of others."""
    place = np.searchsorted(cells[:, 1], cover[:, 0], side="right")
    there = place < len(cells)
    return bool((cells[np.minimum(place, len(cells) - 1), 0] < cover[:, 1])[there].any())


def _holds_ranges(region: Region, cells: NDArray[np.int64]) -> bool:
    """Whether a region holds all corners of some cells."""
    order = 8
    shift = 2 * (CELL_ORDER - order)
    first, last = cells[:, 0] >> shift, (cells[:, 1] - 1) >> shift
    if int((last - first + 1).sum()) > MOST_COVER_CELLS * 16:
        return False
    numbers = np.concatenate([np.arange(a, b + 1) for a, b in zip(first.tolist(), last.tolist(), strict=True)])
    return bool(region.contains(outlines(order, np.unique(numbers))[:, 0]).all())


def _is_all_sky(cells: NDArray[np.int64]) -> bool:
    return len(cells) == 1 and int(cells[0, 1] - cells[0, 0]) == CELLS_OF_SKY
