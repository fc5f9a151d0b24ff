"""Spectral and time axes of images: pixels to vacuum wavelengths and to Modified Julian Dates.

wcslib (through astropy) knows the algorithms of spectral axes (FITS WCS paper III, Greisen et al. 2006, A&A 446, 747),
linear and not; this module turns what they give into wavelengths. Rest frames are taken as they are: the motion of the
Earth changes a wavelength by a ten-thousandth.
"""

from __future__ import annotations

import copy
import math
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LIGHT_M_S = 299_792_458.0
PLANCK_J_S = 6.626_070_15e-34
_WAVES = ("FREQ", "ENER", "WAVN", "WAVE", "AWAV", "VRAD", "VOPT", "ZOPT", "VELO", "BETA")
_OLD = ("FELO", "LAMBDA", "WAVELENG", "VELOCITY")
_TIMES = ("TIME", "UTC", "TAI", "TT", "TDT", "ET", "IAT", "UT1", "TDB", "TCB", "TCG", "GPS", "LOCAL", "MJD", "JD")
_MJD_OF_JD = 2_400_000.5
_SECONDS = {"s": 1.0, "": 1.0, "d": 86400.0, "h": 3600.0, "min": 60.0, "a": 31_557_600.0, "yr": 31_557_600.0}
_BUILDING = threading.Lock()
_TEXTS = ("CTYPE", "CUNIT")
_NUMBERS = ("CRVAL", "CRPIX", "CDELT")
_OTHERS = ("RESTFRQ", "RESTFREQ", "RESTWAV", "VELREF", "VELOSYS")


class Cards(Protocol):
    """What is asked of a header."""

    def string(self, key: str) -> str:
        """Value in words, empty where there is none."""

    def number(self, key: str, default: float) -> float:
        """Value as a number."""

    def __contains__(self, key: str) -> bool:
        """Whether there is such a keyword."""


@dataclass(frozen=True, slots=True)
class WorldAxis:
    """An axis whose pixels have one number each.

    Parameters
    ----------
    axis
        Which of the image, from 0.
    values
        Numbers (metres, or MJD) of pixels, counted from 0 at their centres; NaN where there is none.
    """

    axis: int
    values: Callable[[NDArray[np.float64]], NDArray[np.float64]]

    def bounds(self, first: int, count: int, step: int = 1) -> NDArray[np.float64]:
        """Least and greatest number of each of ``count`` pixels, from edge to edge; shape (count, 2)."""
        pixels = first + step * np.arange(count, dtype=np.float64)
        ends = np.stack([self.values(pixels - 0.5), self.values(pixels + 0.5)], axis=-1)
        return np.sort(ends, axis=-1)

    def overlapping(self, wanted: tuple[float, float], first: int, count: int) -> tuple[int, int] | None:
        """First pixel and how many, among ``count`` from ``first`` on, whose cells reach into an interval.

        A cell that only touches it counts where no other does; of a single number one pixel is taken.
        """
        bounds = self.bounds(first, count)
        low, high = wanted
        into = (bounds[:, 1] > low) & (bounds[:, 0] < high)
        if not into.any():
            into = (bounds[:, 1] >= low) & (bounds[:, 0] <= high)
        found = np.flatnonzero(into)
        if not len(found):
            return None
        if low == high:
            return first + int(found[0]), 1
        return first + int(found[0]), int(found[-1] - found[0]) + 1


def kind_of(header: Cards, axis: int) -> str:
    """CTYPE of an axis (from 0) without its algorithm and frame, in capitals."""
    return header.string(f"CTYPE{axis + 1}").upper().partition("-")[0].strip()


def is_spectral(header: Cards, axis: int) -> bool:
    """Whether an axis (from 0) is one of frequency, wavelength, energy or velocity."""
    kind = kind_of(header, axis)
    return kind in _WAVES or kind in _OLD


def is_time(header: Cards, axis: int) -> bool:
    """Whether an axis (from 0) is one of time."""
    return kind_of(header, axis) in _TIMES


