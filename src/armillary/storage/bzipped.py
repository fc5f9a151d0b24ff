"""Random access to bzip2 files.

A bzip2 stream is a row of independent blocks that begin, at any bit, with the 48 bits of pi and end where the next
begins. Each is made a stream of its own (shifted to whole bytes, with its own checksum as that of the stream) and
given to the standard library. Where a block lies in the decoded file is known once all before it were decoded;
several are decoded at once.
"""

from __future__ import annotations

import bz2
import os
import threading
from bisect import bisect_right
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.storage import cache
from armillary.storage.blocks import DecodedSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.storage.source import ByteSource

BLOCK_MAGIC = 0x314159265359
END_MAGIC = 0x177245385090
SCAN_BYTES = 8 << 20
# 900 000 bytes after the first run-length coding, in which 5 bytes can stand for 259.
MAX_BLOCK_BYTES = 48 << 20


@dataclass(slots=True)
class _Index:
    """Where the blocks of one version of a file lie."""

    version: str
    bits: list[tuple[int, int]]  # first bit and end of every block
    starts: list[int] = field(default_factory=lambda: [0])  # decoded offsets; one more than blocks decoded so far
    broken: bool = False

    @property
    def complete(self) -> bool:
        return self.broken or len(self.starts) > len(self.bits)


class Bzip2Source(DecodedSource):
    """A file compressed by bzip2.

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
        self._index = _Index("", [])

    @property
    def size(self) -> int:
        """Decoded bytes that can be had; decodes the file the first time."""
        return self._indexed_to(1 << 62).starts[-1]

    def _blocks(self, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        index = self._indexed_to(offset + length)
        first = max(0, bisect_right(index.starts, offset) - 1)
        for number in range(first, len(index.starts) - 1):
            if index.starts[number] >= offset + length:
                return
            yield index.starts[number], self._block(index, number)

    def _indexed_to(self, end: int) -> _Index:
        """The index, with at least the blocks up to decoded byte ``end``."""
        version = self.version
        with self._lock:
            if self._index.version != version:
                self._index = _Index(version, list(self._find_blocks()))
            index = self._index
            while not index.complete and index.starts[-1] < min(end, self.max_bytes + 1):
                self._extend(index)
            if index.starts[-1] > self.max_bytes and end > self.max_bytes:
                self._refuse()
            return index

    def _extend(self, index: _Index) -> None:
        """Decode the next few blocks, to know how long they are."""
        first = len(index.starts) - 1
        numbers = range(first, min(first + _THREADS, len(index.bits)))
        for block in _pool().map(lambda number: self._block(index, number), numbers):
            if not block:
                index.broken = True
                return
            index.starts.append(index.starts[-1] + len(block))

    def _block(self, index: _Index, number: int) -> bytes:
        """Decoded bytes of a block, empty where it is damaged."""

        def make() -> tuple[bytes, int]:
            block = self._decode(*index.bits[number])
            return block, len(block) + 64

        block: bytes = cache.decoded.get_or_make((self._key, index.version, number), make)
        return block

    def _decode(self, first_bit: int, end_bit: int) -> bytes:
        start = first_bit // 8
        data = self._inner.read_upto(start, -(-end_bit // 8) - start)
        try:
            return bz2.BZ2Decompressor().decompress(_as_stream(data, first_bit % 8, end_bit - first_bit))
        except (OSError, EOFError, ValueError):
            return b""

    def _find_blocks(self) -> Iterator[tuple[int, int]]:
        """Bits of every block: from its magic number to the next one, or to that of a stream's end."""
        block_start: int | None = None
        for bit, is_block in self._find_magics():
            if block_start is not None:
                yield block_start, bit
            block_start = bit if is_block else None

    def _find_magics(self) -> Iterator[tuple[int, bool]]:
        position, overlap = 0, 7
        while True:
            data = self._inner.read_upto(position, SCAN_BYTES + overlap)
            found = (hit for hit in _magics_in(data) if hit[0] < 8 * SCAN_BYTES)
            yield from ((8 * position + bit, is_block) for bit, is_block in sorted(found))
            if len(data) < SCAN_BYTES + overlap:
                return
            position += SCAN_BYTES


def _magics_in(data: bytes) -> Iterator[tuple[int, bool]]:
    """Bits at which a magic number begins, and whether it is a block's."""
    for magic, is_block in ((BLOCK_MAGIC, True), (END_MAGIC, False)):
        for shift in range(8):
            # The whole bytes within the shifted number are found fast, its ends are compared then.
            width = 6 if shift == 0 else 7
            pattern = (magic << (8 - shift) % 8).to_bytes(width, "big")
            core = pattern if shift == 0 else pattern[1:-1]
            lead = 0 if shift == 0 else 1
            at = data.find(core)
            while at >= 0:
                start = at - lead
                if start >= 0 and start + width <= len(data):
                    number = int.from_bytes(data[start : start + width], "big") >> (8 - shift) % 8
                    if number & 0xFFFFFFFFFFFF == magic:
                        yield 8 * start + shift, is_block
                at = data.find(core, at + 1)


def _as_stream(data: bytes, shift: int, bits: int) -> bytes:
    """A bzip2 stream of the one block that begins ``shift`` bits into ``data`` and has ``bits`` bits."""
    number = int.from_bytes(data, "big") >> (8 * len(data) - shift - bits)
    number &= (1 << bits) - 1
    checksum = number >> (bits - 80) & 0xFFFFFFFF
    number = number << 80 | END_MAGIC << 32 | checksum
    bits += 80
    return b"BZh9" + (number << -bits % 8).to_bytes(-(-bits // 8), "big")


_THREADS = min(4, os.cpu_count() or 1)
_pools: list[ThreadPoolExecutor] = []
_pools_lock = threading.Lock()


def _pool() -> ThreadPoolExecutor:
    with _pools_lock:
        if not _pools:
            _pools.append(ThreadPoolExecutor(_THREADS, "bzip2"))
        return _pools[0]
