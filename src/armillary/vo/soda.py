"""Parameters of SODA 1.0 (IVOA REC 2017-05-17): what cutouts a request asks for."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import LimitError, ParameterError
from armillary.sky.regions import parse_pos
from armillary.vo.identifiers import bare_id
from armillary.vo.parameters import MultiValuedParamError, interval, number, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from armillary.sky.regions import Region
    from armillary.vo.parameters import Parameters

SYNC_ID = "ivo://ivoa.net/std/SODA#sync-1.0"
ASYNC_ID = "ivo://ivoa.net/std/SODA#async-1.0"
REGION_NAMES = ("POS", "CIRCLE", "POLYGON")
FILTER_NAMES = (*REGION_NAMES, "BAND", "TIME", "POL")
NAMES = ("ID", *FILTER_NAMES, "RESPONSEFORMAT", "RUNID", "UPLOAD", "RADIUS", "PACKAGE")
"""All parameters that mean something here."""
_SINGLE = frozenset(NAMES) - {"POL"}
POLARIZATIONS = ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX", "POLI", "POLA")
"""States of ObsCore 1.1, section 3.3.4.4."""
FORMATS = {
    "application/fits": ("fits", "application/fits"),
    "image/fits": ("fits", "image/fits"),
    "fits": ("fits", "application/fits"),
    "image/png": ("png", "image/png"),
    "png": ("png", "image/png"),
    "image/jpeg": ("jpg", "image/jpeg"),
    "jpeg": ("jpg", "image/jpeg"),
    "jpg": ("jpg", "image/jpeg"),
}
PACKAGES = ("zip", "tar", "none")
MOST_RESULTS = 100_000
MOST_CORNERS = 100_000
"""Corners of all polygons of a request."""
LONGEST_ID = 1024
LONGEST_RUN_ID = 256
MOST_UPLOADS = 8
_UPLOAD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_ADDRESS = re.compile(r"https?://[!-~]+", re.IGNORECASE)
_SHAPES = {"CIRCLE": "CIRCLE ", "POLYGON": "POLYGON ", "POS": ""}

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class UploadWord:
    """A table that a request names in ``UPLOAD`` (DALI 1.1, section 3.4.5).

    Parameters
    ----------
    name
        Of the table.
    field
        Name of the part of the body that holds it; empty where it lies at an address.
    address
        Where it is fetched from.
    """

    name: str
    field: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Combo:
    """One combination of values: what one result is of.

    Parameters
    ----------
    number
        From 1, in the order of the results.
    obs_id
        Which observation.
    region, band_m, time_mjd, pols
        Its filter: ICRS region; wavelengths in metres; MJD (UTC); polarization states. Intervals may be infinite.
    label
        What an uploaded table calls the position.
    """

    number: int
    obs_id: str
    region: Region | None = None
    band_m: Interval | None = None
    time_mjd: Interval | None = None
    pols: tuple[str, ...] = ()
    label: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from every other combination."""
        place = None if self.region is None else self.region.words
        return self.obs_id, place, self.band_m, self.time_mjd, self.pols

    @property
    def words(self) -> str:
        """The combination for people, in the words of the parameters."""
        said = [f"ID={self.obs_id}", self.label and f"position {self.label}"]
        if self.region is not None:
            place = self.region.words
            said.append(f"POS={place if len(place) <= 200 else place[:200] + '…'}")
        said += [f"{name}={low:.15g} {high:.15g}" for name, (low, high) in self._intervals()]
        return ", ".join([*filter(None, said), *(f"POL={state}" for state in self.pols)])

    def _intervals(self) -> Iterator[tuple[str, Interval]]:
        if self.band_m is not None:
            yield "BAND", self.band_m
        if self.time_mjd is not None:
            yield "TIME", self.time_mjd