def spectral_axis(header: Cards, axis: int) -> WorldAxis | None:
    """Wavelengths in vacuum, metres, of the pixels of an axis (from 0); None where they cannot be known.

    They cannot where the header is not valid, or gives velocities without the wavelength at rest.
    """
    core = _core(header, axis)
    if core is None:
        return None
    kind = str(core.ctype[0])[:4]
    rest_m = core.restwav if core.restwav > 0 else LIGHT_M_S / core.restfrq if core.restfrq > 0 else math.nan
    if kind not in _WAVES or (kind in ("VRAD", "VOPT", "ZOPT", "VELO", "BETA") and not math.isfinite(rest_m)):
        return None

    def values(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        return _wavelengths(kind, _native(core, pixels), rest_m)

    return WorldAxis(axis, values)


def _core(header: Cards, axis: int) -> Any:
    """The axis alone, as wcslib has it; None where it does not take it."""
    from astropy.wcs import Wcsprm

    text = _axis_header(header, axis)
    with _BUILDING, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            core = Wcsprm(header=text.encode("ascii", "replace"), relax=True, warnings=False)
            core.unitfix()
            core.spcfix()
            core.set()
        except Exception:  # noqa: BLE001  # wcslib raises anything on a bad header
            return None
    return core


def _axis_header(header: Cards, axis: int) -> str:
    number = axis + 1
    cards = [("NAXIS", "1"), ("NAXIS1", "2")]
    kind, _, rest = header.string(f"CTYPE{number}").upper().partition("-")
    kind = {"LAMBDA": "WAVE", "WAVELENG": "WAVE", "VELOCITY": "VELO"}.get(kind.strip(), kind.strip())
    texts = {"CTYPE": f"{kind:<4}-{rest}" if rest else kind, "CUNIT": header.string(f"CUNIT{number}")}
    cards += [(f"{key}1", f"'{texts[key].replace(chr(39), ''):8}'") for key in _TEXTS if texts[key]]
    numbers = {key: header.number(f"{key}{number}", 1.0 if key == "CDELT" else 0.0) for key in _NUMBERS}
    numbers["CDELT"] *= header.number(f"PC{number}_{number}", 1.0)
    numbers["CDELT"] = header.number(f"CD{number}_{number}", numbers["CDELT"])
    cards += [(f"{key}1", repr(value).upper()) for key, value in numbers.items()]
    cards += [(key, repr(header.number(key, 0.0)).upper()) for key in _OTHERS if key in header]
    parameters = ((f"PV1_{k}", f"PV{number}_{k}") for k in range(7))
    cards += [(new, repr(header.number(old, 0.0)).upper()) for new, old in parameters if old in header]
    return "".join(f"{key:8}= {value:>20}"[:80].ljust(80) for key, value in cards)


def _native(core: Any, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Coordinates in SI units, by wcslib."""
    from astropy.wcs import WcsError

    if not len(pixels):
        return np.empty(0)
    with np.errstate(all="ignore"):
        try:
            return np.array(copy.deepcopy(core).p2s(pixels[:, None], 0)["world"])[:, 0]
        except WcsError:
            return np.full(len(pixels), np.nan)


def _wavelengths(kind: str, world: NDArray[np.float64], rest_m: float) -> NDArray[np.float64]:
    """Vacuum wavelengths of coordinates (paper III, tables 1 and 3)."""
    with np.errstate(all="ignore"):
        if kind == "WAVE":
            found = world
        elif kind == "AWAV":
            found = _vacuum(world)
        elif kind == "FREQ":
            found = LIGHT_M_S / world
        elif kind == "ENER":
            found = PLANCK_J_S * LIGHT_M_S / world
        elif kind == "WAVN":
            found = 1.0 / world
        else:
            found = _of_velocity(kind, world, rest_m)
    return np.where(np.isfinite(found) & (found >= 0.0), found, np.nan)


def _of_velocity(kind: str, world: NDArray[np.float64], rest_m: float) -> NDArray[np.float64]:
    if kind == "ZOPT":
        return rest_m * (1.0 + world)
    ratio = world if kind == "BETA" else world / LIGHT_M_S
    if kind == "VRAD":
        return rest_m / (1.0 - ratio)
    if kind == "VOPT":
        return rest_m * (1.0 + ratio)
    return rest_m * np.sqrt((1.0 + ratio) / (1.0 - ratio))


def _vacuum(air_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vacuum wavelengths of those in air (paper III, equation 65, in which the wavelength is that in vacuum)."""
    vacuum = air_m
    for _ in range(4):
        wavenumber = (1e-6 / vacuum) ** 2
        vacuum = air_m * (1.0 + 1e-6 * (287.6155 + 1.62887 * wavenumber + 0.01360 * wavenumber * wavenumber))
    return vacuum


def time_axis(header: Cards, axis: int) -> WorldAxis | None:
    """Modified Julian Dates, UTC, of the pixels of an axis (from 0); None where its unit or origin is not known.

    Linear only (FITS 4.0, section 9). Scales that lie a known number of seconds off UTC are converted.
    """
    number, kind = axis + 1, kind_of(header, axis)
    unit = header.string(f"CUNIT{number}") or header.string("TIMEUNIT")
    days = 1.0 if kind in ("MJD", "JD") and not unit else _SECONDS.get(unit, math.nan) / 86400.0
    origin = {"MJD": 0.0, "JD": -_MJD_OF_JD}.get(kind, _reference(header))
    reference, value = header.number(f"CRPIX{number}", 0.0), header.number(f"CRVAL{number}", 0.0)
    step = header.number(f"CD{number}_{number}", header.number(f"CDELT{number}", 1.0))
    if not math.isfinite(days) or not math.isfinite(origin) or kind not in _TIMES:
        return None
    scale = (kind if kind not in ("TIME", "MJD", "JD") else header.string("TIMESYS").upper() or "UTC").lower()

    def values(pixels: NDArray[np.float64]) -> NDArray[np.float64]:
        return _in_utc(origin + days * (value + (pixels + 1.0 - reference) * step), scale)

    return WorldAxis(axis, values)


def _reference(header: Cards) -> float:
    """MJD from which times count: MJDREF, its parts, JDREF or DATEREF; 0 where the header says nothing."""
    if "MJDREFI" in header or "MJDREFF" in header:
        return header.number("MJDREFI", 0.0) + header.number("MJDREFF", 0.0)
    if "JDREFI" in header or "JDREFF" in header:
        return header.number("JDREFI", 0.0) + header.number("JDREFF", 0.0) - _MJD_OF_JD
    if "JDREF" in header:
        return header.number("JDREF", math.nan) - _MJD_OF_JD
    if "DATEREF" in header and "MJDREF" not in header:
        return mjd_of(header.string("DATEREF"))
    return header.number("MJDREF", 0.0)


def mjd_of(text: str) -> float:
    """MJD of a date of ISO 8601, NaN where it is none."""
    from astropy.time import Time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return float(Time(text.removesuffix("Z"), format="isot", scale="utc").mjd)
        except ValueError:
            return math.nan


def _in_utc(mjd: NDArray[np.float64], scale: str) -> NDArray[np.float64]:
    same = {"tdt": "tt", "et": "tt", "iat": "tai", "gps": "tai"}
    scale = same.get(scale, scale)
    if scale not in ("tai", "tt", "tcg", "tcb", "tdb"):
        return mjd
    from astropy.time import Time

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.asarray(Time(mjd, format="mjd", scale=scale).utc.mjd, np.float64)
        except ValueError:
            return mjd
