"""Cutouts: which pixels a region holds, and these as a FITS file or an image, block by block."""
