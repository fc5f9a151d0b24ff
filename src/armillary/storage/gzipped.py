"""Random access to gzip files (RFC 1952), several members included.

Decoded bytes are kept by blocks of 4 MiB, together with the state of the decompressor at the start of each block, so
that a block is decoded from its own start and not from the start of the file. Both live in caches bounded by bytes;
what has been dropped is decoded again from the nearest state that is left. A file that breaks off gives what can be
decoded of it.
"""

from __future__ import annotations

import threading
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.storage import cache
from armillary.storage.blocks import DecodedSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.storage.source import ByteSource

    Decompressor = zlib._Decompress  # noqa: SLF001  (its only name)

BLOCK_BYTES = 4 << 20
INPUT_BYTES = 256 << 10
STATE_COST = 48 << 10  # zlib's window and tables
_MAGIC = b"\x1f\x8b\x08"


@dataclass(slots=True)
class _State:
    """A decompressor in the middle of a file."""

    decompressor: Decompressor
    position: int  # of the first compressed byte it has not consumed
    ended: bool = False


class GzipSource(DecodedSource):
    """A file compressed by gzip.

    Parameters
    ----------
    inner
        The compressed bytes.
    max_bytes
        Reading beyond so many decoded bytes is refused.
    """

    def __init__(self, inner: ByteSource, *, max_bytes: int) -> None:
        super().__init__(inner, max_bytes=max_bytes)
        self._lock = threading.Lock()
        self._known: tuple[str, int | None] = ("", None)

    @property
    def size(self) -> int:
        """Decoded bytes that can be had; scans the file the first time."""
        version = self.version
        known_version, size = self._known
        if known_version == version and size is not None:
            return size
        index = 0
        while len(block := self._block(index, version)) == BLOCK_BYTES:
            index += 1
        size = index * BLOCK_BYTES + len(block)
        self._known = (version, size)
        return size

    def ends_at(self, offset: int) -> bool:
        """Whether ``offset`` bytes are all: by the length that gzip leaves at the end of a file, else by scanning."""
        compressed = self._inner.size
        last = self._inner.read_upto(compressed - 4, 4) if compressed > 18 else b""
        # Deflate makes at best one byte of 1032: the recorded length (modulo 2³²) must also be possible.
        if int.from_bytes(last, "little") == offset & 0xFFFFFFFF and offset <= 1032 * compressed:
            return True
        return super().ends_at(offset)

    def _blocks(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        version = self.version
        for index in range(offset // BLOCK_BYTES, -(-(offset + length) // BLOCK_BYTES)):
            block = self._block(index, version)
            yield index * BLOCK_BYTES, block
            if len(block) < BLOCK_BYTES:
                return

    def _block(self, index: int, version: str) -> bytes:
        last = self.max_bytes // BLOCK_BYTES
        if index > last:
            if len(self._block(last, version)) == BLOCK_BYTES:
                self._refuse()
            return b""
        block: bytes = cache.decoded.get_or_make(
            (self._key, version, index), lambda: _with_cost(self._decode(index, version))
        )
        return block

    def _decode(self, index: int, version: str) -> bytes:
        """Block ``index``, decoded from the nearest state before it; keeps blocks and states on the way."""
        with self._lock:
            ready = cache.decoded.get((self._key, version, index))
            if ready is not None:
                return bytes(ready)
            at, state = self._nearest(index, version)
            while True:
                block = self._advance(state)
                if at == index or len(block) < BLOCK_BYTES:
                    self._keep(at + 1, state, version)
                    return block if at == index else b""
                at += 1
                self._keep(at, state, version)

    def _nearest(self, index: int, version: str) -> tuple[int, _State]:
        for at in range(index, 0, -1):
            kept: _State | None = cache.states.get((self._key, version, at))
            if kept is not None:
                return at, _State(kept.decompressor.copy(), kept.position, kept.ended)
        return 0, _State(zlib.decompressobj(31), 0)

    def _keep(self, index: int, state: _State, version: str) -> None:
        if not state.ended:
            copy = _State(state.decompressor.copy(), state.position)
            cache.states.put((self._key, version, index), copy, STATE_COST)

    def _advance(self, state: _State) -> bytes:
        """The next block: shorter than ``BLOCK_BYTES`` only where the file ends or breaks."""
        parts: list[bytes] = []
        wanted = BLOCK_BYTES
        while wanted and not state.ended:
            fed = self._inner.read_upto(state.position, INPUT_BYTES)
            try:
                part = state.decompressor.decompress(fed, wanted)
            except zlib.error:
                state.ended = True
                break
            state.position += len(fed) - len(state.decompressor.unconsumed_tail) - len(state.decompressor.unused_data)
            state.ended = not fed and not part
            parts.append(part)
            wanted -= len(part)
            if state.decompressor.eof:
                self._next_member(state)
        return b"".join(parts)

    def _next_member(self, state: _State) -> None:
        """Go on with the member that follows, past padding with zeros; anything else ends the file."""
        while head := self._inner.read_upto(state.position, 4096):
            stripped = head.lstrip(b"\0")
            state.position += len(head) - len(stripped)
            if stripped:
                break
        state.ended = self._inner.read_upto(state.position, 3) != _MAGIC
        state.decompressor = zlib.decompressobj(31)


def _with_cost(block: bytes) -> tuple[bytes, int]:
    return block, len(block) + 64
