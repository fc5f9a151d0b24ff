"""XML as it is written here: everything escaped, nothing in it that XML 1.0 forbids, bytes by the block."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
BLOCK_CHARACTERS = 1 << 16

# XML 1.0 (fifth edition), 2.2: what is no Char. C1 controls are allowed but discouraged, and readers choke on them.
_FORBIDDEN = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
_NOT_XML = re.compile(f"[{_FORBIDDEN}]")
_SPECIAL = re.compile(f'[&<>"\t\n\r{_FORBIDDEN}]')
_REFERENCES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_IN_TEXT = str.maketrans({letter: _REFERENCES[letter] for letter in "&<>\r"})
_IN_ATTRIBUTE = str.maketrans(_REFERENCES)


def clean(text: str) -> str:
    """A text without the characters that no XML document may hold."""
    return _NOT_XML.sub("", text)


def escape(text: str) -> str:
    """A text as the content of an element."""
    return clean(text).translate(_IN_TEXT) if _SPECIAL.search(text) else text


def quote(text: str) -> str:
    """A text as the value of an attribute, in its quotes; line ends are kept as references."""
    return f'"{clean(text).translate(_IN_ATTRIBUTE)}"' if _SPECIAL.search(text) else f'"{text}"'


def tag(name: str, attributes: Iterable[tuple[str, str | None]] = (), content: str | None = None) -> str:
    """An element.

    Parameters
    ----------
    name
        With its prefix.
    attributes
        Names and values; those without a value (None) are left out.
    content
        What is in it, escaped already; None for an empty element.
    """
    words = "".join(f" {key}={quote(value)}" for key, value in attributes if value is not None)
    return f"<{name}{words}/>" if content is None else f"<{name}{words}>{content}</{name}>"


def blocks(parts: Iterable[str]) -> Iterator[bytes]:
    """Texts as UTF-8, in blocks of some tens of kilobytes."""
    waiting: list[str] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= BLOCK_CHARACTERS:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    if waiting:
        yield "".join(waiting).encode()
