"""Arguments of a margin: held and checked, nothing else."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.writing import Writing
from armillary.catalogs.ingest.arguments import check_name
from armillary.errors import ParameterError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

LARGEST_ARCSEC = 180.0 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginArguments:
    """What a margin is made of, and where it goes.

    Parameters
    ----------
    input_catalog_path
        The catalog.
    output_path, output_artifact_name
        The margin becomes the folder ``output_path/output_artifact_name``.
    margin_threshold
        Arcseconds.
    margin_order
        With it the margin is what lies in pixels of that order that touch a partition: faster, not exact.
    overwrite
        Whether a catalog that is there is replaced.
    resume
        Whether work that an earlier run left is gone on with.
    tmp_dir
        Folder for what is half done; beside the output by default.
    writing
        How partitions are written.
    """

    input_catalog_path: str | os.PathLike[str]
    output_path: str | os.PathLike[str]
    output_artifact_name: str
    margin_threshold: float = 5.0
    margin_order: int | None = None
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
        threshold = self.margin_threshold
        if not math.isfinite(threshold) or not 0.0 < threshold <= LARGEST_ARCSEC:
            raise ParameterError(
                "margin_threshold", f"is {threshold}: give arcseconds greater than 0, at most {LARGEST_ARCSEC:.0f}"
            )
        if self.margin_order is not None and not 0 <= self.margin_order <= 29:
            raise ParameterError("margin_order", f"is {self.margin_order}: orders go from 0 to 29")
