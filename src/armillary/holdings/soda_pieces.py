"""From the layers of an observation to what is cut: images with all their axes, columns of HEALPix tables."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from armillary.holdings.layers import Layer

if TYPE_CHECKING:
    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.observations import Observation, Piece
    from armillary.images.cutouts.subjects import Span, Subject
    from armillary.images.files import ImageFile
    from armillary.images.fits.openfile import FitsFile
    from armillary.images.healpix import HealpixPlane
    from armillary.images.plane import Plane, PlaneStack
    from armillary.sky.wcs import PlaneWcs
    from armillary.storage.fits.cards import Header

KEPT = 256
_kept: OrderedDict[object, tuple[str, Prepared]] = OrderedDict()
_lock = threading.Lock()


class State(NamedTuple):
    """A visible component of a piece.

    Parameters
    ----------
    place
        On the Stokes axis of an image, else 0.
    name
        Its polarization state, None where it has none.
    entry
        Its layer.
    """

    place: int
    name: str | None
    entry: LayerEntry


@dataclass(frozen=True, slots=True)
class ImagePiece:
    """An image of an observation, as far as the caller may see it.

    Parameters
    ----------
    subject
        What is cut.
    header
        Header that tells of its axes; None of what is computed.
    free
        Axes of which all pixels are offered, by their numbers from 0.
    stokes
        The Stokes axis, None where there is none.
    states
        Visible components, in the order of that axis.
    index
        Slice of the layers that was asked for, None for all.
    """

    subject: Subject
    header: Header | None
    free: dict[int, Span]
    stokes: int | None
    states: tuple[State, ...]
    index: tuple[int, ...] | None = None

    @property
    def wcs(self) -> PlaneWcs | None:
        """World coordinates."""
        return self.subject.plane.wcs

    @property
    def names(self) -> set[str]:
        """Polarization states that it has."""
        return {state.name for state in self.states if state.name}

    def first_layer(self) -> Layer:
        """The layer of its first plane."""
        entry = self.states[0].entry
        index = self.index if self.index is not None else tuple(span.first for _, span in sorted(self.free.items()))
        return Layer(entry, index, entry.layer_id)


@dataclass(frozen=True, slots=True)
class SkyPiece:
    """Columns of a HEALPix table.

    Parameters
    ----------
    planes
        The visible ones.
    states
        The polarization state of each.
    """

    planes: tuple[HealpixPlane, ...]
    states: tuple[State, ...]

    @property
    def names(self) -> set[str]:
        """Polarization states that it has."""
        return {state.name for state in self.states if state.name}

    def first_layer(self) -> Layer:
        """The layer of its first column."""
        return Layer(self.states[0].entry, (), self.states[0].entry.layer_id)


AnyPiece = ImagePiece | SkyPiece


@dataclass(frozen=True, slots=True)
class Prepared:
    """An observation in one version of its file, ready to be cut.

    Parameters
    ----------
    pieces
        In the order of the file.
    several
        Whether its cutouts are files of several extensions.
    public
        That version as clients see it.
    file
        The file of its images; None of what is computed.
    """

    pieces: tuple[AnyPiece, ...]
    several: bool
    public: str
    file: FitsFile | None = None

    def primary(self) -> bytes:
        """Cards of the file's primary header that hold for all of it."""
        from armillary.images.cutouts.primary import common_cards

        return b"" if self.file is None else common_cards(self.file.hdus[0].header)


def prepared(observation: Observation, image: ImageFile, version: str) -> Prepared:
    """What is cut of an observation; kept for a version of its file.

    Raises
    ------
    FileError, NotFoundError
        As ``Observation.pieces``.
    ParameterError
        It is computed from images with distortion tables.
    """
    key = (observation.entries, observation.index)
    with _lock:
        known = _kept.get(key)
        if known is not None and known[0] == version:
            _kept.move_to_end(key)
            return known[1]
    pieces = [part for piece in observation.pieces_in(image) for part in _parts(piece, image)]
    made = Prepared(tuple(pieces), len(pieces) > 1, observation.public(version), _file_of(pieces))
    with _lock:
        _kept[key] = version, made
        _kept.move_to_end(key)
        while len(_kept) > KEPT:
            _kept.popitem(last=False)
    return made


