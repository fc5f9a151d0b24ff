"""A holdings file that is served, and read again when it changes."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError
from armillary.holdings.configuration.content import Builder, Stock
from armillary.holdings.configuration.headers import CONFIGURATION, Headers
from armillary.holdings.configuration.places import Places
from armillary.holdings.configuration.reading import read_configuration
from armillary.holdings.files import file_name, open_file, outside
from armillary.holdings.layers import Pyramids
from armillary.holdings.tree import Holdings, Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.holdings.configuration.model import HoldingsConfig
    from armillary.holdings.files import OfferedFile
    from armillary.images.files import ImageFile
    from armillary.images.pyramid import Pyramid
    from armillary.storage.source import ByteSource

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
MOST_LOGGED = 20
GRACE_SECONDS = 60.0
"""How long a file stays open after the configuration names it no more: for requests under way."""


class Configuration:
    """What a holdings file offers. The tree is there at once; headers are read after ``start``.

    Made by ``open_configuration``. Used as ``Discovery`` is: ``start``, then ``look_again`` when ``is_due``.

    Parameters
    ----------
    path
        The holdings file.
    config
        What it says.
    pyramids
        Makes the pyramids of the layers.

    Attributes
    ----------
    holdings
        The tree and its gate.
    first_layer
        Set once something can be asked for: when the tree is there.
    finished
        Set once the headers of all files were read.
    stopped
        Set it to end the threads.
    """

    def __init__(
        self,
        path: str,
        config: HoldingsConfig,
        pyramids: Pyramids,
        opener: Callable[[str], tuple[ByteSource, ImageFile]] = open_file,
        roots: tuple[str, ...] = (),
    ) -> None:
        self.path = path
        self.name = file_name(path)
        self.holdings = Holdings(config.title)
        self.first_layer = threading.Event()
        self.finished = threading.Event()
        self.stopped = threading.Event()
        self.warnings: tuple[str, ...] = ()
        self._pyramids = pyramids
        self._roots = roots
        self._places = Places("/", roots)
        self._opener = _within(opener, self._places)
        self._changing = threading.Lock()
        self._looking = threading.Lock()
        self._headers = Headers(self.holdings, self.stopped)
        self._stamp = _stamp(path)
        self._stock = Stock(self._opener, self._places.allows)
        self._leaving: list[tuple[float, OfferedFile]] = []
        self._last = 0.0
        self._offer(config)

    @property
    def problems(self) -> list[Problem]:
        """What is not shown, and why; also why a changed file is not served."""
        return self.holdings.problems

    def start(self) -> None:
        """Read the headers in a thread."""
        self.first_layer.set()
        self.holdings.set_scanning(True)
        threading.Thread(target=self.run, name="scan", daemon=True).start()

    def run(self) -> None:
        """Look into every file."""
        self.first_layer.set()
        try:
            with self._looking:
                self._look()
            self._tell_of_another_folder()
        finally:
            self._last = time.monotonic()
            self.holdings.set_scanning(False)
            self.finished.set()

    def is_due(self) -> bool:
        """Whether the last look was long enough ago for another."""
        return time.monotonic() - self._last >= LOOK_SECONDS

    def look_again(self) -> None:
        """Cheap look at the configuration and its files; at once back when somebody else is at it."""
        if not self.is_due():
            return
        self._last = time.monotonic()
        if _stamp(self.path) != self._stamp:
            self._reload(changed=True)
        self._look_into_files()

    def reload(self) -> None:
        """Read the configuration again now. A broken one is reported, and the old one stays in place.

        Not to be called in a handler of signals: it waits for another reload that is under way.
        """
        self._reload()
        self._look_into_files()

    def _offer(self, config: HoldingsConfig) -> None:
        self.warnings = config.warnings
        for warning in config.warnings[:MOST_LOGGED]:
            log.warning("%s: %s", self.name, warning)
        if len(config.warnings) > MOST_LOGGED:
            log.warning("%s: and %d more warnings", self.name, len(config.warnings) - MOST_LOGGED)
        stock = Stock(self._opener, self._places.allows, self._stock)
        self.holdings.replace(Builder(config, stock, self._pyramids).content())
        deadline = time.monotonic() + GRACE_SECONDS
        self._leaving += [(deadline, file) for file in stock.settle()]
        self._stock = stock

    def _reload(self, *, changed: bool = False) -> None:
        """Read the file and offer what it says; with ``changed`` only if it is another than at the last reading."""
        with self._changing:
            stamp = _stamp(self.path)
            if changed and stamp == self._stamp:
                return
            # Taken before reading: what is written meanwhile is read at the next look.
            self._stamp = stamp
            try:
                config = read_configuration(self.path, roots=self._roots)
            except ConfigurationError as error:
                for problem in error.problems:
                    log.warning("%s", problem)
                log.warning("%s: what was served before stays in place", self.name)
                self.holdings.report_problem(CONFIGURATION, Problem(self.name, CONFIGURATION, error.message))
                return
            self._offer(config)
            self.holdings.clear_problem(CONFIGURATION)
        log.info("%s: read again, %d layers", self.name, self.holdings.layer_count)

    def _look(self) -> None:
        stock = self._stock
        self._headers.look(list(stock.entries.values()), list(stock.catalogs.values()))

    def _tell_of_another_folder(self) -> None:
        """Say so where names look as if they were relative to where the program was started, as in TileMaker."""
        missing = [file.path for file in self._stock.files.values() if file.problem and not os.path.exists(file.path)]  # noqa: PTH110
        folder = os.path.dirname(self.path)  # noqa: PTH120 - as the names were made
        drive = os.path.splitdrive(folder)[0]
        names = [os.path.relpath(path, folder) for path in missing if os.path.splitdrive(path)[0] == drive]
        elsewhere = sum(map(os.path.exists, names))
        if elsewhere:
            words = "%s: %d files are not beside it, but where the program was started: names are relative to this file"
            log.warning(words, self.name, elsewhere)

    def _look_into_files(self) -> None:
        """As far as nobody is at it: layers that are new meanwhile are looked into at the next look."""
        if not self._looking.acquire(blocking=False):
            return
        try:
            self._look()
        finally:
            self._last = time.monotonic()
            self._looking.release()
        with self._changing:
            self._close_leaving()

    def _close_leaving(self) -> None:
        now = time.monotonic()
        due = [file for deadline, file in self._leaving if deadline <= now]
        self._leaving = [(deadline, file) for deadline, file in self._leaving if deadline > now]
        for file in due:
            file.close()


def _stamp(path: str) -> tuple[int, ...] | None:
    """What changes when the file does, None where it is not there."""
    try:
        found = os.stat(path)  # noqa: PTH116 - some strings that a file system takes are no Path
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _within(opener: Callable[[str], Any], places: Places) -> Callable[[str], Any]:
    """An opener that looks at every opening whether a link leads out of the roots by now."""

    def opened(path: str) -> Any:
        if not places.allows(path):
            raise outside(path)
        return opener(path)

    return opened


def open_configuration(
    path: str | os.PathLike[str],
    make_pyramid: Callable[..., Pyramid],
    *,
    tile_size: int = 512,
    opener: Callable[[str], tuple[ByteSource, ImageFile]] = open_file,
    roots: tuple[str, ...] = (),
) -> Configuration:
    """Read a holdings file and offer what it describes; none of the files it names is opened before ``start``.

    Parameters
    ----------
    path
        The holdings file, JSON or TOML: ours, or TileMaker's.
    make_pyramid
        Makes the pyramid of a plane, given what names it beyond this process; with ``tile_size`` for layers that
        have one of their own.
    tile_size
        Side of the tiles of all others.
    opener
        Opens one file.
    roots
        Folders that the files it names must lie in, links followed, and addresses that they must lie below; none:
        anywhere.

    Raises
    ------
    ConfigurationError
        It cannot be read or something in it is wrong: ``problems`` has a line for each.
    """
    chosen = os.fspath(path)
    config = read_configuration(chosen, roots=roots)
    return Configuration(os.path.abspath(chosen), config, Pyramids(make_pyramid, tile_size), opener, roots)  # noqa: PTH100
