"""``search_catalog``: the rows of a catalog in a part of the sky, and how many they are."""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.engine.ordered import in_order
from armillary.catalogs.engine.output import plan_of
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import running
from armillary.catalogs.exporting.results import table_of, write_result
from armillary.catalogs.fields import Field, dtype_word
from armillary.catalogs.filters import parse, passes
from armillary.catalogs.hats.catalog import OBJECTS, HatsCatalog, open_catalog
from armillary.catalogs.hats.reading import Ranges, read_columns
from armillary.catalogs.hats.weights import Weights, weights_of
from armillary.catalogs.searching.places import Place
from armillary.errors import ParameterError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from armillary.catalogs.engine.tasks import Engine, Stages
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.searching.arguments import SearchArguments
    from armillary.catalogs.searching.moc import Moc
    from armillary.sky.regions import Region


class Search:
    """A search in an open catalog. May be pickled.

    Parameters
    ----------
    catalog
        Of objects, sources, a margin: anything with partitions.
    shape
        Part of the sky, None for all of it.
    columns
        Of the result, None for all.
    filters
        As ``filters.parse`` reads them.

    Attributes
    ----------
    schema
        Of the result.
    pixels
        Partitions that have to be read.

    Raises
    ------
    ParameterError
        A column is not there.
    UnsupportedFileError
        The catalog has no place on the sky.
    """

    name = "search"

    def __init__(
        self,
        catalog: HatsCatalog,
        shape: Region | Moc | None = None,
        columns: Sequence[str] | None = None,
        filters: str = "",
    ) -> None:
        import pyarrow as pa

        from armillary.catalogs.hats import names

        if catalog.kind == "index":
            raise UnsupportedFileError(catalog.name, "is an index: it has no place on the sky, search its catalog.")
        catalog.of_kind("it is not searched", OBJECTS | {"margin"})
        self._catalog = catalog
        self._comparisons = parse(filters)
        own = {entry.name: entry for entry in catalog.schema if entry.name not in names.HIVE_COLUMNS}
        wanted = list(own) if columns is None else list(dict.fromkeys(columns))
        for parameter, asked in (("columns", wanted), ("filters", [entry.name for entry in self._comparisons])):
            for name in asked:
                if name not in own:
                    raise ParameterError(parameter, f"{catalog.name} has no column {name[:60]!r}")
        self.schema = pa.schema([own[name] for name in wanted])
        single = any(str(own[name].type) == "float" for name in self._where if name in own)
        self._place = Place.of(shape, single=single)
        parts = catalog.partitions
        self._places = parts.within(self._place.starts, self._place.stops).tolist()
        self.pixels = [parts[place] for place in self._places]

    @property
    def _where(self) -> tuple[str, str]:
        return self._catalog.ra_column, self._catalog.dec_column

    @property
    def positions(self) -> tuple[str, str] | None:
        """Columns of the positions, where the result has both."""
        return self._where if set(self._where) <= set(self.schema.names) else None

    def prepare(self, folder: Folder, stages: Stages) -> None:
        """Nothing has to be done before."""

    def table(self, pixel: Pixel) -> Any:
        """The rows of a partition."""
        return self._rows(pixel, self.schema.names)

    def weights(self, *, told: bool) -> Weights:
        """Of the partitions that are looked into."""
        weights = weights_of(self._catalog, told=told)
        return Weights([weights.each[place] for place in self._places], weights.unit)

    def plan(self) -> dict[str, Any]:
        """What the rows depend on."""
        place = self._place
        ranges = hashlib.blake2b(place.starts.tobytes() + place.stops.tobytes(), digest_size=16).hexdigest()
        return plan_of(
            "search",
            self._catalog,
            ranges=ranges,
            region=getattr(place.shape, "words", ""),
            columns=self.schema.names,
            filters=repr(self._comparisons),
        )

    @property
    def rows_read(self) -> float:
        """About how many rows of the catalog lie in the partitions that are read."""
        return (self._catalog.rows or 0) * len(self.pixels) / max(1, len(self._catalog.partitions))

    def tables(self, threads: int = 0) -> Iterator[Any]:
        """The rows, a ``pyarrow.Table`` for each partition, in the order of the sky."""
        yield from in_order(self.table, self.pixels, threads)

    def count(self, threads: int = 0) -> int:
        """How many rows there are: only the columns that decide are read."""
        if self._place.shape is None and not self._comparisons and self._catalog.rows is not None:
            return self._catalog.rows
        return sum(len(table) for table in in_order(functools.partial(self._rows, names=[]), self.pixels, threads))

    def _rows(self, pixel: Pixel, names: Sequence[str]) -> Any:
        """Those of a partition."""
        needed = [entry.name for entry in self._comparisons]
        needed += self._where if self._place.shape is not None else ()
        table = read_columns(self._catalog, pixel, [*names, *needed] or [self._where[0]], self._ranges(pixel))
        keep = passes(_Columns(table), self._comparisons)
        if self._place.shape is not None:
            inside = self._inside(table)
            keep = inside if keep is None else np.asarray(keep.to_numpy(zero_copy_only=False), np.bool_) & inside
        if keep is not None:
            import pyarrow as pa

            table = table.filter(pa.array(keep) if isinstance(keep, np.ndarray) else keep)
        return table.select(list(names)).cast(self.schema) if names else table

    def _inside(self, table: Any) -> Any:
        ra, dec = (numbers_of(table, name) for name in self._where)
        return self._place.holds(ra, dec)

    def _ranges(self, pixel: Pixel) -> Ranges | None:
        """Which ranges of the index are read; None for all of a partition, or where the index is of the older form."""
        index = None if self._catalog.old else self._catalog.index_column
        if index is None or self._place.shape is None:
            return None
        starts, stops = self._place.starts, self._place.stops
        first, last = np.searchsorted(stops, pixel.start, "right"), np.searchsorted(starts, pixel.stop, "left")
        starts, stops = starts[first:last], stops[first:last]
        if len(starts) and starts[0] <= pixel.start and stops[0] >= pixel.stop:
            return None
        return Ranges(index, starts, stops)


