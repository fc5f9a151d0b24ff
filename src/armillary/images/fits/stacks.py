"""From the units of a FITS file to stacks of planes."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from armillary.errors import CorruptFileError, FileError, NoPixelsError, UnsupportedFileError
from armillary.images.fits.axes import cube_axes, layout_of, stokes_names
from armillary.images.fits.imageheader import image_header, is_compressed_image
from armillary.images.fits.words import words_of
from armillary.images.plane import PlaneStack
from armillary.storage.fits.hdus import axis_lengths, require_pixels

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.images.fits.axes import Layout
    from armillary.images.fits.openfile import FitsFile
    from armillary.images.plane import Plane, PlaneWords
    from armillary.storage.fits.cards import Header
    from armillary.storage.fits.hdus import FitsHdu

    MakePlane = Callable[[Layout, tuple[int, ...], PlaneWords], Plane]

MAX_SIDE = 1 << 31
_TABLES = ("BINTABLE", "TABLE", "A3DTABLE")
_ORDERINGS = ("RING", "NESTED", "NEST", "NUNIQ", "RANGE", "EXPLICIT")


def stacks_of(file: FitsFile) -> tuple[list[PlaneStack], list[str]]:
    """Stacks of every image and map of a file, and notes on what is not shown.

    Raises
    ------
    NoPixelsError
        There is no image and no map in it.
    CorruptFileError, UnsupportedFileError
        There are, but none can be used.
    """
    stacks: list[PlaneStack] = []
    notes: list[str] = []
    problems: list[FileError] = []
    for hdu in file.hdus:
        try:
            stacks += _stacks_of_hdu(file, hdu, notes)
        except (CorruptFileError, UnsupportedFileError) as error:
            problems.append(error)
            notes.append(error.message.removeprefix(f"{file.name}: "))
    if not stacks:
        raise problems[0] if problems else _no_pixels(file, notes)
    return stacks, notes


def _no_pixels(file: FitsFile, notes: list[str]) -> NoPixelsError:
    error = NoPixelsError(file.name, _what_is_in(file, notes))
    error.tables = tuple(hdu for hdu in file.hdus if _is_table(hdu.header))
    return error


def _what_is_in(file: FitsFile, notes: list[str]) -> str:
    if any(_is_table(hdu.header) for hdu in file.hdus):
        return "it holds only tables, no image and no sky map."
    if notes:
        return f"it holds no image that can be shown. {notes[0]}"
    return "it holds no image and no sky map."


def _is_table(header: Header) -> bool:
    return header.string("XTENSION") in _TABLES


def _is_map(header: Header) -> bool:
    if header.string("XTENSION") != "BINTABLE":
        return False
    columns = (header.string(f"TTYPE{k}").upper() for k in range(1, min(header.integer("TFIELDS") or 0, 999) + 1))
    return (
        header.string("PIXTYPE").upper() == "HEALPIX"
        or header.string("ORDERING").upper() in _ORDERINGS
        or "UNIQ" in columns
    )


def _stacks_of_hdu(file: FitsFile, hdu: FitsHdu, notes: list[str]) -> list[PlaneStack]:
    header = hdu.header
    try:
        if is_compressed_image(header):
            return _compressed(file, hdu, notes)
        if _is_map(header):
            from armillary.images.healpix import healpix_stacks

            return healpix_stacks(file, hdu)
        if hdu.index == 0 or header.string("XTENSION") in ("IMAGE", "IUEIMAGE"):
            return _plain(file, hdu, notes)
    finally:
        header.forget_index()
    return []


def _plain(file: FitsFile, hdu: FitsHdu, notes: list[str]) -> list[PlaneStack]:
    from armillary.images.fits.plain import PlainPlane

    lengths = hdu.axes
    if not _has_pixels(hdu, lengths, notes):
        return []
    layout = layout_of(hdu.header, lengths)
    require_pixels(file.name, hdu, abs(hdu.header.integer("BITPIX") or 8) // 8 * lengths[0])

    def make(layout: Layout, position: tuple[int, ...], words: PlaneWords) -> Plane:
        return PlainPlane(file, hdu, layout, position, words)

    return _stacks(file, hdu, hdu.header, layout, make)


def _compressed(file: FitsFile, hdu: FitsHdu, notes: list[str]) -> list[PlaneStack]:
    from armillary.images.fits.tiled import CompressedImage, CompressedPlane

    try:
        lengths = axis_lengths(hdu.header, "ZNAXIS")
    except ValueError as error:
        raise CorruptFileError(file.name, f"the header of HDU {hdu.index} contradicts itself: {error}.") from error
    if not _has_pixels(hdu, lengths, notes):
        return []
    image = CompressedImage(file, hdu, lengths)
    header = image_header(hdu.header)

    def make(layout: Layout, position: tuple[int, ...], words: PlaneWords) -> Plane:
        return CompressedPlane(image, layout, position, words)

    return _stacks(file, hdu, header, layout_of(header, lengths), make)


def _has_pixels(hdu: FitsHdu, lengths: tuple[int, ...], notes: list[str]) -> bool:
    """Whether there is something to show; notes why not, but for the usual primary unit without data."""
    if not lengths:
        return False
    if len(lengths) == 1:
        reason = "it has one axis only"
    elif prod(lengths) == 0:
        reason = "one of its axes has length 0"
    elif max(lengths) >= MAX_SIDE:
        reason = "one of its axes is longer than 2 147 483 647 pixels"
    else:
        return True
    notes.append(f"HDU {hdu.index} is not shown: {reason}.")
    return False


def _stacks(file: FitsFile, hdu: FitsHdu, header: Header, layout: Layout, make: MakePlane) -> list[PlaneStack]:
    """One stack for each Stokes component."""
    axes = cube_axes(header, layout)
    notes = layout.notes
    if hdu.truncated:
        notes += (
            f"The file is truncated: {hdu.available / hdu.data_size:.1%} of this image is there, the rest is blank.",
        )

    def stack(number: int, stokes: str | None) -> PlaneStack:
        words = words_of(file.name, hdu.index, header, layout, stokes=stokes, notes=notes)
        return PlaneStack(words, axes, lambda index: make(layout, layout.position(number, index), words))

    return [stack(number, name) for number, name in enumerate(stokes_names(header, layout) or (None,))]
