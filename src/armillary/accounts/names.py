"""What users, groups, grants and tokens may be called."""

from __future__ import annotations

import re

from armillary.errors import ParameterError

NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")
LONGEST_GRANT = 128


def folded(text: str) -> str:
    """A name as it was typed, in the form in which names are compared."""
    return text.strip().lower()


def user_name(text: str) -> str:
    """A user's or group's name: upper and lower case are one.

    Raises
    ------
    ParameterError
        It is not 1 to 64 of the characters a–z, 0–9, ``. _ @ + -``, beginning with a letter or figure.
    """
    name = folded(text)
    if not NAME.fullmatch(name):
        raise ParameterError(
            "name", f"{text[:80]!r} will not do: use 1 to 64 of a-z, 0-9 and . _ @ + -, a letter or figure first"
        )
    return name


def grant_name(text: str) -> str:
    """A grant's name, as configurations of holdings have it.

    Raises
    ------
    ParameterError
        It is empty, longer than 128 characters, or holds blanks, commas or control characters.
    """
    if not 0 < len(text) <= LONGEST_GRANT or not text.isprintable() or any(c.isspace() or c == "," for c in text):
        raise ParameterError(
            "grant", f"{text[:80]!r} will not do: use 1 to {LONGEST_GRANT} characters without blanks and commas"
        )
    return text


def label(text: str) -> str:
    """What a token is called by its owner.

    Raises
    ------
    ParameterError
        It is empty, longer than 64 characters, or not of one line.
    """
    text = text.strip()
    if not 0 < len(text) <= 64 or not text.isprintable():
        raise ParameterError("label", f"{text[:80]!r} will not do: use 1 to 64 printable characters")
    return text
