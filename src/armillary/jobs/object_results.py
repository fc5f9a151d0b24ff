"""Files of jobs in object storage, or whatever else fsspec reaches."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError, ConfigurationError, NotFoundError
from armillary.jobs import result_keys
from armillary.jobs.folder_results import NO_FILE, unavailable
from armillary.jobs.result_keys import BLOCK_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

log = logging.getLogger(__name__)

MISSING = "jobs_results: fsspec is not installed: pip install 'armillary[cluster]'."
BAD = "jobs_results: fsspec knows no storage of this kind, or lacks the package for it ({kind})."
READ_AHEAD_BYTES = 4 << 20


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Failures of a storage, of whatever class its package has for them, as one of ours."""
    try:
        yield
    except ArmillaryError:
        raise
    except Exception as error:
        log.error("results of jobs: %s", type(error).__name__, exc_info=error)  # noqa: TRY400
        raise unavailable(error) from error


class ObjectResults:
    """A ``ResultStore`` behind an address of fsspec.

    Parameters
    ----------
    address
        Such as ``s3://bucket/folder``; how to log in is fsspec's configuration, or the storage's own variables.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._opened: tuple[int, Any, str] | None = None

    def _storage(self) -> tuple[Any, str]:
        """The file system and the root within it; a process that was forked makes its own."""
        with self._lock:
            if self._opened is None or self._opened[0] != os.getpid():
                storage, root = _open(self._address)
                self._opened = os.getpid(), storage, root.rstrip("/")
            return self._opened[1], self._opened[2]

    def write(self, key: str, parts: Iterable[bytes | memoryview]) -> int:
        """Keep bytes under a key: they are uploaded under another name, and get theirs when all are there."""
        job_id, attempt, file = result_keys.checked(key)
        storage, root = self._storage()
        folder = f"{root}/{job_id}/{attempt}"
        part = f"{folder}/{result_keys.part_name()}"
        try:
            with _told():
                storage.makedirs(folder, exist_ok=True)
                target = storage.open(part, "wb")
            try:
                size = _fill(target, parts)
            except BaseException:
                with contextlib.suppress(Exception):
                    target.close()
                raise
            with _told():
                target.close()
                storage.mv(part, f"{folder}/{file}")
        except BaseException:
            with contextlib.suppress(Exception):
                storage.rm_file(part)
            raise
        return size

    def settle(self, job_id: str, attempt: str) -> None:
        """Nothing: whoever keeps objects has them when it says so."""

    def size(self, key: str) -> int:
        """Bytes under a key."""
        storage, root = self._storage()
        return _size(storage, f"{root}/{'/'.join(result_keys.checked(key))}")

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes from ``start`` to ``stop``, fetched some blocks ahead."""
        storage, root = self._storage()
        path = f"{root}/{'/'.join(result_keys.checked(key))}"
        size = _size(storage, path)
        return _blocks(storage, path, start, size if stop is None else min(stop, size))

    def remove(self, job_id: str, attempt: str | None = None) -> None:
        """Remove all files of a job, or those of one attempt."""
        result_keys.check_folder(job_id, attempt)
        storage, root = self._storage()
        folder = f"{root}/{job_id}"
        with _told():
            with contextlib.suppress(FileNotFoundError):
                storage.rm(f"{folder}/{attempt}" if attempt else folder, recursive=True)
            if attempt:
                # Where folders are more than parts of names.
                with contextlib.suppress(Exception):
                    storage.rmdir(folder)

    def jobs(self) -> Iterator[tuple[str, str]]:
        """``(job_id, attempt)`` of all that is kept; an empty folder of a job counts as its uploads."""
        storage, root = self._storage()
        with _told():
            try:
                paths = storage.find(root, withdirs=True)
            except FileNotFoundError:
                paths = []
        folders: dict[str, set[str]] = {}
        for path in paths:
            job_id, _, rest = path.removeprefix(root).strip("/").partition("/")
            folders.setdefault(job_id, set()).add(rest.partition("/")[0])
        for job_id, attempts in folders.items():
            for attempt in attempts - {""} or {result_keys.UPLOADS}:
                if result_keys.is_ours(job_id, attempt):
                    yield job_id, attempt

    def belongs_to(self, identity: str) -> bool:
        """Whether the place belongs to the job store of this identity; one that belongs to nobody becomes its."""
        storage, root = self._storage()
        place = f"{root}/{result_keys.OWNER}"
        with _told():
            if not storage.exists(place):
                storage.makedirs(root, exist_ok=True)
                storage.pipe_file(place, identity.encode())
            return bool(storage.cat_file(place) == identity.encode())


def _open(address: str) -> tuple[Any, str]:
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise ConfigurationError(MISSING) from None
    try:
        # Listings that fsspec remembers would hide what other processes keep and remove.
        storage, root = url_to_fs(address, use_listings_cache=False)
    except (ImportError, ValueError, TypeError) as error:
        raise ConfigurationError(BAD.format(kind=type(error).__name__)) from None
    except Exception as error:
        log.error("results of jobs: %s", type(error).__name__, exc_info=error)  # noqa: TRY400
        raise unavailable(error) from error
    return storage, root


def _fill(target: Any, parts: Iterable[bytes | memoryview]) -> int:
    """Write all parts; what making them raises passes as it is."""
    size = 0
    for part in parts:
        with _told():
            data = memoryview(part).cast("B")
            target.write(data)
            size += len(data)
    return size


def _size(storage: Any, path: str) -> int:
    with _told():
        try:
            found = storage.info(path)
        except FileNotFoundError:
            raise NotFoundError(NO_FILE) from None
        if found.get("type") != "file" or found.get("islink"):
            raise NotFoundError(NO_FILE)
        return int(found["size"])


def _blocks(storage: Any, path: str, start: int, stop: int) -> Iterator[bytes]:
    if start >= stop:
        return
    with _told():
        source = storage.open(path, "rb", block_size=READ_AHEAD_BYTES, cache_type="readahead")
    with source:
        with _told():
            source.seek(start)
        while start < stop:
            with _told():
                block = source.read(min(BLOCK_BYTES, stop - start))
                if not block:
                    raise EOFError
            start += len(block)
            yield bytes(block)
