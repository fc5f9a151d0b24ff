"""Planes of compressed images: decoded tile by tile, decoded tiles kept in the shared cache."""

from __future__ import annotations

import copy
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import CorruptFileError
from armillary.images.fits.base import STORED, FitsPlane, dtype_of, linear_of, missing_number
from armillary.images.fits.tilelayout import tile_layout
from armillary.images.fits.tiletable import read_table
from armillary.images.plane import Linear, PlaneWords, to_float32, value_dtype
from armillary.storage import cache
from armillary.storage.blocks import new_key
from armillary.storage.faults import fault_count
from armillary.storage.fits.hdus import require_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from armillary.images.fits.axes import Layout
    from armillary.images.fits.openfile import FitsFile
    from armillary.images.fits.tiletable import TileTable
    from armillary.sky.grid import Window
    from armillary.storage.fits.hdus import FitsHdu

# A sample that must decode more than this part of the tiles is no cheaper than everything.
SAMPLE_PART = 0.3


class CompressedImage:
    """The compressed image of one unit, which its planes share.

    Parameters
    ----------
    file, hdu
        Where it lies.
    lengths
        Its axes.
    as_stored
        Tiles are the numbers of the image as it would be without compression, not values.

    Raises
    ------
    CorruptFileError, UnsupportedFileError
        Its header makes no sense or asks for what is not read.
    """

    def __init__(self, file: FitsFile, hdu: FitsHdu, lengths: tuple[int, ...], *, as_stored: bool = False) -> None:
        self.file = file
        self.hdu = hdu
        self.as_stored = as_stored
        self.layout = tile_layout(file.name, hdu, lengths)
        require_pixels(file.name, hdu, hdu.axes[0])
        bitpix = self.layout.bitpix
        linear = linear_of(hdu.header, integers=bitpix > 0)
        self.blank = self.layout.blank if bitpix > 0 else None
        self.linear = Linear() if as_stored else Linear(linear.scale, linear.zero, self.blank)
        self.stored = np.dtype(STORED[bitpix])
        self.tile_type = self.stored.newbyteorder("=") if as_stored else np.dtype(value_dtype(self.stored))
        self.missing = missing_number(self.stored, self.blank) if as_stored else np.nan
        self._key = new_key()

    def tiles(self, indices: list[tuple[int, ...]]) -> Iterator[NDArray[Any]]:
        """Values of tiles in that order, slowest axis first; read-only, shared with other readers."""
        table = self._table()
        view = self.file.source.mapped()
        faults = fault_count()
        for index in indices:
            yield self._tile(index, table, view, faults)

    def _table(self) -> TileTable:
        def make() -> tuple[TileTable, int]:
            table = read_table(self.file.source, self.hdu, prod(self.layout.counts))
            return table, table.nbytes

        table: TileTable = cache.decoded.get_or_make((self._key, "table"), make)
        return table

    def _tile(self, index: tuple[int, ...], table: TileTable, view: memoryview | None, faults: int) -> NDArray[Any]:
        row = self.layout.row(index)

        def make() -> tuple[NDArray[Any], int]:
            values = self._decode(row, index, table, view)
            values.flags.writeable = False
            return values, values.nbytes + 128

        # Tiles that were decoded before a mapped page was found missing are never given out after it.
        tile: NDArray[Any] = cache.decoded.get_or_make((self._key, faults, row), make)
        return tile

    def _decode(self, row: int, index: tuple[int, ...], table: TileTable, view: memoryview | None) -> NDArray[Any]:
        from armillary.images.fits.codecs import TileError
        from armillary.images.fits.tiledecode import decode_tile

        lengths = self.layout.tile_lengths(index)

        def bytes_at(start: int, length: int) -> bytes | memoryview | None:
            if start + length > self.hdu.data_offset + self.hdu.available:
                return None
            if view is not None and start + length <= len(view):
                return view[start : start + length]
            return self.file.source.read(start, length)

        try:
            values = decode_tile(self, table, row, prod(lengths), bytes_at)
        except TileError as error:
            raise CorruptFileError(
                self.file.name, f"tile {row} of the compressed image in HDU {self.hdu.index} is damaged."
            ) from error
        if values is None:
            values = np.full(prod(lengths), self.missing, self.tile_type)
        return values.reshape(lengths[::-1])


