"""Where a new catalog goes: never over something else, whole at the end, gone on with after a kill."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.journal import Journal
from armillary.catalogs.hats import names
from armillary.catalogs.hats.folder import Folder
from armillary.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

WORK = ".armillary-work"
JOURNAL = "journal"
CLEARED = f"{JOURNAL}/output/cleared.json"
# What belongs to a catalog beside its dataset, and is removed where it is replaced; what else is there stays.
_BESIDE = (
    names.PROPERTIES, names.OLD_PROPERTIES, names.PARTITION_INFO, names.THUMBNAIL, names.BAD_POSITIONS,
    names.OLD_SKYMAP, "skymap.",
)  # fmt: skip
_THERE = "{}: there is a catalog already: choose another name, or overwrite it."


def check_free(folder: Folder) -> None:
    """Refuse a folder in which there is a catalog.

    Raises
    ------
    UsageError
        So it is.
    """
    if folder.exists(names.PROPERTIES) or folder.exists(names.OLD_PROPERTIES):
        raise UsageError(_THERE.format(folder.name))


class Output:
    """The folder of a new catalog, and one for what is half done.

    Parameters
    ----------
    folder
        Of the catalog.
    tmp_dir
        Where half done work lies; inside the folder by default. All workers must reach it.
    overwrite
        Whether a catalog that is there is replaced. Something that is no catalog never is.
    resume
        Whether what an earlier run of the same plan left is gone on with.
    """

    def __init__(
        self, folder: Folder, tmp_dir: str | os.PathLike[str] | None, *, overwrite: bool, resume: bool
    ) -> None:
        self.folder = folder
        self._overwrite, self._resume = overwrite, resume
        if tmp_dir is None:
            self._work = folder.child(WORK)
        else:
            digest = hashlib.blake2b(folder.address.encode(), digest_size=6).hexdigest()
            self._work = Folder(tmp_dir).child(f"armillary-{folder.name}-{digest}")

    @contextlib.contextmanager
    def prepared(self, plan: dict[str, Any]) -> Iterator[tuple[Folder, Folder, Journal]]:
        """The folder, the folder for work, and the journal; work is removed when the block ends well.

        Raises
        ------
        UsageError
            There is something else, or a catalog that shall not be replaced; or other work was left here.
        """
        self._check()
        journal = Journal(self._work.child(JOURNAL), plan, resume=self._resume)
        self.folder.sweep()
        if "cleared" not in journal.done("output"):
            self._clear()
            journal.note("output", "cleared", result=True)
        yield self.folder, self._work, journal
        self._work.remove_all()

    def _check(self) -> None:
        known = {name for name in (names.PROPERTIES, names.OLD_PROPERTIES) if self.folder.exists(name)}
        if known and not self._overwrite and not (self._resume and self._work.exists(CLEARED)):
            raise UsageError(_THERE.format(self.folder.name))
        if not known and not self._work.exists() and not self.folder.empty():
            raise UsageError(f"{self.folder.name}: this folder holds something else, which is left alone.")

    def _clear(self) -> None:
        """Remove the catalog that is replaced: what makes it one first."""
        for name in (names.PROPERTIES, names.OLD_PROPERTIES, names.PARTITION_INFO):
            self.folder.remove(name)
        for name in list(self.folder.files()):
            if name.startswith((f"{names.DATASET}/", *_BESIDE)):
                self.folder.remove(name)
        for name in list(self._work.files()):
            if not name.startswith(f"{JOURNAL}/"):
                self._work.remove(name)
