"""Cutouts of HEALPix maps: a partial map, a table of the pixels whose centres lie in a region and of their values.

Columns keep their types and numbers, bit by bit. Pixels that a map numbers by their places get a column ``PIXEL``;
those that it lists (``PIXEL``, ``UNIQ``) keep theirs. Without a region the table is the map.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from armillary import __version__
from armillary.images.cutouts.cards import GONE, Header, finished, history_cards, text_card, whole_card
from armillary.images.cutouts.healpix_selection import elements_in, expanded
from armillary.images.healpix_table import stored_type
from armillary.storage.fits.cards import CARD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from armillary.images.healpix import HealpixPlane
    from armillary.images.healpix_table import Column
    from armillary.sky.regions import Region

BLOCK_BYTES = 2 << 20
_MOST_INT32 = 1 << 31
_OF_COLUMNS = re.compile(
    rb"(TTYPE|TFORM|TUNIT|TNULL|TSCAL|TZERO|TDISP|TDIM|TBCOL|TCOMM|TUCD|TLMIN|TLMAX|TDMIN|TDMAX|TFIELDS|THEAP)[0-9]* *"
)
_OF_THE_MAP = re.compile(rb"(PIXTYPE|ORDERING|NSIDE|INDXSCHM|OBJECT|FIRSTPIX|LASTPIX|OBS_NPIX|COORDSYS|SKYFRAC|FSKY) *")
_LETTERS = {"icrs": "C", "galactic": "G", "ecliptic": "E"}


class _Kept(NamedTuple):
    """A column of the cutout; that of the pixels' numbers has no column of the file where these are implicit."""

    column: Column | None
    stored: np.dtype[Any]


