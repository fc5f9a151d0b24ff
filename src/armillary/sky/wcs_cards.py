"""The world coordinate cards of a header, cut down to the two axes of a plane.

wcslib gets a small, valid header of two axes that is written here: cards of other axes, of other subjects and cards
that are not FITS never reach it. Names follow the FITS standard 4.0, section 8; the old ones of section 8.4 and the
usual informal ones (``RADECSYS``, ``EPOCH``, ``PCiiijjj``, SCAMP's ``PV`` under ``-TAN``) are read too. wcslib's own
parser must not see the rest: a stray card of a DSS plate makes it refuse a sound header, and with records of a
distortion beside it corrupts memory.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRING = re.compile(r"'((?:[^']|'')*)'")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[EDed][+-]?\d+)?")
_AXIS = re.compile(r"(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA|CPDIS|CQDIS|D2IMDIS|D2IMERR|CPERR|DP|DQ|D2IM)([1-9])([A-Z]?)")
_MATRIX = re.compile(r"(PC|CD)([1-9])_([1-9])([A-Z]?)")
_OLD_MATRIX = re.compile(r"PC00([1-9])00([1-9])()")
_PARAMETER = re.compile(r"(PV)([1-9])_(\d{1,2})([A-Z]?)")
_IRAF = re.compile(r"WAT([0-9])_(\d{3})")
_SIP = re.compile(r"[AB]_(?:ORDER|\d_\d)")
_OLD_PARAMETER = re.compile(r"PROJP\d")
_RECORD = re.compile(r"(EXTVER|NAXES|DOCORR|(?:AXIS|OFFSET|SCALE)\.[12]|TPD\.(?:FWD|REV)\.\d{1,2}): *([-+.\dEDed]+) *")
_TEXT_NAMES = ("CTYPE", "CUNIT", "CPDIS", "CQDIS", "D2IMDIS", "WAT", "RADESYS", "RADECSYS")
_RECORDS = ("DP", "DQ", "D2IM")
_MAX_CARDS = 100_000
_MAX_RECORDS = 500


class NoSkyError(ValueError):
    """A header gives no celestial coordinates; the message is the note for the user."""


@dataclass(slots=True)
class AxisCards:
    """Cards of two axes, renumbered to 1 and 2, without a letter for the version.

    Parameters
    ----------
    values
        Keyword to number or text.
    records
        Record-valued cards (``DP1 = 'EXTVER: 1'``) in their order.
    """

    values: dict[str, float | str] = field(default_factory=dict)
    records: list[tuple[str, str]] = field(default_factory=list)

    def text(self, name: str) -> str:
        """Value of a text card, empty when there is none."""
        return str(self.values.get(name, "")).strip()

    def number(self, name: str) -> float | None:
        """Value of a number card, None when there is none or it is text."""
        value = self.values.get(name)
        return None if value is None or isinstance(value, str) else value

    def header(self, shape: tuple[int, int]) -> str:
        """The cards as a FITS header of a plane of ``shape`` (ny, nx), without END, 80 characters a card."""
        cards: list[tuple[str, float | str]] = [
            ("NAXIS", 2.0),
            ("NAXIS1", float(shape[1])),
            ("NAXIS2", float(shape[0])),
        ]
        cards += [*self.values.items(), *self.records]
        return "".join(_card(name, value) for name, value in cards)


def _card(name: str, value: float | str) -> str:
    if isinstance(value, str):
        quoted = value.replace("'", "''")
        return f"{name:<8}= '{quoted:<8}'"[:80].ljust(80)
    whole = value.is_integer() and abs(value) < 1e9
    return f"{name:<8}= {int(value) if whole else repr(value).upper():>20}".ljust(80)


def read_cards(text: str, axes: tuple[int, int], version: str = "") -> AxisCards:
    """Cards of one version of the world coordinates.

    Parameters
    ----------
    text
        Header, a card a line.
    axes
        FITS axes (1-based) that become axes 1 and 2.
    version
        Letter of an alternate description, empty for the primary one.

    Raises
    ------
    NoSkyError
        A card that matters is not a number, or the two axes depend on a third one.
    """
    found = AxisCards()
    for key, raw in _split(text):
        name = _rename(key, axes, version)
        if not raw or raw.startswith("/"):
            continue  # a keyword without a value is as good as none (FITS 4.0, 4.1.2.3)
        if name:
            _put(found, name, key, raw)
        elif _couples(key, axes, version) and (_number(raw) or 0.0) != 0.0:
            raise NoSkyError("The sky position changes along another axis of the cube: positions are pixels only.")
    return found


def versions(text: str) -> list[str]:
    """Letters of the alternate descriptions in a header, in order."""
    matches = (_AXIS.fullmatch(key) for key, _ in _split(text) if key.startswith("CTYPE"))
    return sorted({match[3] for match in matches if match and match[3]})


def _split(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines()[:_MAX_CARDS]:
        if line.rstrip() == "END":
            return
        if line[8:9] == "=":
            yield line[:8].strip().upper(), line[9:80].strip()


def _couples(key: str, axes: tuple[int, int], version: str) -> bool:
    """True for an element of the matrix between one of ``axes`` and another axis."""
    match = _MATRIX.fullmatch(key)
    return bool(match and match[4] == version and (int(match[2]) in axes) and (int(match[3]) not in axes))


def _rename(key: str, axes: tuple[int, int], version: str) -> str | None:
    """The keyword for axes 1 and 2, None when the card does not concern them."""
    number = {str(axis): str(place + 1) for place, axis in enumerate(axes)}
    if match := _AXIS.fullmatch(key):
        return match[1] + number[match[2]] if match[2] in number and match[3] == version else None
    if match := _MATRIX.fullmatch(key) or (None if version else _OLD_MATRIX.fullmatch(key)):
        name, row, col, letter = match.groups() if match.re is _MATRIX else ("PC", *match.groups())
        return f"{name}{number[row]}_{number[col]}" if row in number and col in number and letter == version else None
    if match := _PARAMETER.fullmatch(key):
        same = match[2] in number and match[4] == version
        return f"{match[1]}{number[match[2]]}_{int(match[3])}" if same else None
    return _rename_global(key, number, version, plain=axes == (1, 2))


def _rename_global(key: str, number: dict[str, str], version: str, *, plain: bool) -> str | None:
    bare = key[: -len(version)] if version and key.endswith(version) else key
    if bare in {"RADESYS", "EQUINOX", "LONPOLE", "LATPOLE"} and (not version or bare != key):
        return bare
    if key in {"RADECSYS", "EPOCH"} and not version:
        return key
    if match := _IRAF.fullmatch(key):
        kept = match[1] == "0" or match[1] in number
        return f"WAT{number.get(match[1], '0')}_{match[2]}" if kept and not version else None
    return key if plain and (_SIP.fullmatch(key) or key == "AXISCORR" or _OLD_PARAMETER.fullmatch(key)) else None


def _put(found: AxisCards, name: str, key: str, raw: str) -> None:
    text = _text(raw)
    if name[:-1] in _RECORDS:
        record = _RECORD.fullmatch(text or "")
        if record and _number(record[2]) is not None and len(found.records) < _MAX_RECORDS:
            found.records.append((name, record[0]))
    elif name.startswith(_TEXT_NAMES):
        if text is not None:
            found.values[name] = text
    else:
        _put_number(found, name, key, raw if text is None else text)


def _put_number(found: AxisCards, name: str, key: str, raw: str) -> None:
    value = _number(raw.lstrip("BJbj") if name in {"EQUINOX", "EPOCH"} else raw)
    if value is not None:
        found.values[name] = value
    elif name not in {"EQUINOX", "EPOCH"}:
        raise NoSkyError(f"The header's {key} is not a number: positions are pixels only.")


def _text(raw: str) -> str | None:
    """Value of a text card: printable ASCII, trailing blanks gone; None when it is none."""
    match = _STRING.match(raw)
    if not match:
        return None
    text = match[1].replace("''", "'")
    if not (text.isascii() and text.isprintable()):
        text = "".join(char if " " <= char <= "~" else "?" for char in text)
    return text.rstrip()


def _number(raw: str) -> float | None:
    match = _NUMBER.match(raw.strip())
    if not match or raw.strip()[match.end() : match.end() + 1] not in {"", " ", "/", "\t"}:
        return None
    value = float(match[0].upper().replace("D", "E"))
    return value if math.isfinite(value) else None
