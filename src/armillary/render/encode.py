"""A raster becomes the body of an answer, by the extension that was asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.render import paint, png, q16

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from armillary.images.raster import Raster
    from armillary.render.stretch import HistogramLike
    from armillary.render.style import Style

MAX_PIXELS = 64 * 1024 * 1024
MAX_WEBP_PIXELS = 16 * 1024 * 1024
"""WebP needs 20 bytes and up to a microsecond for a pixel, where the others need 2 to 6 bytes and a hundredth."""

_FINE_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Encoded:
    """Body of an answer.

    Parameters
    ----------
    body, media_type
        What to send, and what it is.
    compressible
        Whether a content coding makes it smaller (see ``armillary.render.coding``).
    """

    body: bytes
    media_type: str
    compressible: bool


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """Choices that lossy encoders leave.

    Parameters
    ----------
    quality
        1 to 100, for JPEG and WebP. Above 90, JPEG keeps colour at full resolution.
    background
        Colour of no data in JPEG, which knows no transparency.
    """

    quality: int = 85
    background: paint.Colour = (0, 0, 0)

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise ParameterError("quality", f"must be 1 to 100, not {self.quality}")


@dataclass(frozen=True, slots=True)
class _Job:
    pixels: NDArray[np.float32]
    style: Style
    histogram: HistogramLike | None
    options: ImageOptions = field(default_factory=ImageOptions)


@dataclass(frozen=True, slots=True)
class _Form:
    write: Callable[[_Job], bytes]
    media_type: str
    max_side: int = MAX_PIXELS
    max_pixels: int = MAX_PIXELS
    remedy: str = "choose a smaller region"


def encode(
    raster: Raster,
    ext: str,
    style: Style | None = None,
    *,
    histogram: HistogramLike | None = None,
    options: ImageOptions | None = None,
) -> Encoded:
    """Encode a tile or a region.

    Parameters
    ----------
    raster
        Pixels, not empty.
    ext
        ``f32`` (raw little-endian float32), ``q16`` (tiles only), ``png``, ``jpg`` or ``webp``.
    style
        How to colour; needed for the images.
    histogram
        Of the layer, needed for the stretch ``histeq``.
    options
        Quality and background.

    Returns
    -------
    Encoded
        For the images, pixels that are not finite are transparent (background in JPEG).

    Raises
    ------
    ParameterError
        Unknown extension, an image without style, ``histeq`` without a histogram.
    LimitError
        More pixels, or more of them in a row, than the format or one answer may have.
    """
    if ext == "f32":
        return Encoded(raster.pixels.astype("<f4", copy=False).tobytes(), "application/octet-stream", compressible=True)
    if ext == "q16":
        return Encoded(q16.encode(raster), "application/octet-stream", compressible=True)
    if ext not in _IMAGES:
        raise ParameterError("ext", f"no encoding {ext[:20]!r}: use one of {', '.join(EXTENSIONS)}")
    if style is None:
        raise ParameterError("style", f"{ext} shows colours: a style is needed")
    form = _IMAGES[ext]
    check_size(ext, raster.pixels.shape)
    body = form.write(_Job(raster.pixels, style, histogram, options or ImageOptions()))
    return Encoded(body, form.media_type, compressible=False)


def check_size(ext: str, shape: tuple[int, ...]) -> None:
    """Refuse an image that :func:`encode` would refuse, before its pixels are read.

    Parameters
    ----------
    ext
        ``png``, ``jpg`` or ``webp``; others have no size to check here.
    shape
        Rows and columns.

    Raises
    ------
    ParameterError
        No pixels.
    LimitError
        More pixels, or more of them in a row, than the format or one answer may have.
    """
    form = _IMAGES.get(ext)
    if form is None:
        return
    if not all(shape):
        raise ParameterError("region", "holds no pixels: choose one that lies on the image")
    if max(shape) > form.max_side:
        raise LimitError(
            f"{ext} images have at most {form.max_side} pixels a side, not {max(shape)}: {form.remedy}",
            max_side=form.max_side,
        )
    if math.prod(shape) > form.max_pixels:
        raise LimitError(
            f"{ext} images have at most {form.max_pixels} pixels, not {math.prod(shape)}: {form.remedy}",
            max_pixels=form.max_pixels,
        )


def _png(job: _Job) -> bytes:
    rows, columns = job.pixels.shape
    scanlines = png.empty_scanlines(rows, columns)
    strip = max(1, (1 << 18) // columns)
    indices = np.empty(strip * columns, np.uint8)
    for row in range(0, rows, strip):
        part = job.pixels[row : row + strip]
        paint.palette_indices(part, job.style, job.histogram, indices[: part.size])
        scanlines[row : row + strip, 1:] = indices[: part.size].reshape(part.shape)
    return png.write(scanlines, paint.palette(job.style.cmap))


def _jpg(job: _Job) -> bytes:
    red, green, blue = job.options.background
    quality = job.options.quality
    if paint.is_grey(job.style.cmap) and red == green == blue:
        return bytes(imagecodecs.jpeg8_encode(paint.grey(job.pixels, job.style, job.histogram, red), level=quality))
    return bytes(
        imagecodecs.jpeg8_encode(
            paint.rgba(job.pixels, job.style, job.histogram, (red, green, blue, 255)),
            level=quality,
            colorspace=imagecodecs.JPEG8.CS.EXT_RGBX,
            outcolorspace="YCBCR",
            subsampling="444" if quality > _FINE_QUALITY else "420",
        )
    )


def _webp(job: _Job) -> bytes:
    colours = paint.rgba(job.pixels, job.style, job.histogram, (0, 0, 0, 0))
    # Method 0: the slower ones save a tenth of the bytes and take three times as long.
    return bytes(imagecodecs.webp_encode(colours, level=job.options.quality, method=0))


_IMAGES = {
    "png": _Form(_png, "image/png"),
    "jpg": _Form(_jpg, "image/jpeg", max_side=65535, remedy="choose a smaller region, or png"),
    "webp": _Form(_webp, "image/webp", 16383, MAX_WEBP_PIXELS, "choose a smaller region, or png"),
}
EXTENSIONS = ("f32", "q16", *_IMAGES)
