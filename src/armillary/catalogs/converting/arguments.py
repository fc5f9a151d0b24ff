"""Arguments of a conversion: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.arguments import NewCatalog, check_properties
from armillary.errors import UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

_PARTITIONING = (
    "pixel_threshold", "byte_pixel_threshold", "lowest_healpix_order", "highest_healpix_order",
    "constant_healpix_order",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvertArguments(NewCatalog):
    """What is converted; beside the fields of ``NewCatalog``.

    Parameters
    ----------
    input_catalog_path
        A catalog or margin: HATS, or hipscat, its older form.
    pixel_threshold, byte_pixel_threshold, lowest_healpix_order, highest_healpix_order, constant_healpix_order
        With any of them the catalog is partitioned anew, as an import does; else partitions stay.
    primary_catalog_path
        Of a margin: the catalog it belongs to from now on; by default the one it names.
    addl_hats_properties
        Further properties.
    """

    input_catalog_path: str | os.PathLike[str]
    pixel_threshold: int | None = None
    byte_pixel_threshold: int | None = None
    lowest_healpix_order: int | None = None
    highest_healpix_order: int | None = None
    constant_healpix_order: int | None = None
    primary_catalog_path: str | os.PathLike[str] | None = None
    addl_hats_properties: Mapping[str, object] = field(default_factory=dict)

    def _check(self) -> None:
        check_properties(self.addl_hats_properties)
        if self.partitioning and self.primary_catalog_path is not None:
            raise UsageError("A margin has the partitions of its catalog: convert that, and make its margin anew.")

    @property
    def partitioning(self) -> dict[str, Any]:
        """Those arguments of partitioning that were given."""
        return {name: getattr(self, name) for name in _PARTITIONING if getattr(self, name) is not None}
