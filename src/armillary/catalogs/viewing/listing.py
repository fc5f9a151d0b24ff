"""Files of partitions that are folders of several, where nobody lists folders: as ``_metadata`` names them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.catalogs.formats.streams import SourceFile
from armillary.catalogs.hats.footers import paths_of
from armillary.catalogs.hats.names import METADATA, pixel_of
from armillary.errors import CorruptFileError, UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.storage.source import ByteSource

MOST_BYTES = 64 << 20
_NAME = re.compile(r"(?:[A-Za-z]+=\d+/){3}[\w=+-][\w.=+-]*", re.ASCII)

Listing = dict["Pixel", list[str]]


def listing_of(source: ByteSource) -> Listing:
    """Files of each partition, by a file of metadata; such as no catalog has are passed over.

    Raises
    ------
    UnsupportedFileError
        It is too large.
    CorruptFileError
        It is no Parquet.
    """
    if source.size > MOST_BYTES:
        raise UnsupportedFileError(METADATA, "is too large, and nothing else tells the files of partitions here.")
    try:
        named = paths_of(SourceFile(source))
    except ValueError:
        raise CorruptFileError(METADATA, "is not a Parquet file that can be read.") from None
    found: Listing = {}
    for name in named:
        pixel = pixel_of(name)
        if pixel is not None and _NAME.fullmatch(name) and not name.rpartition("/")[2].startswith("_"):
            found.setdefault(pixel, []).append(name)
    return found


def no_listing(name: str) -> UnreadableFileError:
    """What is said where there is no such file."""
    return UnreadableFileError(name, f"its files are not listed here, and no dataset/{METADATA} names them.")
