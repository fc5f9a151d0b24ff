"""Catalogs among the files that were found: offered, and followed as they change, vanish and come back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import FileError, UnreadableFileError
from armillary.holdings.catalogs import offered_file, version_of
from armillary.holdings.files import worded
from armillary.holdings.names import catalog_stem, safe, unique
from armillary.holdings.sky_folders import check_sky_folder, is_sky_folder, shown_name
from armillary.holdings.tree import SourceGroup
from armillary.holdings.words import error_code

if TYPE_CHECKING:
    from armillary.holdings.tree import Holdings

log = logging.getLogger(__name__)


@dataclass(slots=True)
class CatalogFile:
    """A file that was looked at as a catalog.

    Parameters
    ----------
    path
        Where it lies.
    asked_for
        Whether it was named: that it is none is then a problem, else it is passed over.
    version
        When it was last looked at.
    group
        What is offered of it, None as long as it is no catalog.
    told
        Number of rows and problem as the tree last had them.
    """

    path: str
    asked_for: bool
    version: str | None = None
    group: SourceGroup | None = None
    told: tuple[int | None, str | None] = (None, None)


class CatalogFiles:
    """The catalogs of a discovery. Used by one thread at a time.

    Parameters
    ----------
    holdings
        Where they are offered.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._files: dict[str, CatalogFile] = {}
        self._ids: set[str] = set()

    @property
    def count(self) -> int:
        """How many are on offer."""
        return sum(file.group is not None for file in self._files.values())

    def paths(self) -> dict[str, str]:
        """Where each catalog lies, by the id of its source group, in order."""
        return {file.group.source_group_id: path for path, file in self._files.items() if file.group is not None}

    def offer(self, path: str) -> None:
        """Offer a file that is known to be a catalog; what is on offer already stays."""
        file = self._files.setdefault(path, CatalogFile(path, asked_for=True))
        self._holdings.clear_problem(path)
        if file.group is not None:
            file.group.file.problem = None
            self._tell(file)
            return
        stem = catalog_stem(shown_name(path))
        group_id = unique(safe(stem), self._ids)
        self._ids.add(group_id)
        file.group = SourceGroup(group_id, stem, offered_file(path))
        self._holdings.put_sources(file.group)

    def withdraw(self, path: str) -> None:
        """Offer a file no more that has become something else."""
        file = self._files.pop(path, None)
        if file is not None and file.group is not None:
            self._holdings.take_sources(file.group.source_group_id)
            self._ids.discard(file.group.source_group_id)
            file.group.file.close()

    def fail(self, path: str, error: FileError) -> None:
        """Say of a catalog on offer that it cannot be shown now."""
        file = self._files.get(path)
        if file is not None and file.group is not None:
            file.group.file.problem = error
            self._tell(file)

    def follow(self, path: str) -> None:
        """Let the tree say what became of a catalog whose file others look at."""
        if path in self._files:
            self._tell(self._files[path])

    def look_again(self) -> None:
        """Look at every file that was looked at: also at those that no folder lists any more."""
        for path, file in list(self._files.items()):
            if file.version is not None:
                self.look(path, asked_for=file.asked_for)

    def look(self, path: str, *, asked_for: bool) -> None:
        """Look at a file by its name like one of a catalog, and again when it changed; costs a stat otherwise."""
        file = self._files.setdefault(path, CatalogFile(path, asked_for=asked_for))
        known = file.version is not None
        if known and "://" in path:
            self._tell(file)
            return
        try:
            version = _version(path)
            if version != file.version:
                file.version = version
                _check(path)
                self.offer(path)
        except FileError as error:
            self._refuse(file, error)
        self._tell(file)

    def _refuse(self, file: CatalogFile, error: FileError) -> None:
        if isinstance(error, UnreadableFileError):
            file.version = ""  # It may come back as it was.
        if file.group is not None:
            file.group.file.problem = error
        elif file.asked_for:
            self._holdings.report(file.path, error, error_code(error))
        else:
            log.info("passed over: %s", error.message)
            if isinstance(error, UnreadableFileError):
                self._files.pop(file.path, None)

    def _tell(self, file: CatalogFile) -> None:
        """Let the tree and the problems follow what became of a catalog meanwhile."""
        if file.group is None:
            return
        offered = file.group.file
        problem = offered.problem
        if problem is not None:
            self._holdings.report(file.path, problem, error_code(problem))
        else:
            self._holdings.clear_problem(file.path)
        now = offered.count, problem.message if problem else None
        if now != file.told:
            file.told = now
            self._holdings.touch()


def _version(path: str) -> str:
    """Version of a file's bytes now.

    Raises
    ------
    FileError
        It cannot be had.
    """
    try:
        return version_of(path)
    except Exception as error:
        raise worded(path, error) from error


def _check(path: str) -> None:
    from armillary.holdings.catalog_look import check_catalog

    try:
        check_sky_folder(path) if is_sky_folder(path) else check_catalog(path)
    except Exception as error:
        raise worded(path, error) from error
