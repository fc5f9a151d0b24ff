"""What sources share that give bytes by blocks: decompressed files and remote ones."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NoReturn

from armillary.errors import CorruptFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from armillary.storage.source import ByteSource

MAX_READ_BYTES = 1 << 30

# Names of sources in the shared cache; an ``id()`` would come back after a source is gone.
_keys = itertools.count()


def new_key() -> int:
    """A name for a source in the shared cache."""
    return next(_keys)


class BlockedSource(ABC):
    """A source whose bytes come in blocks that are kept in the shared cache."""

    name: str
    decoded: bool
    max_bytes: int

    @property
    @abstractmethod
    def version(self) -> str:
        """Changes when the bytes may have changed."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Bytes that can be had."""

    @abstractmethod
    def _blocks(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        """``(start, bytes)`` of the blocks that a range touches, in order; they end where the file ends."""

    def ends_at(self, offset: int) -> bool:
        """Whether the file has exactly ``offset`` bytes."""
        return len(self.read_upto(max(0, offset - 1), 2)) == min(offset, 1)

    def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes, or CorruptFileError."""
        data = self.read_upto(offset, length)
        if len(data) != length:
            raise CorruptFileError(self.name, "the file ends too early: it is truncated.")
        return data

    def read_upto(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes, and at most 1 GiB, fewer where the file ends."""
        length = min(length, MAX_READ_BYTES)
        if length <= 0:
            return b""
        end = offset + length
        return b"".join(
            data[max(0, offset - start) : end - start]
            for start, data in self._blocks(offset, length)
            if start < end and start + len(data) > offset
        )

    def mapped(self) -> memoryview | None:
        """There is nothing to map."""
        return None

    def read_rows(self, offset: int, stride: int, length: int, count: int) -> NDArray[np.uint8] | None:  # noqa: ARG002
        """Not cheaper than ``read``."""
        return None


class DecodedSource(BlockedSource):
    """A source that decompresses another."""

    decoded = True

    def __init__(self, inner: ByteSource, *, max_bytes: int) -> None:
        self._inner = inner
        self._key = new_key()
        self.name = inner.name
        self.max_bytes = max_bytes

    @property
    def version(self) -> str:
        """Version of the compressed file."""
        return self._inner.version

    def close(self) -> None:
        """Let go of the compressed file."""
        self._inner.close()

    def _refuse(self) -> NoReturn:
        raise UnsupportedFileError(
            self.name,
            f"it decompresses to more than {describe_bytes(self.max_bytes)}, which is refused: decompress it.",
        )


def describe_bytes(number: int) -> str:
    """A number of bytes in words."""
    if number >= 1 << 60:
        return f"about 10^{int(number.bit_length() * 0.30103)} bytes"
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if number >= 1 << power:
            return f"{number / (1 << power):.4g} {unit}"
    return f"{number} bytes"
