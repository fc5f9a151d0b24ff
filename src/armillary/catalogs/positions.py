"""Which columns of a table are positions on the sky, and which is the name of a source.

Given names come first, then UCDs (IVOA UCD1+, and UCD1), then the names that people use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import NoPositionsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from armillary.catalogs.fields import Field
    from armillary.catalogs.table import Table

LISTED = 30


@dataclass(frozen=True, slots=True)
class PositionColumns:
    """Columns of positions.

    Parameters
    ----------
    lon, lat
        Longitude and latitude.
    frame
        ``icrs``, ``fk5``, ``fk4``, ``galactic``, ``supergalactic`` or ``ecliptic``.
    note
        What a user should know of the choice, empty for nothing.
    """

    lon: Field
    lat: Field
    frame: str
    note: str = ""


_UCD_PAIRS = (
    ("pos.eq.ra", "pos.eq.dec", "icrs"),
    ("pos_eq_ra", "pos_eq_dec", "icrs"),
    ("pos.galactic.lon", "pos.galactic.lat", "galactic"),
    ("pos_gal_lon", "pos_gal_lat", "galactic"),
    ("pos.ecliptic.lon", "pos.ecliptic.lat", "ecliptic"),
    ("pos.supergalactic.lon", "pos.supergalactic.lat", "supergalactic"),
)
# In the order of preference; names are compared as ``_plain`` makes them.
_NAME_PAIRS = (
    *((ra, dec, "icrs") for ra, dec in (
        ("ra", "dec"), ("ra_icrs", "de_icrs"), ("ra_icrs", "dec_icrs"), ("raicrs", "deicrs"),
        ("raj2000", "dej2000"), ("raj2000", "decj2000"), ("ra_j2000", "dec_j2000"), ("ra2000", "dec2000"),
        ("ra2000", "de2000"), ("ra", "de"), ("ra_deg", "dec_deg"), ("radeg", "decdeg"), ("radeg", "dedeg"),
        ("ra_deg", "de_deg"), ("alpha_j2000", "delta_j2000"), ("alphawin_j2000", "deltawin_j2000"),
        ("alphapeak_j2000", "deltapeak_j2000"), ("x_world", "y_world"), ("alpha", "delta"),
        ("right_ascension", "declination"), ("rightascension", "declination"), ("ra_mean", "dec_mean"),
        ("ramean", "decmean"), ("meanra", "meandec"), ("coord_ra", "coord_dec"), ("s_ra", "s_dec"),
        ("ra_rad", "dec_rad"), ("ra_hms", "dec_dms"), ("ra_hours", "dec_deg"), ("ra_hour", "dec_deg"),
        ("ra_str", "dec_str"), ("target_ra", "target_dec"),
    )),
    ("glon", "glat", "galactic"), ("gal_lon", "gal_lat", "galactic"), ("l", "b", "galactic"),
    ("l_deg", "b_deg", "galactic"), ("gal_l", "gal_b", "galactic"), ("gall", "galb", "galactic"),
    ("elon", "elat", "ecliptic"), ("ecl_lon", "ecl_lat", "ecliptic"),
    ("sglon", "sglat", "supergalactic"), ("sgl", "sgb", "supergalactic"),
    ("lon", "lat", "icrs"), ("longitude", "latitude", "icrs"), ("lon_deg", "lat_deg", "icrs"),
    ("rab1950", "deb1950", "fk4"), ("ra1950", "dec1950", "fk4"), ("ra_b1950", "dec_b1950", "fk4"),
)  # fmt: skip
_PART = re.compile(r"(?<![a-z0-9])(ra)(?![a-z])")
_NO_POSITION = re.compile(r"err|sig|std|unc|pm|prec|var|corr|cov|off|(?<![a-z])d_?ra|(?<![a-z])e_")
# Words of columns that are other pairs of numbers: pixels, fluxes, counts.
_NO_PLACE = re.compile(r"(?<![a-z])(?:[xy]|row|col|index|id|z)(?![a-z])|pix|image|flux|mag|width|height|count|number")
_BRACKETS = re.compile(r"\s*[\[({<].*?[\])}>]\s*")
_NAMES = (
    "name", "main_id", "id", "source_id", "sourceid", "designation", "source_name", "object", "object_id", "objid",
    "obj_id", "target", "target_name", "identifier", "hip", "hd", "tyc", "2mass", "iauname", "iau_name", "cluster",
    "galaxy", "star", "source", "objname", "number", "num", "recno",
)  # fmt: skip


def _plain(name: str) -> str:
    """A name as the table of names has it: small letters, no unit in brackets, no underscore before it."""
    return _BRACKETS.sub("", name.lower().replace("r.a.", "ra").replace("decl.", "dec")).strip(" _#")


def find_positions(
    name: str,
    fields: Sequence[Field],
    ra_column: str | None = None,
    dec_column: str | None = None,
    *,
    frame: str = "",
) -> PositionColumns:
    """Columns of longitude and latitude.

    Parameters
    ----------
    name
        The table's, for messages.
    fields
        Its columns.
    ra_column, dec_column
        Names given by the user; both or none.
    frame
        Frame of equatorial positions, where the file names one.

    Raises
    ------
    NoPositionsError
        A given column is missing, or nothing looks like positions; the message lists the columns.
    """
    if ra_column or dec_column:
        found: PositionColumns | None = _given(name, fields, ra_column, dec_column)
    else:
        usable = [field for field in fields if field.numeric or field.is_text]
        found = _by_ucd(usable) or _by_name(usable) or _by_part(usable)
    if found is None:
        raise NoPositionsError(
            name, f"none of its columns are known as positions: name the two of them. It has {listed(fields)}."
        )
    if found.frame == "icrs" and frame:
        return PositionColumns(found.lon, found.lat, frame, found.note)
    return found


def listed(fields: Iterable[Field]) -> str:
    """Names of columns for a message."""
    names = [field.name for field in fields]
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return (", ".join(names[:LISTED]) or "no columns") + more


def _given(name: str, fields: Sequence[Field], ra: str | None, dec: str | None) -> PositionColumns:
    if not ra or not dec:
        raise NoPositionsError(name, "both the column of right ascension and the one of declination must be named.")
    pair = [find_field(fields, wanted) for wanted in (ra, dec)]
    for wanted, field in zip((ra, dec), pair, strict=True):
        if field is None:
            raise NoPositionsError(name, f"there is no column {wanted!r}: it has {listed(fields)}.")
        if not (field.numeric or field.is_text):
            raise NoPositionsError(name, f"column {wanted!r} holds {field.dtype}, no positions.")
    lon, lat = pair
    assert lon is not None
    assert lat is not None
    known = _by_ucd([lon, lat]) or _by_name([lon, lat])
    return PositionColumns(lon, lat, known.frame if known is not None and known.lon is lon else "icrs")


def find_field(fields: Iterable[Field], name: str) -> Field | None:
    """The column of a name; case is ignored where no other is meant."""
    loose = None
    for field in fields:
        if field.name == name:
            return field
        if loose is None and field.name.lower() == name.lower():
            loose = field
    return loose


def _by_ucd(fields: Sequence[Field]) -> PositionColumns | None:
    for main in (True, False):
        for lon_ucd, lat_ucd, frame in _UCD_PAIRS:
            lon, lat = (_with_ucd(fields, ucd, main=main) for ucd in (lon_ucd, lat_ucd))
            if lon is not None and lat is not None:
                return PositionColumns(lon, lat, frame)
    return None


def _with_ucd(fields: Sequence[Field], ucd: str, *, main: bool) -> Field | None:
    """The column of a UCD: the main one, or the only one."""
    found = []
    for field in fields:
        words = [word.strip() for word in field.ucd.lower().split(";")]
        if words[0] == f"{ucd}_main" or (words[0] == ucd and "meta.main" in words):
            return field
        if words[0] == ucd:
            found.append(field)
    return found[0] if len(found) == 1 and not main else None


def _by_name(fields: Sequence[Field]) -> PositionColumns | None:
    by_name: dict[str, Field] = {}
    for field in fields:
        by_name.setdefault(_plain(field.name), field)
    for lon, lat, frame in _NAME_PAIRS:
        if lon in by_name and lat in by_name:
            return PositionColumns(by_name[lon], by_name[lat], frame)
    return None


def _by_part(fields: Sequence[Field]) -> PositionColumns | None:
    """``source_ra`` and ``source_dec``, ``RA_2`` and ``DEC_2``: names that differ in that word only."""
    by_name = {_plain(field.name): field for field in fields}
    for plain, field in by_name.items():
        if not _PART.search(plain) or _NO_POSITION.search(plain):
            continue
        for word in ("dec", "de"):
            other = by_name.get(_PART.sub(word, plain))
            if other is not None:
                return PositionColumns(field, other, "icrs", f"Positions are taken from {field.name} and {other.name}.")
    return None


def positions_by_order(table: Table) -> PositionColumns | None:
    """The last two of two or three columns, as TileMaker takes them (name, RA, Dec); None where they cannot be that.

    Both must be numbers, within the ranges of right ascension and declination, and not both be called something else:
    pixels (``X_IMAGE``) are no places on the sky.
    """
    from pyarrow import compute

    if len(table.fields) not in {2, 3} or not all(field.numeric for field in table.fields[-2:]):
        return None
    lon, lat = table.fields[-2:]
    if all(_NO_PLACE.search(_plain(field.name)) for field in (lon, lat)):
        return None
    for field, low, high in ((lon, -180.0, 360.0), (lat, -90.0, 90.0)):
        range_of = compute.min_max(table.column(field.name)).as_py()
        if range_of["min"] is None or range_of["min"] < low or range_of["max"] > high:
            return None
    return PositionColumns(lon, lat, "icrs", f"Positions are taken from {lon.name} and {lat.name}, by their order.")


def find_name(fields: Sequence[Field], name_column: str | None = None, *, table: str = "file") -> Field | None:
    """The column that names a source, None where nothing looks like it.

    Raises
    ------
    NoPositionsError
        The given column is missing.
    """
    if name_column:
        found = find_field(fields, name_column)
        if found is None:
            raise NoPositionsError(table, f"there is no column {name_column!r}: it has {listed(fields)}.")
        return found
    usable = [field for field in fields if field.is_text or field.dtype.startswith(("int", "uint"))]
    ids = [field for field in usable if field.ucd.lower().startswith(("meta.id", "id_main"))]
    main = [field for field in ids if "main" in field.ucd.lower()]
    named = {_plain(field.name): field for field in reversed(usable)}
    by_name = [named[name] for name in _NAMES if name in named]
    return next(iter(main + by_name + ids), None)
