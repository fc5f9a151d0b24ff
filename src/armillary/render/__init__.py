"""Arrays in, bytes out: stretch, colour map, encoders."""
