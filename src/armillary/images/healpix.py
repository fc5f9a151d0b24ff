"""HEALPix maps in FITS tables as planes.

A map is shown on a grid in plate carrée (CAR) in the map's own frame, centred on longitude 0, longitude growing to
the left: ``nx`` = 16 NSIDE columns (from 512 to 2**18; of multi-order maps by the finest order) by ``nx`` / 2 rows.
Each pixel of the grid has the value of the HEALPix pixel that holds its centre, as it is in the file. Nothing is
resampled beforehand: a window is looked up in the mapped table when it is asked for.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import CorruptFileError
from armillary.images.fits.base import dtype_of
from armillary.images.healpix_cells import CellIndex
from armillary.images.healpix_columns import TableBytes
from armillary.images.healpix_table import BITPIX, Column, MapTable, read_table, stored_type
from armillary.images.plane import Plane, PlaneStack, PlaneWords, to_float32, to_values, value_dtype
from armillary.sky.healpix import cells_of_uniq, pixels_of_grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.images.fits.openfile import FitsFile
    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs
    from armillary.storage.fits.hdus import FitsHdu

MIN_COLUMNS = 512
MAX_COLUMNS = 1 << 18
COLUMNS_FOR_NSIDE = 16
UNSEEN = -1.6375e30
CHUNK_PIXELS = 1 << 18
# MOCORDER is often that of the tool and not of the map: a finer one is looked for in the table, unless it is large.
MAX_TRUSTED_ORDER = 11
MAX_SCAN_BYTES = 64 << 20
_CTYPES = {"icrs": ("RA---CAR", "DEC--CAR"), "galactic": ("GLON-CAR", "GLAT-CAR"), "ecliptic": ("ELON-CAR", "ELAT-CAR")}
_STOKES = {"TEMPERATURE": "I", "INTENSITY": "I", "T": "I"}
_STOKES |= {f"{letter}{tail}": letter for letter in "IQUV" for tail in ("", "_STOKES", "-STOKES", "_STOKE")}
_STOKES |= {f"STOKES_{letter}": letter for letter in "IQUV"}
_STOKES |= {f"{letter}{join}POLARI{z}ATION": letter for letter in "QUV" for join in "-_ " for z in "SZ"}


def healpix_stacks(file: FitsFile, hdu: FitsHdu) -> list[PlaneStack]:
    """One stack for each column of numbers; for a MOC, which has none, one that is 1 inside it.

    Raises
    ------
    CorruptFileError, UnsupportedFileError
        The table cannot be used as a map.
    """
    table = read_table(hdu.header, file.name)
    if hdu.available < table.row_bytes:
        raise CorruptFileError(file.name, f"HDU {hdu.index} is a HEALPix table of which the file holds no row.")
    sky = MapSky(file, hdu, table)
    if not table.values and table.index is None:
        raise CorruptFileError(file.name, "its HEALPix table has no column of numbers.")
    return [_stack(sky, column) for column in table.values or (None,)]


def _stack(sky: MapSky, column: Column | None) -> PlaneStack:
    words = _words(sky, column)
    return PlaneStack(words, (), lambda _: HealpixPlane(sky, column, words))


def _words(sky: MapSky, column: Column | None) -> PlaneWords:
    header, name = sky.hdu.header, "MOC" if column is None else column.name
    stokes = _STOKES.get(name.upper())
    notes = sky.table.notes
    if sky.hdu.truncated:
        notes += ("The file is truncated: pixels that are not there are blank.",)
    return PlaneWords(
        name=sky.file.name,
        hdu=sky.hdu.index,
        extname=header.string("EXTNAME"),
        units=(column.unit or None) if column else None,
        quantity=stokes or name,
        stokes=stokes,
        object=header.string("OBJECT") if header.string("OBJECT").upper() not in {"FULLSKY", "PARTIAL"} else None,
        frequency=header.string("FREQ") or None,
        notes=(*notes, f"HEALPix map ({sky.resolution}): shown on a grid of {sky.shape[1]} × {sky.shape[0]} pixels."),
        keywords={"TTYPE": name} if column else {},
    )


class MapSky:
    """What the columns of one HEALPix table share: where each pixel of the grid lies in the table."""

    def __init__(self, file: FitsFile, hdu: FitsHdu, table: MapTable) -> None:
        self.file = file
        self.hdu = hdu
        self.table = table
        self.bytes = TableBytes(file, hdu, table)
        self._lock = threading.Lock()
        self._cells: CellIndex | None = None
        self._wcs: PlaneWcs | None = None
        finest = self._finest_nside()
        nx = min(max(COLUMNS_FOR_NSIDE * finest, MIN_COLUMNS), MAX_COLUMNS)
        self.shape = (nx // 2, nx)
        self.resolution = f"{table.ordering}, NSIDE {finest}" + (" at the finest" if table.ordering == "NUNIQ" else "")

    def _finest_nside(self) -> int:
        """NSIDE; of a multi-order map that of its finest cells, by MOCORDER where that can be no mere upper bound."""
        table = self.table
        if table.ordering != "NUNIQ" or table.index is None:
            return table.nside
        if table.order is not None and 0 <= table.order <= MAX_TRUSTED_ORDER:
            return 1 << table.order
        if table.rows * table.row_bytes > MAX_SCAN_BYTES:
            return MAX_COLUMNS // COLUMNS_FOR_NSIDE
        orders, _ = cells_of_uniq(self.bytes.whole_numbers(table.index))
        return 1 << max(0, int(orders.max(initial=0)))

    def elements(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.int64]:
        """Elements of the table's columns under pixels of the grid, shape (rows, columns); −1 for none."""
        ny, nx = self.shape
        latitude = (rows + 0.5) * (180.0 / ny) - 90.0
        longitude = ((nx - 1) / 2.0 - columns) * (360.0 / nx)
        pixels = pixels_of_grid(self.table.nside, longitude, latitude, nested=self.table.nested)
        if self.table.index is not None:
            self.cells().find(pixels)
        elif self.table.first_pixel:
            pixels -= self.table.first_pixel
        return pixels

    def cells(self) -> CellIndex:
        """The index of listed pixels, made when first needed."""
        with self._lock:
            if self._cells is None:
                assert self.table.index is not None
                numbers = self.bytes.whole_numbers(self.table.index)
                make = CellIndex.of_uniq if self.table.ordering == "NUNIQ" else CellIndex.of_pixels
                self._cells = make(numbers, 12 * self.table.nside**2)
            return self._cells

    def wcs(self) -> PlaneWcs | None:
        """World coordinates of the grid."""
        from armillary.sky.wcs import PlaneWcs

        with self._lock:
            if self._wcs is None:
                self._wcs = PlaneWcs.from_header_text(grid_header(self.table.frame, self.shape), self.shape)
            return self._wcs


