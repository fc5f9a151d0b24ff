"""A combination of files on offer, with the interface of a single one."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import FileError
from armillary.holdings.files import PublicVersions, worded
from armillary.holdings.selection import AS_IN_THE_FILE, FIRST, Selector, Words
from armillary.images.combination import SIGNS, combined_stack, joined_version
from armillary.images.files import ImageFile

if TYPE_CHECKING:
    from armillary.holdings.files import Offered

LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Operand:
    """A plane of a file that a combination is made of."""

    file: Offered
    selector: Selector = FIRST
    words: Words = AS_IN_THE_FILE

    @property
    def identity(self) -> str:
        """What names it beyond this process."""
        return repr((self.file.identity, self.selector, self.words))


class CombinedFile:
    """What an ``OfferedFile`` is, for planes computed from those of several.

    Parameters
    ----------
    function
        One of ``armillary.images.combination.FUNCTIONS``.
    operands
        At least one.
    """

    def __init__(self, function: str, operands: tuple[Operand, ...]) -> None:
        self.function = function
        self.operands = operands
        self.name = combined_name(function, [operand.file.name for operand in operands])
        self.path = ""
        self._lock = threading.Lock()
        self._made: tuple[ImageFile, str] | None = None
        self._fault: tuple[str, FileError] | None = None
        self._public = PublicVersions(self.identity)

    @property
    def identity(self) -> str:
        """What names it beyond this process."""
        return repr((self.function, [operand.identity for operand in self.operands]))

    @property
    def problem(self) -> FileError | None:
        """Why it cannot be shown now: its own fault, or the first of the operands'."""
        for operand in self.operands:
            if operand.file.problem is not None:
                return operand.file.problem
        return self._fault[1] if self._fault else None

    def current(self) -> tuple[ImageFile, str]:
        """What it holds now, and its version; costs a stat for each operand.

        Raises
        ------
        FileError
            An operand vanished, is broken, or does not go with the others.
        """
        found = [operand.file.current() for operand in self.operands]
        version = joined_version(version for _, version in found)
        made = self._made
        if made is not None and made[1] == version and self._fault is None:
            return made
        with self._lock:
            if self._fault is not None and self._fault[0] == version:
                raise self._fault[1]
            try:
                made = self._make([image for image, _ in found], version), version
            except Exception as error:
                fault = worded(self.name, error)
                self._fault = version, fault
                raise fault from error
            self._made, self._fault = made, None
            return made

    def at_once(self) -> str | None:
        """The version where a stat for each operand tells that nothing changed; None where it takes longer to tell."""
        made, versions = self._made, [operand.file.at_once() for operand in self.operands]
        found = [version for version in versions if version is not None]
        if made is None or self._fault is not None or len(found) < len(versions):
            return None
        return made[1] if joined_version(found) == made[1] else None

    def check(self) -> None:
        """Look whether the operands show the same pixels of the sky, and remember it when not. Slow at first.

        Raises
        ------
        FileError
            They do not, or one of them cannot be read.
        """
        image, version = self.current()
        plane = image.stacks[0].plane()
        try:
            plane.check_sky()  # type: ignore[attr-defined]
        except FileError as error:
            with self._lock:
                self._fault = version, error
            raise

    def public_version(self, version: str, *about: object) -> str:
        """Version that clients see (see ``OfferedFile``)."""
        return self._public.of(version, *about)

    def close(self) -> None:
        """Give the operands' files back to the system."""
        for operand in self.operands:
            operand.file.close()

    def _make(self, images: list[ImageFile], version: str) -> ImageFile:
        stacks = [
            operand.words.relabelled(operand.selector.stack(image))
            for operand, image in zip(self.operands, images, strict=True)
        ]
        notes = tuple(dict.fromkeys(note for image in images for note in image.notes))
        stack = combined_stack(self.function, stacks, self.name)
        return ImageFile(self.name, version, notes, [stack], images[0].source)


def combined_name(function: str, names: list[str]) -> str:
    """Name of a combination, of its files' own names; without a slash."""
    sign = SIGNS[function]
    distinct = list(dict.fromkeys(names))
    if len(distinct) == 1:
        return f"{sign} of {distinct[0]}"
    joined = f" {sign} ".join(distinct) if len(sign) == 1 else f"{sign}({', '.join(distinct)})"
    return joined if len(joined) <= LONGEST_NAME else f"{sign} of {distinct[0]} and {len(distinct) - 1} others"
