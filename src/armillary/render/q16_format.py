"""Header of a ``q16`` tile: what it may say, and the check that it does (``docs/reference/q16.md``)."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from armillary.errors import ParameterError

MAGIC = b"AQ16"
FORMAT_VERSION = 1
MAX_SIDE = 1024
FLOAT32_MAX = 3.4028234663852886e38
WIDTHS = (2, 3)
"""Bytes of a level."""

_HEADER = struct.Struct("<4s4B2I4d")
HEADER_SIZE = _HEADER.size


class Kind(IntEnum):
    """What the payload holds."""

    EMPTY = 0
    CONSTANT = 1
    QUANTISED = 2
    FLOAT32 = 3


class Flag(IntFlag):
    """Facts about the payload."""

    DELTA = 1
    LOSSLESS = 2
    GAPS = 4


@dataclass(frozen=True, slots=True)
class Header:
    """The first 48 bytes.

    Parameters
    ----------
    kind, width, flags
        What the payload is, bytes per pixel in it, and facts about it.
    rows, columns
        Sides of the tile.
    zero, scale
        A pixel is ``zero + scale * level``.
    max_error
        Bound on the difference to the encoded pixel before the result is rounded to float32.
    noise
        Noise that the precision was chosen for; 0 when unknown.
    """

    kind: Kind
    width: int
    flags: Flag
    rows: int
    columns: int
    zero: float = 0.0
    scale: float = 0.0
    max_error: float = 0.0
    noise: float = 0.0

    def pack(self) -> bytes:
        """Return the 48 bytes."""
        small = (FORMAT_VERSION, self.kind, self.width, self.flags)
        return _HEADER.pack(MAGIC, *small, self.rows, self.columns, self.zero, self.scale, self.max_error, self.noise)


def read_header(body: bytes | bytearray | memoryview) -> Header:
    """Read and check the header of a tile.

    Raises
    ------
    ParameterError
        Anything that the format does not allow, the length of the payload included.
    """
    if len(body) < HEADER_SIZE:
        raise _malformed("shorter than its header")
    magic, version, kind, width, flags, rows, columns, *numbers = _HEADER.unpack_from(body)
    if magic != MAGIC:
        raise _malformed("does not begin with AQ16")
    if version != FORMAT_VERSION:
        raise _malformed(f"format version {version}; this reader knows {FORMAT_VERSION}")
    if kind > max(Kind) or flags > sum(Flag):
        raise _malformed("unknown kind or flag")
    header = Header(Kind(kind), width, Flag(flags), rows, columns, *numbers)
    _check_numbers(header)
    if len(body) != HEADER_SIZE + width * rows * columns:
        raise _malformed("the length does not agree with the header")
    return header


def _check_numbers(header: Header) -> None:
    if not (0 < header.rows <= MAX_SIDE and 0 < header.columns <= MAX_SIDE):
        raise _malformed(f"sides must be 1 to {MAX_SIDE}")
    widths = {Kind.EMPTY: (0,), Kind.CONSTANT: (0,), Kind.QUANTISED: WIDTHS, Kind.FLOAT32: (4,)}
    if header.width not in widths[header.kind]:
        raise _malformed("bytes per pixel do not agree with the kind")
    if header.flags & Flag.DELTA and header.kind is not Kind.QUANTISED:
        raise _malformed("differences only exist in quantised tiles")
    if not (abs(header.zero) <= FLOAT32_MAX and 0 <= header.scale <= FLOAT32_MAX):
        raise _malformed("zero or scale is out of range")
    if not (0 <= header.max_error < math.inf and 0 <= header.noise < math.inf):
        raise _malformed("error bound or noise is out of range")
    if header.kind is Kind.QUANTISED and not header.scale:
        raise _malformed("a scale of zero")


def _malformed(why: str) -> ParameterError:
    return ParameterError("q16", f"not a whole tile of this format: {why}")
