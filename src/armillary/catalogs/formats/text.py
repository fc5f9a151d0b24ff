"""Text of any encoding as UTF-8, on its way to parsers that want nothing else."""

from __future__ import annotations

import codecs
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armillary.catalogs.formats.streams import TextStream

_LATIN = "armillary.latin1"


def _as_latin1(error: UnicodeError) -> tuple[str, int]:
    """Bytes that are no UTF-8 are Latin-1: what older tables are written in, and never an error."""
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error(_LATIN, _as_latin1)


def decode(data: bytes) -> str:
    """Text of bytes; those that are no UTF-8 are Latin-1."""
    return data.decode("utf-8", _LATIN)


class Utf8Stream(io.RawIOBase):
    """A stream whose bytes are UTF-8 throughout; plain ASCII passes untouched.

    Parameters
    ----------
    stream
        The bytes as they are.
    """

    def __init__(self, stream: TextStream) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8")(_LATIN)
        self._waiting = b""
        self._inside = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """At most ``size`` bytes, none only at the end."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self.read(4 << 20), b""))
        while not self._waiting:
            data = self._stream.read(size)
            if data.isascii() and not self._inside:
                return data
            self._waiting = self._decoder.decode(data, final=not data).encode()
            self._inside = bool(self._decoder.getstate()[0])
            if not data:
                break
        part, self._waiting = self._waiting[:size], self._waiting[size:]
        return part
