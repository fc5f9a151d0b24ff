"""Files of jobs in a folder that only its owner may read."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, UnavailableError
from armillary.jobs import result_keys
from armillary.jobs.result_keys import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FULL = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}
NO_ROOM = "There is no room left for the results of jobs: try again later, or ask for less."
MAKES = 50
PAUSE_S = 0.0002
"""Between attempts to make a folder; longer by as much after each."""
NO_PLACE = "The results of jobs cannot be reached now: try again in a moment."
NO_FILE = "There is no such file: the job was deleted, or has none of this name."
NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
REMOVALS = 3
FEW_FILES = 8


@contextlib.contextmanager
def told() -> Iterator[None]:
    """Failures of the file system as one of ours, without any path."""
    try:
        yield
    except OSError as error:
        raise unavailable(error) from error


def unavailable(error: BaseException) -> UnavailableError:
    """What is said of a failure of the place where results are."""
    full = isinstance(error, OSError) and error.errno in FULL
    return UnavailableError(NO_ROOM if full else NO_PLACE, code="storage", full=full)


class FolderResults:
    """A ``ResultStore`` in a folder.

    Parameters
    ----------
    folder
        Made, readable for nobody else, when the first file is kept. Links within it are never followed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, key: str, parts: Iterable[bytes | memoryview]) -> int:
        """Keep bytes under a key; an upload lies on the disk before the file has its name."""
        job_id, attempt, file = result_keys.checked(key)
        with told():
            folder = self._made(job_id, attempt)
            part = folder / result_keys.part_name()
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
        try:
            try:
                size = _fill(descriptor, parts)
                if attempt == result_keys.UPLOADS:
                    with told():
                        os.fsync(descriptor)
            finally:
                os.close(descriptor)
            with told():
                part.replace(folder / file)
                if attempt == result_keys.UPLOADS:
                    self._sync_names(folder)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink()
            raise
        return size

    def settle(self, job_id: str, attempt: str) -> None:
        """Bring the files of an attempt to the disk: a few one by one, many by one call for the file system."""
        result_keys.check_folder(job_id, attempt)
        folder = self._folder / job_id / attempt
        with told():
            names = [entry.name for entry in os.scandir(folder)] if _is_folder(folder) else []
            if len(names) > FEW_FILES and _sync_all(folder):
                return
            for name in names:
                _sync(folder / name)
            if names:
                self._sync_names(folder)

    def _sync_names(self, folder: Path) -> None:
        """Bring the names in the folder of an attempt to the disk, and its own."""
        for place in (folder, folder.parent, self._folder):
            _sync(place)

    def _made(self, job_id: str, attempt: str) -> Path:
        """The folder of an attempt, made where it is missing."""
        for number in range(MAKES):
            # Who removes another attempt meanwhile takes away the folder of the job while it is empty.
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return self._make(job_id, attempt)
            time.sleep(number * PAUSE_S)
        return self._make(job_id, attempt)

    def _make(self, job_id: str, attempt: str) -> Path:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = self._folder
        for name in (job_id, attempt):
            folder /= name
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
            if not _is_folder(folder):
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return folder

    def _place(self, key: str) -> Path:
        job_id, attempt, file = result_keys.checked(key)
        folder = self._folder / job_id / attempt
        with told():
            if not (_is_folder(folder.parent) and _is_folder(folder)):
                raise NotFoundError(NO_FILE)
        return folder / file

    def size(self, key: str) -> int:
        """Bytes under a key."""
        place = self._place(key)
        with told():
            try:
                found = place.lstat()
            except FileNotFoundError:
                raise NotFoundError(NO_FILE) from None
        if not stat.S_ISREG(found.st_mode):
            raise NotFoundError(NO_FILE)
        return found.st_size

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes from ``start`` to ``stop``; what is removed meanwhile is read to its end."""
        size = self.size(key)
        with told():
            try:
                descriptor = os.open(self._place(key), os.O_RDONLY | NO_FOLLOW)
            except FileNotFoundError:
                raise NotFoundError(NO_FILE) from None
        return _Blocks(descriptor, start, size if stop is None else min(stop, size))

    def remove(self, job_id: str, attempt: str | None = None) -> None:
        """Remove all files of a job, or those of one attempt."""
        result_keys.check_folder(job_id, attempt)
        folder = self._folder / job_id
        with told():
            if not _is_folder(folder):
                return
            _remove(folder / attempt if attempt else folder)
            with contextlib.suppress(OSError):
                folder.rmdir()

    def jobs(self) -> Iterator[tuple[str, str]]:
        """``(job_id, attempt)`` of all that is kept; an empty folder of a job counts as its uploads."""
        for job_id in _names(self._folder):
            attempts = _names(self._folder / job_id) or [result_keys.UPLOADS]
            yield from ((job_id, attempt) for attempt in attempts if result_keys.is_ours(job_id, attempt))

    def belongs_to(self, identity: str) -> bool:
        """Whether the folder belongs to the job store of this identity; one that belongs to nobody becomes its."""
        place = self._folder / result_keys.OWNER
        with told():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not place.exists():
                self._claim_for(identity, place)
            return place.read_text(encoding="utf-8") == identity

    def _claim_for(self, identity: str, place: Path) -> None:
        part = self._folder / result_keys.part_name()
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_FOLLOW, 0o600)
        try:
            try:
                os.write(descriptor, identity.encode())
            finally:
                os.close(descriptor)
            # The first counts, and its name is there when all of it is.
            with contextlib.suppress(FileExistsError):
                os.link(part, place)
        finally:
            part.unlink(missing_ok=True)


class _Blocks:
    """Blocks of an open file; closes it when they are over, or nobody wants them any more."""

    def __init__(self, descriptor: int, start: int, stop: int) -> None:
        self._descriptor = descriptor
        self._at = start
        self._stop = stop

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._at >= self._stop or self._descriptor < 0:
            self.close()
            raise StopIteration
        with told():
            block = _read_at(self._descriptor, min(BLOCK_BYTES, self._stop - self._at), self._at)
            if not block:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._at += len(block)
        return block

    def close(self) -> None:
        """Let go of the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()


