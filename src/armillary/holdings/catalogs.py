"""One catalog on offer: read when it is first wanted, read anew when its file changed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.catalogs.catalog import Catalog
    from armillary.errors import FileError


class OfferedCatalog:
    """A catalog on offer.

    Parameters
    ----------
    name
        The file's own name, for messages.
    read
        Reads it; called again when the version changed.
    version
        Version of the bytes now; costs a stat.

    Attributes
    ----------
    problem
        Why it cannot be shown now, None while it can.
    count
        Number of rows, None until it was read.
    """

    def __init__(self, name: str, read: Callable[[], Catalog], version: Callable[[], str]) -> None:
        self.name = name
        self.problem: FileError | None = None
        self.count: int | None = None
        self._read = read
        self._version = version
        self._lock = threading.Lock()