def grid_header(frame: str, shape: tuple[int, int]) -> str:
    """World coordinate cards of the grid on which a map is shown, one a line."""
    ny, nx = shape
    cards = [f"CTYPE{axis}  = '{ctype}'" for axis, ctype in enumerate(_CTYPES[frame], 1)]
    cards += [f"CRPIX1  = {nx / 2 + 0.5!r}", f"CRPIX2  = {ny / 2 + 0.5!r}", "CRVAL1  = 0.0", "CRVAL2  = 0.0"]
    cards += [f"CDELT1  = {-360.0 / nx!r}", f"CDELT2  = {180.0 / ny!r}", "CUNIT1  = 'deg'", "CUNIT2  = 'deg'"]
    return "\n".join([*cards, *(["RADESYS = 'ICRS'"] if frame == "icrs" else [])])


class HealpixPlane(Plane):
    """A column of a HEALPix table, on a grid; None for the inside of a MOC."""

    def __init__(self, sky: MapSky, column: Column | None, words: PlaneWords) -> None:
        self._sky = sky
        self._column = column
        self.words = words
        self.shape = sky.shape
        plain = column is None or column.code == "L"
        self.dtype = np.dtype(np.float32) if plain or column is None else dtype_of(BITPIX[column.code], column.linear)
        bad = {UNSEEN, sky.hdu.header.number("BAD_DATA", UNSEEN)}
        self._unseen = [(value - 1e-5 * abs(value), value + 1e-5 * abs(value)) for value in bad]

    @property
    def sky(self) -> MapSky:
        """The table, which its other columns share."""
        return self._sky

    @property
    def column(self) -> Column | None:
        """Its column; None for the inside of a MOC."""
        return self._column

    @property
    def version(self) -> str:
        """Version of the file as it is on disk now."""
        return self._sky.file.source.version

    @property
    def opened_version(self) -> str:
        """Version of the file when its headers were read: the only one whose pixels this plane gives."""
        return self._sky.file.version

    def header_text(self) -> str:
        """Header of the table."""
        return self._sky.hdu.header.text

    def header_texts(self) -> list[tuple[int, str, str]]:
        """Number, name and header of every unit of the file."""
        return self._sky.file.header_texts()

    @property
    def wcs(self) -> PlaneWcs | None:
        """World coordinates of the grid."""
        return self._sky.wcs()

    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window."""
        rows = np.arange(window.y0, window.y1, dtype=np.float64)
        columns = np.arange(window.x0, window.x1, dtype=np.float64)
        return self._sky.file.read(lambda: self._values(rows, columns))

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """Every ``step``-th pixel from the top left; only these are looked up."""
        rows = np.arange(self.shape[0] - 1, -1, -step, dtype=np.float64)
        columns = np.arange(0, self.shape[1], step, dtype=np.float64)
        return self._sky.file.read(lambda: to_float32(self._values(rows, columns)))

    def _values(self, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[Any]:
        column = self._column
        kind = "float32" if column is None else value_dtype(stored_type(column))
        values = np.empty((len(rows), len(columns)), kind)
        at_once = max(1, CHUNK_PIXELS // len(columns))
        for row in range(0, len(rows), at_once):
            elements = self._sky.elements(rows[row : row + at_once], columns)
            values[row : row + at_once] = self._of_elements(elements)
        return values

    def _of_elements(self, elements: NDArray[np.int64]) -> NDArray[Any]:
        if self._column is None:
            return np.where(elements >= 0, np.float32(1), np.float32(np.nan))
        stored, missing = self._sky.bytes.pick(self._column, elements)
        if self._column.code == "L":
            values: NDArray[Any] = (stored == ord("T")).astype(np.float32)
            missing |= ~np.isin(stored, [ord("T"), ord("F")])
        else:
            values = to_values(stored, self._column.linear)
        if stored.dtype.kind == "f":
            limit = float(np.finfo(stored.dtype).max)
            for low, high in self._unseen:
                missing |= (stored >= min(max(low, -limit), limit)) & (stored <= min(max(high, -limit), limit))
        values[missing] = np.nan
        return values
