"""Readers of tables: one module for each format, each giving a ``Table``."""
