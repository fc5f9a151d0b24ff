"""Encoders: float tile in, bytes out, against the codec alone on pixels that are already coloured or quantised."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import imagecodecs
import numpy as np
from numba import njit

from armillary.images.raster import Raster
from armillary.render import coding, encode, make_style, paint, png, q16
from bench import table

if TYPE_CHECKING:
    from collections.abc import Callable

NOISE = 15.0
ROUNDS = 40


def sky(side: int) -> np.ndarray:
    """Large structure with noise, as in a map of the microwave sky."""
    random = np.random.default_rng(side)
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    waves = np.fft.rfft2(random.normal(size=(side, side))) / (fx**2 + fy**2 + 1e-5) ** 0.9
    smooth = np.fft.irfft2(waves, s=(side, side))
    return (100 * smooth / smooth.std() + random.normal(scale=NOISE, size=(side, side))).astype(np.float32)


def seconds(works: list[Callable[[], object]]) -> list[float]:
    """Best time of each, taken in turns so that a busy machine slows all of them."""
    best = [float("inf")] * len(works)
    for _ in range(ROUNDS):
        for i, work in enumerate(works):
            start = time.perf_counter()
            work()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


@njit(nogil=True, error_model="numpy")
def plain_planes(values, zero, inverse, out):
    """Quantise and split in bytes, nothing else: no gaps, no differences, no checks."""
    for i in range(values.size):
        level = np.uint32((values[i] - zero) * inverse)
        out[i] = level
        out[values.size + i] = level >> 8


def image_rows(side: int) -> list[table.Row]:
    pixels = sky(side)
    raster = Raster(pixels, "1", noise=NOISE)
    style = make_style(vmin=-300, vmax=300, stretch="asinh", cmap="viridis")
    grey = make_style(vmin=-300, vmax=300, stretch="asinh", cmap="gray")
    rgba = paint.rgba(pixels, style, None, (0, 0, 0, 255))
    rgb = np.ascontiguousarray(rgba[..., :3])
    grey_levels = paint.grey(pixels, grey, None, 0)
    scanlines = png.empty_scanlines(side, side)
    indices = np.empty(side * side, np.uint8)
    paint.palette_indices(pixels, style, None, indices)
    scanlines[:, 1:] = indices.reshape(side, side)
    cases = [
        ("jpg", style, lambda: imagecodecs.jpeg8_encode(rgb, level=85, subsampling="420"), None),
        ("jpg, grey", grey, lambda: imagecodecs.jpeg8_encode(grey_levels, level=85), None),
        (
            "png",
            style,
            lambda: imagecodecs.deflate_encode(scanlines, level=1),
            lambda: imagecodecs.png_encode(rgba, level=1),
        ),
        ("webp", style, lambda: imagecodecs.webp_encode(rgba, level=85, method=0), None),
    ]
    rows = []
    for name, look, floor, peer in cases:
        ext = name.split(",")[0]
        times = seconds([lambda ext=ext, look=look: encode(raster, ext, look), floor, *([peer] if peer else [])])
        rates = [1 / time_s for time_s in times]
        beside = " (floor: codec alone; peer: RGBA png)" if peer else " (floor: codec alone)"
        rows.append(
            table.row(
                f"{side}² float tile to {name}{beside}",
                rates[0],
                "tiles/s",
                floor=rates[1],
                peer=rates[2] if peer else None,
            )
        )
    return rows


def q16_rows(side: int) -> list[table.Row]:
    pixels = sky(side)
    raster = Raster(pixels, "1", noise=NOISE)
    body = q16.encode(raster)
    header = q16.read_header(body)
    packed = coding.compress(body, "zstd")
    planes = np.empty(2 * pixels.size, np.uint8)
    flat = pixels.reshape(-1)
    plain_planes(flat, header.zero, 1 / header.scale, planes)
    payload = body[48:]

    def floor() -> bytes:
        np.min(flat)
        np.max(flat)
        plain_planes(flat, header.zero, 1 / header.scale, planes)
        return coding.compress(payload, "zstd")

    works = [
        lambda: coding.compress(q16.encode(raster), "zstd"),
        floor,
        lambda: q16.encode(raster),
        lambda: q16.decode(body),
        lambda: coding.compress(body, "gzip"),
        lambda: coding.compress(pixels.tobytes(), "zstd"),
    ]
    whole, least, alone, back, zipped, raw = (1000 * time_s for time_s in seconds(works))
    return [
        table.row(
            f"{side}² q16 + zstd (floor: range, quantise, split, zstd; peer: zstd of raw floats)",
            whole,
            "ms",
            floor=least,
            peer=raw,
        ),
        table.row(f"{side}² q16 encode", alone, "ms"),
        table.row(f"{side}² q16 decode in Python", back, "ms"),
        table.row(f"{side}² q16 gzip", zipped, "ms"),
        table.row(f"{side}² raw floats over q16 + zstd", pixels.nbytes / len(packed), "times smaller"),
        table.row(
            f"{side}² raw floats over q16 + gzip", pixels.nbytes / len(coding.compress(body, "gzip")), "times smaller"
        ),
    ]


def stretch_rows(side: int) -> list[table.Row]:
    """The look-up for every stretch, against numpy rounding the same floats to bytes."""
    pixels = sky(side)
    out = np.empty(pixels.size, np.uint8)
    names = ("linear", "log", "asinh")
    looks = [make_style(vmin=-300, vmax=300, stretch=name) for name in names]
    works = [lambda look=look: paint.palette_indices(pixels, look, None, out) for look in looks]
    *times, floor = seconds([*works, lambda: ((pixels + 300) * np.float32(255 / 600)).clip(0, 255).astype(np.uint8)])
    return [
        table.row(f"{side}² floats to colour indices, {name} (peer: numpy, linear)", 1000 * t, "ms", peer=1000 * floor)
        for name, t in zip(names, times, strict=True)
    ]


def run() -> list[table.Row]:
    """All results."""
    return [*image_rows(256), *image_rows(512), *q16_rows(512), *stretch_rows(512)]
