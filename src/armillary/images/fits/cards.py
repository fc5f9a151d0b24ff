"""Moved to ``armillary.storage.fits.cards``."""

from armillary.storage.fits.cards import BLOCK, CARD, Header, Value, find_end, parse_value

__all__ = ["BLOCK", "CARD", "Header", "Value", "find_end", "parse_value"]
