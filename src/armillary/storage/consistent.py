"""Reading a file that may change meanwhile: no pixel of one version beside one of another."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from armillary.errors import CorruptFileError, UnreadableFileError, VersionGoneError
from armillary.storage.faults import fault_count

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

TRIES = 6


class Versioned(Protocol):
    """What has a version that costs a stat: a ``ByteSource``, a ``Plane``."""

    @property
    def version(self) -> str:
        """Changes when the bytes may have changed."""


def read_consistently(
    thing: Versioned, read: Callable[[], T], *, name: str = "file", opened: str | None = None
) -> tuple[T, str]:
    """Result of ``read`` and the version that all of it belongs to.

    The version is looked at before and after. When it changed, or when a mapped page was gone (see
    ``armillary.storage.sigbus``), the result is thrown away and ``read`` called again, a little later each time.

    Parameters
    ----------
    thing
        What is read from.
    read
        Reads and copies: its result must not refer to mapped memory.
    name
        Name of the file for the message.
    opened
        The only version to be read; None for whichever there is.

    Raises
    ------
    VersionGoneError
        There is another version than ``opened``.
    UnreadableFileError
        The file kept changing, vanished, or its disk fails.
    """
    changed = False
    for attempt in range(TRIES):
        if attempt:
            time.sleep(0.004 * 2**attempt)
        version, faults = thing.version, fault_count()
        if opened not in (None, version):
            raise VersionGoneError(f"{name}: the file changed on disk and must be opened again.")
        try:
            result = read()
        except CorruptFileError:
            # Bytes that were overwritten while they were decoded look corrupt; those that stayed are.
            if thing.version == version:
                raise
            changed = True
            continue
        if thing.version == version and fault_count() == faults:
            return result, version
        changed = changed or thing.version != version
    if changed:
        raise UnreadableFileError(name, "it keeps changing while it is read: try again once it is written.")
    raise UnreadableFileError(name, "its disk gives no data: the file may be damaged or its file server away.")
