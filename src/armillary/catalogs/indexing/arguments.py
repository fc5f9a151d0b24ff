"""Arguments of an index: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.catalogs.engine.arguments import NewCatalog, check_counts, check_lists
from armillary.errors import ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexArguments(NewCatalog):
    """What is indexed; beside the fields of ``NewCatalog``.

    Parameters
    ----------
    input_catalog_path
        The catalog.
    indexing_column
        Whose values are looked up.
    extra_columns
        Further columns of the catalog that the index repeats.
    include_healpix_29
        Whether it repeats the index of the sky.
    include_radec
        Whether it repeats the positions.
    drop_duplicates
        Whether of rows that are the same in all columns of the index one is kept.
    rows_of_file
        About how many rows a file of it has.
    """

    input_catalog_path: str | os.PathLike[str]
    indexing_column: str
    extra_columns: Sequence[str] = ()
    include_healpix_29: bool = True
    include_radec: bool = False
    drop_duplicates: bool = True
    rows_of_file: int = 4_000_000

    def _check(self) -> None:
        if not self.indexing_column:
            raise ParameterError("indexing_column", "is missing: name the column whose values are looked up")
        check_counts(self, "rows_of_file")
        check_lists(self, "extra_columns")
