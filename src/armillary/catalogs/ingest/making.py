"""The tasks of an import: a piece is read and sorted; a partition is put together from all pieces and written."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.pixels import Pixel
from armillary.catalogs.hats.writing import check_names, with_index, write_partition
from armillary.catalogs.ingest.alignment import COARSE_ORDER, Counts, map_order
from armillary.catalogs.ingest.parts import TEXTS, Reading, tables_of
from armillary.catalogs.ingest.pieces import (
    SortedPiece,
    StoredPiece,
    keep_counts,
    keep_piece,
    kept_counts,
    merged,
    sort_piece,
)
from armillary.catalogs.ingest.places import places_of
from armillary.catalogs.ingest.schemas import wide_columns
from armillary.catalogs.ingest.sizes import sizes_of
from armillary.errors import FileError, UnsupportedFileError, UsageError
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.ingest.inputs import Part, Piece
    from armillary.catalogs.ingest.places import Places


DENSE_ORDER = 10
"""Up to it all pixels are counted, in 50 MB at first; beyond it those with rows."""

Share = tuple[str, int, int]
"""Key of a piece, the first of its rows in the order of the sky, and the row after the last."""


@dataclass(slots=True)
class Workshop:
    """What the tasks of an import share. May be pickled; pieces in memory are not.

    Parameters
    ----------
    order
        Order of the pixels in which rows are counted.
    places
        Columns of positions.
    pieces, data
        Folders of the pieces, and of the partitions.
    schema
        Columns of the catalog, once they are known.
    as_text
        Columns of text tables that stay text.
    in_memory
        Whether pieces are kept in memory, as far as they fit; else they go to files.
    """

    arguments: ImportArguments
    order: int
    places: Places
    pieces: Folder
    data: Folder
    schema: Any = None
    as_text: frozenset[str] = frozenset()
    in_memory: bool = False
    held: dict[str, SortedPiece] = field(default_factory=dict)
    _held_bytes: int = 0
    _lock: Any = field(default_factory=Lock)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is in memory."""
        kept = ("arguments", "order", "places", "pieces", "data", "schema", "as_text")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with nothing in memory."""
        for name, value in state.items():
            setattr(self, name, value)
        self.in_memory, self.held, self._held_bytes, self._lock = False, {}, 0, Lock()

    @property
    def shift(self) -> int:
        """From an index of order 29 to the pixels in which rows are counted."""
        return 2 * (MAX_ORDER - self.order)

    def keep(self, key: str, piece: SortedPiece) -> None:
        """Keep a piece, in memory while there is room, else in files."""
        with self._lock:
            old = self.held.pop(key, None)
            self._held_bytes -= 0 if old is None else old.nbytes
            room = self.in_memory and self._held_bytes + piece.nbytes <= self.arguments.memory_bytes
            if room:
                self.held[key] = piece
                self._held_bytes += piece.nbytes
        if not room:
            keep_piece(self.pieces, key, piece, self.shift)
            if self.arguments.byte_pixel_threshold is not None:
                keep_counts(self.pieces, f"{key}.bytes", sizes_of(piece, self.shift))

    def piece(self, key: str) -> SortedPiece | StoredPiece:
        """A piece that was kept."""
        return self.held.get(key) or StoredPiece(self.pieces, key)

    def holds(self, keys: list[str]) -> bool:
        """Whether pieces are in memory, all of them."""
        return all(key in self.held for key in keys)

    def counts(self, key: str) -> Counts:
        """How many rows of a piece lie in each pixel."""
        held = self.held.get(key)
        return kept_counts(self.pieces, f"{key}.counts") if held is None else Counts.of(held.cells, self.shift)

    def sizes(self, key: str) -> Counts:
        """How many bytes of a piece lie in each pixel."""
        held = self.held.get(key)
        return kept_counts(self.pieces, f"{key}.bytes") if held is None else sizes_of(held, self.shift)


@dataclass(slots=True)
class _Gathered:
    """Tables with the same columns on their way to become one."""

    parts: list[Part] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    ra_deg: list[NDArray[np.float64]] = field(default_factory=list)
    dec_deg: list[NDArray[np.float64]] = field(default_factory=list)
    nbytes: int = 0

    def takes(self, table: Any, most: int) -> bool:
        """Whether a further table fits."""
        return self.nbytes + table.nbytes <= most and bool(
            self.tables[0].schema.equals(table.schema, check_metadata=True)
        )

    def add(self, part: Part, table: Any, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> _Gathered:
        """Take a further table."""
        self.parts.append(part)
        self.tables.append(table)
        self.ra_deg.append(ra_deg)
        self.dec_deg.append(dec_deg)
        self.nbytes += table.nbytes
        return self


def read_piece(shop: Workshop, piece: Piece) -> dict[str, Any]:
    """Read and sort a piece; keep it, and its rows without a place.

    Returns
    -------
    ``made``: of each table that was made of it ``key``, ``rows``, ``bad`` (how many have no place),
    ``schema`` (serialised, hexadecimal), ``text`` (whether its types were found out), ``wide`` (columns of large
    integers), ``files`` (their names by their paths); ``skipped``: path and name of files that were left out, and why;
    ``notes``: names of files, and what of them was left out.
    """
    reading = Reading(shop.arguments, shop.as_text)
    made: list[dict[str, Any]] = []
    skipped: list[list[str]] = []
    for gathered in _gathered(shop, piece, reading, skipped):
        _let_go(shop)
        made.append(_made(shop, f"{piece.number}-{len(made)}", gathered))
        _let_go(shop)
    return {"made": made, "skipped": skipped, "notes": [list(note) for note in reading.notes]}


def _let_go(shop: Workshop) -> None:
    """Give back what pyarrow keeps for its next table: twice as much as a piece takes. In vain where pieces stay."""
    import pyarrow as pa

    if not shop.in_memory:
        pa.default_memory_pool().release_unused()


def _gathered(shop: Workshop, piece: Piece, reading: Reading, skipped: list[list[str]]) -> Iterator[_Gathered]:
    """Tables of a piece: those of small files with the same columns put together, the others one by one."""
    held: _Gathered | None = None
    for part in piece.parts:
        try:
            tables = _positioned(shop, part, reading)
            first = list(islice(tables, 2))
            if len(first) == 1 and held is not None and held.takes(first[0][0], 2 * reading.piece_bytes):
                held.add(part, *first[0])
                continue
            if held is not None:
                yield held
                held = None
            if len(first) == 1:
                held = _Gathered().add(part, *first[0])
            else:
                yield from (_Gathered().add(part, *found) for found in chain(first, tables))
        except FileError as error:
            if shop.arguments.on_error == "stop":
                raise
            skipped.append([part.file.folder.path(part.file.name), part.file.name, error.message])
    if held is not None:
        yield held


def _positioned(
    shop: Workshop, part: Part, reading: Reading
) -> Iterator[tuple[Any, NDArray[np.float64], NDArray[np.float64]]]:
    for table in tables_of(part, reading):
        try:
            check_names(table.schema.names)
            made = places_of(table, shop.arguments, shop.places, part.file.name)
            if shop.places.computed:
                check_names(made[0].schema.names)
        except UsageError as error:
            raise UnsupportedFileError(part.file.name, error.message) from error
        yield made


def _made(shop: Workshop, key: str, gathered: _Gathered) -> dict[str, Any]:
    import pyarrow as pa

    table = pa.concat_tables(gathered.tables)
    ra, dec = (np.concatenate(values) for values in (gathered.ra_deg, gathered.dec_deg))
    made, bad = sort_piece(table, ra, dec)
    if len(bad):
        _write_table(shop.pieces, f"bad-{key}.arrow", bad)
    shop.keep(key, made)
    return {
        "key": key,
        "rows": len(made.cells),
        "bad": len(bad),
        "bytes": int(table.nbytes),
        "schema": table.schema.serialize().to_pybytes().hex(),
        "text": all(part.kind in TEXTS for part in gathered.parts),
        "wide": wide_columns(table),
        "files": {part.file.folder.path(part.file.name): part.file.name for part in gathered.parts},
    }


def _write_table(folder: Folder, name: str, table: Any) -> None:
    import pyarrow as pa

    whole = table.combine_chunks()
    with folder.writing(name) as file, pa.ipc.new_file(file, whole.schema) as writer:
        writer.write_table(whole)


def write_pixels(shop: Workshop, argument: tuple[list[tuple[int, int]], list[Share]]) -> list[dict[str, Any]]:
    """Put neighbouring partitions together from pieces and write them.

    Parameters
    ----------
    argument
        Order and index of their pixels, ascending, and what of the pieces lies in them.

    Returns
    -------
    ``rows``, ``size``, ``metadata`` (hexadecimal) of each.
    """
    pixels, shares = argument
    table, cells = merged((shop.piece(key).part(low, high) for key, low, high in shares), shop.schema)
    written = []
    for pixel in (Pixel(*pixel) for pixel in pixels):
        low, high = np.searchsorted(cells, [pixel.start, pixel.stop])
        written.append(_write_pixel(shop, pixel, table.slice(low, high - low), cells[low:high]))
    return written


def _write_pixel(shop: Workshop, pixel: Pixel, table: Any, cells: NDArray[np.int64]) -> dict[str, Any]:
    table = with_index(table, cells)
    if shop.arguments.sort_columns:
        table = sorted_within_cells(table, shop.arguments.sort_columns)
    metadata = write_partition(shop.data, pixel, table, shop.arguments.writing)
    return {"rows": len(table), "size": shop.data.size(names.file_of(pixel)), "metadata": metadata.hex()}


def sorted_within_cells(table: Any, columns: Any) -> Any:
    """Rows by their cell, then by further columns; dictionaries by their values."""
    import pyarrow as pa
    from pyarrow import compute

    wanted = list(dict.fromkeys([names.INDEX_COLUMN, *columns]))
    by = table.select(wanted)
    for place, kind in enumerate(by.schema.types):
        if pa.types.is_dictionary(kind):
            by = by.set_column(place, wanted[place], by.column(place).cast(kind.value_type))
    order = compute.sort_indices(by, sort_keys=[(name, "ascending") for name in wanted])
    return table.take(order).combine_chunks()


def total_rows(shop: Workshop, keys: list[str]) -> tuple[Counts, int, int]:
    """How many rows of all pieces lie in each pixel, the order of these pixels, and that of the sky map.

    Pixels are as small as partitions may be, unless larger ones do, for partitions and for the map.
    """
    arguments = shop.arguments
    of_map = shop.order if arguments.skymap_order is None else min(shop.order, arguments.skymap_order)
    chosen = arguments.skymap_order is None and not arguments.skymap_alt_orders
    if arguments.orders[0] < COARSE_ORDER < shop.order and arguments.byte_pixel_threshold is None:
        coarse = _rows_at(shop, keys, COARSE_ORDER)
        of_map = map_order(coarse, COARSE_ORDER, shop.order) if chosen else of_map
        if coarse.counts.max(initial=0) > arguments.pixel_threshold:
            return _rows_at(shop, keys, shop.order), shop.order, of_map
        order = max(COARSE_ORDER, of_map)
        return coarse if order == COARSE_ORDER else _rows_at(shop, keys, order), order, of_map
    counts = _rows_at(shop, keys, shop.order)
    return counts, shop.order, map_order(*_coarser(counts, shop.order), shop.order) if chosen else of_map


def _coarser(counts: Counts, order: int) -> tuple[Counts, int]:
    while order > COARSE_ORDER:
        counts, order = counts.coarser(), order - 1
    return counts, order


def _rows_at(shop: Workshop, keys: list[str], order: int) -> Counts:
    if not shop.holds(keys):
        return total_counts(shop, keys, shop.counts, order)
    held = [shop.held[key].cells for key in keys]
    return Counts.dense(held, order) if order <= COARSE_ORDER else Counts.among(held, 2 * (MAX_ORDER - order))


def total_counts(shop: Workshop, keys: list[str], counts_of: Callable[[str], Counts], order: int) -> Counts:
    """How much of all pieces lies in each pixel of an order; at most a few pieces' counts are in memory at once."""

    def counted(key: str) -> Counts:
        counts = counts_of(key)
        for _ in range(order, shop.order):
            counts = counts.coarser()
        return counts

    if order <= DENSE_ORDER:
        every, most = np.zeros(12 << (2 * order), np.uint32), 0
        for part in map(counted, keys):
            most += int(part.counts.sum())
            if most >> 32 and every.dtype == np.uint32:
                every = every.astype(np.uint64)
            every[part.pixels] += part.counts.astype(every.dtype)
        pixels = np.flatnonzero(every)
        return Counts(pixels, every[pixels].astype(np.int64))
    total = Counts.total([])
    for start in range(0, len(keys), 8):
        total = Counts.total([total, *map(counted, keys[start : start + 8])])
    return total


def shares_of(
    shop: Workshop, keys: list[str], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> list[list[Share]]:
    """For each of half-open ranges of cells what of the pieces lies in it, in the order of the pieces."""
    found: list[list[Share]] = [[] for _ in starts]
    for key in keys:
        lows, highs = shop.piece(key).bounds(starts, stops)
        for place in np.flatnonzero(lows < highs).tolist():
            found[place].append((key, int(lows[place]), int(highs[place])))
    return found
