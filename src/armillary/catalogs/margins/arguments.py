"""Arguments of a margin: held and checked, nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.catalogs.engine.arguments import NewCatalog, check_arcseconds, check_orders

if TYPE_CHECKING:
    import os


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginArguments(NewCatalog):
    """What a margin is made of; beside the fields of ``NewCatalog``.

    Parameters
    ----------
    input_catalog_path
        The catalog.
    margin_threshold
        Arcseconds.
    margin_order
        With it the margin is what lies in pixels of that order that touch a partition: faster, not exact.
    """

    input_catalog_path: str | os.PathLike[str]
    margin_threshold: float = 5.0
    margin_order: int | None = None

    def _check(self) -> None:
        check_arcseconds(self, "margin_threshold")
        check_orders(self, 29, "margin_order")
