"""Which pixels of the axes beyond the sky a filter leaves: BAND, TIME and POL (SODA 1.0, sections 3.3.5 to 3.3.7).

An axis of the data is cut: pixels whose cells reach into the interval stay. Data without such an axis have one value or
range, which the observation's metadata tell: they are taken whole or not at all. Where that is not known either, the
filter is refused: it is never ignored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from armillary.errors import ParameterError
from armillary.holdings.soda_pieces import ImagePiece, SkyPiece

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from armillary.holdings.obscore import ObsRow
    from armillary.holdings.soda_pieces import AnyPiece
    from armillary.images.cutouts.subjects import Span
    from armillary.sky.spectral import WorldAxis
    from armillary.storage.fits.cards import Header

    Interval = tuple[float, float]

# Codes of FITS 4.0, table 29, in the words of ObsCore 1.1, section 3.3.4.4.
_OBSCORE_STATES = {"PLINEAR": "POLI", "PFLINEAR": "POLF", "PALINEAR": "POLA"}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A filter on intervals.

    Parameters
    ----------
    parameter
        What SODA calls it.
    what
        What its numbers are.
    """

    parameter: str
    what: str

    def axis_of(self, header: Header, count: int) -> WorldAxis | None:
        """The axis of an image that it cuts, None where there is none or its numbers cannot be known."""
        from armillary.sky import spectral

        is_one, make = (
            (spectral.is_spectral, spectral.spectral_axis)
            if self.parameter == "BAND"
            else (spectral.is_time, spectral.time_axis)
        )
        found = (axis for axis in range(count) if is_one(header, axis))
        axis = next(found, None)
        return None if axis is None else make(header, axis)

    def range_of(self, row: ObsRow) -> Interval | None:
        """What the metadata of an observation say; an end that is not known is as far as can be."""
        low, high = (row.em_min, row.em_max) if self.parameter == "BAND" else (row.t_min, row.t_max)
        if low is None and high is None:
            return None
        return (-math.inf if low is None else low, math.inf if high is None else high)


BAND = Dimension("BAND", "wavelengths")
TIME = Dimension("TIME", "times")


def within(piece: AnyPiece, wanted: Interval, dimension: Dimension, row: Callable[[], ObsRow]) -> AnyPiece | None:
    """What of a piece lies in an interval, None for nothing.

    Parameters
    ----------
    row
        Gives the metadata of the observation.

    Raises
    ------
    ParameterError
        It is not known.
    """
    header = piece.header if isinstance(piece, ImagePiece) else None
    if isinstance(piece, ImagePiece) and header is not None:
        axis = dimension.axis_of(header, len(piece.subject.lengths))
        if axis is not None:
            return _cut_axis(piece, axis, wanted)
    known = dimension.range_of(row())
    if known is None:
        raise ParameterError(
            dimension.parameter,
            f"the {dimension.what} of this observation are not known: it cannot be filtered by them",
        )
    return piece if known[1] >= wanted[0] and known[0] <= wanted[1] else None


def _cut_axis(piece: ImagePiece, axis: WorldAxis, wanted: Interval) -> ImagePiece | None:
    from armillary.images.cutouts.subjects import Span

    span: Span = piece.free.get(axis.axis, Span(piece.subject.position[axis.axis]))
    found = axis.overlapping(wanted, span.first, span.count)
    if found is None:
        return None
    return replace(piece, free=piece.free | {axis.axis: Span(*found)}) if axis.axis in piece.free else piece


def polarized(pieces: Sequence[AnyPiece], wanted: Iterable[str], row: Callable[[], ObsRow]) -> tuple[AnyPiece, ...]:
    """The pieces as far as they are of one of some polarization states.

    Raises
    ------
    ParameterError
        The states of the observation are not known.
    """
    states = {state.upper() for state in wanted}
    if not any(piece.names for piece in pieces):
        known = row().pol_states
        if not known:
            raise ParameterError(
                "POL", "the polarization states of this observation are not known: it cannot be filtered by them"
            )
        return tuple(pieces) if states & {state.upper() for state in known.strip("/").split("/")} else ()
    kept = (_of_states(piece, states) for piece in pieces)
    return tuple(piece for piece in kept if piece is not None)


def _of_states(piece: AnyPiece, states: set[str]) -> AnyPiece | None:
    def is_wanted(name: str | None) -> bool:
        return name is not None and bool({name.upper(), _OBSCORE_STATES.get(name.upper(), "")} & states)

    kept = tuple(state for state in piece.states if is_wanted(state.name))
    if isinstance(piece, SkyPiece):
        planes = (plane for plane, state in zip(piece.planes, piece.states, strict=True) if is_wanted(state.name))
        return replace(piece, planes=tuple(planes), states=kept) if kept else None
    return replace(piece, states=kept) if kept else None
