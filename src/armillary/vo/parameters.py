"""Parameters of a request as DALI 1.1 (IVOA REC 2017-05-17, section 3) has them, and the values in them."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from armillary.errors import LimitError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_PARAMETERS = 10_000
LONGEST_SHOWN = 60
_LARGE = 1 << 60  # a bound that is only there so that there is one is not told
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,5})?", re.ASCII)
_INFINITE = re.compile(r"([+-]?)inf(?:inity)?", re.ASCII | re.IGNORECASE)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class MultiValuedParamError(ParameterError):
    """A parameter that takes one value was given several."""


class Parameters:
    """What a client sent, from the query and the body.

    Names are case-insensitive, values are not (DALI 1.1, 3.1). Names that nobody asks for are ignored.

    Parameters
    ----------
    pairs
        Names and values in their order.
    most
        How many there may be.

    Raises
    ------
    LimitError
        There are more.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]], most: int = MOST_PARAMETERS) -> None:
        self.pairs: tuple[tuple[str, str], ...] = tuple(pairs)
        if len(self.pairs) > most:
            raise LimitError(f"A request has at most {most} parameters.")
        self._values: dict[str, list[str]] = {}
        for name, value in self.pairs:
            self._values.setdefault(name.upper(), []).append(value)

    def __contains__(self, name: str) -> bool:
        return name.upper() in self._values

    def __iter__(self) -> Iterator[str]:
        """Names that were given, in capitals."""
        return iter(self._values)

    def all(self, name: str) -> list[str]:
        """Every value of a parameter, in order."""
        return list(self._values.get(name.upper(), ()))

    def one(self, name: str) -> str | None:
        """The value of a parameter that may be given once; None where it was not.

        Raises
        ------
        MultiValuedParamError
            It was given more often.
        """
        values = self._values.get(name.upper(), ())
        if len(values) > 1:
            raise MultiValuedParamError(name.upper(), f"takes one value, but was given {len(values)}.")
        return values[0] if values else None

    def number(self, name: str, least: float = -math.inf, most: float = math.inf) -> float | None:
        """A finite number from ``least`` to ``most``; None where it was not given.

        Raises
        ------
        ParameterError
            It is none.
        """
        text = self.one(name)
        return None if text is None else number(name.upper(), text, least, most)

    def integer(self, name: str, least: int, most: int) -> int | None:
        """A whole number from ``least`` to ``most``; None where it was not given.

        Raises
        ------
        ParameterError
            It is none.
        """
        text = self.one(name)
        return None if text is None else integer(name.upper(), text, least, most)


def shown(text: str) -> str:
    """What was sent, short and printable, to be quoted in a message."""
    short = text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
    return "".join(letter if letter.isprintable() else "?" for letter in short)


def real(name: str, text: str) -> float:
    """A number that may be infinite (``+Inf``, ``-Inf``), never NaN.

    Parameters
    ----------
    name
        Of the parameter, for the message.

    Raises
    ------
    ParameterError
        It is none.
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        value = float(text)
        if math.isfinite(value):
            return value
    infinite = _INFINITE.fullmatch(text)
    if infinite is None:
        raise ParameterError(name, f"'{shown(text)}' is no number.")
    return -math.inf if infinite[1] == "-" else math.inf


def number(name: str, text: str, least: float = -math.inf, most: float = math.inf) -> float:
    """A finite number in a range.

    Raises
    ------
    ParameterError
        It is none.
    """
    value = real(name, text)
    if not math.isfinite(value):
        raise ParameterError(name, f"'{shown(text)}' is not finite.")
    if not least <= value <= most:
        raise ParameterError(name, f"{value:g} is not {_range_words(least, most)}.")
    return value


def integer(name: str, text: str, least: int, most: int) -> int:
    """A whole number in a range.

    Raises
    ------
    ParameterError
        It is none.
    """
    if not _INTEGER.fullmatch(text.strip()):
        raise ParameterError(name, f"'{shown(text)}' is no whole number.")
    value = int(text)
    if not least <= value <= most:
        range_words = f"from {least} to {most}" if most < _LARGE else f"{least} or more"
        raise ParameterError(name, f"{value} is not {range_words}.")
    return value


def numbers(name: str, text: str, most: int) -> tuple[float, ...]:
    """Numbers with spaces between them, perhaps infinite.

    Parameters
    ----------
    most
        How many there may be.

    Raises
    ------
    ParameterError
        One is none, or there are more.
    """
    words = text.split()
    if len(words) > most:
        raise ParameterError(name, f"has {len(words)} numbers, more than {most}.")
    return tuple(real(name, word) for word in words)


def interval(name: str, text: str) -> tuple[float, float]:
    """An interval as DALI 1.1, 3.3.3 writes it: two numbers, perhaps infinite; one number ``x`` is ``x x``.

    Returns
    -------
    Bounds, the lower first; both belong to it.

    Raises
    ------
    ParameterError
        It is no interval, or its bounds are the wrong way round.
    """
    found = numbers(name, text, 2)
    if not found:
        raise ParameterError(name, "is empty: two numbers are needed.")
    low, high = found[0], found[-1]
    if low > high:
        raise ParameterError(name, f"'{shown(text)}': the lower bound comes first.")
    if low == high and math.isinf(low):
        raise ParameterError(name, f"'{shown(text)}' holds nothing.")
    return low, high


def _range_words(least: float, most: float) -> str:
    if math.isinf(most):
        return f"at least {least:g}"
    if math.isinf(least):
        return f"at most {most:g}"
    return f"from {least:g} to {most:g}"
