"""Indexes: which partitions hold a value of a column, as ``hats`` and ``lsdb`` read them."""
