"""Looks into the files of configured layers, in the background: what they hold, what is missing or broken."""

from __future__ import annotations

import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from armillary.errors import FileError
from armillary.holdings.combined import CombinedFile
from armillary.holdings.words import error_code

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable

    from armillary.holdings.catalogs import OfferedCatalog
    from armillary.holdings.files import Offered
    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.tree import Holdings
    from armillary.images.files import ImageFile

log = logging.getLogger(__name__)

READERS = 8
MOST_PROBLEMS = 1000
REMOTE_SECONDS = 60.0
CONFIGURATION = "configuration"
"""Under what the problem of the holdings file itself is reported: not a problem of files."""

Problems = dict[str, FileError]


class Headers:
    """What is known of the files.

    Parameters
    ----------
    holdings
        Where problems are reported.
    stopped
        Set to end early.
    """

    def __init__(self, holdings: Holdings, stopped: threading.Event) -> None:
        self._holdings = holdings
        self._stopped = stopped
        self._versions: dict[Offered, str] = {}
        self._asked: dict[Offered, float] = {}
        self._told = False  # What is found at first is told by whoever serves.

    def look(self, entries: Iterable[LayerEntry], catalogs: Iterable[OfferedCatalog] = ()) -> None:
        """Read the headers of files that are new or changed, several at a time, and report what cannot be shown.

        Costs a stat for each file that did not change, and for each catalog: these are read when they are wanted. Not
        to be called by two threads at once.
        """
        layers: dict[Offered, list[LayerEntry]] = {}
        for entry in entries:
            layers.setdefault(entry.file, []).append(entry)
        for known in (self._versions, self._asked):
            for gone in known.keys() - layers.keys():
                del known[gone]
        singles = [file for file in layers if not isinstance(file, CombinedFile)]
        combined = [file for file in layers if isinstance(file, CombinedFile)]
        problems: Problems = {}
        with ThreadPoolExecutor(READERS, "headers") as pool:
            for files in (singles, combined):
                for found in pool.map(lambda file: self._look_into(file, layers[file]), files):
                    problems.update(found)
        for catalog in catalogs:
            problems.update(self._look_at(catalog))
        if not self._stopped.is_set():
            self._report(problems)

    def _look_into(self, file: Offered, entries: list[LayerEntry]) -> Problems:
        """Problems of a file and of its layers."""
        before, had = self._versions.get(file), file.problem
        if self._stopped.is_set():
            return {}
        if _is_remote(file) and not self._is_worth_a_request(file):
            return {_place(file): had} if had else _faults(entries)
        try:
            image, version = _opened(file, before)
        except FileError as error:
            if had is None:
                self._holdings.touch()
            return {_place(file): error}
        if had is not None:
            self._holdings.touch()
        if version != before or not all(entry.known for entry in entries):
            self._learn(image, entries)
        self._versions[file] = version
        return _faults(entries)

    def _look_at(self, catalog: OfferedCatalog) -> Problems:
        """Problem of a catalog: found by reading it before, or that its file is gone."""
        before = catalog.problem
        if catalog.local:
            catalog.look()
        if (before is None) != (catalog.problem is None):
            self._holdings.touch()
        return {f"catalog {catalog.identity}": catalog.problem} if catalog.problem else {}

    def _is_worth_a_request(self, file: Offered) -> bool:
        """Whether a remote file is to be opened: until that went well, once a minute; then whoever asks finds out."""
        now = time.monotonic()
        if file in self._versions or now - self._asked.get(file, -math.inf) < REMOTE_SECONDS:
            return False
        self._asked[file] = now
        return True

    def _learn(self, image: ImageFile, entries: list[LayerEntry]) -> None:
        with self._holdings.lock:
            for entry in entries:
                if entry.learn(image):
                    self._holdings.touch()

    def _report(self, problems: Problems) -> None:
        """Have the problems of files be these, and say the new ones in the log."""
        kept = dict(list(problems.items())[:MOST_PROBLEMS])
        known = self._holdings.problem_keys() - {CONFIGURATION}
        for place in known - kept.keys():
            self._holdings.clear_problem(place)
        for place, error in kept.items():
            if place not in known:
                log.log(logging.WARNING if self._told else logging.INFO, "not shown: %s", error.message)
            self._holdings.report(place, error, error_code(error))
        self._told = True


def _place(file: Offered) -> str:
    return file.path or file.identity


def _is_remote(file: Offered) -> bool:
    """Whether a look at it costs a request."""
    if isinstance(file, CombinedFile):
        return any(_is_remote(operand.file) for operand in file.operands)
    return "://" in file.path


def _opened(file: Offered, before: str | None) -> tuple[ImageFile, str]:
    """What a file holds; a combination that is new or changed is looked at for the places of its pixels, too."""
    image, version = file.current()
    if isinstance(file, CombinedFile) and version != before:
        file.check()
    return image, version


def _faults(entries: list[LayerEntry]) -> Problems:
    return {f"layer {entry.layer_id}": entry.fault for entry in entries if entry.fault is not None}
