"""From what was named on the command line to holdings: files, folders, patterns, addresses."""

from __future__ import annotations

import glob
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import FileError, LimitError, UnreadableFileError
from armillary.holdings.files import OfferedFile, file_name, open_file
from armillary.holdings.layers import LayerEntry, Pyramids, stack_keys
from armillary.holdings.names import layer_ids, looks_like_fits, natural_key, safe, stem, unique
from armillary.holdings.tree import Band, Holdings, Map, MapGroup
from armillary.holdings.words import error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping, Sequence

    from armillary.holdings.layers import StackKey
    from armillary.holdings.selection import Selector
    from armillary.images.files import ImageFile
    from armillary.images.plane import Plane, PlaneWords
    from armillary.images.pyramid import Pyramid
    from armillary.storage.source import ByteSource

log = logging.getLogger(__name__)

MOST_FILES = 100_000
RESCAN_SECONDS = 2.0
PER_MAP_LAYERS = 10_000


@dataclass(slots=True)
class _Wanted:
    """A path to open, and the folder it is shown under."""

    path: str
    folder: str


@dataclass(slots=True)
class Discovery:
    """Reads the headers of what was named, and looks again when asked.

    Parameters
    ----------
    paths
        Files, folders (one level deep), patterns, ``http://`` and ``https://`` addresses.
    holdings
        Where the findings go.
    pyramids
        Makes the pyramids of the layers.
    """

    paths: Sequence[str]
    holdings: Holdings
    pyramids: Pyramids
    opener: Callable[[str], tuple[ByteSource, ImageFile]] = open_file
    first_layer: threading.Event = field(default_factory=threading.Event)
    finished: threading.Event = field(default_factory=threading.Event)
    stopped: threading.Event = field(default_factory=threading.Event)
    _seen: dict[str, OfferedFile] = field(default_factory=dict)
    _groups: dict[str, MapGroup] = field(default_factory=dict)
    _map_ids: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float = 0.0

    def start(self) -> None:
        """Read the headers in a thread."""
        self.holdings.set_scanning(True)
        threading.Thread(target=self.run, name="scan", daemon=True).start()

    def run(self) -> None:
        """Read the headers of everything that was named and is not known yet."""
        with self._lock:
            try:
                self._scan()
            finally:
                self._last = time.monotonic()
                self.holdings.set_scanning(False)
                self.finished.set()

    def _scan(self) -> None:
        for wanted in self._expanded():
            if self.stopped.is_set():
                return
            key = _identity(wanted.path)
            if key not in self._seen:
                self._seen[key] = OfferedFile(wanted.path, self.opener)
                self._offer(self._seen[key], wanted.folder)

    def _expanded(self) -> Iterator[_Wanted]:
        count = 0
        for path in self.paths:
            for wanted in self._expand(path):
                count += 1
                if count > MOST_FILES:
                    error = LimitError(f"more than {MOST_FILES} files: the rest is left out.")
                    self.holdings.report("", UnreadableFileError("files", error.message), "limit")
                    return
                yield wanted

    def _expand(self, path: str) -> list[_Wanted]:
        """What one argument stands for; a problem where it stands for nothing."""
        if path.startswith(("http://", "https://")):
            return [_Wanted(path, path.split("/")[2].rpartition("@")[2])]
        if os.path.isdir(path):  # noqa: PTH112 - a Path would refuse some strings that a file system takes
            found = self._listed(path)
        elif os.path.lexists(path):
            return [_Wanted(path, _parent(path))]
        else:
            found = sorted(glob.glob(path, recursive=True), key=natural_key)  # noqa: PTH207 - keeps relative names
            if not found:
                error = UnreadableFileError(_shown(path), "there is no such file: check the name.")
                self.holdings.report(path, error, "unreadable_file")
                return []
        wanted = [_Wanted(name, _parent(name)) for name in found if not os.path.isdir(name)]  # noqa: PTH112
        if wanted:
            self.holdings.clear_problem(path)
        elif not self._seen:
            error = UnreadableFileError(_shown(path), "holds no FITS file: folders are searched one level deep.")
            self.holdings.report(path, error, "unreadable_file")
        return wanted

    def _listed(self, folder: str) -> list[str]:
        """Files of a folder whose names look like FITS, in natural order."""
        try:
            with os.scandir(folder) as entries:
                names = [entry.name for entry in entries if looks_like_fits(entry.name) and entry.name[0] != "."]
        except OSError as error:
            problem = UnreadableFileError(_shown(folder), f"cannot be listed ({error.strerror or 'unknown reason'}).")
            self.holdings.report(folder, problem, "unreadable_file")
            return []
        return [os.path.join(folder, name) for name in sorted(names, key=natural_key)]  # noqa: PTH118

    def _offer(self, file: OfferedFile, folder: str) -> None:
        try:
            image, version = file.current()
        except FileError as error:
            log.info("%s", error.message)
            self.holdings.report(file.path, error, error_code(error))
            return
        self.holdings.clear_problem(file.path)
        group = self._group(folder)
        with self.holdings.lock:
            known = next((made for made in group.maps if made.file is file), None)
            place = group.maps.index(known) if known else None
            kept = {e.key: e.layer_id for band in known.bands for e in band.layers} if known else {}
            map_id = known.map_id if known else unique(safe(stem(file.name)), self._map_ids)
            self._map_ids.add(map_id)
            if known:
                self.holdings.take_away(group, map_id)
            made = build_map(file, image, self.pyramids, map_id, (group.name,), self.holdings.layer_ids(), kept)
            made.version = version
            self.holdings.put(group, made, place)
        self.first_layer.set()

    def _group(self, folder: str) -> MapGroup:
        if folder not in self._groups:
            name = os.path.basename(folder) or folder  # noqa: PTH119
            taken = {group.map_group_id for group in self._groups.values()}
            self._groups[folder] = MapGroup(unique(safe(name), taken), name)
        return self._groups[folder]

    def is_due(self) -> bool:
        """Whether the last look was long enough ago for another."""
        return self.finished.is_set() and time.monotonic() - self._last >= RESCAN_SECONDS

    def look_again(self) -> None:
        """Cheap look for new, changed, vanished and returned files; at once back when somebody else is at it."""
        if not self.is_due() or not self._lock.acquire(blocking=False):
            return
        try:
            self._refresh_known()
            self._scan()
        finally:
            self._last = time.monotonic()
            self._lock.release()

    def _refresh_known(self) -> None:
        folders = {id(made.file): (folder, made) for folder, g in self._groups.items() for made in g.maps}
        for file in list(self._seen.values()):
            if "://" in file.path:
                continue
            folder, made = folders.get(id(file), (_parent(file.path), None))
            try:
                _, version = file.current()
            except FileError as error:
                self.holdings.report(file.path, error, error_code(error))
                continue
            self.holdings.clear_problem(file.path)
            if made is None or made.version != version:
                self._offer(file, folder)


