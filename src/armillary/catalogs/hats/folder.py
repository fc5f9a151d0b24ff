"""A folder of a catalog: on a disk, or on any storage that fsspec reaches. Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from armillary.errors import ArmillaryError, ConfigurationError, UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PARTIAL = ".partial-"
_NOT_WRITTEN = {errno.ENOTDIR, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
_MISSING = "Object storage needs fsspec and its driver: pip install 'armillary[catalogs]'."


class Folder:
    """A folder by its address. May be pickled.

    Parameters
    ----------
    address
        A path, or an address such as ``s3://bucket/folder``.
    storage_options
        For fsspec: keys, endpoints and the like. Never shown.

    Attributes
    ----------
    address
        As it is used: an absolute path, or the address.
    """

    def __init__(self, address: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None) -> None:
        text = os.fspath(address)
        if text.startswith("file://"):
            text = text.removeprefix("file://")
        self.local = "://" not in text
        self.address = os.path.abspath(os.path.expanduser(text)) if self.local else text.rstrip("/")  # noqa: PTH100, PTH111
        self.storage_options = dict(storage_options or {})

    @property
    def name(self) -> str:
        """Its own name, for messages."""
        return PurePosixPath(self.address).name or self.address

    def __repr__(self) -> str:
        return f"Folder({self.name!r})"

    def child(self, name: str) -> Folder:
        """A folder inside it."""
        return Folder(self.path(name), self.storage_options)

    def elsewhere(self, address: str) -> Folder:
        """The folder of an address that stands in a file of this one."""
        return Folder(address, self.storage_options)

    def path(self, name: str = "") -> str:
        """Address of something inside it."""
        return f"{self.address}/{name}" if name else self.address

    @property
    def _fs(self) -> Any:
        """The file system of what is not local. fsspec keeps one for each address and options."""
        try:
            import fsspec
        except ImportError:
            raise ConfigurationError(_MISSING) from None
        kind = self.address.partition("://")[0]
        try:
            return fsspec.filesystem(kind, **self.storage_options)
        except ImportError:
            raise ConfigurationError(f"{kind}: fsspec's driver for this kind of storage is not installed.") from None
        except Exception as error:  # noqa: BLE001 - drivers raise what they like
            # Its words may hold what the options do.
            what = f"{type(error).__name__}: does fsspec know it, and it the storage options?"
            raise ConfigurationError(f"{kind}: this kind of storage cannot be used ({what}).") from None

    @property
    def _fresh(self) -> Any:
        """The file system without what it remembers of its lists: other processes write, too."""
        found = self._fs
        found.invalidate_cache()
        return found

    def exists(self, name: str = "") -> bool:
        """Whether there is a file or folder of that name."""
        path = self.path(name)
        if self.local:
            return os.path.exists(path)  # noqa: PTH110
        return self._kind(path) is not None

    def is_folder(self) -> bool:
        """Whether it is a folder, not a file."""
        return os.path.isdir(self.address) if self.local else self._kind(self.address) == "directory"  # noqa: PTH112

    def _kind(self, path: str) -> str | None:
        """``file`` or ``directory``; None for nothing. fsspec's own ``exists`` takes every failure for nothing."""
        with _told(path):
            try:
                return str(self._fresh.info(path)["type"])
            except FileNotFoundError:
                return None

    def matches(self, pattern: str) -> list[str]:
        """Addresses that a pattern of this storage names, sorted."""
        with _told(pattern):
            return sorted(str(self._fs.unstrip_protocol(found)) for found in self._fs.glob(pattern))

    def size(self, name: str) -> int:
        """Bytes of a file."""
        with _told(name):
            return os.stat(self.path(name)).st_size if self.local else int(self._fresh.size(self.path(name)))  # noqa: PTH116

    def seen_from(self, base: Folder) -> str:
        """Its address as a catalog in another folder names it: relative where both are on this machine."""
        if self.local and base.local:
            return os.path.relpath(self.address, base.address).replace(os.sep, "/")
        return self.address

    def version(self, name: str) -> str:
        """What changes when a file does, as far as the storage says it."""
        with _told(name):
            if self.local:
                found = os.stat(self.path(name))  # noqa: PTH116
                return f"{found.st_size} {found.st_mtime_ns}"
            return str(self._fs.ukey(self.path(name)))

    def read(self, name: str, most: int | None = None) -> bytes:
        """Bytes of a small file, at most ``most``.

        Raises
        ------
        UnreadableFileError
            It is not there, or cannot be read.
        """
        if not self.local:
            self._fs.invalidate_cache()
        with _told(name), self.open(name) as file:
            data: bytes = file.read(-1 if most is None else most)
        return data

    def open(self, name: str) -> Any:
        """A file for reading anywhere in it: a context."""
        path = self.path(name)
        if self.local:
            return open(path, "rb")  # noqa: PTH123
        with _told(name):
            return _telling(name, self._fs.open(path, "rb"))

    def mapped(self, name: str) -> Any:
        """A file of Arrow, mapped if it is here: a context.

        Only what is looked at is read, and no thread of pyarrow ever waits for Python's lock.
        """
        import pyarrow as pa

        if not self.local:
            return self.open(name)
        with _told(name):
            return pa.memory_map(self.path(name))

    def arrow(self, name: str) -> Any:
        """A file as pyarrow reads it best: a path, or an open file."""
        if self.local:
            return self.path(name)
        with _told(name):
            return self.open(name)

    def files(self, suffix: str = "") -> Iterator[str]:
        """Names of all files in it and below, as parts of paths, sorted; what is half written is left out."""
        if self.local:
            found = [
                os.path.relpath(os.path.join(top, name), self.address)  # noqa: PTH118
                for top, _, names in os.walk(self.address)
                for name in names
            ]
        else:
            root = str(self._fs._strip_protocol(self.address)).strip("/")  # noqa: SLF001 - fsspec's own way to a key
            found = [path.strip("/").removeprefix(root).lstrip("/") for path in self._found()]
        yield from sorted(name for name in found if name.endswith(suffix) and PARTIAL not in name)

    def _found(self) -> list[str]:
        """All files of what is not local, as the storage names them."""
        with _told(self.address):
            return list(self._fresh.find(self.address))

    def write(self, name: str, data: bytes) -> None:
        """Put a small file there, in place of what there was."""
        with self.writing(name) as file:
            file.write(data)

    @contextlib.contextmanager
    def writing(self, name: str, *, lasting: bool = True) -> Iterator[IO[bytes]]:
        """A new file: it is there when the block ends well, and nothing is when it ends otherwise.

        Parameters
        ----------
        lasting
            Whether it outlives a failure of power from then on.
        """
        with _told_of_writing(name):
            if self.local:
                with self._writing_here(self.path(name), lasting=lasting) as file:
                    yield file
                return
            with tempfile.TemporaryFile() as spool:
                yield spool
                spool.seek(0)
                self._put(name, spool)

    def _put(self, name: str, spool: IO[bytes]) -> None:
        try:
            with self._fs.open(self.path(name), "wb") as out:
                shutil.copyfileobj(spool, out, 8 << 20)
        except Exception as error:
            # Drivers raise what they like, and as the file is closed some keep the half that was written.
            with contextlib.suppress(Exception):
                self._fs.rm_file(self.path(name))
            raise UnreadableFileError(PurePosixPath(name).name, f"cannot be written: {reason_of(error)}.") from error

    @contextlib.contextmanager
    def _writing_here(self, path: str, *, lasting: bool) -> Iterator[IO[bytes]]:
        top, _, name = path.rpartition("/")
        partial = f"{top}/{PARTIAL}{secrets.token_hex(4)}-{name}"
        try:
            with _new_file(top, partial) as file:
                yield file
                file.flush()
                if lasting:
                    os.fsync(file.fileno())
            os.replace(partial, path)  # noqa: PTH105
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise

    def remove(self, name: str) -> None:
        """Remove a file; there need be none."""
        with _told(name), contextlib.suppress(FileNotFoundError):
            Path(self.path(name)).unlink() if self.local else self._fs.rm_file(self.path(name))

    def remove_all(self) -> None:
        """Remove it with all that is in it; it need not be there.

        Raises
        ------
        UnreadableFileError
            Some of it is left on a storage.
        """
        if self.local:
            shutil.rmtree(self.address, ignore_errors=True)
        elif self.exists():
            with _told(self.address), contextlib.suppress(FileNotFoundError):
                self._fs.rm(self.address, recursive=True)
            # Of what fails on the way drivers may say no more than that a file is not there.
            if self.exists():
                raise UnreadableFileError(self.name, "cannot be removed: some of it is left.")

    def remove_if_empty(self) -> None:
        """Remove the folder itself, where there is nothing in it."""
        if self.local:
            with contextlib.suppress(OSError):
                Path(self.address).rmdir()

    def sweep(self, name: str = "") -> None:
        """Remove files that were half written when a process was killed: all in it and below, or those of a name in it.

        Nobody may be writing them now.
        """
        if self.local:
            found = Path(self.address).glob(f"{PARTIAL}*-{name}") if name else Path(self.address).rglob(f"{PARTIAL}*")
            for path in found:
                path.unlink(missing_ok=True)

    def empty(self) -> bool:
        """Whether there is nothing in it, half written files aside."""
        return next(self.files(), None) is None


