"""Habits of naming files: which words of a name are a band or a Stokes parameter.

A name is cut into its *key*, which all files of one map share, and the words that tell them apart. Rules of one survey
come first, then words that can be nothing else (``f090``, ``150GHz``, ``F814W``), and at last single letters, which are
a Stokes parameter or a filter by the company they keep: ``I`` beside ``Q`` and ``U`` is a Stokes parameter, beside
``V`` and ``B`` a filter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

GAP = "\0"
"""Stands in a key where a band or a Stokes word was."""

OPTICAL = "ugrizyYUBVRIZJHKLM"
_ORDER = ("FUV", "NUV", "u", "U", "B", "g", "V", "r", "R", "i", "I", "z", "Z", "y", "Y", "J", "H", "Ks", "K", "L", "M")


@dataclass(frozen=True, slots=True)
class Rule:
    """How one survey, or a whole field, writes a band.

    Parameters
    ----------
    pattern
        Its group ``band`` is the word, its group ``cut``, if there is one, what is taken out of the key with it.
    label
        Makes the name of the band of that word.
    """

    pattern: re.Pattern[str]
    label: Callable[[str], str] = str


@dataclass(frozen=True, slots=True)
class Told:
    """What the header of a file says: filter, frequency, its only Stokes parameter, whether it holds several."""

    filter: str = ""
    frequency: str = ""
    stokes: str = ""
    several: bool = False


@dataclass(frozen=True, slots=True)
class Parsed:
    """A name taken apart; ``band`` and ``stokes`` are empty where it has none."""

    key: str
    band: str = ""
    stokes: str = ""


def _gigahertz(word: str) -> str:
    """``090GHz`` and ``1p4_ghz`` as ``90 GHz`` and ``1.4 GHz``."""
    number = re.match(r"\d+(?:[.p]\d+)?", word)
    assert number is not None
    unit = word[-3].upper() if word[-1] in "zZ" else "G"
    return f"{float(number.group().replace('p', '.')):g} {unit}Hz"


def _rule(pattern: str, label: Callable[[str], str] = str, *, any_case: bool = False) -> Rule:
    whole = rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])"
    return Rule(re.compile(whole, re.IGNORECASE if any_case else 0), label)


RULES = (
    # ACT: detector array and band, act_dr6.02_std_AA_day_pa4_f150_4way_coadd_map
    _rule(r"(?P<band>pa[1-9][_-]f[0-9]{3})", lambda word: word.replace("_", " ").replace("-", " ")),
    # ACT, Simons Observatory: nominal band in GHz
    _rule(r"(?P<band>f[0-9]{3})", str.lower, any_case=True),
    # Planck: HFI_SkyMap_100_2048_R3.01_full, LFI_SkyMap_030-BPassCorrected_1024_R3.00_full
    _rule(r"(?:HFI|LFI)_[A-Za-z]*Map_(?P<band>[0-9]{3})", _gigahertz),
    # WMAP: wmap_band_iqumap_r9_9yr_Q1_v5
    _rule(r"wmap_(?:band|da)_\w*?(?P<band>(?:Ka|K|Q|V|W)[1-4]?)(?=_v[0-9])"),
    _rule(r"(?P<band>[0-9]{1,4}(?:[.p][0-9]+)?[_ -]?[MGT]Hz)", _gigahertz, any_case=True),
    # Hubble, Webb: F814W, F150W2
    _rule(r"(?P<band>f[0-9]{3,4}(?:w2|w|n|m|lp|x))", str.upper, any_case=True),
    # Hyper Suprime-Cam: calexp-HSC-G-9813-4,4
    _rule(r"(?P<band>HSC-(?:[GRIZY]2?|NB[0-9]{3,4}))"),
    # DECam community pipeline: c4d_140116_084335_ooi_g_v1
    _rule(r"(?<=oo[diw]_)(?P<band>[ugrizY]|VR|N[0-9]{3})"),
    # GALEX: AIS_103-nd-int; WISE: unwise-0000m016-w1-img-m
    _rule(r"(?P<band>[fn]d)(?=-(?:int|intbgsub|cnt|rrhr|skybg))", lambda word: f"{word[0].upper()}UV"),
    _rule(r"(?P<band>[fn]uv|w[1-4])", str.upper, any_case=True),
    _rule(r"(?P<band>Ks)"),
    _rule(rf"(?P<cut>(?P<band>[{OPTICAL}])[_-]?band)"),
    _rule(rf"(?P<cut>band[_-]?(?P<band>[{OPTICAL}]))"),
)

_PRODUCTS = tuple(
    (re.compile(rf"(?:^|[._-])(?:{words})(?=$|[._-])", re.IGNORECASE), text)
    for words, text in (
        ("ivar|invvar|div", "inverse variance"),
        ("weights?|wht|oow", "weights"),
        ("srcfree", "without point sources"),
        ("srcs?", "point sources"),
        ("hits|nhits|nexp", "number of observations"),
        ("xlink", "cross-linking"),
        ("mask|maskbits|flags?", "mask"),
        ("ood|dqmask|dq", "data quality"),
        ("variance|var", "variance"),
        ("rms|noise|sigma|unc", "noise"),
        ("model", "model"),
        ("resid(?:uals?)?", "residuals"),
        ("depth|galdepth|psfdepth", "depth"),
    )
)
_SPLIT = re.compile(r"(?:^|[._-])(set|split)[_-]?([0-9]{1,2})(?=$|[._-])", re.IGNORECASE)
_LETTER = re.compile(r"(?<![A-Za-z0-9])(?:stokes[_-]?)?([A-Za-z])(?![A-Za-z0-9])")
_NUMBER = re.compile(r"(?<![A-Za-z0-9])([0-9]{2,4})(?![A-Za-z0-9])")


def product_of(stem: str) -> str:
    """What a file holds besides a sky map, in words; empty for an ordinary map or image."""
    found = [text for pattern, text in _PRODUCTS if pattern.search(stem)]
    split = _SPLIT.search(stem)
    return ", ".join([*found, *([f"{split.group(1).lower()} {int(split.group(2))}"] if split else [])])


def parse_names(stems: Sequence[str], told: Sequence[Told]) -> list[Parsed]:
    """Take the names of the files of one folder apart.

    Parameters
    ----------
    stems
        Their names without suffixes.
    told
        What their headers say, one for each.
    """
    parsed = [_by_rules(stem, facts) for stem, facts in zip(stems, told, strict=True)]
    families: defaultdict[str, set[str]] = defaultdict(set)
    for entry in parsed:
        for letter, key, _ in _letters(entry.key):
            families[key].add(letter)
    return [_by_letters(entry, facts, families) for entry, facts in zip(parsed, told, strict=True)]


def _by_rules(stem: str, told: Told) -> Parsed:
    for rule in RULES:
        match = rule.pattern.search(stem)
        if match:
            cut = "cut" if "cut" in rule.pattern.groupindex else "band"
            return Parsed(_without(stem, *match.span(cut)), rule.label(match.group("band")))
    # A bare number is a frequency where the header has the same one.
    said = {int(number) for number in re.findall(r"\d+", told.frequency or told.filter) if len(number) < 5}
    for match in _NUMBER.finditer(stem):
        if int(match.group(1)) in said:
            return Parsed(_without(stem, *match.span(1)), f"{int(match.group(1))} GHz")
    return Parsed(stem)


def _without(text: str, start: int, end: int) -> str:
    return text[:start] + GAP + text[end:]


def _letters(key: str) -> list[tuple[str, str, bool]]:
    """Single letters of a name, the last one first: the letter, the key without it, and whether it comes first."""
    found = [(match.group(1), _without(key, *match.span()), match.start() == 0) for match in _LETTER.finditer(key)]
    return found[::-1]


def _by_letters(parsed: Parsed, told: Told, families: dict[str, set[str]]) -> Parsed:
    for letter, key, _ in _letters(parsed.key):
        if _is_stokes(letter, families[key], parsed, told):
            return Parsed(key, parsed.band, "I" if letter in "Tt" else letter.upper())
    if parsed.band:
        return parsed
    for letter, key, first in _letters(parsed.key):
        if _is_filter(letter, families[key], told, first=first):
            return Parsed(key, letter)
    return parsed


def _is_stokes(letter: str, family: set[str], parsed: Parsed, told: Told) -> bool:
    if told.several:
        return False
    together = {member.upper() for member in family}
    if {"Q", "U"} <= together <= set("ITQUV"):
        return True
    return letter in "IQUV" and (bool(parsed.band) or told.stokes == letter)


def _is_filter(letter: str, family: set[str], told: Told, *, first: bool) -> bool:
    if letter not in OPTICAL:
        return False
    if letter.lower() in re.split(r"[^a-z0-9]+", told.filter.lower()):
        return True
    return (len(family) > 1 and family <= set(OPTICAL)) or (not first and letter in "ugrizy")


def title_of(key: str) -> str:
    """A key as a name: gaps closed. Empty where nothing is left."""
    closed = re.sub(rf"[\s._-]*{GAP}[\s._-]*", "_", key)
    return closed.strip(" ._-")


def band_of_header(told: Told) -> str:
    """Name of a band by the header alone, empty where that says none."""
    words = told.filter.split()
    # DECam writes "g DECam SDSS c0001 4720.0 1520.0".
    filter_name = words[0] if len(words) > 3 else told.filter
    return filter_name or (f"{told.frequency} GHz" if told.frequency.isdigit() else told.frequency)


def band_order(band: str) -> int:
    """Place of a filter of the optical and near infrared by its wavelength; what is none comes after."""
    return _ORDER.index(band) if band in _ORDER else len(_ORDER)
