"""Values of a VOTable as text (VOTable 1.4, 2.1, 5.1 and 6): one writer a column, chosen once."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from armillary.vo.xml import escape

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = {"char", "unicodeChar"}
INTEGERS = {"bit", "unsignedByte", "short", "int", "long"}
COMPLEX = {"floatComplex", "doubleComplex"}
EMPTY = "<TD/>"
"""Nothing: since VOTable 1.3 an empty cell is null in every column (6)."""


def text_type(text: str) -> str:
    """``char`` where a text is ASCII, else ``unicodeChar``."""
    return "char" if text.isascii() else "unicodeChar"


def char(value: Any) -> str:
    """A text in ASCII."""
    text = value if type(value) is str else str(value)
    return text if text.isascii() else text.encode("ascii", "replace").decode()


def unicode_char(value: Any) -> str:
    """A text in the basic plane: the datatype is UCS-2."""
    text = str(value)
    return text if text.isascii() else "".join(letter if letter <= "\uffff" else "\ufffd" for letter in text)


def integer(value: Any) -> str:
    """A whole number."""
    return f"{int(value)}"


def boolean(value: Any) -> str:
    """``T`` or ``F``."""
    return "T" if value else "F"


def double(value: Any) -> str:
    """All digits of a number."""
    value = float(value)
    return repr(value) if math.isfinite(value) else _special(value)


def single(value: Any) -> str:
    """The digits that a number of single precision has."""
    if not math.isfinite(value):
        return _special(value)
    # A numpy.float32 writes the shortest digits that give it back.
    return f"{value:.9g}" if type(value) in {float, int} else str(value)


def _special(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return "+Inf" if value > 0 else "-Inf"


def complex_number(value: Any) -> str:
    """Real and imaginary part."""
    value = complex(value)
    return f"{double(value.real)} {double(value.imag)}"


_WRITERS: dict[str, Callable[[Any], str]] = {
    "char": char,
    "unicodeChar": unicode_char,
    "boolean": boolean,
    "float": single,
    "double": double,
    **dict.fromkeys(INTEGERS, integer),
    **dict.fromkeys(COMPLEX, complex_number),
}


def text_of(datatype: str, value: Any, null: str | None = None) -> str:
    """A value, or a sequence of values, as text that is not escaped yet; None is empty.

    Parameters
    ----------
    null
        What stands for None within a sequence of whole numbers.
    """
    if value is None:
        return ""
    write = _WRITERS[datatype]
    if datatype in TEXTS or not hasattr(value, "__len__"):
        return write(value)
    nothing = _nothing(datatype, null)
    return " ".join(nothing if one is None else write(one) for one in value)


def _nothing(datatype: str, null: str | None) -> str:
    """What stands for nothing within a sequence."""
    if datatype == "boolean":
        return "?"
    if datatype in COMPLEX:
        return "NaN NaN"
    return null or "0" if datatype in INTEGERS else "NaN"


def writer(datatype: str, arraysize: str = "", null: str | None = None, xtype: str = "") -> Callable[[Any], str]:
    """What makes a cell, with its tags, of a value of a column.

    Parameters
    ----------
    datatype, arraysize, xtype
        Of the column.
    null
        As of ``text_of``.
    """
    if datatype in TEXTS:
        return _text_cell(_WRITERS[datatype])
    if arraysize not in {"", "1"}:
        empty = _empty_array(arraysize, _nothing(datatype, null), xtype)
        return lambda value: empty if value is None else f"<TD>{text_of(datatype, value, null)}</TD>"
    if datatype == "double":
        return _double_cell
    return _scalar_cell(_WRITERS[datatype])


def _empty_array(arraysize: str, nothing: str, xtype: str) -> str:
    """Nothing in a column of sequences: of a fixed length so many nothings, of another none at all."""
    if xtype == "polygon":  # The least that readers take for one.
        return f"<TD>{' '.join([nothing] * 6)}</TD>"
    if arraysize.endswith("*"):
        return EMPTY
    return f"<TD>{' '.join([nothing] * math.prod(map(int, arraysize.split('x'))))}</TD>"


def _text_cell(write: Callable[[Any], str]) -> Callable[[Any], str]:
    def cell(value: Any) -> str:
        return EMPTY if value is None else f"<TD>{escape(write(value))}</TD>"

    return cell


def _double_cell(value: Any) -> str:
    if value is None:
        return EMPTY
    value = float(value)
    # NaN is how a column of reals says nothing.
    return f"<TD>{value!r}</TD>" if math.isfinite(value) else _not_finite_cell(value)


def _not_finite_cell(value: float) -> str:
    return EMPTY if math.isnan(value) else f"<TD>{_special(value)}</TD>"


def _scalar_cell(write: Callable[[Any], str]) -> Callable[[Any], str]:
    def cell(value: Any) -> str:
        if value is None or value != value:  # noqa: PLR0124 - so is NaN, of every type of number
            return EMPTY
        return f"<TD>{write(value)}</TD>"

    return cell