class CompressedPlane(FitsPlane):
    """A plane of a compressed image."""

    def __init__(self, image: CompressedImage, layout: Layout, position: tuple[int, ...], words: PlaneWords) -> None:
        super().__init__(image.file, image.hdu, layout, position, words)
        self._image = image
        self._numbers: CompressedImage | None = None
        self.dtype = dtype_of(image.layout.bitpix, image.linear)
        x, y = layout.sky
        tile = image.layout.tile
        self._tile_nx, self._tile_ny = tile[x], tile[y]
        self._move()

    def _move(self) -> None:
        """Find the tiles of the plane, and its place in them."""
        tile = self._image.layout.tile
        self._fixed = tuple(k // side for k, side in zip(self._position, tile, strict=True))
        inner = [k % side for k, side in zip(self._position, tile, strict=True)]
        # Decoded tiles have their slowest axis first.
        axes = reversed(range(len(tile)))
        self._inside = tuple(slice(None) if axis in self._layout.sky else inner[axis] for axis in axes)

    def at(self, position: tuple[int, ...]) -> CompressedPlane:
        """Another plane of the image; both share the tiles that are decoded."""
        self._stored_image()
        other = copy.copy(self)
        other._position = position  # noqa: SLF001 - of its own class
        other._move()  # noqa: SLF001 - of its own class
        return other

    def _stored_image(self) -> CompressedImage:
        if self._numbers is None:
            self._numbers = CompressedImage(self._file, self._hdu, self._image.layout.lengths, as_stored=True)
        return self._numbers

    @property
    def band_rows(self) -> int:
        """Rows of a tile."""
        return self._tile_ny

    @property
    def band_columns(self) -> int:
        """Columns of a tile."""
        return self._tile_nx

    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window."""
        return self._file.read(lambda: self._window(window, self._image))

    @property
    def stored(self) -> np.dtype[Any]:
        """Type of the numbers without compression."""
        return self._image.stored

    @property
    def blank(self) -> int | None:
        """ZBLANK or BLANK."""
        return self._image.blank

    def stored_window(self, window: Window) -> NDArray[Any]:
        """Numbers of a window as they would be in the file without compression."""
        image = self._stored_image()
        return self._file.read(lambda: self._window(window, image).astype(image.stored, copy=False))

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """Every ``step``-th pixel from the top left; None where most tiles would have to be decoded for it."""
        ny, nx = self.shape
        rows, columns = np.arange(ny - 1, -1, -step), np.arange(0, nx, step)
        tiles_y, tiles_x = np.unique(rows // self._tile_ny), np.unique(columns // self._tile_nx)
        total = -(-ny // self._tile_ny) * -(-nx // self._tile_nx)
        if len(tiles_y) * len(tiles_x) > SAMPLE_PART * total:
            return None
        return self._file.read(lambda: self._sample(rows, columns, tiles_y.tolist(), tiles_x.tolist()))

    def _tiles(
        self, image: CompressedImage, tiles_y: range | list[int], tiles_x: range | list[int]
    ) -> Iterator[tuple[int, int, NDArray[Any]]]:
        """``(first row, first column, values)`` of tiles."""
        x, y = self._layout.sky
        for tile_y in tiles_y:
            indices = []
            for tile_x in tiles_x:
                index = list(self._fixed)
                index[x], index[y] = tile_x, tile_y
                indices.append(tuple(index))
            tiles = image.tiles(indices)
            for tile_x, tile in zip(tiles_x, tiles, strict=True):
                yield tile_y * self._tile_ny, tile_x * self._tile_nx, tile[self._inside]

    def _window(self, window: Window, image: CompressedImage) -> NDArray[Any]:
        values = np.empty(window.shape, image.tile_type)
        tiles_y = range(window.y0 // self._tile_ny, -(-window.y1 // self._tile_ny))
        tiles_x = range(window.x0 // self._tile_nx, -(-window.x1 // self._tile_nx))
        for first_y, first_x, tile in self._tiles(image, tiles_y, tiles_x):
            y0, y1 = max(window.y0, first_y), min(window.y1, first_y + tile.shape[0])
            x0, x1 = max(window.x0, first_x), min(window.x1, first_x + tile.shape[1])
            part = tile[y0 - first_y : y1 - first_y, x0 - first_x : x1 - first_x]
            values[y0 - window.y0 : y1 - window.y0, x0 - window.x0 : x1 - window.x0] = part
        return values

    def _sample(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], tiles_y: list[int], tiles_x: list[int]
    ) -> NDArray[np.float32]:
        sample = np.empty((len(rows), len(columns)), np.float32)
        for first_y, first_x, tile in self._tiles(self._image, tiles_y, tiles_x):
            mine_y = np.flatnonzero(rows // self._tile_ny == first_y // self._tile_ny)
            mine_x = np.flatnonzero(columns // self._tile_nx == first_x // self._tile_nx)
            part = tile[np.ix_(rows[mine_y] - first_y, columns[mine_x] - first_x)]
            sample[np.ix_(mine_y, mine_x)] = to_float32(part)
        return sample
