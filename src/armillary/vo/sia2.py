"""Parameters of SIA 2.0 (IVOA REC 2015-12-23, section 2.1): what images are searched for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from armillary.errors import LimitError, ParameterError
from armillary.sky.regions import parse_pos
from armillary.vo.identifiers import bare_id
from armillary.vo.parameters import integer, interval, shown
from armillary.vo.soda import POLARIZATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.sky.regions import Region
    from armillary.vo.parameters import Parameters

    Interval = tuple[float, float]

T = TypeVar("T")

STANDARD_ID = "ivo://ivoa.net/std/SIA#query-2.0"
TYPES = ("image", "cube")
HIGHEST_LEVEL = 4
MOST_VALUES = 1000
MOST_CORNERS, MOST_CORNERS_EACH = 20_000, 1000
"""Corners of all polygons together and of each: they are compared with those of every image near."""
LONGEST_TEXT = 1024
DATALINK = "application/x-votable+xml;content=datalink"
DIRECT = ("application/fits", "image/fits")
"""Forms in which the data themselves are answered, where these are asked for."""


@dataclass(frozen=True, slots=True)
class Sia2Query:
    """What is searched for. Values of one parameter are alternatives; an empty tuple constrains nothing.

    Parameters
    ----------
    regions
        ``POS``.
    bands_m, times_mjd
        ``BAND``, ``TIME``: intervals that those of the image meet.
    pols
        ``POL``.
    fovs_deg, resolutions_arcsec, powers, exposures_s, time_resolutions_s
        ``FOV``, ``SPATRES``, ``SPECRP``, ``EXPTIME``, ``TIMERES``: intervals that hold the number.
    ids
        ``ID``, without the publisher where that is this one.
    collections, facilities, instruments, types, levels, targets
        ``COLLECTION``, ``FACILITY``, ``INSTRUMENT``, ``DPTYPE``, ``CALIB``, ``TARGET``.
    format
        ``FORMAT``: of what the addresses in the answer give; None where no such format is offered.
    most
        ``MAXREC``, None where it was not given.
    """

    regions: tuple[Region, ...] = ()
    bands_m: tuple[Interval, ...] = ()
    times_mjd: tuple[Interval, ...] = ()
    pols: tuple[str, ...] = ()
    fovs_deg: tuple[Interval, ...] = ()
    resolutions_arcsec: tuple[Interval, ...] = ()
    powers: tuple[Interval, ...] = ()
    exposures_s: tuple[Interval, ...] = ()
    time_resolutions_s: tuple[Interval, ...] = ()
    ids: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    facilities: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    targets: tuple[str, ...] = ()
    format: str | None = DATALINK
    most: int | None = None


def parse(parameters: Parameters, authority: str) -> Sia2Query:
    """What a request searches for.

    Parameters
    ----------
    authority
        Of our identifiers.

    Raises
    ------
    ParameterError
        A value is bad.
    LimitError
        Too many values or corners.
    """

    def every(name: str, read: Callable[[str, str], T]) -> tuple[T, ...]:
        values = parameters.all(name)
        if len(values) > MOST_VALUES:
            raise LimitError(f"{name}: at most {MOST_VALUES} values, not {len(values)}.", parameter=name)
        return tuple(dict.fromkeys(read(name, value) for value in values))

    _check_corners(parameters.all("POS"))
    return Sia2Query(
        every("POS", lambda name, text: parse_pos(text, name)),
        every("BAND", interval),
        every("TIME", interval),
        every("POL", _state),
        every("FOV", interval),
        every("SPATRES", interval),
        every("SPECRP", interval),
        every("EXPTIME", interval),
        every("TIMERES", interval),
        every("ID", lambda name, text: bare_id(_text(name, text), authority)),
        every("COLLECTION", _text),
        every("FACILITY", _text),
        every("INSTRUMENT", _text),
        every("DPTYPE", _type),
        every("CALIB", lambda name, text: integer(name, text, 0, HIGHEST_LEVEL)),
        every("TARGET", _text),
        _format(every("FORMAT", _text)),
        parameters.integer("MAXREC", 0, 1 << 62),
    )


def _check_corners(given: list[str]) -> None:
    corners = [len(text.split()) // 2 for text in given if len(text) > 100]
    if corners and (max(corners) > MOST_CORNERS_EACH or sum(corners) > MOST_CORNERS):
        most = f"{MOST_CORNERS_EACH} corners each and {MOST_CORNERS} together"
        raise LimitError(f"POS: polygons have at most {most}: leave some out.", parameter="POS")


def _text(name: str, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise ParameterError(name, f"is longer than {LONGEST_TEXT} characters")
    return text


def _state(name: str, text: str) -> str:
    if text not in POLARIZATIONS:
        raise ParameterError(name, f"'{shown(text)}' is none of {', '.join(POLARIZATIONS)}")
    return text


def _type(name: str, text: str) -> str:
    if text not in TYPES:
        raise ParameterError(name, f"'{shown(text)}' is none of {', '.join(TYPES)}")
    return text


def _format(wanted: tuple[str, ...]) -> str | None:
    """What the addresses are to give: links, unless only the data themselves are wanted."""
    if not wanted:
        return DATALINK
    said = {"".join(text.lower().split()) for text in wanted}
    return DATALINK if DATALINK in said else next((form for form in DIRECT if form in said), None)
