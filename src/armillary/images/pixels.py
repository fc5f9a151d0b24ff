"""Pixels in the form that the kernels take, whether they lie in a mapped file or were decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from armillary.errors import VersionGoneError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.plane import MappedPixels, Plane
    from armillary.sky.grid import Window

DECODE_BYTES = 16 << 20
"""How much is decoded at a time: a few of these are the most that one request holds."""


class Rule(NamedTuple):
    """What stored numbers mean.

    Parameters
    ----------
    like
        Empty array of their native dtype.
    blank
        The number, of that dtype, that is no data.
    no_blank
        True when there is none.
    scale, zero
        ``value = zero + scale * stored``.
    """

    like: NDArray[Any]
    blank: Any
    no_blank: bool
    scale: float
    zero: float


class Pixels(NamedTuple):
    """A 2-D array of pixels and what its numbers mean.

    Parameters
    ----------
    raw
        Unsigned integers holding big-endian numbers, or native floats; FITS row order, read-only.
    rule
        What they mean.
    y0
        Row of the plane that row 0 of ``raw`` is.
    """

    raw: NDArray[Any]
    rule: Rule
    y0: int = 0


def mapped_pixels(mapped: MappedPixels) -> Pixels:
    """The whole plane as it lies in memory."""
    stored, linear = mapped.stored, mapped.linear
    native = stored.dtype.newbyteorder("=")
    has_blank = native.kind in "iu" and linear.blank is not None and _holds(native, linear.blank)
    blank = native.type(linear.blank if has_blank else 0)
    rule = Rule(np.empty(0, native), blank, not has_blank, float(linear.scale), float(linear.zero))
    big_endian = stored.astype(native.newbyteorder(">"), copy=False)
    return Pixels(_frozen(big_endian.view(f"u{native.itemsize}")), rule)


def decoded_pixels(values: NDArray[Any], y0: int = 0) -> Pixels:
    """Values that a reader decoded: native float32 or float64, NaN where there is no data."""
    if values.dtype not in {np.dtype(np.float32), np.dtype(np.float64)}:
        values = values.astype(np.float64)
    blank = values.dtype.type(0)
    rule = Rule(np.empty(0, values.dtype), blank, no_blank=True, scale=1.0, zero=0.0)
    return Pixels(_frozen(values), rule, y0)


def find_pixels(plane: Plane) -> Pixels | None:
    """The mapped pixels of a plane, or None when they must be decoded.

    Raises
    ------
    VersionGoneError
        The file now holds another shape than the plane was opened with.
    """
    mapped = plane.mapped()
    if mapped is None:
        return None
    if mapped.stored.shape != plane.shape:
        raise VersionGoneError(f"{plane.words.name}: the file changed its shape: open it again.")
    return mapped_pixels(mapped)


def decode(plane: Plane, window: Window) -> Pixels:
    """Decode a window of a plane.

    Raises
    ------
    VersionGoneError
        The reader gave another shape than asked for: the file changed.
    """
    values = plane.window(window)
    if values.shape != window.shape:
        raise VersionGoneError(f"{plane.words.name}: the file changed its shape: open it again.")
    return decoded_pixels(values, window.y0)


def band_edges(plane: Plane, y0: int, y1: int, width: int) -> list[int]:
    """Where to cut rows ``y0:y1`` so that each part decodes at most ``DECODE_BYTES``, at edges of the reader's bands.

    A part is never less than a band: its reader decodes all of it anyway.
    """
    band = max(1, plane.band_rows)
    rows = max(1, DECODE_BYTES // (8 * width) // band) * band
    first = (y0 // rows + 1) * rows
    return [y0, *range(first, y1, rows), y1]


def _holds(dtype: np.dtype[Any], number: int) -> bool:
    limits = np.iinfo(dtype)
    return bool(limits.min <= number <= limits.max)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    """A read-only view: one type for the kernels, whatever the array came from. Rows apart only cost their speed."""
    view = array.view()
    view.flags.writeable = False
    return view
