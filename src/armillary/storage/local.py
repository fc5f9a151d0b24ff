"""Files of the local machine: looked at before they are opened, mapped when their pixels are wanted."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import CorruptFileError, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_KINDS = {
    stat.S_IFDIR: "a folder, not a file",
    stat.S_IFIFO: "a named pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
}


def version_of(status: os.stat_result) -> str:
    """Version of a file with that status: 16 hexadecimal digits."""
    return _token(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=4096)
def _token(*facts: int) -> str:
    return hashlib.blake2b(".".join(map(str, facts)).encode(), digest_size=8).hexdigest()


def checked_stat(path: str, name: str) -> os.stat_result:
    """Status of a regular file, links followed.

    Raises
    ------
    UnreadableFileError
        There is none, or it is something else; nothing is opened, so a named pipe cannot block.
    """
    try:
        status = os.stat(path)  # noqa: PTH116  (twice as fast as Path, and asked for at every tile)
    except (OSError, ValueError) as error:
        raise _unreadable(path, name, error) from error
    kind = _KINDS.get(stat.S_IFMT(status.st_mode))
    if kind is not None:
        raise UnreadableFileError(name, f"this is {kind}.")
    return status


def _unreadable(path: str, name: str, error: Exception) -> UnreadableFileError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ENOENT and Path(path).is_symlink():
        return UnreadableFileError(name, "this link points to nothing.")
    words = {
        errno.ENOENT: "there is no such file.",
        errno.ENOTDIR: "there is no such file.",
        errno.EACCES: "no permission to read it.",
        errno.EPERM: "no permission to read it.",
        errno.ELOOP: "this link points to itself.",
        errno.ENAMETOOLONG: "the name is too long.",
        errno.EMFILE: "too many files are open.",
        errno.ENFILE: "too many files are open.",
        errno.ESTALE: "it has vanished from its file server.",
    }
    return UnreadableFileError(name, words.get(number or 0, "it cannot be read."))


class LocalSource:
    """A plain file.

    No descriptor is kept: bytes are read by opening the path anew, so thousands of sources may be open.

    Parameters
    ----------
    path
        Its path; links are followed at every look.

    Raises
    ------
    UnreadableFileError
        Missing, no permission, not a regular file.
    """

    decoded = False
    max_bytes = 1 << 62

    def __init__(self, path: str) -> None:
        self.path = str(Path(path).absolute())
        self.name = Path(path).name
        os.close(self._open())

    @property
    def version(self) -> str:
        """Made of device, inode, size and time of change."""
        return version_of(checked_stat(self.path, self.name))

    @property
    def size(self) -> int:
        """Bytes of the file now."""
        return checked_stat(self.path, self.name).st_size

    def ends_at(self, offset: int) -> bool:
        """Whether the file has exactly ``offset`` bytes."""
        return self.size == offset

    def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes, or CorruptFileError."""
        data = self.read_upto(offset, length)
        if len(data) != length:
            raise CorruptFileError(self.name, "the file ends too early: it is truncated.")
        return data

    def read_upto(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes, fewer where the file ends."""
        fd = self._open()
        try:
            # A claim of a header must not make us ask for more memory than the file can fill.
            length = min(length, max(0, os.fstat(fd).st_size - offset))
            return b"".join(_pieces(fd, offset, length))
        except OSError as error:
            raise _unreadable(self.path, self.name, error) from error
        finally:
            os.close(fd)

    def mapped(self) -> memoryview | None:
        """The kept mapping of the file as it is now."""
        from armillary.storage.mapping import mappings

        return mappings.view(self)

    def read_rows(self, offset: int, stride: int, length: int, count: int) -> NDArray[np.uint8] | None:
        """Rows read one by one where they are not in the page cache; None where they are."""
        from armillary.storage.cold import read_cold_rows

        fd = self._open()
        try:
            return read_cold_rows(fd, offset, stride, length, count)
        except OSError as error:
            raise _unreadable(self.path, self.name, error) from error
        finally:
            os.close(fd)

    def close(self) -> None:
        """Let go of the kept mapping."""
        from armillary.storage.mapping import mappings

        mappings.forget(self.path)

    def open_for_mapping(self) -> tuple[int, os.stat_result]:
        """Descriptor, which the caller closes, and its status."""
        fd = self._open()
        return fd, os.fstat(fd)

    def _open(self) -> int:
        checked_stat(self.path, self.name)
        try:
            fd = os.open(self.path, _OPEN_FLAGS)
        except OSError as error:
            raise _unreadable(self.path, self.name, error) from error
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise UnreadableFileError(self.name, "this is not a regular file.")
        return fd


def _pieces(fd: int, offset: int, length: int) -> Iterator[bytes]:
    if not hasattr(os, "pread"):
        os.lseek(fd, offset, os.SEEK_SET)
    while length > 0:
        piece = os.pread(fd, min(length, 1 << 30), offset) if hasattr(os, "pread") else os.read(fd, length)
        if not piece:
            return
        yield piece
        offset += len(piece)
        length -= len(piece)
