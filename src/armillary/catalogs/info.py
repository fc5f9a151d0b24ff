"""``catalog_info``: what a catalog or a collection is, from its words and metadata alone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from armillary.catalogs.collections import is_collection, read_collection
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping


def catalog_info(path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a catalog is, as JSON.

    Returns
    -------
    ``name``, ``kind``, ``form`` (HATS or hipscat), ``rows``, ``partitions``, ``orders`` (how many partitions of each),
    ``sky_fraction``, ``positions``, ``columns`` (names and types), ``properties``; of a margin
    ``margin_threshold_arcsec``; of a collection what it names, and ``primary`` as a catalog of its own.

    Raises
    ------
    FileError
        There is no catalog, or it cannot be opened.
    """
    folder = Folder(path, storage_options)
    if is_collection(folder):
        return _of_collection(folder)
    return _of_catalog(open_catalog(folder))


def _of_collection(folder: Folder) -> dict[str, Any]:
    collection = read_collection(folder)
    margins = []
    for address in collection.margins:
        try:
            threshold = collection.open(address).margin_threshold_arcsec
        except ArmillaryError:
            threshold = None
        margins.append({"address": address, "margin_threshold_arcsec": threshold})
    return {
        "name": collection.name,
        "kind": "collection",
        "primary": {"address": collection.primary, **_of_catalog(collection.open(collection.primary))},
        "margins": margins,
        "indexes": dict(collection.indexes),
        "properties": dict(collection.properties),
    }


def _of_catalog(catalog: HatsCatalog) -> dict[str, Any]:
    orders = Counter(catalog.partitions.order.tolist())
    made: dict[str, Any] = {
        "name": catalog.name,
        "kind": catalog.kind,
        "form": "hipscat" if catalog.old else "HATS",
        "rows": catalog.rows,
        "partitions": len(catalog.partitions),
        "orders": {str(order): orders[order] for order in sorted(orders)},
        "sky_fraction": round(catalog.partitions.fraction, 9),
        "columns": [{"name": entry.name, "type": str(entry.type)} for entry in catalog.schema],
        "properties": dict(catalog.properties),
    }
    if catalog.kind != "index":
        made["positions"] = [catalog.ra_column, catalog.dec_column]
    if catalog.kind == "margin":
        made["margin_threshold_arcsec"] = catalog.margin_threshold_arcsec
    return made
