"""Bytes of one file, wherever it lies and however it is compressed.

``open_source`` looks at a file's first bytes, not at its suffix, and gives the source that reads it. Opening costs a
few system calls; nothing is mapped, decoded or downloaded before bytes are asked for.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from armillary.errors import FileError, NotFitsError, UnsupportedFileError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_DECODED_BYTES = 64 << 30

# First bytes of formats that people put FITS into and that are not decoded here.
_FOREIGN = {
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"\x1f\x9d": "compress (.Z)",
    b"7z\xbc\xaf": "7z",
}


@runtime_checkable
class ByteSource(Protocol):
    """Bytes of one file.

    Every implementation passes ``armillary.testing.sources.SourceConformance`` and is safe to use from many threads.

    Attributes
    ----------
    name
        The file's own name, without its folder.
    decoded
        True when bytes are decompressed on the way: reading far into the file then costs decoding up to there.
    max_bytes
        No more decoded bytes than this are ever given out.
    """

    name: str
    decoded: bool
    max_bytes: int

    @property
    def version(self) -> str:
        """Short, URL-safe; changes when the bytes may have changed. Costs one stat.

        Raises
        ------
        UnreadableFileError
            The file has vanished.
        """

    @property
    def size(self) -> int:
        """Decoded bytes that can be had; compressed files may have to be scanned for it."""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly ``length`` bytes.

        Raises
        ------
        CorruptFileError
            The file ends before.
        UnreadableFileError
            The file has vanished or cannot be read.
        """

    def read_upto(self, offset: int, length: int) -> bytes:
        """At most ``length`` bytes: fewer only where the file ends, none beyond its end."""

    def ends_at(self, offset: int) -> bool:
        """Whether the file has exactly ``offset`` bytes. Cheaper than ``size`` where that means decoding."""

    def mapped(self) -> memoryview | None:
        """The whole file mapped read-only, None where it is compressed, remote or cannot be mapped safely."""

    def read_rows(self, offset: int, stride: int, length: int, count: int) -> NDArray[np.uint8] | None:
        """``length`` bytes at every ``stride`` bytes as uint8 (count, length), read around the page cache's guesses.

        None where such reads are not cheaper than ``read`` or ``mapped``: warm, compressed or remote files.
        """

    def close(self) -> None:
        """Let go of what is held for this file; it may be read again."""


def open_source(path: str | os.PathLike[str], *, max_decoded_bytes: int = MAX_DECODED_BYTES) -> ByteSource:
    """Source of the bytes of a file or of an ``http://`` or ``https://`` address.

    Parameters
    ----------
    path
        Local path or URL.
    max_decoded_bytes
        A compressed file gives no more bytes than this.

    Raises
    ------
    UnreadableFileError
        Missing, no permission, a folder, a FIFO, a broken link; a server that does not answer.
    NotFitsError
        The file is empty.
    UnsupportedFileError
        Compressed by a program whose files are not read, or a server without ranges.
    """
    raw = open_raw_source(path)
    first = raw.read_upto(0, 10)
    if not first:
        raise NotFitsError(raw.name, "the file is empty.")
    if first.startswith(b"\x1f\x8b\x08"):
        from armillary.storage.gzipped import GzipSource

        return GzipSource(raw, max_bytes=max_decoded_bytes)
    if first.startswith(b"BZh") and first[4:10] in (b"1AY&SY", b"\x17rE8P\x90"):
        from armillary.storage.bzipped import Bzip2Source

        return Bzip2Source(raw, max_bytes=max_decoded_bytes)
    for magic, what in _FOREIGN.items():
        if first.startswith(magic):
            raise UnsupportedFileError(raw.name, f"files compressed by {what} are not read: decompress it first.")
    return raw


def open_fits_source(path: str | os.PathLike[str], *, max_decoded_bytes: int = MAX_DECODED_BYTES) -> ByteSource:
    """``open_source`` that refuses at once what does not begin like FITS once decoded.

    Raises
    ------
    NotFitsError
        The first bytes are not those of a FITS primary header.
    FileError
        As ``open_source``.
    """
    source = open_source(path, max_decoded_bytes=max_decoded_bytes)
    check_fits(source)
    return source


def check_fits(source: ByteSource) -> None:
    """Refuse a source whose first decoded bytes are not those of a primary header.

    Raises
    ------
    NotFitsError
        They are not.
    """
    try:
        first = source.read_upto(0, 9)
    except FileError as error:
        if source.decoded:
            raise NotFitsError(source.name, "its compressed data cannot be decoded.") from error
        raise
    if not (first.startswith(b"SIMPLE") and first[6:9].strip(b" ") == b"="):
        raise NotFitsError(source.name, "not a FITS file: it does not begin with SIMPLE.")


def open_raw_source(path: str | os.PathLike[str]) -> ByteSource:
    """Source of a file's bytes as they are stored, compressed or not; otherwise as ``open_source``."""
    text = os.fspath(path)
    if text.startswith(("http://", "https://")):
        from armillary.storage.remote import HttpSource

        return HttpSource(text)
    from armillary.storage.local import LocalSource

    return LocalSource(text)
