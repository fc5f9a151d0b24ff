"""One catalog on offer: read when it is first wanted, read anew when its file changed."""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from armillary.errors import UnreadableFileError, VersionGoneError
from armillary.holdings.files import PublicVersions, outside, worded
from armillary.holdings.sky_folders import follower, is_sky_folder, read_sky_folder, shown_name

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.errors import FileError

    AnyCatalog = Catalog | SkyCatalog

log = logging.getLogger(__name__)

TRIES = 4
KEPT_BYTES = 2 << 30
_numbers = itertools.count()


class Shelf:
    """The catalogs in memory, bounded by bytes: the least recently used is let go of first, the last one never.

    Parameters
    ----------
    max_bytes
        Sum of what the catalogs take.
    """

    def __init__(self, max_bytes: int = KEPT_BYTES) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[AnyCatalog, str]] = OrderedDict()

    def get(self, number: int) -> tuple[AnyCatalog, str] | None:
        """A catalog and the version it is of, None when it is not here."""
        with self._lock:
            found = self._kept.get(number)
            if found is not None:
                self._kept.move_to_end(number)
            return found

    def put(self, number: int, catalog: AnyCatalog, version: str) -> None:
        """Keep a catalog, in place of the older one of that number."""
        with self._lock:
            self._kept[number] = catalog, version
            self._kept.move_to_end(number)
            while len(self._kept) > 1 and self.nbytes > self.max_bytes:
                self._kept.popitem(last=False)

    def forget(self, number: int) -> None:
        """Let go of a catalog."""
        with self._lock:
            self._kept.pop(number, None)

    @property
    def nbytes(self) -> int:
        """Bytes that the catalogs take."""
        return sum(catalog.nbytes for catalog, _ in self._kept.values())


shelf = Shelf()


class OfferedCatalog:
    """A catalog on offer.

    Parameters
    ----------
    name
        The file's own name, for messages.
    read
        Reads it; called again when the version changed.
    version
        Version of the bytes now; costs a stat.
    identity
        What makes it the same one in every process: its path.
    local
        Whether a look at its version costs no request.

    Attributes
    ----------
    problem
        Why it cannot be shown now, None while it can.
    count
        Number of rows, None until it was read.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], AnyCatalog],
        version: Callable[[], str],
        identity: str | None = None,
        *,
        local: bool = True,
    ) -> None:
        self.name = name
        self.identity = name if identity is None else identity
        self.local = local
        self.problem: FileError | None = None
        self.count: int | None = None
        self._read = read
        self._version = version
        self._lock = threading.Lock()
        self._number = next(_numbers)
        self._failed_version: str | None = None
        self._public = PublicVersions(self.identity)

    def look(self) -> None:
        """Notice that its file is gone, or back, at the cost of a stat; nothing is read."""
        try:
            self._version()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told as reading would tell it
            self.problem, self._failed_version = worded(self.name, error), None
        else:
            if type(self.problem) is UnreadableFileError:
                self.problem = None

    def current(self) -> tuple[AnyCatalog, str]:
        """The catalog as its file is now, and its version; costs a stat while nothing changed.

        Threads that ask while it is being read wait for it.

        Raises
        ------
        FileError
            It vanished, or what is there cannot be shown. Later calls look again.
        """
        kept = shelf.get(self._number)
        if kept is not None and self.problem is None and self._version_or_none() == kept[1]:
            return kept
        with self._lock:
            return self._read_again()

    def _read_again(self) -> tuple[AnyCatalog, str]:
        kept = shelf.get(self._number)
        now = self._version_or_none()
        if kept is not None and now == kept[1]:
            self.problem = None
            return kept
        if self.problem is not None and now is not None and now == self._failed_version:
            raise self.problem
        try:
            catalog, version = self._read_between_two_looks()
        except Exception as error:
            shelf.forget(self._number)
            self.problem = worded(self.name, error)
            # What may pass by itself (a disk, a network) is tried again; what the bytes say stays until they change.
            self._failed_version = None if type(self.problem) is UnreadableFileError else now
            raise self.problem from error
        if kept is not None:
            log.info("%s changed: read anew", self.name)
        shelf.put(self._number, catalog, version)
        self.problem, self.count = None, catalog.count
        return catalog, version

    def _read_between_two_looks(self) -> tuple[AnyCatalog, str]:
        """Read; a file that changes meanwhile is read again, a few times."""
        for _ in range(TRIES):
            before = self._version()
            try:
                catalog = self._read()
            except VersionGoneError:
                continue
            except Exception:
                if self._version_or_none() == before:
                    raise
                continue
            if self._version() == before:
                return catalog, before
        raise UnreadableFileError(self.name, "is being written to; it is tried again at the next look.")

    def _version_or_none(self) -> str | None:
        try:
            return self._version()
        except Exception:  # noqa: BLE001 - vanished, a network, a disk: reading it says why
            return None

    def public_version(self, version: str) -> str:
        """Version that clients see: changes with the file, its place, and the program's release."""
        return self._public.of(version)

    def close(self) -> None:
        """Give the memory back."""
        shelf.forget(self._number)


