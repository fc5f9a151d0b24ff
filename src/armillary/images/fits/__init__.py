"""FITS: headers, plain and compressed images."""
