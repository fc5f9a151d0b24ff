"""``verify_catalog``: whether a catalog, a margin, an index or a collection is what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.collections import is_collection, read_collection
from armillary.catalogs.engine.arguments import check_counts
from armillary.catalogs.engine.ordered import in_order
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import OBJECTS, HatsCatalog, inner, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.verifying.indexes import check_index_files, check_index_rows
from armillary.catalogs.verifying.margins import check_margin, primary_of
from armillary.catalogs.verifying.report import Report
from armillary.catalogs.verifying.rows import check_rows
from armillary.catalogs.verifying.structure import (
    check_columns,
    check_files,
    check_metadata,
    check_skymap,
    check_words,
)
from armillary.errors import ArmillaryError, UnreadableFileError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from armillary.catalogs.hats.pixels import Partitions, Pixel


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyArguments:
    """What is verified, and how much of it.

    Parameters
    ----------
    input_catalog_path
        A catalog, margin, index or collection.
    full
        Whether all partitions are read; else some, spread over the sky. Files and words are looked at in any case.
    sample
        How many partitions are read where not all are.
    threads
        How many at once; 0 for one for each core.
    """

    input_catalog_path: str | os.PathLike[str]
    full: bool = False
    sample: int = 16
    threads: int = 0
    input_storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError
            One of them makes no sense.
        """
        check_counts(self, "sample")
        check_counts(self, "threads", least=0)


def verify_catalog(arguments: VerifyArguments, *, progress: Progress | None = None) -> Report:
    """Verify a catalog, and with a collection all that it names.

    Returns
    -------
    What was found; also where the catalog cannot be opened.

    Raises
    ------
    UnreadableFileError
        There is nothing there.
    """
    folder = Folder(arguments.input_catalog_path, arguments.input_storage_options)
    if not folder.exists():
        raise UnreadableFileError(folder.name, "is not there.")
    told = progress or Progress()
    if is_collection(folder):
        return _verify_collection(folder, arguments, told)
    return _Verification(folder, arguments, told).run()


def _verify_collection(folder: Folder, arguments: VerifyArguments, told: Progress) -> Report:
    report = Report(folder.name, "collection")
    try:
        collection = read_collection(folder)
    except ArmillaryError as error:
        report.add("collection", names.COLLECTION, _without_name(error))
        return report
    members = [("primary", collection.primary)]
    members += [("margin", address) for address in collection.margins]
    members += [("index", address) for address in collection.indexes.values()]
    for role, address in members:
        found = _Verification(inner(folder, address), arguments, told, inner(folder, collection.primary)).run()
        report.take(found)
        if found.kind and found.kind not in (OBJECTS if role == "primary" else {role}):
            report.add("collection", address, f"is a catalog of the kind {found.kind}, and is named as {role}")
    for column, address in collection.indexes.items():
        try:
            said = collection.open(address).properties.get("hats_index_column")
        except ArmillaryError:
            continue
        if said != column:
            report.add("collection", address, f"is an index of {said!r}, and is named as one of {column!r}")
    return report


class _Verification:
    """The verification of one catalog."""

    def __init__(
        self, folder: Folder, arguments: VerifyArguments, told: Progress, primary: Folder | None = None
    ) -> None:
        self._folder, self._arguments, self._told, self._collected = folder, arguments, told, primary
        self._report = Report(folder.name)

    def run(self) -> Report:
        """Do it."""
        report = self._report
        try:
            catalog = open_catalog(self._folder)
            report.name, report.kind = catalog.name, catalog.kind
            check_words(catalog, report)
            if catalog.kind == "index":
                self._verify_index(catalog)
            else:
                self._verify_partitions(catalog)
        except ArmillaryError as error:
            report.add("catalog", getattr(error, "name", self._folder.name), _without_name(error))
        return report

    def _verify_partitions(self, catalog: HatsCatalog) -> None:
        report = self._report
        report.partitions = len(catalog.partitions)
        check_files(catalog, report)
        if not catalog.data.exists(names.COMMON_METADATA) and not len(catalog.partitions):
            return
        check_columns(catalog, report)
        if any(fault.check == "columns" and fault.serious for fault in report.faults):
            return
        counted = check_metadata(catalog, report)
        check_skymap(catalog, report)
        report.rows = sum(counted.values()) or catalog.rows or 0
        chosen = self._chosen(catalog.partitions)
        with self._told.stage("rows", sum(counted.get(pixel, 0) for pixel in chosen)) as tell:

            def look(pixel: Pixel) -> Any:
                return check_rows(catalog, pixel, counted.get(pixel) if counted else None)

            for found in in_order(look, chosen, self._arguments.threads):
                report.faults += found.report.faults
                report.rows_read += found.rows
                report.partitions_read += 1
                tell(found.rows)
        if not counted and self._arguments.full and catalog.rows not in {None, report.rows_read}:
            report.add("rows", "hats_nrows", f"is {catalog.rows:,}, and there are {report.rows_read:,}")
        if catalog.kind == "margin":
            self._verify_margin(catalog)

    def _chosen(self, partitions: Partitions) -> list[Pixel]:
        """Partitions that are read: all, or some spread evenly, the first and the last among them."""
        total, many = len(partitions), self._arguments.sample
        if self._arguments.full or total <= many:
            return list(partitions)
        places = {round(number * (total - 1) / max(1, many - 1)) for number in range(many)}
        return [partitions[place] for place in sorted(places)]

    def _verify_margin(self, margin: HatsCatalog) -> None:
        report = self._report
        primary = self._primary(margin)
        if primary is None:
            return
        for pixel in margin.partitions:
            if pixel not in primary.partitions:
                report.add("margin", margin.file(pixel), f"{pixel} is no partition of {primary.name}")
        if margin.margin_threshold_arcsec is None:
            return
        chosen = self._chosen(primary.partitions)
        with self._told.stage("margins", len(chosen), "partitions") as tell:
            for found in in_order(lambda pixel: check_margin(margin, primary, pixel), chosen, self._arguments.threads):
                report.faults += found.faults
                tell(1)

    def _primary(self, catalog: HatsCatalog) -> HatsCatalog | None:
        """The catalog of a margin or an index: that of the collection, with which it is used; else the one it names."""
        named, text = primary_of(catalog), "names no catalog that can be opened"
        if named is None:
            self._report.add(catalog.kind, "hats_primary_table_url", text, serious=self._collected is None)
        try:
            return named if self._collected is None else open_catalog(self._collected)
        except ArmillaryError:
            return named

    def _verify_index(self, index: HatsCatalog) -> None:
        report = self._report
        check_index_files(index, report)
        primary = self._primary(index)
        if primary is not None and report.good:
            chosen = self._chosen(primary.partitions)
            report.partitions, report.partitions_read = len(primary.partitions), len(chosen)
            check_index_rows(index, primary, chosen, report)


def _without_name(error: ArmillaryError) -> str:
    text = error.message
    name = getattr(error, "name", "")
    return text.removeprefix(f"{name}: ")
