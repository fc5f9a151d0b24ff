"""Bytes in memory as a source."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class MemorySource:
    """A ``ByteSource`` over bytes that are in memory for good.

    Parameters
    ----------
    name
        For messages.
    content
        The bytes.
    """

    decoded = True

    def __init__(self, name: str, content: bytes) -> None:
        self.name = name
        self.content = content
        self.max_bytes = len(content)
        self._version = hashlib.blake2b(content, digest_size=8).hexdigest()

    @property
    def version(self) -> str:
        """Made of the bytes."""
        return self._version

    @property
    def size(self) -> int:
        """How many bytes."""
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes, or CorruptFileError."""
        data = self.read_upto(offset, length)
        if len(data) != length:
            raise CorruptFileError(self.name, "the file ends too early: it is truncated.")
        return data

    def read_upto(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes."""
        return self.content[offset : offset + length]

    def ends_at(self, offset: int) -> bool:
        """Whether there are exactly ``offset`` bytes."""
        return len(self.content) == offset

    def mapped(self) -> memoryview | None:
        """All of it."""
        return memoryview(self.content)

    def read_rows(self, offset: int, stride: int, length: int, count: int) -> NDArray[np.uint8] | None:
        """Not cheaper than ``mapped``."""

    def close(self) -> None:
        """Nothing is held that could be let go of."""
