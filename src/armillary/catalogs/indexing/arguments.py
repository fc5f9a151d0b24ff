"""Arguments of an index: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.writing import Writing
from armillary.catalogs.ingest.arguments import check_name
from armillary.errors import ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexArguments:
    """What is indexed, and where the index goes.

    Parameters
    ----------
    input_catalog_path
        The catalog.
    indexing_column
        Whose values are looked up.
    output_path, output_artifact_name
        The index becomes the folder ``output_path/output_artifact_name``.
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
    overwrite, resume, tmp_dir
        As for an import.
    writing
        How files are written.
    """

    input_catalog_path: str | os.PathLike[str]
    indexing_column: str
    output_path: str | os.PathLike[str]
    output_artifact_name: str
    extra_columns: Sequence[str] = ()
    include_healpix_29: bool = True
    include_radec: bool = False
    drop_duplicates: bool = True
    rows_of_file: int = 4_000_000
    overwrite: bool = False
    resume: bool = True
    tmp_dir: str | os.PathLike[str] | None = None
    input_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    output_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    writing: Writing = field(default_factory=Writing)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError
            One of them makes no sense.
        """
        check_name(self.output_artifact_name)
        if not self.indexing_column:
            raise ParameterError("indexing_column", "is missing: name the column whose values are looked up")
        if self.rows_of_file < 1:
            raise ParameterError("rows_of_file", f"is {self.rows_of_file}: give a number greater than 0")
        if isinstance(self.extra_columns, str):
            raise ParameterError("extra_columns", "is a text: give a list of names")
