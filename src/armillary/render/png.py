"""Palette PNG (W3C PNG, third edition): one byte for a pixel instead of four.

Index 0 is transparent and means no data; the other 255 carry the colour map. Rows are not filtered: differences of
palette indices mean nothing.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PALETTE_COLOUR_TYPE = 3
_LEVEL = 1


def empty_scanlines(rows: int, columns: int) -> NDArray[np.uint8]:
    """Return room for filter bytes (zeroed) and indices, shape (rows, columns + 1)."""
    scanlines = np.empty((rows, columns + 1), np.uint8)
    scanlines[:, 0] = 0
    return scanlines


def write(scanlines: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """Return a PNG file.

    Parameters
    ----------
    scanlines
        Shape (rows, columns + 1): a filter byte of 0, then indices.
    palette
        Shape (256, 3); entry 0 is made transparent.
    """
    rows, width = scanlines.shape
    header = struct.pack(">2I5B", width - 1, rows, 8, _PALETTE_COLOUR_TYPE, 0, 0, 0)
    packed = bytes(imagecodecs.deflate_encode(scanlines, level=_LEVEL))  # type: ignore[arg-type]
    chunks = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"tRNS", b"\x00"), (b"IDAT", packed), (b"IEND", b""))
    return b"".join((SIGNATURE, *(part for name, data in chunks for part in _chunk(name, data))))


def _chunk(name: bytes, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    checksum = zlib.crc32(data, zlib.crc32(name))
    return struct.pack(">I", len(data)), name, data, struct.pack(">I", checksum)
