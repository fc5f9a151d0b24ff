"""Cutouts of observations by what SODA 1.0 filters on: a region of the sky, wavelengths, times, polarization states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import LimitError, UnavailableError, VersionGoneError
from armillary.holdings.facts import TRIES
from armillary.holdings.soda_filters import BAND, TIME, polarized, within
from armillary.holdings.soda_pieces import prepared
from armillary.holdings.soda_units import cuts_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.holdings.obscore import ObsRow
    from armillary.holdings.observations import Observation
    from armillary.holdings.soda_pieces import AnyPiece, Prepared
    from armillary.images.cutouts.files import CutoutFile
    from armillary.sky.regions import Region

MEDIA_TYPE = "application/fits"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Filter:
    """One combination of values of SODA's parameters; what is not given filters nothing.

    Parameters
    ----------
    region
        Region of the sky, ICRS.
    band_m
        Interval of wavelengths in metres; ends may be infinite.
    time_mjd
        Interval of Modified Julian Dates, UTC; ends may be infinite.
    pol
        Polarization states; all of them are one filter.
    """

    region: Region | None = None
    band_m: tuple[float, float] | None = None
    time_mjd: tuple[float, float] | None = None
    pol: tuple[str, ...] = ()


class ObservationCut:
    """A cutout of an observation as a file: its length is known at once, its bytes come block by block.

    Parameters
    ----------
    version
        Version of the observation that it is of.
    file_name
        What it may be called.
    file
        Its units.

    Attributes
    ----------
    media_type
        What it is.
    """

    def __init__(self, version: str, file_name: str, file: CutoutFile) -> None:
        self.version = version
        self.media_type = MEDIA_TYPE
        self.file_name = file_name
        self._file = file

    def length(self) -> int:
        """Bytes of the whole file. Of integers without a BLANK that are masked all are looked at, once."""
        return self._file.length()

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes in order, in pieces of a few MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished on the way: what came before belongs to the version it had.
        """
        return self._file.parts()


def cut_observation(observation: Observation, wanted: Filter, *, most_pixels: int) -> ObservationCut | None:
    """What a filter leaves of an observation; None where it leaves no pixel.

    An image becomes the primary unit. Of an observation of several pieces each one that has pixels becomes an
    extension behind a primary unit with the cards of the file's; columns of a HEALPix map become a table of its own.

    Parameters
    ----------
    most_pixels
        Most pixels of a cutout, of all its pieces together.

    Raises
    ------
    ParameterError
        The observation cannot be filtered by a parameter that is given.
    LimitError
        More pixels than ``most_pixels``.
    FileError, UnavailableError
        The file cannot be read, or keeps changing.
    """
    for _ in range(TRIES):
        image, version = observation.file.current()
        try:
            ready = prepared(observation, image, version)
            file = _cut(ready, filtered(observation, ready, wanted), wanted.region, most_pixels)
            if file is not None:
                file.length()
        except VersionGoneError:
            continue
        if observation.file.current()[1] == version:
            name = file_name(observation.obs_id, "fits")
            return None if file is None else ObservationCut(ready.public, name, file)
    raise UnavailableError(f"{observation.file.name}: keeps changing while it is read: try again once it is written.")


def filtered(observation: Observation, ready: Prepared, wanted: Filter) -> tuple[AnyPiece, ...]:
    """The pieces as far as BAND, TIME and POL leave something of them.

    Raises
    ------
    ParameterError
        The observation cannot be filtered by one of them.
    """

    def row() -> ObsRow:
        from armillary.holdings.obscore import row_of

        return row_of(observation)

    pieces = ready.pieces
    if wanted.pol:
        pieces = polarized(pieces, wanted.pol, row)
    for interval, dimension in ((wanted.band_m, BAND), (wanted.time_mjd, TIME)):
        if interval is not None:
            found = (within(piece, interval, dimension, row) for piece in pieces)
            pieces = tuple(piece for piece in found if piece is not None)
    return pieces


def _cut(ready: Prepared, pieces: tuple[AnyPiece, ...], region: Region | None, most_pixels: int) -> CutoutFile | None:
    from armillary.images.cutouts.files import CutoutFile

    cuts = cuts_of(pieces, region)
    if not cuts.images and not cuts.tables:
        return None
    if cuts.pixels > most_pixels:
        raise LimitError(
            f"A cutout may have {most_pixels} pixels, this one has {cuts.pixels}: choose a smaller region.",
            limit=most_pixels,
            pixels=cuts.pixels,
        )
    return CutoutFile(cuts.units(ready))


def file_name(obs_id: str, form: str) -> str:
    """A name that is safe in a header and in every file system."""
    stem = _UNSAFE.sub("_", obs_id).strip("._-")[:100] or "observation"
    return f"{stem}-cutout.{form}"
