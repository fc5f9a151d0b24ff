"""Where a new catalog or file goes: never over something else, whole at the end, gone on with after a kill."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.journal import Journal
from armillary.catalogs.engine.lock import Lock
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import Stages, running
from armillary.catalogs.hats import names
from armillary.catalogs.hats.folder import Folder
from armillary.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from armillary.catalogs.engine.arguments import NewCatalog
    from armillary.catalogs.engine.tasks import Engine, Task
    from armillary.catalogs.hats.catalog import HatsCatalog

WORK = ".armillary-work"
LOCK = ".armillary-lock"
JOURNAL = "journal"
BEGUN, CLEARED = (f"{JOURNAL}/output/{what}.json" for what in ("begun", "cleared"))
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


def plan_of(work: str, catalog: HatsCatalog, **further: Any) -> dict[str, Any]:
    """The plan of what is made of a catalog: all that its result depends on."""
    partitions = [tuple(pixel) for pixel in catalog.partitions]
    # An import that is gone on with writes the properties of its catalog again, with another time.
    properties = {name: word for name, word in catalog.properties.items() if name != "hats_creation_date"}
    size = catalog.data.size(names.METADATA) if catalog.data.exists(names.METADATA) else None
    about = {"catalog": catalog.folder.address, "properties": properties, "partitions": partitions, "metadata": size}
    return {"work": work, **about, **further}


def work_folder(beside: Folder, tmp_dir: str | os.PathLike[str] | None, target: Folder) -> Folder:
    """Folder for what is half done: as it is given, or in ``tmp_dir`` with a name by what is made."""
    if tmp_dir is None:
        return beside
    digest = hashlib.blake2b(target.address.encode(), digest_size=6).hexdigest()
    return Folder(tmp_dir).child(f"armillary-{target.name}-{digest}")


@contextlib.contextmanager
def _journal(
    work: Folder, plan: dict[str, Any], lock: Lock, empty: Callable[[], object] = bool, *, resume: bool
) -> Iterator[Journal]:
    """The journal in a folder for work, which is removed when the block ends well.

    Parameters
    ----------
    empty
        Removes what other work left in the folder; done once.
    """
    journal = Journal(work.child(JOURNAL), plan, resume=resume, check=lock.check)
    if "begun" not in journal.done("output"):
        # It was not begun; or it was done, and what it left is half removed.
        journal.restart()
        empty()
        journal.note("output", "begun", result=True)
    yield journal
    lock.check()
    work.remove(BEGUN)
    work.remove_all()


@dataclass(frozen=True, slots=True, kw_only=True)
class Making(Stages):
    """A catalog that is being made.

    Parameters
    ----------
    journal
        What was done of it.
    folder, work
        Its own, and one for what is half done.
    clear
        Removes the catalog that is replaced.
    """

    journal: Journal
    folder: Folder
    work: Folder
    clear: Callable[[], object]

    @property
    def data(self) -> Folder:
        """Folder of its partitions."""
        return self.folder.child(names.DATASET)

    def write(
        self, function: Callable[[Any, Any], Any], context: Any, tasks: Sequence[Task], unit: str = "rows"
    ) -> Mapping[str, Any]:
        """Run the stage that writes partitions; a catalog that is replaced makes room now, and not before.

        What is wrong with the input is known by then, and has cost nothing.
        """
        if "cleared" not in self.journal.done("output"):
            self.clear()
            self.journal.note("output", "cleared", result=True)
        return self.run("write", function, context, tasks, unit)


def _true(address: str) -> str:
    """An address without links."""
    return address if "://" in address else os.path.realpath(address)


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
        self._work = work_folder(folder.child(WORK), tmp_dir, folder)
        self._lock = folder.child(LOCK)

    @classmethod
    def of(cls, arguments: NewCatalog) -> Output:
        """As arguments say."""
        place = Folder(arguments.output_path, arguments.output_storage_options).child(arguments.output_artifact_name)
        return cls(place, arguments.tmp_dir, overwrite=arguments.overwrite, resume=arguments.resume)

    @contextlib.contextmanager
    def making(self, plan: dict[str, Any], engine: Engine | None, progress: Progress | None) -> Iterator[Making]:
        """As ``prepared``, with an engine: that which is given, or threads of this process."""
        with running(engine) as runner, self.prepared(plan) as (folder, work, journal):
            told = progress or Progress()
            yield Making(engine=runner, told=told, journal=journal, folder=folder, work=work, clear=self._clear)

    @contextlib.contextmanager
    def prepared(self, plan: dict[str, Any]) -> Iterator[tuple[Folder, Folder, Journal]]:
        """The folder, the folder for work, and the journal; work is removed when the block ends well.

        Raises
        ------
        UsageError
            There is something else, or a catalog that shall not be replaced; other work was left here, or another
            run is at it.
        """
        self._check_apart(plan)
        self._check()
        with Lock(self._lock, self.folder.name).held() as lock:
            self._check(locked=True)
            with _journal(self._work, plan, lock, self._empty_work, resume=self._resume) as journal:
                self.folder.sweep()
                yield self.folder, self._work, journal

    def _check(self, *, locked: bool = False) -> None:
        known = any(self.folder.exists(name) for name in (names.PROPERTIES, names.OLD_PROPERTIES))
        own = self._work.exists(BEGUN) and self._work.exists(CLEARED)
        if known and not self._overwrite and not (self._resume and own):
            if not locked and (self._work.exists() or self._lock.exists()):
                return  # perhaps another run's, perhaps what one left that was killed when all was done
            if locked and not own:
                self._work.remove_all()
            raise UsageError(_THERE.format(self.folder.name))
        if not known and not self._work.exists() and not self._is_free():
            raise UsageError(f"{self.folder.name}: this folder holds something else, which is left alone.")

    def _check_apart(self, plan: dict[str, Any]) -> None:
        """Refuse to write over what a catalog is made of."""
        inputs = {path.rpartition("/")[0] for path, _ in plan.get("input", ())}
        made_of = {plan["catalog"]} if "catalog" in plan else inputs
        own = _true(self.folder.address)
        if any(f"{_true(path)}/".startswith(f"{own}/") for path in made_of):
            raise UsageError(f"{self.folder.name}: its input lies there, and is not written over: choose another name.")

    def _is_free(self) -> bool:
        """Whether there is nothing but claims of runs."""
        return all(name.startswith(f"{LOCK}/") for name in self.folder.files())

    def _clear(self) -> None:
        """Remove the catalog that is replaced: what makes it one first."""
        for name in (names.PROPERTIES, names.OLD_PROPERTIES, names.PARTITION_INFO):
            self.folder.remove(name)
        for name in list(self.folder.files()):
            if name.startswith((f"{names.DATASET}/", *_BESIDE)):
                self.folder.remove(name)

    def _empty_work(self) -> None:
        for name in list(self._work.files()):
            if not name.startswith(f"{JOURNAL}/"):
                self._work.remove(name)


class FileOutput:
    """A new file, and a folder for what is half done.

    Parameters
    ----------
    folder, name
        Where it goes.
    tmp_dir
        Where half done work lies; beside the file by default. All workers must reach it.
    overwrite
        Whether a file that is there is replaced.
    resume
        Whether what an earlier run of the same plan left is gone on with.
    """

    def __init__(
        self, folder: Folder, name: str, tmp_dir: str | os.PathLike[str] | None, *, overwrite: bool, resume: bool
    ) -> None:
        self._folder, self._name = folder, name
        self._overwrite, self._resume = overwrite, resume
        self.work = work_folder(folder.child(f"{WORK}-{name}"), tmp_dir, folder.child(name))
        self._lock = folder.child(f"{LOCK}-{name}")

    @property
    def begun(self) -> bool:
        """Whether an earlier run left its work."""
        return self._resume and self.work.exists()

    @contextlib.contextmanager
    def prepared(self, plan: dict[str, Any], *, kept: bool) -> Iterator[Journal | None]:
        """The journal, None where nothing shall be kept; work is removed when the block ends well.

        Raises
        ------
        UsageError
            It would lie in a catalog that is read; there is a file that shall not be replaced, or what is no file;
            other work was left here, or another run is at it.
        """
        own = _true(f"{self._folder.address}/{self._name}")
        catalogs = (each["catalog"] for each in (plan, *plan.values()) if isinstance(each, dict) and "catalog" in each)
        if any(own.startswith(f"{_true(catalog)}/") for catalog in catalogs):
            raise UsageError(f"{self._name}: it would lie in the catalog that is read: choose another place.")
        place = self._folder.path(self._name)
        if self._folder.local and os.path.exists(place) and not os.path.isfile(place):  # noqa: PTH110, PTH113
            raise UsageError(f"{self._name}: this is no file, and is left alone: choose another name.")
        with Lock(self._lock, self._name).held() as lock:
            self._check()
            self._folder.sweep(self._name)
            if not kept:
                self.work.remove_all()
                yield None
                return
            with _journal(self.work, plan, lock, resume=self._resume) as journal:
                yield journal

    def _check(self) -> None:
        if self._overwrite or not self._folder.exists(self._name) or (self._resume and self.work.exists(BEGUN)):
            return
        self.work.remove_all()
        raise UsageError(f"{self._name}: there is such a file already: choose another name, or overwrite it.")