def _read_at(descriptor: int, length: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(descriptor, length, offset)
    os.lseek(descriptor, offset, os.SEEK_SET)
    return os.read(descriptor, length)


def _fill(descriptor: int, parts: Iterable[bytes | memoryview]) -> int:
    """Write all parts; what making them raises passes as it is."""
    size = 0
    for part in parts:
        rest = memoryview(part).cast("B")
        size += len(rest)
        with told():
            while rest:
                rest = rest[os.write(descriptor, rest) :]
    return size


def _sync(path: Path) -> None:
    """Bring a file to the disk, or the names in a folder where the system can."""
    if not path.is_dir() or hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(path, os.O_RDONLY | NO_FOLLOW)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _sync_all(folder: Path) -> bool:
    """Bring all of a file system to the disk; whether that can be done here (``syncfs(2)``)."""
    if sys.platform != "linux":
        return False
    import ctypes

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            if number in {errno.EINVAL, errno.ENOSYS}:
                return False
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
    return True


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def _names(folder: Path) -> list[str]:
    """Names of the folders in a folder; none where it is not there."""
    try:
        with told(), os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except UnavailableError as error:
        if isinstance(error.__cause__, FileNotFoundError | NotADirectoryError):
            return []
        raise


def _remove(folder: Path) -> None:
    """Remove a folder with all in it; others may do the same, and somebody may still write there."""
    for _ in range(REMOVALS):
        try:
            with os.scandir(folder) as entries:
                found = [(Path(entry.path), entry.is_dir(follow_symlinks=False)) for entry in entries]
            for path, is_folder in found:
                if is_folder:
                    _remove(path)
                else:
                    path.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            return
        except NotADirectoryError:
            folder.unlink(missing_ok=True)
            return
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                raise
        else:
            return
