"""A layer: one plane on offer, and the bounded set of pyramids behind all layers."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.errors import FileError, NotFoundError, UnreadableFileError
from armillary.holdings.names import component, no_layer
from armillary.holdings.obscore_words import NOTHING_SAID, ObsWords
from armillary.holdings.selection import AS_IN_THE_FILE, AUTOMATIC, Look, Selector, Words

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.holdings.files import Offered
    from armillary.images.files import ImageFile
    from armillary.images.plane import CubeAxis, PlaneStack, PlaneWords
    from armillary.images.pyramid import Pyramid
    from armillary.images.ranges import DisplayRange

KEPT_PYRAMIDS = 128

StackKey = tuple[int, str, int]


def stack_keys(image: ImageFile) -> list[StackKey]:
    """What identifies each stack of a file when it is opened anew: HDU, component, and a number where both repeat.

    The only stack of an HDU is known by that alone: its units or its name may change with its pixels.
    """
    hdus = Counter(stack.words.hdu for stack in image.stacks)
    seen: dict[tuple[int, str], int] = {}
    keys = []
    for stack in image.stacks:
        place = stack.words.hdu, component(stack.words) if hdus[stack.words.hdu] > 1 else ""
        seen[place] = seen.get(place, -1) + 1
        keys.append((*place, seen[place]))
    return keys


class Pyramids:
    """The pyramids in use, the least recently used dropped first.

    Parameters
    ----------
    make
        Makes the pyramid of a plane, which has an identity beyond this process. Where a layer has a tile size of its
        own it is called with ``tile_size``, too.
    tile_size
        Side of the tiles, part of a layer's version.
    """

    def __init__(self, make: Callable[..., Pyramid], tile_size: int, kept: int = KEPT_PYRAMIDS) -> None:
        self.make = make
        self.tile_size = tile_size
        self._kept = kept
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[object, ...], Pyramid] = OrderedDict()
        self._ranges: OrderedDict[tuple[object, ...], DisplayRange] = OrderedDict()

    def get(self, entry: LayerEntry, index: tuple[int, ...], image: ImageFile, version: str) -> Pyramid:
        """The pyramid of a slice as the file is now."""
        key = (entry.layer_id, entry.subject, index)
        with self._lock:
            found = self._made.get((*key, version))
            if found is not None:
                self._made.move_to_end((*key, version))
                return found
            own = {} if entry.tile_size is None else {"tile_size": entry.tile_size}
            made = self.make(entry.stack(image).plane(index), entry.identity(index), **own)
            for old in [known for known in self._made if known[0] == key[0] and known[2] == index]:
                del self._made[old]
            self._made[(*key, version)] = made
            while len(self._made) > self._kept:
                self._made.popitem(last=False)
            return made

    def shared_range(self, entry: LayerEntry, version: str, choose: Callable[[], DisplayRange]) -> DisplayRange:
        """The range that all slices of a cube share, chosen once for a version of the file."""
        key = (entry.layer_id, entry.subject, version)
        found = self._ranges.get(key)
        if found is None:
            found = choose()
            with self._lock:
                self._ranges[key] = found
                while len(self._ranges) > self._kept:
                    self._ranges.popitem(last=False)
        return found


@dataclass(slots=True, eq=False)
class LayerEntry:
    """A layer as the tree knows it: words, and where its pixels are.

    Parameters
    ----------
    key
        Which of the file's planes: what ``stack_keys`` said of it, or what a configuration asks for.
    words, axes
        As far as they are known: a configured layer learns them when its file is first opened.
    grant
        Grant a caller needs to see it; None: everybody may.
    given
        Words that a configuration puts in the place of the file's.
    look
        How a configuration wants it shown at first.
    tile_size
        Side of its tiles, None for that of the pyramids.
    known
        Whether the file was looked into yet.
    fault
        Why the file does not hold this layer, None while it does.
    obscore
        What a configuration says of it to the Virtual Observatory.

    Attributes
    ----------
    subject
        What its pixels are, without their version: other layers may show the same.
    about
        What its public version depends on beside the file's: as text, which is hashed once for all tiles.
    """

    layer_id: str
    name: str
    file: Offered
    key: StackKey | Selector
    words: PlaneWords
    axes: tuple[CubeAxis, ...]
    path: tuple[str, ...]
    pyramids: Pyramids
    description: str = ""
    grant: str | None = None
    given: Words = AS_IN_THE_FILE
    look: Look = AUTOMATIC
    tile_size: int | None = None
    known: bool = True
    fault: FileError | None = None
    obscore: ObsWords = NOTHING_SAID
    subject: str = field(init=False, repr=False)
    about: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make the subject, and what versions are about."""
        self.subject = repr((self.file.path or self.file.identity, self.key, self.given, self.tile_size))
        # Units, too, decide of the range that a coloured tile has by default.
        own = () if (self.given, self.look) == (AS_IN_THE_FILE, AUTOMATIC) else (str(self.given), str(self.look))
        self.about = (str(self.key), str(self.tile_size or self.pyramids.tile_size), *own)

    def identity(self, index: tuple[int, ...]) -> str:
        """What names a slice of this layer in a cache that outlives the process."""
        facts = (self.file.identity, self.key, index)
        own = (self.given, self.tile_size)
        return repr(facts if own == (AS_IN_THE_FILE, None) else (*facts, *own))

    @property
    def problem(self) -> FileError | None:
        """Why it cannot be shown now, None while it can."""
        return self.file.problem or self.fault

    def stack(self, image: ImageFile) -> PlaneStack:
        """The stack of this layer in a file that may have changed.

        Raises
        ------
        UnreadableFileError
            The file holds it no more.
        """
        if isinstance(self.key, Selector):
            return self.given.relabelled(self.key.stack(image))
        for key, stack in zip(stack_keys(image), image.stacks, strict=True):
            if key == self.key:
                return self.given.relabelled(stack)
        raise UnreadableFileError(self.file.name, f"changed, and holds no {self.name} any more.")

    def learn(self, image: ImageFile) -> bool:
        """Take words and axes from the file as it is, or the fault that it holds no such layer; whether that is new."""
        before, self.fault = self.fault, None
        try:
            stack = self.stack(image)
        except FileError as error:
            self.fault, self.known = error, True
            return before is None or before.message != error.message
        if before is None and self.known and stack.words == self.words and stack.axes == self.axes:
            return False
        self.words, self.axes, self.known = stack.words, stack.axes, True
        return True


