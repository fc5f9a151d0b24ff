"""Regions of the celestial sphere, ICRS, and the text form that VO services give them (DALI 1.1, SODA 1.0).

Three shapes: a circle, a range of right ascension and declination, a polygon of great circles. Each tells which
positions it holds, how far they are from its border, its area and its border. Nothing here knows pixels or HTTP.
"""

from __future__ import annotations

import functools
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ParameterError
from armillary.sky.frames import to_angles, to_vectors
from armillary.sky.regions_base import (
    SPHERE_DEG2,
    TOLERANCE,
    Arc,
    ForKernels,
    Region,
    across,
    angle,
    no_tables,
    number,
)
from armillary.sky.regions_polygon import Polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITY = re.compile(r"[+-]?inf(?:inity)?", re.ASCII | re.IGNORECASE)
_FORMS = {
    "CIRCLE": "CIRCLE ra dec radius",
    "RANGE": "RANGE ra1 ra2 dec1 dec2",
    "POLYGON": "POLYGON ra1 dec1 ra2 dec2 ra3 dec3 …",
}
MAX_TEXT = 8 << 20


class Circle(Region):
    """What lies within a radius on the great circle.

    Parameters
    ----------
    ra_deg, dec_deg
        Centre; any finite right ascension.
    radius_deg
        0 to 180.

    Raises
    ------
    ParameterError
        A number is out of bounds.
    """

    def __init__(self, ra_deg: float, dec_deg: float, radius_deg: float, *, parameter: str = "POS") -> None:
        check_position(ra_deg, dec_deg, parameter)
        if not 0.0 <= radius_deg <= 180.0:
            raise ParameterError(parameter, f"the radius is from 0 to 180 degrees, not {number(radius_deg)}")
        self.ra_deg, self.dec_deg, self.radius_deg = ra_deg, dec_deg, radius_deg
        lon, lat = math.radians(ra_deg % 360.0), math.radians(dec_deg)
        self._centre = np.array([math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)])
        self._radius = math.radians(radius_deg)

    def contains(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie inside."""
        near = self._radius <= math.pi / 2.0
        chord = np.sqrt(np.square(vectors - self._centre if near else vectors + self._centre).sum(axis=-1))
        inside: NDArray[np.bool_]
        if near:
            inside = chord <= 2.0 * math.sin(self._radius / 2.0) + TOLERANCE
        else:
            inside = chord >= 2.0 * math.cos(self._radius / 2.0) - TOLERANCE
        return inside

    def clearance(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the border."""
        return self._radius - angle(vectors, self._centre)

    def side(self, vectors: NDArray[np.float64], slack: NDArray[np.float64]) -> NDArray[np.int8]:
        """Which side of the border positions are on."""
        if self._radius > math.pi / 2.0:
            return super().side(vectors, slack)
        chord = np.square(vectors - self._centre).sum(axis=-1)
        limit = 2.0 * math.sin(self._radius / 2.0)
        sides: NDArray[np.int8] = (chord < np.square(np.maximum(limit - slack, 0.0))).astype(np.int8)
        sides -= chord > np.square(limit + slack)
        return sides

    def cone(self) -> tuple[NDArray[np.float64], float]:
        """The circle itself."""
        return self._centre, self._radius

    def centre(self) -> NDArray[np.float64]:
        """Its centre."""
        return self._centre

    def arcs(self) -> list[Arc]:
        """The circumference, once round."""
        if not 0.0 < self._radius < math.pi:
            return []
        first, second = across(self._centre)
        low, high = math.sin(self._radius), math.cos(self._radius)

        def at(places: NDArray[np.float64]) -> NDArray[np.float64]:
            turn = 2.0 * math.pi * places[:, None]
            return high * self._centre + low * (np.cos(turn) * first + np.sin(turn) * second)

        return [Arc(at, 2.0 * math.pi * low)]

    def for_kernels(self) -> ForKernels:
        """The circle, or what is outside of a large one."""
        sign = 1.0 if self._radius <= math.pi / 2.0 else -1.0
        radius = self._radius if sign > 0.0 else math.pi - self._radius
        numbers = np.array([*(sign * self._centre), 2.0 * math.sin(radius / 2.0), sign])
        return ForKernels(1, numbers, no_tables(), math.inf)

    @property
    def area_deg2(self) -> float:
        """Area of the cap."""
        return SPHERE_DEG2 * math.sin(self._radius / 2.0) ** 2

    @property
    def words(self) -> str:
        """Text of ``POS``."""
        return f"CIRCLE {number(self.ra_deg)} {number(self.dec_deg)} {number(self.radius_deg)}"


class Range(Region):
    """What lies between two meridians and two parallels.

    Parameters
    ----------
    ra1_deg, ra2_deg
        From the first eastward to the second, across RA 0 where the first is the larger. ``-inf`` is 0 and ``inf``
        is 360; 360 or more from the first to the second is the whole circle.
    dec1_deg, dec2_deg
        Southern and northern end; infinite for the pole.

    Raises
    ------
    ParameterError
        A declination is beyond a pole, or the southern end is north of the northern one.
    """

    def __init__(
        self, ra1_deg: float, ra2_deg: float, dec1_deg: float, dec2_deg: float, *, parameter: str = "POS"
    ) -> None:
        given = (ra1_deg, ra2_deg, dec1_deg, dec2_deg)
        if any(math.isnan(value) for value in given) or math.inf in (ra1_deg, dec1_deg) or -math.inf in given[1::2]:
            raise ParameterError(parameter, "lower ends are a number or -Inf, upper ends a number or +Inf")
        self._given = given
        first, last = max(ra1_deg, 0.0) if math.isinf(ra1_deg) else ra1_deg, 360.0 if math.isinf(ra2_deg) else ra2_deg
        span = last - first
        self.ra_deg = first % 360.0 % 360.0
        self.width_deg = 360.0 if span >= 360.0 else span % 360.0
        self.dec1_deg = -90.0 if math.isinf(dec1_deg) else dec1_deg
        self.dec2_deg = 90.0 if math.isinf(dec2_deg) else dec2_deg
        for dec in (self.dec1_deg, self.dec2_deg):
            check_position(0.0, dec, parameter)
        if self.dec1_deg > self.dec2_deg:
            raise ParameterError(
                parameter, f"declinations go from south to north: {number(dec1_deg)} is north of {number(dec2_deg)}"
            )

    def contains(self, vectors: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie inside."""
        ra, dec = to_angles(vectors)
        slack = math.degrees(TOLERANCE)
        inside: NDArray[np.bool_] = (dec >= self.dec1_deg - slack) & (dec <= self.dec2_deg + slack)
        if self.width_deg < 360.0:
            beyond = self._beyond(ra) * np.cos(np.radians(dec))
            inside &= beyond <= slack
        return inside

    def _beyond(self, ra: NDArray[np.float64]) -> NDArray[np.float64]:
        """Degrees of right ascension to the nearer end, 0 inside."""
        east = (ra - self.ra_deg) % 360.0
        return np.where(east <= self.width_deg, 0.0, np.minimum(east - self.width_deg, 360.0 - east))

    def clearance(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the border or less."""
        ra, dec = to_angles(vectors)
        low, high = np.radians(dec - self.dec1_deg), np.radians(self.dec2_deg - dec)
        # The poles are no border: the parallel there is a point.
        inner_low = np.full_like(low, np.inf) if self.dec1_deg == -90.0 else low
        inner_high = np.full_like(high, np.inf) if self.dec2_deg == 90.0 else high
        inner = np.minimum(inner_low, inner_high)
        outer = np.minimum(np.minimum(low, high), 0.0)
        if self.width_deg < 360.0:
            side = self._to_meridians(ra, dec)
            inside = self._beyond(ra) == 0.0
            outer = np.minimum(outer, np.where(inside, 0.0, -side))
            inner = np.minimum(inner, side)
        found = np.where(outer < 0.0, outer, inner)
        return np.where(np.isfinite(dec), np.minimum(found, math.pi), np.nan)

    def _to_meridians(self, ra: NDArray[np.float64], dec: NDArray[np.float64]) -> NDArray[np.float64]:
        """Radians to the nearer of both half circles from pole to pole."""
        to_pole = math.pi / 2.0 - np.abs(np.radians(dec))
        apart = []
        for meridian in (self.ra_deg, self.ra_deg + self.width_deg):
            turn = np.radians(np.abs((ra - meridian + 180.0) % 360.0 - 180.0))
            over = np.arcsin(np.clip(np.cos(np.radians(dec)) * np.sin(turn), 0.0, 1.0))
            apart.append(np.where(turn <= math.pi / 2.0, over, to_pole))
        return np.minimum(*apart)

    def cone(self) -> tuple[NDArray[np.float64], float]:
        """The smallest of three circles: about the middle and about each pole."""
        return self._cone

    @functools.cached_property
    def _cone(self) -> tuple[NDArray[np.float64], float]:
        south, north = math.radians(self.dec1_deg), math.radians(self.dec2_deg)
        pole = np.array([0.0, 0.0, 1.0])
        circles = [(self.centre(), self._farthest()), (pole, math.pi / 2.0 - south), (-pole, math.pi / 2.0 + north)]
        return min(circles, key=lambda circle: circle[1])

    def _farthest(self) -> float:
        """Radians from the middle to the farthest place: on a meridian at the ends, else where it turns away."""
        middle = math.radians((self.dec1_deg + self.dec2_deg) / 2.0)
        half = math.radians(self.width_deg / 2.0)
        turning = math.atan2(-math.sin(middle), -math.cos(middle) * math.cos(half))
        ends = [math.radians(self.dec1_deg), math.radians(self.dec2_deg)]
        decs = [*ends, *([turning] if ends[0] < turning < ends[1] else [])]
        there = to_vectors(np.full(len(decs), self.width_deg / 2.0), np.degrees(decs))
        return float(angle(there, to_vectors(0.0, math.degrees(middle))).max())

    def centre(self) -> NDArray[np.float64]:
        """Middle in both directions."""
        return to_vectors(self.ra_deg + self.width_deg / 2.0, (self.dec1_deg + self.dec2_deg) / 2.0)

    def arcs(self) -> list[Arc]:
        """Parallels and meridians that are neither poles nor inside."""
        east = self.ra_deg + self.width_deg
        decs = [dec for dec in (self.dec1_deg, self.dec2_deg) if abs(dec) < 90.0] if self.width_deg else []
        parallels = [_straight((self.ra_deg, dec), (east, dec)) for dec in dict.fromkeys(decs)]
        if self.width_deg == 360.0:
            return parallels
        ends = (self.dec1_deg, self.dec2_deg)
        sides = dict.fromkeys((self.ra_deg, east)) if ends[0] < ends[1] else ()
        return parallels + [_straight((ra, ends[0]), (ra, ends[1])) for ra in sides]

    def for_kernels(self) -> ForKernels:
        """Its ends."""
        south = -8.0 if self.dec1_deg == -90.0 else math.sin(math.radians(self.dec1_deg))
        north = 8.0 if self.dec2_deg == 90.0 else math.sin(math.radians(self.dec2_deg))
        west, east = math.radians(self.ra_deg), math.radians(self.ra_deg + self.width_deg)
        apart = 0.0 if self.width_deg == 360.0 else 1.0 if self.width_deg <= 180.0 else -1.0
        inwards = [-math.sin(west), math.cos(west), math.sin(east), -math.cos(east)]
        numbers = np.array([south, north, *inwards, apart])
        return ForKernels(2, numbers, no_tables(), math.inf)

    @property
    def area_deg2(self) -> float:
        """Area between the parallels, of the part of the circle."""
        south, north = math.radians(self.dec1_deg), math.radians(self.dec2_deg)
        height = 2.0 * math.cos((south + north) / 2.0) * math.sin((north - south) / 2.0)
        return self.width_deg * math.degrees(height)

    @property
    def words(self) -> str:
        """Text of ``POS``."""
        texts = [f"{'+' if value > 0 else '-'}Inf" if math.isinf(value) else number(value) for value in self._given]
        return f"RANGE {' '.join(texts)}"


def _straight(start: tuple[float, float], end: tuple[float, float]) -> Arc:
    """A line that is straight in right ascension and declination, degrees."""
    (ra1, dec1), (ra2, dec2) = start, end

    def at(places: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_vectors(ra1 + (ra2 - ra1) * places, dec1 + (dec2 - dec1) * places)

    return Arc(at, math.radians(abs(ra2 - ra1) * math.cos(math.radians(dec1)) + abs(dec2 - dec1)))


def check_position(ra_deg: float, dec_deg: float, parameter: str) -> None:
    """Refuse what is no place of the sky.

    Raises
    ------
    ParameterError
        The right ascension is not finite, or the declination beyond a pole.
    """
    if not math.isfinite(ra_deg):
        raise ParameterError(parameter, "a right ascension is not a finite number")
    if not -90.0 <= dec_deg <= 90.0:
        raise ParameterError(parameter, f"declinations are from -90 to 90 degrees, not {number(dec_deg)}")


def parse_pos(text: str, parameter: str = "POS") -> Region:
    """Region of the text of ``POS``: ``CIRCLE``, ``RANGE`` or ``POLYGON`` and numbers in degrees, ICRS.

    Parameters
    ----------
    text
        Words with white space between. Numbers are those of XML Schema without NaN; ``-Inf`` and ``+Inf``, in any
        case as programs write them, only in ``RANGE``.
    parameter
        What errors call it.

    Raises
    ------
    ParameterError
        The text cannot be read, or describes no region.
    LimitError
        A polygon of more than 100 000 corners.
    """
    words = text[:MAX_TEXT].split()
    shape = words[0].upper() if words else ""
    if shape not in _FORMS or len(text) > MAX_TEXT:
        raise ParameterError(parameter, f"must be one of {'; '.join(_FORMS.values())}")
    values = [_value(word, parameter, infinite=shape == "RANGE") for word in words[1:]]
    if shape == "POLYGON":
        return _polygon(values, parameter)
    if len(values) != len(_FORMS[shape].split()) - 1:
        raise ParameterError(parameter, f"{shape} has {len(values)} numbers: write {_FORMS[shape]}")
    return (Circle if shape == "CIRCLE" else Range)(*values, parameter=parameter)


def _polygon(values: list[float], parameter: str) -> Polygon:
    if len(values) % 2:
        raise ParameterError(parameter, f"POLYGON has {len(values)} numbers, which is odd: write {_FORMS['POLYGON']}")
    return Polygon(np.array(values).reshape(-1, 2), parameter=parameter)


def _value(word: str, parameter: str, *, infinite: bool) -> float:
    if infinite and _INFINITY.fullmatch(word):
        return float(word)
    if _NUMBER.fullmatch(word) and math.isfinite(value := float(word)):
        return value
    raise ParameterError(parameter, f"{word[:40]!r} is not a number that can stand there")


__all__ = ["Arc", "Circle", "Polygon", "Range", "Region", "parse_pos"]
