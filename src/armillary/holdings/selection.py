"""Which plane of a file a configured layer shows, and how: HDU, index, component; units, range, colours."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from armillary.errors import UnreadableFileError
from armillary.holdings.names import component
from armillary.images.plane import PlaneStack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.images.files import ImageFile
    from armillary.images.plane import Plane, PlaneWords
    from armillary.images.ranges import DisplayRange

LONGEST_LIST = 12
GREATEST = 3.4e38


@dataclass(frozen=True, slots=True)
class Selector:
    """A plane, or a cube of planes, among those of a file.

    Parameters
    ----------
    hdu
        Number or EXTNAME of the unit; None: the first that holds an image.
    index
        Where the unit holds several: the Stokes component or column by number, else the slice along the slowest
        further axis, as ``data[index]`` of numpy; negative numbers count from the end. Several numbers go on along
        the following axes. None: the first component, with all slices.
    component
        Stokes letter or column, instead of its number.
    """

    hdu: int | str | None = None
    index: tuple[int, ...] | None = None
    component: str | None = None

    def stack(self, image: ImageFile) -> PlaneStack:
        """What of a file is meant.

        Raises
        ------
        UnreadableFileError
            The file holds no such thing; the message says what it holds.
        """
        stacks = self._of_component(image.name, self._of_hdu(image))
        rest = list(self.index or ())
        if len(stacks) > 1 and rest:
            number = rest.pop(0)
            if not -len(stacks) <= number < len(stacks):
                names = _listed([component(stack.words) for stack in stacks])
                raise UnreadableFileError(image.name, f"holds {len(stacks)} planes ({names}), none at index {number}.")
            return _fixed(image.name, stacks[number], rest)
        return _fixed(image.name, stacks[0], rest)

    def _of_hdu(self, image: ImageFile) -> list[PlaneStack]:
        wanted = image.stacks[0].words.hdu if self.hdu is None else self.hdu
        if isinstance(wanted, str):
            found = [stack for stack in image.stacks if stack.words.extname.casefold() == wanted.casefold()]
            first = found[0].words.hdu if found else -1
        else:
            first = wanted
        found = [stack for stack in image.stacks if stack.words.hdu == first]
        if not found:
            holding = _listed(list(dict.fromkeys(str(stack.words.hdu) for stack in image.stacks)))
            raise UnreadableFileError(image.name, f"holds no image in HDU {wanted}; there are some in HDU {holding}.")
        return found

    def _of_component(self, name: str, stacks: list[PlaneStack]) -> list[PlaneStack]:
        if self.component is None:
            return stacks
        names = [component(stack.words) for stack in stacks]
        for stack in stacks:
            known = {component(stack.words), stack.words.quantity or "", stack.words.name}
            if self.component.casefold() in map(str.casefold, known):
                return [stack]
        raise UnreadableFileError(name, f"holds no component {self.component[:40]!r}; it has {_listed(names)}.")


FIRST = Selector()


def _listed(words: Sequence[str]) -> str:
    more = [] if len(words) <= LONGEST_LIST else ["…"]
    return ", ".join([*words[:LONGEST_LIST], *more])


def _fixed(name: str, stack: PlaneStack, index: list[int]) -> PlaneStack:
    """A stack whose slowest axes are fixed at ``index``, the slowest first."""
    axes = stack.axes
    if not axes and index and not any(index):
        return stack
    if len(index) > len(axes):
        names = " and ".join(axis.name for axis in axes)
        held = f"planes along {names}" if axes else "one plane"
        raise UnreadableFileError(name, f"holds {held} only, and index {index} asks for more: shorten it.")
    for axis, k in zip(reversed(axes), index, strict=False):
        if not -axis.length <= k < axis.length:
            raise UnreadableFileError(name, f"has {axis.length} planes along {axis.name}, none at index {k}.")
    if not index:
        return stack
    left, right = axes[: len(axes) - len(index)], axes[len(axes) - len(index) :]
    fixed = tuple(k % axis.length for k, axis in zip(reversed(index), right, strict=True))
    return PlaneStack(stack.words, left, lambda chosen: stack.plane((*chosen, *fixed)))


@dataclass(frozen=True, slots=True)
class Words:
    """What a configuration says instead of the file's header; None: as the header says."""

    units: str | None = None
    quantity: str | None = None

    def on(self, below: Words) -> Words:
        """These words, with those below where nothing is said."""
        units = below.units if self.units is None else self.units
        return Words(units, below.quantity if self.quantity is None else self.quantity)

    def over(self, words: PlaneWords) -> PlaneWords:
        """The words of a plane, with what is said here in place."""
        if self.units is not None:
            words = replace(words, units=self.units)
        if self.quantity is not None:
            words = replace(words, quantity=self.quantity)
        return words

    def relabelled(self, stack: PlaneStack) -> PlaneStack:
        """A stack whose planes have these words."""
        if self == AS_IN_THE_FILE:
            return stack

        def plane(index: tuple[int, ...]) -> Plane:
            made = stack.plane(index)
            made.words = self.over(made.words)
            return made

        return PlaneStack(self.over(stack.words), stack.axes, plane)


AS_IN_THE_FILE = Words()


@dataclass(frozen=True, slots=True)
class Look:
    """How a layer is shown at first; None: as is chosen for its pixels."""

    vmin: float | None = None
    vmax: float | None = None
    cmap: str | None = None
    stretch: str | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is left to choose."""
        return None not in {self.vmin, self.vmax, self.cmap}

    def over(self, automatic: DisplayRange) -> DisplayRange:
        """The automatic choice, with what is said here in place.

        One end that is given pushes the other where they cross. The automatic stretch belongs to the automatic
        range: with both ends given it is linear unless said otherwise.
        """
        low, high = self._ends(automatic.vmin, automatic.vmax)
        given = (self.vmin is not None) + (self.vmax is not None)
        return replace(
            automatic,
            vmin=low,
            vmax=high,
            symmetric=low == -high if given == 2 else automatic.symmetric and not given,
            cmap=self.cmap or automatic.cmap,
            stretch=self.stretch or ("linear" if given == 2 else automatic.stretch),
        )

    def _ends(self, low: float, high: float) -> tuple[float, float]:
        if self.vmin is not None and self.vmax is not None:
            return self.vmin, self.vmax
        width = high - low
        if self.vmin is not None:
            return self.vmin, high if high > self.vmin else _away(self.vmin, width)
        if self.vmax is not None:
            return low if low < self.vmax else _away(self.vmax, -width), self.vmax
        return low, high


def _away(end: float, width: float) -> float:
    """The other end of a range of about ``width`` that begins at ``end``; different also as float32."""
    least = abs(end) * 1e-5 or 1e-30
    return max(-GREATEST, min(end + math.copysign(max(abs(width), least), width), GREATEST))


AUTOMATIC = Look()
