"""Header of a compressed image as it would be without compression (FITS 4.0, section 10.1)."""

from __future__ import annotations

import re

from armillary.storage.fits.cards import CARD, Header
from armillary.storage.fits.hdus import MAX_AXES

# What describes the table and not the image.
_TABLE_ONLY = re.compile(
    r"(XTENSION|BITPIX|NAXIS\d*|PCOUNT|GCOUNT|TFIELDS|THEAP|ZIMAGE|ZTENSION|ZSIMPLE|ZEXTEND|ZBLOCKED|ZPCOUNT|ZGCOUNT"
    r"|ZBITPIX|ZNAXIS\d*|ZCMPTYPE|ZQUANTIZ|ZDITHER0|ZMASKCMP|ZHECKSUM|ZDATASUM|CHECKSUM|DATASUM"
    r"|ZTILE\d+|ZNAME\d+|ZVAL\d+|TTYPE\d+|TFORM\d+|TUNIT\d+|TDIM\d+|ZSCALE|ZZERO|ZBLANK)\Z"
)


def is_compressed_image(header: Header) -> bool:
    """Whether a header is that of a compressed image in a binary table."""
    return header.get("ZIMAGE") is True and header.string("XTENSION") == "BINTABLE"


def image_header(header: Header) -> Header:
    """Header of the image that the table holds."""
    count = max(0, min(header.integer("ZNAXIS") or 0, MAX_AXES))
    lengths = [header.integer(f"ZNAXIS{k}") or 0 for k in range(1, count + 1)]
    cards = ["XTENSION= 'IMAGE   '", _card("BITPIX", header.integer("ZBITPIX") or 8), _card("NAXIS", len(lengths))]
    cards += [_card(f"NAXIS{k + 1}", length) for k, length in enumerate(lengths)]
    cards += [_card("PCOUNT", 0), _card("GCOUNT", 1)]
    raw = "".join(card.ljust(CARD) for card in cards).encode("ascii")
    kept = (header.raw[k : k + CARD] for k in range(0, len(header.raw), CARD))
    return Header(raw + b"".join(card for card in kept if not _TABLE_ONLY.match(_keyword(card))))


def _keyword(card: bytes) -> str:
    return card[:8].decode("latin-1").rstrip()


def _card(key: str, value: int) -> str:
    return f"{key:8}= {value:20d}"[:CARD]
