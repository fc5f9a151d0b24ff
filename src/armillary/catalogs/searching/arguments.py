"""Arguments of a search: held and checked, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.arguments import check_counts, check_lists
from armillary.catalogs.exporting.arguments import NewResult
from armillary.catalogs.filters import parse
from armillary.errors import ParameterError, UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from armillary.catalogs.searching.moc import Moc
    from armillary.sky.regions import Region


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchArguments(NewResult):
    """What is looked for, and where; beside the fields of ``NewResult``.

    Parameters
    ----------
    input_catalog_path
        A catalog, or a collection.
    cone
        Right ascension and declination in degrees, radius in arcseconds.
    box
        Degrees: from the first right ascension eastward to the second, from the first declination to the second.
    polygon
        Right ascensions and declinations of its corners, degrees.
    moc
        A file of a coverage map, or a ``Moc``. Of these four at most one is given; none means the whole sky.
    columns
        Those of the result, in this order; None for all.
    filters
        Conditions as ``mag < 12; band = "g"``.
    limit
        At most so many rows: the first in the order of the sky.
    """

    input_catalog_path: str | os.PathLike[str]
    cone: tuple[float, float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    polygon: Sequence[tuple[float, float]] | None = None
    moc: str | os.PathLike[str] | Moc | None = None
    columns: Sequence[str] | None = None
    filters: str = ""
    limit: int | None = None
    input_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _check(self) -> None:
        given = [name for name in ("cone", "box", "polygon", "moc") if getattr(self, name) is not None]
        if len(given) > 1:
            raise UsageError(f"A search is in one part of the sky: {' and '.join(given)} were given.")
        for name, count in (("cone", 3), ("box", 4)):
            values = getattr(self, name)
            if values is not None and (len(values) != count or not all(map(math.isfinite, values))):
                raise ParameterError(name, f"takes {count} finite numbers")
        check_counts(self, "limit")
        check_lists(self, "columns")
        if self.columns is not None and not self.columns:
            raise ParameterError("columns", "is empty: name some, or leave it out for all")
        parse(self.filters)
        self.shape()

    def shape(self) -> Region | Moc | None:
        """The part of the sky; a file of a coverage map is read.

        Raises
        ------
        ParameterError
            It is none.
        FileError
            The file is no coverage map.
        """
        import numpy as np

        from armillary.catalogs.searching.moc import Moc, read_moc
        from armillary.sky.regions import Circle, Polygon, Range

        if self.cone is not None:
            ra, dec, radius = self.cone
            return Circle(ra, dec, radius / 3600.0, parameter="cone")
        if self.box is not None:
            return Range(*self.box, parameter="box")
        if self.polygon is not None:
            return Polygon(np.array(self.polygon, np.float64), parameter="polygon")
        return self.moc if self.moc is None or isinstance(self.moc, Moc) else read_moc(self.moc)
