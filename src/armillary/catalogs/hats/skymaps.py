"""Sky maps: how many rows lie in each pixel, as ``hats`` reads them.

Format: FITS standard 4.0, sections 4.2 (cards) and 7.3 (binary tables); HEALPix in FITS with explicit pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from armillary.catalogs.hats.folder import Folder

BLOCK = 2880
BLOCK_ROWS = 1 << 20
_ROW = np.dtype([("PIXEL", ">i8"), ("VALUE", ">i8")])
_PRIMARY = {"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True}


def write_skymap(folder: Folder, pixels: NDArray[np.int64], counts: NDArray[np.int64], order: int, name: str) -> None:
    """Write a HEALPix table with explicit pixels, nested."""
    table: dict[str, bool | int | str] = {
        "XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2, "NAXIS1": _ROW.itemsize, "NAXIS2": len(pixels), "PCOUNT": 0,
        "GCOUNT": 1, "TFIELDS": 2, "TTYPE1": "PIXEL", "TFORM1": "K", "TTYPE2": "VALUE", "TFORM2": "K",
        "PIXTYPE": "HEALPIX", "INDXSCHM": "EXPLICIT", "ORDERING": "NESTED", "COORDSYS": "C", "NSIDE": 1 << order,
        "OBS_NPIX": len(pixels),
    }  # fmt: skip
    with folder.writing(name) as file:
        file.write(_header(_PRIMARY) + _header(table))
        for start in range(0, len(pixels), BLOCK_ROWS):
            rows = np.empty(min(BLOCK_ROWS, len(pixels) - start), _ROW)
            rows["PIXEL"], rows["VALUE"] = pixels[start : start + BLOCK_ROWS], counts[start : start + BLOCK_ROWS]
            file.write(rows.data.cast("B"))
        file.write(bytes(-len(pixels) * _ROW.itemsize % BLOCK))


def _header(cards: Mapping[str, bool | int | str]) -> bytes:
    text = "".join(_card(keyword, value) for keyword, value in cards.items()) + f"{'END':<80}"
    return text.ljust(-(-len(text) // BLOCK) * BLOCK).encode("ascii")


def _card(keyword: str, value: bool | int | str) -> str:
    shown = (
        f"'{value:<8}'" if isinstance(value, str) else f"{('F', 'T')[value] if isinstance(value, bool) else value:>20}"
    )
    return f"{keyword:<8}= {shown}".ljust(80)
