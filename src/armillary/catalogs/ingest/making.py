"""The tasks of an import: a piece is read and sorted; a partition is put together from all pieces and written."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats import names
from armillary.catalogs.hats.pixels import Pixel
from armillary.catalogs.hats.writing import check_names, with_index, write_partition
from armillary.catalogs.ingest.alignment import Counts
from armillary.catalogs.ingest.parts import read_part
from armillary.catalogs.ingest.pieces import SortedPiece, merged, sort_piece
from armillary.errors import CorruptFileError, FileError
from armillary.sky.healpix import MAX_ORDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.ingest.inputs import Piece

OPEN_PIECES = 256
COMPUTED = ("ra", "dec")


@dataclass(slots=True)
class Workshop:
    """What the tasks of an import share. May be pickled; pieces in memory are not.

    Parameters
    ----------
    order
        Order of the pixels in which rows are counted.
    ra_column, dec_column
        Columns with positions in degrees of the catalog that is written.
    computed
        Whether these are made from the positions of the input.
    pieces, data
        Folders of the pieces, and of the partitions.
    held
        Pieces in memory, where they fit; None where they go to files.
    """

    arguments: ImportArguments
    order: int
    ra_column: str
    dec_column: str
    pieces: Folder
    data: Folder
    schema: Any = None
    held: dict[int, SortedPiece] | None = None
    _open: OrderedDict[int, SortedPiece] = field(default_factory=OrderedDict)
    _lock: Any = field(default_factory=Lock)

    def __getstate__(self) -> dict[str, Any]:
        """Without what is open."""
        names_ = ("arguments", "order", "ra_column", "dec_column", "pieces", "data", "schema")
        return {name: getattr(self, name) for name in names_}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with nothing open."""
        for name, value in state.items():
            setattr(self, name, value)
        self.held, self._open, self._lock = None, OrderedDict(), Lock()

    def piece(self, number: int) -> SortedPiece:
        """A piece that was read: from memory, or from its file."""
        if self.held is not None:
            return self.held[number]
        with self._lock:
            found = self._open.pop(number, None)
            if found is None:
                found = load_piece(self.pieces, number)
            self._open[number] = found
            while len(self._open) > OPEN_PIECES:
                self._open.popitem(last=False)
        return found


def read_piece(shop: Workshop, piece: Piece) -> dict[str, Any]:
    """Read and sort a piece; keep it, and its rows without a place.

    Returns
    -------
    ``rows``, ``bad`` (how many have no place), ``bytes``, ``pixels`` and ``counts`` (rows in pixels of the order),
    ``schema`` (serialised, hexadecimal), ``skipped`` (files that were left out, and why).
    """
    tables, skipped = [], []
    for part in piece.parts:
        try:
            tables.append(read_part(part, shop.arguments))
        except FileError as error:
            if shop.arguments.on_error == "stop":
                raise
            skipped.append([part.file.name, error.message])
    if not tables:
        return {"rows": 0, "bad": 0, "bytes": 0, "pixels": [], "counts": [], "schema": None, "skipped": skipped}
    table = _joined(tables, piece)
    check_names(table.schema.names)
    table, ra, dec = positioned(table, shop, piece)
    made, bad = sort_piece(table, ra, dec)
    if len(bad):
        _write_table(shop.pieces, f"bad-{piece.number}.arrow", bad)
    if shop.held is not None:
        shop.held[piece.number] = made
    else:
        keep_piece(shop.pieces, piece.number, made)
    counts = Counts.of(made.cells, 2 * (MAX_ORDER - shop.order))
    return {
        "rows": len(made.cells),
        "bad": len(bad),
        "bytes": table.nbytes,
        "pixels": counts.pixels.tolist(),
        "counts": counts.counts.tolist(),
        "schema": table.schema.serialize().to_pybytes().hex(),
        "skipped": skipped,
    }


def _joined(tables: list[Any], piece: Piece) -> Any:
    import pyarrow as pa

    if len(tables) == 1:
        return tables[0]
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        name = piece.parts[-1].file.name
        raise CorruptFileError(name, f"its columns do not fit those of the files before: {error}.") from error


