"""What the header of one unit of a file tells for ObsCore; no pixel is read."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.holdings.obscore_bands import filter_band_m, frequency_band_m, named_band_m
from armillary.holdings.obscore_times import Times, times_of
from armillary.images.fits.base import FitsPlane
from armillary.images.healpix import HealpixPlane
from armillary.storage.fits.cards import CARD, Header

if TYPE_CHECKING:
    from armillary.images.plane import Plane, PlaneStack
    from armillary.sky.footprints import Footprint
    from armillary.sky.spectral import WorldAxis
    from armillary.storage.fits.cards import Value

    Interval = tuple[float, float]

UNKNOWN = {"", "_UNKNOWN_", "UNKNOWN", "NONE", "N/A", "NULL", "NAN", "UNDEFINED"}
LONGEST_WORD = 200
LARGEST_RESOLUTION_ARCSEC = 648_000.0
_SEEING = ("SEEING", "PSF_FWHM", "PSFFWHM", "FWHM", "PSF", "IQ", "SEEFWHM", "BEAMSIZE")


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What is known of the image or map of one unit; None where it is not.

    Parameters
    ----------
    footprint
        Where it lies.
    middle_deg
        Right ascension and declination of its middle pixel.
    shape
        Rows and columns; None for maps that have none.
    scale_arcsec, resolution_arcsec
        Side of a pixel, and FWHM of the beam or seeing.
    band_m, res_power
        Wavelengths, and how finely they are resolved.
    em_xel, t_xel
        Pixels along its spectral and time axis.
    is_cube
        Whether it has further axes, Stokes aside.
    pixels_of_plane, bytes_of_plane
        Of one Stokes component or column, with all slices.
    bytes_once
        What all columns share: the numbers of their pixels.
    picture_pixels
        Of one slice as it is shown.
    """

    footprint: Footprint | None = None
    middle_deg: Interval | None = None
    shape: tuple[int, int] | None = None
    scale_arcsec: float | None = None
    resolution_arcsec: float | None = None
    times: Times = field(default_factory=Times)
    band_m: Interval | None = None
    res_power: float | None = None
    em_xel: int | None = None
    t_xel: int | None = None
    is_cube: bool = False
    pixels_of_plane: int = 0
    bytes_of_plane: int = 0
    bytes_once: int = 0
    picture_pixels: int = 0
    target: str | None = None
    facility: str | None = None
    instrument: str | None = None


