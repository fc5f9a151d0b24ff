"""Sources as they are drawn: a choice of those in a view, with their places and the columns that symbols show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from armillary.catalogs.angles import numbers
from armillary.catalogs.choice import lowest
from armillary.catalogs.selection import Selection, cover_of, wanted_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.catalog import Catalog
    from armillary.catalogs.fields import Field
    from armillary.catalogs.viewing.picture import Picture
    from armillary.catalogs.views import View


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a catalog, or all of them.

    Parameters
    ----------
    catalog
        They as a catalog.
    first
        Number of its first row in the whole catalog.
    """

    catalog: Catalog
    first: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of the sources in a view.

    Parameters
    ----------
    limit
        How many at most.
    selection
        Conditions on rows; its view is not asked.
    columns
        Numeric columns, by the names of their arrays.
    first
        Column whose largest values (or ``smallest``) come first in each cell of the sky; None for an order by chance.
    crowd
        Of more sources than this a few are enough where a picture tells how dense they lie; None for ``limit``.
    """

    limit: int
    selection: Selection = field(default_factory=Selection)
    columns: Mapping[str, Field] = field(default_factory=dict)
    first: Field | None = None
    smallest: bool = False
    crowd: int | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """Sources that are drawn.

    Parameters
    ----------
    rows
        Their numbers in the whole catalog, ascending, int64.
    ra, dec
        ICRS degrees.
    columns
        Values of the columns, float64, NaN where they are missing.
    total
        How many there are in the view; nearly, where not all of them were looked at.
    picture
        How dense they lie, None where it is not needed.
    """

    rows: NDArray[np.int64]
    ra: NDArray[np.float64]
    dec: NDArray[np.float64]
    columns: Mapping[str, NDArray[np.float64]]
    total: int
    picture: Picture | None = None


def draw(parts: Sequence[Part], view: View | None, wish: Wish) -> Drawn:
    """The sources of the lowest ranks in a view. A rank is that within its part: no view changes it.

    Raises
    ------
    ParameterError
        The filter is none, or does not fit the columns.
    FileError
        A column cannot be read.
    """
    chosen = [_lowest(part.catalog, view, wish) for part in parts]
    which = np.repeat(np.arange(len(parts)), [len(rows) for rows, *_ in chosen])
    rows = np.concatenate([np.empty(0, np.int64), *(rows for rows, *_ in chosen)])
    ranks = np.concatenate([np.empty(0, np.uint32), *(ranks for _, ranks, _ in chosen)])
    firsts = np.array([part.first for part in parts], np.int64)
    # The row breaks ties between equal ranks, so that the order of a sort cannot matter.
    keep = np.lexsort((rows + firsts[which], ranks))[: wish.limit]
    keep = keep[np.argsort((rows + firsts[which])[keep])]
    which, rows = which[keep], rows[keep]
    out = {name: np.empty(len(rows)) for name in ("ra", "dec", *wish.columns)}
    for number in np.unique(which).tolist():
        mine = which == number
        for name, values in _values(parts[number].catalog, rows[mine], wish.columns).items():
            out[name][mine] = values
    return Drawn(rows + firsts[which], out.pop("ra"), out.pop("dec"), out, sum(total for *_, total in chosen))


def _lowest(catalog: Catalog, view: View | None, wish: Wish) -> tuple[NDArray[np.int64], NDArray[np.uint32], int]:
    wanted = wanted_rows(catalog, wish.selection)
    first = catalog.field(wish.first.name) if wish.first else None
    return lowest(catalog, cover_of(catalog, view), wish.limit, wanted, first, smallest=wish.smallest)


def _values(catalog: Catalog, rows: NDArray[np.int64], columns: Mapping[str, Field]) -> dict[str, NDArray[np.float64]]:
    import pyarrow as pa

    found = dict(zip(("ra", "dec"), catalog.places(rows), strict=True))
    return found | {name: numbers(catalog.column(column).take(pa.array(rows)))[0] for name, column in columns.items()}
