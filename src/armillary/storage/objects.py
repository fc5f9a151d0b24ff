"""Files in object storage, as fsspec reaches it: read by ranges."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError, CorruptFileError, UnreadableFileError
from armillary.storage import remote

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

# Names by which drivers tell what changes with a file; what they tell besides may change without it.
_TELLING = {
    *("size", "etag", "version_id", "versionid", "generation", "md5hash", "content_md5", "checksum", "crc32c"),
    *("mtime", "lastmodified", "last_modified", "modified", "created", "updated"),
}


def asked(name: str, ask: Callable[[], Any]) -> Any:
    """What a storage answers; its failures, of whatever class its driver has for them, as one of ours.

    Parameters
    ----------
    name
        Of what is asked for, for messages: nothing that the driver says is shown, it may hold keys.
    """
    try:
        return ask()
    except ArmillaryError:
        raise
    except FileNotFoundError:
        raise UnreadableFileError(name, "is not there.") from None
    except PermissionError:
        raise UnreadableFileError(name, "may not be read: no permission.") from None
    except Exception as error:  # noqa: BLE001 - drivers raise what they like
        log.info("%s: its storage failed: %s", name, type(error).__name__)
        raise UnreadableFileError(name, "its storage does not answer.") from None


class ObjectSource(remote.FarSource):
    """A file in object storage.

    Parameters
    ----------
    storage
        File system of fsspec.
    path
        As that names it.

    Raises
    ------
    UnreadableFileError
        It is not there, or the storage does not answer.
    """

    def __init__(self, storage: Any, path: str) -> None:
        super().__init__(path.rstrip("/").rpartition("/")[2])
        self._storage, self._path = storage, path
        self._lock = threading.Lock()
        self._look()

    def _look(self) -> None:
        def info() -> dict[str, Any]:
            self._storage.invalidate_cache()
            found: dict[str, Any] = self._storage.info(self._path)
            return found

        said = asked(self.name, info)
        if said.get("type") == "directory" or said.get("size") is None:
            raise UnreadableFileError(self.name, "is no file.")
        facts = sorted((key, str(value)) for key, value in said.items() if key.lower() in _TELLING)
        version = hashlib.blake2b(f"{self._path}\n{facts}".encode(), digest_size=8).hexdigest()
        self._facts = version, int(said["size"])
        self._looked = time.monotonic()

    @property
    def version(self) -> str:
        """Made of what the storage says of the file; asked again after two seconds."""
        if time.monotonic() - self._looked > remote.VERSION_AGE_S:
            with self._lock:
                self._look()
        return self._facts[0]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self._facts[1]

    def _fetch(self, start: int, stop: int, version: str) -> bytes:
        data: bytes = asked(self.name, lambda: self._storage.cat_file(self._path, start=start, end=stop))
        # No storage says of which version of a file the bytes are.
        self._look()
        if self._facts[0] != version or len(data) != stop - start:
            raise CorruptFileError(self.name, remote.CHANGED)
        return data
