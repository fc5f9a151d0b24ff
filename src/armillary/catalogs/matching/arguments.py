"""Arguments of a cross-match: held and checked, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.exporting.writers import form_of
from armillary.errors import ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

LARGEST_ARCSEC = 180.0 * 3600.0
MOST_NEIGHBORS = 10_000
HOW = ("inner", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossmatchArguments:
    """What is matched with what, and where the pairs go.

    Parameters
    ----------
    left_catalog_path, right_catalog_path
        Catalogs, or collections.
    radius_arcsec
        Largest great-circle distance of a pair, greater than 0.
    n_neighbors
        How many rows of the right at most belong to one of the left: the nearest.
    how
        ``inner``: pairs; ``left``: also rows of the left without a pair, with nothing at their right.
    suffixes
        What columns of the left and the right end in whose names both have; underscore and name of the catalog by
        default.
    left_columns, right_columns
        Those of the result; None for all.
    right_margin_path
        The margin of the right; that of a collection is found.
    output
        File of the result; None gives it as a ``pyarrow.Table``.
    output_format
        ``parquet``, ``csv``, ``votable`` or ``fits``; by the file's name where it is None.
    overwrite
        Whether a file that is there is replaced.
    resume
        As for a search.
    tmp_dir
        Folder for what is half done, and for rows of the right near the partitions of the left, where there is no
        margin; beside the output by default. All workers must reach it.
    threads
        How many partitions are matched at once; 0 for one for each core.
    """

    left_catalog_path: str | os.PathLike[str]
    right_catalog_path: str | os.PathLike[str]
    radius_arcsec: float = 1.0
    n_neighbors: int = 1
    how: str = "inner"
    suffixes: tuple[str, str] | None = None
    left_columns: Sequence[str] | None = None
    right_columns: Sequence[str] | None = None
    right_margin_path: str | os.PathLike[str] | None = None
    output: str | os.PathLike[str] | None = None
    output_format: str | None = None
    overwrite: bool = False
    resume: bool | None = None
    tmp_dir: str | os.PathLike[str] | None = None
    threads: int = 0
    left_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    right_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    output_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError
            One of them makes no sense.
        """
        radius = self.radius_arcsec
        if not math.isfinite(radius) or not 0.0 < radius <= LARGEST_ARCSEC:
            raise ParameterError("radius_arcsec", f"is {radius}: give arcseconds greater than 0, at most 648000")
        if not 1 <= self.n_neighbors <= MOST_NEIGHBORS:
            raise ParameterError("n_neighbors", f"is {self.n_neighbors}: it goes from 1 to {MOST_NEIGHBORS}")
        if self.how not in HOW:
            raise ParameterError("how", f"{self.how!r} is none of {', '.join(HOW)}")
        if self.threads < 0:
            raise ParameterError("threads", f"is {self.threads}: give 0 or more")
        if self.suffixes is not None and len(set(self.suffixes)) != 2:
            raise ParameterError("suffixes", "are two that differ")
        for name in ("left_columns", "right_columns"):
            if isinstance(getattr(self, name), str):
                raise ParameterError(name, "is a text: give a list of names")
        if self.output is not None:
            form_of(self.output, self.output_format)
