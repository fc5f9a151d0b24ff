"""From what was named on the command line to holdings: files, folders, patterns, addresses; images and catalogs."""

from __future__ import annotations

import glob
import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import FileError, LimitError, NoPixelsError, NotFitsError, UnreadableFileError
from armillary.holdings.catalog_files import CatalogFiles
from armillary.holdings.file_maps import build_map
from armillary.holdings.files import OfferedFile, file_name, open_file
from armillary.holdings.layers import Pyramids
from armillary.holdings.names import (
    looks_like_catalog,
    looks_like_fits,
    natural_key,
    safe,
    stem,
    unique,
)
from armillary.holdings.sky_folders import is_sky_folder, within_sky_folder
from armillary.holdings.tree import Holdings, MapGroup
from armillary.holdings.words import error_code

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from armillary.images.files import ImageFile
    from armillary.images.plane import Plane
    from armillary.images.pyramid import Pyramid
    from armillary.storage.source import ByteSource

log = logging.getLogger(__name__)

MOST_FILES = 100_000
RESCAN_SECONDS = 2.0


@dataclass(slots=True)
class _Wanted:
    """A path to open, the folder it is shown under, and whether it was named itself."""

    path: str
    folder: str
    asked_for: bool = True


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
    blank: MapGroup | None = None
    catalogs: CatalogFiles = field(init=False)
    stopped: threading.Event = field(default_factory=threading.Event)
    _seen: dict[str, OfferedFile] = field(default_factory=dict)
    _groups: dict[str, MapGroup] = field(default_factory=dict)
    _map_ids: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float = 0.0
    _tables: dict[str, FileError] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the place of the catalogs."""
        self.catalogs = CatalogFiles(self.holdings)

    def start(self) -> None:
        """Read the headers in a thread."""
        self.holdings.set_scanning(True)
        threading.Thread(target=self.run, name="scan", daemon=True).start()

    def run(self) -> None:
        """Read the headers of everything that was named and is not known yet."""
        with self._lock:
            try:
                self._scan()
                self._settle_blank_sky()
            finally:
                self._last = time.monotonic()
                self.holdings.set_scanning(False)
                self.finished.set()

    def _scan(self) -> None:
        for wanted in self._expanded():
            if self.stopped.is_set():
                return
            key = _identity(wanted.path)
            if looks_like_catalog(file_name(wanted.path)) or is_sky_folder(wanted.path):
                self.catalogs.look(wanted.path, asked_for=wanted.asked_for)
            elif key not in self._seen:
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
        if is_sky_folder(path):
            return [_Wanted(path, _parent(path))]
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
        in_folder = os.path.isdir(path)  # noqa: PTH112
        wanted = [
            _Wanted(name, _parent(name), not in_folder)
            for name in found
            if (in_folder or not within_sky_folder(name)) and (is_sky_folder(name) or not os.path.isdir(name))  # noqa: PTH112
        ]
        if wanted:
            self.holdings.clear_problem(path)
        elif not (self._seen or self.catalogs.count):
            message = "holds no FITS file and no catalog: folders are searched one level deep."
            error = UnreadableFileError(_shown(path), message)
            self.holdings.report(path, error, "unreadable_file")
        return wanted

    def _listed(self, folder: str) -> list[str]:
        """Files of a folder whose names look like FITS, then those that look like catalogs, folders that are some."""
        try:
            with os.scandir(folder) as entries:
                listed = [entry.name for entry in entries if entry.name[0] != "."]
        except OSError as error:
            problem = UnreadableFileError(_shown(folder), f"cannot be listed ({error.strerror or 'unknown reason'}).")
            self.holdings.report(folder, problem, "unreadable_file")
            return []
        names = sorted(listed, key=natural_key)
        folders = [name for name in names if is_sky_folder(os.path.join(folder, name))]  # noqa: PTH118
        images = [name for name in names if looks_like_fits(name)]
        images += [name for name in names if looks_like_catalog(name)]
        shown = dict.fromkeys((*images, *folders))
        return [os.path.join(folder, name) for name in shown]  # noqa: PTH118

    def _offer(self, file: OfferedFile, folder: str) -> None:
        try:
            image, version = file.current()
        except FileError as error:
            self._offer_table(file, error)
            return
        if self._tables.pop(file.path, None) is not None:
            self.catalogs.withdraw(file.path)
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

    def _offer_table(self, file: OfferedFile, error: FileError) -> None:
        """Offer a file without pixels as a catalog where it is one; else say what is wrong with it."""
        if _is_catalog(file, error):
            self._tables[file.path] = error
            self.catalogs.offer(file.path)
            return
        log.info("%s", error.message)
        if file.path in self._tables:
            self.catalogs.fail(file.path, error)
        self.holdings.report(file.path, error, error_code(error))

    def _settle_blank_sky(self) -> None:
        """Offer the sky without data while there are catalogs and nothing else to show them on."""
        images = any(group.maps for group in self._groups.values())
        if images and self.blank is not None:
            for made in list(self.blank.maps):
                self.holdings.take_away(self.blank, made.map_id)
            self.blank = None
        elif self.blank is None and not images and self.catalogs.count:
            from armillary.images.blank import ABOUT, NAME, open_blank_sky

            file = OfferedFile(NAME, open_blank_sky)
            image, version = file.current()
            made = build_map(file, image, self.pyramids, NAME, (NAME,), self.holdings.layer_ids(), {})
            made.version, made.bands[0].name = version, "No data"
            made.bands[0].layers[0].path = (NAME,)
            self.blank = MapGroup(NAME, NAME, ABOUT)
            self.holdings.put(self.blank, made)
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
            self.catalogs.look_again()
            self._scan()
            self._settle_blank_sky()
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
                if self._tables.get(file.path) is error:
                    self.catalogs.follow(file.path)
                else:
                    self._offer_table(file, error)
                continue
            self.holdings.clear_problem(file.path)
            if made is None or made.version != version:
                self._offer(file, folder)


def _is_catalog(file: OfferedFile, error: FileError) -> bool:
    """Whether a file that is no image holds a table with positions; a look at its header at most."""
    from armillary.holdings import catalog_look

    if isinstance(error, NoPixelsError):
        return catalog_look.has_positions(error.tables, file.name)
    if isinstance(error, NotFitsError) and not looks_like_fits(file.name):
        try:
            catalog_look.check_catalog(file.path)
        except FileError:
            return False
        return True
    return False


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
