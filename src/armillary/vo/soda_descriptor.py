"""Service descriptors of SODA 1.0 (IVOA REC 2017-05-17, section 4): what may be asked for of an observation."""

from __future__ import annotations

from dataclasses import dataclass

from armillary.vo.votable import Field, Param, Values

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Where an observation has data, for ``descriptor``; None where that is not known.

    Parameters
    ----------
    circle_deg
        Right ascension and declination of the centre, and radius, of a circle about all of it.
    polygon_deg
        Right ascensions and declinations of the corners about it, in turn.
    band_m, time_mjd, pols
        As of ``Combo``.
    """

    circle_deg: tuple[float, float, float] | None = None
    polygon_deg: tuple[float, ...] | None = None
    band_m: Interval | None = None
    time_mjd: Interval | None = None
    pols: tuple[str, ...] = ()


def descriptor(did: str = "", coverage: Coverage | None = None, *, ref: str = "") -> tuple[Param, ...]:
    """Input parameters of a service descriptor (SODA 1.0, section 4).

    Parameters
    ----------
    did
        Identifier of the one observation that is described; empty where ``ref`` names the column that has it.
    coverage
        What of the observation can be asked for; None in a descriptor for many, which has every parameter. Of one,
        parameters are left out that it cannot answer: an axis that it does not have.
    ref
        XML ID of the column of identifiers.
    """
    known = coverage or Coverage()
    found = [
        Param(
            Field("ID", ucd="meta.ref.url;meta.curation", ref=ref, description="Identifier of the image."), did or None
        ),
        Param(Field("POS", ucd="pos.outline;obs", description="CIRCLE, RANGE or POLYGON and degrees, ICRS.")),
        _shape("CIRCLE", "3", known.circle_deg, "Right ascension, declination and radius."),
        _shape("POLYGON", "*", known.polygon_deg, "Right ascensions and declinations of the corners."),
    ]
    if coverage is None or known.band_m is not None:
        found.append(_interval("BAND", "m", "em.wl;stat.interval", known.band_m, "Wavelengths."))
    if coverage is None or known.time_mjd is not None:
        found.append(_interval("TIME", "d", "time.interval;obs.exposure", known.time_mjd, "Times, MJD (UTC)."))
    if coverage is None or known.pols:
        values = Values(options=known.pols) if known.pols else None
        text = "Polarization states; may be repeated."
        found.append(Param(Field("POL", ucd="meta.code;phys.polarization", values=values, description=text)))
    forms = Values(options=("application/fits", "image/png", "image/jpeg"))
    found.append(Param(Field("RESPONSEFORMAT", ucd="meta.code.mime", values=forms, description="Form of the cutout.")))
    return tuple(found)


def _shape(name: str, size: str, most: tuple[float, ...] | None, text: str) -> Param:
    # MAX alone, the shape about all data: section 4.2.
    values = None if most is None else Values(most=most)
    form = {"datatype": "double", "arraysize": size, "unit": "deg", "xtype": name.lower()}
    return Param(Field(name, ucd="pos.outline;obs", values=values, description=text, **form))


def _interval(name: str, unit: str, ucd: str, bounds: Interval | None, text: str) -> Param:
    values = None if bounds is None else Values(*bounds)
    return Param(Field(name, "double", "2", unit, ucd, xtype="interval", values=values, description=text))
