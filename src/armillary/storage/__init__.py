"""Bytes: where they lie, how they are reached, when they changed."""
