"""Distortion tables of a file as extensions of a cutout, moved with its window.

A table (WCSDVARR of CPDIS, D2IMARR of D2IMDIS or AXISCORR) tells by CRVALn which pixel of the image its reference
element belongs to: the first pixel of the window is subtracted from that.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.errors import LimitError, ParameterError
from armillary.images.cutouts.cards import card, padded
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.images.fits.openfile import FitsFile
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


def extension(file: FitsFile, hdu: FitsHdu, x0: int, y0: int) -> bytes:
    """A table's header and data for a window that begins at ``x0``, ``y0``."""
    cards = b"".join(_moved(hdu, x0, y0))
    data = file.read(lambda: file.source.read(hdu.data_offset, hdu.data_size))
    return padded(cards + b"END".ljust(CARD), b" ") + padded(data, b"\0")


def _moved(hdu: FitsHdu, x0: int, y0: int) -> Iterator[bytes]:
    raw = hdu.header.raw
    new = {
        b"CRVAL%d" % axis: hdu.header.number(f"CRVAL{axis}", 0.0) - first
        for axis, first in ((1, x0), (2, y0))
        if axis <= len(hdu.axes)
    }
    for start in range(0, len(raw), CARD):
        line = raw[start : start + CARD]
        if _SUMS.fullmatch(line[:8]):
            continue
        key = line[:8].rstrip()
        yield card(key, new.pop(key)) if key in new else line
    for key, value in new.items():
        yield card(key, value)