class TableUnit:
    """The part of a HEALPix table that lies in a region.

    Parameters
    ----------
    planes
        Columns of one table; that of a MOC, which has none, stands for its cells.
    region
        Where; None for all.

    Raises
    ------
    VersionGoneError, FileError
        The file changed, vanished or cannot be read.
    LimitError
        It lists more pixels than are read.
    """

    def __init__(self, planes: Sequence[HealpixPlane], region: Region | None) -> None:
        sky = planes[0].sky
        self._sky, self._region = sky, region
        self._runs = sky.file.read(lambda: elements_in(sky, region))
        self._count = int((self._runs[:, 1] - self._runs[:, 0]).sum())
        self._columns = self._kept([plane.column for plane in planes if plane.column is not None])
        names = [f"f{k}" for k in range(len(self._columns))]
        # As unsigned numbers: no bit of them changes.
        kinds = [f">u{kept.stored.itemsize}" for kept in self._columns]
        self._row = np.dtype(list(zip(names, kinds, strict=True)))
        self.pixels = self._count * max(1, sum(plane.column is not None for plane in planes))

    def _kept(self, columns: list[Column]) -> list[_Kept]:
        table, found = self._sky.table, [_Kept(column, stored_type(column)) for column in columns]
        if table.index is not None:
            return [_Kept(table.index, stored_type(table.index)), *found]
        if self._region is None:
            return found
        small = 12 * table.nside**2 <= _MOST_INT32
        return [_Kept(None, np.dtype(">i4" if small else ">i8")), *found]

    @property
    def data_bytes(self) -> int:
        """Bytes of the rows, without padding."""
        return self._count * self._row.itemsize

    def header(self, *, extension: bool = True, extended: bool = False) -> Header:  # noqa: ARG002 - the protocol's
        """Its header, always that of an extension."""
        head = [
            b"XTENSION= 'BINTABLE'".ljust(CARD),
            *(whole_card(key, value) for key, value in ((b"BITPIX", 8), (b"NAXIS", 2))),
            whole_card(b"NAXIS1", self._row.itemsize),
            whole_card(b"NAXIS2", self._count),
            *(whole_card(key, value) for key, value in ((b"PCOUNT", 0), (b"GCOUNT", 1))),
            whole_card(b"TFIELDS", len(self._columns)),
            *(self._column_cards(number, kept) for number, kept in enumerate(self._columns, 1)),
        ]
        return finished(b"".join([*head, *self._map_cards(), *self._other_cards(), *self._history()]))

    def _column_cards(self, number: int, kept: _Kept) -> bytes:
        column = kept.column
        if column is None:
            letter = "J" if kept.stored.itemsize == 4 else "K"
            return text_card(f"TTYPE{number}", "PIXEL") + text_card(f"TFORM{number}", letter)
        old = self._number_of(column)
        cards = [text_card(f"TTYPE{number}", column.name), text_card(f"TFORM{number}", column.code)]
        for key in ("TUNIT", "TSCAL", "TZERO", "TNULL", "TDISP"):
            line = self._card(f"{key}{old}".encode())
            if line:
                cards.append(b"%-8b" % f"{key}{number}".encode() + line[8:])
        return b"".join(cards)

    def _number_of(self, column: Column) -> int:
        """Number of a column in the file, by its place in the row."""
        from armillary.images.healpix_table import column_offsets

        return column_offsets(self._sky.hdu.header).index(column.offset) + 1

    def _card(self, key: bytes) -> bytes:
        raw = self._sky.hdu.header.raw
        lines = (raw[k : k + CARD] for k in range(0, len(raw), CARD))
        return next((line.ljust(CARD) for line in lines if line[:8].rstrip() == key), b"")

    def _map_cards(self) -> Iterator[bytes]:
        table, header = self._sky.table, self._sky.hdu.header
        yield text_card("PIXTYPE", "HEALPIX")
        yield text_card("ORDERING", table.ordering)
        if table.ordering != "NUNIQ":
            yield whole_card(b"NSIDE", table.nside)
        yield text_card("COORDSYS", header.string("COORDSYS") or _LETTERS[table.frame])
        if self._region is None and table.index is None:
            yield text_card("INDXSCHM", "IMPLICIT")
            yield whole_card(b"FIRSTPIX", table.first_pixel)
            yield whole_card(b"LASTPIX", table.first_pixel + self._count - 1)
        else:
            yield text_card("INDXSCHM", "EXPLICIT")
            yield whole_card(b"OBS_NPIX", self._count)
        whole = self._region is None and header.string("OBJECT").upper() != "PARTIAL" and table.index is None
        yield text_card("OBJECT", "FULLSKY" if whole and not table.first_pixel else "PARTIAL")

    def _other_cards(self) -> Iterator[bytes]:
        raw, dropped = self._sky.hdu.header.raw, False
        for start in range(0, len(raw), CARD):
            line = raw[start : start + CARD].ljust(CARD)
            key = line[:8]
            if key != b"CONTINUE":
                dropped = any(pattern.fullmatch(key) for pattern in (GONE, _OF_COLUMNS, _OF_THE_MAP))
            if not dropped:
                yield line

    def _history(self) -> list[bytes]:
        sky = self._sky
        origin = f"{sky.file.name}, HDU {sky.hdu.index}, version {sky.file.version}"
        said = [f"Cutout by Armillary {__version__} of {origin}."]
        if self._region is not None:
            said += [
                f"{self._count} pixels whose centres lie in the region are kept.",
                f"Region (ICRS degrees): {self._region.label}",
            ]
        return history_cards(said)

    def data(self) -> Iterator[memoryview]:
        """The rows in pieces of about 2 MiB.

        Raises
        ------
        VersionGoneError, FileError
            The file changed or vanished.
        """
        for elements in expanded(self._runs, max(1, BLOCK_BYTES // self._row.itemsize)):
            rows = self._sky.file.read(lambda elements=elements: self._rows(elements))  # type: ignore[misc]
            yield rows.view(np.uint8).data

    def _rows(self, elements: NDArray[np.int64]) -> NDArray[Any]:
        rows = np.empty(len(elements), self._row)
        for name, kept in zip(self._row.names or (), self._columns, strict=True):
            if kept.column is None:
                numbers = (elements + self._sky.table.first_pixel).astype(kept.stored)
                rows[name] = numbers.view(self._row[name])
            else:
                stored, _ = self._sky.bytes.pick(kept.column, elements.copy())
                rows[name] = stored.view(f"u{stored.itemsize}")
        return rows
