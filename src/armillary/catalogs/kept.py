"""What is derived from catalogs and may be wanted again: columns, orders, selections. Bounded by bytes for all."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from armillary.storage.cache import ByteLru

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

KEPT_BYTES = 512 << 20
_shared = ByteLru(KEPT_BYTES)
_numbers = itertools.count()


def set_kept_bytes(max_bytes: int) -> None:
    """Bound the memory for what is derived from all catalogs together."""
    _shared.resize(max_bytes)


class Kept:
    """What is kept of one catalog."""

    def __init__(self) -> None:
        self._number = next(_numbers)

    def column(self, name: str, read: Callable[[], Any]) -> Any:
        """A column, read when it is not there."""

        def make() -> tuple[Any, int]:
            column = read()
            return column, int(column.nbytes)

        return _shared.get_or_make((self._number, "column", name), make)

    def array(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """An array of numpy under a key, made when it is not there."""

        def made() -> tuple[Any, int]:
            array = make()
            return array, int(array.nbytes) + 256

        return _shared.get_or_make((self._number, key), made)

    def value(self, key: Hashable, make: Callable[[], tuple[Any, int]]) -> Any:
        """Anything under a key, made with the bytes that it takes when it is not there."""
        return _shared.get_or_make((self._number, "value", key), make)
