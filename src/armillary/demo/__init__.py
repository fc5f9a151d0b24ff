"""A simulated sky to try Armillary with no data: the same bytes at every run, written with numpy alone."""
