"""Distortion tables of a file as extensions of a cutout, moved with its window.

A table (WCSDVARR of CPDIS, D2IMARR of D2IMDIS or AXISCORR) tells by CRVALn which pixel of the image its reference
element belongs to: the first pixel of the window is subtracted from that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.errors import LimitError, ParameterError
from armillary.images.cutouts.cards import card
from armillary.images.cutouts.units import TableUnit
from armillary.images.fits.base import FitsPlane
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.images.fits.openfile import FitsFile
    from armillary.images.plane import Plane
    from armillary.sky.grid import Window
    from armillary.storage.fits.cards import Header
    from armillary.storage.fits.hdus import FitsHdu

MAX_BYTES = 16 << 20
_NAMES = ("WCSDVARR", "D2IMARR")
_SUMS = re.compile(rb"(CHECKSUM|DATASUM) *")


def tables_of(file: FitsFile, header: Header) -> list[FitsHdu]:
    """Units with tables that a header refers to.

    Raises
    ------
    ParameterError
        The header has a distortion that counts pixels in another way.
    LimitError
        The tables are larger than 16 MiB.
    """
    if b"DIS" not in header.raw and b"AXISCORR" not in header.raw:
        return []
    kinds = {header.string(f"{name}{axis}").upper() for name in ("CPDIS", "D2IMDIS") for axis in (1, 2)} - {""}
    if kinds - {"LOOKUP"}:
        raise ParameterError(
            "format", "the distortion of this image cannot be moved with a cutout: ask for png, jpg or webp"
        )
    if not kinds and "AXISCORR" not in header:
        return []
    found = [hdu for hdu in file.hdus if hdu.name.upper() in _NAMES]
    if sum(hdu.data_size for hdu in found) > MAX_BYTES:
        raise LimitError("The distortion tables of this image are larger than 16 MiB.", max_bytes=MAX_BYTES)
    return found


def tables_for(plane: Plane, window: Window, renumbered: int = 0) -> list[TableUnit]:
    """The tables that the cutout of a plane needs.

    Parameters
    ----------
    window
        Which pixels of the plane are cut out.
    renumbered
        What is added to EXTVER, so that the tables of several images can be told apart.

    Raises
    ------
    ParameterError, LimitError
        As ``tables_of``.
    """
    if not isinstance(plane, FitsPlane):
        return []
    file, header = plane.file, plane.file.image_header(plane.hdu)
    return [_unit(file, hdu, window, renumbered) for hdu in tables_of(file, header)]


def _unit(file: FitsFile, hdu: FitsHdu, window: Window, renumbered: int) -> TableUnit:
    def read() -> bytes:
        return file.read(lambda: file.source.read(hdu.data_offset, hdu.data_size))

    return TableUnit(b"".join(_moved(hdu, window.x0, window.y0, renumbered)), hdu.data_size, read)


def _moved(hdu: FitsHdu, x0: int, y0: int, renumbered: int) -> Iterator[bytes]:
    raw = hdu.header.raw
    new = {
        b"CRVAL%d" % axis: hdu.header.number(f"CRVAL{axis}", 0.0) - first
        for axis, first in ((1, x0), (2, y0))
        if axis <= len(hdu.axes)
    }
    if renumbered:
        new[b"EXTVER"] = (hdu.header.integer("EXTVER") or 1) + renumbered
    for start in range(0, len(raw), CARD):
        line = raw[start : start + CARD]
        if _SUMS.fullmatch(line[:8]):
            continue
        key = line[:8].rstrip()
        yield card(key, new.pop(key)) if key in new else line
    for key, value in new.items():
        yield card(key, value)


def highest_version(plane: Plane) -> int:
    """The largest EXTVER of the tables of a plane's file."""
    if not isinstance(plane, FitsPlane):
        return 0
    file = plane.file
    return max((hdu.header.integer("EXTVER") or 1 for hdu in file.hdus if hdu.name.upper() in _NAMES), default=0)
