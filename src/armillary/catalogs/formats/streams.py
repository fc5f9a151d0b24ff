"""Bytes of a table's file: in order and decompressed, or at any place."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from armillary.errors import CorruptFileError, FileError

if TYPE_CHECKING:
    from armillary.catalogs.limits import Limits
    from armillary.storage.source import ByteSource

HEAD_BYTES = 1 << 20
DAMAGED = "its compressed data is damaged or breaks off."
_CODECS = {
    b"\x1f\x8b\x08": "gzip", b"BZh": "bz2", b"\x28\xb5\x2f\xfd": "zstd", b"\xfd7zX": "xz", b"PK\x03\x04": "zip",
}  # fmt: skip


def codec_of(source: ByteSource) -> str | None:
    """Name of the compression of a file, None for none."""
    first = source.read_upto(0, 4)
    return next((codec for magic, codec in _CODECS.items() if first.startswith(magic)), None)


class SourceFile(io.RawIOBase):
    """A source as a file that Python and pyarrow read, with ``seek``.

    Parameters
    ----------
    source
        Its bytes.
    """

    def __init__(self, source: ByteSource) -> None:
        self.source = source
        self.position = 0
        self.length = source.size

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self.position

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place."""
        self.position = max(0, offset + (0, self.position, self.length)[whence])
        return self.position

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        left = max(0, self.length - self.position)
        data = self.source.read_upto(self.position, left if size is None or size < 0 else min(size, left))
        self.position += len(data)
        return data


class TextStream(io.RawIOBase):
    """Decompressed bytes of a file in order, no more than a limit.

    Parameters
    ----------
    source
        The bytes as they are stored.
    limits
        Reading beyond its bytes is refused.

    Attributes
    ----------
    head
        The first bytes, at most ``HEAD_BYTES``, which are read again.
    error
        Why reading stopped, for readers through which exceptions do not pass.
    """

    def __init__(self, source: ByteSource, limits: Limits) -> None:
        self.name = source.name
        self.compressed = codec_of(source) is not None
        self.stored_bytes = source.size
        self.error: FileError | None = None
        self._limits = limits
        self._inner = _decompressed(source)
        self._given = 0
        self.head = b""
        while len(self.head) < HEAD_BYTES and (part := self._fetch(HEAD_BYTES - len(self.head))):
            self.head += part
        self._ahead = self.head

    def tighten(self, limits: Limits) -> None:
        """Read under other limits from here on."""
        self._limits = limits

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes.

        Raises
        ------
        UnsupportedFileError
            More than the limit.
        CorruptFileError
            The compressed data is damaged.
        """
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(4 << 20), b""))
        if self._ahead:
            part, self._ahead = self._ahead[:size], self._ahead[size:]
            return part
        return self._fetch(size)

    def _fetch(self, size: int) -> bytes:
        try:
            part = bytes(self._inner.read(size))
            self._given += len(part)
            if self._given > self._limits.bytes:
                self._limits.check_text(self.name)
        except FileError as error:
            self.error = error
            raise
        except (OSError, ValueError, EOFError) as error:
            self.error = CorruptFileError(self.name, DAMAGED)
            raise self.error from error
        return part


def _decompressed(source: ByteSource) -> Any:
    import pyarrow as pa

    codec = codec_of(source)
    if codec is None:
        return SourceFile(source)
    if codec in {"xz", "zip"}:
        from armillary.catalogs.formats.packings import XzStream, ZipStream

        return (XzStream if codec == "xz" else ZipStream)(source.name, SourceFile(source))
    return pa.CompressedInputStream(pa.PythonFile(SourceFile(source), mode="r"), codec)
