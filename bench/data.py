"""Files that the benchmarks read: made once, kept in a folder outside the repository."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path

import numpy as np

from armillary.demo.fitsfile import image_header, write_image

MAP_SHAPE = (10_320, 43_200)  # a ground-based survey of the microwave sky at half an arcminute
IMAGE_SIDE = 16_384
ROWS = 5_000_000
_ROWS_AT_ONCE = 240


def rows() -> int:
    """Rows of generated catalogs: ARMILLARY_BENCH_ROWS, which ``--rows`` sets, else as many as the goals are for."""
    return int(os.environ.get("ARMILLARY_BENCH_ROWS", ROWS))


def folder() -> Path:
    """Folder of the files: ARMILLARY_BENCH_DATA, else one in the platform's temporary folder."""
    path = Path(os.environ.get("ARMILLARY_BENCH_DATA") or Path(tempfile.gettempdir()) / "armillary-bench")
    path.mkdir(parents=True, exist_ok=True)
    return path


def made(name: str, make) -> Path:
    """The file of that name; made under another name first, so that one that is there is whole."""
    path = folder() / name
    if not path.exists():
        print(f"making {name} …", flush=True)
        part = path.with_name(f".{os.getpid()}-{name}")
        part.unlink(missing_ok=True)
        make(part)
        part.replace(path)
    return path


def car_cards(ny: int, nx: int) -> dict:
    step = 360 / nx
    return {
        "CTYPE1": "RA---CAR", "CRPIX1": nx / 2 + 1.0, "CRVAL1": 0.0, "CDELT1": -step, "CUNIT1": "deg",
        "CTYPE2": "DEC--CAR", "CRPIX2": ny * 0.7326 + 1.0, "CRVAL2": 0.0, "CDELT2": step, "CUNIT2": "deg",
        "RADESYS": "ICRS", "BUNIT": "uK", "OBJECT": "Benchmark map",
    }  # fmt: skip