def positioned(table: Any, shop: Workshop, piece: Piece) -> tuple[Any, NDArray[np.float64], NDArray[np.float64]]:
    """A table with the positions of its rows, ICRS degrees; where they are computed, as its last two columns too."""
    import pyarrow as pa

    from armillary.catalogs.ingest.places import places_of

    ra, dec, as_they_are = places_of(table, shop.arguments, piece.parts[0].file.name)
    if as_they_are:
        return table, ra, dec
    for name, values in ((shop.ra_column, ra), (shop.dec_column, dec)):
        table = table.append_column(pa.field(name, pa.float64()), pa.array(values))
    return table, ra, dec


def keep_piece(folder: Folder, number: int, piece: SortedPiece) -> None:
    """Put a piece into files: the table, and the order of its rows, which is written last."""
    _write_table(folder, f"{number}.arrow", piece.table)
    with folder.writing(f"{number}.npy") as file:
        np.save(file, np.stack([piece.cells, piece.rows]))


def load_piece(folder: Folder, number: int) -> SortedPiece:
    """A piece from its files, mapped where they lie on this machine."""
    import pyarrow as pa

    source = pa.memory_map(folder.path(f"{number}.arrow")) if folder.local else folder.open(f"{number}.arrow")
    table = pa.ipc.open_file(source).read_all()
    if folder.local:
        order = np.load(folder.path(f"{number}.npy"), mmap_mode="r")
    else:
        with folder.open(f"{number}.npy") as file:
            order = np.load(file)
    return SortedPiece(table, order[0], order[1])


def _write_table(folder: Folder, name: str, table: Any) -> None:
    import pyarrow as pa

    whole = table.combine_chunks()
    with folder.writing(name) as file, pa.ipc.new_file(file, whole.schema) as writer:
        writer.write_table(whole)


def write_pixel(shop: Workshop, argument: tuple[int, int, list[int]]) -> dict[str, Any]:
    """Put a partition together from pieces and write it.

    Parameters
    ----------
    argument
        Order and index of the pixel, numbers of the pieces that have rows in it.

    Returns
    -------
    ``rows``, ``size``, ``metadata`` (hexadecimal).
    """
    order, index, numbers = argument
    pixel = Pixel(order, index)
    pieces = [shop.piece(number) for number in numbers]
    table, cells = merged([_as_schema(piece, shop.schema) for piece in pieces], pixel.start, pixel.stop)
    table = with_index(table, cells)
    if shop.arguments.sort_columns:
        table = sorted_within_cells(table, shop.arguments.sort_columns)
    metadata = write_partition(shop.data, pixel, table, shop.arguments.writing)
    return {"rows": len(table), "size": shop.data.size(names.file_of(pixel)), "metadata": metadata.hex()}


def _as_schema(piece: SortedPiece, schema: Any) -> SortedPiece:
    """A piece with the columns and types that all pieces have in common."""
    import pyarrow as pa

    if schema is None or piece.table.schema.equals(schema):
        return piece
    columns = [
        piece.table.column(entry.name).cast(entry.type)
        if entry.name in piece.table.schema.names
        else pa.nulls(len(piece.table), entry.type)
        for entry in schema
    ]
    return SortedPiece(pa.table(columns, schema=schema), piece.cells, piece.rows)


def sorted_within_cells(table: Any, columns: Any) -> Any:
    """Rows by their cell, then by further columns."""
    from pyarrow import compute

    keys = [(names.INDEX_COLUMN, "ascending"), *((name, "ascending") for name in columns)]
    return table.take(compute.sort_indices(table, sort_keys=keys))


def rows_by_piece(results: dict[int, dict[str, Any]], pixels: list[Pixel], order: int) -> Iterator[list[int]]:
    """For each of some pixels the numbers of the pieces that have rows in it."""
    known = [(number, np.asarray(result["pixels"], np.int64)) for number, result in sorted(results.items())]
    for pixel in pixels:
        shift = 2 * (order - pixel.order)
        low, high = pixel.index << shift, (pixel.index + 1) << shift
        yield [number for number, found in known if np.searchsorted(found, low) < np.searchsorted(found, high)]
