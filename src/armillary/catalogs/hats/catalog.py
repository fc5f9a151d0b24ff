"""A catalog on disk: HATS, or hipscat, its older form. Opening reads its properties and partitions, no rows."""

from __future__ import annotations

import functools
import json
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.arrays import numpy_of
from armillary.catalogs.hats import names
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.pixels import Partitions, Pixel
from armillary.catalogs.hats.properties import read_properties
from armillary.errors import CorruptFileError, UnreadableFileError, UnsupportedFileError

if TYPE_CHECKING:
    import os
    from collections.abc import Container, Mapping

    from numpy.typing import NDArray

KINDS = ("object", "source", "margin", "index", "association", "map")
OBJECTS = frozenset({"object", "source"})
"""Kinds with a row for each thing on the sky."""
# Words of hipscat's catalog_info.json and provenance that mean the same.
_OLD_WORDS = {
    "catalog_name": "obs_collection",
    "catalog_type": "dataproduct_type",
    "total_rows": "hats_nrows",
    "ra_column": "hats_col_ra",
    "dec_column": "hats_col_dec",
    "primary_catalog": "hats_primary_table_url",
    "margin_threshold": "hats_margin_threshold",
    "indexing_column": "hats_index_column",
}


@dataclass(frozen=True, slots=True)
class HatsCatalog:
    """A catalog as it lies on disk. May be pickled.

    Parameters
    ----------
    folder
        Where.
    properties
        Of ``hats.properties``; those of hipscat under the names of HATS.
    partitions
        Its pixels; none of an index, which has no place on the sky.
    old
        Whether it is in the older form, hipscat.
    """

    folder: Folder
    properties: Mapping[str, str]
    partitions: Partitions
    old: bool = False
    _cache: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def name(self) -> str:
        """Name of the catalog."""
        return self.properties.get("obs_collection") or self.folder.name

    @property
    def kind(self) -> str:
        """One of ``KINDS``."""
        return self.properties.get("dataproduct_type", "object")

    def of_kind(self, why: str, kinds: Container[str] = OBJECTS) -> HatsCatalog:
        """Itself, where it is of one of some kinds, and has the columns of positions that it names.

        Raises
        ------
        UnsupportedFileError, CorruptFileError
            It is not, or has not.
        """
        if self.kind not in kinds:
            raise UnsupportedFileError(self.name, f"is a catalog of the kind {self.kind}: {why}.")
        for column in (self.ra_column, self.dec_column):
            if column not in self.schema.names:
                raise CorruptFileError(self.name, f"names {column[:60]!r} as a column of positions, and has none.")
        return self

    @property
    def ra_column(self) -> str:
        """Column of right ascensions, ICRS degrees."""
        return self.properties.get("hats_col_ra", "ra")

    @property
    def dec_column(self) -> str:
        """Column of declinations, ICRS degrees."""
        return self.properties.get("hats_col_dec", "dec")

    @property
    def index_column(self) -> str | None:
        """Column of the index of order 29, None where there is none."""
        if self.old:
            return names.HIPSCAT_INDEX
        column = self.properties.get("hats_col_healpix") or names.INDEX_COLUMN
        if int(self.properties.get("hats_col_healpix_order") or 29) != names.INDEX_ORDER:
            return None
        return column if column in self.schema.names else None

    @property
    def rows(self) -> int | None:
        """Number of rows as the properties say it."""
        text = self.properties.get("hats_nrows", "")
        return int(text) if text.isdecimal() else None

    @property
    def margin_threshold_arcsec(self) -> float | None:
        """Threshold of a margin, None for other catalogs."""
        try:
            value = float(self.properties["hats_margin_threshold"])
        except (KeyError, ValueError):
            return None
        return value if math.isfinite(value) else None

    @property
    def data(self) -> Folder:
        """Folder of the partitions."""
        return self.folder if self.old else self.folder.child(names.DATASET)

    def file(self, pixel: Pixel) -> str:
        """File of a partition, a name in ``data``; of several files the folder with a slash at its end."""
        return names.file_of(pixel, self.properties.get("hats_npix_suffix", names.PARQUET))

    def files(self, pixel: Pixel) -> list[str]:
        """All files of a partition, names in ``data``."""
        name = self.file(pixel)
        if not name.endswith("/"):
            return [name]
        inner = self.data.child(name.rstrip("/"))
        return [f"{name}{file}" for file in inner.files() if not file.rpartition("/")[2].startswith(("_", "."))]

    @property
    def schema(self) -> Any:
        """Columns, as a ``pyarrow.Schema``, without those that only name the partition."""
        if "schema" not in self._cache:
            self._cache["schema"] = _schema(self)
        return self._cache["schema"]


