"""What CDS's Sesame answers, read from its XML.

Sesame asks SIMBAD, NED and VizieR for an object by its name. Of its answer (``-ox``, schema ``sesame_4x.xsd``) this
reads, of every ``Resolver``, the position ``jradeg``, ``jdedeg`` (ICRS degrees), the usual name ``oname``, the type
``otype`` and whether it failed (``ERROR``).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

FIELDS = frozenset({"jradeg", "jdedeg", "oname", "otype", "ERROR"})
LONGEST_WORD = 200
_SERVICE = re.compile(r"(?:[A-Za-z]*=)?\s*([A-Za-z]+)")
_USUAL = {"simbad": "SIMBAD", "ned": "NED", "vizier": "VizieR"}


class UnreadableAnswerError(ValueError):
    """The answer is not what Sesame sends."""


@dataclass(frozen=True, slots=True)
class FoundObject:
    """An object and where it is.

    Parameters
    ----------
    name
        Its usual name.
    ra_deg, dec_deg
        ICRS degrees.
    found_by
        The service that knows it: ``SIMBAD``, ``NED``, ``VizieR``.
    type
        Its type in the words of that service, None where that says none.
    """

    name: str
    ra_deg: float
    dec_deg: float
    found_by: str
    type: str | None


@dataclass(slots=True)
class _Reading:
    """What was read so far."""

    answers: list[dict[str, str]] = field(default_factory=list)
    root: str = ""
    inside: bool = False
    current: str = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.root = self.root or tag
        self.current = tag if self.inside and tag in FIELDS else ""
        if tag == "Resolver":
            self.inside = True
            self.answers.append({"Resolver": attributes.get("name", "")})

    def end(self, tag: str) -> None:
        self.current = ""
        if tag == "Resolver":
            self.inside = False

    def text(self, text: str) -> None:
        if self.current:
            answer = self.answers[-1]
            answer[self.current] = answer.get(self.current, "") + text


def _refuse_entity(*_declared: object) -> NoReturn:
    raise UnreadableAnswerError("it declares entities")


def _answers(body: bytes) -> list[dict[str, str]]:
    reading = _Reading()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat takes no keywords
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UnreadableAnswerError(str(error)) from None
    if reading.root != "Sesame":
        raise UnreadableAnswerError("it is no answer of Sesame")
    return reading.answers


def words(text: str) -> str:
    """Text on one line, what cannot be printed left out."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())[:LONGEST_WORD]


def _object(answer: dict[str, str], asked: str) -> FoundObject | None:
    try:
        ra_deg, dec_deg = float(answer["jradeg"]), float(answer["jdedeg"])
    except (KeyError, ValueError):
        return None
    if not (math.isfinite(ra_deg) and abs(dec_deg) <= 90):
        return None
    service = _SERVICE.match(answer["Resolver"])
    found_by = service.group(1)[:LONGEST_WORD] if service else "Sesame"
    return FoundObject(
        words(answer.get("oname", "")) or asked,
        ra_deg % 360.0,
        dec_deg,
        _USUAL.get(found_by.lower(), found_by),
        words(answer.get("otype", "")) or None,
    )


def read_answer(body: bytes, asked: str) -> FoundObject | None:
    """The object that the first service which knows it found; None where none does.

    Parameters
    ----------
    body
        The XML.
    asked
        The name that was asked for, for objects without one of their own.

    Raises
    ------
    UnreadableAnswerError
        It is no such answer, declares entities, or no service could be asked.
    """
    answers = _answers(body)
    for answer in answers:
        found = _object(answer, asked)
        if found is not None:
            return found
    if answers and all("ERROR" in answer for answer in answers):
        raise UnreadableAnswerError("none of its services answers")
    return None