def build_map(
    file: OfferedFile,
    image: ImageFile,
    pyramids: Pyramids,
    map_id: str,
    above: tuple[str, ...],
    taken: Container[str],
    kept: Mapping[StackKey | Selector, str],
) -> Map:
    """The map of one file: a band for each HDU, a layer for each of its stacks.

    Parameters
    ----------
    above
        Names above the file in the tree.
    taken
        Ids of other layers.
    kept
        Ids that layers of this file had before it changed.
    """
    made = Map(map_id, file.name, file=file)
    stacks = image.stacks[:PER_MAP_LAYERS]
    wanted = layer_ids(stem(file.name), [stack.words for stack in stacks])
    mine = set(kept.values())
    bands: dict[int, Band] = {}
    for stack, key, base in zip(stacks, stack_keys(image), wanted, strict=False):
        layer_id = kept.get(key) or unique(base, taken, mine)
        mine.add(layer_id)
        words = stack.words
        band = bands.setdefault(words.hdu, Band(f"{map_id}-{words.hdu}", words.extname or f"HDU {words.hdu}"))
        name = layer_name(words, file.name, [other.words for other in stacks])
        entry = LayerEntry(layer_id, name, file, key, words, stack.axes, (*above, file.name, band.name), pyramids)
        band.layers.append(entry)
    made.bands = list(bands.values())
    return made


def layer_name(words: PlaneWords, file: str, siblings: Sequence[PlaneWords]) -> str:
    """Name of a layer for people: the Stokes letter or column, the extension, or the file."""
    if words.stokes:
        return words.stokes
    if sum(other.hdu == words.hdu for other in siblings) > 1:
        return words.quantity or words.name
    if len(siblings) > 1:
        return words.extname or f"HDU {words.hdu}"
    return words.quantity or words.extname or stem(file)


def _identity(path: str) -> str:
    return path if "://" in path else os.path.realpath(path)


def _parent(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - keeps links as they were named


def _shown(path: str) -> str:
    return file_name(path) if path.rstrip("/") else path


def discover(
    paths: Sequence[str | Path],
    make_pyramid: Callable[[Plane, str], Pyramid],
    *,
    tile_size: int = 512,
    opener: Callable[[str], tuple[ByteSource, ImageFile]] = open_file,
) -> Discovery:
    """Prepare to offer what ``paths`` name; nothing is read before ``start`` or ``run``.

    Parameters
    ----------
    paths
        Files, folders (one level deep), patterns, addresses.
    make_pyramid
        Makes the pyramid of a plane, given what names it beyond this process.
    tile_size
        Side of the tiles.
    opener
        Opens one file.
    """
    names = [os.fspath(path) for path in paths]
    title = file_name(names[0]) if len(names) == 1 else os.path.basename(_parent(names[0]))  # noqa: PTH119
    if names == ["."] or not title:
        title = Path.cwd().name
    return Discovery(names, Holdings(title or "Armillary"), Pyramids(make_pyramid, tile_size), opener)
