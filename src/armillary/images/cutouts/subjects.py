"""What can be cut: an image of two or more axes, its header, and where its planes come from."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from armillary.errors import ParameterError
from armillary.images.cutouts.cards import Template, text_card
from armillary.images.cutouts.made_cards import made_cards
from armillary.images.cutouts.pixels import bitpix_of, stored_type
from armillary.images.fits.base import FitsPlane
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np

    from armillary.images.plane import Plane, PlaneStack

_subjects: WeakKeyDictionary[Plane, Subject] = WeakKeyDictionary()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Span:
    """Pixels of an axis: ``first``, ``first + step``, … ; ``count`` of them."""

    first: int
    count: int = 1
    step: int = 1


def even_runs(places: Sequence[int]) -> list[Span]:
    """Places on an axis, ascending, as few spans: one where they are evenly spaced."""
    runs: list[list[int]] = []
    for place in places:
        last = runs[-1] if runs else []
        if last and (len(last) == 1 or place - last[-1] == last[1] - last[0]):
            last.append(place)
        else:
            runs.append([place])
    steps = [run[1] - run[0] if len(run) > 1 else 1 for run in runs]
    return [Span(run[0], len(run), step) for run, step in zip(runs, steps, strict=True)]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """An image with all its axes.

    Parameters
    ----------
    plane
        Its plane at ``position``.
    lengths
        NAXIS1, NAXIS2 and so on.
    sky
        The axes of the plane, from 0, the faster first.
    position
        Index on every axis; 0 on those of the plane.
    stored
        Big-endian type of the pixels of a cutout.
    blank
        Stored integer that is no data, None where there is none.
    template
        Its header.
    at
        Gives the plane at another position.
    """

    plane: Plane
    lengths: tuple[int, ...]
    sky: tuple[int, int]
    position: tuple[int, ...]
    stored: np.dtype[Any]
    blank: int | None
    template: Template
    at: Callable[[tuple[int, ...]], Plane]

    def relabelled(self, units: str) -> Subject:
        """With another BUNIT than the file's."""
        return replace(self, template=self.template.with_card(text_card("BUNIT", units)))

    def renumbered(self, added: int) -> Subject:
        """Pointing to distortion tables whose EXTVER are larger."""
        return replace(self, template=self.template.renumbered(added))

    def inheriting(self, primary: bytes) -> Subject:
        """With the keywords of a primary header that its own has not, where its own says that it inherits them."""
        return replace(self, template=self.template.inheriting(primary)) if self.template.inherits else self


def subject_of(plane: Plane) -> Subject:
    """A plane as what is cut; kept as long as the plane is.

    Raises
    ------
    ParameterError
        It is computed from images with distortion tables.
    """
    with _lock:
        found = _subjects.get(plane)
        if found is None:
            found = _subjects[plane] = _of_image(plane) if isinstance(plane, FitsPlane) else _of_made(plane)
        return found


def _of_image(plane: FitsPlane) -> Subject:
    raw = plane.file.image_header(plane.hdu).raw
    bitpix = bitpix_of(plane.stored)
    if bitpix > 0 and plane.blank is not None and b"BLANK   =" not in raw:
        raw += (b"BLANK   = %20d" % plane.blank).ljust(CARD)
    layout, template = plane.layout, Template(raw, bitpix, len(plane.position))
    twin = plane.at(plane.position)  # what is kept must not hold its key
    place, stored, blank = plane.position, plane.stored, plane.blank
    return Subject(twin, layout.lengths, layout.sky, place, stored, blank, template, twin.at)


def _of_made(plane: Plane) -> Subject:
    stored = stored_type(plane)
    ny, nx = plane.shape
    template = Template(made_cards(plane), bitpix_of(stored), 2)
    twin = copy.copy(plane)
    return Subject(twin, (nx, ny), (0, 1), (0, 0), stored, None, template, lambda _: twin)


def subject_of_stack(stack: PlaneStack) -> Subject:
    """A cube whose planes are computed, as what is cut.

    Raises
    ------
    ParameterError
        It is computed from images with distortion tables.
    """
    plane = stack.plane()
    if not stack.axes:
        return subject_of(plane)
    ny, nx = plane.shape
    lengths = (nx, ny, *(axis.length for axis in stack.axes))
    stored = stored_type(plane)
    template = Template(made_cards(plane, stack.axes), bitpix_of(stored), len(lengths))
    position = (0,) * len(lengths)
    return Subject(plane, lengths, (0, 1), position, stored, None, template, lambda place: stack.plane(place[2:]))


def check_tables(subject: Subject) -> None:
    """Refuse coordinates that are looked up in a table of the file (-TAB): the cutout would not have it.

    Raises
    ------
    ParameterError
        An axis has such.
    """
    if subject.template.looked_up:
        raise ParameterError(
            "ID", "coordinates that a table of the file gives (-TAB) cannot go with a cutout of this observation"
        )
