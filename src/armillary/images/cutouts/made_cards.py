"""Headers of planes that are no images of a file: HEALPix maps on the viewer's grid, combinations of maps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.errors import ParameterError
from armillary.images.combination import CombinationPlane
from armillary.images.cutouts.cards import card, text_card
from armillary.images.fits.base import FitsPlane
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.images.plane import CubeAxis, Plane

_SPECTRAL = re.compile(rb"(RESTFRQ|RESTFREQ|RESTWAV|SPECSYS|SSYSOBS|SSYSSRC|VELREF|VELOSYS|ZSOURCE|MJDREF|TIMESYS) *")
_AXIS = re.compile(rb"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CD|PC|PV)([1-9])(?:_([0-9]{1,2}))? *")


def made_cards(plane: Plane, axes: Sequence[CubeAxis] = ()) -> bytes:
    """Cards of a plane: its world coordinates and words; of a cube of such planes those of its further axes, too.

    Raises
    ------
    ParameterError
        Its coordinates need distortion tables, which are those of other files.
    """
    words, wcs = plane.words, plane.wcs
    if wcs is not None and "LOOKUP" in wcs.projection:
        raise ParameterError("format", "the distortion tables are those of other files: ask for png, jpg or webp")
    cards = b"" if wcs is None else wcs.header_cards().encode("ascii", "replace")
    for number, axis in enumerate(axes):
        cards += _axis_cards(plane, axis, number)
    for key, text in (("BUNIT", words.units), ("OBJECT", words.object), ("EXTNAME", words.extname or words.quantity)):
        if text:
            cards += text_card(key, text)
    return cards


def _axis_cards(plane: Plane, axis: CubeAxis, number: int) -> bytes:
    """Cards of a further axis: those of the image that it comes from, else what is known of its linear part."""
    image = _image_with(plane, axis, number)
    if image is not None:
        return _copied(image, image.layout.slices[number] + 1, number + 3)
    told = text_card(f"CTYPE{number + 3}", axis.name)
    if axis.unit:
        told += text_card(f"CUNIT{number + 3}", axis.unit)
    if axis.values:
        step = axis.values[1] - axis.values[0] if len(axis.values) > 1 else 1.0
        for key, value in ((b"CRPIX", 1.0), (b"CRVAL", axis.values[0]), (b"CDELT", step)):
            told += card(b"%b%d" % (key, number + 3), value)
    return told


def _image_with(plane: Plane, axis: CubeAxis, number: int) -> FitsPlane | None:
    """The first image of a file among the operands that has the axis."""
    if isinstance(plane, CombinationPlane):
        found = (_image_with(operand, axis, number) for operand in plane.operands)
        return next((image for image in found if image is not None), None)
    if not isinstance(plane, FitsPlane) or number >= len(plane.layout.slices):
        return None
    return plane if plane.layout.lengths[plane.layout.slices[number]] == axis.length else None


def _copied(image: FitsPlane, old: int, new: int) -> bytes:
    """Cards of an axis under another number, and those that any spectral or time axis refers to."""
    raw = image.file.image_header(image.hdu).raw
    cards = []
    for start in range(0, len(raw), CARD):
        line = raw[start : start + CARD].ljust(CARD)
        match = _AXIS.fullmatch(line[:8])
        if match and int(match[2]) == old and match[1] in (b"CD", b"PC") and int(match[3] or 0) == old:
            cards.append(b"%-8b" % (b"%b%d_%d" % (match[1], new, new)) + line[8:])
        elif match and int(match[2]) == old and match[1] not in (b"CD", b"PC"):
            tail = b"_%b" % match[3] if match[3] else b""
            cards.append(b"%-8b" % (b"%b%d%b" % (match[1], new, tail)) + line[8:])
        elif _SPECTRAL.fullmatch(line[:8]):
            cards.append(line)
    return b"".join(dict.fromkeys(cards))
