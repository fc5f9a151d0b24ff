"""Wavelengths along the spectral axis of an image, vacuum, in metres (FITS 4.0, section 8.4; Greisen et al. 2006).

Read from the header alone. Values are those of the linear part of the world coordinates, or of ``-LOG``; where another
algorithm bends the axis they are right at the reference pixel, and nearly so near it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armillary.storage.fits.cards import Header

LIGHT_M_S = 299_792_458.0
PLANCK_J_S = 6.626_070_15e-34
_LENGTHS = {"M": 1.0, "CM": 1e-2, "MM": 1e-3, "UM": 1e-6, "MICRON": 1e-6, "MICRONS": 1e-6, "NM": 1e-9, "": 1.0}
_LENGTHS |= dict.fromkeys(("A", "ANGSTROM", "ANGSTROMS"), 1e-10)
_FREQUENCIES = {"HZ": 1.0, "KHZ": 1e3, "MHZ": 1e6, "GHZ": 1e9, "THZ": 1e12, "": 1.0}
_SPEEDS = {"M/S": 1.0, "MS-1": 1.0, "KM/S": 1e3, "KMS-1": 1e3, "": 1.0}
_ENERGIES = {"J": 1.0, "EV": 1.602_176_634e-19, "KEV": 1.602_176_634e-16, "MEV": 1.602_176_634e-13, "": 1.0}
_WAVENUMBERS = {"/M": 1.0, "1/M": 1.0, "M-1": 1.0, "/CM": 100.0, "1/CM": 100.0, "CM-1": 100.0, "": 1.0}
_NUMBERS = {"": 1.0}
_KINDS = {
    "WAVE": _LENGTHS,
    "AWAV": _LENGTHS,
    "FREQ": _FREQUENCIES,
    "ENER": _ENERGIES,
    "WAVN": _WAVENUMBERS,
    "VRAD": _SPEEDS,
    "VOPT": _SPEEDS,
    "VELO": _SPEEDS,
    "ZOPT": _NUMBERS,
    "BETA": _NUMBERS,
}
# Names from before the standard.
_OLD = {"LAMBDA": "WAVE", "WAVELENG": "WAVE", "WAVELENGTH": "WAVE", "FREQUENC": "FREQ", "FREQUENCY": "FREQ"}
_OLD |= {"FELO": "VOPT", "VELOCITY": "VRAD", "ENERGY": "ENER"}


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """A spectral axis.

    Parameters
    ----------
    axis
        Which of the image's, from 0.
    length
        How many pixels it has.
    kind
        ``WAVE``, ``AWAV``, ``FREQ``, ``ENER``, ``WAVN``, ``VRAD``, ``VOPT``, ``VELO``, ``ZOPT`` or ``BETA``.
    reference, value, step
        Its CRPIX, CRVAL and CDELT, in SI units.
    logarithmic
        Whether the logarithm of the value is linear in pixels.
    rest_hz
        Rest frequency, for velocities and redshifts; 0 for none.
    """

    axis: int
    length: int
    kind: str
    reference: float
    value: float
    step: float
    logarithmic: bool = False
    rest_hz: float = 0.0

    def wavelength_m(self, pixel: float) -> float:
        """Wavelength at a 0-based pixel, whole numbers being centres; NaN where it has none."""
        away = (pixel + 1.0 - self.reference) * self.step
        try:
            world = self.value * math.exp(away / self.value) if self.logarithmic and self.value else self.value + away
            found = _wavelength(self.kind, world, self.rest_hz)
        except (OverflowError, ZeroDivisionError):
            return math.nan
        return found if math.isfinite(found) and found > 0.0 else math.nan

    def bounds_m(self, first: int, last: int) -> tuple[float, float] | None:
        """Shortest and longest wavelength of pixels from ``first`` to ``last``, both whole; None without any."""
        ends = self.wavelength_m(first - 0.5), self.wavelength_m(last + 0.5)
        return None if math.isnan(sum(ends)) else (min(ends), max(ends))


def spectral_axis(header: Header, lengths: tuple[int, ...]) -> SpectralAxis | None:
    """The spectral axis of an image, also of length 1; None where there is none that gives wavelengths.

    Parameters
    ----------
    lengths
        NAXIS1, NAXIS2, …
    """
    for axis, length in enumerate(lengths):
        name, _, algorithm = header.string(f"CTYPE{axis + 1}").upper().partition("-")
        kind = _OLD.get(name.strip(), name.strip())
        if kind in _KINDS:
            return _axis(header, axis, length, kind, logarithmic=algorithm.strip("- ") == "LOG")
    return None


def _axis(header: Header, axis: int, length: int, kind: str, *, logarithmic: bool) -> SpectralAxis | None:
    number = axis + 1
    factor = _KINDS[kind].get(_unit(header.string(f"CUNIT{number}")))
    rest = rest_frequency_hz(header)
    if factor is None or (kind in {"VRAD", "VOPT", "VELO", "ZOPT", "BETA"} and not rest):
        return None
    step = header.number(f"CDELT{number}", 1.0) * header.number(f"PC{number}_{number}", 1.0)
    step = header.number(f"CD{number}_{number}", step)
    reference, value = header.number(f"CRPIX{number}", 0.0), header.number(f"CRVAL{number}", 0.0)
    return SpectralAxis(axis, length, kind, reference, value * factor, step * factor, logarithmic, rest)


def rest_frequency_hz(header: Header) -> float:
    """RESTFRQ, or the frequency of RESTWAV; 0 where there is neither."""
    rest = header.number("RESTFRQ", header.number("RESTFREQ", 0.0))
    wave = header.number("RESTWAV", 0.0)
    if rest > 0.0:
        return rest
    return LIGHT_M_S / wave if wave > 0.0 else 0.0


def _unit(text: str) -> str:
    return text.upper().replace(" ", "").replace("**", "").replace("^", "").replace(".", "")


def _wavelength(kind: str, world: float, rest_hz: float) -> float:
    """Greisen et al. 2006, tables 1 and 3."""
    if kind == "WAVE":
        return world
    if kind == "AWAV":
        return world * _refraction(world)
    if kind == "FREQ":
        return LIGHT_M_S / world
    if kind == "ENER":
        return PLANCK_J_S * LIGHT_M_S / world
    if kind == "WAVN":
        return 1.0 / world
    return LIGHT_M_S / rest_hz * _stretch(kind, world)


def _stretch(kind: str, world: float) -> float:
    """Wavelength over that at rest, for velocities and redshifts."""
    if kind == "VRAD":
        return 1.0 / (1.0 - world / LIGHT_M_S)
    if kind == "VOPT":
        return 1.0 + world / LIGHT_M_S
    if kind == "ZOPT":
        return 1.0 + world
    beta = world if kind == "BETA" else world / LIGHT_M_S
    return math.sqrt((1.0 + beta) / (1.0 - beta)) if abs(beta) < 1.0 else math.nan


def _refraction(air_m: float) -> float:
    """Index of standard air at 15 °C, in which laboratories measure (Edlén 1953; as wcslib has it)."""
    if air_m <= 0.0:
        return math.nan
    inverse = (1e-6 / air_m) ** 2
    return 1.0 + 6.4328e-5 + 2.94981e-2 / (146.0 - inverse) + 2.5540e-4 / (41.0 - inverse)