class _Cards:
    """Keywords of a unit's header, else of the primary one: what describes an exposure often stands there alone."""

    def __init__(self, plane: Plane) -> None:
        if isinstance(plane, FitsPlane):
            self.own, first = plane.file.image_header(plane.hdu), plane.file.hdus[0].header
        elif isinstance(plane, HealpixPlane):
            self.own, first = plane.sky.hdu.header, plane.sky.file.hdus[0].header
        else:
            text = plane.header_text().replace("\n", "")
            self.own = first = Header(text[: len(text) // CARD * CARD].encode("ascii", "replace"))
        self.first = first

    def get(self, key: str) -> Value | None:
        """Value of a keyword; None where it is missing or says that it is unknown."""
        for header in (self.own, self.first):
            value = header.get(key)
            if value is not None and str(value).strip().upper() not in UNKNOWN:
                return value
        return None

    def word(self, *keys: str) -> str | None:
        """The first keyword that holds a text."""
        for key in keys:
            value = self.get(key)
            if isinstance(value, str):
                return " ".join(value.split())[:LONGEST_WORD]
        return None

    def number(self, key: str) -> float | None:
        """A finite number greater than 0, also one in quotes."""
        value = self.get(key)
        try:
            number = math.nan if value is None or isinstance(value, bool) else float(value)
        except ValueError:
            return None
        return number if math.isfinite(number) and number > 0.0 else None

    def comment(self, key: str) -> str:
        """What stands behind the value of a keyword, in small letters."""
        for header in (self.own, self.first):
            for card in header.cards():
                if card[:8].rstrip() == key:
                    return card[30:].partition("/")[2].lower()
        return ""

    def forget(self) -> None:
        """Give back what was parsed."""
        self.own.forget_index()
        self.first.forget_index()


def facts_of_stack(stack: PlaneStack, index: tuple[int, ...] | None, file_name: str) -> UnitFacts:
    """What the header of a stack's unit tells.

    Parameters
    ----------
    index
        A slice, None for all of a cube.
    file_name
        The file's own name: surveys of microwaves have the band in it.

    Raises
    ------
    FileError, VersionGoneError
        The file cannot be read, or changed.
    """
    plane = stack.plane(index or ())
    cards = _Cards(plane)
    try:
        return _facts(plane, stack, cards, index, file_name)
    finally:
        cards.forget()


def _facts(plane: Plane, stack: PlaneStack, cards: _Cards, index: tuple[int, ...] | None, file_name: str) -> UnitFacts:
    footprint, middle, scale = _place(plane)
    is_cube = bool(stack.axes) and index is None
    slices = math.prod(axis.length for axis in stack.axes) if is_cube else 1
    band, power, em_xel = _band(plane, stack, cards, file_name, whole=index is None)
    times, t_xel = _times(plane, cards, whole=index is None)
    is_map = isinstance(plane, HealpixPlane)
    pixels, item, index_bytes = _sizes(plane)
    return UnitFacts(
        footprint,
        middle,
        None if is_map else plane.shape,
        scale,
        _resolution(cards, scale),
        times,
        band,
        power,
        em_xel,
        t_xel,
        is_cube,
        slices * pixels,
        slices * pixels * item,
        index_bytes,
        plane.shape[0] * plane.shape[1],
        " ".join((stack.words.object or "").split()) or cards.word("OBJECT", "TARGNAME"),
        cards.word("TELESCOP", "OBSERVAT"),
        cards.word("INSTRUME"),
    )


def _place(plane: Plane) -> tuple[Footprint | None, Interval | None, float | None]:
    wcs = plane.wcs
    if wcs is None:
        return None, None, None
    ny, nx = plane.shape
    if isinstance(plane, HealpixPlane):
        from armillary.images.healpix_coverage import footprint_of_map

        pixels = 12.0 * plane.sky.table.nside**2
        scale = math.degrees(math.sqrt(4.0 * math.pi / pixels)) if plane.sky.table.ordering != "NUNIQ" else None
        return footprint_of_map(plane), None, scale and scale * 3600.0
    from armillary.sky.plane_footprints import footprint_of_plane

    ra, dec = wcs.pixel_to_icrs((nx - 1) / 2.0, (ny - 1) / 2.0)
    middle = (float(ra), float(dec)) if math.isfinite(float(ra)) and math.isfinite(float(dec)) else None
    return footprint_of_plane(wcs), middle, wcs.pixel_scale_deg * 3600.0


def _resolution(cards: _Cards, scale_arcsec: float | None) -> float | None:
    beam = cards.number("BMAJ")
    if beam is not None:
        return beam * 3600.0 if beam * 3600.0 < LARGEST_RESOLUTION_ARCSEC else None
    for key in _SEEING:
        found = cards.number(key)
        if found is None or found > 3600.0:
            continue
        comment = cards.comment(key)
        if "pix" in comment:
            return None if scale_arcsec is None else found * scale_arcsec
        return found * (3600.0 if "deg" in comment else 60.0 if "arcmin" in comment else 1.0)
    return None


def _band(
    plane: Plane, stack: PlaneStack, cards: _Cards, file_name: str, *, whole: bool
) -> tuple[Interval | None, float | None, int | None]:
    """Wavelengths, resolving power, and pixels along the spectral axis."""
    from armillary.sky import spectral

    if isinstance(plane, FitsPlane):
        header, lengths = cards.own, plane.layout.lengths
        axis = next((k for k in range(len(lengths)) if spectral.is_spectral(header, k)), None)
        found = None if axis is None else spectral.spectral_axis(header, axis)
        if axis is not None and found is not None:
            first, count = (0, lengths[axis]) if whole else (plane.position[axis], 1)
            band = _bounds(found, first, count)
            if band is not None:
                width = (band[1] - band[0]) / count
                power = (band[0] + band[1]) / 2.0 / width if width > 0.0 else None
                return band, power, count
    band = _band_of_words(stack, cards, file_name)
    wide = band is not None and band[1] > band[0]
    power = (band[0] + band[1]) / 2.0 / (band[1] - band[0]) if band is not None and wide else None
    return band, power, None if band is None else 1


def _bounds(axis: WorldAxis, first: int, count: int) -> Interval | None:
    """Least and greatest number of some pixels, which lie in between for those between."""
    ends = [axis.bounds(first, 1), axis.bounds(first + count - 1, 1)]
    low, high = min(float(end.min()) for end in ends), max(float(end.max()) for end in ends)
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def _band_of_words(stack: PlaneStack, cards: _Cards, file_name: str) -> Interval | None:
    words = stack.words
    about = [word for key in ("INSTRUME", "TELESCOP", "SURVEY", "ORIGIN") if (word := cards.word(key))]
    filter_ = words.filter or cards.word("FILTER", "FILTER1", "FILTER2", "FILTNAM", "BAND")
    if filter_:
        return filter_band_m(filter_, about) or frequency_band_m(filter_, [*about, file_name])
    return _band_of_frequency(words.frequency, cards, [*about, file_name]) or named_band_m(file_name, words.extname)


def _band_of_frequency(said: str | None, cards: _Cards, about: list[str]) -> Interval | None:
    low, high = cards.number("WAVELMIN"), cards.number("WAVELMAX")
    if low is not None and high is not None:
        return min(low, high) * 1e-9, max(low, high) * 1e-9
    return frequency_band_m(said, about, unit=cards.word("UNITFREQ", "FREQUNIT") or "") if said else None


def _times(plane: Plane, cards: _Cards, *, whole: bool) -> tuple[Times, int | None]:
    """Times of the header, or those of a time axis, and how many pixels this has."""
    from armillary.sky import spectral

    told = times_of(cards.get)
    if isinstance(plane, FitsPlane):
        lengths = plane.layout.lengths
        axis = next((k for k in range(len(lengths)) if spectral.is_time(cards.own, k)), None)
        found = None if axis is None else spectral.time_axis(cards.own, axis)
        if axis is not None and found is not None:
            first, count = (0, lengths[axis]) if whole else (plane.position[axis], 1)
            span = _bounds(found, first, count)
            if span is not None:
                step = (span[1] - span[0]) / count * 86_400.0
                return Times(*span, told.exposure_s, step or None), count
    return told, None if told.start is None else 1


def _sizes(plane: Plane) -> tuple[int, int, int]:
    """Pixels of one slice, bytes of each as it is stored without compression, and of what lists them."""
    if isinstance(plane, HealpixPlane):
        table, column = plane.sky.table, plane.column
        index = 0 if table.index is None else table.rows * table.index.item
        return (table.rows, 0, index) if column is None else (table.rows * column.repeat, column.item, index)
    item = plane.stored.itemsize if isinstance(plane, FitsPlane) else plane.dtype.itemsize
    return plane.shape[0] * plane.shape[1], item, 0
