"""Catalogs' folders that are far, as they are looked at: files by ranges, words of bounded size, nothing written."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.names import pixel_of
from armillary.errors import UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from armillary.storage.source import ByteSource

LARGEST = 256 << 20
"""Words, lists of partitions, columns: what is read whole."""
WEB = ("http://", "https://")


def far_folder(address: str, storage_options: Mapping[str, Any] | None = None) -> FarFolder:
    """The folder of a catalog by its address: on a web server, or on what fsspec reaches."""
    return WebFolder(address) if address.startswith(WEB) else StoreFolder(address, storage_options)


class FarFolder(Folder, ABC):
    """A folder that is far."""

    @abstractmethod
    def at(self, address: str) -> ByteSource:
        """A file in it or below by its address.

        Raises
        ------
        FileError
            It is not there, or nobody answers.
        """

    def source(self, name: str) -> ByteSource:
        """A file in it; as ``at``."""
        return self.at(self.path(name))

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


class WebFolder(FarFolder):
    """A folder by an ``http://`` or ``https://`` address.

    Raises
    ------
    UnsupportedFileError
        It is another address: what a server says leads nowhere else.
    """

    def __init__(self, address: str) -> None:
        if not address.startswith(WEB):
            raise UnsupportedFileError("catalog", "names a part of it that is no web address.")
        super().__init__(address)

    def child(self, name: str) -> WebFolder:
        """A folder inside it."""
        return WebFolder(self.path(name))

    def elsewhere(self, address: str) -> WebFolder:
        """The folder of another address of the web."""
        return WebFolder(address)

    def at(self, address: str) -> ByteSource:
        """A file by its address."""
        from armillary.storage.source import open_raw_source

        return open_raw_source(address)

    def exists(self, name: str = "") -> bool:
        """Whether the server gives a file of that name."""
        try:
            self.source(name)
        except UnreadableFileError:
            return False
        return True

    def files(self, suffix: str = "") -> Iterator[str]:
        """Nothing is listed.

        Raises
        ------
        UnsupportedFileError
            Always.
        """
        del suffix
        raise UnsupportedFileError(self.name, "is on a web server, which lists no files: it needs partition_info.csv.")


class StoreFolder(FarFolder):
    """A folder in object storage, or whatever else fsspec reaches, by an address that the operator gave.

    What its files say leads nowhere else: what the options open is meant for this catalog.
    """

    def child(self, name: str) -> StoreFolder:
        """A folder inside it."""
        return StoreFolder(self.path(name), self.storage_options)

    def elsewhere(self, address: str) -> StoreFolder:
        """The folder of another address of this storage.

        Raises
        ------
        UnsupportedFileError
            It is of another storage.
        """
        scheme, _, rest = self.address.partition("://")
        if not address.startswith(f"{scheme}://{rest.partition('/')[0]}/"):
            raise UnsupportedFileError("catalog", "names a part of it that lies in another storage.")
        return StoreFolder(address, self.storage_options)

    def at(self, address: str) -> ByteSource:
        """A file by its address."""
        from armillary.storage.objects import ObjectSource

        return ObjectSource(self._fs, address)

    def exists(self, name: str = "") -> bool:
        """Whether there is a file or folder of that name."""
        from armillary.storage.objects import asked

        def look() -> bool:
            try:
                self._fresh.info(self.path(name))
            except FileNotFoundError:
                return False
            return True

        return bool(asked(name or self.name, look))

    def files(self, suffix: str = "") -> Iterator[str]:
        """Files of a partition.

        Raises
        ------
        UnsupportedFileError
            It is the folder of something larger.
        """
        if pixel_of(self.address) is None:
            raise UnsupportedFileError(self.name, "is in object storage, and not listed: it needs partition_info.csv.")
        return super().files(suffix)

    def _found(self) -> list[str]:
        from armillary.storage.objects import asked

        return list(asked(self.name, lambda: self._fresh.find(self.address)))
