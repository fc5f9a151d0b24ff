"""A layer: one plane on offer, and the bounded set of pyramids behind all layers."""

from __future__ import annotations

import os
import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, UnreadableFileError
from armillary.holdings.names import component, no_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.holdings.files import OfferedFile
    from armillary.images.files import ImageFile
    from armillary.images.plane import CubeAxis, Plane, PlaneStack, PlaneWords
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
        Makes the pyramid of a plane, which has an identity beyond this process.
    tile_size
        Side of the tiles, part of a layer's version.
    """

    def __init__(self, make: Callable[[Plane, str], Pyramid], tile_size: int, kept: int = KEPT_PYRAMIDS) -> None:
        self.make = make
        self.tile_size = tile_size
        self._kept = kept
        self._lock = threading.Lock()
        self._made: OrderedDict[tuple[object, ...], Pyramid] = OrderedDict()
        self._ranges: OrderedDict[tuple[str, str], DisplayRange] = OrderedDict()

    def get(self, entry: LayerEntry, index: tuple[int, ...], image: ImageFile, version: str) -> Pyramid:
        """The pyramid of a slice as the file is now."""
        key = (entry.layer_id, index)
        with self._lock:
            found = self._made.get((*key, version))
            if found is not None:
                self._made.move_to_end((*key, version))
                return found
            made = self.make(entry.stack(image).plane(index), entry.identity(index))
            for old in [known for known in self._made if known[:2] == key]:
                del self._made[old]
            self._made[(*key, version)] = made
            while len(self._made) > self._kept:
                self._made.popitem(last=False)
            return made

    def shared_range(self, entry: LayerEntry, version: str, choose: Callable[[], DisplayRange]) -> DisplayRange:
        """The range that all slices of a cube share, chosen once for a version of the file."""
        key = (entry.layer_id, version)
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
    grant
        Grant a caller needs to see it; None: everybody may.
    """

    layer_id: str
    name: str
    file: OfferedFile
    key: StackKey
    words: PlaneWords
    axes: tuple[CubeAxis, ...]
    path: tuple[str, ...]
    pyramids: Pyramids
    description: str = ""
    grant: str | None = None

    def identity(self, index: tuple[int, ...]) -> str:
        """What names a slice of this layer in a cache that outlives the process."""
        return repr((os.path.realpath(self.file.path), self.key, index))

    def stack(self, image: ImageFile) -> PlaneStack:
        """The stack of this layer in a file that may have changed.

        Raises
        ------
        UnreadableFileError
            The file holds it no more.
        """
        for key, stack in zip(stack_keys(image), image.stacks, strict=True):
            if key == self.key:
                return stack
        raise UnreadableFileError(self.file.name, f"changed, and holds no {self.name} any more.")


class Layer:
    """One plane on offer: a layer of the tree, or a slice of it.

    Parameters
    ----------
    entry
        The layer of the tree.
    index
        Slice, one number for each further axis.
    layer_id
        Id by which it was asked for.
    """

    __slots__ = ("entry", "id", "index")

    def __init__(self, entry: LayerEntry, index: tuple[int, ...], layer_id: str) -> None:
        self.entry = entry
        self.index = index
        self.id = layer_id

    @property
    def version(self) -> str:
        """Version that clients see, as the file is now. Costs a stat.

        Raises
        ------
        FileError
            The file vanished or is broken now.
        """
        return self.public(self.entry.file.current()[1])

    def public(self, version: str) -> str:
        """Version that clients see for a version of the file."""
        return self.entry.file.public_version(version, self.entry.key, self.entry.pyramids.tile_size)

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
