"""From pieces of an observation and a region to the units of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.errors import ParameterError
from armillary.holdings.soda_pieces import ImagePiece, SkyPiece

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.holdings.layers import Layer
    from armillary.holdings.soda_pieces import AnyPiece, Prepared
    from armillary.images.cutouts.healpix import TableUnit as SkyUnit
    from armillary.images.cutouts.subjects import Span
    from armillary.images.cutouts.units import Unit
    from armillary.images.cutouts.windows import Cut
    from armillary.images.plane import Plane
    from armillary.sky.regions import Region


@dataclass(slots=True)
class Cuts:
    """What a region leaves of the pieces.

    Parameters
    ----------
    images
        Images that have pixels in it, and which.
    tables
        HEALPix tables that have some.
    left_out
        Why pieces could not be asked, a sentence each.
    """

    images: list[tuple[ImagePiece, Cut]] = field(default_factory=list)
    tables: list[SkyUnit] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    @property
    def pixels(self) -> int:
        """How many pixels they have, of all axes."""
        total = sum(unit.pixels for unit in self.tables)
        for piece, cut in self.images:
            ny, nx = cut.shape
            count = ny * nx * len(piece.states)
            for span in piece.free.values():
                count *= span.count
            total += count
        return total

    def units(self, ready: Prepared) -> list[Unit]:
        """Units of a file; the first is the primary one.

        Raises
        ------
        ParameterError, LimitError
            The coordinates of an image cannot go with a cutout.
        """
        single = not ready.several and not self.tables
        if single and len(spans := _runs(self.images[0][0])) == 1:
            return _single(ready, *self.images[0], spans[0])
        return self._extensions(ready)

    def _extensions(self, ready: Prepared) -> list[Unit]:
        from armillary.images.cutouts.cards import history_cards
        from armillary.images.cutouts.tables import highest_version, tables_for
        from armillary.images.cutouts.units import EmptyUnit, ImageUnit

        images: list[Unit] = []
        tables: list[Unit] = []
        for piece, cut in self.images:
            plane, step = piece.subject.plane, highest_version(piece.subject.plane)
            shift = step * len(images)
            more = tables_for(plane, cut.window, shift)
            subject = piece.subject.renumbered(shift) if more and shift else piece.subject
            images += [ImageUnit(subject, cut, spans) for spans in _runs(piece)]
            tables += more
        said = b"".join(history_cards(self.left_out))
        return [EmptyUnit(ready.primary(), said), *self.tables, *images, *tables]


def _single(ready: Prepared, piece: ImagePiece, cut: Cut, spans: dict[int, Span]) -> list[Unit]:
    from armillary.images.cutouts.tables import tables_for
    from armillary.images.cutouts.units import ImageUnit

    subject = piece.subject
    if subject.template.inherits:
        subject = subject.inheriting(ready.primary())
    return [ImageUnit(subject, cut, spans), *tables_for(subject.plane, cut.window)]


def cuts_of(pieces: Sequence[AnyPiece], region: Region | None) -> Cuts:
    """What a region leaves of the pieces; pieces that have no place on the sky are left out.

    Raises
    ------
    ParameterError
        No piece has one.
    """
    from armillary.images.cutouts.healpix import TableUnit as SkyUnit
    from armillary.images.cutouts.subjects import check_tables

    cuts = Cuts()
    for piece in pieces:
        if isinstance(piece, SkyPiece):
            unit = SkyUnit(piece.planes, region)
            if unit.pixels:
                cuts.tables.append(unit)
            continue
        plane = piece.subject.plane
        if region is not None and plane.wcs is None:
            cuts.left_out.append(f"HDU {plane.words.hdu} is left out: {plane.why_no_sky()}")
            continue
        check_tables(piece.subject)
        cut = _cut_plane(plane, region)
        if cut is not None:
            cuts.images.append((piece, cut))
    if pieces and len(cuts.left_out) == len(pieces):
        raise ParameterError("POS", f"the observation cannot be filtered by it. {cuts.left_out[0]}")
    return cuts


def first_cut(pieces: Sequence[AnyPiece], region: Region | None) -> tuple[Layer, Cut] | None:
    """The first layer of the pieces that has pixels in a region, and which; None where none has.

    Raises
    ------
    ParameterError
        No piece has a place on the sky.
    """
    why = []
    for piece in pieces:
        plane = piece.planes[0] if isinstance(piece, SkyPiece) else piece.subject.plane
        if region is not None and plane.wcs is None:
            why.append(f"HDU {plane.words.hdu} is left out: {plane.why_no_sky()}")
        elif (cut := _cut_plane(plane, region)) is not None:
            return piece.first_layer(), cut
    if pieces and len(why) == len(pieces):
        raise ParameterError("POS", f"the observation cannot be filtered by it. {why[0]}")
    return None


def _cut_plane(plane: Plane, region: Region | None) -> Cut | None:
    from armillary.images.cutouts.windows import cut_region, whole_plane

    if region is None or plane.wcs is None:
        return whole_plane(plane.shape)
    try:
        return cut_region(plane.wcs, region)
    except ParameterError:
        return None


def _runs(piece: ImagePiece) -> list[dict[int, Span]]:
    """Pixels of the axes beyond the sky; several times where the Stokes components do not follow each other evenly."""
    from armillary.images.cutouts.subjects import even_runs

    if piece.stokes is None:
        return [piece.free]
    return [piece.free | {piece.stokes: span} for span in even_runs([state.place for state in piece.states])]
