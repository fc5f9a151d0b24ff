"""Columns of positions as ICRS degrees: units, sexagesimal text, frames, and what has no place on the sky."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.arrays import numpy_of
from armillary.sky import frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from armillary.catalogs.fields import Field
    from armillary.catalogs.positions import PositionColumns

BLOCK_ROWS = 1 << 20
DEGREES = {
    "deg": 1.0, "degree": 1.0, "degrees": 1.0, "°": 1.0, "degs": 1.0,
    "rad": math.degrees(1.0), "radian": math.degrees(1.0), "radians": math.degrees(1.0),
    "h": 15.0, "hr": 15.0, "hour": 15.0, "hours": 15.0, "hourangle": 15.0, "15deg": 15.0,
    "arcmin": 1 / 60, "arcsec": 1 / 3600, "mas": 1 / 3.6e6, "uas": 1 / 3.6e9,
}  # fmt: skip
DECIMAL = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SEXAGESIMAL = (
    r"^(?P<sign>[+-]?)\s*(?P<first>\d+(?:\.\d*)?)\s*(?P<mark>[:hHdD° ])\s*(?P<minutes>\d+(?:\.\d*)?)"
    r"(?:\s*[:mM'′ ]\s*(?P<seconds>\d+(?:\.\d*)?)?\s*(?:[sS\"″]|'')?)?$"
)


@dataclass(frozen=True, slots=True)
class Skipped:
    """How many rows have no place on the sky, and why.

    Parameters
    ----------
    missing
        A coordinate is empty, or text that is no angle.
    not_finite
        A coordinate is NaN or infinite.
    out_of_range
        The latitude is beyond a pole.
    """

    missing: int = 0
    not_finite: int = 0
    out_of_range: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.missing + self.not_finite + self.out_of_range


def place(
    lon: Any, lat: Any, columns: PositionColumns, *, hours: bool | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], Skipped]:
    """Positions of a table.

    Parameters
    ----------
    lon, lat
        Columns of ``pyarrow``: numbers, or text in degrees or sexagesimal.
    columns
        What they are.
    hours
        Whether sexagesimal longitudes without letters are hours; None: those of equatorial frames are.

    Returns
    -------
    ICRS right ascension in [0, 360) and declination in degrees, float64 of shape (rows,), both NaN where a row has no
    place; and how many have none.
    """
    turned = columns.frame in {"icrs", "fk5", "fk4"} if hours is None else hours
    lon_deg, no_lon = degrees(lon, columns.lon, hours=turned)
    lat_deg, no_lat = degrees(lat, columns.lat, hours=False)
    missing = no_lon | no_lat
    infinite = ~missing & ~(np.isfinite(lon_deg) & np.isfinite(lat_deg))
    beyond = ~missing & ~infinite & (np.abs(lat_deg) > 90.0)
    bad = missing | infinite | beyond
    skipped = Skipped(int(missing.sum()), int(infinite.sum()), int(beyond.sum()))
    del missing, infinite, beyond
    if skipped.total:
        lon_deg, lat_deg = np.where(bad, np.nan, lon_deg), np.where(bad, np.nan, lat_deg)
    return *_to_icrs(lon_deg, lat_deg, columns.frame), skipped


def degrees(column: Any, field: Field, *, hours: bool) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column in degrees, and which of its rows are missing.

    Parameters
    ----------
    hours
        Sexagesimal text without letters is hours, minutes and seconds.
    """
    scale = scale_of(field)
    if field.is_text:
        values = text_degrees(column, scale, hours=hours)
        return values, np.isnan(values)
    values, missing = numbers(column)
    return values if scale == 1.0 else values * scale, missing


def numbers(column: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A numeric column as float64, NaN where it is missing, and where that is."""
    import pyarrow as pa

    missing = np.zeros(len(column), bool)
    if column.null_count:
        missing = np.asarray(column.is_null())
    doubles = column if pa.types.is_float64(column.type) else column.cast(pa.float64(), safe=False)
    return np.asarray(numpy_of(doubles), np.float64), missing


def scale_of(field: Field) -> float:
    """Degrees for one of a column's unit, as its unit or its name says."""
    unit = field.unit.strip().strip("'\"").lower()
    if unit in DEGREES:
        return DEGREES[unit]
    low = field.name.lower()
    if not unit and (low.endswith(("_rad", "_radians")) or "(rad" in low or "[rad" in low):
        return DEGREES["rad"]
    if not unit and (low.endswith(("_hours", "_hour")) or "(hour" in low or "[hour" in low):
        return DEGREES["h"]
    return 1.0


def text_degrees(column: Any, scale: float, *, hours: bool) -> NDArray[np.float64]:
    """Text as degrees: decimal numbers times ``scale``, or sexagesimal; NaN for what is neither."""
    import pyarrow as pa
    from pyarrow import compute

    text = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    text = compute.replace_substring(compute.utf8_trim_whitespace(text), "−", "-")
    decimal = compute.match_substring_regex(text, DECIMAL)
    out = numbers(compute.if_else(decimal, text, None).cast(pa.float64()))[0] * scale
    parts = compute.extract_regex(text, _SEXAGESIMAL)
    if parts.null_count == len(parts):
        return out
    found = np.asarray(parts.is_valid())
    first, minutes, seconds = (_part(parts, name) for name in ("first", "minutes", "seconds"))
    mark = np.asarray(compute.fill_null(parts.field("mark"), "").to_numpy(zero_copy_only=False), "U1")
    sign = np.where(np.asarray(compute.fill_null(compute.equal(parts.field("sign"), "-"), False)), -1.0, 1.0)  # noqa: FBT003
    turned = np.isin(mark, ["h", "H"]) | (hours & np.isin(mark, [":", " "]))
    value = sign * (first + minutes / 60.0 + seconds / 3600.0) * np.where(turned, 15.0, 1.0)
    value[(minutes > 60.0) | (seconds > 60.0)] = np.nan
    return np.where(found, value, out)


def _part(parts: Any, name: str) -> NDArray[np.float64]:
    import pyarrow as pa
    from pyarrow import compute

    words = parts.field(name)
    words = compute.if_else(compute.equal(words, ""), "0", words)
    return numbers(words.cast(pa.float64()))[0]


def _to_icrs(
    lon: NDArray[np.float64], lat: NDArray[np.float64], frame: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if frame in {"icrs", ""}:
        return _normalised(lon), lat
    known = {"galactic": frames.GALACTIC, "supergalactic": frames.SUPERGALACTIC}
    sky = known.get(frame) or {"fk5": frames.fk5, "fk4": frames.fk4, "ecliptic": frames.ecliptic}[frame]()
    ra, dec = np.empty(len(lon)), np.empty(len(lon))
    for start in range(0, len(lon), BLOCK_ROWS):
        part = slice(start, start + BLOCK_ROWS)
        ra[part], dec[part] = frames.to_angles(sky.to_icrs(frames.to_vectors(lon[part], lat[part])))
    return _normalised(ra), dec


def _normalised(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longitudes in [0, 360); the same array where they are already."""
    with np.errstate(invalid="ignore"):
        if not len(lon) or (np.fmin.reduce(lon) >= 0.0 and np.fmax.reduce(lon) < 360.0):
            return lon
        turned = lon % 360.0
    return np.where(turned >= 360.0, 0.0, turned)
