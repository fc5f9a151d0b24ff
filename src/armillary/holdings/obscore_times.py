"""When an image was taken: start, end, exposure, by the keywords of its header (FITS 4.0, section 9), MJD in UTC."""

from __future__ import annotations

import functools
import math
import re
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from armillary.storage.fits.cards import Value

    Look = Callable[[str], Value | None]

DAY_S = 86_400.0
TT_MINUS_TAI_S = 32.184
TAI_MINUS_GPS_S = 19.0
MJD_ORDINAL = date(1858, 11, 17).toordinal()
LATEST_MJD = 1e6
UNSET_MJD = 40_587.0
"""1970-01-01: what a clock says that was never set."""
LONGEST_S = 1e11
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ]+(.*?))?Z?\Z")
_OLD_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{2})\Z")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]*)?))?Z?\Z")
_CLOCKS = ("TIME-OBS", "UTC-OBS", "TIME-BEG", "UTSTART", "UT", "UTC", "TAIHMS")
_DURATIONS = ("EXPTIME", "XPOSURE", "EXPOSURE", "EXPOSED", "TEXPTIME", "ITIME")


@dataclass(frozen=True, slots=True)
class Times:
    """Start and end (MJD, UTC), exposure and resolution (seconds); None where unknown."""

    start: float | None = None
    end: float | None = None
    exposure_s: float | None = None
    resolution_s: float | None = None


def times_of(look: Look) -> Times:
    """Times of a header.

    Parameters
    ----------
    look
        Value of a keyword, None where it is missing.
    """
    exposure = next((found for key in _DURATIONS if (found := _seconds(look(key)))), None)
    start, end = _span(look, exposure)
    if start is not None and end is not None and end < start:
        start, end = end, start
    return replace(Times(start, end, exposure), resolution_s=_resolution(look, start, end, exposure))


def _span(look: Look, exposure: float | None) -> tuple[float | None, float | None]:
    scale = str(look("TIMESYS") or "UTC").strip().upper()
    begun = _moment(look, scale, ("DATE-BEG",), ("MJD-BEG",))
    seen = _moment(look, scale, ("DATE-OBS", "DATE_OBS"), ("MJD-OBS", "MJD_OBS"))
    first = _moment(look, scale, ("DATEOBS1", "DATE-STA", "DATE-STR"), ("MJDSTART",))
    ended = _moment(look, scale, ("DATE-END", "DATEOBS2", "DATEEND"), ("MJD-END", "MJDEND"))
    middle = _moment(look, scale, ("DATE-AVG", "DATE-MID", "TIME-MID"), ("MJD-AVG", "MJD-MID"))
    start = begun or seen or first
    lasted = _seconds(look("TELAPSE")) or exposure
    if start is None and middle is not None and ended is None:
        half = (lasted or 0.0) / DAY_S / 2.0
        return middle[0] - half, middle[1] + half
    if start is None:
        return (None if ended is None or lasted is None else ended[0] - lasted / DAY_S), (ended and ended[1])
    if ended is not None:
        return start[0], ended[1]
    if start[1] > start[0]:  # A day without a time.
        return start
    return start[0], (start[0] if lasted is None else start[0] + lasted / DAY_S)


def _resolution(look: Look, start: float | None, end: float | None, exposure: float | None) -> float | None:
    """TIMEDEL; else the exposure, where it is one: not those of many nights together."""
    given = _seconds(look("TIMEDEL"))
    if given or exposure is None or start is None or end is None:
        return given
    return exposure if (end - start) * DAY_S <= 1.5 * exposure + 1.0 or end - start == 1.0 else None


def _moment(look: Look, scale: str, dates: Iterable[str], numbers: Iterable[str]) -> tuple[float, float] | None:
    """The moment, or the day, that the first of some keywords tells: its start and end."""
    for key in dates:
        text = look(key)
        found = _parsed(text, look) if isinstance(text, str) else None
        if found is not None and abs(found[0] - UNSET_MJD) > 60.0 / DAY_S:
            return _in_utc(found[0], scale), _in_utc(found[1], scale)
    for key in numbers:
        number = _number(look(key))
        if number is not None and 0.0 < number < LATEST_MJD:
            moment = _in_utc(number, scale)
            return moment, moment
    return None


def _parsed(text: str, look: Look) -> tuple[float, float] | None:
    day, clock = _day_of(text.strip())
    if day is None:
        return None
    if not clock:
        clock = next(
            (found for key in _CLOCKS if isinstance(found := look(key), str) and _CLOCK.match(found.strip())), ""
        )
    part = _part_of_day(clock.strip())
    return (day + part, day + part) if part is not None else (day, day + 1.0)


def mjd_of(text: str) -> float | None:
    """Modified Julian Date of a date of ISO 8601, perhaps with a time; None where it is none."""
    day, clock = _day_of(text.strip())
    if day is None or not clock:
        return day
    part = _part_of_day(clock)
    return None if part is None else day + part


def _day_of(text: str) -> tuple[float | None, str]:
    found, old = _DATE.match(text), _OLD_DATE.match(text)
    try:
        if found:
            return float(date(int(found[1]), int(found[2]), int(found[3])).toordinal() - MJD_ORDINAL), found[4] or ""
        if old:  # DD/MM/YY of the last century: FITS 4.0, section 4.4.2.1.
            return float(date(1900 + int(old[3]), int(old[2]), int(old[1])).toordinal() - MJD_ORDINAL), ""
    except ValueError:
        return None, ""
    return None, ""


def _part_of_day(clock: str) -> float | None:
    found = _CLOCK.match(clock)
    if not found:
        return None
    hours, minutes, seconds = int(found[1]), int(found[2]), float(found[3] or 0.0)
    return (
        (hours * 3600.0 + minutes * 60.0 + seconds) / DAY_S if hours <= 24 and minutes < 60 and seconds < 61 else None
    )


def _number(value: Value | None) -> float | None:
    """A finite number, also one in quotes, as some programs write it."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _seconds(value: Value | None) -> float | None:
    number = _number(value)
    return number if number is not None and 0.0 < number < LONGEST_S else None


def _in_utc(mjd: float, scale: str) -> float:
    """A date of another time scale as one of UTC; scales that nobody knows, and dates before 1972, as they are."""
    if scale in {"TT", "TDT", "ET", "TDB", "TCB", "TCG"}:
        tai = mjd - TT_MINUS_TAI_S / DAY_S
    elif scale == "GPS":
        tai = mjd + TAI_MINUS_GPS_S / DAY_S
    elif scale in {"TAI", "IAT"}:
        tai = mjd
    else:
        return mjd
    days, offsets = _leap_seconds()
    for day, offset in zip(days, offsets, strict=True):
        if tai - offset / DAY_S >= day:
            return tai - offset / DAY_S
    return mjd


@functools.cache
def _leap_seconds() -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Days (MJD) from which TAI is so many seconds ahead of UTC, the last first."""
    import erfa  # type: ignore[import-untyped,unused-ignore]

    table = [row for row in erfa.leap_seconds.get().tolist() if row[0] >= 1972]
    days = [float(date(int(year), int(month), 1).toordinal() - MJD_ORDINAL) for year, month, _ in table]
    return tuple(days[::-1]), tuple(float(row[2]) for row in table[::-1])
