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
# Its decoder needs 24 bytes a pixel, and a tiny stream may claim any number of them.
MAX_HCOMPRESS_PIXELS = 1 << 25


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


def decode_hcompress(data: Bytes, pixels: int) -> NDArray[Any]:
    """HCOMPRESS_1 into int64, shape (pixels,); the smoothing that a header may suggest is not applied.

    Raises
    ------
    TileError
        The stream is damaged or holds another number of pixels.
    """
    from armillary.images.fits.hcompress_kernels import HEADER, MAX_PLANES, decode, inverse_transform

    if len(data) < HEADER.size:
        raise TileError
    magic, slow, fast, scale, total, *planes = HEADER.unpack_from(data)
    if (
        pixels > MAX_HCOMPRESS_PIXELS
        or magic != b"\xdd\x99"
        or slow < 1
        or fast < 1
        or slow * fast != pixels
        or max(planes) > MAX_PLANES
    ):
        raise TileError
    stream = np.frombuffer(data, np.uint8)[HEADER.size :]
    coefficients = np.zeros((slow, fast), np.int64)
    if not decode(stream, coefficients, np.array(planes)):
        raise TileError
    coefficients[0, 0] = total
    if scale > 1:
        coefficients *= scale
    inverse_transform(coefficients)
    return coefficients.reshape(-1)


def decode_plio(data: Bytes, pixels: int) -> NDArray[Any]:
    """PLIO_1 into int32, shape (pixels,).

    Raises
    ------
    TileError
        The list is damaged.
    """
    from armillary.images.fits.plio_kernels import decode

    words = np.frombuffer(data, ">i2", count=len(data) // 2).astype(np.int64)
    values = np.zeros(pixels, np.int32)
    if not decode(words, values):
        raise TileError
    return values


def _numbers(raw: bytes, pixels: int, floats: str | None, *, shuffled: bool = False) -> NDArray[Any]:
    size = len(raw) // pixels
    dtype = floats or {1: ">u1", 2: ">i2", 4: ">i4", 8: ">i8"}.get(size)
    if dtype is None or len(raw) != pixels * np.dtype(dtype).itemsize:
        raise TileError
    if shuffled:
        raw = np.frombuffer(raw, np.uint8).reshape(size, pixels).T.tobytes()
    return np.frombuffer(raw, dtype)
