"""Header-data units of a cutout: images of any number of axes, tables of distortions, a primary unit without data.

Pixels of an image are those of the file, bit by bit: stored integers stay what they are, with the file's BSCALE and
BZERO; compressed ones are decompressed. Planes that are made (HEALPix maps, combinations) give the values that the
viewer shows. Outside the region pixels are NaN, or BLANK for integers; where the file has no BLANK and no number is
free for it they stay, and HISTORY says so.
"""

from __future__ import annotations

import itertools
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from armillary import __version__
from armillary.images.cutouts import pixels
from armillary.images.cutouts.cards import Header, finished
from armillary.images.cutouts.masks import Mask
from armillary.images.cutouts.pixels import free_number, read_block, reader
from armillary.images.cutouts.subjects import Span
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from armillary.images.cutouts.subjects import Subject
    from armillary.images.cutouts.windows import Cut

WHOLE_BYTES = 4 << 20
_NO_DATA = b"SIMPLE  =                    T", b"BITPIX  =                    8", b"NAXIS   =                    0"


class Unit(Protocol):
    """A header-data unit: its length is known without its data.

    Attributes
    ----------
    data_bytes
        Bytes of the data, without padding.
    fill
        Byte that pads them.
    """

    @property
    def data_bytes(self) -> int:
        """Bytes of the data, without padding."""

    def header(self, *, extension: bool, extended: bool) -> Header:
        """The header, whole but for its sums."""

    def data(self) -> Iterator[bytes | memoryview]:
        """The data in order, the same at every call."""


