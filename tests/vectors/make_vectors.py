"""Write the vectors that the Python and the TypeScript tests share: ``python tests/vectors/make_vectors.py``.

``stretch.json`` comes from formulas written here a second time. ``q16/NAME.bin`` are tiles from the encoder, and
``q16/NAME.f32`` what the reader below, written from ``docs/reference/q16.md`` alone, makes of them.
``q16/bad-NAME.bin`` are tiles that every reader must refuse. All tiles are 16 x 16.
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parent
SIDE = 16


def read_plainly(body: bytes) -> np.ndarray:
    """Decode a q16 tile one pixel at a time."""
    _, _, kind, width, flags, rows, columns, zero, scale, _, _ = struct.unpack("<4sBBBBIIdddd", body[:48])
    count = rows * columns
    pixels = []
    before = 0
    for i in range(count):
        code = sum(body[48 + plane * count + i] << (8 * plane) for plane in range(width))
        if kind == 0:
            pixels.append(math.nan)
        elif kind == 1:
            pixels.append(zero)
        elif kind == 3:
            pixels.append(struct.unpack("<f", struct.pack("<I", code))[0])
        else:
            if flags & 1:
                step = -(code + 1) // 2 if code % 2 else code // 2
                before = (before + step) % 256**width
            else:
                before = code
            pixels.append(math.nan if before == 256**width - 1 else zero + scale * before)
    return np.array(pixels, np.float64).astype("<f4").reshape(rows, columns)


def tiles() -> dict[str, dict]:
    """Rasters by name: keyword arguments of ``Raster`` without its version."""
    random = np.random.default_rng(20)
    noise = random.normal(size=(SIDE, SIDE))
    ramp = np.add.outer(np.arange(SIDE) * 40.0, np.arange(SIDE) * 25.0)
    stars = noise.copy()
    stars[3, 4], stars[9, 9] = 4e5, 6e4
    gaps = ramp + noise
    gaps[:5, :7] = np.nan
    gaps[12, 3] = np.inf
    mask = (noise > 0).astype(float)
    mask[0, :] = np.nan
    return {
        "empty": {"pixels": np.full((SIDE, SIDE), np.nan)},
        "constant": {"pixels": np.full((SIDE, SIDE), -1.25e-3)},
        "noise": {"pixels": 100 + 3 * noise, "noise": 3.0},
        "slope": {"pixels": ramp * 5 + noise / 4, "noise": 0.25},
        "gaps": {"pixels": gaps, "noise": 1.0},
        "stars": {"pixels": stars, "noise": 1.0},
        "integers": {"pixels": np.rint(noise * 9000) * 0.5 + 16384.0, "quantum": 0.5, "zero": 16384.0, "noise": 900.0},
        "mask": {"pixels": mask},
        "floats": {"pixels": np.where(noise > 1.5, np.nan, noise * 1e-3)},
        "wide": {"pixels": 10.0 ** (20 * noise.clip(-1.8, 1.8)), "noise": 1e-6},
        "denormal": {"pixels": noise * 1e-42, "noise": 1e-43},
    }


def bad_tiles(good: bytes) -> dict[str, bytes]:
    """Ways to break a quantised tile."""

    def changed(offset: int, form: str, value: float) -> bytes:
        body = bytearray(good)
        struct.pack_into(form, body, offset, value)
        return bytes(body)

    return {
        "nothing": b"",
        "header-only": good[:48],
        "half-header": good[:30],
        "truncated": good[:-1],
        "trailing": good + b"\0",
        "magic": b"AQ17" + good[4:],
        "version": changed(4, "<B", 2),
        "kind": changed(5, "<B", 4),
        "kind-and-width": changed(5, "<B", 3),
        "width": changed(6, "<B", 1),
        "flag": changed(7, "<B", 8),
        "no-rows": changed(8, "<I", 0),
        "huge-rows": changed(8, "<I", 2**32 - 1),
        "huge-columns": changed(12, "<I", 2**31),
        "nan-zero": changed(16, "<d", math.nan),
        "huge-zero": changed(16, "<d", 1e39),
        "no-scale": changed(24, "<d", 0.0),
        "negative-scale": changed(24, "<d", -1.0),
        "infinite-scale": changed(24, "<d", math.inf),
        "nan-error": changed(32, "<d", math.nan),
        "negative-noise": changed(40, "<d", -1.0),
    }


CURVES = {
    "linear": lambda t: t,
    "sqrt": lambda t: t**0.5,
    "log": lambda t: math.log(1 + 1000 * t) / math.log(1001),
    "asinh": lambda t: math.asinh(10 * t) / math.asinh(10),
    "power": lambda t: (1000**t - 1) / 999,
}


def stretch_vectors() -> dict:
    """Places and where each stretch, gamma and direction puts them; shares for histogram equalisation."""
    places = [-0.5, 0.0, 1e-6, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0, 7.0]
    cases = []
    for name, formula in CURVES.items():
        for gamma, invert in ((1.0, False), (2.2, False), (0.1, True), (10.0, False), (1.0, True)):
            inside = [formula(min(max(t, 0.0), 1.0)) ** (1 / gamma) for t in places]
            result = [1 - s if invert else s for s in inside]
            cases.append({"stretch": name, "gamma": gamma, "invert": invert, "result": result})
    return {"places": places, "cases": cases, "histeq": [histeq_case(absolute=absolute) for absolute in (False, True)]}


def histeq_case(*, absolute: bool) -> dict:
    """Share of the pixels below values that lie on edges of the bins, counted one bin at a time."""
    counts = [3, 0, 10, 25, 40, 12, 7, 2, 0, 1]
    edges = [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    vmin, vmax = (0.0, 4.0) if absolute else (-3.0, 5.0)
    values = [edge for edge in edges if vmin <= edge <= vmax]

    def below(value: float) -> float:
        middles = [(edge + 0.5, count) for edge, count in zip(edges, counts, strict=False)]
        return sum(count for middle, count in middles if (abs(middle) if absolute else middle) < value)

    span = below(vmax) - below(vmin)
    return {
        "counts": counts,
        "edges": edges,
        "vmin": vmin,
        "vmax": vmax,
        "absolute": absolute,
        "places": [(value - vmin) / (vmax - vmin) for value in values],
        "result": [(below(value) - below(vmin)) / span for value in values],
    }


def main() -> None:
    """Write everything."""
    from armillary.images.raster import Raster
    from armillary.render import q16

    (FOLDER / "stretch.json").write_text(json.dumps(stretch_vectors(), indent=1) + "\n")
    folder = FOLDER / "q16"
    folder.mkdir(exist_ok=True)
    for old in (*folder.glob("*.bin"), *folder.glob("*.f32")):
        old.unlink()
    for name, fields in tiles().items():
        pixels = np.ascontiguousarray(fields.pop("pixels"), np.float32)
        body = q16.encode(Raster(pixels, "1", **fields))
        (folder / f"{name}.bin").write_bytes(body)
        (folder / f"{name}.f32").write_bytes(read_plainly(body).tobytes())
    for name, body in bad_tiles((folder / "noise.bin").read_bytes()).items():
        (folder / f"bad-{name}.bin").write_bytes(body)


if __name__ == "__main__":
    main()
