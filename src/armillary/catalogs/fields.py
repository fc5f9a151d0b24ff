"""Words for the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Field:
    """What is known of a column.

    Parameters
    ----------
    name
        Unique in its table.
    dtype
        ``float64``, ``int32``, ``bool``, ``text``, ``float32[5]`` (arrays), ``other``.
    unit, ucd, description
        As the file says, empty where it says nothing.
    """

    name: str
    dtype: str
    unit: str = ""
    ucd: str = ""
    description: str = ""

    @property
    def numeric(self) -> bool:
        """Whether it holds a real number in each row."""
        return self.dtype.startswith(("float", "int", "uint")) and not self.dtype.endswith("]")

    @property
    def is_text(self) -> bool:
        """Whether it holds text."""
        return self.dtype == "text"


_WORDS = {"double": "float64", "float": "float32", "halffloat": "float16", "bool": "bool", "null": "text"}


def dtype_word(kind: Any) -> str:
    """Word for a type of pyarrow."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return dtype_word(kind.value_type)
    if types.is_fixed_size_list(kind):
        return f"{dtype_word(kind.value_type)}[{kind.list_size}]"
    if types.is_list(kind) or types.is_large_list(kind):
        return f"{dtype_word(kind.value_type)}[]"
    if types.is_decimal(kind):
        return "float64"
    if types.is_integer(kind):
        return str(kind)
    return _WORDS.get(str(kind), "text" if _becomes_text(kind) else "other")


def _becomes_text(kind: Any) -> bool:
    from pyarrow import types

    text = (types.is_string, types.is_large_string, types.is_binary, types.is_large_binary)
    tests = (*text, types.is_fixed_size_binary, types.is_temporal)
    return str(kind).endswith("_view") or any(test(kind) for test in tests)


def unique_names(names: Iterable[str]) -> list[str]:
    """Names as they can be asked for: stripped, never empty, the second ``a`` being ``a-2``."""
    found: dict[str, None] = {}
    counts: dict[str, int] = {}
    for number, given in enumerate(names, 1):
        base = " ".join(given.replace("\0", "").split()) or f"column{number}"
        name = base
        while name in found:
            counts[base] = counts.get(base, 1) + 1
            name = f"{base}-{counts[base]}"
        found[name] = None
    return list(found)
