"""One file on offer: opened once, looked at on every access, opened anew when it changed."""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from typing import TYPE_CHECKING, Protocol

from armillary import __version__
from armillary.errors import ArmillaryError, FileError, NoPixelsError, UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.images.files import ImageFile
    from armillary.storage.source import ByteSource

log = logging.getLogger(__name__)

REMEMBERED_VERSIONS = 256
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_NO_STORES = {"http", "https", "file", "local"}


def open_file(path: str) -> tuple[ByteSource, ImageFile]:
    """Open a file: its bytes and what they hold. Replaced in tests."""
    from armillary.images.files import open_image
    from armillary.storage.source import open_source

    source = open_source(path)
    try:
        return source, open_image(path, source)
    except BaseException:
        source.close()
        raise


def file_name(path: str) -> str:
    """The last part of a path or URL, without a query."""
    if "://" in path:
        path = path.split("?", 1)[0].split("#", 1)[0]
    return os.path.basename(path.rstrip("/")) or "file"  # noqa: PTH119 - URLs are no paths


def is_store(path: str) -> bool:
    """Whether it is an address of object storage or the like, as fsspec takes them: none of the web or of this disk."""
    scheme, mark, _ = path.partition("://")
    return bool(mark) and bool(_SCHEME.fullmatch(scheme)) and scheme.lower() not in _NO_STORES


def outside(path: str) -> UnreadableFileError:
    """The error for a file that may not be opened."""
    return UnreadableFileError(file_name(path), "lies outside the folders that are allowed.")


def worded(path: str, error: Exception) -> FileError:
    """Any failure to open ``path`` as an error with words fit for everybody."""
    if isinstance(error, FileError):
        return error
    name = file_name(path)
    if isinstance(error, ArmillaryError):
        return UnreadableFileError(name, error.message)
    log.error("unexpected failure while opening %s", name, exc_info=error)
    return UnsupportedFileError(name, "could not be opened because of an unexpected failure; the log has more.")


class PublicVersions:
    """Versions that clients see: a few letters that change with all that a version is of.

    Parameters
    ----------
    identity
        What the versions are of, beyond this process.
    """

    def __init__(self, identity: str) -> None:
        self._said: dict[tuple[str, tuple[object, ...]], str] = {}
        self._identity = hashlib.blake2b(f"{__version__}\0{identity}".encode("utf-8", "surrogateescape"), digest_size=8)

    def of(self, version: str, *about: object) -> str:
        """The version to show for a version of the file and what is made of it."""
        said = self._said.get((version, about))
        if said is None:
            digest = self._identity.copy()
            digest.update("\0".join((version, *map(str, about))).encode("utf-8", "surrogateescape"))
            said = digest.hexdigest()
            if len(self._said) >= REMEMBERED_VERSIONS:
                self._said.clear()
            self._said[version, about] = said
        return said


class Offered(Protocol):
    """A file on offer, or what is computed from several.

    Attributes
    ----------
    name
        Its own name, for messages.
    path
        Where it lies; empty for what lies nowhere. Never shown to clients.
    """

    name: str
    path: str

    @property
    def identity(self) -> str:
        """What names it beyond this process."""

    @property
    def problem(self) -> FileError | None:
        """Why it cannot be shown now, None while it can."""

    def current(self) -> tuple[ImageFile, str]:
        """What it holds now, and its version."""

    def at_once(self) -> str | None:
        """Its version where that takes no longer than a stat; never raises."""

    def public_version(self, version: str, *about: object) -> str:
        """Version that clients see."""

    def close(self) -> None:
        """Give it back to the system."""


class OfferedFile:
    """A file on offer.

    Parameters
    ----------
    path
        Where it lies; never shown to clients.
    opener
        Opens it.
    """

    def __init__(self, path: str, opener: Callable[[str], tuple[ByteSource, ImageFile]] = open_file) -> None:
        self.path = path
        self.name = file_name(path)
        self.problem: FileError | None = None
        self._opener = opener
        self._lock = threading.Lock()
        self._source: ByteSource | None = None
        self._image: ImageFile | None = None
        self._version = ""
        self._public = PublicVersions(path)
        self._failed_stamp: tuple[int, ...] | None = None

    @property
    def identity(self) -> str:
        """What names it beyond this process: its path, links followed."""
        return os.path.realpath(self.path)

    def current(self) -> tuple[ImageFile, str]:
        """What the file holds now, and its version; costs a stat while nothing changed.

        Raises
        ------
        FileError
            It vanished, or what replaced it cannot be shown. Later calls look again.
        """
        source, image, kept = self._source, self._image, self._version
        if source is not None and image is not None and self.problem is None and _version(source) == kept:
            return image, kept
        with self._lock:
            return self._reopen()

    def at_once(self) -> str | None:
        """The version where a stat tells that nothing changed; None where it takes longer to tell."""
        source, kept = self._source, self._version
        if source is None or self._image is None or self.problem is not None or "://" in self.path:
            return None
        return kept if _version(source) == kept else None

    def _reopen(self) -> tuple[ImageFile, str]:
        if self._source is not None and self._image is not None and _version(self._source) == self._version:
            self.problem = None
            return self._image, self._version
        stamp = _stamp(self.path)
        if self.problem is not None and stamp is not None and stamp == self._failed_stamp:
            raise self.problem
        try:
            source, image = self._opened_between_two_looks()
        except Exception as error:
            self.problem = worded(self.path, error)
            # What may pass by itself (a disk, a network) is tried again; what the bytes say stays until they change.
            self._failed_stamp = None if type(self.problem) is UnreadableFileError else stamp
            raise self.problem from error
        old, self._source, self._image, self.problem = self._source, source, image, None
        if old is not None:
            log.info("%s changed: opened anew", self.name)
        return image, self._version

    def _opened_between_two_looks(self) -> tuple[ByteSource, ImageFile]:
        """Open; a file that changes while its headers are read is read again, a few times."""
        for _ in range(3):
            source, image = self._opener(self.path)
            before = image.version
            if source.version == before:
                if not image.stacks:
                    source.close()
                    raise NoPixelsError(self.name, "holds no image and no sky map.")
                self._version = before
                return source, image
            source.close()
        raise UnreadableFileError(self.name, "is being written to; it is tried again at the next look.")

    def public_version(self, version: str, *about: object) -> str:
        """Version that clients see: changes with the file, its place, what is made of it, and the program's release."""
        return self._public.of(version, *about)

    def close(self) -> None:
        """Give the file back to the system."""
        with self._lock:
            if self._source is not None:
                self._source.close()
            self._source = self._image = None


def _version(source: ByteSource) -> str | None:
    """Version now, None when it cannot be told (vanished)."""
    try:
        return source.version
    except FileError:
        return None


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes when a local file does, None where that cannot be told."""
    try:
        found = os.stat(path)  # noqa: PTH116 - bytes that are no text may be in it
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
