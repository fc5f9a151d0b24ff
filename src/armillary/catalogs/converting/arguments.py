"""Arguments of a conversion: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.writing import Writing
from armillary.catalogs.ingest.arguments import check_name
from armillary.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

_PARTITIONING = (
    "pixel_threshold", "byte_pixel_threshold", "lowest_healpix_order", "highest_healpix_order",
    "constant_healpix_order",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertArguments:
    """What is converted, and where it goes.

    Parameters
    ----------
    input_catalog_path
        A catalog or margin: HATS, or hipscat, its older form.
    output_path, output_artifact_name
        The catalog becomes the folder ``output_path/output_artifact_name``.
    pixel_threshold, byte_pixel_threshold, lowest_healpix_order, highest_healpix_order, constant_healpix_order
        With any of them the catalog is partitioned anew, as an import does; else partitions stay.
    primary_catalog_path
        Of a margin: the catalog it belongs to from now on; by default the one it names.
    addl_hats_properties
        Further properties.
    overwrite, resume, tmp_dir
        As for an import.
    writing
        How partitions are written.
    """

    input_catalog_path: str | os.PathLike[str]
    output_path: str | os.PathLike[str]
    output_artifact_name: str
    pixel_threshold: int | None = None
    byte_pixel_threshold: int | None = None
    lowest_healpix_order: int | None = None
    highest_healpix_order: int | None = None
    constant_healpix_order: int | None = None
    primary_catalog_path: str | os.PathLike[str] | None = None
    addl_hats_properties: Mapping[str, object] = field(default_factory=dict)
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
        ParameterError, UsageError
            One of them makes no sense.
        """
        check_name(self.output_artifact_name)
        if self.partitioning and self.primary_catalog_path is not None:
            raise UsageError("A margin has the partitions of its catalog: convert that, and make its margin anew.")

    @property
    def partitioning(self) -> dict[str, Any]:
        """Those arguments of partitioning that were given."""
        return {name: getattr(self, name) for name in _PARTITIONING if getattr(self, name) is not None}
