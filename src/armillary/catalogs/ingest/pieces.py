"""A piece of the input, ready to be shared out: in memory as it was read, or in files in the order of the sky."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from armillary.catalogs.arrays import arrow_of
from armillary.catalogs.ingest.alignment import Counts
from armillary.catalogs.ingest.gather import Columns, Rows, gathered
from armillary.sky.healpix import MAX_ORDER, pixels_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from armillary.catalogs.hats.folder import Folder

BATCH_ROWS = 1 << 15
DIGITS = (30, 46)
"""Of the 62 bits of a cell: the lowest 30, six arcseconds, tell few rows apart."""


class Piece(Protocol):
    """Gives its rows by their place on the sky."""

    def bounds(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Of half-open ranges of cells the first row, in the order of the cells, and the row after the last."""

    def part(self, low: int, high: int) -> tuple[Rows, NDArray[np.int64]]:
        """Some rows in the order of their cells, and these cells."""


@dataclass(frozen=True, slots=True)
class SortedPiece:
    """A piece in memory, whose rows are known by their place on the sky.

    Parameters
    ----------
    columns
        Of a table of one chunk, rows in the order of the input.
    cells
        Index of order 29 of the rows with a place, ascending, int64.
    rows
        Row of each.
    """

    columns: Columns
    cells: NDArray[np.int64]
    rows: NDArray[np.int64]

    @property
    def table(self) -> Any:
        """A ``pyarrow.Table``."""
        return self.columns.table

    @property
    def nbytes(self) -> int:
        """Of memory."""
        return int(self.table.nbytes + self.cells.nbytes + self.rows.nbytes)

    def bounds(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """As ``Piece.bounds``."""
        return np.searchsorted(self.cells, starts), np.searchsorted(self.cells, stops)

    def part(self, low: int, high: int) -> tuple[Rows, NDArray[np.int64]]:
        """As ``Piece.part``."""
        return Rows(self.columns, self.rows[low:high]), self.cells[low:high]


@dataclass(frozen=True, slots=True)
class StoredPiece:
    """A piece in files: of a part only what it needs is read, and nothing stays open."""

    folder: Folder
    key: str

    def bounds(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """As ``Piece.bounds``."""
        with self.folder.mapped(f"{self.key}.cells") as file:
            cells = np.frombuffer(file.read_buffer() if self.folder.local else file.read(), np.int64)
            return np.searchsorted(cells, starts), np.searchsorted(cells, stops)

    def part(self, low: int, high: int) -> tuple[Rows, NDArray[np.int64]]:
        """As ``Piece.part``."""
        import pyarrow as pa

        with self.folder.open(f"{self.key}.cells") as file:
            file.seek(8 * low)
            cells = np.frombuffer(file.read(8 * (high - low)), np.int64)
        with self.folder.mapped(f"{self.key}.arrow") as source, pa.ipc.open_file(source) as reader:
            first = low // BATCH_ROWS
            batches = [reader.get_batch(k) for k in range(first, -(-high // BATCH_ROWS))]
            table = pa.Table.from_batches(batches, reader.schema)
            # Copied, so that the mapped file is let go at once: pages of many pieces add up.
            rows = np.arange(low - first * BATCH_ROWS, high - first * BATCH_ROWS)
            return Rows(Columns(table.take(arrow_of(rows))), np.arange(len(rows))), cells


def keep_piece(folder: Folder, key: str, piece: SortedPiece, shift: int) -> None:
    """Put a piece into files: its rows in the order of the sky, their cells, and how many lie in each pixel."""
    import pyarrow as pa

    with folder.writing(f"{key}.arrow") as file, pa.ipc.new_file(file, piece.table.schema) as writer:
        for start in range(0, len(piece.rows), BATCH_ROWS):
            block = piece.table.take(arrow_of(piece.rows[start : start + BATCH_ROWS])).combine_chunks()
            writer.write_table(block, max_chunksize=BATCH_ROWS)
    with folder.writing(f"{key}.cells") as file:
        file.write(piece.cells.data.cast("B"))
    keep_counts(folder, f"{key}.counts", Counts.of(piece.cells, shift))


def keep_counts(folder: Folder, name: str, counts: Counts) -> None:
    """Put counts into a file."""
    with folder.writing(f"{name}.npy") as file:
        np.save(file, np.stack([counts.pixels, counts.counts]))


def kept_counts(folder: Folder, name: str) -> Counts:
    """Counts in a file."""
    with folder.open(f"{name}.npy") as file:
        pixels, counts = np.load(file)
    return Counts(pixels, counts)


def cells_of(ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.int64]:
    """Index of order 29 of positions; −1 where there is none."""
    return pixels_of(1 << MAX_ORDER, ra_deg, dec_deg, nested=True)


def sorted_cells(cells: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cells, ascending, and the row of each, those of one cell as they came.

    A radix sort, which numpy has for numbers of 16 bits, then one of the rows that it leaves together.
    """
    from_zero = cells + 1
    order = np.argsort((from_zero >> DIGITS[0]).astype(np.uint16), kind="stable")
    for shift in DIGITS[1:]:
        digits = (from_zero >> shift).astype(np.uint16).take(order, mode="clip")
        order = order.take(np.argsort(digits, kind="stable"), mode="clip")
    placed = from_zero.take(order, mode="clip")
    first = np.flatnonzero((placed[1:] ^ placed[:-1]) < 1 << DIGITS[0])
    placed -= 1
    if len(first):
        together = np.zeros(len(cells), np.bool_)
        together[first] = together[first + 1] = True
        places = np.flatnonzero(together)
        inner = places[np.argsort(placed[places], kind="stable")]
        order[places], placed[places] = order[inner], placed[inner]
    return placed, order


def sort_piece(table: Any, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> tuple[SortedPiece, Any]:
    """A piece in the order of the sky, and the table of its rows without a place.

    Parameters
    ----------
    table
        A ``pyarrow.Table``.
    ra_deg, dec_deg
        ICRS degrees of its rows; NaN, infinite or beyond a pole where there is no place.
    """
    placed, order = sorted_cells(cells_of(ra_deg, dec_deg))
    first = int(np.searchsorted(placed, 0))
    bad = table.take(arrow_of(order[:first])) if first else table.slice(0, 0)
    return SortedPiece(Columns(table.combine_chunks()), placed[first:], order[first:]), bad


def merged(parts: Iterable[tuple[Rows, NDArray[np.int64]]], schema: Any) -> tuple[Any, NDArray[np.int64]]:
    """Rows of several pieces as one table, by cell, then as they came; and their cells.

    Parameters
    ----------
    parts
        Of each piece rows in the order of their cells, and these cells.
    schema
        The columns and types that all shall have.
    """
    found = list(parts)
    cells = np.concatenate([part[1] for part in found])
    order = np.argsort(cells, kind="stable")
    return gathered([part[0] for part in found], order, schema), cells[order]


def with_schema(table: Any, schema: Any) -> Any:
    """A table with the given columns and types; columns that it lacks are null."""
    import pyarrow as pa

    if table.schema.equals(schema, check_metadata=True):
        return table
    columns = []
    for entry in schema:
        if entry.name not in table.schema.names:
            columns.append(pa.nulls(len(table), entry.type))
            continue
        column = table.column(entry.name)
        columns.append(column if column.type.equals(entry.type) else column.cast(entry.type))
    return pa.table(columns, schema=schema)
