"""A catalog's folder on a web server: files by ranges, no listing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.folder import Folder
from armillary.errors import UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from armillary.storage.source import ByteSource

LARGEST = 256 << 20
"""Words, lists of partitions, columns: what is read whole."""


class WebFolder(Folder):
    """A folder by an ``http://`` or ``https://`` address.

    Raises
    ------
    UnsupportedFileError
        It is another address: what a server says leads nowhere else.
    """

    def __init__(self, address: str, storage_options: Mapping[str, Any] | None = None) -> None:
        if not address.startswith(("http://", "https://")):
            raise UnsupportedFileError("catalog", "names a part of it that is no web address.")
        super().__init__(address, storage_options)

    def child(self, name: str) -> WebFolder:
        """A folder inside it."""
        return WebFolder(self.path(name))

    def source(self, name: str) -> ByteSource:
        """A file.

        Raises
        ------
        FileError
            It is not there, or the server does not answer.
        """
        from armillary.storage.source import open_raw_source

        return open_raw_source(self.path(name))

    def exists(self, name: str = "") -> bool:
        """Whether the server gives a file of that name."""
        try:
            self.source(name)
        except UnreadableFileError:
            return False
        return True

    def is_folder(self) -> bool:
        """Yes: the name of the file in it was left out."""
        return True

    def size(self, name: str) -> int:
        """Bytes of a file."""
        return self.source(name).size

    def read(self, name: str, most: int | None = None) -> bytes:
        """Bytes of a file, at most ``most``.

        Raises
        ------
        UnsupportedFileError
            It is larger than such files are.
        """
        source = self.source(name)
        if most is None and source.size > LARGEST:
            raise UnsupportedFileError(source.name, "is too large to be read whole.")
        return source.read_upto(0, source.size if most is None else most)

    def arrow(self, name: str) -> Any:
        """A file as pyarrow reads it."""
        import pyarrow as pa

        from armillary.catalogs.formats.streams import SourceFile

        return pa.PythonFile(SourceFile(self.source(name)), mode="r")

    def files(self, suffix: str = "") -> Iterator[str]:
        """Nothing is listed.

        Raises
        ------
        UnsupportedFileError
            Always.
        """
        del suffix
        raise UnsupportedFileError(self.name, "is on a web server, which lists no files: it needs partition_info.csv.")
