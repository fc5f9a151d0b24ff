"""Conversion: hipscat to HATS, its margins too; a catalog into other partitions."""
