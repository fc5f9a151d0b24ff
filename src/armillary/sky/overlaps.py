"""Whether regions and many spherical polygons have places in common; for arrays of polygons at once.

Polygons are arrays of unit vectors of shape (n, m, 3): n of them with m corners each, of less than half of the sky,
counter-clockwise as seen from inside. A corner may be repeated to make numbers of corners equal.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions import Circle, Range
from armillary.sky.regions_base import TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.sky.regions import Region

    Vectors = NDArray[np.float64]
    Flags = NDArray[np.bool_]

AT_ONCE = 1 << 20


def polygons_overlap(region: Region, polygons: Vectors) -> Flags:
    """Which polygons have a place in common with a region; shape (n,)."""
    if isinstance(region, Circle):
        return _meet_circle(polygons, *region.cone())
    found: Flags = np.any(region.contains(polygons), axis=1)
    rest = np.flatnonzero(~found)
    corners = corners_of(region)
    at_once = max(1, AT_ONCE // max(1, polygons.shape[1] * len(corners)))
    for start in range(0, len(rest), at_once):
        which = rest[start : start + at_once]
        some = polygons[which]
        found[which] = hold_points(some, corners).any(axis=1) | _cross_region(some, region, corners)
    return found


def corners_of(region: Region) -> Vectors:
    """Corners of a region, shape (k, 3), in turn; of a circle its centre."""
    if isinstance(region, Circle):
        return region.centre()[None]
    if isinstance(region, Range):
        east = region.ra_deg + region.width_deg
        ra = [region.ra_deg, east, east, region.ra_deg]
        return to_vectors(ra, [region.dec1_deg, region.dec1_deg, region.dec2_deg, region.dec2_deg])
    return np.concatenate([arc.at(np.zeros(1)) for arc in region.arcs()])


def declinations(region: Region) -> tuple[float, float]:
    """The southernmost and northernmost declination of a region, degrees."""
    if isinstance(region, Range):
        return region.dec1_deg, region.dec2_deg
    if isinstance(region, Circle):
        return max(-90.0, region.dec_deg - region.radius_deg), min(90.0, region.dec_deg + region.radius_deg)
    corners = corners_of(region)
    heights = np.concatenate([corners[:, 2], _tops(corners, np.roll(corners, -1, axis=0))])
    poles = np.array([[0.0, 0.0, -1.0], [0.0, 0.0, 1.0]])
    south, north = region.contains(poles).tolist()
    low, high = (math.degrees(math.asin(min(1.0, max(-1.0, float(end))))) for end in (heights.min(), heights.max()))
    return (-90.0 if south else low), (90.0 if north else high)


def _tops(one: Vectors, two: Vectors) -> NDArray[np.float64]:
    """Heights (z) of the northernmost and southernmost places of great circles where these lie between two ends."""
    normal = _cross(one, two)
    size = np.sqrt(np.square(normal).sum(axis=-1, keepdims=True))
    normal = normal / np.where(size > 0.0, size, 1.0)
    top = np.array([0.0, 0.0, 1.0]) - normal[:, 2:] * normal
    heights = []
    for place in (top, -top):
        within = (np.cross(one, place) * normal).sum(-1) >= 0.0
        within &= (np.cross(place, two) * normal).sum(-1) >= 0.0
        length = np.sqrt(np.square(place).sum(axis=-1))
        heights.append((place[:, 2] / np.where(length > 0.0, length, 1.0))[within & (length > 0.0)])
    return np.concatenate(heights)


def hold_points(polygons: Vectors, points: Vectors) -> Flags:
    """Which polygons hold which points, shape (n, k): those that wind around them, not around their antipodes."""
    along = polygons @ points.T
    ahead = np.roll(polygons, -1, axis=1)
    turning = _cross(polygons, ahead) @ points.T
    level = (polygons * ahead).sum(axis=-1)[..., None] - along * np.roll(along, -1, axis=1)
    inside: Flags = np.arctan2(turning, level).sum(axis=1) < -math.pi
    return inside


def _meet_circle(polygons: Vectors, centre: Vectors, radius: float) -> Flags:
    """By the distance of the centre from the sides, and whether it lies inside."""
    found: Flags = hold_points(polygons, centre[None])[:, 0]
    rest = np.flatnonzero(~found)
    found[rest] = _distance(polygons[rest], centre) <= radius + TOLERANCE
    return found


def _distance(polygons: Vectors, place: Vectors) -> NDArray[np.float64]:
    """Radians from a place to the nearest point of the sides of polygons, shape (n,)."""
    ahead = np.roll(polygons, -1, axis=1)
    normal = _cross(polygons, ahead)
    size = np.sqrt(np.square(normal).sum(axis=-1))
    over = np.abs(normal @ place) / np.where(size > 0.0, size, 1.0)
    beside = (np.cross(normal, polygons) @ place >= 0.0) & (np.cross(ahead, normal) @ place >= 0.0) & (size > 0.0)
    chord = np.sqrt(np.square(polygons - place).sum(axis=-1)) / 2.0
    to_corner = 2.0 * np.arcsin(np.minimum(chord, 1.0))
    away: NDArray[np.float64] = np.where(beside, np.arcsin(np.minimum(over, 1.0)), to_corner)
    nearest: NDArray[np.float64] = away.min(axis=1)
    return nearest


def _cross_region(polygons: Vectors, region: Region, corners: Vectors) -> Flags:
    if not isinstance(region, Range):
        return _sides_cross(polygons, corners, np.roll(corners, -1, axis=0))
    found = np.zeros(len(polygons), np.bool_)
    if region.width_deg < 360.0:
        decs = np.linspace(region.dec1_deg, region.dec2_deg, 4)
        for ra in (region.ra_deg, region.ra_deg + region.width_deg):
            meridian = to_vectors(np.full(4, ra), decs)
            found |= _sides_cross(polygons, meridian[:-1], meridian[1:])
    for dec in (region.dec1_deg, region.dec2_deg):
        found |= _sides_cross_parallel(polygons, dec, region)
    return found


def _cross(one: Vectors, two: Vectors) -> Vectors:
    """Cross products without the loss of digits where vectors are close."""
    return np.cross(one - two, one + two) / 2.0


def _sides_cross(polygons: Vectors, starts: Vectors, ends: Vectors) -> Flags:
    """Which polygons have a side that crosses one of some arcs of great circles, shape (k, 3) each; shape (n,)."""
    ahead = np.roll(polygons, -1, axis=1)
    normals = _cross(polygons, ahead)
    other = _cross(starts, ends)
    left, right = -(normals @ starts.T), normals @ ends.T
    back, front = -(ahead @ other.T), polygons @ other.T
    crossing: Flags = np.any((left * right > 0.0) & (left * back > 0.0) & (left * front > 0.0), axis=(1, 2))
    return crossing


def _sides_cross_parallel(polygons: Vectors, dec_deg: float, region: Range) -> Flags:
    """Which polygons have a side that crosses a parallel of declination within the right ascensions of a range."""
    ahead = np.roll(polygons, -1, axis=1)
    normal = _cross(polygons, ahead)
    size = np.sqrt(np.square(normal).sum(axis=-1, keepdims=True))
    aside = np.cross(normal / np.where(size > 0.0, size, 1.0), polygons)
    length = np.arctan2(size[..., 0], (polygons * ahead).sum(axis=-1))
    start, rise = polygons[..., 2], aside[..., 2]
    reach, height = np.hypot(start, rise), math.sin(math.radians(dec_deg))
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.arccos(height / reach)
    found = np.zeros(len(polygons), np.bool_)
    for sign in (-1.0, 1.0):
        turn = (np.arctan2(rise, start) + sign * half) % (2.0 * math.pi)
        on_side = (turn <= length) & (size[..., 0] > 0.0)
        place = np.cos(turn)[..., None] * polygons + np.sin(turn)[..., None] * aside
        ra = to_angles(np.where(on_side[..., None], place, 1.0))[0]
        found |= (on_side & ((ra - region.ra_deg) % 360.0 <= region.width_deg)).any(axis=1)
    return found
