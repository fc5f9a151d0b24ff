"""Folders that are HATS catalogs: known by their files, followed by what a stat tells."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import threading
import time
from typing import TYPE_CHECKING

from armillary.errors import ArmillaryError, UnreadableFileError
from armillary.holdings.files import file_name, is_store, outside

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.storage.source import ByteSource

MARKS = ("collection.properties", "hats.properties", "catalog_info.json")
WORDS = (*MARKS, "properties", "partition_info.csv", "skymap.fits", "point_map.fits")
WEB_MARKS = ("collection.properties", "hats.properties")
METADATA = ("_metadata", "_common_metadata")
MOST_FOLLOWED = 10_000
"""Files of so many partitions are looked at one by one; of more only their folders."""
SHARE = 0.05
"""Of the time that looking at files may take: a look that costs a lot serves the longer."""
CHEAP_S = 0.005
"""A look that costs less is taken every time."""
KEPT_FOLLOWERS = 4096


def is_sky_folder(path: str) -> bool:
    """Whether a path is a folder that is a catalog, or a collection, by the names of its files.

    Of one on a web server the address of its properties is given, and of object storage nothing else is shown:
    nothing is asked for.
    """
    if "://" in path:
        return file_name(path) in WEB_MARKS or is_store(path)
    if not os.path.isdir(path):  # noqa: PTH112 - a Path would refuse some strings that a file system takes
        return False
    if any(os.path.isfile(os.path.join(path, name)) for name in MARKS):  # noqa: PTH113, PTH118
        return True
    # The older name alone is that of other things as well.
    names = ("properties", "dataset")
    return all(os.path.exists(os.path.join(path, name)) for name in names)  # noqa: PTH110, PTH118


def shown_name(path: str) -> str:
    """The name of a file, or of the folder that is a catalog."""
    return file_name(_far_address(path)) if "://" in path and is_sky_folder(path) else file_name(path)


def _far_address(path: str) -> str:
    """Address of the folder of a catalog that is far, without the name of its properties."""
    return path.rpartition("/")[0] if file_name(path) in MARKS else path


def _opened(path: str, storage_options: Mapping[str, Any] | None = None) -> HatsCatalog:
    from armillary.catalogs.viewing.catalog import open_shown
    from armillary.catalogs.viewing.far_folders import far_folder

    return open_shown(far_folder(_far_address(path), storage_options) if "://" in path else path)


def within_sky_folder(path: str) -> bool:
    """Whether a local path lies in a folder that is a catalog: the catalog is shown as one."""
    above = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120 - keeps links as they were named
    return _is_or_within(above)


def _is_or_within(folder: str) -> bool:
    above = os.path.dirname(folder)  # noqa: PTH120
    return is_sky_folder(folder) or (above != folder and _is_or_within(above))


def check_sky_folder(path: str) -> None:
    """Refuse what cannot be looked at: margins, indexes, damaged catalogs. Nothing is read but a few words.

    Raises
    ------
    FileError
        So it is.
    """
    from armillary.catalogs.viewing.catalog import SkyCatalog

    SkyCatalog(_opened(path))


def read_sky_folder(
    path: str,
    *,
    ra_column: str | None = None,
    dec_column: str | None = None,
    name_column: str | None = None,
    allows: Callable[[str], bool] = lambda _path: True,
    storage_options: Mapping[str, Any] | None = None,
) -> SkyCatalog:
    """Open a catalog: its words and partitions are read, no rows.

    Parameters
    ----------
    storage_options
        For fsspec, where it is in object storage.

    Raises
    ------
    FileError
        It cannot be used.
    """
    from armillary.catalogs.viewing.catalog import SkyCatalog

    hats = _opened(path, storage_options)
    if not allows(hats.folder.address):
        raise outside(path)
    return SkyCatalog(hats, ra_column=ra_column, dec_column=dec_column, name_column=name_column, allows=allows)


class Follower:
    """Tells when a catalog changed. Safe to use from many threads.

    Parameters
    ----------
    path
        Its folder.
    storage_options
        For fsspec, as JSON.
    """

    def __init__(self, path: str, storage_options: str = "") -> None:
        self._path = path
        self._options = storage_options
        self._lock = threading.Lock()
        self._folders: tuple[str, ...] = (path,)
        self._files: list[str] = []
        self._words = b""
        self._whole = b""
        self._until = 0.0
        self._source: ByteSource | None = None

    def version(self) -> str:
        """What changes with any of its files.

        Raises
        ------
        UnreadableFileError
            It is gone.
        """
        with self._lock:
            if "://" in self._path:
                return self._far_version()
            if not is_sky_folder(self._path):
                raise UnreadableFileError(file_name(self._path), "there is no catalog here any more.")
            words = self._stamps(self._word_files())
            if words != self._words:
                self._open_again()
                words = self._words = self._stamps(self._word_files())
                self._until = 0.0
            if time.monotonic() >= self._until:
                start = time.monotonic()
                self._whole = self._stamps(self._files)
                now = time.monotonic()
                self._until = now + (now - start) / SHARE if now - start > CHEAP_S else 0.0
            return hashlib.blake2b(words + self._whole, digest_size=12).hexdigest()

    def _far_version(self) -> str:
        """Of one that is far: that of its properties, which are written last."""
        if self._source is None:
            self._source = self._far_words()
        return self._source.version

    def _far_words(self) -> ByteSource:
        from armillary.catalogs.viewing.far_folders import far_folder

        folder = far_folder(_far_address(self._path), json.loads(self._options or "{}"))
        marks = (file_name(self._path),) if not is_store(self._path) else (*MARKS, "properties")
        found = next((name for name in marks if len(marks) == 1 or folder.exists(name)), None)
        if found is None:
            raise UnreadableFileError(folder.name, "there is no catalog here.")
        return folder.source(found)

    def _word_files(self) -> list[str]:
        inside = (f"dataset/{name}" for name in METADATA)
        names = (*WORDS, *METADATA, *inside)
        return [os.path.join(folder, name) for folder in self._folders for name in names]  # noqa: PTH118

    def _open_again(self) -> None:
        from armillary.catalogs.hats.catalog import open_catalog

        try:
            hats = open_catalog(self._path)
        except ArmillaryError:
            self._folders, self._files = (self._path,), []  # Reading it says why.
            return
        self._folders = tuple(dict.fromkeys((self._path, hats.folder.address)))
        self._files = _followed(hats)

    @staticmethod
    def _stamps(paths: list[str]) -> bytes:
        from armillary.catalogs.viewing.partitions import stamp_of

        return repr([stamp_of(path) for path in paths]).encode()


def _followed(hats: HatsCatalog) -> list[str]:
    """Files of the partitions, and the folders that hold them."""
    from armillary.catalogs.hats.names import folders_of

    parts = hats.partitions
    folders = [hats.data.path(folder) for folder in folders_of(parts)]
    if len(parts) > MOST_FOLLOWED:
        return folders
    return folders + [hats.data.path(hats.file(pixel)).rstrip("/") for pixel in parts]


@functools.lru_cache(maxsize=KEPT_FOLLOWERS)
def follower(path: str, storage_options: str = "") -> Follower:
    """The one that follows a catalog."""
    return Follower(path, storage_options)
