"""Headers of cutouts, from the cards of the file: as bytes, so that making one costs microseconds.

The cards of an image are looked through once and kept as a `Template`: those that stay as they are in a few pieces,
and between them those that change with the window.

What changes: the structure (SIMPLE to NAXISn); CRPIX of every version of the world coordinates, so that SIP, TPV, TNX
and ZPX polynomials, which count from it, stay right; LTV (IRAF) and CNPIX (plates), which count pixels too. Axes that
are no part of the plane stay, with one pixel, at the coordinate of the slice. CHECKSUM and DATASUM were those of the
whole file and are made anew (``checksums``); INHERIT stays in extensions only, DATAMIN and DATAMAX, which were those of
all pixels, go, and so does BLANK where floats make it meaningless.
"""

from __future__ import annotations

import functools
import math
import re
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from armillary.images.cutouts.checksums import SUM_CARDS
from armillary.storage.fits.cards import BLOCK, CARD
from armillary.storage.fits.cards import Header as RawHeader

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

GONE = re.compile(
    rb"(SIMPLE|XTENSION|BITPIX|NAXIS[0-9]*|EXTEND|PCOUNT|GCOUNT|GROUPS|BLOCKED|INHERIT|CHECKSUM|DATASUM"
    rb"|DATAMIN|DATAMAX|END) *"
)
_MOVED = re.compile(rb"(CRPIX|LTV|CNPIX)([1-9][0-9]?)([A-Z]?) *")
_DESCRIBES = re.compile(rb"(?:CTYPE|CRVAL|CDELT|CRPIX)[1-9][0-9]?([A-Z]?) *|(?:CD|PC)[1-9]_[1-9]([A-Z]?) *")
_NUMBER = re.compile(rb"= *([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[EDed][+-]?[0-9]+)?)( */.*| *)")
_COMPRESSED_NAME = re.compile(rb"EXTNAME *= *'COMPRESSED_IMAGE *'")
_UNPRINTABLE = bytes(c if 32 <= c < 127 else ord("?") for c in range(256))
_ASCII = {ord(sign): plain for sign, plain in zip("×÷−–—µμ", "*/---uu", strict=True)}
_HISTORY_TEXT = 70
_TEXT = 60
_TABULATED = re.compile(rb"CTYPE[1-9][A-Z]? *= *'.{4}-TAB.*")
_OWN = re.compile(rb"(EXTNAME|EXTVER|EXTLEVEL|HISTORY|COMMENT| {8}) *")
_TABLE_NUMBER = re.compile(rb"^((?:DP|D2IM)[1-9][A-Z]? *= *'EXTVER: *)([0-9]+(?:\.[0-9]*)?) *'")
_INHERITS = re.compile(rb"INHERIT *= +T *(/.*)?")
_END = b"END".ljust(CARD)
_PRIMARY = b"SIMPLE  =                    T".ljust(CARD)
_IMAGE = b"XTENSION= 'IMAGE   '".ljust(CARD)
_COUNTS = b"PCOUNT  =                    0".ljust(CARD) + b"GCOUNT  =                    1".ljust(CARD)
_EXTENDED = b"EXTEND  =                    T".ljust(CARD)
_INHERIT = b"INHERIT =                    T".ljust(CARD)


class Header(NamedTuple):
    """A header that is whole but for its sums.

    Parameters
    ----------
    data
        Its bytes, padded.
    sums
        Where `SUM_CARDS` lie in it.
    """

    data: bytes
    sums: int


def finished(cards: bytes) -> Header:
    """Cards with those of the sums, END and padding."""
    return Header(padded(b"".join((cards, SUM_CARDS, _END)), b" "), len(cards))


@dataclass(frozen=True, slots=True)
class Moving:
    """A card whose number changes.

    Parameters
    ----------
    key
        Its keyword.
    axis
        Axis of the file, from 0, whose first pixel is subtracted.
    value
        Its number in the file.
    sign
        −1 where the first pixel is added.
    comment
        What follows the number.
    """

    key: bytes
    axis: int
    value: float
    sign: int = 1
    comment: bytes = b""

    def at(self, first: Sequence[int], changed: dict[bytes, float]) -> bytes:
        """The card of a cutout whose first pixel has these indices."""
        value = changed.get(self.key)
        if value is None:
            value = self.value - self.sign * first[self.axis]
        return card(self.key, value, self.comment)


def card(key: bytes, value: float, comment: bytes = b"") -> bytes:
    """A card with a number, in the fixed format."""
    text = repr(value).upper().encode()
    return (b"%-8b= %20b%b" % (key, text, comment))[:CARD].ljust(CARD)


def _plain(text: str) -> str:
    """Words in ASCII, letters without accents and signs as programs write them."""
    if text.isascii() and text.isprintable():
        return text
    apart = unicodedata.normalize("NFKD", text.translate(_ASCII))
    letters = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return letters.encode("ascii", "replace").translate(_UNPRINTABLE).decode()


