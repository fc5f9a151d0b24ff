"""Load the compiled loops before somebody waits for them."""

from __future__ import annotations

import numpy as np

from armillary.images.counting import quantiles
from armillary.images.pixels import Pixels, decoded_pixels, mapped_pixels
from armillary.images.plane import Linear, MappedPixels
from armillary.images.pyramid import noise_of
from armillary.storage.fits.cards import BLOCK

COMMON_TYPES = (">f4", ">i2")


def warm_up() -> None:
    """Compile, or load from the cache on disk, the kernels for the commonest types of pixels.

    From the cache it takes some tens of milliseconds; the first time ever about ten seconds. Other types are
    compiled when they are first met.
    """
    for stored in COMMON_TYPES:
        _use(mapped_pixels(MappedPixels(np.ones((8, 8), stored), Linear())))
    _use(decoded_pixels(np.ones((8, 8), np.float32)))
    quantiles(np.arange(8, dtype=np.float32), np.array([50.0]))
    _cut_out()


def _cut_out() -> None:
    """A small image with every kind of region."""
    from armillary.images.cutouts.checksums import sealed, sum_of
    from armillary.images.cutouts.windows import cut_region
    from armillary.sky.regions import parse_pos
    from armillary.sky.wcs import PlaneWcs

    cards = ["CTYPE1  = 'RA---TAN'", "CTYPE2  = 'DEC--TAN'", "CRPIX1  = 32.0", "CRPIX2  = 32.0", "CRVAL1  = 10.0"]
    cards += ["CRVAL2  = 0.0", "CDELT1  = -0.01", "CDELT2  = 0.01"]
    wcs = PlaneWcs.from_header_text("\n".join(cards), (64, 64))
    assert wcs is not None
    corners = " ".join(f"{10 + x} {y}" for x, y in ((0.1, -0.1), (0.1, 0.1), (-0.1, 0.1)))
    for text in ("CIRCLE 10 0 0.1", "RANGE 9.9 10.1 -0.1 0.1", f"POLYGON {corners}"):
        cut_region(wcs, parse_pos(text))
    sealed(bytes(BLOCK), 0, sum_of([b"four"]))


def _use(pixels: Pixels) -> None:
    from armillary.images.kernels.area_kernels import area_means, area_sums, means, merge_means
    from armillary.images.kernels.copy_kernels import copy_rows, pick

    out = np.empty((8, 8), np.float32)
    sums, counts = np.zeros((4, 4)), np.zeros((4, 4), np.int64)
    copy_rows(pixels.raw, pixels.rule, (0, 8, 0, 8), out)
    area_means(pixels.raw, pixels.rule, (0, 8, 0, 8), 2, out)
    area_sums(pixels.raw, pixels.rule, (0, 8, 0, 8), (8, 2), (sums, counts))
    means(sums, counts, 1.0, 0.0, out)
    merge_means(out[:4, :4], counts.astype(np.uint16), 2, out)
    pick(pixels.raw, pixels.rule, np.arange(8), np.arange(8), out)
    noise_of(out)
