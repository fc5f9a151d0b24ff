"""Searches over all observations that a caller may see.

Rows are made when somebody searches for the first time, beside serving, and made anew for what changed; a search is
answered from arrays. Whatever the arrays hold, every row that is answered has passed the gate at that moment: what
was hidden or taken away since is left out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.errors import ArmillaryError, NotFoundError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from armillary.holdings.access import Access
    from armillary.holdings.obscore import ObsRow
    from armillary.holdings.observation_query import Columns, ObsQuery
    from armillary.holdings.observations import Observation
    from armillary.holdings.tree import Holdings

log = logging.getLogger(__name__)

KEPT_INDEXES = 16
WAIT_SECONDS = 45.0
LOOK_SECONDS = 2.0
SHARE_OF_LOOKING = 0.05
"""How much of the time may go into looking whether files changed, while searches come one after another."""


@dataclass(frozen=True, slots=True)
class ObsAnswer:
    """What was found.

    Parameters
    ----------
    rows
        In the order of the tree.
    overflow
        Whether there are more.
    """

    rows: list[ObsRow]
    overflow: bool


@dataclass(frozen=True, slots=True)
class _Made:
    """A row, and what it was made of."""

    observation: Observation
    version: str
    row: ObsRow


@dataclass(slots=True)
class _Index:
    """What one set of callers may find.

    Parameters
    ----------
    edition
        Of the tree that it shows.
    due
        When the files are to be looked at again.
    """

    made: Sequence[_Made]
    columns: Columns
    edition: int
    due: float
    by_id: Mapping[str, _Made] = field(init=False)

    def __post_init__(self) -> None:
        """Find rows by their ids."""
        self.by_id = {one.row.obs_id: one for one in self.made}


@dataclass(slots=True, eq=False)
class _Build:
    """An index that is being made."""

    total: int = 0
    count: int = 0
    done: threading.Event = field(default_factory=threading.Event)


class ObservationIndex:
    """Finds observations. Safe to use from many threads.

    Parameters
    ----------
    holdings
        What is on offer.
    wait_seconds
        How long a search waits for an index that is not made yet.
    """

    def __init__(self, holdings: Holdings, wait_seconds: float = WAIT_SECONDS) -> None:
        self._holdings = holdings
        self._wait = wait_seconds
        self._lock = threading.Lock()
        self._indexes: OrderedDict[Access, _Index] = OrderedDict()
        self._builds: dict[Access, _Build] = {}
        self._stopped = False

    def query(self, access: Access, query: ObsQuery) -> ObsAnswer:
        """The rows that match, of what the caller may see now.

        Raises
        ------
        UnavailableError
            The index is still being made.
        """
        index = self._current(access)
        matching = index.columns.matching(query).tolist()
        # Made of what the gate gave at this very edition: nothing to ask it again.
        is_new = index.edition == self._holdings.edition
        rows: list[ObsRow] = []
        for number in matching:
            made = index.made[number]
            if not is_new and not self._is_seen(made, access):
                continue
            if query.most is not None and len(rows) >= query.most:
                return ObsAnswer(rows, overflow=True)
            rows.append(made.row)
        return ObsAnswer(rows, overflow=False)

    def close(self) -> None:
        """Make nothing more."""
        self._stopped = True

    def _is_seen(self, made: _Made, access: Access) -> bool:
        try:
            return self._holdings.observation(made.row.obs_id, access) == made.observation
        except NotFoundError:
            return False

    def _current(self, access: Access) -> _Index:
        seen = self._holdings.seen_by(access)
        with self._lock:
            known = self._indexes.get(seen)
            if known is not None:
                self._indexes.move_to_end(seen)
                if known.edition == self._holdings.edition and time.monotonic() < known.due:
                    return known
            build = self._builds.get(seen) or self._start(seen, known)
            if known is not None and known.edition == self._holdings.edition:
                return known  # Files may have changed: whoever asks next finds it.
        if not build.done.wait(self._wait):
            told = f"{build.count} of {build.total}" if build.total else "none yet"
            raise UnavailableError(f"The index of images is being made ({told}): try again in a moment.")
        with self._lock:
            found = self._indexes.get(seen)
        if found is None:
            raise UnavailableError("The index of images could not be made: try again in a moment.")
        return found

    def _start(self, access: Access, before: _Index | None) -> _Build:
        build = self._builds[access] = _Build()
        work = (access, before, build)
        threading.Thread(target=self._build, args=work, name="observations", daemon=True).start()
        return build

    def _build(self, access: Access, before: _Index | None, build: _Build) -> None:
        made = None
        try:
            made = self._make(access, before, build)
        except Exception:
            log.exception("the index of observations could not be made")
        finally:
            with self._lock:
                if made is not None:
                    self._indexes[access] = made
                    self._indexes.move_to_end(access)
                    while len(self._indexes) > KEPT_INDEXES:
                        self._indexes.popitem(last=False)
                del self._builds[access]
            build.done.set()

    def _make(self, access: Access, before: _Index | None, build: _Build) -> _Index | None:
        from armillary.holdings.observation_query import Columns

        with self._holdings.lock:
            edition, observations = self._holdings.edition, self._holdings.observations(access)
        begun = time.monotonic()
        build.total = len(observations)
        made: list[_Made] = []
        for observation in observations:
            if self._stopped:
                return None
            one = _made(observation, before.by_id.get(observation.obs_id) if before else None)
            if one is not None:
                made.append(one)
            build.count += 1
        now = time.monotonic()
        due = now + max(LOOK_SECONDS, (now - begun) * (1.0 / SHARE_OF_LOOKING - 1.0)) if before else now + LOOK_SECONDS
        if before is not None and len(made) == len(before.made) and all(map(_is, made, before.made)):
            return _Index(made, before.columns, edition, due)
        return _Index(made, Columns([one.row for one in made]), edition, due)


def _is(one: _Made, other: _Made) -> bool:
    return one is other


def _made(observation: Observation, before: _Made | None) -> _Made | None:
    """A row, as before where nothing changed; None where the file cannot be read now."""
    from armillary.holdings.obscore import row_of

    if before is not None and before.observation == observation and observation.file.at_once() == before.version:
        return before
    try:
        version = observation.file.current()[1]
        if before is not None and before.observation == observation and before.version == version:
            return before
        return _Made(observation, version, row_of(observation))
    except ArmillaryError as error:
        log.debug("not found by searches: %s", error.message)
    except Exception:
        log.exception("no row of ObsCore could be made of %s", observation.file.name)
    return None