def _prepared(catalog: Catalog) -> Catalog:
    """A catalog with what the first view would wait for."""
    from armillary.catalogs.choice import ranks_of

    ranks_of(catalog)
    return catalog


def offered_file(
    path: str | os.PathLike[str],
    *,
    ra_column: str | None = None,
    dec_column: str | None = None,
    name_column: str | None = None,
    file_type: str | None = None,
    allows: Callable[[str], bool] = lambda _path: True,
    storage_options: str = "",
) -> OfferedCatalog:
    """A file, or a folder that is a HATS catalog, as a catalog on offer; nothing is opened before it is wanted.

    Parameters
    ----------
    path
        Local path or ``http(s)://`` address; of a HATS catalog also one of object storage.
    ra_column, dec_column, name_column
        Names of columns, found out where they are not given.
    file_type
        ``json``, ``csv``, ``tsv``, ``ecsv``, ``votable``, ``fits`` or ``parquet`` where the content shall not decide.
    allows
        Whether the path may be read; asked before every reading, as links may lead elsewhere by then.
    storage_options
        For fsspec, where it is in object storage, as JSON. Never shown.
    """
    text = str(path)

    def read() -> AnyCatalog:
        from armillary.catalogs.reading import read_catalog
        from armillary.storage.compiler import prepare

        if not allows(text):
            raise outside(text)
        prepare()
        if is_sky_folder(text):
            columns = {"ra_column": ra_column, "dec_column": dec_column, "name_column": name_column}
            return read_sky_folder(text, **columns, allows=allows, storage_options=json.loads(storage_options or "{}"))
        made = read_catalog(
            text, ra_column=ra_column, dec_column=dec_column, name_column=name_column, file_type=file_type
        )
        return _prepared(made)

    def version() -> str:
        return version_of(text, storage_options)

    secret = hashlib.blake2b(storage_options.encode()).hexdigest() if storage_options else ""
    identity = "\0".join((text, *map(str, (ra_column, dec_column, name_column, file_type)), *filter(None, [secret])))
    return OfferedCatalog(shown_name(text), read, version, identity, local="://" not in text)


def version_of(path: str, storage_options: str = "") -> str:
    """Version of a file, or of a folder that is a HATS catalog, now; options of its storage as JSON.

    Raises
    ------
    FileError
        It cannot be had.
    """
    from armillary.storage.source import open_raw_source

    return follower(path, storage_options).version() if is_sky_folder(path) else open_raw_source(path).version


def offered_inline(name: str, sources: list[dict[str, Any]]) -> OfferedCatalog:
    """Sources that are written in a configuration as a catalog on offer.

    Parameters
    ----------
    name
        For messages.
    sources
        Objects with ``ra`` and ``dec``, ICRS degrees, and perhaps ``name`` and ``extra``.
    """
    content = json.dumps(sources, sort_keys=True, default=str)
    version = hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def read() -> Catalog:
        from armillary.catalogs.reading import catalog_of_sources
        from armillary.storage.compiler import prepare

        prepare()
        return _prepared(catalog_of_sources(name, sources))

    offered = OfferedCatalog(name, read, lambda: version)
    offered.count = len(sources)
    return offered
