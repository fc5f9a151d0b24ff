"""What of a catalog of any size is drawn in a view: sources as far as they are few enough, else how dense they lie."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.drawing import Drawn, Part, draw
from armillary.catalogs.viewing.gathering import check_words, gather
from armillary.catalogs.viewing.picture import picture_of
from armillary.catalogs.viewing.reach import reach_of
from armillary.catalogs.views import PixelWindow
from armillary.errors import LimitError

if TYPE_CHECKING:
    from armillary.catalogs.drawing import Wish
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.catalogs.viewing.reach import Reach
    from armillary.catalogs.views import View

SAMPLED_PARTITIONS = 8
FEW = 300
"""Sources in a picture of a crowd: so many can be told apart."""


def draw_of_sky(sky: SkyCatalog, view: View | None, wish: Wish) -> Drawn:
    """Sources in a view, with a picture of their density where not all of them are drawn in a window.

    Raises
    ------
    LimitError
        There are conditions, and more rows than are looked through.
    ParameterError
        The filter is none.
    FileError
        A partition is damaged.
    """
    check_words(sky, wish.selection)
    filtered = any(wish.selection.words)
    reach = reach_of(view)
    try:
        parts = gather(sky, view, reach)
        found = draw(parts, view, wish)
    except LimitError:
        if filtered:
            raise
        parts, found = [], _far(sky, view, reach, wish)
    crowd = wish.limit if wish.crowd is None else wish.crowd
    if filtered or not isinstance(view, PixelWindow) or found.total <= min(crowd, len(found.rows)):
        return found
    if wish.crowd is not None and len(found.rows) > FEW:
        found = draw(parts, view, replace(wish, limit=FEW))
    return replace(found, picture=picture_of(view, sky.counts))


def _far(sky: SkyCatalog, view: View | None, reach: Reach, wish: Wish) -> Drawn:
    """Nothing for a window, which gets a picture; a sample for a cone, which has none."""
    total = round(sky.counts.within(reach))
    parts = [] if isinstance(view, PixelWindow) else _sample(sky, reach)
    found = draw(parts, view, wish)
    return replace(found, total=max(total, len(found.rows) + 1))


def _sample(sky: SkyCatalog, reach: Reach) -> list[Part]:
    """A row group each of some partitions, spread over the sky."""
    places = sky.partitions.within(reach.starts, reach.stops)
    some = places[np.unique(np.linspace(0, len(places) - 1, SAMPLED_PARTITIONS).round().astype(np.int64))]
    parts = []
    for place in some.tolist():
        groups = sky.groups_within(place, reach.starts, reach.stops)
        if groups:
            group = min(groups, key=lambda group: group.skip + group.rows)
            parts.append(Part(sky.part(group), int(sky.numbering.starts[place]) + group.start))
    return parts
