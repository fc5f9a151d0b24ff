"""Arguments of a cross-match: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.arguments import check_arcseconds, check_lists, check_word
from armillary.catalogs.exporting.arguments import NewResult
from armillary.errors import ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

MOST_NEIGHBORS = 10_000
HOW = ("inner", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossmatchArguments(NewResult):
    """What is matched with what; beside the fields of ``NewResult``.

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
    tmp_dir
        Also for rows of the right near the partitions of the left, where there is no margin.
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
    left_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    right_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def _check(self) -> None:
        check_arcseconds(self, "radius_arcsec")
        if not 1 <= self.n_neighbors <= MOST_NEIGHBORS:
            raise ParameterError("n_neighbors", f"is {self.n_neighbors}: it goes from 1 to {MOST_NEIGHBORS}")
        check_word(self, "how", HOW)
        if self.suffixes is not None and len(set(self.suffixes)) != 2:
            raise ParameterError("suffixes", "are two that differ")
        check_lists(self, "left_columns", "right_columns")
