"""Coverage maps (MOC 2.0, IVOA recommendation 2022-07-27): FITS with ``UNIQ`` or ``RANGE``, JSON, text."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.hats.folder import Folder
from armillary.errors import CorruptFileError, UnsupportedFileError
from armillary.sky.covers import held_by, joined
from armillary.sky.healpix import MAX_ORDER, cells_of_uniq, pixels_of, ranges_of_uniq

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

LARGEST = 1 << 28
_TEXT = re.compile(r"\s*s?\s*\d{1,2}/[\d\s,/-]*\s*", re.ASCII)
_CELLS = re.compile(r"(\d+)(?:-(\d+))?", re.ASCII)


class Moc:
    """A part of the sky as ranges of the index of order 29.

    Parameters
    ----------
    starts, stops
        Half-open ranges in any order.
    """

    def __init__(self, starts: NDArray[np.int64], stops: NDArray[np.int64]) -> None:
        self.starts, self.stops = joined(starts, stops)

    def holds(self, ra_deg: NDArray[np.float64], dec_deg: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether positions lie in it."""
        return held_by(pixels_of(1 << MAX_ORDER, ra_deg, dec_deg, nested=True), self.starts, self.stops)


def read_moc(path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None = None) -> Moc:
    """A coverage map from a file.

    Raises
    ------
    UnreadableFileError
        It is not there, or cannot be read.
    CorruptFileError, UnsupportedFileError
        It is no coverage map of the sky in equatorial coordinates.
    """
    top, _, name = Folder(path).address.rpartition("/")
    data = Folder(top or "/", storage_options).read(name, LARGEST + 1)
    if len(data) > LARGEST:
        raise UnsupportedFileError(name, "is larger than a coverage map may be.")
    if data.startswith(b"SIMPLE"):
        return _of_fits(name, data)
    text = data.decode("utf-8", "replace")
    try:
        return _of_json(name, text) if text.lstrip().startswith("{") else _of_text(name, text)
    except ValueError:
        raise CorruptFileError(name, "is no coverage map: neither FITS nor JSON nor text of one.") from None


def _of_fits(name: str, data: bytes) -> Moc:
    import io

    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(data)) as units:
                found = next(unit for unit in units if isinstance(unit, fits.BinTableHDU))
                header, columns = found.header, {entry.name.upper(): entry for entry in found.columns}
                word = next(iter(columns)) if len(columns) == 1 else next(w for w in ("UNIQ", "RANGE") if w in columns)
                numbers = np.asarray(found.data[columns[word].name]).astype(np.int64).reshape(-1)
    except (OSError, StopIteration, ValueError, TypeError, KeyError, IndexError):
        raise CorruptFileError(name, "is no coverage map: it has no table of cells.") from None
    if str(header.get("MOCDIM", "SPACE")).strip().upper() != "SPACE":
        raise UnsupportedFileError(name, "is a coverage map of more than the sky.")
    if str(header.get("COORDSYS", "C")).strip().upper() not in {"C", ""}:
        raise UnsupportedFileError(name, "is a coverage map in other coordinates than ICRS.")
    if str(header.get("ORDERING", "NUNIQ")).strip().upper() == "RANGE":
        return _of_ranges(name, numbers)
    if (cells_of_uniq(numbers)[0] < 0).any():
        raise CorruptFileError(name, "is no coverage map: some of its numbers are no cells.")
    return Moc(*ranges_of_uniq(numbers))


def _of_ranges(name: str, numbers: NDArray[np.int64]) -> Moc:
    pairs = numbers.reshape(-1, 2) if numbers.size % 2 == 0 else np.full((1, 2), -1, np.int64)
    if ((pairs < 0) | (pairs > 12 << (2 * MAX_ORDER))).any() or (pairs[:, 0] > pairs[:, 1]).any():
        raise CorruptFileError(name, "is no coverage map: some of its ranges are none.")
    return Moc(pairs[:, 0], pairs[:, 1])


def _of_json(name: str, text: str) -> Moc:
    found = json.loads(text)
    cells = [(int(order), int(cell), int(cell) + 1) for order, listed in found.items() for cell in listed]
    return _of_cells(name, cells)


def _of_text(name: str, text: str) -> Moc:
    if not _TEXT.fullmatch(text):
        raise ValueError(name)
    cells: list[tuple[int, int, int]] = []
    for part in re.finditer(r"(\d{1,2})/([^/]*?)(?=\d{1,2}/|\Z)", text, re.ASCII):
        listed = ((int(cell[1]), int(cell[2] or cell[1]) + 1) for cell in _CELLS.finditer(part[2]))
        cells.extend((int(part[1]), first, stop) for first, stop in listed)
    return _of_cells(name, cells)


def _of_cells(name: str, cells: list[tuple[int, int, int]]) -> Moc:
    if any(not 0 <= o <= MAX_ORDER or not 0 <= first < stop <= 12 << (2 * min(o, 29)) for o, first, stop in cells):
        raise CorruptFileError(name, "is no coverage map: some of its numbers are no cells.")
    table = np.array(cells, np.int64).reshape(-1, 3)
    shift = 2 * (MAX_ORDER - table[:, 0])
    return Moc(table[:, 1] << shift, table[:, 2] << shift)
