"""Moved to ``armillary.storage.fits.hdus``."""

from armillary.storage.fits.hdus import FitsHdu, axis_lengths, data_bytes, require_pixels, scan_hdus

__all__ = ["FitsHdu", "axis_lengths", "data_bytes", "require_pixels", "scan_hdus"]
