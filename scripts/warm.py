"""Compile the kernels once, by showing and cutting a small file of every kind: the first look need not wait."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import numpy as np
from astropy.io import fits

from armillary.images.cutouts.windows import cut_region
from armillary.images.files import open_image
from armillary.images.healpix import grid_header
from armillary.images.pyramid import Pyramid
from armillary.images.warm import warm_up
from armillary.render import EXTENSIONS, encode, make_style
from armillary.sky.grid import TileKey
from armillary.sky.healpix import centres_of
from armillary.sky.regions import Polygon
from armillary.sky.wcs import PlaneWcs
from armillary.storage.compiler import prepare


def write_files(folder: Path) -> None:
    """Plain images of every type, compressed ones, HEALPix maps."""
    pixels = np.random.default_rng(1).normal(100.0, 10.0, (160, 160))
    for kind in ("u1", "i2", "i4", "i8", "f4", "f8"):
        fits.writeto(folder / f"plain_{kind}.fits", pixels.astype(kind))
    for algorithm in ("RICE_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1"):
        for kind in ("i2", "f4"):
            if (algorithm, kind) != ("PLIO_1", "f4"):
                hdu = fits.CompImageHDU(pixels.astype(kind), compression_type=algorithm, tile_shape=(32, 32))
                hdu.writeto(folder / f"{algorithm}_{kind}.fits")
    for ordering in ("RING", "NESTED"):
        table = fits.BinTableHDU.from_columns([fits.Column("I", "E", array=np.arange(768, dtype="f4"))])
        table.header.update(PIXTYPE="HEALPIX", ORDERING=ordering, NSIDE=8)
        table.writeto(folder / f"{ordering}.fits")


def show(path: Path) -> None:
    """Tiles, statistics and every encoding of a file's first plane."""
    pyramid = Pyramid(open_image(str(path)).stacks[0].plane(()), tile_size=64)
    pyramid.display_range()
    pyramid.coverage()
    pyramid.histogram(16)
    pyramid.value(3, 3)
    for level in range(pyramid.grid.levels):
        raster = pyramid.tile(TileKey(level, 0, 0))
        pyramid.tile(TileKey(level, 0, 0), preview=True)
    for cmap in ("gray", "viridis"):
        for ext in EXTENSIONS:
            encode(raster, ext, make_style(vmin=0, vmax=1, cmap=cmap))


def cut() -> None:
    """Pixels of a polygon of many corners, and centres of HEALPix pixels."""
    turns = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    polygon = Polygon(np.stack([10 + np.cos(turns), np.sin(turns)], axis=-1))
    polygon.clearance(polygon.centre()[None])
    for nested in (False, True):
        centres_of(8, np.arange(8), nested=nested)
    wcs = PlaneWcs.from_header_text(grid_header("icrs", (512, 1024)), (512, 1024))
    cut_region(wcs, polygon)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    prepare()
    warm_up()
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name))
        for file in sorted(Path(name).iterdir()):
            show(file)
    cut()