class _Columns:
    """A table as filters ask it."""

    def __init__(self, table: Any) -> None:
        self._table = table

    def field(self, name: str, parameter: str) -> Field:
        """A column."""
        del parameter
        return Field(name, dtype_word(self._table.schema.field(name).type))

    def column(self, field: Field) -> Any:
        """Its values."""
        return self._table.column(field.name)


def numbers_of(table: Any, name: str) -> Any:
    """A column as float64, NaN where a value is missing."""
    import pyarrow as pa

    column = table.column(name)
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    try:
        return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
    except pa.ArrowException:
        raise UnsupportedFileError(name, "this column holds no numbers, and positions are looked for in it.") from None


def search_catalog(
    arguments: SearchArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> Any:
    """Search a catalog.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    A ``pyarrow.Table`` of the rows, in the order of the sky; with an output file how many were written.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; there is a file already.
    FileError
        The catalog cannot be read.
    """
    search, told = open_search(arguments), progress or Progress()
    limit = arguments.limit
    with running(engine, arguments.threads) as runner:
        if arguments.output is None:
            return table_of(search, search.pixels, engine=runner, told=told, limit=limit)
        rows = search.rows_read
        return write_result(
            search, search.pixels, arguments, search.plan(), rows, engine=runner, told=told, limit=limit
        )


def count_rows(arguments: SearchArguments) -> int:
    """How many rows a search finds, without its limit.

    Raises
    ------
    FileError
        The catalog cannot be read.
    """
    return open_search(arguments).count(arguments.threads)


def open_search(arguments: SearchArguments) -> Search:
    """A search of some arguments, for whoever takes its rows as they come."""
    catalog = open_catalog(arguments.input_catalog_path, arguments.input_storage_options)
    return Search(catalog, arguments.shape(), arguments.columns, arguments.filters)
