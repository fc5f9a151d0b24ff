"""A catalog in memory: columns, positions, and an index on the sky."""

from __future__ import annotations


class Catalog:
    """A table of sources with positions on the sky."""
