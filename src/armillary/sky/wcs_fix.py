"""Small repairs of world coordinate cards, and which kind of coordinates they describe."""

from __future__ import annotations

from armillary.sky.wcs_cards import AxisCards, NoSkyError

CELESTIAL = {"RA": "DEC", "GLON": "GLAT", "ELON": "ELAT", "SLON": "SLAT"}
_OTHER_SKIES = {
    "HP": "Solar",
    "HG": "Solar",
    "CR": "Solar",
    "HC": "Solar",
    "SO": "Solar",
    "HLON": "Helioecliptic",
    "TLON": "Terrestrial",
    "EA": "Terrestrial",
    "SE": "Lunar",
}
_PLANETS = {"ME": "Mercury", "VE": "Venus", "MA": "Mars", "JU": "Jupiter", "SA": "Saturn", "UR": "Uranus"}
_PLANETS |= {"NE": "Neptune", "PL": "Pluto", "MO": "the Moon"}
_MAX_SIP_ORDER = 9
NO_SKY = "No celestial coordinates: positions are pixels only."


def axis_name(ctype: str) -> str:
    """Name of the coordinate of a CTYPE: ``RA`` of ``RA---TAN``."""
    return ctype[:4].rstrip("-").upper()


def check_celestial(cards: AxisCards) -> None:
    """Refuse what is not a pair of celestial axes with a projection.

    Raises
    ------
    NoSkyError
        With the reason.
    """
    ctypes = [cards.text("CTYPE1"), cards.text("CTYPE2")]
    names = [axis_name(ctype) for ctype in ctypes]
    for lon, lat in (names, names[::-1]):
        if CELESTIAL.get(lon) == lat:
            if any(len(ctype) < 8 for ctype in ctypes):
                raise NoSkyError("The sky coordinates name no projection: positions are pixels only.")
            if any(ctype[4:8].upper() == "-TAB" for ctype in ctypes):
                raise NoSkyError("Sky coordinates given by a table (-TAB) are not read: positions are pixels only.")
            return
    raise NoSkyError(_other_sky(names))


def _other_sky(names: list[str]) -> str:
    for name in names:
        if name[2:] in {"LN", "LT"} or name in {"HLON", "HLAT", "TLON", "TLAT", "SOLX", "SOLY"}:
            kind = _OTHER_SKIES.get(name.replace("LAT", "LON")) or _OTHER_SKIES.get(name[:2])
            planet = _PLANETS.get(name[:2])
            kind = kind or (f"Surface ({planet})" if planet else "Planetary")
            return f"{kind} coordinates: positions are pixels only."
    return NO_SKY


def repair(cards: AxisCards) -> None:
    """Bring CTYPE and distortion cards into agreement, as astropy does, and rename old cards.

    SIP under ``-TAN`` is honoured; SCAMP's polynomial under ``-TAN`` becomes ``TPV`` and wins over SIP; SIP wins
    where CTYPE says ``-SIP`` (Shupe et al. 2012, SPIE 8451, section 7).
    """
    for old, new in (("RADECSYS", "RADESYS"), ("EPOCH", "EQUINOX")):
        if old in cards.values:
            cards.values.setdefault(new, cards.values.pop(old))
    ctypes = [cards.text(f"CTYPE{axis}").upper() for axis in (1, 2)]
    codes = {ctype[4:8] for ctype in ctypes}
    scamp = codes == {"-TAN"} and any(f"PV{axis}_{term}" in cards.values for axis in (1, 2) for term in range(5, 40))
    prefers_sip = all(ctype[8:] == "-SIP" for ctype in ctypes)
    if scamp and prefers_sip:
        _drop(cards, ("PV",))
    elif scamp or codes == {"-TPV"}:
        _drop(cards, ("A_", "B_"))
    for axis, ctype in enumerate(ctypes, 1):
        cards.values[f"CTYPE{axis}"] = ctype[:4] + ("-TPV" if scamp and not prefers_sip else ctype[4:8])


def _drop(cards: AxisCards, prefixes: tuple[str, ...]) -> None:
    for name in [name for name in cards.values if name.startswith(prefixes)]:
        del cards.values[name]


def has_sip(cards: AxisCards) -> bool:
    """True when the header holds a whole SIP polynomial.

    Raises
    ------
    NoSkyError
        Its orders contradict each other or are out of bounds.
    """
    orders = [cards.number("A_ORDER"), cards.number("B_ORDER")]
    high = [order is not None and order > 1 for order in orders]
    if high[0] != high[1]:
        raise NoSkyError("The SIP distortion is incomplete (A_ORDER, B_ORDER): positions are pixels only.")
    if any(order is not None and order > _MAX_SIP_ORDER for order in orders):
        raise NoSkyError("The order of the SIP distortion is above 9: positions are pixels only.")
    return all(high)


def has_lookup(cards: AxisCards) -> bool:
    """True when the header points to distortion tables in other extensions.

    Raises
    ------
    NoSkyError
        It describes a distortion of another kind.
    """
    kinds = {cards.text(name).lower() for name in ("CPDIS1", "CPDIS2", "D2IMDIS1", "D2IMDIS2")} - {""}
    others = {cards.text(name).upper() for name in ("CQDIS1", "CQDIS2")} - {"", "TPD"}
    if kinds - {"lookup"} or others:
        raise NoSkyError("Distortions other than SIP, TPV, TPD and tables are not read: positions are pixels only.")
    return bool(kinds) or "AXISCORR" in cards.values


def for_wcslib(cards: AxisCards) -> AxisCards:
    """The cards that wcslib's projection needs: nothing of SIP and of tables, records of TPD where it is named."""
    iraf = cards.text("CTYPE1")[4:8] in {"-TNX", "-ZPX"}
    polynomials = {f"DQ{axis}" for axis in (1, 2) if cards.text(f"CQDIS{axis}").upper() == "TPD"}
    unwanted = ("A_", "B_", "CPDIS", "CPERR", "CQDIS", "D2IM", "AXISCORR") + (() if iraf else ("WAT",))
    values = {name: value for name, value in cards.values.items() if not name.startswith(unwanted)}
    values |= {name.replace("DQ", "CQDIS"): "TPD" for name in polynomials}
    return AxisCards(values, [record for record in cards.records if record[0] in polynomials])


def for_tables(cards: AxisCards) -> AxisCards:
    """The cards that astropy needs for SIP and tables: nothing of TPD and of IRAF."""
    tables = {f"DP{axis}" for axis in (1, 2) if cards.text(f"CPDIS{axis}")}
    tables |= {f"D2IM{axis}" for axis in (1, 2) if cards.text(f"D2IMDIS{axis}")}
    values = {name: value for name, value in cards.values.items() if not name.startswith(("CQDIS", "WAT", "PV"))}
    return AxisCards(values, [record for record in cards.records if record[0] in tables])
