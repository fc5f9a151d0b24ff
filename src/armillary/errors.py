"""Every exception that Armillary raises on purpose.

::

    ArmillaryError
    ├── UsageError               what the caller asked for makes no sense
    │   └── ParameterError       one named parameter has a bad value
    ├── NotFoundError            no such layer, tile, slice; denied looks the same
    ├── VersionGoneError         the file changed; the pixels asked for are no more
    ├── LimitError               more than one request may have
    ├── UnavailableError         cannot be answered now, perhaps later
    ├── ConfigurationError       a setting or a holdings file is wrong
    └── FileError                a file cannot be used, and why
        ├── UnreadableFileError  missing, no permission, a FIFO, a broken link
        ├── NotFitsError         its bytes are not FITS
        ├── CorruptFileError     FITS that contradicts itself
        ├── NoPixelsError        sound, but nothing in it is an image or a sky map
        ├── NoPositionsError     a sound table, but no columns of it are positions on the sky
        └── UnsupportedFileError sound, but of a kind that is not read

Messages are one line, name the thing and say the remedy. They never hold a path of the server beyond
the file's own name. Nothing here knows HTTP: ``armillary.server.errors`` has the table of statuses.
"""

from __future__ import annotations

from typing import Any


class ArmillaryError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message
        One line for people.
    **detail
        Facts for programs: JSON values only.
    """

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, a line each."""
        return (self.message,)


class UsageError(ArmillaryError):
    """What the caller asked for makes no sense."""


class ParameterError(UsageError):
    """One named parameter has a bad value."""

    def __init__(self, parameter: str, message: str, **detail: Any) -> None:
        super().__init__(f"{parameter}: {message}", parameter=parameter, **detail)


class NotFoundError(ArmillaryError):
    """There is no such thing, or the caller may not know of it."""


class VersionGoneError(ArmillaryError):
    """The file changed on disk: the version asked for cannot be served any more."""


class LimitError(ArmillaryError):
    """The answer would be larger than one request may have."""


class UnavailableError(ArmillaryError):
    """The thing exists but cannot be served now."""


class ConfigurationError(ArmillaryError):
    """A setting or a holdings file is wrong.

    Attributes
    ----------
    problems
        One line for each thing that is wrong, as ``detail["problems"]`` has them; else the message alone.
    """

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong, a line each."""
        return tuple(self.detail.get("problems") or (self.message,))


class FileError(ArmillaryError):
    """A file cannot be used.

    Parameters
    ----------
    name
        The file's own name, without its folder.
    message
        What is wrong and what to do.
    """

    def __init__(self, name: str, message: str, **detail: Any) -> None:
        super().__init__(f"{name}: {message}", file=name, **detail)
        self.name = name


class UnreadableFileError(FileError):
    """Missing, no permission, a FIFO, a folder, a broken link, or vanished while open."""


class NotFitsError(FileError):
    """The bytes are not FITS."""


class CorruptFileError(FileError):
    """The FITS structure contradicts itself."""


class NoPixelsError(FileError):
    """A sound file, but nothing in it is an image or a sky map.

    Attributes
    ----------
    tables
        Its units that are tables, for whoever reads these.
    """

    tables: tuple[Any, ...] = ()


class NoPositionsError(FileError):
    """A sound table, but no columns of it are positions on the sky."""


class UnsupportedFileError(FileError):
    """A sound file of a kind that is not read."""