class Layer:
    """One plane on offer: a layer of the tree, or a slice of it.

    Parameters
    ----------
    entry
        The layer of the tree.
    index
        Slice, one number for each further axis; none for the first.
    layer_id
        Id by which it was asked for.
    """

    __slots__ = ("entry", "id", "index")

    def __init__(self, entry: LayerEntry, index: tuple[int, ...], layer_id: str) -> None:
        self.entry = entry
        self.index = index
        self.id = layer_id

    def __eq__(self, other: object) -> bool:
        """The same plane of the same entry: after a reload the same id is another layer."""
        if not isinstance(other, Layer):
            return NotImplemented
        return self.entry is other.entry and (self.index, self.id) == (other.index, other.id)

    def __hash__(self) -> int:
        """As of what is compared."""
        return hash((self.entry, self.index, self.id))

    @property
    def version(self) -> str:
        """Version that clients see, as the file is now. Costs a stat.

        Raises
        ------
        FileError
            The file vanished or is broken now.
        """
        return self.public(self.entry.file.current()[1])

    def version_at_once(self) -> str | None:
        """The same where it takes no longer than a stat; None where the file has to be opened or asked for far away."""
        found = self.entry.file.at_once() if self.entry.known else None
        return None if found is None else self.public(found)

    def public(self, version: str) -> str:
        """Version that clients see for a version of the file."""
        return self.entry.file.public_version(version, *self.entry.about)

    @property
    def axes(self) -> tuple[CubeAxis, ...]:
        """Further axes, as the file is now."""
        return self.entry.stack(self.entry.file.current()[0]).axes

    def pyramid(self) -> Pyramid:
        """Pyramid of the pixels as the file is now.

        Raises
        ------
        FileError
            The file vanished, is broken now, or holds this layer no more.
        """
        return self.pyramid_and_version()[0]

    def pyramid_and_version(self) -> tuple[Pyramid, str]:
        """The pyramid and the version of the file it belongs to."""
        image, version = self.entry.file.current()
        try:
            return self.entry.pyramids.get(self.entry, self.index, image, version), version
        except NotFoundError:
            raise no_layer(self.id) from None
