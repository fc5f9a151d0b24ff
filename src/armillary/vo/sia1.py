"""SIA 1.0 (IVOA REC 2009-11-24): what images are searched for, and the columns of the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from armillary.errors import ParameterError
from armillary.sky.regions import Circle, Range
from armillary.vo.obscore import SYSTEM
from armillary.vo.parameters import number, numbers, shown
from armillary.vo.votable import Coosys, Document, Field, Info, Param, Resource, Table, Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.sky.regions import Region
    from armillary.vo.parameters import Parameters

STANDARD_ID = "ivo://ivoa.net/std/SIA"
FITS, GRAPHICS = "image/fits", ("image/png", "image/jpeg")
INTERSECTIONS = {"OVERLAPS": "overlaps", "COVERS": "covers", "ENCLOSED": "enclosed", "CENTER": "center"}
LEAST_COSINE = 1e-9
WHOLE_SKY_DEG = 360.0

FIELDS = (
    Field("title", "char", "*", ucd="VOX:Image_Title", description="Title"),
    Field("instrument", "char", "*", ucd="INST_ID", description="Instrument"),
    Field("mjd_obs", "double", unit="d", ucd="VOX:Image_MJDateObs", description="Middle of the observation, MJD"),
    Field("ra", "double", unit="deg", ucd="POS_EQ_RA_MAIN", ref=SYSTEM, description="Right ascension of the middle"),
    Field("dec", "double", unit="deg", ucd="POS_EQ_DEC_MAIN", ref=SYSTEM, description="Declination of the middle"),
    Field("naxes", "int", ucd="VOX:Image_Naxes", description="Number of axes of the sky"),
    Field("naxis", "int", "*", unit="pix", ucd="VOX:Image_Naxis", description="Pixels along them"),
    Field("scale", "double", "*", unit="deg/pix", ucd="VOX:Image_Scale", description="Side of a pixel along them"),
    Field("format", "char", "*", ucd="VOX:Image_Format", description="Media type of the image"),
    Field("frame", "char", "*", ucd="VOX:STC_CoordRefFrame", description="Frame of the coordinates here"),
    Field("band", "char", "*", ucd="VOX:BandPass_ID", description="Name of the band"),
    Field("band_unit", "char", "*", ucd="VOX:BandPass_Unit", description="Unit of its bounds"),
    Field("band_middle", "double", unit="m", ucd="VOX:BandPass_RefValue", description="Middle of the band"),
    Field("band_high", "double", unit="m", ucd="VOX:BandPass_HiLimit", description="Longest wavelength"),
    Field("band_low", "double", unit="m", ucd="VOX:BandPass_LoLimit", description="Shortest wavelength"),
    Field("pixflags", "char", "*", ucd="VOX:Image_PixFlags", description="C: pixels as they were taken"),
    Field("url", "char", "*", ucd="VOX:Image_AccessReference", description="Where the image is"),
    Field("size", "long", unit="byte", ucd="VOX:Image_FileSize", description="Size of all of the image, about"),
    Field("obs_publisher_did", "char", "*", ucd="meta.ref.ivoid", description="Identifier of the data"),
)


@dataclass(frozen=True, slots=True)
class Sia1Query:
    """What is searched for.

    Parameters
    ----------
    region
        What ``POS`` and ``SIZE`` say; None where only the columns are asked for.
    relation
        What images have to do with it.
    formats
        Media types that are wanted.
    most
        ``MAXREC``.
    """

    region: Region | None
    relation: str = "overlaps"
    formats: tuple[str, ...] = (FITS, *GRAPHICS)
    most: int | None = None


def parse(parameters: Parameters) -> Sia1Query:
    """What a request searches for. Parameters that ask for images to be made (``CFRAME``, ``CRPIX`` …) are ignored.

    Raises
    ------
    ParameterError
        ``POS`` or ``SIZE`` is missing, or a value is bad.
    """
    said = parameters.one("FORMAT")
    words = [word.strip() for word in ("ALL" if said is None else said).split(",")]
    most = parameters.integer("MAXREC", 0, 1 << 62)
    parameters.integer("VERB", 0, 3)
    if [word.upper() for word in words] == ["METADATA"]:
        return Sia1Query(None, most=most)
    intersect = (parameters.one("INTERSECT") or "OVERLAPS").strip().upper()
    if intersect not in INTERSECTIONS:
        raise ParameterError("INTERSECT", f"'{shown(intersect)}' is none of {', '.join(INTERSECTIONS)}")
    region = _region(_position(parameters.one("POS")), _size(parameters.one("SIZE")))
    return Sia1Query(region, INTERSECTIONS[intersect], _formats(words), most)


def _position(text: str | None) -> tuple[float, float]:
    if text is None:
        raise ParameterError("POS", "is needed: right ascension and declination, degrees, with a comma between")
    # Some clients name the frame after the numbers, which this standard's drafts had.
    parts = text.partition(";")[0].split(",")
    if len(parts) != 2:
        raise ParameterError("POS", f"'{shown(text)}' is not RA,DEC: two numbers in degrees with a comma between")
    return number("POS", parts[0], -360.0, 360.0) % 360.0, number("POS", parts[1], -90.0, 90.0)


def _size(text: str | None) -> tuple[float, float]:
    if text is None:
        raise ParameterError("SIZE", "is needed: one or two numbers, degrees, with a comma between")
    found = numbers("SIZE", text.replace(",", " "), 2)
    if not found or not all(0.0 <= size <= WHOLE_SKY_DEG for size in found) or text.count(",") > 1:
        raise ParameterError("SIZE", f"'{shown(text)}' is not one or two numbers from 0 to 360 with a comma between")
    return found[0], found[-1]


def _region(position: tuple[float, float], size: tuple[float, float]) -> Region:
    """The box about a position: its width is along the parallel through it (section 4.1.1)."""
    (ra, dec), (width, height) = position, size
    if width == height == 0.0:
        return Circle(ra, dec, 0.0)
    south, north = dec - height / 2.0, dec + height / 2.0
    turn = min(WHOLE_SKY_DEG, width / max(math.cos(math.radians(dec)), LEAST_COSINE))
    if south <= -90.0 or north >= 90.0:
        turn = WHOLE_SKY_DEG  # The box reaches over a pole.
    return Range(ra - turn / 2.0, ra + turn / 2.0, max(south, -90.0), min(north, 90.0))


def _formats(words: list[str]) -> tuple[str, ...]:
    """Media types that are offered and wanted; none where nothing of what is wanted is offered."""
    wanted: list[str] = []
    for word in words:
        low = word.lower()
        if low == "all":
            wanted += [FITS, *GRAPHICS]
        elif low == "graphic" or low.startswith("graphic-"):
            chosen = [form for form in GRAPHICS if form.rpartition("/")[2] in low.replace("jpg", "jpeg")]
            wanted += chosen or (list(GRAPHICS) if low in {"graphic", "graphic-all"} else [])
        elif low in {"image/fits", "application/fits", "fits"}:
            wanted.append(FITS)
        elif low in {"image/png", "png"}:
            wanted.append(GRAPHICS[0])
        elif low in {"image/jpeg", "image/jpg", "jpeg", "jpg"}:
            wanted.append(GRAPHICS[1])
    return tuple(dict.fromkeys(wanted))


def document(rows: Sequence[Sequence[Any]], *, overflow: bool, name: str = "") -> Document:
    """Rows as a VOTable, each in the order of ``FIELDS``."""
    table = Table(FIELDS, rows, name="images", description=name)
    infos = (Info("QUERY_STATUS", "OK"), Info("SERVICE_PROTOCOL", "1.0", "SIAP"))
    resource = Resource(infos, (table,), systems=(Coosys(SYSTEM),), overflow=overflow)
    return Document((resource,))


def metadata(name: str = "") -> Document:
    """What may be asked for, and the columns of an answer (section 4.1.5): parameters ``INPUT:``, no rows."""
    params = (
        _input("POS", "Right ascension and declination, ICRS degrees, with a comma between", unit="deg"),
        _input("SIZE", "Width and height of the region, degrees, or one number for both", unit="deg"),
        _input("FORMAT", "Media types, or ALL, GRAPHIC, METADATA", "ALL", (FITS, *GRAPHICS, "GRAPHIC", "METADATA")),
        _input("INTERSECT", "What images have to do with the region", "OVERLAPS", tuple(INTERSECTIONS)),
        Param(Field("INPUT:MAXREC", "int", description="Most rows of the answer")),
    )
    table = Table(FIELDS, (), name="images", description=name)
    infos = (Info("QUERY_STATUS", "OK"), Info("SERVICE_PROTOCOL", "1.0", "SIAP"))
    return Document((Resource(infos, (table,), params=params, systems=(Coosys(SYSTEM),)),))


def _input(name: str, text: str, value: str | None = None, options: tuple[str, ...] = (), unit: str = "") -> Param:
    known = Values(options=(value, *options)) if value and options and value not in options else None
    values = known or (Values(options=options) if options else None)
    return Param(Field(f"INPUT:{name}", "char", "*", unit=unit, values=values, description=text), value)
