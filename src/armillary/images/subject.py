"""A plane under work: looks at its version before and after every read, and keeps what was derived from it."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, TypeVar, cast

from armillary.errors import FileError, VersionGoneError
from armillary.images.flight import SingleFlight
from armillary.images.store import Derived, StoreKey, shared_store
from armillary.storage.faults import fault_count

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from armillary.images.plane import Plane
    from armillary.images.store import OverviewStore

T = TypeVar("T")
D = TypeVar("D", bound=Derived)

ATTEMPTS = 4
"""How often a read is repeated when the file changes under it."""

PAUSE_S = 0.01
"""How much longer to wait before each further attempt."""

_numbers = itertools.count()
_flights = SingleFlight()


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(PAUSE_S * attempt)


class Subject:
    """What every part of a pyramid works on.

    Parameters
    ----------
    plane
        The plane.
    store
        Where derived things are kept, None for the store of the process.
    identity
        What makes the plane the same one after it is opened again; without it, derived things go with the object
        and nothing is kept beyond the process.
    """

    def __init__(self, plane: Plane, store: OverviewStore | None = None, identity: str | None = None) -> None:
        self.plane = plane
        self.shape = plane.shape
        self.dtype = plane.dtype
        self.store = shared_store() if store is None else store
        self.lasting = identity is not None
        self.identity: Hashable = next(_numbers) if identity is None else identity

    def key(self, version: str, kind: Hashable) -> StoreKey:
        """Key of a derived thing in the store."""
        return StoreKey(self.identity, version, kind)

    def check_kind(self) -> None:
        """Refuse to go on with a file that now holds another kind of plane.

        Raises
        ------
        VersionGoneError
            Shape or dtype are no longer what they were.
        """
        if self.plane.shape != self.shape or self.plane.dtype != self.dtype:
            raise VersionGoneError(f"{self.plane.words.name}: the file changed its shape or type: open it again.")

    def steady(self, read: Callable[[str], T]) -> tuple[T, str]:
        """Read between two looks at the version, until both agree.

        Parameters
        ----------
        read
            Given the version, reads; called again when the file changed meanwhile.

        Returns
        -------
        What was read, and the version it is of.

        Raises
        ------
        VersionGoneError
            The file keeps changing, or is now of another kind.
        FileError
            The file cannot be read, and is not changing.
        """
        for attempt in range(ATTEMPTS):
            _pause(attempt)
            version, faults = self.plane.version, fault_count()
            self.check_kind()
            try:
                result = read(version)
            except (FileError, VersionGoneError):
                if self.plane.version == version and fault_count() == faults:
                    raise
                continue
            if self.plane.version == version and fault_count() == faults:
                self.check_kind()
                return result, version
        raise self._changing()

    def at_version(self, version: str, read: Callable[[], T]) -> T:
        """Read what must be of one given version.

        Raises
        ------
        VersionGoneError
            The file is no longer of that version, or is now of another kind.
        FileError
            The file cannot be read.
        """
        for attempt in range(ATTEMPTS):
            _pause(attempt)
            faults = fault_count()
            self._demand(version)
            result = read()
            self._demand(version)
            if fault_count() == faults:
                return result
        raise self._changing()

    def derived(self, kind: Hashable, make: Callable[[], D]) -> D:
        """What the store has of the file as it is now, else what ``make`` gives, made once for all who ask.

        Raises
        ------
        VersionGoneError, FileError
            As ``steady``.
        """
        return self.steady(lambda version: self._derive(self.key(version, kind), make))[0]

    def _demand(self, version: str) -> None:
        self.check_kind()
        if self.plane.version != version:
            raise VersionGoneError(f"{self.plane.words.name}: the file changed: ask for its new version.")

    def _changing(self) -> VersionGoneError:
        return VersionGoneError(f"{self.plane.words.name}: the file keeps changing: try again when it is written.")

    def _derive(self, key: StoreKey, make: Callable[[], D]) -> D:
        found = self.store.get(key)
        if found is not None:
            return cast("D", found)
        return _flights.run((id(self.store), key), lambda: self._make(key, make))

    def _make(self, key: StoreKey, make: Callable[[], D]) -> D:
        faults = fault_count()
        thing = make()
        if self.plane.version == key.version and fault_count() == faults:
            self.store.put(key, thing)
        return thing
