"""Geometry: world coordinates, HEALPix, tile grids. Arrays and degrees, no files."""
