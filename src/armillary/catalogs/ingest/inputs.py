"""The input of an import: which files, cut into pieces of about the same size."""

from __future__ import annotations

import glob
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.reading import looks_like_catalog
from armillary.errors import FileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

ARROW = (".arrow", ".arrows", ".feather", ".ipc")
PIECES = 12
LEAST_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file of the input.

    Parameters
    ----------
    folder, name
        Where it lies.
    size
        Bytes; −1 where it cannot be looked at.
    """

    folder: Folder
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file: row groups, batches, rows or bytes from ``start`` to ``stop``; all of it without a stop."""

    file: InputFile
    kind: str
    start: int = 0
    stop: int = 0
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """What is read at once: parts of one file, or several small files."""

    number: int
    parts: tuple[Part, ...]

    @property
    def weight(self) -> int:
        """Bytes, roughly."""
        return sum(part.weight for part in self.parts)


def find_inputs(
    paths: Sequence[str | os.PathLike[str]], storage_options: Mapping[str, Any], file_type: str | None = None
) -> list[InputFile]:
    """The files that paths, folders, patterns and addresses name, each once, in order.

    Raises
    ------
    UsageError
        One of them names nothing, or there is no table in a folder.
    """
    found: dict[str, InputFile] = {}
    for path in paths:
        named = list(_named(os.fspath(path), storage_options, file_type))
        if not named:
            raise UsageError(f"{os.path.basename(os.fspath(path).rstrip('/')) or path}: there is no table there.")  # noqa: PTH119
        found |= {file.folder.path(file.name): file for file in named}
    return list(found.values())


def _named(path: str, options: Mapping[str, Any], file_type: str | None) -> Iterator[InputFile]:
    if any(letter in path for letter in "*?[") and not os.path.exists(path):  # noqa: PTH110
        yield from (file for match in _matches(path, options) for file in _named(match, options, file_type))
        return
    whole = Folder(path, options)
    if whole.local and not os.path.exists(whole.address):  # noqa: PTH110
        return
    is_folder = os.path.isdir(whole.address) if whole.local else whole.is_folder()  # noqa: PTH112
    if is_folder:
        for name in whole.files():
            own = name.rpartition("/")[2]
            wanted = looks_like_catalog(own) or own.lower().endswith(ARROW) or file_type is not None
            if wanted and not any(word.startswith((".", "_")) for word in name.split("/")):
                yield _looked_at(whole, name)
        return
    top, _, name = whole.address.rpartition("/")
    folder = Folder(top or "/", options)
    # Of a storage it is said later why a file cannot be had, as of one among others.
    if not folder.local or folder.exists(name):
        yield _looked_at(folder, name)


def _looked_at(folder: Folder, name: str) -> InputFile:
    try:
        return InputFile(folder, name, folder.size(name))
    except FileError:
        return InputFile(folder, name, -1)


def _matches(pattern: str, options: Mapping[str, Any]) -> list[str]:
    if "://" not in pattern:
        return sorted(glob.glob(os.path.expanduser(pattern), recursive=True))  # noqa: PTH111, PTH207
    return Folder(pattern.rpartition("/")[0], options).matches(pattern)


def cut(parts: Iterable[Sequence[Part]], piece_bytes: int) -> list[Piece]:
    """The input in pieces: each part of a huge file is one, small files are put together.

    Parameters
    ----------
    parts
        Of each file.
    """
    given = list(parts)
    # Some pieces for each core of a small machine, of whatever size the input is; the same on all machines.
    share = sum(part.weight for of_file in given for part in of_file) // PIECES
    piece_bytes = min(piece_bytes, max(LEAST_BYTES, share))
    groups: list[tuple[Part, ...]] = []
    held: list[Part] = []
    room = piece_bytes
    for of_file in given:
        whole = len(of_file) == 1 and of_file[0].weight <= room
        if held and not whole:
            groups.append(tuple(held))
            held, room = [], piece_bytes
        if len(of_file) == 1:
            held.append(of_file[0])
            room -= of_file[0].weight
        else:
            groups.extend((part,) for part in of_file)
    if held:
        groups.append(tuple(held))
    return [Piece(number, group) for number, group in enumerate(groups)]


def steps(total: int, each: int) -> Iterator[tuple[int, int]]:
    """Half-open ranges of about the same length that make up ``total``, none longer than ``each``."""
    count = max(1, math.ceil(total / max(1, each)))
    for k in range(count):
        yield total * k // count, total * (k + 1) // count
