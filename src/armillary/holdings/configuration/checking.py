"""Values of a holdings file with their place, and all that is found wrong with them."""

from __future__ import annotations

import difflib
import functools
import math
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_PROBLEMS = 20
MOST_WARNINGS = 1000
LONGEST_TEXT = 20_000
MOST_NUMBER = 10**15


class Findings:
    """What is wrong, and what is merely odd."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.more = 0

    @property
    def full(self) -> bool:
        """Whether further errors are only counted."""
        return len(self.problems) >= MOST_PROBLEMS

    def wrong(self, place: str, message: str) -> None:
        """Remember an error; beyond the first twenty only their number."""
        if not self.full:
            self.problems.append(f"{place}: {message}" if place else message)
        else:
            self.more += 1

    def odd(self, place: str, message: str) -> None:
        """Remember a warning."""
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(f"{place}: {message}" if place else message)

    def raise_if_wrong(self, name: str) -> None:
        """Raise when anything is wrong.

        Raises
        ------
        ConfigurationError
            With ``problems``, a line each.
        """
        if not self.problems:
            return
        others = len(self.problems) - 1 + self.more
        more = f" And {others} more problem{'s' if others > 1 else ''}." if others else ""
        lines = [f"{name}: {problem}" for problem in self.problems]
        if self.more:
            lines.append(f"{name}: and {self.more} more problems.")
        raise ConfigurationError(lines[0] + more, problems=lines)


class Node:
    """An object of the file, and where it stands.

    Parameters
    ----------
    place
        As ``map_groups[0].maps[2]``; empty for the top.
    """

    __slots__ = ("_asked", "findings", "place", "values")

    def __init__(self, values: dict[str, Any], place: str, findings: Findings) -> None:
        self.values = values
        self.place = place
        self.findings = findings
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """Place of one of its values."""
        shown = key if key.isprintable() else ascii(key)
        return f"{self.place}.{shown}" if self.place else shown

    def wrong(self, key: str, message: str) -> None:
        """An error at one of its values."""
        self.findings.wrong(self.at(key) if key else self.place, message)

    def odd(self, key: str, message: str) -> None:
        """A warning at one of its values."""
        self.findings.odd(self.at(key) if key else self.place, message)

    def get(self, *keys: str) -> Any:
        """The first of these values that is there, else None."""
        self._asked.update(keys)
        return next((self.values[key] for key in keys if self.values.get(key) is not None), None)

    def text(self, key: str, *, required: bool = False) -> str:
        """A text; empty when it is missing."""
        value = self.get(key)
        if value is None:
            if required:
                self.wrong(key, f'is missing: write "{key}".')
            return ""
        if not isinstance(value, str) and not _is_short_number(value):
            self.wrong(key, f"must be text, not {kind_of(value)}.")
            return ""
        text = str(value)
        fault = fault_of(text)
        if fault:
            self.wrong(key, fault)
            return ""
        if required and not text.strip():
            self.wrong(key, "must not be empty.")
        return text

    def optional_text(self, key: str) -> str | None:
        """A text, None when it is missing or empty."""
        return self.text(key) or None

    def grant(self) -> str | None:
        """The grant that this needs. A key that looks like ``grant`` counts as one: nothing is shown by a slip."""
        self._asked.add("grant")
        key = "grant"
        if "grant" not in self.values:
            near = [other for other in self.values if _like_grant(other)]
            if not near:
                return None
            key = near[0]
            self._asked.add(key)
            self.odd(key, 'is not known: it is taken for "grant".')
        value = self.values[key]
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or fault_of(value):
            self.wrong(key, "must be the name of one grant: take it away for what everybody may see.")
            return None
        return value

    def number(self, key: str, *, required: bool = False) -> float | None:
        """A finite number."""
        value = self.get(key)
        if value is None:
            if required:
                self.wrong(key, "is missing: write a number.")
            return None
        number = as_number(value)
        if number is None:
            self.wrong(key, f"must be a number, not {kind_of(value)}.")
        return number

    def children(self, key: str, most: int, *, required: bool = False) -> Iterator[Node]:
        """The objects of a list."""
        value = self.get(key)
        if value is None:
            if required:
                self.wrong(key, "is missing: write a list.")
            return
        if not isinstance(value, list):
            self.wrong(key, f"must be a list, not {kind_of(value)}.")
            return
        if len(value) > most:
            self.wrong(key, f"has {len(value)} entries: at most {most} are allowed.")
            return
        for number, entry in enumerate(value):
            place = f"{self.at(key)}[{number}]"
            if isinstance(entry, dict):
                yield Node(entry, place, self.findings)
            else:
                self.findings.wrong(place, f"must be an object, not {kind_of(entry)}.")

    def child(self, key: str) -> Node | None:
        """An object, None when it is missing or none."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f"must be an object, not {kind_of(value)}.")
            return None
        return Node(value, self.at(key), self.findings)

    def finish(self, ignored: Iterable[str] = ()) -> None:
        """Warn of what nobody asked for."""
        known = self._asked.union(ignored)
        for key in self.values:
            if len(self.findings.warnings) >= MOST_WARNINGS:
                return
            if key not in known and not key.startswith(("_", "$", "#")):
                near = difflib.get_close_matches(key[:60], known, n=1, cutoff=0.6)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                shown = key[:60] if key.isprintable() else ascii(key[:60])
                self.odd("", f"{shown!r} is not known, and ignored.{hint}")


@functools.lru_cache(maxsize=4096)
def _like_grant(key: str) -> bool:
    return len(key) <= 12 and difflib.SequenceMatcher(None, key.strip().lower(), "grant").ratio() >= 0.8


def fault_of(text: str) -> str:
    """What is wrong with a text; empty where nothing is."""
    if len(text) > LONGEST_TEXT:
        return f"is longer than {LONGEST_TEXT} characters: shorten it."
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        return "holds half of a surrogate pair: write the character itself."
    return "holds a null character: take it away." if "\0" in text else ""


def _is_short_number(value: Any) -> bool:
    number = as_number(value)
    return number is not None and abs(number) <= MOST_NUMBER


def as_number(value: Any) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def kind_of(value: Any) -> str:
    """A value's kind, and itself where it is short, for a message."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, dict):
        return "an object"
    try:
        shown = ascii(value)
    except ValueError:
        return "a number of too many digits"
    return shown if len(shown) <= 40 else shown[:37] + "…"
