"""The ``q16`` tile: float pixels as quantised integers in byte planes, with a stated error bound.

The format is described byte by byte in ``docs/reference/q16.md``; ``viewer/src/tiles/decode.ts`` reads the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import LimitError
from armillary.render.q16_format import FLOAT32_MAX, HEADER_SIZE, MAX_SIDE, WIDTHS, Flag, Header, Kind, read_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.raster import Raster

__all__ = ["MAX_SIDE", "Flag", "Header", "Kind", "decode", "encode", "precision", "read_header"]

LEVELS_PER_NOISE = 8
"""Quantisation steps in one standard deviation of the noise: the error is at most noise / 16."""

_FLOAT32_TINY = 2.0**-149
_SAMPLES = 264
"""Runs of 32 pixels to look at; not a power of two, so that they are not one column of a tile."""


@dataclass(frozen=True, slots=True)
class _Planes:
    """Quantised pixels: ``zero + scale * level``, as bytes of shape (width, pixels)."""

    planes: NDArray[np.uint8]
    zero: float
    scale: float
    delta: bool
    lossless: bool


def encode(raster: Raster) -> bytes:
    """Encode a tile.

    Parameters
    ----------
    raster
        Tile of at most ``MAX_SIDE`` squared. Pixels that are not finite count as no data.

    Returns
    -------
    bytes
        Header and payload; not compressed, see ``armillary.render.coding``.

    Raises
    ------
    LimitError
        The raster is larger than a tile.
    """
    from armillary.render import kernels

    rows, columns = raster.pixels.shape
    if not (0 < rows <= MAX_SIDE and 0 < columns <= MAX_SIDE):
        raise LimitError(f"q16 is for tiles of 1 to {MAX_SIDE} pixels a side, not {columns} x {rows}: ask for f32")
    flat = raster.pixels.reshape(-1)
    *ends, valid = kernels.finite_range(flat.view(np.int32))
    low, high = np.array(ends, np.int32).view(np.float32).tolist()
    gaps = Flag.GAPS if valid < flat.size else Flag(0)
    if not valid:
        return Header(Kind.EMPTY, 0, gaps | Flag.LOSSLESS, rows, columns).pack()
    if low == high and not gaps:
        return Header(Kind.CONSTANT, 0, Flag.LOSSLESS, rows, columns, zero=low).pack()
    quantised = _quantised(raster, flat, low, high)
    return _pack_float32(raster, gaps) if quantised is None else _pack_quantised(raster, quantised, gaps)


def _quantised(raster: Raster, flat: NDArray[np.float32], low: float, high: float) -> _Planes | None:
    """Return the levels of a tile: exact ones where there are, else fine ones, None where neither fits."""
    if _is_step(raster.quantum) and math.isfinite(raster.zero):
        first = raster.zero + _whole((low - raster.zero) / raster.quantum) * raster.quantum
        exact = _attempt(flat, first, high, raster.quantum, strict=True)
        if exact is not None:
            return exact
    if _is_step(raster.noise):
        scale = precision(raster.noise)
        return _attempt(flat, _grid_floor(low, scale), high, scale, strict=False)
    # Masks, counts and hit maps are whole numbers; a tile of one value with gaps is exact at any scale.
    return _attempt(flat, low, high, 1.0, strict=True)


def precision(noise: float) -> float:
    """Return the step for a noise: an eighth, rounded down to 8 significant bits.

    Multiples of such a step up to 65 536 are exact in float32, so most decoded pixels need no second rounding.
    """
    mantissa, exponent = math.frexp(noise / LEVELS_PER_NOISE)
    return max(math.ldexp(math.floor(mantissa * 256), exponent - 8), _FLOAT32_TINY)


def _grid_floor(low: float, scale: float) -> float:
    """Return the multiple of ``scale`` at or below ``low``: tiles of one image share their steps."""
    steps = low / scale
    return math.floor(steps) * scale if math.isfinite(steps) else low


def _attempt(flat: NDArray[np.float32], zero: float, high: float, scale: float, *, strict: bool) -> _Planes | None:
    """Quantise, or return None where the range needs over three bytes or, if ``strict``, a pixel would change."""
    from armillary.render import kernels

    span = (high - zero) / scale if math.isfinite(zero) else math.inf
    width = next((width for width in WIDTHS if span + 0.5 < (1 << 8 * width) - 1), 0)
    if not width or abs(zero) > FLOAT32_MAX or high + scale > FLOAT32_MAX:
        return None
    delta = _prefers_delta(flat, zero, scale, width)
    planes = np.empty((width, flat.size), np.uint8)
    wrong = kernels.write_planes(flat, zero, scale, delta, strict, planes)
    if strict and wrong:
        return None
    return _Planes(planes, zero, scale, delta, lossless=not wrong)


def _prefers_delta(flat: NDArray[np.float32], zero: float, scale: float, width: int) -> bool:
    """Compare the entropy of the bytes of levels with that of their differences, in a sample."""
    from armillary.render import kernels

    counts = np.zeros((2, width, 256), np.int32)
    kernels.count_codes(flat, zero, scale, max(32, flat.size // _SAMPLES | 1), counts)
    sampled = counts[0, 0].sum()
    if not sampled:
        return False
    share = counts / sampled
    bits = -(share * np.log2(share, out=np.zeros_like(share), where=share > 0)).sum(axis=(1, 2))
    return bool(bits[1] < bits[0])


def _pack_quantised(raster: Raster, quantised: _Planes, gaps: Flag) -> bytes:
    rows, columns = raster.pixels.shape
    delta = Flag.DELTA if quantised.delta else Flag(0)
    lossless = Flag.LOSSLESS if quantised.lossless else Flag(0)
    header = Header(
        Kind.QUANTISED,
        len(quantised.planes),
        gaps | delta | lossless,
        rows,
        columns,
        zero=quantised.zero,
        scale=quantised.scale,
        max_error=0.0 if quantised.lossless else quantised.scale / 2,
        noise=_stated_noise(raster),
    )
    return b"".join((header.pack(), quantised.planes.data))


def _pack_float32(raster: Raster, gaps: Flag) -> bytes:
    rows, columns = raster.pixels.shape
    header = Header(Kind.FLOAT32, 4, gaps | Flag.LOSSLESS, rows, columns, noise=_stated_noise(raster))
    pixels = np.where(np.isfinite(raster.pixels), raster.pixels, np.float32(np.nan)).astype("<f4", copy=False)
    planes = np.ascontiguousarray(pixels.reshape(-1, 1).view(np.uint8).T)
    return b"".join((header.pack(), planes.data))


def _is_step(number: float) -> bool:
    return math.isfinite(number) and number > 0


def _whole(steps: float) -> float:
    return float(round(steps)) if math.isfinite(steps) else math.inf


def _stated_noise(raster: Raster) -> float:
    return raster.noise if _is_step(raster.noise) else 0.0


def decode(body: bytes | bytearray | memoryview) -> NDArray[np.float32]:
    """Decode a tile.

    Parameters
    ----------
    body
        Output of :func:`encode`, content coding already undone.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Row 0 at the top, NaN where there is no data.

    Raises
    ------
    ParameterError
        Malformed; nothing larger than the bytes given (or a tile of one value) is ever allocated.
    """
    header = read_header(body)
    shape = (header.rows, header.columns)
    if header.kind is Kind.EMPTY:
        return np.full(shape, np.nan, np.float32)
    if header.kind is Kind.CONSTANT:
        return np.full(shape, header.zero, np.float32)
    planes = np.frombuffer(body, np.uint8, offset=HEADER_SIZE).reshape(header.width, -1)
    if header.kind is Kind.FLOAT32:
        return np.ascontiguousarray(planes.T).view("<f4").astype(np.float32, copy=False).reshape(shape)
    return _dequantised(planes, header).reshape(shape)


def _dequantised(planes: NDArray[np.uint8], header: Header) -> NDArray[np.float32]:
    missing = np.uint32((1 << 8 * header.width) - 1)
    levels = planes[0].astype(np.uint32)
    for plane in range(1, header.width):
        levels |= planes[plane].astype(np.uint32) << np.uint32(8 * plane)
    if header.flags & Flag.DELTA:
        unfolded = (levels >> np.uint32(1)) ^ (np.uint32(0) - (levels & np.uint32(1)))
        levels = np.cumsum(unfolded, dtype=np.uint32) & missing
    with np.errstate(over="ignore"):
        pixels: NDArray[np.float32] = (header.zero + header.scale * levels.astype(np.float64)).astype(np.float32)
    pixels[levels == missing] = np.nan
    return pixels
