"""Decoders of single tiles: bytes to stored numbers (FITS 4.0, section 10.4)."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = bytes | memoryview

# Rice stores whole blocks of pixels; a damaged stream may make the decoder read on. Ones end every run it follows.
_PAD_BYTES_PER_PIXEL = 5


class TileError(Exception):
    """The bytes of a tile make no sense."""


def decode_rice(data: Bytes, pixels: int, byte_pixel: int, block_size: int) -> NDArray[Any]:
    """RICE_1 into native int32, int16 or uint8, shape (pixels,).

    Raises
    ------
    TileError
        The stream is damaged.
    """
    import imagecodecs

    padded = bytes(data) + b"\xff" * (block_size * _PAD_BYTES_PER_PIXEL + 64)
    dtype = {1: np.uint8, 2: np.int16, 4: np.int32}[byte_pixel]
    try:
        decoded: NDArray[Any] = imagecodecs.rcomp_decode(padded, shape=(pixels,), dtype=dtype, nblock=block_size)
    except (RuntimeError, ValueError) as error:
        raise TileError from error
    return decoded


def decode_gzip(data: Bytes, pixels: int, *, floats: str | None, shuffled: bool = False) -> NDArray[Any]:
    """GZIP_1 or GZIP_2 (bytes of equal weight together) into big-endian numbers, shape (pixels,).

    Parameters
    ----------
    floats
        Type of the numbers when they are floats; integers have as many bytes as the stream has for each.

    Raises
    ------
    TileError
        The stream is damaged or holds another number of pixels.
    """
    try:
        decompressor = zlib.decompressobj(47)
        raw = decompressor.decompress(data, 8 * pixels + 1)
    except zlib.error as error:
        raise TileError from error
    return _numbers(raw, pixels, floats, shuffled=shuffled)


def decode_plain(data: Bytes, pixels: int, *, floats: str | None) -> NDArray[Any]:
    """NOCOMPRESS and UNCOMPRESSED_DATA: big-endian numbers, shape (pixels,).

    Raises
    ------
    TileError
        There are not as many bytes as pixels need.
    """
    return _numbers(bytes(data), pixels, floats)


def _numbers(raw: bytes, pixels: int, floats: str | None, *, shuffled: bool = False) -> NDArray[Any]:
    size = len(raw) // pixels
    dtype = floats or {1: ">u1", 2: ">i2", 4: ">i4", 8: ">i8"}.get(size)
    if dtype is None or len(raw) != pixels * np.dtype(dtype).itemsize:
        raise TileError
    if shuffled:
        raw = np.frombuffer(raw, np.uint8).reshape(size, pixels).T.tobytes()
    return np.frombuffer(raw, dtype)
