"""Rows of the right that may belong to a target: those in it, and those near it, of a margin or of its neighbours."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.searching.run import numbers_of
from armillary.sky.cells import largest_radius, outlines
from armillary.sky.frames import to_vectors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.catalogs.hats.catalog import HatsCatalog
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Partitions, Pixel

FIRST_ROOM = 1 << 12
# Positions may differ from the index in the last digits; those in single precision by more.
SLACK_ARCSEC = 0.1


@dataclass(frozen=True, slots=True)
class Side:
    """Rows of a partition.

    Parameters
    ----------
    table
        Columns that were asked for.
    ra_deg, dec_deg
        Positions.
    cells
        Index of order 29.
    """

    table: Any
    ra_deg: NDArray[np.float64]
    dec_deg: NDArray[np.float64]
    cells: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.cells)

    def rows(self, which: NDArray[np.int64]) -> Side:
        """Some of them."""
        import pyarrow as pa

        table = self.table.take(pa.array(which))
        return Side(table, self.ra_deg[which], self.dec_deg[which], self.cells[which])

    def within(self, pixel: Pixel) -> Side:
        """Those in a pixel."""
        inside = (self.cells >= pixel.start) & (self.cells < pixel.stop)
        return self if inside.all() else self.rows(np.flatnonzero(inside))

    @classmethod
    def joined(cls, sides: Sequence[Side]) -> Side:
        """Several together."""
        import pyarrow as pa

        if len(sides) == 1:
            return sides[0]
        return cls(
            pa.concat_tables([side.table for side in sides]),
            np.concatenate([side.ra_deg for side in sides]),
            np.concatenate([side.dec_deg for side in sides]),
            np.concatenate([side.cells for side in sides]),
        )


def read_side(
    catalog: HatsCatalog, pixel: Pixel, columns: Sequence[str], schema: Any, *, cells_too: bool = True
) -> Side:
    """Rows of a partition with some columns, as a schema has them; without ``cells_too`` their cells are not known."""
    index = None if catalog.old or not cells_too else catalog.index_column
    needed = [*columns, catalog.ra_column, catalog.dec_column, *([index] if index else [])]
    table = read_columns(catalog, pixel, needed)
    ra, dec = numbers_of(table, catalog.ra_column), numbers_of(table, catalog.dec_column)
    if not cells_too:
        cells = np.full(len(ra), -1, np.int64)
    else:
        cells = cells_of(ra, dec) if index is None else table.column(index).to_numpy().astype(np.int64)
    return Side(table.select(list(columns)).cast(schema), ra, dec, cells)


def empty_side(schema: Any) -> Side:
    """No rows."""
    nothing = np.empty(0)
    return Side(schema.empty_table(), nothing, nothing, np.empty(0, np.int64))


class Near:
    """Rows of a catalog near pixels in which they do not lie: a margin made for one match.

    Parameters
    ----------
    catalog
        The catalog.
    pixels
        Of any orders.
    radius_arcsec
        What near is.
    columns, schema
        What is kept of each row.
    folder
        Where it is kept.
    lasting
        Whether what is kept there outlives a failure of power.
    """

    def __init__(
        self,
        catalog: HatsCatalog,
        pixels: Partitions,
        radius_arcsec: float,
        columns: Sequence[str],
        schema: Any,
        folder: Folder,
        *,
        lasting: bool = False,
    ) -> None:
        self._catalog, self._columns, self._schema, self._folder = catalog, columns, schema, folder
        self._lasting = lasting
        self._borders = Borders(pixels, min(radius_arcsec + SLACK_ARCSEC, 180.0 * 3600.0))
        self._parts: dict[int, list[tuple[int, int, int]]] = {}

    def sources(self) -> list[int]:
        """Partitions that may hold such rows."""
        return [place for place in range(len(self._catalog.partitions)) if len(self._targets(place))]

    def _targets(self, place: int) -> NDArray[np.int64]:
        """Which pixels rows of a partition may be near to, without those that hold it whole."""
        borders, pixel = self._borders, self._catalog.partitions[place]
        centre = outlines(pixel.order, np.array([pixel.index]))[0, 0]
        gap = borders.centres - centre
        angle = 2.0 * np.arcsin(np.minimum(1.0, 0.5 * np.sqrt((gap * gap).sum(axis=1))))
        parts = borders.partitions
        reach = borders.radii[parts.order] + largest_radius(pixel.order) + borders.threshold + 1e-9
        holds = (parts.start <= pixel.start) & (parts.stop >= pixel.stop)
        found: NDArray[np.int64] = np.flatnonzero((angle <= reach) & ~holds).astype(np.int64)
        return found

    def select(self, place: int) -> list[tuple[int, int, int]]:
        """Keep such rows of a partition.

        Returns
        -------
        ``(target, first, after the last)`` of the file that holds them.
        """
        import pyarrow as pa

        catalog, pixel = self._catalog, self._catalog.partitions[place]
        side = read_side(catalog, pixel, self._columns, self._schema)
        order = np.argsort(side.cells, kind="stable")
        rows, targets = self._near_rows(pixel, self._targets(place), side, order)
        if not len(rows):
            return []
        kept = side.rows(rows)
        places = {"ra": pa.array(kept.ra_deg), "dec": pa.array(kept.dec_deg), "cell": pa.array(kept.cells)}
        names = [f"column{number}" for number in range(kept.table.num_columns)]
        table = pa.table([*places.values(), *kept.table.columns], names=[*places, *names]).combine_chunks()
        with (
            self._folder.writing(f"{place}.arrow", lasting=self._lasting) as file,
            pa.ipc.new_file(file, table.schema) as writer,
        ):
            writer.write_table(table)
        first = np.flatnonzero(np.concatenate([[True], targets[1:] != targets[:-1]]))
        ends = np.append(first[1:], len(targets))
        return [(int(targets[low]), int(low), int(high)) for low, high in zip(first, ends, strict=True)]

    def _near_rows(
        self, pixel: Pixel, near: NDArray[np.int64], side: Side, order: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        from armillary.catalogs.margins.border_kernels import select

        borders, parts, cells = self._borders, self._borders.partitions, np.ascontiguousarray(side.cells[order])
        vectors = np.ascontiguousarray(to_vectors(side.ra_deg[order], side.dec_deg[order]))
        room = FIRST_ROOM
        while True:
            rows, places = np.empty(room, np.int64), np.empty(room, np.int64)
            found = select(
                cells, vectors, pixel.order, pixel.index, near, parts.order, parts.index, borders.centres,
                borders.radii, borders.threshold, rows, places,
            )  # fmt: skip
            if found <= room:
                break
            room = found
        rows, places = rows[:found], places[:found]
        outside = (cells[rows] < parts.start[places]) | (cells[rows] >= parts.stop[places])
        rows, places = rows[outside], places[outside]
        sorting = np.lexsort((rows, places))
        return order[rows[sorting]], places[sorting]

    def keep(self, source: int, found: list[tuple[int, int, int]]) -> None:
        """Remember what ``select`` gave."""
        for target, low, high in found:
            self._parts.setdefault(target, []).append((source, low, high))

    def of(self, target: int) -> list[Side]:
        """Rows near a pixel."""
        import pyarrow as pa

        sides = []
        for source, low, high in sorted(self._parts.get(target, ())):
            name = f"{source}.arrow"
            with self._folder.mapped(name) as file:
                table = pa.ipc.open_file(file).read_all().slice(low, high - low)
                columns = pa.table(table.columns[3:], schema=self._schema)
                ra, dec, cells = (table.column(name).to_numpy() for name in ("ra", "dec", "cell"))
            sides.append(Side(columns, ra, dec, cells))
        return sides


def select_near(near: Near, place: int) -> list[tuple[int, int, int]]:
    """A task: ``Near.select``."""
    return near.select(place)


class Kept:
    """A few values that are dear to make, by their key; the one used longest ago is let go of.

    Parameters
    ----------
    most
        How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = Lock()
        self._values: OrderedDict[int, tuple[Any, list[Any]]] = OrderedDict()

    def get(self, key: int, make: Callable[[], Any]) -> Any:
        """The value; made by one thread at a time."""
        with self._lock:
            lock, held = self._values.pop(key, None) or (Lock(), [])
            self._values[key] = (lock, held)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
        with lock:
            if not held:
                held.append(make())
            return held[0]
