"""Celestial frames as rotations, without astropy.

A frame is a rotation from ICRS; FK4 has the E-terms of aberration besides. Rotations of fixed frames are made from
their defining numbers; those that depend on an equinox come from ERFA, once for each frame. Everything agrees with
``astropy.coordinates``, against which the tests hold it.

Ecliptic longitudes and latitudes are those of the *mean* ecliptic of the equinox (J2000 unless a header says
otherwise) by IAU 2006 precession: ``astropy.coordinates.BarycentricMeanEcliptic``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

ARCSEC = math.pi / 648_000.0
JD_J2000 = 2_451_545.0
MIN_EQUINOX = 1000.0
MAX_EQUINOX = 3000.0


def rotation(angle_deg: float, axis: int) -> NDArray[np.float64]:
    """Matrix that turns the coordinate axes by ``angle_deg`` about axis 0, 1 or 2 (x, y, z)."""
    sine, cosine = math.sin(math.radians(angle_deg)), math.cos(math.radians(angle_deg))
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cosine
    matrix[first, second], matrix[second, first] = sine, -sine
    return matrix


def _pole_rotation(pole_lon_deg: float, pole_lat_deg: float, last_deg: float) -> NDArray[np.float64]:
    return rotation(last_deg, 2) @ rotation(90.0 - pole_lat_deg, 1) @ rotation(pole_lon_deg, 2)


# Frame bias of FK5 J2000 against ICRS: USNO Circular 179, eq. 3.3 (η0, ξ0, dα0 in milliarcseconds).
ICRS_TO_FK5 = rotation(19.9 / 3.6e6, 0) @ rotation(9.1 / 3.6e6, 1) @ rotation(-22.9 / 3.6e6, 2)
# North galactic pole and the pole's longitude in FK5 J2000, to the digits astropy uses.
ICRS_TO_GALACTIC = _pole_rotation(192.8594812065348, 27.12825118085622, 180.0 - 122.9319185680026) @ ICRS_TO_FK5
# de Vaucouleurs et al. 1991, RC3: pole at l = 47.37, b = +6.32.
ICRS_TO_SUPERGALACTIC = _pole_rotation(47.37, 6.32, 90.0) @ ICRS_TO_GALACTIC
# Frame bias, then the obliquity of J2000, 84381.406": IAU 2006 (``erfa.ecm06`` at J2000.0).
ICRS_TO_ECLIPTIC = np.array(
    [
        [9.9999999999999412e-01, -7.0783689609715561e-08, 8.0562139776131861e-08],
        [3.2897004077419646e-08, 9.1748212991495837e-01, 3.9777699944404793e-01],
        [-1.0207044725484355e-07, -3.9777699944404304e-01, 9.1748212991495559e-01],
    ]
)


@dataclass(frozen=True, slots=True, eq=False)
class SkyFrame:
    """A celestial frame.

    Parameters
    ----------
    name
        ``icrs``, ``fk5``, ``fk4``, ``fk4-no-e``, ``galactic``, ``supergalactic`` or ``ecliptic``.
    from_icrs_matrix, to_icrs_matrix
        Matrices, shape (3, 3), that take unit vectors in and out.
    e_terms
        Aberration vector of FK4, shape (3,), which its positions contain; None in other frames.
    """

    name: str
    from_icrs_matrix: NDArray[np.float64]
    to_icrs_matrix: NDArray[np.float64]
    e_terms: NDArray[np.float64] | None = None

    @property
    def is_icrs(self) -> bool:
        """True when vectors need no change."""
        return self.name == "icrs"

    def to_icrs(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn unit vectors of this frame, shape (…, 3), into ICRS."""
        if self.is_icrs:
            return vectors
        if self.e_terms is not None:
            vectors = _without_e_terms(vectors, self.e_terms)
        return _unit(vectors @ self.to_icrs_matrix.T)

    def from_icrs(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn ICRS unit vectors, shape (…, 3), into this frame."""
        if self.is_icrs:
            return vectors
        vectors = _unit(vectors @ self.from_icrs_matrix.T)
        return vectors if self.e_terms is None else _with_e_terms(vectors, self.e_terms)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)
    return unit


def _without_e_terms(vectors: NDArray[np.float64], e_terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Explanatory Supplement to the Astronomical Almanac (1992), 3.531-1."""
    return _unit(vectors - e_terms + (vectors @ e_terms)[..., None] * vectors)


def _with_e_terms(vectors: NDArray[np.float64], e_terms: NDArray[np.float64]) -> NDArray[np.float64]:
    """Inverse of `_without_e_terms` by iteration: each turn gains a factor of 3e-6."""
    shifted = vectors + e_terms
    turned = vectors
    for _ in range(6):
        turned = shifted / (1.0 + (turned @ e_terms)[..., None])
    return _unit(turned)


def _rotated(name: str, matrix: NDArray[np.float64], e_terms: NDArray[np.float64] | None = None) -> SkyFrame:
    return SkyFrame(name, matrix, np.asarray(np.linalg.inv(matrix), np.float64), e_terms)


ICRS = SkyFrame("icrs", np.eye(3), np.eye(3))
GALACTIC = _rotated("galactic", ICRS_TO_GALACTIC)
SUPERGALACTIC = _rotated("supergalactic", ICRS_TO_SUPERGALACTIC)


@lru_cache(maxsize=256)
def fk5(equinox: float = 2000.0) -> SkyFrame:
    """FK5 of a Julian equinox in years, precessed by IAU 2006 (``erfa.bp06`` without the bias)."""
    if equinox == 2000.0:
        return _rotated("fk5", ICRS_TO_FK5)
    return _rotated("fk5", _erfa().bp06(*_julian_jd(equinox))[1] @ ICRS_TO_FK5)


@lru_cache(maxsize=256)
def ecliptic(equinox: float = 2000.0) -> SkyFrame:
    """Mean ecliptic of a Julian equinox in years (IAU 2006, ``erfa.ecm06``)."""
    if equinox == 2000.0:
        return _rotated("ecliptic", ICRS_TO_ECLIPTIC)
    return _rotated("ecliptic", np.asarray(_erfa().ecm06(*_julian_jd(equinox))))


@lru_cache(maxsize=256)
def fk4(equinox: float = 1950.0, *, with_e_terms: bool = True) -> SkyFrame:
    """FK4 of a Besselian equinox in years, taken as the epoch of observation too (as FITS headers are read)."""
    first, second = _erfa().epb2jd(equinox)
    to_j2000 = _b1950_to_j2000(first + second) @ _newcomb_precession(equinox, 1950.0)
    from_icrs = np.asarray(np.linalg.inv(ICRS_TO_FK5.T @ to_j2000), np.float64)
    if not with_e_terms:
        return _rotated("fk4-no-e", from_icrs)
    return _rotated("fk4", from_icrs, _e_terms(first + second))


def _erfa() -> Any:
    import erfa  # type: ignore[import-untyped,unused-ignore]

    return erfa


def _julian_jd(equinox: float) -> tuple[float, float]:
    return JD_J2000, (equinox - 2000.0) * 365.25


def _b1950_to_j2000(jd: float) -> NDArray[np.float64]:
    """FK4 (no E-terms) B1950 to FK5 J2000 for an epoch: Murray 1989, A&A 218, 325, eqs. 28 and 29."""
    centuries = ((jd - JD_J2000) / 365.25 + 50.0) / 100.0
    fixed = [
        [0.9999256794956877, -0.0111814832204662, -0.0048590038153592],
        [0.0111814832391717, 0.9999374848933135, -0.0000271625947142],
        [0.0048590037723143, -0.0000271702937440, 0.9999881946023742],
    ]
    drift = [
        [-0.0026455262, -1.1539918689, 2.1111346190],
        [1.1540628161, -0.0129042997, 0.0236021478],
        [-2.1112979048, -0.0056024448, 0.0102587734],
    ]
    return np.array(fixed) + np.array(drift) * 1e-6 * centuries


def _newcomb_precession(old: float, new: float) -> NDArray[np.float64]:
    """Precession of FK4 between Besselian equinoxes: Newcomb's series, Explanatory Supplement (1961), 2B."""
    start = (old - 1850.0) / 1000.0
    step = (new - old) / 1000.0
    rate = (0.060 * start + 139.720) * start + 23035.545
    zeta = ((17.995 * step + 30.240 - 0.27 * start) * step + rate) * step
    z = ((18.325 * step + 109.480 + 0.39 * start) * step + rate) * step
    theta_rate = (-0.37 * start - 85.29) * start + 20051.12
    theta = ((-41.8 * step - 42.65 - 0.37 * start) * step + theta_rate) * step
    return rotation(-z / 3600.0, 2) @ rotation(theta / 3600.0, 1) @ rotation(-zeta / 3600.0, 2)


def _e_terms(jd: float) -> NDArray[np.float64]:
    """E-terms of aberration in radians for an equinox: Explanatory Supplement (1992), 3.53."""
    erfa = _erfa()
    centuries = (jd - sum(erfa.epb2jd(1950.0))) / 36525.0
    size = math.radians(0.0056932) * ((-0.000000126 * centuries - 0.00004193) * centuries + 0.01673011)
    perigee = (((0.012 * centuries + 1.65) * centuries + 6190.67) * centuries + 1015489.951) * ARCSEC
    obliquity = float(erfa.obl80(jd, 0.0))
    across = -size * math.cos(perigee)
    return np.array([size * math.sin(perigee), across * math.cos(obliquity), across * math.sin(obliquity)])


def cross(one: NDArray[np.float64], two: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cross products of vectors, shape (…, 3) each: as numpy's, in half of the time where they are few."""
    made = np.empty(np.broadcast_shapes(one.shape, two.shape))
    for k, after, last in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        made[..., k] = one[..., after] * two[..., last] - one[..., last] * two[..., after]
    return made


def to_vectors(lon_deg: ArrayLike, lat_deg: ArrayLike) -> NDArray[np.float64]:
    """Unit vectors, shape (…, 3), of longitudes and latitudes in degrees."""
    lon, lat = np.broadcast_arrays(np.radians(np.asarray(lon_deg, float)), np.radians(np.asarray(lat_deg, float)))
    with np.errstate(invalid="ignore"):
        flat = np.cos(lat)
        return np.stack([flat * np.cos(lon), flat * np.sin(lon), np.sin(lat)], axis=-1)


def to_angles(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude in [0, 360) and latitude, degrees, of vectors of shape (…, 3)."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    with np.errstate(invalid="ignore"):
        lon = np.degrees(np.arctan2(y, x)) % 360.0
        return np.where(lon >= 360.0, 0.0, lon), np.degrees(np.arctan2(z, np.hypot(x, y)))


def to_galactic(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Galactic longitude in [0, 360) and latitude of ICRS positions, degrees."""
    return to_angles(GALACTIC.from_icrs(to_vectors(ra_deg, dec_deg)))


def to_ecliptic(ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude in [0, 360) and latitude on the mean ecliptic of J2000 of ICRS positions, degrees."""
    return to_angles(ecliptic().from_icrs(to_vectors(ra_deg, dec_deg)))
