"""Tables of sources: reading, positions, an index on the sky, pages of rows."""