def _write_car(path: Path, shape: tuple[int, int]) -> None:
    """A few long waves and white noise, NaN in one corner; written by the band, never whole in memory."""
    ny, nx = shape
    rng = np.random.default_rng(1)
    x = np.arange(nx, dtype=np.float32) / nx * 2 * np.pi
    with path.open("wb") as file:
        file.write(image_header(np.dtype("f4"), shape, car_cards(ny, nx)))
        for start in range(0, ny, _ROWS_AT_ONCE):
            y = np.arange(start, min(ny, start + _ROWS_AT_ONCE), dtype=np.float32)[:, None] / nx * 2 * np.pi
            band = rng.standard_normal((len(y), nx), dtype=np.float32)
            band *= 40
            for k, height in ((3, 60), (17, 30), (90, 30)):
                band += (height * np.sin(k * y + k)) * np.cos(k * x)
            if start == 0:
                band[:, : nx // 5] = np.nan
            file.write(band.astype(">f4").data)
        file.write(bytes(-ny * nx * 4 % 2880))


def car_map() -> Path:
    """A CAR map of 43 200 × 10 320 float32, 1.78 GB."""
    return made("map_car_f32.fits", lambda path: _write_car(path, MAP_SHAPE))


def small_car_map(nx: int) -> Path:
    """A CAR map of the same kind with fewer pixels."""
    return made(f"map_car_f32_{nx}.fits", lambda path: _write_car(path, (nx * MAP_SHAPE[0] // MAP_SHAPE[1], nx)))


def _image_pixels() -> np.ndarray:
    """Sky of 100 with noise of 6 and 20 000 stars, int16."""
    rng = np.random.default_rng(2)
    image = np.empty((IMAGE_SIDE, IMAGE_SIDE), np.int16)
    for start in range(0, IMAGE_SIDE, 512):
        band = rng.standard_normal((512, IMAGE_SIDE), dtype=np.float32)
        image[start : start + 512] = np.rint(band * 6 + 100)
    reach = np.arange(-12, 13)
    psf = (1 + (reach[:, None] ** 2 + reach**2) / 6.0) ** -3
    places = rng.integers(12, IMAGE_SIDE - 13, (20_000, 2))
    for (y, x), peak in zip(places, 30 * rng.pareto(1.0, 20_000), strict=True):
        box = image[y - 12 : y + 13, x - 12 : x + 13]
        box[:] = np.minimum(box + min(peak, 30_000) * psf, 32_000)
    return image


def tan_cards() -> dict:
    step = 0.25 / 3600
    return {
        "CTYPE1": "RA---TAN", "CRPIX1": IMAGE_SIDE / 2, "CRVAL1": 150.0, "CDELT1": -step, "CUNIT1": "deg",
        "CTYPE2": "DEC--TAN", "CRPIX2": IMAGE_SIDE / 2, "CRVAL2": 2.0, "CDELT2": step, "CUNIT2": "deg",
        "RADESYS": "ICRS", "BUNIT": "adu", "OBJECT": "Benchmark image", "FILTER": "r",
    }  # fmt: skip


def tan_image() -> Path:
    """A TAN image of 16 384² int16, 0.54 GB."""
    return made("image_tan_i16.fits", lambda path: write_image(path, _image_pixels(), tan_cards()))


def _compress(path: Path, tile: tuple[int, int]) -> None:
    from astropy.io import fits

    with warnings.catch_warnings(), fits.open(tan_image()) as hdus:
        warnings.simplefilter("ignore")
        hdu = fits.CompImageHDU(hdus[0].data, hdus[0].header, compression_type="RICE_1", tile_shape=tile)
        hdu.writeto(path)


def rice_rows() -> Path:
    """The TAN image compressed by rows (fpack's default)."""
    return made("image_tan_rice_rows.fits.fz", lambda path: _compress(path, (1, IMAGE_SIDE)))


def rice_squares() -> Path:
    """The TAN image compressed by squares of 100²."""
    return made("image_tan_rice_100.fits.fz", lambda path: _compress(path, (100, 100)))


def many_files(count: int) -> list[Path]:
    """That many small CAR maps in a folder of their own."""
    home = folder() / f"many-{count}"
    home.mkdir(exist_ok=True)
    paths = [home / f"map_{i:04d}.fits" for i in range(count)]
    pixels = np.random.default_rng(3).standard_normal((90, 180), dtype=np.float32)
    for path in paths:
        if not path.exists():
            write_image(path, pixels, car_cards(90, 180))
    return paths


def sparse_image(side: int) -> Path:
    """A TAN image of ``side``² float64 whose pixels are all 0 and take no room on disk."""

    def make(path: Path) -> None:
        header = image_header(np.dtype("f8"), (side, side), tan_cards() | {"CRPIX1": side / 2, "CRPIX2": side / 2})
        path.write_bytes(header)
        os.truncate(path, -(-(len(header) + side * side * 8) // 2880) * 2880)

    return made(f"sparse_f64_{side}.fits", make)


def sky_of_images(count: int) -> Path:
    """A folder of that many small images, evenly over the sky."""
    home = folder() / f"sky-{count}"
    home.mkdir(exist_ok=True)
    turns = np.arange(count)
    decs = np.rad2deg(np.arcsin(1 - (2 * turns + 1) / count))
    ras = turns * 137.50776405 % 360
    pixels = np.zeros((24, 24), np.int16)
    for k, (ra, dec) in enumerate(zip(ras.tolist(), decs.tolist(), strict=True)):
        path = home / f"image_{k:05d}.fits"
        if not path.exists():
            cards = {"CRPIX1": 12.5, "CRPIX2": 12.5, "CRVAL1": round(ra, 6), "CRVAL2": round(dec, 6)}
            cards |= {"CDELT1": -0.1, "CDELT2": 0.1, "OBJECT": f"Field {k}"}
            write_image(path, pixels, tan_cards() | cards)
    return home


def forget_cached(path: Path) -> bool:
    """Drop a file from the operating system's cache; False where that cannot be asked for."""
    if not hasattr(os, "posix_fadvise"):
        return False
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def read_through(path: Path) -> None:
    """Bring a file into the operating system's cache."""
    buffer = bytearray(1 << 24)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