def text_card(key: str, text: str) -> bytes:
    """A card with words; what ASCII has nothing like becomes ``?``, what is too long is cut."""
    quoted = _plain(text).replace("'", "''")[:_TEXT]
    if quoted.endswith("'") and quoted.count("'") % 2:
        quoted = quoted[:-1]
    return f"{key:8}= '{quoted:8}'".encode("ascii").ljust(CARD)


class Template:
    """The header of an image, ready to be made anew for any window.

    Parameters
    ----------
    raw
        Its cards, a multiple of 80 bytes; END is not needed.
    bitpix
        Type of the pixels of the cutout.
    axes
        How many axes it has.

    Attributes
    ----------
    has_blank
        Whether there is a BLANK that means something.
    inherits
        Whether the keywords of the primary header count as well (FITS 4.0, appendix K).
    looked_up
        Whether coordinates of an axis lie in a table of the file (-TAB).
    """

    def __init__(self, raw: bytes, bitpix: int, axes: int) -> None:
        self.bitpix = bitpix
        self._raw = raw
        self._axes = axes
        self._parts: list[bytes | Moving] = []
        self.has_blank = False
        self.inherits = False
        self.looked_up = any(_TABULATED.match(raw, k) for k in range(0, len(raw), CARD))
        self._reads(raw.translate(_UNPRINTABLE))

    def with_card(self, line: bytes) -> Template:
        """With a card in the place of that of the same keyword, or at the end."""
        lines = [self._raw[k : k + CARD] for k in range(0, len(self._raw), CARD)]
        kept = [other for other in lines if other[:8] != line[:8]]
        return Template(b"".join([*kept, line]), self.bitpix, self._axes)

    def inheriting(self, primary: bytes) -> Template:
        """With the cards of a primary header whose keywords it has not."""
        return Template(self._raw + missing_cards(primary, self._raw), self.bitpix, self._axes)

    def renumbered(self, added: int) -> Template:
        """Pointing to distortion tables whose EXTVER are larger by so much."""

        def changed(match: re.Match[bytes]) -> bytes:
            text = b"%b%d'" % (match[1], round(float(match[2])) + added)
            return text.ljust(len(match[0]))

        lines = [self._raw[k : k + CARD] for k in range(0, len(self._raw), CARD)]
        raw = b"".join(_TABLE_NUMBER.sub(changed, line) for line in lines)
        return Template(raw, self.bitpix, self._axes)

    def stepped(self, axis: int, first: int, step: int) -> dict[bytes, float]:
        """Numbers that change where every ``step``-th pixel of an axis is taken, from ``first`` on.

        A pixel is ``step`` times as wide: CRPIX is divided by it, and CDELT, or the column of the CD or PC matrix,
        multiplied (FITS 4.0, equations 9 and 10).
        """
        keys = [self._raw[k : k + 8].rstrip() for k in range(0, len(self._raw), CARD)]
        number = axis + 1
        letters = {match[1] or match[2] or b"" for key in keys if (match := _DESCRIBES.fullmatch(key.ljust(8)))}
        header = RawHeader(self._raw)
        new: dict[bytes, float] = {}
        for letter in (tail.decode() for tail in letters):
            reference = header.number(f"CRPIX{number}{letter}", 0.0)
            new[f"CRPIX{number}{letter}".encode()] = (reference - 1.0 - first) / step + 1.0
            matrix = [row for row in range(1, 10) for name in ("CD", "PC") if f"{name}{row}_{number}{letter}" in header]
            name = "CD" if any(f"CD{row}_{number}{letter}" in header for row in matrix) else "PC"
            if not matrix or (name == "PC" and matrix == [number]):
                new[f"CDELT{number}{letter}".encode()] = header.number(f"CDELT{number}{letter}", 1.0) * step
                continue
            rows = matrix if name == "CD" else {*matrix, number}
            for row in rows:
                default = 1.0 if name == "PC" and row == number else 0.0
                key = f"{name}{row}_{number}{letter}"
                new[key.encode()] = header.number(key, default) * step
        return new

    def _reads(self, raw: bytes) -> None:
        kept: list[bytes] = []
        moving: list[Moving] = []
        described: set[bytes] = set()
        continued = False
        for start in range(0, len(raw), CARD):
            line = raw[start : start + CARD].ljust(CARD)
            key = line[:8]
            continued = continued and key == b"CONTINUE"
            if continued or self._drops(line):
                continued = True  # with what goes on in the next cards
                self.inherits = self.inherits or bool(_INHERITS.fullmatch(line))
                continue
            if match := _DESCRIBES.fullmatch(key):
                described.add(match[1] or match[2] or b"")
            found = self._moving(line)
            if found is None:
                kept.append(line)
                self.has_blank = self.has_blank or key == b"BLANK   "
                continue
            self._parts += [b"".join(kept), found]
            kept = []
            moving.append(found)
        self._parts += [b"".join(kept), *self._references_left_out(described, moving)]

    def _drops(self, line: bytes) -> bool:
        blank_of_floats = self.bitpix < 0 and line.startswith(b"BLANK   ")
        return bool(blank_of_floats or GONE.fullmatch(line[:8]) or _COMPRESSED_NAME.match(line))

    def _moving(self, line: bytes) -> Moving | None:
        match, number = _MOVED.fullmatch(line[:8]), _NUMBER.fullmatch(line[8:])
        if not match or not number or not 1 <= int(match[2]) <= self._axes:
            return None
        if match[3] and match[1] != b"CRPIX":
            return None
        value = float(number[1].upper().replace(b"D", b"E"))
        sign = -1 if match[1] == b"CNPIX" else 1
        comment = b" " + number[2].strip() if number[2].strip() else b""
        return Moving(line[:8].rstrip(), int(match[2]) - 1, value, sign, comment) if math.isfinite(value) else None

    def _references_left_out(self, described: Iterable[bytes], moving: Iterable[Moving]) -> list[Moving]:
        """CRPIX that the header leaves at its default, 0 (FITS 4.0, table 22)."""
        there = {found.key for found in moving}
        wanted = [
            (b"CRPIX%d%b" % (axis + 1, letter), axis) for letter in sorted(described) for axis in range(self._axes)
        ]
        return [Moving(key, axis, 0.0) for key, axis in wanted if key not in there and len(key) <= 8]

    def make(
        self,
        lengths: Sequence[int],
        first: Sequence[int],
        history: Iterable[str],
        *,
        changed: dict[bytes, float] | None = None,
        blank: int | None = None,
        extended: bool = False,
        extension: bool = False,
    ) -> Header:
        """Header of a unit.

        Parameters
        ----------
        lengths
            NAXIS1, NAXIS2 and so on.
        first
            Index in the file of the first pixel of the cutout on each axis.
        history
            Sentences; long ones become several cards.
        changed
            Numbers of keywords that are set anew: CRPIX wherever it is, others instead of those of the file.
        blank
            Stored number that BLANK is to name, where the file has none.
        extended
            Whether extensions follow.
        extension
            Whether it is itself an extension and not the primary unit.
        """
        new = dict(changed or {})
        parts = [
            _IMAGE if extension else _PRIMARY,
            whole_card(b"BITPIX", self.bitpix),
            whole_card(b"NAXIS", len(lengths)),
            *(whole_card(b"NAXIS%d" % axis, length) for axis, length in enumerate(lengths, 1)),
        ]
        parts += [_COUNTS] if extension else [_EXTENDED] if extended else []
        parts += [_INHERIT] if extension and self.inherits else []
        kept = [part if isinstance(part, bytes) else part.at(first, new) for part in self._parts]
        others = {key: value for key, value in new.items() if not key.startswith(b"CRPIX")}
        if others:
            kept = [_replaced(part, others) for part in kept]
            kept += [card(key, value) for key, value in others.items() if not any(_has(part, key) for part in kept)]
        if blank is not None:
            kept.append(whole_card(b"BLANK", blank))
        return finished(b"".join([*parts, *kept, *history_cards(history)]))