@dataclass(frozen=True, slots=True)
class SodaRequest:
    """What a request asks for. All values of ``POL`` are one filter; of the others each makes results of its own.

    Parameters
    ----------
    ids
        Observations, without ``ivo://AUTHORITY/data?``.
    regions, bands_m, times_mjd, pols
        Filters, as of ``Combo``.
    form
        ``fits``, ``png`` or ``jpg``.
    media_type
        What the client calls it.
    run_id
        A label of the client's.
    uploads
        Tables of positions.
    radius_deg
        Of circles about uploaded positions that bring none.
    package
        ``zip``, ``tar`` or ``none``: one file of all results of a table.
    """

    ids: tuple[str, ...]
    regions: tuple[Region, ...] = ()
    bands_m: tuple[Interval, ...] = ()
    times_mjd: tuple[Interval, ...] = ()
    pols: tuple[str, ...] = ()
    form: str = "fits"
    media_type: str = "application/fits"
    run_id: str = ""
    uploads: tuple[UploadWord, ...] = ()
    radius_deg: float | None = None
    package: str = "zip"

    def count(self, positions: int = 0) -> int:
        """How many results there are, with so many uploaded positions.

        Raises
        ------
        LimitError
            More than a job may have.
        """
        filters = max(1, len(self.bands_m)) * max(1, len(self.times_mjd))
        found = len(self.ids) * max(1, len(self.regions) + positions) * filters
        if found > MOST_RESULTS:
            raise LimitError(
                f"A job has at most {MOST_RESULTS} results, not {found} combinations of values: make more jobs.",
                limit=MOST_RESULTS,
            )
        return found

    def combos(self, positions: Iterable[tuple[str, Region]] = ()) -> Iterator[Combo]:
        """Every combination: by observation, then region, then band, then time, each in the order given.

        Parameters
        ----------
        positions
            Labels and regions of uploaded positions; they come after the other regions.
        """
        places: list[tuple[str, Region | None]] = [("", region) for region in self.regions]
        places.extend(positions)
        values = itertools.product(self.ids, places or [("", None)], self.bands_m or (None,), self.times_mjd or (None,))
        for k, (obs_id, (label, region), band, time) in enumerate(values, 1):
            yield Combo(k, obs_id, region, band, time, self.pols, label)


def parse(parameters: Parameters, *, authority: str, sync: bool, partial: bool = False) -> SodaRequest:
    """What a request asks for.

    Parameters
    ----------
    parameters
        As the client sent them; names that mean nothing here are left alone (DALI 1.1, section 3).
    authority
        Of our identifiers.
    sync
        One result: no parameter but ``POL`` may be repeated.
    partial
        More may follow: ``ID`` may be missing yet.

    Raises
    ------
    MultiValuedParamError
        A parameter has more values than it may have.
    ParameterError
        A bad value, or no ``ID``.
    LimitError
        Too many values, corners or results.
    """
    if sync:
        _check_single(parameters)
    ids = tuple(dict.fromkeys(_obs_id(text, authority) for text in parameters.all("ID")))
    if not ids and not partial:
        raise ParameterError("ID", "is needed: the id of an observation, as SIA and DataLink give it")
    form, media_type = _format(parameters.one("RESPONSEFORMAT"))
    found = SodaRequest(
        ids,
        _regions(parameters),
        tuple(_band(text) for text in parameters.all("BAND")),
        tuple(interval("TIME", text) for text in parameters.all("TIME")),
        _pols(parameters.all("POL")),
        form,
        media_type,
        run_id_of(parameters),
        _uploads(parameters, sync=sync),
        _radius(parameters.one("RADIUS")),
        _package(parameters.one("PACKAGE")),
    )
    found.count()
    return found


def run_id_of(parameters: Parameters) -> str:
    """The label that a client gives to its job.

    Raises
    ------
    ParameterError
        It is too long, or no text of one line.
    """
    run_id = parameters.one("RUNID") or ""
    if len(run_id) > LONGEST_RUN_ID or not run_id.isprintable():
        raise ParameterError("RUNID", f"is text of one line of at most {LONGEST_RUN_ID} characters")
    return run_id


def _check_single(parameters: Parameters) -> None:
    for name in parameters:
        if name in _SINGLE:
            parameters.one(name)
    given = [name for name in REGION_NAMES if parameters.all(name)]
    if len(given) > 1:
        raise MultiValuedParamError(given[1], f"one region can be cut at once, and {given[0]} gives one already")


