"""What a holdings file says of images to the Virtual Observatory: ``obscore`` of layers and of what is above them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from armillary.holdings.configuration.checking import as_number, kind_of
from armillary.holdings.obscore_words import NOTHING_SAID, STATES, ObsWords

if TYPE_CHECKING:
    from armillary.holdings.configuration.checking import Node

TEXTS = ("obs_collection", "obs_title", "target_name", "facility_name", "instrument_name")
NUMBERS = ("s_resolution", "t_exptime", "t_resolution", "em_min", "em_max", "em_res_power")
LONGEST_TEXT = 1000
HIGHEST_LEVEL = 4
LATEST_MJD = 1e6
LONGEST_WAVE_M = 1e3
_UCD = re.compile(r"[A-Za-z0-9_.;-]{1,200}\Z")
_IDENTIFIER = re.compile(r"[a-z]{2,10}:[!-~]{1,1000}\Z")
_BETWEEN = re.compile(r"[\s/,]+")


def obscore_of(node: Node, above: ObsWords) -> ObsWords:
    """The words of a layer, band, map or map group, with those of what is above where it says nothing."""
    child = node.child("obscore")
    if child is None:
        return above
    given: dict[str, Any] = {key: _text(child, key) for key in TEXTS}
    given |= {key: _positive(child, key) for key in NUMBERS}
    given |= {key: _time(child, key) for key in ("t_min", "t_max")}
    given["obs_creator_did"] = _matching(child, "obs_creator_did", _IDENTIFIER, "an identifier, as ivo://…")
    given["o_ucd"] = _matching(child, "o_ucd", _UCD, "a UCD, as phot.flux.density")
    given["calib_level"] = _level(child)
    given["pol_states"] = _states(child)
    child.finish()
    words = ObsWords(**given).on(above)
    for low, high in (("em_min", "em_max"), ("t_min", "t_max")):
        first, last = getattr(words, low), getattr(words, high)
        if first is not None and last is not None and first > last:
            child.wrong(low, f"is greater than {high}: {first:.10g} is not below {last:.10g}.")
            return above
    return words if words != NOTHING_SAID else above


def _text(node: Node, key: str) -> str | None:
    found = " ".join(node.text(key).split())
    if len(found) > LONGEST_TEXT:
        node.wrong(key, f"is longer than {LONGEST_TEXT} characters: shorten it.")
        return None
    return found or None


def _matching(node: Node, key: str, pattern: re.Pattern[str], what: str) -> str | None:
    found = node.optional_text(key)
    if found is not None and not pattern.match(found):
        node.wrong(key, f"must be {what}.")
        return None
    return found


def _positive(node: Node, key: str) -> float | None:
    found = node.number(key)
    if found is None:
        return None
    if found <= 0.0:
        node.wrong(key, f"must be greater than 0, not {found:g}.")
        return None
    if key in {"em_min", "em_max"} and found > LONGEST_WAVE_M:
        node.odd(key, f"is a wavelength in metres: {found:g} is more than a kilometre.")
    return found


def _time(node: Node, key: str) -> float | None:
    """A Modified Julian Date, or a date of ISO 8601."""
    from armillary.holdings.obscore_times import mjd_of

    value = node.get(key)
    if value is None:
        return None
    number = as_number(value)
    found = mjd_of(value) if number is None and isinstance(value, str) else number
    if found is None or abs(found) > LATEST_MJD:
        node.wrong(key, f"must be a Modified Julian Date, or a date as 2024-03-01T02:03:04, not {kind_of(value)}.")
        return None
    return found


def _level(node: Node) -> int | None:
    value = node.get("calib_level")
    if value is None:
        return None
    number = as_number(value)
    if number is None or not number.is_integer() or not 0 <= number <= HIGHEST_LEVEL:
        node.wrong("calib_level", f"must be a whole number from 0 (raw) to 4 (analysed), not {kind_of(value)}.")
        return None
    return int(number)


def _states(node: Node) -> tuple[str, ...] | None:
    value = node.get("pol_states")
    if value is None:
        return None
    words = [word for word in _BETWEEN.split(value) if word] if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or len(words) > len(STATES):
        node.wrong("pol_states", f'must be a list of states, as ["I", "Q", "U"], not {kind_of(value)}.')
        return None
    for word in words:
        if word not in STATES:
            node.wrong("pol_states", f"{word[:20]!r} is none of {', '.join(STATES)}.")
            return None
    return tuple(state for state in STATES if state in words) or None
