"""Columns of ObsCore 1.1 (IVOA REC 2017-05-09, tables 6 and 7) as SIA 2.0 answers them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from armillary.vo.votable import Coosys, Document, Field, Table, Timesys, results

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from armillary.vo.votable import Resource

SYSTEM, TIMES = "icrs", "utc"
DID = "obs_publisher_did"
_SPACE, _TIME, _SPECTRUM = "Char.SpatialAxis", "Char.TimeAxis", "Char.SpectralAxis"
_POSITION = f"{_SPACE}.Coverage.Location.Coord.Position2D.Value2"


def _text(name: str, ucd: str, utype: str, description: str, **more: Any) -> Field:
    return Field(name, "char", "*", ucd=ucd, utype=f"obscore:{utype}", description=description, **more)


def _real(name: str, unit: str, ucd: str, utype: str, description: str, ref: str = "") -> Field:
    return Field(name, "double", unit=unit, ucd=ucd, utype=f"obscore:{utype}", description=description, ref=ref)


def _count(name: str, utype: str, description: str) -> Field:
    return Field(name, "long", ucd="meta.number", utype=f"obscore:{utype}", description=description)


COLUMNS = (
    _text("dataproduct_type", "meta.code.class", "ObsDataset.dataProductType", "image, or cube of more than two axes"),
    Field(
        "calib_level", "int", ucd="meta.code;obs.calib", utype="obscore:ObsDataset.calibLevel",
        description="Level of calibration, from 0 (raw) to 4 (analysed)",
    ),
    _text("obs_collection", "meta.id", "DataID.collection", "Collection that the data belong to"),
    _text("obs_id", "meta.id", "DataID.observationID", "Id of the observation in this archive"),
    _text("obs_title", "meta.title;obs", "DataID.title", "Title"),
    _text(DID, "meta.ref.ivoid", "Curation.publisherDID", "Identifier of the data", id=DID),
    _text("obs_creator_did", "meta.id", "DataID.creatorDID", "Identifier by the creator of the data"),
    _text("access_url", "meta.ref.url", "Access.reference", "Where the data, or links to them, are"),
    _text("access_format", "meta.code.mime", "Access.format", "Media type of what is there"),
    Field(
        "access_estsize", "long", unit="kbyte", ucd="phys.size;meta.file", utype="obscore:Access.size",
        description="Size of all of the data, about",
    ),
    _text("target_name", "meta.id;src", "Target.name", "Object that was observed"),
    _real("s_ra", "deg", "pos.eq.ra", f"{_POSITION}.C1", "Right ascension of the middle", SYSTEM),
    _real("s_dec", "deg", "pos.eq.dec", f"{_POSITION}.C2", "Declination of the middle", SYSTEM),
    _real("s_fov", "deg", "phys.angSize;instr.fov", f"{_SPACE}.Coverage.Bounds.Extent.diameter",
          "Diameter of a circle about all of it"),
    _text("s_region", "pos.outline;obs.field", f"{_SPACE}.Coverage.Support.Area", "What of the sky is covered",
          xtype="adql:REGION", ref=SYSTEM),
    _real("s_resolution", "arcsec", "pos.angResolution", f"{_SPACE}.Resolution.Refval.value", "FWHM of a point"),
    _real("s_pixel_scale", "arcsec", "phys.angSize;instr.pixel", f"{_SPACE}.Sampling.RefVal.SamplingPeriod",
          "Side of a pixel"),
    _count("s_xel1", f"{_SPACE}.numBins1", "Pixels along the first axis of the sky"),
    _count("s_xel2", f"{_SPACE}.numBins2", "Pixels along the second axis of the sky"),
    _real("t_min", "d", "time.start;obs.exposure", f"{_TIME}.Coverage.Bounds.Limits.StartTime", "Start, MJD", TIMES),
    _real("t_max", "d", "time.end;obs.exposure", f"{_TIME}.Coverage.Bounds.Limits.StopTime", "End, MJD", TIMES),
    _real("t_exptime", "s", "time.duration;obs.exposure", f"{_TIME}.Coverage.Support.Extent", "Time of exposure"),
    _real("t_resolution", "s", "time.resolution", f"{_TIME}.Resolution.Refval.value", "Resolution in time"),
    _count("t_xel", f"{_TIME}.numBins", "Pixels along the time axis"),
    _real("em_min", "m", "em.wl;stat.min", f"{_SPECTRUM}.Coverage.Bounds.Limits.LoLimit", "Shortest wavelength"),
    _real("em_max", "m", "em.wl;stat.max", f"{_SPECTRUM}.Coverage.Bounds.Limits.HiLimit", "Longest wavelength"),
    _real("em_res_power", "", "spect.resolution", f"{_SPECTRUM}.Resolution.ResolPower.refVal",
          "Wavelength over its resolution"),
    _count("em_xel", f"{_SPECTRUM}.numBins", "Pixels along the spectral axis"),
    _text("o_ucd", "meta.ucd", "Char.ObservableAxis.ucd", "UCD of what pixels measure"),
    _text("pol_states", "meta.code;phys.polarization", "Char.PolarizationAxis.stateList", "Polarization states"),
    _count("pol_xel", "Char.PolarizationAxis.numBins", "How many polarization states"),
    _text("facility_name", "meta.id;instr.tel", "Provenance.ObsConfig.Facility.name", "Telescope"),
    _text("instrument_name", "meta.id;instr", "Provenance.ObsConfig.Instrument.name", "Instrument"),
)  # fmt: skip

NAMES = tuple(column.name for column in COLUMNS)


def fields_for(rows: Sequence[Sequence[Any]]) -> tuple[Field, ...]:
    """The columns; those with letters outside ASCII in these rows as ``unicodeChar``."""
    texts = [k for k, column in enumerate(COLUMNS) if column.datatype == "char"]
    wide = {k for row in rows for k in texts if row[k] is not None and not row[k].isascii()}
    return tuple(replace(one, datatype="unicodeChar") if k in wide else one for k, one in enumerate(COLUMNS))


def document(
    rows: Sequence[Sequence[Any]], services: Iterable[Resource], *, overflow: bool, description: str = ""
) -> Document:
    """Rows as a VOTable.

    Parameters
    ----------
    rows
        Values in the order of ``COLUMNS``.
    services
        Descriptors of services that take the identifiers of the rows.
    overflow
        Whether there are more rows.
    """
    systems = (Coosys(SYSTEM), Timesys(TIMES, "UTC", "UNKNOWN", "MJD-origin"))
    table = Table(fields_for(rows), rows, name="images", description=description)
    return Document((results(table, systems=systems, overflow=overflow), *services))
