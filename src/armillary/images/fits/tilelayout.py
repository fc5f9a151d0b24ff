"""How a compressed image is cut into tiles and encoded, as its header says (FITS 4.0, section 10.1)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from armillary.errors import CorruptFileError, UnsupportedFileError
from armillary.storage.fits.hdus import BITPIX

if TYPE_CHECKING:
    from armillary.storage.fits.cards import Header
    from armillary.storage.fits.hdus import FitsHdu

MAX_TILE_PIXELS = 1 << 27
MAX_BLOCK_SIZE = 4096
ALGORITHMS = ("RICE_1", "GZIP_1", "GZIP_2", "HCOMPRESS_1", "PLIO_1", "NOCOMPRESS")
_DITHER_1, _DITHER_2 = "SUBTRACTIVE_DITHER_1", "SUBTRACTIVE_DITHER_2"


@dataclass(frozen=True, slots=True)
class TileLayout:
    """Tiles of an image.

    Parameters
    ----------
    lengths
        Axes of the image, fastest first.
    tile
        Axes of a tile that is not cut off by the edge.
    bitpix
        ZBITPIX.
    algorithm
        One of ``ALGORITHMS``.
    dithered, keep_zeros
        Whether floats were dithered before they were made integers, and whether zeros were left out of that.
    dither_seed
        ZDITHER0.
    byte_pixel, block_size
        Parameters of Rice.
    scale, zero, blank
        Keywords ZSCALE, ZZERO and ZBLANK (or BLANK), None where they are missing.
    """

    lengths: tuple[int, ...]
    tile: tuple[int, ...]
    bitpix: int
    algorithm: str
    dithered: bool
    keep_zeros: bool
    dither_seed: int
    byte_pixel: int
    block_size: int
    scale: float | None
    zero: float | None
    blank: int | None

    @property
    def counts(self) -> tuple[int, ...]:
        """How many tiles there are along each axis."""
        return tuple(-(-length // side) for length, side in zip(self.lengths, self.tile, strict=True))

    def row(self, index: tuple[int, ...]) -> int:
        """Row of the table that holds the tile with these numbers along the axes."""
        row, stride = 0, 1
        for k, count in zip(index, self.counts, strict=True):
            row += k * stride
            stride *= count
        return row

    def index(self, row: int) -> tuple[int, ...]:
        """The inverse of ``row``."""
        index = []
        for count in self.counts:
            row, k = divmod(row, count)
            index.append(k)
        return tuple(index)

    def tile_lengths(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """Axes of a tile, cut off by the edge of the image."""
        return tuple(
            min(side, length - k * side) for k, side, length in zip(index, self.tile, self.lengths, strict=True)
        )


def tile_layout(name: str, hdu: FitsHdu, lengths: tuple[int, ...]) -> TileLayout:
    """Read the layout from a header.

    Raises
    ------
    CorruptFileError
        Keywords contradict each other.
    UnsupportedFileError
        An algorithm that is not known, or tiles that are too large.
    """
    header = hdu.header
    where = f"HDU {hdu.index}"
    bitpix = header.integer("ZBITPIX")
    if bitpix not in BITPIX:
        raise CorruptFileError(name, f"ZBITPIX of {where} is missing or not allowed.")
    algorithm = header.string("ZCMPTYPE").upper().replace("RICE_ONE", "RICE_1")
    if algorithm not in ALGORITHMS:
        raise UnsupportedFileError(
            name, f"{where} is compressed by {algorithm or 'an unnamed method'}, which is not read."
        )
    tile = _tile(header, lengths)
    if min(tile) < 1:
        raise CorruptFileError(name, f"the tiles of {where} have no pixels.")
    if prod(tile) > MAX_TILE_PIXELS:
        raise UnsupportedFileError(name, f"the tiles of {where} have more than {MAX_TILE_PIXELS >> 20} million pixels.")
    quantise = header.string("ZQUANTIZ").upper()
    blank = header.integer("ZBLANK")
    layout = TileLayout(
        lengths,
        tile,
        bitpix,
        algorithm,
        quantise in (_DITHER_1, _DITHER_2),
        quantise == _DITHER_2,
        header.integer("ZDITHER0") or 1,
        *_rice_parameters(name, header),
        _keyword(header, "ZSCALE"),
        _keyword(header, "ZZERO"),
        header.integer("BLANK") if blank is None else blank,
    )
    if len(hdu.axes) != 2 or hdu.axes[1] < prod(layout.counts):
        raise CorruptFileError(name, f"{where} has fewer rows than its image has tiles.")
    return layout


def _tile(header: Header, lengths: tuple[int, ...]) -> tuple[int, ...]:
    """ZTILEn, by default whole rows."""
    sides = []
    for number, length in enumerate(lengths, 1):
        side = header.integer(f"ZTILE{number}")
        sides.append(min(length, (length if number == 1 else 1) if side is None else side))
    return tuple(sides)


def _keyword(header: Header, key: str) -> float | None:
    return header.number(key, 0.0) if header.get(key) is not None else None


def _rice_parameters(name: str, header: Header) -> tuple[int, int]:
    """BYTEPIX and BLOCKSIZE."""
    parameters = {header.string(f"ZNAME{k}").upper(): header.integer(f"ZVAL{k}") for k in range(1, 10)}
    byte_pixel = parameters.get("BYTEPIX") or 4
    block_size = parameters.get("BLOCKSIZE") or 32
    if byte_pixel not in (1, 2, 4) or not 1 <= block_size <= MAX_BLOCK_SIZE:
        raise CorruptFileError(name, "BYTEPIX or BLOCKSIZE of its Rice compression is not allowed.")
    return byte_pixel, block_size
