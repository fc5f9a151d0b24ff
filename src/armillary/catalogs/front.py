"""What Python and the command line call: arguments by name or held by their class, and where and how the work runs."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.catalogs.engine.arguments import check_counts, check_word
from armillary.catalogs.engine.mail import tell_by_mail
from armillary.catalogs.engine.progress import FORMS, Progress
from armillary.catalogs.hats.folder import reason_of
from armillary.errors import ArmillaryError, ParameterError, UnavailableError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.catalogs.collections import Collection, CollectionArguments
    from armillary.catalogs.converting.arguments import ConvertArguments
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.indexing.arguments import IndexArguments
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.margins.arguments import MarginArguments
    from armillary.catalogs.matching.arguments import CrossmatchArguments
    from armillary.catalogs.searching.arguments import SearchArguments
    from armillary.catalogs.verifying.report import Report
    from armillary.catalogs.verifying.run import VerifyArguments

Held = TypeVar("Held")
SMALL_BYTES = 64 << 20
"""Work on less takes less time than Dask takes to start."""
_STORAGE = "The storage failed ({}): start again when it is well, and what was done stays done."


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Where and how work runs.

    Parameters
    ----------
    dask_n_workers
        Workers of a Dask cluster on this machine; None for threads of this process. Work on less than 64 MiB is done
        by as many threads of this process, too.
    dask_threads_per_worker
        Threads of each.
    dask_tmp
        Folder for what workers cannot keep in memory.
    client
        A ``dask.distributed.Client`` of the caller, instead.
    progress_bar
        How progress is told: ``auto``, ``bar``, ``plain``, ``json``, ``none``; True for ``auto``, False for ``none``.
    completion_email_address
        Who gets a letter at the end, also when it fails.
    """

    dask_n_workers: int | None = None
    dask_threads_per_worker: int = 1
    dask_tmp: str | os.PathLike[str] | None = None
    client: Any = None
    progress_bar: str | bool = "none"
    completion_email_address: str | None = None

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError, UsageError
            One of them makes no sense.
        """
        check_counts(self, "dask_n_workers", "dask_threads_per_worker")
        if self.client is not None and self.dask_n_workers is not None:
            raise UsageError("Give a client of Dask, or a number of workers of one of our own, not both.")
        if self.dask_n_workers is None and (self.dask_tmp is not None or self.dask_threads_per_worker != 1):
            raise UsageError("dask_tmp and dask_threads_per_worker need dask_n_workers.")
        if self.client is not None and getattr(self.client, "status", None) != "running":
            raise UsageError("client: give a dask.distributed.Client that is connected.")
        address = self.completion_email_address
        if address is not None and not re.fullmatch(r"[^\s@]+@[^\s@]+", address):
            raise ParameterError("completion_email_address", f"{address[:60]!r} is no address")
        if not isinstance(self.progress_bar, bool):
            check_word(self, "progress_bar", FORMS)

    @property
    def form(self) -> str:
        """Form of the progress."""
        if isinstance(self.progress_bar, bool):
            return "auto" if self.progress_bar else "none"
        return self.progress_bar

    @contextlib.contextmanager
    def started(
        self, what: str, threads: int = 0, size: Callable[[], int | None] = lambda: None
    ) -> Iterator[tuple[Engine, Progress]]:
        """Where tasks run, and how progress is told; a letter is sent at the end.

        Parameters
        ----------
        threads
            Of this process, where there is no Dask; 0 for one for each core.
        size
            About how many bytes the work is on; asked where workers are wanted.
        """
        told = Progress(self.form)
        try:
            engine = self._engine(threads, size)
            try:
                told.say(f"{what}: {engine.words}")
                yield engine, told
            finally:
                engine.close()
        except BaseException as error:
            said = UnavailableError(_STORAGE.format(_reason(error))) if isinstance(error, OSError) else error
            word = said.message if isinstance(said, ArmillaryError) else type(said).__name__
            self._tell(f"Armillary: {what} failed", f"{what} failed.\n\n{word}\n")
            if said is error:
                raise
            raise said from error
        self._tell(f"Armillary: {what} is done", f"{what} is done.\n")

    def _engine(self, threads: int, size: Callable[[], int | None]) -> Engine:
        from armillary.catalogs.engine.tasks import Threads

        if self.client is None and self.dask_n_workers is None:
            return Threads(threads)
        from armillary.catalogs.engine.dask_engine import OnDask

        if self.client is not None:
            return OnDask(self.client)
        found = size()
        if found is not None and found < SMALL_BYTES:
            own = Threads((self.dask_n_workers or 1) * self.dask_threads_per_worker)
            own.words += f" (no workers of Dask for {found / (1 << 20):.1f} MiB)"
            return own
        return OnDask.local(self.dask_n_workers or 1, self.dask_threads_per_worker, self.dask_tmp)

    def _tell(self, subject: str, text: str) -> None:
        if self.completion_email_address:
            tell_by_mail(self.completion_email_address, subject, text)


def _reason(error: OSError) -> str:
    """Why storage failed, and at which file."""
    name = os.path.basename(str(error.filename or ""))  # noqa: PTH119
    return f"{name}: {reason_of(error)}" if name else reason_of(error)


def settled(kind: type[Held], given: Held | None, words: dict[str, Any]) -> tuple[Held, Running]:
    """Arguments of a kind, and those of running, from one bag of words.

    Raises
    ------
    UsageError
        A word is unknown, or one is missing; or arguments are given twice.
    """
    running = {name: words.pop(name) for name in [entry.name for entry in fields(Running)] if name in words}
    known = {entry.name for entry in fields(kind)}  # type: ignore[arg-type]
    strange = sorted(words.keys() - known)
    if strange:
        raise UsageError(f"{', '.join(strange)}: there is no such argument.")
    if given is None:
        try:
            return kind(**words), Running(**running)
        except (TypeError, ValueError, AttributeError) as error:
            lacking = str(error).partition("missing ")[2]
            said = f"is missing: {lacking}" if lacking else f"is of the wrong kind: {error}"
            raise UsageError(f"An argument {said}.") from None
    if words:
        raise UsageError(f"{', '.join(sorted(words))}: given beside arguments that are held already.")
    return given, Running(**running)


def _run(room: str, function: str, what: str, arguments: Any, words: dict[str, Any]) -> Any:
    """What a room inside ``catalogs`` does, as arguments and those of running say.

    Parameters
    ----------
    room, function
        ``room/arguments.py`` has the class of the arguments, ``room/run.py`` the function.
    what
        What is done, for people; names of arguments in braces.
    """
    held = importlib.import_module(f"armillary.catalogs.{room}.arguments")
    kind = next(found for name, found in vars(held).items() if name.endswith("Arguments"))
    given, running = settled(kind, arguments, words)
    said = what.format_map({entry.name: getattr(given, entry.name) for entry in fields(given)})
    run = getattr(importlib.import_module(f"armillary.catalogs.{room}.run"), function)
    with running.started(said, getattr(given, "threads", 0), lambda: _size_of(given)) as (engine, told):
        return run(given, engine=engine, progress=told)


def _size_of(given: Any) -> int | None:
    """About how many bytes arguments name as input; None where that is not known."""
    if hasattr(given, "input_paths"):
        from armillary.catalogs.ingest.inputs import find_inputs

        found = find_inputs(given.input_paths, given.input_storage_options, given.file_type)
        return sum(max(0, file.size) for file in found)
    from armillary.catalogs.hats.catalog import open_catalog

    sizes = []
    for side in ("input", "left", "right"):
        if hasattr(given, f"{side}_catalog_path"):
            catalog = open_catalog(getattr(given, f"{side}_catalog_path"), getattr(given, f"{side}_storage_options"))
            text = catalog.properties.get("hats_estsize", "")
            if not text.isdecimal():
                return None
            sizes.append(int(text) << 10)
    return sum(sizes)


def import_catalog(arguments: ImportArguments | None = None, **words: Any) -> HatsCatalog:
    """Import tables into a HATS catalog.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``ingest.run.import_catalog`` says.
    """
    made: HatsCatalog = _run("ingest", "import_catalog", "import of {output_artifact_name}", arguments, words)
    return made


def make_margin(arguments: MarginArguments | None = None, **words: Any) -> HatsCatalog:
    """Make the margin of a catalog.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``margins.run.make_margin`` says.
    """
    made: HatsCatalog = _run("margins", "make_margin", "margin {output_artifact_name}", arguments, words)
    return made


def make_index(arguments: IndexArguments | None = None, **words: Any) -> HatsCatalog:
    """Make an index of a column.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``indexing.run.make_index`` says.
    """
    made: HatsCatalog = _run("indexing", "make_index", "index {output_artifact_name}", arguments, words)
    return made


def convert_catalog(arguments: ConvertArguments | None = None, **words: Any) -> HatsCatalog:
    """Convert hipscat to HATS, or a catalog into other partitions.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``converting.run.convert_catalog`` says.
    """
    made: HatsCatalog = _run("converting", "convert_catalog", "conversion to {output_artifact_name}", arguments, words)
    return made


def search_catalog(arguments: SearchArguments | None = None, **words: Any) -> Any:
    """Search a catalog: a ``pyarrow.Table``, or with ``output`` the number of rows that were written.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``searching.run.search_catalog`` says.
    """
    return _run("searching", "search_catalog", "search", arguments, words)


def crossmatch_catalogs(arguments: CrossmatchArguments | None = None, **words: Any) -> Any:
    """Match two catalogs: a ``pyarrow.Table``, or with ``output`` the number of rows that were written.

    Takes ``arguments``, or their fields by name; and those of ``Running``. Fails with an ``ArmillaryError``, as
    ``matching.run.crossmatch_catalogs`` says.
    """
    return _run("matching", "crossmatch_catalogs", "cross-match", arguments, words)


def make_collection(arguments: CollectionArguments | None = None, **words: Any) -> Collection:
    """Name a catalog with its margins and indexes as a collection.

    Takes ``arguments``, or their fields by name. Fails with an ``ArmillaryError``, as
    ``collections.make_collection`` says.
    """
    from armillary.catalogs import collections as held

    return held.make_collection(settled(held.CollectionArguments, arguments, words)[0])


def verify_catalog(arguments: VerifyArguments | None = None, **words: Any) -> Report:
    """Verify a catalog, a margin, an index or a collection.

    Takes ``arguments``, or their fields by name; and ``progress_bar``. Fails with an ``ArmillaryError``, as
    ``verifying.run.verify_catalog`` says.
    """
    from armillary.catalogs.verifying import run as held

    given, running = settled(held.VerifyArguments, arguments, words)
    return held.verify_catalog(given, progress=Progress(running.form))


def count_rows(arguments: SearchArguments | None = None, **words: Any) -> int:
    """How many rows a search finds.

    Takes ``arguments``, or their fields by name. Fails with an ``ArmillaryError``, as
    ``searching.run.count_rows`` says.
    """
    from armillary.catalogs.searching import arguments as held
    from armillary.catalogs.searching.run import count_rows as run

    return run(settled(held.SearchArguments, arguments, words)[0])
