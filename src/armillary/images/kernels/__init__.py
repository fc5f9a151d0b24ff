"""Compiled loops over pixels: serial, without the GIL, cached on disk. Import them inside functions only.

Every kernel takes pixels as ``raw``: a 2-D array in FITS row order, fastest where it is C-contiguous, of either
unsigned integers, which are big-endian stored numbers (a mapped file), or native floats (decoded pixels); with a
``armillary.images.pixels.Rule`` that says what they mean. NaN and the infinities are no data everywhere, and so is
what float32 cannot hold.
"""

from armillary.storage.compiler import prepare

prepare()
