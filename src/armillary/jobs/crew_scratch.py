"""Folders for what is put down for a moment: they go with who made them, or with the next one after a killed one."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.storage.processes import is_gone

if TYPE_CHECKING:
    from collections.abc import Iterator

APART = ","
"""Stands in names of folders for the ``/`` in names of crews."""


class Scratch:
    """The scratch folders of one crew, or of a process that takes jobs in, all below a folder of the user's.

    Parameters
    ----------
    name
        Of the crew or process, as ``process_name`` makes it.
    base
        By default in the system's folder of temporary files.
    """

    def __init__(self, name: str, base: Path | None = None) -> None:
        user = os.getuid() if hasattr(os, "getuid") else 0
        self._base = base or Path(tempfile.gettempdir()) / f"armillary-jobs-{user}"
        self._own = self._base / name.replace("/", APART)
        self._first = True

    def _place(self) -> Path | None:
        """The folder of this one, made; what others left that are gone is removed once. None where none can be had."""
        try:
            self._base.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_ours(self._base):
                return None
            if self._first:
                self._first = False
                self._bury()
            self._own.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            return None
        return self._own

    @contextlib.contextmanager
    def passing(self) -> Iterator[Path]:
        """An empty folder for as long as it is needed; in the system's where none can be had here."""
        with tempfile.TemporaryDirectory(prefix="armillary-", dir=self._place()) as folder:
            yield Path(folder)

    def folder(self, number: int) -> str:
        """An empty folder for a child; empty text where none can be had: the child takes the system's.

        Parameters
        ----------
        number
            Of the seat: what it had before is removed.
        """
        own = self._place()
        self.remove(number)
        try:
            if own is not None:
                (own / str(number)).mkdir(mode=0o700)
        except OSError:
            return ""
        return str(own / str(number)) if own is not None else ""

    def remove(self, number: int) -> None:
        """Remove the folder of a child that has ended."""
        if (self._own / str(number)).exists():
            shutil.rmtree(self._own / str(number), ignore_errors=True)

    def close(self) -> None:
        """Remove what is left of this crew."""
        shutil.rmtree(self._own, ignore_errors=True)
        with contextlib.suppress(OSError):
            self._base.rmdir()

    def _bury(self) -> None:
        for place in list(self._base.iterdir()):
            if is_gone(place.name.replace(APART, "/")):
                shutil.rmtree(place, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether a folder with a name that anybody can guess is one that nobody else can change."""
    if not hasattr(os, "getuid"):
        return True
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
