"""A cutout as a FITS file: its length is known at once, its bytes come block by block."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from armillary import __version__
from armillary.errors import ParameterError
from armillary.images.cutouts.cards import Template
from armillary.images.cutouts.pixels import (
    bitpix_of,
    block_windows,
    free_number,
    outside_of,
    read_block,
    reader,
    stored_type,
)
from armillary.images.cutouts.tables import extension, tables_of
from armillary.images.fits.base import FitsPlane
from armillary.storage.fits.cards import BLOCK, CARD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane

_templates: WeakKeyDictionary[Plane, Template] = WeakKeyDictionary()
_lock = threading.Lock()


class FitsCutout:
    """A cutout of a plane.

    Pixels of an image are those of the file, bit by bit: stored integers stay what they are, with the file's BSCALE
    and BZERO; compressed ones are decompressed. Planes that are made (HEALPix maps, combinations) give the values
    that the viewer shows. Outside the region pixels are NaN, or BLANK for integers; where the file has no BLANK and
    no number is free for it they stay, and HISTORY says so.

    Parameters
    ----------
    plane
        Where to cut.
    cut
        What (see ``windows``).

    Raises
    ------
    ParameterError, LimitError
        Its distortion cannot be moved.
    """

    def __init__(self, plane: Plane, cut: Cut) -> None:
        self.plane = plane
        self.cut = cut
        self._type = stored_type(plane)
        self._read = reader(plane)
        self._template = _template(plane)
        self._tables = tables_of(plane.file, plane.file.image_header(plane.hdu)) if isinstance(plane, FitsPlane) else []
        self._found_fill: tuple[float | None] | None = None

    @property
    def _fill(self) -> float | None:
        """What stands outside the region; None where nothing can. Of integers without BLANK all are looked at."""
        if self._found_fill is None:
            integers = self.cut.region is not None and self._type.kind != "f"
            self._found_fill = (self._blank() if integers else np.nan,)
        return self._found_fill[0]

    @property
    def data_bytes(self) -> int:
        """Bytes of the pixels, without padding."""
        ny, nx = self.cut.shape
        return ny * nx * self._type.itemsize

    @functools.cached_property
    def _header(self) -> bytes:
        return self.header()

    def header(self) -> bytes:
        """Header of the image."""
        window = self.cut.window
        lengths, first = [window.shape[1], window.shape[0]], [window.x0, window.y0]
        plane = self.plane
        if isinstance(plane, FitsPlane):
            x, y = plane.layout.sky
            lengths, first = [1] * len(plane.position), list(plane.position)
            lengths[x], lengths[y], first[x], first[y] = window.shape[1], window.shape[0], window.x0, window.y0
        added = None
        if self.cut.region is not None and self._type.kind != "f" and not self._template.has_blank:
            added = None if self._fill is None else int(self._fill)
        return self._template.make(
            lengths, first, self._history(), changed=self._around() if self.cut.period else None,
            blank=added, extended=bool(self._tables),
        )  # fmt: skip

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes of the file in order, in pieces of a few MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished on the way: what came before belongs to the version it had.
        """
        yield self._header
        for part in block_windows(self.plane, self.cut):
            yield self._block(part)
        yield bytes(-self.data_bytes % BLOCK)
        window = self.cut.window
        for hdu in self._tables:
            assert isinstance(self.plane, FitsPlane)
            yield extension(self.plane.file, hdu, window.x0, window.y0)

    def estimate(self) -> int:
        """Bytes of the whole file, or a block less, without a look at pixels."""
        if self._found_fill is not None or self._template.has_blank:
            return self.length()
        self._found_fill = (0,)
        try:
            return self.length()
        finally:
            self._found_fill = None
            del self._header

    def length(self) -> int:
        """Bytes of the whole file."""
        window = self.cut.window
        total = len(self._header) + -(-self.data_bytes // BLOCK) * BLOCK
        for hdu in self._tables:
            assert isinstance(self.plane, FitsPlane)
            total += len(extension(self.plane.file, hdu, window.x0, window.y0))
        return total

    def _block(self, part: Any) -> memoryview:
        numbers = read_block(self.cut, part, self._read)
        outside = outside_of(self.plane, self.cut, part) if self._fill is not None else None
        if outside is not None:
            numbers[outside] = self._fill
        return numbers.reshape(-1).view(np.uint8).data

    def _blank(self) -> int | None:
        """BLANK of the file, else a number that is free for it."""
        known = self.plane.blank if isinstance(self.plane, FitsPlane) else None
        if known is not None and np.iinfo(self._type).min <= known <= np.iinfo(self._type).max:
            return known
        return free_number(self.plane, self.cut, self._read)

    def _around(self) -> dict[bytes, float]:
        """Reference of a window that runs on around the sky, moved along the equator to its middle.

        Cylindrical projections end at ±180° of the reference: beyond, readers find no sky.
        """
        wcs, window = self.plane.wcs, self.cut.window
        assert wcs is not None
        axis = self.plane.layout.sky[0] + 1 if isinstance(self.plane, FitsPlane) else 1
        crpix, crval, step = wcs.summary["crpix"][0], wcs.summary["crval"][0], wcs.summary["cd"][0][0]
        moved = (window.x0 + window.x1) // 2 - round(crpix)
        return {b"CRPIX%d" % axis: crpix + moved - window.x0, b"CRVAL%d" % axis: (crval + moved * step) % 360.0}

    def _history(self) -> list[str]:
        words, window = self.plane.words, self.cut.window
        version = getattr(self.plane, "opened_version", None) or self.plane.version
        said = [
            f"Cutout by Armillary {__version__} of {words.name}, HDU {words.hdu}, version {version}.",
            f"Pixels {window.x0} <= x < {window.x1}, {window.y0} <= y < {window.y1}, counted from 0.",
        ]
        if self.cut.text:
            said.append(f"Region (ICRS degrees): {self.cut.text}")
        if self._fill is None:
            said.append("Pixels outside the region are kept: no number is free for BLANK.")
        elif self.cut.region is not None:
            said.append(f"Pixels outside the region are {'NaN' if self._type.kind == 'f' else 'BLANK'}.")
        return said


def _template(plane: Plane) -> Template:
    with _lock:
        found = _templates.get(plane)
        if found is None:
            found = _templates[plane] = _make_template(plane)
        return found


def _make_template(plane: Plane) -> Template:
    bitpix = bitpix_of(stored_type(plane))
    if isinstance(plane, FitsPlane):
        raw = plane.file.image_header(plane.hdu).raw
        if bitpix > 0 and plane.blank is not None and b"BLANK   =" not in raw:
            raw += (b"BLANK   = %20d" % plane.blank).ljust(CARD)
        return Template(raw, bitpix, len(plane.position))
    return Template(_made_cards(plane), bitpix, 2)


def _made_cards(plane: Plane) -> bytes:
    """Cards of a plane that is no image of a file: its world coordinates and words."""
    words, wcs = plane.words, plane.wcs
    if wcs is not None and "LOOKUP" in wcs.projection:
        raise ParameterError("format", "the distortion tables are those of other files: ask for png, jpg or webp")
    cards = "" if wcs is None else wcs.header_cards()
    for key, text in (("BUNIT", words.units), ("OBJECT", words.object), ("EXTNAME", words.extname or words.quantity)):
        if text:
            quoted = text.encode("ascii", "replace").decode().replace("'", "''")[:60]
            cards += f"{key:8}= '{quoted:8}'".ljust(CARD)
    return cards.encode("ascii", "replace")