def _obs_id(text: str, authority: str) -> str:
    found = bare_id(text, authority)
    if not found or len(found) > LONGEST_ID or not found.isprintable():
        raise ParameterError("ID", f"is no id: it has from 1 to {LONGEST_ID} printable characters")
    return found


def _regions(parameters: Parameters) -> tuple[Region, ...]:
    given = [(name, text) for name in REGION_NAMES for text in parameters.all(name)]
    corners = 0
    for name, text in given:
        count = _corners(name, text)
        corners += count
        if corners > MOST_CORNERS:
            most = f"at most {MOST_CORNERS} corners together"
            raise LimitError(f"{name}: the polygons of a request have {most}: leave some out.", parameter=name)
    return tuple(_region(name, text) for name, text in given)


def _corners(name: str, text: str) -> int:
    """How many corners of a polygon there may be."""
    is_polygon = name == "POLYGON" or text.lstrip()[:7].upper() == "POLYGON"
    return len(text.split()) // 2 if is_polygon else 0


def _region(name: str, text: str) -> Region:
    region = parse_pos(_SHAPES[name] + text, name)
    if not region.area_deg2 > 0.0:
        raise ParameterError(name, "the region has no area")
    return region


def _band(text: str) -> Interval:
    low, high = interval("BAND", text)
    if high <= 0.0 or -math.inf < low < 0.0:
        raise ParameterError("BAND", "wavelengths are in metres, and positive")
    return low, high


def _pols(states: list[str]) -> tuple[str, ...]:
    for state in states:
        if state not in POLARIZATIONS:
            raise ParameterError("POL", f"'{shown(state)}' is none of {', '.join(POLARIZATIONS)}")
    return tuple(dict.fromkeys(states))


def _format(text: str | None) -> tuple[str, str]:
    found = FORMATS.get((text or "fits").strip().lower())
    if found is None:
        raise ParameterError("RESPONSEFORMAT", f"'{shown(text or '')}' is none of {', '.join(FORMATS)}")
    return found


def _radius(text: str | None) -> float | None:
    if text is None:
        return None
    radius = number("RADIUS", text)
    if not 0.0 < radius <= 180.0:
        raise ParameterError("RADIUS", "is in degrees, above 0 and up to 180")
    return radius


def _package(text: str | None) -> str:
    word = (text or "zip").strip().lower()
    if word not in PACKAGES:
        raise ParameterError("PACKAGE", f"'{shown(word)}' is none of {', '.join(PACKAGES)}")
    return word


def _uploads(parameters: Parameters, *, sync: bool) -> tuple[UploadWord, ...]:
    if "UPLOAD" not in parameters:
        return ()
    # TAP 1.0 has several tables in one value, with semicolons between; DALI 1.1 repeats the parameter.
    pairs = [pair for text in parameters.all("UPLOAD") for pair in text.split(";") if pair.strip()]
    if pairs and sync:
        raise ParameterError("UPLOAD", "tables are cut out in the background: send them to async")
    if len(pairs) > MOST_UPLOADS:
        raise LimitError(f"UPLOAD: a job has at most {MOST_UPLOADS} tables.", parameter="UPLOAD")
    found = [_upload(pair) for pair in pairs]
    if len({one.name.lower() for one in found}) < len(found):
        raise ParameterError("UPLOAD", "two tables have the same name")
    return tuple(found)


def _upload(pair: str) -> UploadWord:
    name, _, place = (word.strip() for word in pair.partition(","))
    if not _UPLOAD_NAME.fullmatch(name):
        raise ParameterError("UPLOAD", "write NAME,param:FIELD: a name has letters, digits and _")
    if place[:6].lower() == "param:" and place[6:].isprintable() and 0 < len(place[6:]) <= 128:
        return UploadWord(name, field=place[6:])
    if _ADDRESS.fullmatch(place) and len(place) <= 2048:
        return UploadWord(name, address=place)
    raise ParameterError("UPLOAD", "write NAME,param:FIELD, where FIELD is a part of the body that holds the table")
