"""What a header says of an image in words: units, quantity, Stokes component, filter, object, frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.images.fits.axes import axis_value
from armillary.images.plane import PlaneWords

if TYPE_CHECKING:
    from armillary.images.fits.axes import Layout
    from armillary.storage.fits.cards import Header

# Units written in capitals only, as old programs do, where their meaning is beyond doubt for sky maps.
_CAPITALS = {
    "MK": "mK",
    "UK": "uK",
    "JY/BEAM": "Jy/beam",
    "JY/PIXEL": "Jy/pixel",
    "JY": "Jy",
    "MJY/SR": "MJy/sr",
    "JY/SR": "Jy/sr",
    "COUNTS": "count",
    "K": "K",
}
_STOKES = ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX")
_UNKNOWN = ("", "_UNKNOWN_", "UNKNOWN", "NONE", "N/A", "NULL")
_KEPT = ("TELESCOP", "INSTRUME", "DATE-OBS", "EXPTIME", "OBSERVER", "SURVEY", "ORIGIN")
MAX_WORD = 68


def words_of(
    name: str, hdu: int, header: Header, layout: Layout, *, stokes: str | None = None, notes: tuple[str, ...] = ()
) -> PlaneWords:
    """Words for the planes of an image.

    Parameters
    ----------
    name
        The file's own name.
    hdu
        Number of the unit.
    header
        Its header; of a compressed image: that of the image.
    layout
        Its axes.
    stokes
        Name of the Stokes component, when the image has such an axis.
    notes
        What a user should know.
    """
    stokes = stokes or _stokes_keyword(header)
    return PlaneWords(
        name=name,
        hdu=hdu,
        extname=_first_word(header, ("EXTNAME", "EXTTYPE", "HDUNAME")) or "",
        units=units_of(header),
        quantity=stokes or _word(header, "BTYPE") or _word(header, "QUANTITY"),
        stokes=stokes,
        filter=_first_word(header, ("FILTER", "FILTER1", "FILTER2", "FILTNAM", "BAND")),
        object=_first_word(header, ("OBJECT", "TARGNAME", "FIELD")),
        frequency=_frequency(header, layout),
        notes=notes,
        keywords={key: word for key in _KEPT if (word := _word(header, key))},
    )


def units_of(header: Header) -> str | None:
    """BUNIT, in the usual case of letters."""
    unit = _word(header, "BUNIT")
    return None if unit is None else _CAPITALS.get(unit, unit)


def _word(header: Header, key: str) -> str | None:
    word = header.string(key)[:MAX_WORD]
    return None if word.upper() in _UNKNOWN else word


def _first_word(header: Header, keys: tuple[str, ...]) -> str | None:
    return next((word for key in keys if (word := _word(header, key))), None)


def _stokes_keyword(header: Header) -> str | None:
    word = (_word(header, "STOKES") or "").upper()
    return word if word in _STOKES else None


def _frequency(header: Header, layout: Layout) -> str | None:
    """A frequency in words, or that of an axis of length 1, or the rest frequency."""
    for key in ("FREQ", "FREQUENC", "FREQUENCY"):
        value = header.get(key)
        if isinstance(value, str) and _word(header, key):
            return _word(header, key)
        if (hertz := header.number(key, 0.0)) > 0:
            return describe_hertz(hertz) if hertz > 1e6 else f"{hertz:g}"
    for axis, length in enumerate(layout.lengths):
        if length == 1 and header.string(f"CTYPE{axis + 1}").upper().startswith("FREQ"):
            hertz = axis_value(header, axis)
            return describe_hertz(hertz) if hertz > 0 else None
    rest = header.number("RESTFRQ", header.number("RESTFREQ", 0.0))
    return describe_hertz(rest) if rest > 0 else None


def describe_hertz(hertz: float) -> str:
    """A frequency with the unit that keeps its number short."""
    for factor, unit in ((1e12, "THz"), (1e9, "GHz"), (1e6, "MHz"), (1e3, "kHz")):
        if hertz >= factor:
            return f"{hertz / factor:.6g} {unit}"
    return f"{hertz:.6g} Hz"
