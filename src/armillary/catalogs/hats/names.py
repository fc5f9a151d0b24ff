"""All names on disk of HATS catalogs and of hipscat, their older form, in one place."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from armillary.catalogs.hats.pixels import Pixel

if TYPE_CHECKING:
    from armillary.catalogs.hats.pixels import Partitions

PROPERTIES = "hats.properties"
OLD_PROPERTIES = "properties"
COLLECTION = "collection.properties"
PARTITION_INFO = "partition_info.csv"
DATASET = "dataset"
METADATA = "_metadata"
COMMON_METADATA = "_common_metadata"
SKYMAP = "skymap.fits"
OLD_SKYMAP = "point_map.fits"
THUMBNAIL = "data_thumbnail.parquet"
BAD_POSITIONS = "bad_positions.parquet"
"""Rows without a place on the sky, beside the dataset: no reader of HATS takes them for data."""

HIPSCAT_INFO = "catalog_info.json"
HIPSCAT_INDEX = "_hipscat_index"
INDEX_COLUMN = "_healpix_29"
INDEX_ORDER = 29
HIVE_COLUMNS = ("Norder", "Dir", "Npix")
MARGIN_HIVE_COLUMNS = ("margin_Norder", "margin_Dir", "margin_Npix")
PARQUET = ".parquet"
PIXELS_IN_FOLDER = 10_000

_PARTITION = re.compile(r"(?:^|/)Norder=(\d{1,2})/Dir=(\d+)/Npix=(\d+)(.*)$")


def folder_of(pixel: Pixel) -> str:
    """Folder of a partition below ``dataset``: ``Norder=k/Dir=d``."""
    return f"Norder={pixel.order}/Dir={pixel.index // PIXELS_IN_FOLDER * PIXELS_IN_FOLDER}"


def folders_of(partitions: Partitions) -> list[str]:
    """Folders of all partitions below ``dataset``."""
    pairs = np.stack([partitions.order, partitions.index // PIXELS_IN_FOLDER * PIXELS_IN_FOLDER], axis=1)
    return [folder_of(Pixel(*pair)) for pair in np.unique(pairs, axis=0).tolist()]


def file_of(pixel: Pixel, suffix: str = PARQUET) -> str:
    """File of a partition below ``dataset``; with the suffix ``/`` its folder."""
    return f"{folder_of(pixel)}/Npix={pixel.index}{suffix}"


def pixel_of(path: str) -> Pixel | None:
    """Pixel that a path of a partition names, None where it names none."""
    found = _PARTITION.search(unquote(path))
    if found is None:
        return None
    order, index = int(found[1]), int(found[3])
    return Pixel(order, index) if order <= INDEX_ORDER and index < 12 << (2 * order) else None


def skymap_of(order: int) -> str:
    """Further sky map of an order."""
    return f"skymap.{order}.fits"
