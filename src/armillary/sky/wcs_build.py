"""From header cards to the parts of a `PlaneWcs`: wcslib's projection, the frame, the distortion, the wrap.

astropy is imported inside the functions: it costs a second.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.sky import frames
from armillary.sky.distortion import Distortion
from armillary.sky.wcs_cards import AxisCards, NoSkyError, read_cards, versions
from armillary.sky.wcs_fix import (
    axis_name,
    check_celestial,
    for_tables,
    for_wcslib,
    has_lookup,
    has_sip,
    repair,
)
from armillary.sky.wrap import Wrap

if TYPE_CHECKING:
    from collections.abc import Callable

# astropy and wcslib parse headers through global state (a lexer, warnings).
_BUILDING = threading.Lock()
MIN_PIXEL_DEG2 = 1e-24
MAX_PIXEL_DEG2 = 1e8


@dataclass(frozen=True, slots=True)
class WcsParts:
    """What `PlaneWcs` is made of.

    Parameters
    ----------
    core
        ``astropy.wcs.Wcsprm`` of two axes, set; to be copied for every use.
    ctypes
        CTYPE of both axes as in the header.
    projection
        Projection code with the distortion's.
    """

    core: Any
    frame: frames.SkyFrame
    distortion: Distortion | None
    wrap: Wrap | None
    ctypes: tuple[str, str]
    projection: str
    cards: AxisCards


def build(
    text: str, shape: tuple[int, int], axes: tuple[int, int], lookup: Callable[[], Any] | None = None
) -> WcsParts:
    """Make the parts from a header.

    Raises
    ------
    NoSkyError
        There are no usable celestial coordinates, and why.
    """
    try:
        return _build_version(read_cards(text, axes), shape, lookup)
    except NoSkyError as primary:
        for letter in versions(text):
            try:
                return _build_version(read_cards(text, axes, letter), shape, lookup)
            except NoSkyError:
                continue
        raise primary from None


def _build_version(cards: AxisCards, shape: tuple[int, int], lookup: Callable[[], Any] | None) -> WcsParts:
    check_celestial(cards)
    ctypes = (cards.text("CTYPE1"), cards.text("CTYPE2"))
    repair(cards)
    sip = has_sip(cards)
    tables = has_lookup(cards)
    frame = _frame(cards)
    try:
        with _BUILDING:
            core = _core(cards, shape)
            distortion = _distortion(cards, shape, lookup if tables else None) if sip or tables else None
    except NoSkyError:
        raise
    except Exception as error:  # noqa: BLE001  # wcslib and astropy raise anything on a bad header
        raise NoSkyError(_invalid(error)) from None
    wrap = Wrap.of(core) if distortion is None else None
    return WcsParts(core, frame, distortion, wrap, ctypes, _projection(core, cards, sip=sip, tables=tables), cards)


def _invalid(error: Exception) -> str:
    lines = [line.strip().rstrip(".") for line in str(error).splitlines() if line.strip()]
    reasons = [line for line in lines if not line.startswith("ERROR")] or lines or [type(error).__name__]
    return f"The world coordinates are not valid ({reasons[-1][:120]}): positions are pixels only."


def _core(cards: AxisCards, shape: tuple[int, int]) -> Any:
    """Projection as wcslib has it: everything but SIP and lookup tables."""
    from astropy.wcs import Wcsprm

    header = for_wcslib(cards).header(shape)
    core = Wcsprm(header=header.encode("ascii"), relax=True, warnings=False)
    # Not every fix: that of the CD matrix makes up a scale where there is none.
    core.unitfix()
    core.celfix()
    core.set()
    if core.naxis != 2 or core.lng < 0 or core.lat < 0:
        raise NoSkyError("The sky coordinates have no usable projection: positions are pixels only.")
    if not MIN_PIXEL_DEG2 < abs(determinant(core)) < MAX_PIXEL_DEG2:
        raise NoSkyError("The pixel scale is not a possible one: positions are pixels only.")
    return core


def linear_matrix(core: Any) -> Any:
    """Degrees for a pixel, shape (2, 2): the CD matrix, however it was given."""
    with np.errstate(all="ignore"):
        return np.asarray(core.get_cdelt())[:, None] * np.asarray(core.get_pc())


def determinant(core: Any) -> float:
    """Signed area of a pixel in square degrees, longitude times latitude; NaN where it overflows."""
    longitude, latitude = linear_matrix(core)[[core.lng, core.lat]].tolist()
    return float(longitude[0] * latitude[1] - longitude[1] * latitude[0])


def _distortion(cards: AxisCards, shape: tuple[int, int], lookup: Callable[[], Any] | None) -> Distortion:
    from astropy.io import fits
    from astropy.wcs import WCS

    for axis in (1, 2):
        if "A_ORDER" in cards.values:
            cards.values[f"CTYPE{axis}"] = f"{cards.text(f'CTYPE{axis}')}-SIP"
    header = fits.Header.fromstring(for_tables(cards).header(shape))
    hdus = lookup() if lookup is not None else None
    try:
        whole = WCS(header, fobj=hdus, fix=False)
    finally:
        if hdus is not None:
            hdus.close()
    return Distortion(whole.pix2foc, shape)


def _projection(core: Any, cards: AxisCards, *, sip: bool, tables: bool) -> str:
    name = cards.text("CTYPE1")[5:8]
    suffix = f"-{name}" if name in {"TPV", "TPD", "TPU", "TNX", "ZPX"} else ""
    return str(core.cel.prj.code) + suffix + ("-SIP" if sip else "") + ("-LOOKUP" if tables else "")


def _frame(cards: AxisCards) -> frames.SkyFrame:
    """Frame by FITS 4.0, section 8.3, with the defaults of table 23."""
    names = {axis_name(cards.text("CTYPE1")), axis_name(cards.text("CTYPE2"))}
    equinox = cards.number("EQUINOX")
    if equinox is not None and not frames.MIN_EQUINOX <= equinox <= frames.MAX_EQUINOX:
        equinox = None
    if "GLON" in names:
        return frames.GALACTIC
    if "SLON" in names:
        return frames.SUPERGALACTIC
    if "ELON" in names:
        return frames.ecliptic(2000.0 if equinox is None else equinox)
    return _equatorial(cards.text("RADESYS").upper(), equinox)


def _equatorial(system: str, equinox: float | None) -> frames.SkyFrame:
    if system == "GAPPT":
        raise NoSkyError("Apparent places (RADESYS GAPPT) are not converted: positions are pixels only.")
    if system not in {"ICRS", "FK5", "FK4", "FK4-NO-E"}:
        known = {"J2000": "FK5", "B1950": "FK4"}
        by_equinox = "ICRS" if equinox is None else "FK4" if equinox < 1984.0 else "FK5"
        system = known.get(system, by_equinox)
    if system == "ICRS":
        return frames.ICRS
    if system == "FK5":
        return frames.fk5(2000.0 if equinox is None else equinox)
    return frames.fk4(1950.0 if equinox is None else equinox, with_e_terms=system == "FK4")
