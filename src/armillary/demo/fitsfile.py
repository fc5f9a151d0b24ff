"""Write FITS with numpy alone: importing astropy would take longer than the simulation of a field.

Format: FITS standard 4.0, sections 3 (blocks), 4.2 (cards) and 7.3 (binary tables).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

Value = bool | int | float | str
Cards = Mapping[str, Value]

BLOCK = 2880
_BITPIX = {"f4": -32, "f8": -64, "i2": 16, "i4": 32, "u1": 8}
_TFORM = {"f4": "E", "f8": "D", "i2": "I", "i4": "J"}


def format_card(keyword: str, value: Value) -> str:
    """One header card of 80 characters in fixed format.

    Raises
    ------
    ValueError
        The keyword or the value does not fit.
    """
    if isinstance(value, bool):
        text = f"{'T' if value else 'F':>20}"
    elif isinstance(value, str):
        text = "'" + f"{value.replace(chr(39), chr(39) * 2):<8}" + "'"
    else:
        text = f"{str(value).upper():>20}"
    card = f"{keyword:<8}= {text}"
    if len(keyword) > 8 or len(card) > 80:
        raise ValueError(f"The card {keyword} does not fit into 80 characters.")
    return f"{card:<80}"


def _header(cards: Cards) -> bytes:
    text = "".join(format_card(keyword, value) for keyword, value in cards.items()) + f"{'END':<80}"
    return _padded(text.encode("ascii"), b" ")


def _padded(data: bytes, fill: bytes) -> bytes:
    return data + fill * (-len(data) % BLOCK)


def _kind(dtype: np.dtype[np.generic]) -> str:
    return f"{dtype.kind}{dtype.itemsize}"


def image_header(dtype: np.dtype[np.generic], shape: tuple[int, ...], cards: Cards) -> bytes:
    """Header of a primary HDU with an image, in whole blocks."""
    structure: dict[str, Value] = {"SIMPLE": True, "BITPIX": _BITPIX[_kind(dtype)], "NAXIS": len(shape)}
    structure |= {f"NAXIS{i + 1}": n for i, n in enumerate(reversed(shape))}
    return _header({**structure, **cards})


def write_image(path: Path, pixels: NDArray[np.generic], cards: Cards) -> None:
    """Write an array as the primary HDU of a new file.

    Parameters
    ----------
    path
        File to make.
    pixels
        Array in FITS order: the last axis is NAXIS1.
    cards
        Further cards: WCS, BUNIT, OBJECT.
    """
    stored = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder(">")))
    with path.open("xb") as file:
        file.write(image_header(pixels.dtype, pixels.shape, cards))
        file.write(stored.data)
        file.write(bytes(-stored.nbytes % BLOCK))


def write_table(path: Path, columns: Mapping[str, NDArray[np.generic]], cards: Cards) -> None:
    """Write columns of scalars as a binary table after an empty primary HDU.

    Parameters
    ----------
    path
        File to make.
    columns
        Name and 1-D array of each column, all of one length.
    cards
        Further cards of the table's header.
    """
    fields = [(name, column.dtype.newbyteorder(">")) for name, column in columns.items()]
    rows = np.empty(len(next(iter(columns.values()))), dtype=fields)
    for name, column in columns.items():
        rows[name] = column
    structure: dict[str, Value] = {
        "XTENSION": "BINTABLE", "BITPIX": 8, "NAXIS": 2, "NAXIS1": rows.dtype.itemsize, "NAXIS2": len(rows),
        "PCOUNT": 0, "GCOUNT": 1, "TFIELDS": len(columns),
    }  # fmt: skip
    for i, (name, column) in enumerate(columns.items(), 1):
        structure |= {f"TTYPE{i}": name, f"TFORM{i}": _TFORM[_kind(column.dtype)]}
    with path.open("xb") as file:
        file.write(_header({"SIMPLE": True, "BITPIX": 8, "NAXIS": 0, "EXTEND": True}))
        file.write(_header({**structure, **cards}))
        file.write(_padded(rows.tobytes(), b"\0"))
