"""Margins: for every partition the rows of others that lie within a threshold of its border, exactly."""
