"""One sample of about a million pixels of a plane: for its range, its coverage and the first look at it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from armillary.images.pixels import band_edges, decode, find_pixels
from armillary.images.plane import Plane
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.subject import Subject

SAMPLE_PIXELS = 1_000_000
DECODED_WHOLE_PIXELS = 16_000_000
"""A plane of up to this many pixels is decoded whole for its sample: a tenth of a second, and the coverage is true."""
PATCHES = 16
GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    """Pixels taken from all over a plane.

    Parameters
    ----------
    pixels
        Float32, row 0 at the top; NaN where there is no data.
    step
        Distance of the pixels along both axes, the first being the top left one; 0 when they are no grid but
        patches.
    """

    pixels: NDArray[np.float32]
    step: int

    @property
    def nbytes(self) -> int:
        """Bytes of memory."""
        return self.pixels.nbytes

    def valid(self) -> NDArray[np.float32]:
        """The pixels that are data, flat."""
        return self.pixels[np.isfinite(self.pixels)]


def take_sample(subject: Subject) -> Sample:
    """Sample the file as it is now.

    A grid whose step is a prime: patterns of detectors and compressed tiles repeat with powers of two and round
    numbers, which no prime above five shares. A plane of up to a million pixels is its own sample.
    """
    step = grid_step(subject.shape)
    pixels = _grid(subject, step)
    if pixels is None:
        return Sample(_patches(subject), 0)
    pixels = np.ascontiguousarray(pixels, np.float32)
    pixels[~np.isfinite(pixels)] = np.nan
    return Sample(pixels, step)


def grid_step(shape: tuple[int, int]) -> int:
    """Least step, 1 or a prime, whose grid has about ``SAMPLE_PIXELS`` pixels, and at most twice as many."""
    step = math.ceil(max(math.sqrt(shape[0] * shape[1] / SAMPLE_PIXELS), max(shape) / SAMPLE_PIXELS))
    while any(step % divisor == 0 for divisor in range(2, math.isqrt(step) + 1)):
        step += 1
    return step


def _grid(subject: Subject, step: int) -> NDArray[np.float32] | None:
    plane, (ny, nx) = subject.plane, subject.shape
    if type(plane).sample is not Plane.sample and step > 1:
        with np.errstate(over="ignore"):
            found = plane.sample(step)
        if found is not None:
            return found
    pixels = find_pixels(plane)
    if pixels is None:
        if ny * nx > DECODED_WHOLE_PIXELS:
            return None
        if step > 1:
            return _grid_by_bands(subject, step)
        pixels = decode(plane, Window(0, ny, 0, nx))
    from armillary.images.kernels.copy_kernels import pick

    rows, columns = np.arange(ny - 1, -1, -step), np.arange(0, nx, step)
    out = np.empty((rows.size, columns.size), np.float32)
    pick(pixels.raw, pixels.rule, rows, columns, out)
    return out


def _grid_by_bands(subject: Subject, step: int) -> NDArray[np.float32]:
    """The grid of a plane that must be decoded, a band at a time."""
    from armillary.images.kernels.copy_kernels import pick

    ny, nx = subject.shape
    rows, columns = np.arange(ny - 1, -1, -step), np.arange(0, nx, step)
    out = np.empty((rows.size, columns.size), np.float32)
    for y0, y1 in pairwise(band_edges(subject.plane, 0, ny, nx)):
        inside = np.flatnonzero((rows >= y0) & (rows < y1))
        if inside.size:
            pixels = decode(subject.plane, Window(y0, y1, 0, nx))
            pick(pixels.raw, pixels.rule, rows[inside] - y0, columns, out[inside[0] : inside[-1] + 1])
    return out


def _patches(subject: Subject) -> NDArray[np.float32]:
    """A few patches spread over a plane that is costly to decode: float32 of shape (1, pixels)."""
    from armillary.images.kernels.copy_kernels import copy_rows

    parts = []
    for window in patch_windows(subject.shape, subject.plane.band_rows):
        pixels = decode(subject.plane, window)
        part = np.empty(window.shape, np.float32)
        copy_rows(pixels.raw, pixels.rule, (0, window.shape[0], 0, window.shape[1]), part)
        parts.append(part.ravel())
    return np.concatenate(parts)[None]


def patch_windows(shape: tuple[int, int], band_rows: int) -> list[Window]:
    """Windows at even heights and, across, at the golden section of what is left: no two in one column.

    Each lies within one band of the reader, so that no more is decoded than needed.
    """
    ny, nx = shape
    bands = -(-ny // band_rows)
    area = SAMPLE_PIXELS // PATCHES
    height = min(ny, band_rows if band_rows > 1 else 16, max(16, area // min(nx, 256)))
    width = min(nx, max(256, area // height))
    windows = []
    for k in range(PATCHES):
        y0 = min((2 * k + 1) * bands // (2 * PATCHES) * band_rows, ny - height)
        x0 = int((k * GOLDEN) % 1.0 * (nx - width + 1))
        windows.append(Window(y0, y0 + height, x0, x0 + width))
    return list(dict.fromkeys(windows))
