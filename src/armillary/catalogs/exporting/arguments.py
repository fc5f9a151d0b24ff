"""Arguments of whatever gives rows: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.arguments import check_counts
from armillary.catalogs.exporting.writers import form_of

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResult:
    """Where rows go, and how they are made.

    Parameters
    ----------
    output
        File of the result; None gives it as a ``pyarrow.Table``.
    output_format
        ``parquet``, ``csv``, ``votable`` or ``fits``; by the file's name where it is None.
    overwrite
        Whether a file that is there is replaced.
    resume
        Whether rows are kept in files until all are there, so that a killed run is gone on with: None for where they
        are many, or workers of Dask make them; False throws away what an earlier run left.
    tmp_dir
        Folder for what is half done; beside the output by default. All workers must reach it.
    threads
        How many partitions are worked on at once; 0 for one for each core.
    output_storage_options
        Of fsspec, for an address.
    """

    output: str | os.PathLike[str] | None = None
    output_format: str | None = None
    overwrite: bool = False
    resume: bool | None = None
    tmp_dir: str | os.PathLike[str] | None = None
    threads: int = 0
    output_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError, UsageError
            One of them makes no sense.
        """
        check_counts(self, "threads", least=0)
        if self.output is not None:
            form_of(self.output, self.output_format)
        self._check()

    def _check(self) -> None:
        """Check what a kind of arguments has of its own."""
