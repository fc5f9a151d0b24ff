"""One tile: which bytes, which decoder, and from stored numbers to values (FITS 4.0, sections 10.1.3 to 10.2)."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.images.fits.codecs import (
    TileError,
    decode_gzip,
    decode_hcompress,
    decode_plain,
    decode_plio,
    decode_rice,
)
from armillary.images.plane import to_values, value_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from armillary.images.fits.tiled import CompressedImage
    from armillary.images.fits.tiletable import Pieces, TileTable

    Bytes = bytes | memoryview
    BytesAt = Callable[[int, int], Bytes | None]


def decode_tile(
    image: CompressedImage, table: TileTable, row: int, pixels: int, bytes_at: BytesAt
) -> NDArray[Any] | None:
    """Values of a tile, shape (pixels,), its own memory; None where a truncated file lacks it.

    Parameters
    ----------
    image, table, row
        Which tile.
    pixels
        How many pixels it has.
    bytes_at
        Gives bytes of the file by start and length, None where they are missing.

    Raises
    ------
    TileError
        Its bytes are damaged.
    """
    column, data = _bytes_of(image, table, row, bytes_at)
    if data is None:
        return None
    floats = image.stored.str if image.layout.bitpix < 0 else None
    if column is table.compressed:
        scale, zero = _scaling(image, table, row)
        quantised = floats is not None and scale is not None
        stored = _stored(image, data, pixels, None if quantised else floats)
        if scale is not None and quantised:
            return _dequantised(image, table, row, stored, scale, zero)
        if image.as_stored:
            return _numbers(image, stored, None if table.blank is None or floats else table.blank[row])
        values = to_values(stored, image.linear)
        if table.blank is not None and not floats:
            values[stored == table.blank[row]] = np.nan
    else:
        decode = decode_gzip if column is table.gzipped else decode_plain
        stored = decode(data, pixels, floats=floats)
        if image.as_stored:
            return _numbers(image, stored, None)
        values = to_values(stored, image.linear)
    return values.astype(value_dtype(image.stored), copy=False)


def _numbers(image: CompressedImage, stored: NDArray[Any], blank: int | None) -> NDArray[Any]:
    """Stored numbers in the type of the image; ``blank`` of this tile becomes that of the image."""
    numbers = stored.astype(image.tile_type)
    if blank is not None and image.blank is not None:
        numbers[stored == blank] = image.missing
    return numbers


def _bytes_of(
    image: CompressedImage, table: TileTable, row: int, bytes_at: BytesAt
) -> tuple[Pieces | None, Bytes | None]:
    """The first column that has bytes for the tile, and these."""
    for column in (table.compressed, table.gzipped, table.plain):
        if column is not None and column.length[row]:
            return column, bytes_at(int(column.start[row]), int(column.length[row]))
    if image.hdu.truncated:
        return None, None
    raise TileError


def _stored(image: CompressedImage, data: Bytes, pixels: int, floats: str | None) -> NDArray[Any]:
    layout = image.layout
    if layout.algorithm in ("RICE_1", "HCOMPRESS_1", "PLIO_1") and floats:
        raise TileError
    if layout.algorithm == "RICE_1":
        return decode_rice(data, pixels, layout.byte_pixel, layout.block_size)
    if layout.algorithm == "HCOMPRESS_1":
        return decode_hcompress(data, pixels)
    if layout.algorithm == "PLIO_1":
        return decode_plio(data, pixels)
    if layout.algorithm == "NOCOMPRESS":
        return decode_plain(data, pixels, floats=floats)
    return decode_gzip(data, pixels, floats=floats, shuffled=layout.algorithm == "GZIP_2")


def _scaling(image: CompressedImage, table: TileTable, row: int) -> tuple[float | None, float]:
    """ZSCALE and ZZERO of a tile, from columns or keywords; no scale when it is not quantised."""
    layout = image.layout
    scale = layout.scale if table.scale is None else float(table.scale[row])
    zero = layout.zero if table.zero is None else float(table.zero[row])
    return scale, zero or 0.0


def _dequantised(
    image: CompressedImage, table: TileTable, row: int, stored: NDArray[Any], scale: float, zero: float
) -> NDArray[Any]:
    from armillary.images.fits.dequantise_kernels import N_RANDOM, dequantise, dequantise_dithered

    layout = image.layout
    blank = layout.blank if table.blank is None else int(table.blank[row])
    marks = (0 if blank is None else blank, blank is not None)
    values = np.empty(stored.size, value_dtype(image.stored))
    stored = stored.astype(np.int32, copy=False)
    if layout.dithered:
        seed = (row + layout.dither_seed - 1) % N_RANDOM
        dequantise_dithered(stored, values, scale, zero, *marks, layout.keep_zeros, _randoms(), seed)
    else:
        dequantise(stored, values, scale, zero, *marks)
    if image.linear.scale != 1.0 or image.linear.zero != 0.0:
        values = to_values(values, image.linear)
    return values


@functools.cache
def _randoms() -> NDArray[np.float32]:
    from armillary.images.fits.dequantise_kernels import random_sequence

    numbers: NDArray[np.float32] = random_sequence()
    return numbers
