"""Cutouts of observations by what SODA 1.0 filters on: a region of the sky, wavelengths, times, polarization states."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError, ParameterError, UnavailableError, VersionGoneError
from armillary.holdings.facts import TRIES
from armillary.holdings.regions import check_pixels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.holdings.observations import Observation, Piece
    from armillary.images.cutouts.fitsfile import FitsCutout
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
    media_type, file_name
        What it is, and what it may be called.
    length
        Gives the bytes of all of it.
    parts
        Gives the bytes.
    """

    def __init__(
        self,
        version: str,
        file_name: str,
        length: Callable[[], int],
        parts: Callable[[], Iterator[bytes | memoryview]],
    ) -> None:
        self.version = version
        self.media_type = MEDIA_TYPE
        self.file_name = file_name
        self._length = length
        self._parts = parts

    def length(self) -> int:
        """Bytes of the whole file."""
        return self._length()

    def parts(self) -> Iterator[bytes | memoryview]:
        """The bytes in order, in pieces of a few MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished on the way: what came before belongs to the version it had.
        """
        return self._parts()


def cut_observation(observation: Observation, wanted: Filter, *, most_pixels: int) -> ObservationCut | None:
    """What a filter leaves of an observation; None where it leaves no pixel.

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
            pieces = observation.pieces_in(image)
            found = _cut(pieces[0], wanted, most_pixels)
        except VersionGoneError:
            continue
        if observation.file.current()[1] == version:
            if found is None:
                return None
            name = file_name(observation.obs_id, "fits")
            return ObservationCut(observation.public(version), name, found.length, found.parts)
    raise UnavailableError(f"{observation.file.name}: keeps changing while it is read: try again once it is written.")


def _cut(piece: Piece, wanted: Filter, most_pixels: int) -> FitsCutout | None:
    from armillary.images.cutouts.fitsfile import FitsCutout
    from armillary.images.cutouts.windows import cut_pixels, cut_region

    plane = piece.layers()[0].pyramid().plane
    if wanted.band_m or wanted.time_mjd or wanted.pol:
        raise ParameterError("BAND", "this observation cannot be filtered by it")
    if wanted.region is None:
        ny, nx = plane.shape
        cut = cut_pixels(plane.shape, plane.wcs, 0, 0, nx, ny)
    elif plane.wcs is None:
        raise NotFoundError(f"{piece.entries[0].name}: has no celestial coordinates.", code="no_sky")
    else:
        try:
            cut = cut_region(plane.wcs, wanted.region)
        except ParameterError:
            return None
    check_pixels(cut, most_pixels, "A FITS cutout")
    return FitsCutout(plane, cut)


def file_name(obs_id: str, form: str) -> str:
    """A name that is safe in a header and in every file system."""
    stem = _UNSAFE.sub("_", obs_id).strip("._-")[:100] or "observation"
    return f"{stem}-cutout.{form}"
