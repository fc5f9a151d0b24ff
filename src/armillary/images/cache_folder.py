"""Overviews that outlive the process, in a folder that the user named and nowhere else.

A file is named by a digest of what it belongs to and holds a line of JSON, then the arrays. Nothing in it is
executed or trusted: what does not fit is left alone and counts as absent.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

log = logging.getLogger(__name__)

SUFFIX = ".overview"
MAGIC = b"armillary overview 1\n"
MAX_HEADER_BYTES = 4096
PART_SUFFIX = ".part"
OLD_PART_S = 3600.0
"""A part this old was left by a process that was killed."""


class CacheFolder:
    """A folder bounded by size; files used longest ago go first. Several processes may share it.

    Parameters
    ----------
    folder
        Made, for its owner only, when the first overview is written.
    max_bytes
        Bound on the size of the files of this kind in it; others are neither counted nor touched.
    """

    def __init__(self, folder: str | os.PathLike[str], max_bytes: int = 1 << 30) -> None:
        self.folder = Path(folder)
        self.max_bytes = max_bytes
        self._lock = threading.Lock()

    def path(self, name: str) -> Path:
        """Where the overview of that name is."""
        return self.folder / (hashlib.blake2b(name.encode(), digest_size=20).hexdigest() + SUFFIX)

    def load(self, name: str, like: Sequence[NDArray[Any]]) -> list[NDArray[Any]] | None:
        """Arrays that were saved under a name, or None where there are none of that kind.

        Parameters
        ----------
        name
            What they belong to; holds the version of the file.
        like
            Arrays of the shapes and dtypes that must come back.
        """
        path = self.path(name)
        try:
            if path.stat().st_size > sum(array.nbytes for array in like) + MAX_HEADER_BYTES:
                return None
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return _parse(data, name, like)

    def save(self, name: str, arrays: Sequence[NDArray[Any]]) -> None:
        """Save arrays under a name, all or nothing. A full disk or a missing permission is logged, not raised."""
        body = b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)
        header = _header(name, body)
        if len(header) + len(body) > self.max_bytes or len(header) > MAX_HEADER_BYTES:
            return
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(self.path(name), header, body)
            with self._lock:
                self._shrink()
        except OSError as error:
            log.warning("An overview was not saved in the cache folder: %s", error.strerror)

    def _write(self, path: Path, *parts: bytes) -> None:
        handle, temporary = tempfile.mkstemp(suffix=SUFFIX + PART_SUFFIX, prefix=path.stem, dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                for part in parts:
                    file.write(part)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def _shrink(self) -> None:
        for path in self.folder.glob("*" + SUFFIX + PART_SUFFIX):
            if time.time() - path.stat().st_mtime > OLD_PART_S:
                path.unlink(missing_ok=True)
        found = [(path, path.stat()) for path in self.folder.glob("*" + SUFFIX) if path.is_file()]
        total = sum(status.st_size for _, status in found)
        for path, status in sorted(found, key=lambda pair: pair[1].st_mtime_ns):
            if total <= self.max_bytes:
                break
            path.unlink(missing_ok=True)
            total -= status.st_size


def _header(name: str, body: bytes) -> bytes:
    facts = {"name": name, "bytes": len(body), "digest": hashlib.blake2b(body, digest_size=16).hexdigest()}
    return MAGIC + json.dumps(facts).encode() + b"\n"


def _parse(data: bytes, name: str, like: Sequence[NDArray[Any]]) -> list[NDArray[Any]] | None:
    if not data.startswith(MAGIC):
        return None
    end = data.find(b"\n", len(MAGIC), MAX_HEADER_BYTES) + 1
    body = data[end:]
    if end == 0 or data[:end] != _header(name, body) or len(body) != sum(array.nbytes for array in like):
        return None
    arrays, offset = [], 0
    for array in like:
        part = np.frombuffer(body, array.dtype, array.size, offset).reshape(array.shape)
        arrays.append(part.copy())
        offset += array.nbytes
    return arrays
