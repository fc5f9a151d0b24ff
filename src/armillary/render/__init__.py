"""Arrays in, bytes out: stretch, colour map, encoders."""

from armillary.render.encode import EXTENSIONS, Encoded, ImageOptions, check_size, encode
from armillary.render.style import Stretch, Style, make_style

__all__ = ["EXTENSIONS", "Encoded", "ImageOptions", "Stretch", "Style", "check_size", "encode", "make_style"]
