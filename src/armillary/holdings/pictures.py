"""Pictures of cutouts: a plane in the colours of its layer, transparent outside of the region."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import LimitError, UnavailableError, VersionGoneError
from armillary.holdings.facts import TRIES
from armillary.holdings.soda import file_name, filtered
from armillary.holdings.soda_pieces import prepared
from armillary.holdings.soda_units import first_cut
from armillary.holdings.styles import layer_style
from armillary.render import check_size, encode
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from armillary.holdings.layers import Layer
    from armillary.holdings.observations import Observation
    from armillary.holdings.soda import Filter
    from armillary.images.cutouts.windows import Cut
    from armillary.images.pyramid import Pyramid
    from armillary.images.raster import Raster

MAX_PIXELS = 64 << 20
MEDIA_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class ObservationPicture:
    """A picture of a cutout.

    Parameters
    ----------
    version
        Version of the observation that it is of.
    media_type, file_name
        What it is, and what it may be called.
    body
        Its bytes.
    """

    version: str
    media_type: str
    file_name: str
    body: bytes

    def length(self) -> int:
        """Bytes of it."""
        return len(self.body)

    def parts(self) -> Iterator[bytes]:
        """The bytes."""
        yield self.body


def picture_of(
    observation: Observation, wanted: Filter, form: str, given: Mapping[str, str] | None = None
) -> ObservationPicture | None:
    """The first image that a filter leaves of an observation, as a picture; None where it leaves no pixel.

    Of a cube the first plane that is left is shown; HEALPix maps are shown on the viewer's grid.

    Parameters
    ----------
    form
        ``png``, ``jpg`` or ``webp``.
    given
        Words of a style (see ``styles``); what they leave open is as the layer is shown at first.

    Raises
    ------
    ParameterError
        The observation cannot be filtered by a parameter that is given, or the style makes no sense.
    LimitError
        More pixels than a picture may have.
    FileError, UnavailableError
        The file cannot be read, or keeps changing.
    """
    for _ in range(TRIES):
        image, version = observation.file.current()
        try:
            pieces = filtered(observation, prepared(observation, image, version), wanted)
            found = first_cut(pieces, wanted.region)
            body = b""
            if found is not None:
                layer = found[0]
                pyramid = layer.entry.pyramids.get(layer.entry, layer.index, image, version)
                body = picture(layer, pyramid, found[1], form, given or {})
        except VersionGoneError:
            continue
        if observation.file.current()[1] == version:
            if found is None:
                return None
            name = file_name(observation.obs_id, form)
            return ObservationPicture(observation.public(version), MEDIA_TYPES[form], name, body)
    raise UnavailableError(f"{observation.file.name}: keeps changing while it is read: try again once it is written.")


def picture(layer: Layer, pyramid: Pyramid, cut: Cut, form: str, given: Mapping[str, str]) -> bytes:
    """A cutout of a plane as a picture; pixels outside the region are transparent.

    Raises
    ------
    LimitError
        More pixels than a picture may have.
    ParameterError
        The style makes no sense.
    VersionGoneError, FileError
        The file changed, vanished or cannot be read.
    """
    try:
        check_size(form, cut.shape)
    except LimitError as error:
        raise LimitError(error.message, limit=MAX_PIXELS, pixels=math.prod(cut.shape), **error.detail) from None
    style, counts = layer_style(layer, pyramid, given)
    return encode(raster_of(pyramid, cut), form, style, histogram=counts).body


def raster_of(pyramid: Pyramid, cut: Cut) -> Raster:
    """The pixels of a cutout at full resolution, NaN outside of the region."""
    from armillary.images.cutouts.pixels import outside_of

    window = cut.window
    columns = cut.columns(window.x0, window.x1)
    parts = [pyramid.region(Window(window.y0, window.y1, *piece), MAX_PIXELS) for piece in columns]
    pixels = parts[0].pixels if len(parts) == 1 else np.concatenate([part.pixels for part in parts], axis=1)
    outside = outside_of(pyramid.plane, cut, window)
    if outside is not None:
        pixels = pixels.copy()
        pixels[outside[::-1]] = np.nan
    return replace(parts[0], pixels=np.ascontiguousarray(pixels))
