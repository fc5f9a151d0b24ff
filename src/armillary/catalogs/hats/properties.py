"""``hats.properties`` and ``collection.properties``: lines ``name=value``, as Java's Properties has them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from armillary import __version__
from armillary.errors import CorruptFileError

if TYPE_CHECKING:
    from collections.abc import Mapping

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_BREAK = re.compile(r"\r\n|\r|\n")
LARGEST = 1 << 20


def read_properties(name: str, data: bytes) -> dict[str, str]:
    """Names and values of a properties file, in order.

    Parameters
    ----------
    name
        The file's own name, for messages.

    Raises
    ------
    CorruptFileError
        It is no text, or larger than 1 MiB.
    """
    if len(data) > LARGEST:
        raise CorruptFileError(name, "is larger than a properties file may be.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise CorruptFileError(name, "is no text.")
    return dict(_pair(line) for line in _logical_lines(text))


def _logical_lines(text: str) -> list[str]:
    """Lines without comments; a backslash at the end of one joins the next."""
    lines: list[str] = []
    held = ""
    for raw in _BREAK.split(text):
        line = raw.lstrip(" \t\f")
        if not held and (not line or line[0] in "#!"):
            continue
        line = held + line
        ends = len(line) - len(line.rstrip("\\"))
        held = line[:-1] if ends % 2 else ""
        if not ends % 2:
            lines.append(line)
    return [*lines, held] if held else lines


def _pair(line: str) -> tuple[str, str]:
    place = 0
    while place < len(line) and line[place] not in "=: \t\f":
        place += 2 if line[place] == "\\" else 1
    rest = line[place:].lstrip(" \t\f")
    value = rest[1:].lstrip(" \t\f") if rest[:1] in {"=", ":"} else rest
    # Blanks at the end count for Java; those of files edited by hand are never meant.
    return _unescaped(line[:place]), _unescaped(value) if "\\" in value else value.rstrip()


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    out, place = [], 0
    while place < len(text):
        letter = text[place]
        if letter != "\\":
            out.append(letter)
            place += 1
            continue
        code = text[place + 1 : place + 2]
        digits = text[place + 2 : place + 6]
        if code == "u" and len(digits) == 4 and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            out.append(chr(int(digits, 16)))
            place += 6
        else:
            out.append(_ESCAPES.get(code, code))
            place += 2
    return "".join(out)


def write_properties(values: Mapping[str, object], title: str = "HATS catalog") -> bytes:
    """A properties file; None is left out, lists are joined by blanks."""
    lines = [f"#{title}"]
    for name, value in values.items():
        if value is None:
            continue
        text = " ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        lines.append(f"{_escaped(name, key=True)}={_escaped(text)}")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _escaped(text: str, *, key: bool = False) -> str:
    out = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t").replace("\f", "\\f")
    if key:
        for letter in " =:":
            out = out.replace(letter, "\\" + letter)
    out = "\\" + out if out[:1] in {" ", "#", "!"} else out
    return out[:-1] + "\\ " if out.endswith(" ") and not out.endswith("\\ ") else out


def made_by() -> dict[str, str]:
    """What every catalog says of its making (HATS 1.0, section 4.2)."""
    now = datetime.now(UTC)
    return {
        "hats_builder": f"armillary {__version__}",
        "hats_creation_date": f"{now:%Y-%m-%dT%H:%MUTC}",
        "hats_release_date": "2025-08-22",
        "hats_version": "v1.0",
    }
