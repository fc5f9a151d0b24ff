"""What arguments of more than one kind hold, and checks of their values."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats.writing import Writing
from armillary.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_ARCSEC = 180.0 * 3600.0
_OWN_PROPERTIES = re.compile(
    r"dataproduct_type|moc_sky_fraction|armillary_.*|"
    r"hats_(nrows|order|col_.*|npix_suffix|skymap_.*|max_.*|primary_table_url|margin_.*|index_.*|estsize|version)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCatalog:
    """Where a new catalog goes, and how it is written.

    Parameters
    ----------
    output_path, output_artifact_name
        It becomes the folder ``output_path/output_artifact_name``.
    overwrite
        Whether a catalog that is there is replaced.
    resume
        Whether work that an earlier run left is gone on with.
    tmp_dir
        Folder for what is half done; beside the output by default. All workers must reach it.
    input_storage_options, output_storage_options
        Of fsspec, for addresses.
    writing
        How partitions are written.
    """

    output_path: str | os.PathLike[str]
    output_artifact_name: str
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
        name, _ = self.output_artifact_name, os.fspath(self.output_path)
        if (
            not name.strip()
            or name.startswith(".")
            or any(letter in name for letter in "/\\:")
            or not name.isprintable()
        ):
            raise ParameterError("output_artifact_name", f"{name[:60]!r} is not a name for a folder")
        self._check()

    def _check(self) -> None:
        """Check what a kind of arguments has of its own."""


def check_counts(given: object, *names: str, least: int = 1) -> None:
    """Refuse numbers that are too small; None is none."""
    for name in names:
        value = getattr(given, name)
        if value is not None and value < least:
            raise ParameterError(name, f"is {value}: give {'a number greater than 0' if least else '0 or more'}")


def check_orders(given: object, highest: int, *names: str) -> None:
    """Refuse what is no order of pixels; None is none."""
    for name in names:
        value = getattr(given, name)
        if value is not None and not 0 <= value <= highest:
            raise ParameterError(name, f"is {value}: orders go from 0 to {highest}")


def check_arcseconds(given: object, name: str) -> None:
    """Refuse what is no distance on the sky."""
    value = getattr(given, name)
    if not math.isfinite(value) or not 0.0 < value <= LARGEST_ARCSEC:
        raise ParameterError(name, f"is {value}: give arcseconds greater than 0, at most {LARGEST_ARCSEC:.0f}")


def check_word(given: object, name: str, known: Sequence[str]) -> None:
    """Refuse a word that is none of those known."""
    if getattr(given, name) not in known:
        raise ParameterError(name, f"{getattr(given, name)!r} is none of {', '.join(known)}")


def check_lists(given: object, *names: str) -> None:
    """Refuse a text where names of columns are listed."""
    for name in names:
        if isinstance(getattr(given, name), str):
            raise ParameterError(name, "is a text: give a list of names")


def check_properties(given: Mapping[str, object]) -> None:
    """Refuse further properties that a catalog tells of itself."""
    own = sorted(filter(_OWN_PROPERTIES.fullmatch, given))
    if own:
        raise ParameterError("addl_hats_properties", f"{', '.join(own)}: the catalog says that of itself")
