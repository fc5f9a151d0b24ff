"""Wavelengths of well-known filters and of bands of microwave surveys, by what headers call them.

Bounds are those at half of the greatest transmission, in nanometres or GHz: Fukugita et al. 1996 (SDSS), Bessell
2005 (Johnson and Cousins), Flaugher et al. 2015 (DECam), Kawanomoto et al. 2018 (HSC), Tonry et al. 2012 (Pan-STARRS
1), Ivezić et al. 2019 (Rubin), Cohen et al. 2003 (2MASS), Jarrett et al. 2011 (WISE), Planck 2013 results II and VI,
Bennett et al. 2003 (WMAP), Thornton et al. 2016 and Ade et al. 2019 (ACT, Simons Observatory).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LIGHT_M_S = 299_792_458.0

Band = tuple[float, float]

_SDSS = {"u": (325.8, 385.7), "g": (413.5, 551.5), "r": (557.0, 695.2), "i": (690.5, 844.0), "z": (841.2, 978.2)}
_DECAM = {
    "u": (300.0, 400.0), "g": (396.0, 548.0), "r": (567.5, 715.5), "i": (710.0, 857.0), "z": (850.0, 1002.0),
    "Y": (953.0, 1066.0), "VR": (500.0, 760.0),
}  # fmt: skip
_HSC = {"g": (405.6, 545.2), "r": (542.3, 692.7), "i": (692.4, 849.8), "z": (851.5, 928.1), "Y": (937.0, 1015.4)}
_PS1 = {"g": (414.0, 551.0), "r": (550.0, 689.0), "i": (690.0, 819.0), "z": (818.0, 922.0), "Y": (918.0, 1001.0)}
_RUBIN = {
    "u": (320.0, 400.0), "g": (402.0, 552.0), "r": (552.0, 691.0), "i": (691.0, 818.0), "z": (818.0, 922.0),
    "Y": (950.0, 1080.0),
}  # fmt: skip
_JOHNSON = {
    "U": (332.0, 398.0), "B": (398.0, 492.0), "V": (507.0, 595.0), "R": (589.0, 727.0), "I": (731.5, 880.5),
    "J": (1113.5, 1326.5), "H": (1476.5, 1783.5), "K": (1995.0, 2385.0), "L": (3214.0, 3686.0), "M": (4520.0, 4980.0),
}  # fmt: skip
_2MASS = {"J": (1154.0, 1316.0), "H": (1536.5, 1787.5), "K": (2028.0, 2290.0), "Ks": (2028.0, 2290.0)}
_OTHERS = {
    "Ks": (2028.0, 2290.0), "Y": (970.0, 1070.0), "VR": (500.0, 760.0),
    "W1": (3021.0, 3684.0), "W2": (4082.0, 5124.0), "W3": (8807.0, 14314.0), "W4": (20037.0, 24139.0),
    "FUV": (134.0, 179.0), "NUV": (177.0, 283.0),
}  # fmt: skip
_SURVEYS = (
    (re.compile(r"HSC|HYPER SUPRIME", re.IGNORECASE), _HSC),
    (re.compile(r"DECAM|DECALS|DARK ENERGY", re.IGNORECASE), _DECAM),
    (re.compile(r"GPC1|\bPS1\b|PAN-?STARRS", re.IGNORECASE), _PS1),
    (re.compile(r"LSST|RUBIN|LATISS", re.IGNORECASE), _RUBIN),
    (re.compile(r"2MASS", re.IGNORECASE), _2MASS),
    (re.compile(r"SDSS|SLOAN", re.IGNORECASE), _SDSS),
)
_ALL = _JOHNSON | _SDSS | _OTHERS

# "g DECam SDSS c0001 4720.0 1520.0": centre and width in Ångström.
_DECAM_FILTER = re.compile(r"([A-Za-z0-9]+) DECam.* ([0-9]{4,5}\.[0-9]) ([0-9]{3,5}\.[0-9])\Z")
_AROUND = re.compile(r"(?:SDSS|HSC|PS1|DECAM|DES|LSST|2MASS|JOHNSON|COUSINS|BESSELL?|WISE|FILTER|BAND)", re.IGNORECASE)
_TAIL = re.compile(r"(?:\.[0-9]{5}|\.MP[0-9]{4}|[ _-]?[0-9]{1,2}|'|p|prime)\Z")

_MICROWAVE = {
    "30": (24.0, 31.0), "40": (31.0, 46.0), "90": (77.0, 112.0), "150": (124.0, 172.0), "220": (182.0, 277.0),
    "230": (182.0, 277.0), "280": (250.0, 320.0), "290": (250.0, 320.0),
}  # fmt: skip
_PLANCK = {
    "30": (25.4, 31.4), "44": (39.7, 48.5), "70": (63.4, 77.4), "100": (84.0, 117.0), "143": (119.0, 166.0),
    "217": (185.0, 257.0), "353": (300.0, 416.0), "545": (455.0, 635.0), "857": (716.0, 998.0),
}  # fmt: skip
_WMAP = {
    "K": (20.0, 25.5), "Ka": (29.5, 36.5), "Q": (36.5, 45.0), "V": (54.0, 68.0), "W": (84.0, 104.0),
    "23": (20.0, 25.5), "33": (29.5, 36.5), "41": (36.5, 45.0), "61": (54.0, 68.0), "94": (84.0, 104.0),
}  # fmt: skip
_F_NAME = re.compile(r"(?<![A-Za-z0-9])f(030|040|090|150|220|230|280|290)(?![0-9])")
_FREQUENCY = re.compile(r"([0-9]+(?:\.[0-9]*)?)[ _-]*(THz|GHz|MHz|kHz|Hz)?", re.IGNORECASE)
_HERTZ = {"thz": 1e12, "ghz": 1e9, "mhz": 1e6, "khz": 1e3, "hz": 1.0}
GREATEST_GHZ = 4000.0


def filter_band_m(name: str, about: Iterable[str] = ()) -> Band | None:
    """Wavelengths in metres of a filter of the optical and infrared.

    Parameters
    ----------
    name
        What the header calls it.
    about
        Names of telescope, instrument and survey: a filter ``g`` is not the same everywhere.
    """
    spelled = _DECAM_FILTER.match(name)
    if spelled:
        centre, width = float(spelled[2]), float(spelled[3])
        return (centre - width / 2.0) * 1e-10, (centre + width / 2.0) * 1e-10
    words = f"{name} {' '.join(about)}"
    table = next((bands for pattern, bands in _SURVEYS if pattern.search(words)), _ALL)
    for letter in _letters(name, capitals_mean_small=table is _HSC):
        found = table.get(letter) or _ALL.get(letter)
        if found:
            return found[0] * 1e-9, found[1] * 1e-9
    return None


def _letters(name: str, *, capitals_mean_small: bool) -> list[str]:
    """What of a name may be the letter of a band, the likeliest first."""
    bare = _AROUND.sub(" ", name).strip(" _-.:")
    first = bare.split()[0].strip("_-.") if bare.split() else ""
    short = _TAIL.sub("", first)
    found = []
    for word in dict.fromkeys((first, short)):
        if capitals_mean_small:
            found.append(word.lower())
        found.append(word)
        if word.lower() in {"y", "ks", "w1", "w2", "w3", "w4", "fuv", "nuv", "vr"}:
            found.append(word.capitalize() if word.lower() == "ks" else word.upper())
    return found


def named_band_m(*names: str) -> Band | None:
    """Wavelengths in metres of a band of a microwave survey that a name has in it, as ``f090``."""
    for name in names:
        found = _F_NAME.search(name)
        if found:
            return _of_ghz(_MICROWAVE[found[1].lstrip("0")])
    return None


def frequency_band_m(text: str, about: Iterable[str] = (), *, unit: str = "") -> Band | None:
    """Wavelengths in metres of a frequency in words: those of the survey's band where it is one, else of itself.

    Parameters
    ----------
    text
        A number, perhaps with a unit; without one it is in GHz, or Hz where it is too large for that.
    about
        Names of telescope, instrument, survey and file.
    """
    words = " ".join(about)
    wmap = re.search("WMAP", words, re.IGNORECASE)
    if wmap and text.strip() in _WMAP:
        return _of_ghz(_WMAP[text.strip()])
    microwave = named_band_m(text)
    found = _FREQUENCY.fullmatch(text.strip())
    if microwave or not found:
        return microwave
    value = float(found[1])
    factor = _HERTZ.get((found[2] or unit).lower(), 1e9 if value <= GREATEST_GHZ else 1.0)
    ghz = value * factor / 1e9
    table = _WMAP if wmap else _PLANCK if re.search("PLANCK", words, re.IGNORECASE) else {}
    if f"{ghz:g}" in table:
        return _of_ghz(table[f"{ghz:g}"])
    return _of_ghz((ghz, ghz)) if ghz > 0.0 else None


def _of_ghz(band: Band) -> Band:
    low, high = band
    return LIGHT_M_S / (high * 1e9), LIGHT_M_S / (low * 1e9)
