"""Header cards (FITS 4.0, section 4), read without astropy and parsed when they are asked for."""

from __future__ import annotations

import math
import re

CARD = 80
BLOCK = 2880
_END = b"END".ljust(8)
_STRING = re.compile(r"\s*'((?:[^']|'')*)'")
_INTEGER = re.compile(r"[+-]?[0-9]+\Z")
_FLOAT = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([EDed][+-]?[0-9]+)?\Z")
_UNPRINTABLE = bytes(c if 32 <= c < 127 else ord("?") for c in range(256))

Value = str | int | float | bool


class Header:
    """Cards of one header.

    Parameters
    ----------
    raw
        Its bytes up to the END card, a multiple of 80.
    """

    __slots__ = ("_index", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._index: dict[str, int] | None = None

    def __contains__(self, key: str) -> bool:
        return key in self._cards()

    def get(self, key: str, default: Value | None = None) -> Value | None:
        """Value of a keyword, ``default`` where it is missing, has no value or cannot be parsed.

        Long strings are put together (CONTINUE), ``HIERARCH`` keywords are asked for without that word.
        """
        position = self._cards().get(key)
        if position is None:
            return default
        value = self._value(position)
        return default if value is None else value

    def integer(self, key: str) -> int | None:
        """Value of a keyword that is a whole number, None where it is something else."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return int(value) if math.isfinite(value) and value == int(value) else None

    def number(self, key: str, default: float) -> float:
        """Value of a keyword that is a finite number, else ``default``."""
        value = self.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return default
        return float(value) if math.isfinite(value) else default

    def string(self, key: str) -> str:
        """Value of a keyword in words, without spaces around, empty where there is none."""
        value = self.get(key)
        return "" if value is None else str(value).strip()

    @property
    def text(self) -> str:
        """All cards, one a line, up to and with END; bytes that are not printable are shown as ``?``."""
        return "\n".join(self.cards())

    def cards(self) -> list[str]:
        """All cards as text of 80 characters, END last."""
        text = self.raw.translate(_UNPRINTABLE).decode("ascii")
        return [text[k : k + CARD] for k in range(0, len(text), CARD)] + ["END".ljust(CARD)]

    def forget_index(self) -> None:
        """Give back the memory of the parsed index; it is made again when needed."""
        self._index = None

    def _cards(self) -> dict[str, int]:
        if self._index is None:
            text = self.raw.decode("latin-1")
            index: dict[str, int] = {}
            for position in range(0, len(text), CARD):
                key = text[position : position + 8].rstrip()
                if key == "HIERARCH":
                    key = text[position + 9 : position + CARD].partition("=")[0].strip()
                index.setdefault(key, position)
            self._index = index
        return self._index

    def _value(self, position: int) -> Value | None:
        card = self.raw[position : position + CARD].decode("latin-1")
        start = card.find("=", 8) if card.startswith("HIERARCH") else 8
        if start < 0 or card[start : start + 1] != "=":
            return None
        field = card[start + 1 :]
        match = _STRING.match(field)
        if match:
            return self._string(match.group(1), position)
        return parse_value(field.partition("/")[0].strip())

    def _string(self, first: str, position: int) -> str:
        parts = [first]
        while parts[-1].rstrip().endswith("&"):
            position += CARD
            card = self.raw[position : position + CARD].decode("latin-1")
            match = _STRING.match(card[8:]) if card.startswith("CONTINUE") else None
            if match is None:
                break
            parts[-1] = parts[-1].rstrip()[:-1]
            parts.append(match.group(1))
        return "".join(parts).replace("''", "'").rstrip()


def parse_value(text: str) -> Value | None:
    """A logical or a number in the free format of section 4.2, None for anything else."""
    if text in ("T", "F"):
        return text == "T"
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return float(text.replace("D", "E").replace("d", "e"))
    return None


def find_end(block: bytes) -> int | None:
    """Position of the END card in a block of 2880 bytes, None when it is not there."""
    at = block.find(_END)
    while at >= 0:
        if at % CARD == 0:
            return at
        at = block.find(_END, at + 1)
    return None
