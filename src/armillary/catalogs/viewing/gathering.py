"""The row groups that a view meets, as far as they are few enough to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.catalogs.drawing import Part
from armillary.catalogs.filters import parse
from armillary.catalogs.viewing.reach import reach_of
from armillary.errors import LimitError

if TYPE_CHECKING:
    from armillary.catalogs.selection import Selection
    from armillary.catalogs.viewing.catalog import SkyCatalog
    from armillary.catalogs.viewing.partitions import RowGroup
    from armillary.catalogs.viewing.reach import Reach
    from armillary.catalogs.views import View

MOST_ROWS = 2_000_000
"""So many rows are read for one view."""
FEW_GROUPS = 4
"""Row groups that are read however many rows they have: in the smallest view the corners of four may meet."""
MOST_OPENED = 1000
"""So many partitions are opened for one view."""
MOST_OPENED_FAR = 32
"""Of those that are far."""


def gather(sky: SkyCatalog, view: View | None, reach: Reach | None = None) -> list[Part]:
    """The row groups that a view meets.

    Parameters
    ----------
    view
        Part of the sky, None for all of it.
    reach
        What it meets, where that is known.

    Raises
    ------
    LimitError
        They hold more rows than are read for one view.
    FileError
        A partition is damaged.
    """
    reach = reach_of(view) if reach is None else reach
    places = sky.partitions.within(reach.starts, reach.stops)
    # Where all of a catalog may be read nobody need count first.
    opened = MOST_OPENED if sky.hats.folder.local else MOST_OPENED_FAR
    if len(places) > opened or (sky.count > MOST_ROWS and sky.counts.within(reach) > MOST_ROWS):
        raise _too_many(sky, reach)
    found: list[tuple[int, RowGroup]] = []
    rows = 0
    for place in places.tolist():
        for group in sky.groups_within(place, reach.starts, reach.stops):
            rows += group.rows
            found.append((int(sky.numbering.starts[place]) + group.start, group))
            if rows > MOST_ROWS and len(found) > FEW_GROUPS:
                raise _too_many(sky, reach)
    return [Part(sky.part(group), first) for first, group in found]


def _too_many(sky: SkyCatalog, reach: Reach) -> LimitError:
    about = rounded(sky.counts.within(reach))
    return LimitError(
        f"About {about:,} sources are here, and filters, searches and sorting look through at most {MOST_ROWS:,}: "
        "look at a smaller part of the sky."
    )


def rounded(number: float) -> int:
    """A number that is only known nearly, to two digits."""
    return int(float(f"{number:.2g}"))


def check_words(sky: SkyCatalog, selection: Selection) -> None:
    """Refuse a filter that names columns that are not there, before anything is read.

    Raises
    ------
    ParameterError
        So it does, or it is none.
    """
    for comparison in parse(selection.filter):
        sky.field(comparison.name, "filter")
