"""Bytes of a file of the input, wherever it lies."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

from armillary.errors import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.catalogs.ingest.inputs import InputFile


class FileBytes:
    """What readers of text want of a ``ByteSource``; a context.

    Parameters
    ----------
    file
        On this machine's disks, or on any storage.
    """

    def __init__(self, file: InputFile) -> None:
        self.name, self.size = file.name.rpartition("/")[2], file.size
        self._lock = Lock()
        try:
            self._open: Any = file.folder.open(file.name)
        except OSError as error:
            raise UnreadableFileError(
                self.name, f"cannot be read: {error.strerror or type(error).__name__}."
            ) from error

    def read_upto(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes: fewer only where the file ends."""
        with self._lock:
            self._open.seek(offset)
            return bytes(self._open.read(length))

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._open.close()


@contextlib.contextmanager
def here(file: InputFile) -> Iterator[str]:
    """Path of a file on this machine: its own, or of a copy for as long as the block takes."""
    if file.folder.local:
        yield file.folder.path(file.name)
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (file.name.rpartition("/")[2] or "table")
        with file.folder.open(file.name) as source, path.open("wb") as copy:
            shutil.copyfileobj(source, copy, 8 << 20)
        yield str(path)
