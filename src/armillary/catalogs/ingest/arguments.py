"""Arguments of an import: held and checked, nothing else."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from armillary.catalogs.engine.arguments import (
    NewCatalog,
    check_counts,
    check_lists,
    check_orders,
    check_properties,
    check_word,
)
from armillary.errors import ParameterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

HIGHEST_ORDER = 14
"""Beyond it partitions are smaller than a quarter of an arcminute: nobody wants that many files."""
MIB = 1 << 20
ON_ERROR = ("stop", "skip")
FRAMES = ("icrs", "fk5", "fk4", "galactic", "ecliptic")
KINDS = ("object", "source")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportArguments(NewCatalog):
    """What is imported, and how it is partitioned; beside the fields of ``NewCatalog``.

    Parameters
    ----------
    input_paths
        Files, folders, patterns, addresses.
    ra_column, dec_column
        Columns of the positions; None finds them by name, unit and UCD.
    frame, unit
        Frame of the positions; ``degrees``, ``radians`` or ``sexagesimal`` (None: as the columns say). Positions in
        another frame or unit are converted for the index, and written as ``ra`` and ``dec`` beside the columns.
    file_type
        Kind of the input where its content shall not decide.
    columns
        Those to import; None for all.
    column_names, delimiter
        Of text tables without a header, or whose delimiter is not found.
    catalog_type
        ``object`` or ``source``.
    pixel_threshold, byte_pixel_threshold
        Most rows of a partition; or most bytes, as its rows take in memory, which then counts alone.
    lowest_healpix_order, highest_healpix_order, constant_healpix_order
        Orders of partitions; a constant one makes all of that order.
    drop_empty_siblings
        Whether a pixel with rows in one quarter only is left for that quarter.
    sort_columns
        Further order of rows in one cell of the index.
    on_error
        Whether an input that cannot be read stops the import, or is left out and counted.
    create_thumbnail, skymap_order, skymap_alt_orders
        Of what is written beside the partitions. Without orders the sky map has about the finest pixels that hold four
        rows on the mean, and none larger than a partition; with alternative orders alone those of the highest order.
    addl_hats_properties
        Further properties.
    expected_total_rows
        Refuse to finish with another number of rows; 0 for any.
    margin_threshold, margin_order
        Make a margin too: beside the catalog, named after it and the threshold in arcseconds (``NAME_5arcs``).
    piece_bytes, memory_bytes
        Bytes of a piece of the input in memory; what all pieces may take before they go to files.
    """

    input_paths: Sequence[str | os.PathLike[str]]
    ra_column: str | None = None
    dec_column: str | None = None
    frame: str = "icrs"
    unit: str | None = None
    file_type: str | None = None
    columns: Sequence[str] | None = None
    column_names: Sequence[str] | None = None
    delimiter: str | None = None
    catalog_type: str = "object"
    pixel_threshold: int = 1_000_000
    byte_pixel_threshold: int | None = None
    lowest_healpix_order: int = 0
    highest_healpix_order: int = 10
    constant_healpix_order: int | None = None
    drop_empty_siblings: bool = True
    sort_columns: Sequence[str] = ()
    on_error: str = "stop"
    create_thumbnail: bool = False
    skymap_order: int | None = None
    skymap_alt_orders: Sequence[int] = ()
    addl_hats_properties: Mapping[str, object] = field(default_factory=dict)
    expected_total_rows: int = 0
    margin_threshold: float | None = None
    margin_order: int | None = None
    piece_bytes: int = 96 * MIB
    memory_bytes: int = 768 * MIB

    def _check(self) -> None:
        if isinstance(self.input_paths, str | os.PathLike) or not self.input_paths:
            raise UsageError("There is nothing to import: name files, folders or patterns as a list.")
        check_orders(
            self, HIGHEST_ORDER,
            "lowest_healpix_order", "highest_healpix_order", "constant_healpix_order", "skymap_order",
        )  # fmt: skip
        if self.lowest_healpix_order > self.highest_healpix_order:
            raise ParameterError("lowest_healpix_order", "is greater than highest_healpix_order")
        check_counts(self, "pixel_threshold", "byte_pixel_threshold")
        for name, known in (("on_error", ON_ERROR), ("frame", FRAMES), ("catalog_type", KINDS)):
            check_word(self, name, known)
        check_lists(self, "columns", "column_names", "sort_columns")
        check_properties(self.addl_hats_properties)
        for order in self.skymap_alt_orders:
            if not 0 <= order <= HIGHEST_ORDER:
                raise ParameterError("skymap_alt_orders", f"{order}: orders go from 0 to {HIGHEST_ORDER}")
        if (self.ra_column is None) != (self.dec_column is None):
            raise UsageError("Name both ra_column and dec_column, or none of them.")
        if self.ra_column is not None and self.ra_column == self.dec_column:
            raise ParameterError("dec_column", f"is {self.dec_column!r} as ra_column is: name another")
        if self.delimiter and len(self.delimiter) > 1:
            raise ParameterError("delimiter", f"{self.delimiter!r} is more than one character")
        if self.margin_order is not None and self.margin_threshold is None:
            raise UsageError("margin_order needs margin_threshold.")

    @property
    def orders(self) -> tuple[int, int]:
        """Lowest and highest order of partitions."""
        constant = self.constant_healpix_order
        return (self.lowest_healpix_order, self.highest_healpix_order) if constant is None else (constant, constant)
