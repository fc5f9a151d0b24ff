"""A HATS catalog as it is looked at: nothing of it is read but what a request needs."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.angles import Skipped, place
from armillary.catalogs.catalog import Catalog
from armillary.catalogs.formats.parquet_table import fields_of
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import open_catalog
from armillary.catalogs.kept import Kept
from armillary.catalogs.limits import check_columns
from armillary.catalogs.positions import find_name, find_positions
from armillary.catalogs.table import tidy
from armillary.catalogs.viewing.counts import SkyCounts, partition_counts
from armillary.catalogs.viewing.far_folders import FarFolder, WebFolder
from armillary.catalogs.viewing.listing import Listing, listing_of, no_listing
from armillary.catalogs.viewing.numbering import MOST_PARTITIONS, Numbering
from armillary.catalogs.viewing.partitions import GroupTable, Partition, PartitionFile, RowGroup, stamp_of
from armillary.catalogs.viewing.sky_maps import map_counts
from armillary.errors import CorruptFileError, FileError, NotFoundError, UnreadableFileError, UnsupportedFileError
from armillary.sky.cells import outlines
from armillary.sky.frames import to_angles

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.fields import Field
    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.storage.source import ByteSource

SHOWN_KINDS = ("object", "source")
MOST_COUNTED = 1000
"""So many partitions are counted by their footers where no map counts them."""
MOST_COUNTED_FAR = 16
"""Of those that are far."""


def open_shown(path: str | os.PathLike[str] | Folder) -> HatsCatalog:
    """Open a catalog that can be looked at: of objects or sources; of a collection its primary one.

    Raises
    ------
    UnsupportedFileError
        It is a margin, an index, a map.
    FileError
        What there is cannot be used.
    """
    hats = open_catalog(path)
    if hats.kind not in SHOWN_KINDS:
        raise UnsupportedFileError(hats.folder.name, f"is the {hats.kind} of a catalog: show the catalog itself.")
    if len(hats.partitions) > MOST_PARTITIONS:
        raise UnsupportedFileError(hats.folder.name, f"has more than {MOST_PARTITIONS:,} partitions.")
    return hats


class SkyCatalog:
    """A catalog of any size. Immutable but for what it keeps, safe to use from many threads.

    To whoever describes it, takes rows of it or writes them it is like a ``Catalog``; what lies in a view is found
    by ``viewing.points`` and ``viewing.rows``.

    Parameters
    ----------
    hats
        The catalog as it lies on disk.
    ra_column, dec_column, name_column
        Names of columns, where others are meant than the properties name.
    allows
        Whether a file may be read.

    Raises
    ------
    NoPositionsError
        The columns of positions are not there.
    FileError
        Its columns cannot be read.
    """

    skipped = Skipped()

    def __init__(
        self,
        hats: HatsCatalog,
        *,
        ra_column: str | None = None,
        dec_column: str | None = None,
        name_column: str | None = None,
        allows: Callable[[str], bool] = lambda _path: True,
    ) -> None:
        import pyarrow as pa

        self.hats, self.partitions, self.name = hats, hats.partitions, hats.folder.name
        self._allows = allows
        own = [entry for entry in hats.schema if entry.name not in names.HIVE_COLUMNS]
        own.sort(key=lambda entry: entry.name in {names.INDEX_COLUMN, names.HIPSCAT_INDEX})
        check_columns(self.name, own)
        self._schema = pa.schema(own, hats.schema.metadata)
        self.fields: tuple[Field, ...] = tuple(fields_of(self._schema))
        self._stored = {known.name: entry.name for known, entry in zip(self.fields, own, strict=True)}
        given = (ra_column, dec_column) if ra_column or dec_column else (hats.ra_column, hats.dec_column)
        self.positions = find_positions(self.name, self.fields, *given)
        self.name_field = find_name(self.fields, name_column, table=self.name)
        self.kept = Kept()
        # Of the older form the index is another one.
        self._index = None if hats.old else self._index_column()

    def _index_column(self) -> str | None:
        try:
            return self.hats.index_column
        except ValueError:
            raise CorruptFileError(names.PROPERTIES, "hats_col_healpix_order is no number.") from None

    @property
    def nbytes(self) -> int:
        """Bytes of memory, without what can be let go of."""
        return 4096 + 512 * len(self.fields) + 32 * len(self.partitions)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know."""
        bad = self.hats.properties.get("armillary_bad_positions", "")
        if not bad.isdecimal() or not int(bad):
            return ()
        return (f"{int(bad):,} rows without a place on the sky are set aside in {names.BAD_POSITIONS}.",)

    @cached_property
    def count(self) -> int:
        """Number of rows, as the properties say it, else as they are counted."""
        known = self.hats.rows
        return self.counts.total if known is None else known

    @property
    def counts(self) -> SkyCounts:
        """How many sources lie where; read when it is first wanted."""

        def make() -> tuple[SkyCounts, int]:
            found = map_counts(self.hats, self._allows)
            if found is None or (self.hats.rows and not found.total):
                found = partition_counts(self.partitions, self._rows_of_partitions())
            return found, found.nbytes

        made: SkyCounts = self.kept.value("counts", make)
        return made

    @property
    def _most_counted(self) -> int:
        return MOST_COUNTED if self.hats.folder.local else MOST_COUNTED_FAR

    def _rows_of_partitions(self) -> NDArray[np.float64]:
        """Rows of each partition: counted, of very many by the sizes of their files."""
        if len(self.partitions) <= self._most_counted:
            counted = self._counted()
            if counted is not None:
                return counted.astype(np.float64)
        if not self.hats.folder.local:
            return np.full(len(self.partitions), (self.hats.rows or 0) / max(1, len(self.partitions)))
        stamps = (stamp_of(self.hats.data.path(self.hats.file(pixel))) for pixel in self.partitions)
        sizes = np.array([0 if stamp is None else stamp[2] for stamp in stamps], np.float64)
        return sizes * ((self.hats.rows or 0) / max(1.0, float(sizes.sum())))

    def _counted(self) -> NDArray[np.int64] | None:
        try:
            rows = [self.partition_rows(place) for place in range(len(self.partitions))]
        except FileError:
            return None
        return np.array(rows, np.int64)

    @cached_property
    def numbering(self) -> Numbering:
        """Numbers of the rows."""
        counted = self.counts.of_partitions
        if counted is None or (self.hats.rows is not None and int(counted.sum()) != self.hats.rows):
            counted = self._counted() if len(self.partitions) <= self._most_counted else None
        return Numbering.sparse(len(self.partitions)) if counted is None else Numbering.of_counts(counted)

    @cached_property
    def center(self) -> tuple[float, float] | None:
        """Right ascension and declination of the mean of all directions, None where there is none."""
        level = self.counts.levels[-1]
        full = np.flatnonzero(level)
        total = np.zeros(3)
        for start in range(0, len(full), 1 << 16):
            cells = full[start : start + (1 << 16)].astype(np.int64)
            total += (outlines(self.counts.order, cells)[:, 0] * level[cells, None].astype(np.float64)).sum(axis=0)
        length = float(np.linalg.norm(total))
        if not length > 1e-6 * max(1.0, float(level.sum())):
            return None
        ra, dec = to_angles((total / length)[None])
        return float(ra[0]) % 360.0, float(dec[0])

    def field(self, name: str, parameter: str = "columns") -> Field:
        """The column of a name.

        Raises
        ------
        ParameterError
            There is none; ``parameter`` is the one that asked for it.
        """
        return Catalog.field(self, name, parameter)  # type: ignore[arg-type]

    def numeric_field(self, name: str, parameter: str) -> Field:
        """The numeric column of a name.

        Raises
        ------
        ParameterError
            There is none, or it holds something else than numbers.
        """
        return Catalog.numeric_field(self, name, parameter)  # type: ignore[arg-type]

    def partition(self, number: int) -> Partition:
        """A partition by its footers; kept.

        Raises
        ------
        CorruptFileError
            A file is not there, or damaged.
        """
        pixel = self.partitions[number]
        found = [self._file(self.hats.data.path(name)) for name in self._names(pixel)]
        if not found:
            raise CorruptFileError(self.hats.file(pixel).rstrip("/"), "is named by the catalog and is not there.")
        return Partition(found)

    def _names(self, pixel: Pixel) -> list[str]:
        """Files of a partition, as they are named in the folder of the data."""
        folder = self.hats.data
        if not (isinstance(folder, WebFolder) and self.hats.file(pixel).endswith("/")):
            return self.hats.files(pixel)
        try:
            source = self._far(folder, folder.path(names.METADATA))
        except UnreadableFileError:
            raise no_listing(self.hats.file(pixel).rstrip("/")) from None

        def make() -> tuple[Listing, int]:
            found = listing_of(source)
            return found, 4096 + 256 * sum(map(len, found.values()))

        made: Listing = self.kept.value(("listing", source.version), make)
        return sorted(made.get(pixel, ()))

    def partition_rows(self, number: int) -> int:
        """Rows of a partition."""
        return self.partition(number).rows

    def _file(self, path: str) -> PartitionFile:
        if not self._allows(path):
            raise UnreadableFileError(path.rpartition("/")[2], "lies outside the folders that are allowed.")

        source = self._source(path)

        def make() -> tuple[PartitionFile, int]:
            file = PartitionFile(path, self._schema, source)
            return file, file.nbytes

        stamp = stamp_of(path) if source is None else source.version
        made: PartitionFile = self.kept.value(("file", path, stamp), make)
        return made

    def _source(self, path: str) -> ByteSource | None:
        """Bytes of a file that is far; None of a local one."""
        folder = self.hats.folder
        return self._far(folder, path) if isinstance(folder, FarFolder) else None

    def _far(self, folder: FarFolder, path: str) -> ByteSource:
        made: ByteSource = self.kept.value(("source", path), lambda: (folder.at(path), 4096))
        return made

    def groups_within(self, number: int, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> list[RowGroup]:
        """Row groups of a partition that may hold some ascending ranges of the index."""
        first, stop = (int(edge[number]) for edge in (self.partitions.start, self.partitions.stop))
        low, high = np.searchsorted(stops, first, "right"), np.searchsorted(starts, stop, "left")
        starts, stops = starts[low:high], stops[low:high]
        whole = len(starts) and starts[0] <= first and stops[0] >= stop
        found = self.partition(number)
        counted = self.numbering.count(number)
        if counted is not None and counted != found.rows:
            raise CorruptFileError(found.files[0].name, f"has {found.rows:,} rows, and the catalog counts {counted:,}.")
        return found.groups_within(None if whole else self._index, starts, stops)

    def part(self, group: RowGroup) -> Catalog:
        """The rows of a row group as a catalog; kept."""

        def make() -> tuple[Catalog, int]:
            table = GroupTable(group, self.fields, self._stored)
            lon, lat = self.positions.lon.name, self.positions.lat.name
            name = self.name_field.name if self.name_field else None
            made = Catalog(table, ra_column=lon, dec_column=lat, name_column=name)
            return made, made.nbytes

        made: Catalog = self.kept.value(("part", group.file, group.number, group.skip), make)
        return made

    def has_row(self, row: int) -> bool:
        """Whether there may be a row of that number."""
        return self.numbering.holds(row)

    def places(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """ICRS degrees of some rows, NaN where a row has no place on the sky."""
        import pyarrow as pa

        pair = (self.positions.lon, self.positions.lat)
        taken = self.take(pair, rows)
        lon, lat = (pa.chunked_array([taken[field.name]]) for field in pair)
        ra, dec, _ = place(lon, lat, self.positions)
        return ra, dec

    def take(self, fields: Sequence[Field], rows: NDArray[np.int64]) -> dict[str, Any]:
        """Some rows of some columns, as ``pyarrow`` arrays by name.

        Raises
        ------
        NotFoundError
            There is no such row.
        """
        import pyarrow as pa

        wanted, back = np.unique(rows, return_inverse=True)
        stored = list(dict.fromkeys(self._stored[field.name] for field in fields))
        tables = [pa.schema([self._schema.field(name) for name in stored]).empty_table()]
        for number, own in self.numbering.split(wanted):
            found = self.partition(number)
            if not self.numbering.dense and len(own) and int(own[-1]) >= found.rows:
                raise NotFoundError("There is no such row.")
            tables += [group.file.rows(group.number, stored, part) for group, part in found.split(own)]
        table = pa.concat_tables(tables)
        places = pa.array(back)
        return {
            field.name: tidy(table.column(self._stored[field.name])).take(places).combine_chunks() for field in fields
        }