class ImageUnit:
    """A cutout of an image.

    Parameters
    ----------
    subject
        What is cut.
    cut
        Which pixels of its planes.
    spans
        Which of its other axes, by their numbers from 0; one pixel, at the subject's position, where nothing is said.
    said
        Sentences for HISTORY beside those of the cut.
    """

    def __init__(
        self, subject: Subject, cut: Cut, spans: Mapping[int, Span] | None = None, said: Sequence[str] = ()
    ) -> None:
        self.subject = subject
        self.cut = cut
        self._said = tuple(said)
        window, (x, y) = cut.window, subject.sky
        self._spans = [Span(place) for place in subject.position]
        self._spans[x], self._spans[y] = Span(window.x0, window.shape[1]), Span(window.y0, window.shape[0])
        for axis, span in (spans or {}).items():
            self._spans[axis] = span
        self._type = subject.stored
        self._found_fill: tuple[float | None] | None = None
        self._numbers: list[NDArray[Any]] | None = None
        self._mask = Mask(subject.plane.wcs, cut) if cut.region is not None and subject.plane.wcs is not None else None

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        return prod(span.count for span in self._spans)

    @property
    def data_bytes(self) -> int:
        """Bytes of the pixels, without padding."""
        return self.pixels * self._type.itemsize

    @property
    def _fill(self) -> float | None:
        """What stands outside the region; None where nothing can. Of integers without BLANK all are looked at."""
        if self._found_fill is None:
            integers = self.cut.region is not None and self._type.kind != "f"
            self._found_fill = (self._blank() if integers else np.nan,)
        return self._found_fill[0]

    def _blank(self) -> int | None:
        """BLANK of the file, else a number that is free for it."""
        known = self.subject.blank
        if known is not None and np.iinfo(self._type).min <= known <= np.iinfo(self._type).max:
            return known
        return free_number(self._type, self._all)

    def _all(self) -> Iterator[NDArray[Any]]:
        """The pixels as they are; those of a small cutout are read once."""
        if self._numbers is not None:
            yield from self._numbers
        elif self.data_bytes <= WHOLE_BYTES:
            self._numbers = [self._read(*box) for box in self._boxes()]
            yield from self._numbers
        else:
            yield from (self._read(*box) for box in self._boxes())

    def header(self, *, extension: bool = False, extended: bool = False, guess: bool = False) -> Header:
        """Header of the image.

        Parameters
        ----------
        extension, extended
            Whether it is an extension, and whether one follows.
        guess
            Whether to take it that a number is free for BLANK, rather than look at all pixels.
        """
        template, around = self.subject.template, self._around() if self.cut.period else {}
        added = None
        if self.cut.region is not None and self._type.kind != "f" and not template.has_blank:
            fill = 0 if guess else self._fill
            added = None if fill is None else int(fill)
        lengths, first = [span.count for span in self._spans], [span.first for span in self._spans]
        changed = around | self._stepped()
        return template.make(
            lengths, first, self._history(guess=guess), changed=changed, blank=added, extended=extended,
            extension=extension,
        )  # fmt: skip

    def data(self) -> Iterator[memoryview]:
        """The pixels in pieces of about 2 MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished.
        """
        fill = self._fill if self._mask is not None else None
        kept, self._numbers = self._numbers, None
        for k, (low, high) in enumerate(self._boxes()):
            numbers = self._read(low, high) if kept is None else kept[k]
            if fill is not None and self._mask is not None:
                self._mask.blank(numbers, *self._place(low, high), fill)
            yield numbers.reshape(-1).view(np.uint8).data

    def _boxes(self) -> Iterator[tuple[list[int], list[int]]]:
        """Parts in the order of a FITS file, half-open indices on every axis: whole up to one axis, and a part of it.

        Rows that are decoded together are kept together.
        """
        lengths = [span.count for span in self._spans]
        items = max(1, pixels.BLOCK_BYTES // self._type.itemsize)
        split = 0
        while split < len(lengths) - 1 and prod(lengths[: split + 1]) <= items:
            split += 1
        at_once = max(1, items // prod(lengths[:split]))
        band, start = (self.subject.plane.band_rows, self.cut.window.y0) if split == self.subject.sky[1] else (1, 0)
        if band > 1:
            at_once = max(at_once // band * band, min(band, 4 * at_once))
        for outer in itertools.product(*(range(length) for length in reversed(lengths[split + 1 :]))):
            beyond = list(reversed(outer))
            place = 0
            while place < lengths[split]:
                after = min(lengths[split], ((start + place) // at_once + 1) * at_once - start)
                low = [0] * split + [place] + beyond
                yield low, lengths[:split] + [after] + [k + 1 for k in beyond]
                place = after

    def _read(self, low: list[int], high: list[int]) -> NDArray[Any]:
        """Numbers of a part, shape slowest axis first."""
        x, y = self.subject.sky
        window = self._window(low, high)
        ranges = [
            range(1) if axis in (x, y) else range(first, last)
            for axis, (first, last) in enumerate(zip(low, high, strict=True))
        ]
        count = len(ranges)
        shape = tuple(last - first for first, last in zip(reversed(low), reversed(high), strict=True))
        if all(len(steps) == 1 for steps in ranges):
            return self._plane_part([steps[0] for steps in ranges], window).reshape(shape)
        numbers = np.empty(shape, self._type)
        for place in itertools.product(*ranges):
            inside: list[Any] = [k - first for k, first in zip(place, low, strict=True)]
            inside[x] = inside[y] = slice(None)
            numbers[tuple(inside[count - 1 - k] for k in range(count))] = self._plane_part(list(place), window)
        return numbers

    def _plane_part(self, place: list[int], window: Window) -> NDArray[Any]:
        subject = self.subject
        position = [span.first + span.step * k for span, k in zip(self._spans, place, strict=True)]
        position[subject.sky[0]] = position[subject.sky[1]] = 0
        where = tuple(position)
        plane = subject.plane if where == subject.position else subject.at(where)
        return read_block(self.cut, window, reader(plane, self._type))

    def _window(self, low: list[int], high: list[int]) -> Window:
        x, y = self.subject.sky
        x0, y0 = self._spans[x].first, self._spans[y].first
        return Window(y0 + low[y], y0 + high[y], x0 + low[x], x0 + high[x])

    def _place(self, low: list[int], high: list[int]) -> tuple[Window, tuple[int, int]]:
        """Window of a part, and which axes of its array are rows and columns."""
        count = len(low)
        return self._window(low, high), (count - 1 - self.subject.sky[1], count - 1 - self.subject.sky[0])

    def _around(self) -> dict[bytes, float]:
        """Reference of a window that runs on around the sky, moved along the equator to its middle.

        Cylindrical projections end at ±180° of the reference: beyond, readers find no sky.
        """
        wcs, window = self.subject.plane.wcs, self.cut.window
        assert wcs is not None
        axis = self.subject.sky[0] + 1
        crpix, crval, step = wcs.summary["crpix"][0], wcs.summary["crval"][0], wcs.summary["cd"][0][0]
        moved = (window.x0 + window.x1) // 2 - round(crpix)
        return {b"CRPIX%d" % axis: crpix + moved - window.x0, b"CRVAL%d" % axis: (crval + moved * step) % 360.0}

    def _stepped(self) -> dict[bytes, float]:
        """Numbers of axes of which every second, third, … pixel is taken."""
        changed: dict[bytes, float] = {}
        for axis, span in enumerate(self._spans):
            if span.step != 1:
                changed |= self.subject.template.stepped(axis, span.first, span.step)
        return changed

    def _history(self, *, guess: bool) -> list[str]:
        plane, window = self.subject.plane, self.cut.window
        said = [_origin(plane), f"Pixels {window.x0} <= x < {window.x1}, {window.y0} <= y < {window.y1}, from 0."]
        for axis, span in enumerate(self._spans):
            if axis not in self.subject.sky and self.subject.lengths[axis] > 1:
                said.append(_axis_words(axis, span, self.subject.lengths[axis]))
        if self.cut.text:
            said.append(f"Region (ICRS degrees): {self.cut.text}")
        if self._mask is not None and not guess and self._fill is None:
            said.append("Pixels outside the region are kept: no number is free for BLANK.")
        elif self._mask is not None:
            said.append(f"Pixels outside the region are {'NaN' if self._type.kind == 'f' else 'BLANK'}.")
        return [*said, *self._said]


def _origin(plane: Any) -> str:
    version = getattr(plane, "opened_version", None) or plane.version
    return f"Cutout by Armillary {__version__} of {plane.words.name}, HDU {plane.words.hdu}, version {version}."


def _axis_words(axis: int, span: Span, length: int) -> str:
    last = span.first + span.step * (span.count - 1)
    step = f" by {span.step}" if span.step != 1 else ""
    return f"Axis {axis + 1}: pixels {span.first} to {last}{step} of {length}, counted from 0."


class TableUnit:
    """A table of distortions (see ``tables``), which is copied.

    Parameters
    ----------
    cards
        Its header, without END.
    size
        Bytes of its data.
    read
        Gives them.
    """

    def __init__(self, cards: bytes, size: int, read: Any) -> None:
        self._cards = cards
        self._read = read
        self.data_bytes = size

    def header(self, *, extension: bool, extended: bool) -> Header:  # noqa: ARG002 - the protocol's
        """Its header, always that of an extension."""
        return finished(self._cards)

    def data(self) -> Iterator[bytes]:
        """Its data."""
        yield self._read()


class EmptyUnit:
    """A primary unit without data.

    Parameters
    ----------
    cards
        What it says beside its structure.
    history
        Cards of HISTORY.
    """

    data_bytes = 0

    def __init__(self, cards: bytes, history: bytes = b"") -> None:
        self._cards = cards
        self._history = history

    def header(self, *, extension: bool = False, extended: bool = True) -> Header:  # noqa: ARG002 - the protocol's
        """Its header."""
        head = b"".join(line.ljust(80) for line in (*_NO_DATA, b"EXTEND  =                    T"))
        return finished(head + self._cards + self._history)

    def data(self) -> Iterator[bytes]:
        """None."""
        yield from ()
