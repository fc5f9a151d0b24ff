"""Tile grids: how a plane is cut into squares at every level.

Level 0 is the coarsest, the whole plane in one tile; level ``levels - 1`` is the full resolution. Every level
is anchored at the top left corner of the plane (last FITS row, first FITS column): a pixel of level *k* is the
square of side ``2**(levels - 1 - k)`` full-resolution pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

from armillary.errors import NotFoundError

MIN_TILE_SIZE = 64
MAX_TILE_SIZE = 1024
DEFAULT_TILE_SIZE = 512


@dataclass(frozen=True, slots=True, order=True)
class TileKey:
    """The address of one tile: level (0 coarsest), row (0 top), column (0 left)."""

    level: int
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class Window:
    """A half-open box of pixels, in FITS row order: ``y0 <= y < y1``, ``x0 <= x < x1``, 0-based."""

    y0: int
    y1: int
    x0: int
    x1: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.y1 - self.y0, self.x1 - self.x0


@dataclass(frozen=True, slots=True)
class TileGrid:
    """The tiles of a plane of ``ny`` × ``nx`` pixels.

    Parameters
    ----------
    ny, nx
        Rows and columns of the plane.
    tile_size
        Side of a tile in pixels: a power of two from 64 to 1024.
    """

    ny: int
    nx: int
    tile_size: int = DEFAULT_TILE_SIZE

    @property
    def levels(self) -> int:
        """How many levels there are: the least that puts the whole plane in one tile."""
        tiles_across = -(-max(self.ny, self.nx) // self.tile_size)
        return 1 + (tiles_across - 1).bit_length()

    def factor(self, level: int) -> int:
        """Side in full-resolution pixels of one pixel of ``level``."""
        return 1 << (self.levels - 1 - level)

    def level_shape(self, level: int) -> tuple[int, int]:
        """Rows and columns of the whole plane at ``level``."""
        factor = self.factor(level)
        return -(-self.ny // factor), -(-self.nx // factor)

    def tiles(self, level: int) -> tuple[int, int]:
        """Rows and columns of tiles at ``level``."""
        rows, cols = self.level_shape(level)
        return -(-rows // self.tile_size), -(-cols // self.tile_size)

    def check(self, key: TileKey) -> None:
        """Refuse a tile outside the grid.

        Raises
        ------
        NotFoundError
            The level, row or column does not exist.
        """
        if not 0 <= key.level < self.levels:
            raise NotFoundError(f"There is no level {key.level}: levels go from 0 to {self.levels - 1}.")
        rows, cols = self.tiles(key.level)
        if not (0 <= key.row < rows and 0 <= key.col < cols):
            raise NotFoundError(
                f"There is no tile {key.row}/{key.col} at level {key.level}: it has {rows} rows and {cols} columns."
            )

    def window(self, key: TileKey) -> Window:
        """Full-resolution pixels that the tile covers, clipped to the plane, in FITS row order."""
        self.check(key)
        side = self.tile_size * self.factor(key.level)
        top = key.row * side
        y1 = self.ny - top
        x0 = key.col * side
        return Window(max(0, y1 - side), y1, x0, min(self.nx, x0 + side))