def _schema(catalog: HatsCatalog) -> Any:
    import pyarrow.parquet as pq

    name = names.COMMON_METADATA
    if not catalog.data.exists(name):
        if not len(catalog.partitions):
            raise UnreadableFileError(
                catalog.name, "has no _common_metadata and no partition: its columns are unknown."
            )
        name = catalog.files(catalog.partitions[0])[0]
    try:
        return pq.read_schema(catalog.data.arrow(name))
    except (OSError, ValueError) as error:
        raise CorruptFileError(name.rpartition("/")[2], "is not a Parquet file that can be read.") from error


def open_catalog(
    path: str | os.PathLike[str] | Folder, storage_options: Mapping[str, Any] | None = None
) -> HatsCatalog:
    """Open a catalog; of a collection its primary one.

    Raises
    ------
    UnreadableFileError
        There is no catalog there.
    CorruptFileError, UnsupportedFileError
        What there is cannot be used.
    """
    folder = path if isinstance(path, Folder) else Folder(path, storage_options)
    if folder.exists(names.COLLECTION):
        words = read_properties(names.COLLECTION, folder.read(names.COLLECTION))
        primary = words.get("hats_primary_table_url")
        if not primary:
            raise CorruptFileError(names.COLLECTION, "names no primary catalog (hats_primary_table_url).")
        return open_catalog(inner(folder, primary))
    for name in (names.PROPERTIES, names.OLD_PROPERTIES):
        if folder.exists(name):
            return _opened(folder, read_properties(name, folder.read(name)))
    if folder.exists(names.HIPSCAT_INFO):
        return _opened_old(folder)
    raise UnreadableFileError(
        folder.name, f"is no catalog: it has neither {names.PROPERTIES} nor {names.HIPSCAT_INFO}."
    )


def inner(folder: Folder, address: str) -> Folder:
    """A folder that a collection or a margin names: relative to it, or as it is."""
    whole = "://" in address or address.startswith("/")
    return folder.elsewhere(address) if whole else folder.child(address)


def _opened(folder: Folder, words: dict[str, str]) -> HatsCatalog:
    kind = words.get("dataproduct_type", "object")
    if kind not in KINDS:
        raise UnsupportedFileError(folder.name, f"is a catalog of the unknown kind {kind[:40]!r}.")
    partitions = Partitions([]) if kind == "index" else _partitions(folder, folder.child(names.DATASET))
    return HatsCatalog(folder, words, partitions)


def _opened_old(folder: Folder) -> HatsCatalog:
    try:
        given = json.loads(folder.read(names.HIPSCAT_INFO, 1 << 20))
        items = {str(key): value for key, value in given.items() if isinstance(value, str | int | float)}
    except (ValueError, AttributeError):
        raise CorruptFileError(names.HIPSCAT_INFO, "is no JSON object.") from None
    words = {_OLD_WORDS.get(key, key): str(value) for key, value in items.items()}
    kind = words.get("dataproduct_type", "object")
    if kind not in KINDS:
        raise UnsupportedFileError(folder.name, f"is a catalog of the unknown kind {kind[:40]!r}.")
    partitions = Partitions([]) if kind == "index" else _partitions(folder, folder)
    return HatsCatalog(folder, words, partitions, old=True)


def _partitions(folder: Folder, data: Folder) -> Partitions:
    if folder.exists(names.PARTITION_INFO):
        return Partitions(_read_partition_info(folder.read(names.PARTITION_INFO)))
    found = {pixel for name in data.files() if (pixel := names.pixel_of(name)) is not None}
    return Partitions(sorted(found))


def _read_partition_info(data: bytes) -> NDArray[np.int64]:
    """Order and index of each pixel, int64 of shape (pixels, 2); there may be a million."""
    import pyarrow as pa
    from pyarrow import csv

    columns = ["Norder", "Npix"]
    try:
        table = csv.read_csv(
            pa.BufferReader(data),
            csv.ReadOptions(use_threads=False),
            convert_options=csv.ConvertOptions(
                include_columns=columns, column_types=dict.fromkeys(columns, pa.int64())
            ),
        )
        orders, indices = (numpy_of(table[name]) for name in columns)
        pixels = np.stack([orders, indices], axis=1).astype(np.int64, casting="safe")
        if not ((orders >= 0) & (orders <= names.INDEX_ORDER) & (indices >= 0)).all():
            raise ValueError("no pixel")  # noqa: TRY301 - one message for all that is wrong with it
        if not (indices < np.int64(12) << (2 * orders)).all():
            raise ValueError("no pixel")  # noqa: TRY301 - as above
    except (ValueError, KeyError, TypeError):
        raise CorruptFileError(names.PARTITION_INFO, "does not list pixels as Norder, Npix.") from None
    return np.unique(pixels, axis=0)


@functools.lru_cache(maxsize=8)
def partition_info(pixels: tuple[Pixel, ...]) -> bytes:
    """The file ``partition_info.csv``."""
    lines = [f"{pixel.order},{pixel.index}" for pixel in pixels]
    return ("\n".join(["Norder,Npix", *lines]) + "\n").encode()