def _new_file(folder: str, path: str) -> IO[bytes]:
    # Thousands of small files are written, mostly into folders that are there: paths as text, no question before.
    try:
        return open(path, "xb")  # noqa: PTH123
    except FileNotFoundError:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return open(path, "xb")  # noqa: PTH123


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    """Failures of storage as one of ours, without a path."""
    own = PurePosixPath(name).name
    try:
        yield
    except FileNotFoundError as error:
        cause = error.__cause__
        # Drivers say the same where nobody answered them.
        if isinstance(cause, OSError) and not isinstance(cause, FileNotFoundError):
            raise UnreadableFileError(own, f"cannot be read: {reason_of(cause)}.") from None
        raise UnreadableFileError(own, "is not there.") from None
    except PermissionError:
        raise UnreadableFileError(own, "may not be read: no permission.") from None
    except IsADirectoryError:
        raise UnsupportedFileError(own, "is a folder.") from None
    except ArmillaryError:
        raise
    except Exception as error:
        # Drivers raise what they like.
        raise UnreadableFileError(own, f"cannot be read: {reason_of(error)}.") from error


def _telling(name: str, file: Any) -> Any:
    """A file of fsspec's that fails as one of ours while it is read, too."""
    cache: Any = getattr(file, "cache", None)
    fetch: Any = getattr(cache, "fetcher", None)

    def told(*span: int) -> Any:
        with _told(name):
            return fetch(*span)

    if fetch is not None:
        cache.fetcher = told
    return file


def reason_of(error: BaseException) -> str:
    """Why storage failed, in a word or two: no address, no key."""
    if "support range requests" in str(error):  # fsspec's words
        return "the server gives no ranges of files"
    number = getattr(error, "errno", None)
    # Not in the words of the error itself: they name addresses.
    return os.strerror(number) if isinstance(number, int) and number > 0 else type(error).__name__


@contextlib.contextmanager
def _told_of_writing(name: str) -> Iterator[None]:
    """A full disk and the like as one of our errors, without a path."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NOT_WRITTEN:
            raise
        own = PurePosixPath(name).name
        raise UnreadableFileError(own, f"cannot be written: {os.strerror(error.errno or 0)}.") from error


__all__ = ["Folder"]
