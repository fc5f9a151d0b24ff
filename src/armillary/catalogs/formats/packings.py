"""Tables packed by xz, or alone in a zip file, in order, with bounded memory."""

from __future__ import annotations

import lzma
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, TypeVar

from armillary.catalogs.formats.streams import DAMAGED
from armillary.errors import CorruptFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.catalogs.formats.streams import SourceFile

T = TypeVar("T")
MEMORY_BYTES = 128 << 20
"""What ``xz -9`` needs, twice."""
INPUT_BYTES = 256 << 10
DIRECTORY_BYTES = 1 << 20
_OF_MAC = "__MACOSX/"


class XzStream:
    """Bytes of a file of xz: of all its streams, one after another.

    Parameters
    ----------
    name
        Of the file, for errors.
    file
        Its packed bytes.
    """

    def __init__(self, name: str, file: SourceFile) -> None:
        self._name, self._file = name, file
        self._decoder = self._new()

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY_BYTES)

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises
        ------
        CorruptFileError
            They are damaged.
        UnsupportedFileError
            They cannot be read in ``MEMORY_BYTES``.
        """
        part = b""
        while not part and (fed := self._fed()) is not None:
            try:
                part = self._decoder.decompress(fed, size)
            except lzma.LZMAError as error:
                if "emory" not in str(error):
                    raise CorruptFileError(self._name, DAMAGED) from error
                said = f"to unpack it takes more than {MEMORY_BYTES >> 20} MiB of memory: pack it by xz -9 or less."
                raise UnsupportedFileError(self._name, said) from error
        return part

    def _fed(self) -> bytes | None:
        """What the decoder needs next; None at the end."""
        if not self._decoder.eof:
            fed = self._file.read(INPUT_BYTES) if self._decoder.needs_input else b""
            if self._decoder.needs_input and not fed:
                raise CorruptFileError(self._name, DAMAGED)
            return fed
        # Another stream may follow, after zeros.
        rest = self._decoder.unused_data.lstrip(b"\0")
        while not rest and (more := self._file.read(INPUT_BYTES)):
            rest = more.lstrip(b"\0")
        if not rest:
            return None
        self._decoder = self._new()
        return rest


class _ShortReads:
    """A file that gives little at a time: no directory of a zip file takes more memory than one file needs."""

    def __init__(self, file: SourceFile) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        return self._file.read(DIRECTORY_BYTES if size < 0 else min(size, DIRECTORY_BYTES))


class ZipStream:
    """Bytes of the only file in a zip file.

    Parameters
    ----------
    name
        Of the zip file, for errors.
    file
        Its bytes, with ``seek``.

    Raises
    ------
    CorruptFileError
        It is damaged.
    UnsupportedFileError
        There are several files in it, or none, or they are encrypted, or packed by rare methods.
    """

    def __init__(self, name: str, file: SourceFile) -> None:
        self._name = name
        self._member = self._guarded(lambda: self._only(zipfile.ZipFile(_ShortReads(file))))

    def read(self, size: int) -> bytes:
        """The next bytes; errors as above."""
        return self._guarded(lambda: self._member.read(size))

    def _only(self, archive: zipfile.ZipFile) -> IO[bytes]:
        members = [each for each in archive.infolist() if not each.is_dir() and not each.filename.startswith(_OF_MAC)]
        if len(members) != 1:
            said = f"there are {len(members)} files in it: unpack it, and give those that are wanted."
            raise UnsupportedFileError(self._name, said)
        return archive.open(members[0])

    def _guarded(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except RuntimeError as error:
            raise UnsupportedFileError(self._name, "it is encrypted, or packed by a rare method: unpack it.") from error
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError) as error:
            raise CorruptFileError(self._name, DAMAGED) from error