def missing_cards(primary: bytes, own: bytes) -> bytes:
    """Cards of a primary header that an extension inherits: those of keywords that it has not itself."""
    there = {own[k : k + 8] for k in range(0, len(own), CARD)}
    lines = [primary[k : k + CARD].ljust(CARD) for k in range(0, len(primary), CARD)]
    kept, goes_on = [], False
    for line in lines:
        key = line[:8]
        goes_on = goes_on and key == b"CONTINUE"
        if not goes_on:
            goes_on = key not in there and not _OWN.fullmatch(key) and not GONE.fullmatch(key) and key != b"CONTINUE"
        if goes_on:
            kept.append(line)
    return b"".join(kept)


def _replaced(part: bytes, values: dict[bytes, float]) -> bytes:
    lines = [part[k : k + CARD] for k in range(0, len(part), CARD)]
    return b"".join(
        card(line[:8].rstrip(), values[line[:8].rstrip()]) if line[:8].rstrip() in values else line for line in lines
    )


def _has(part: bytes, key: bytes) -> bool:
    return any(part[k : k + 8].rstrip() == key for k in range(0, len(part), CARD))


def whole_card(key: bytes, value: int) -> bytes:
    """A card with a whole number."""
    return (b"%-8b= %20d" % (key, value)).ljust(CARD)


def history_cards(sentences: Iterable[str]) -> list[bytes]:
    """HISTORY cards, broken between words."""
    return [_history(sentence) for sentence in sentences]


@functools.lru_cache(maxsize=256)
def _history(sentence: str) -> bytes:
    plain = _plain(sentence)
    short = len(plain) <= _HISTORY_TEXT
    lines = [plain] if short else textwrap.wrap(plain, _HISTORY_TEXT, break_on_hyphens=False)
    return b"".join(b"HISTORY " + line.encode().ljust(CARD - 8) for line in lines)


def padded(data: bytes, fill: bytes) -> bytes:
    """Bytes made up to whole blocks of 2880."""
    return data + fill * (-len(data) % BLOCK)
