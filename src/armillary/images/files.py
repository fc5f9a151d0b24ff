"""From a path to planes: the door of this room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.images.fits.openfile import FitsFile
from armillary.images.fits.stacks import stacks_of
from armillary.images.plane import PlaneStack
from armillary.storage.consistent import read_consistently
from armillary.storage.source import MAX_DECODED_BYTES, open_source

if TYPE_CHECKING:
    import os

    from armillary.storage.source import ByteSource


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file and its planes.

    Parameters
    ----------
    name
        The file's own name.
    version
        Version of the file when it was opened. Once the file has another, it must be opened again: its planes raise
        ``VersionGoneError``.
    notes
        What a user should know of the file.
    stacks
        One for each image and Stokes component, one for each column of a HEALPix map.
    source
        The bytes.
    """

    name: str
    version: str
    notes: tuple[str, ...]
    stacks: list[PlaneStack] = field(repr=False)
    source: ByteSource = field(repr=False)

    def close(self) -> None:
        """Let go of what is held for the file."""
        self.source.close()


def open_image(
    path: str | os.PathLike[str], source: ByteSource | None = None, *, max_decoded_bytes: int = MAX_DECODED_BYTES
) -> ImageFile:
    """Read the headers of a file; no pixel is touched.

    Parameters
    ----------
    path
        Local path or ``http(s)://`` address.
    source
        Its bytes, when somebody has opened them already.
    max_decoded_bytes
        A compressed file whose header claims more bytes than this is refused.

    Raises
    ------
    UnreadableFileError, NotFitsError, CorruptFileError, NoPixelsError, UnsupportedFileError
        The file cannot be used: one line says why.
    """
    if source is None:
        source = open_source(path, max_decoded_bytes=max_decoded_bytes)
    file = FitsFile(source)
    (stacks, notes), _ = read_consistently(source, lambda: stacks_of(file), name=file.name)
    return ImageFile(file.name, file.version, file.notes + tuple(notes), stacks, source)


__all__ = ["ImageFile", "PlaneStack", "open_image"]
