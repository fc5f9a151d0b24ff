"""A file becomes planes; planes give tiles, overviews, statistics and values."""
