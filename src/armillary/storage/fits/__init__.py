"""The structure of FITS files: headers and where the units lie. Knows no images and no tables."""