def _file_of(pieces: list[AnyPiece]) -> FitsFile | None:
    from armillary.images.fits.base import FitsPlane

    for piece in pieces:
        if isinstance(piece, SkyPiece):
            return piece.planes[0].sky.file
        if isinstance(piece.subject.plane, FitsPlane):
            return piece.subject.plane.file
    return None


def _parts(piece: Piece, image: ImageFile) -> list[AnyPiece]:
    """A piece as one image or table; as several images where its layers are fixed at different slices."""
    from armillary.images.healpix import HealpixPlane

    stacks = [(entry, entry.stack(image)) for entry in piece.entries]
    columns = []
    groups: dict[object, list[tuple[LayerEntry, PlaneStack, Plane]]] = {}
    for entry, stack in stacks:
        plane = stack.plane(piece.index or ())
        if isinstance(plane, HealpixPlane):
            columns.append((plane, State(0, plane.words.stokes, entry)))
        else:
            groups.setdefault(_group_of(stack, plane, piece), []).append((entry, stack, plane))
    images = [_image(members, piece) for members in groups.values()]
    sky: list[AnyPiece] = []
    if columns:
        sky.append(SkyPiece(tuple(plane for plane, _ in columns), tuple(state for _, state in columns)))
    return [*sky, *_without_parts(images)]


def _group_of(stack: PlaneStack, plane: Plane, piece: Piece) -> object:
    """What layers of one image have in common: all but the Stokes component."""
    from armillary.images.fits.base import FitsPlane

    if not isinstance(plane, FitsPlane):
        return id(stack)
    position = list(plane.position)
    if plane.layout.stokes is not None:
        position[plane.layout.stokes] = 0
    return tuple(position), 0 if piece.index else len(stack.axes)


def _image(members: list[tuple[LayerEntry, PlaneStack, Plane]], piece: Piece) -> ImagePiece:
    from armillary.images.cutouts.subjects import Span, subject_of, subject_of_stack
    from armillary.images.fits.base import FitsPlane

    entry, stack, plane = members[0]
    axes = () if piece.index else stack.axes
    if not isinstance(plane, FitsPlane):
        subject = subject_of_stack(stack) if axes else subject_of(plane)
        free = {axis: Span(0, subject.lengths[axis]) for axis in range(2, len(subject.lengths))}
        state = State(0, plane.words.stokes, entry)
        return ImagePiece(_labelled(subject, entry), None, free, None, (state,), piece.index)
    layout = plane.layout
    free = {axis: Span(0, layout.lengths[axis]) for axis in layout.slices[: len(axes)]}
    states: dict[int, State] = {}
    for mine, _, other in members:
        assert isinstance(other, FitsPlane)
        place = 0 if layout.stokes is None else other.position[layout.stokes]
        states.setdefault(place, State(place, other.words.stokes, mine))
    header = plane.file.image_header(plane.hdu)
    subject = _labelled(subject_of(plane), entry)
    in_order = tuple(states[place] for place in sorted(states))
    return ImagePiece(subject, header, free, layout.stokes, in_order, piece.index)


def _labelled(subject: Subject, entry: LayerEntry) -> Subject:
    return subject.relabelled(entry.given.units) if entry.given.units else subject


def _without_parts(images: list[ImagePiece]) -> list[ImagePiece]:
    """Images without those that are slices of another one among them."""
    return [image for image in images if not any(_holds(other, image) for other in images if other is not image)]


def _holds(whole: ImagePiece, part: ImagePiece) -> bool:
    """Whether all pixels of an image, and fewer, are in another one."""
    if len(whole.free) <= len(part.free) or whole.header is None or not set(part.free) <= set(whole.free):
        return False
    fixed = (axis for axis in range(len(whole.subject.lengths)) if axis not in (*whole.free, whole.stokes))
    same = all(whole.subject.position[axis] == part.subject.position[axis] for axis in fixed)
    return same and {state.place for state in part.states} <= {state.place for state in whole.states}
