"""What the Virtual Observatory is told of an observation: ObsCore 1.1 (IVOA REC 2017-05-09), derived from headers.

Facts of a unit are read once for a version of its file and kept with the file; a row is what those of the pieces that a
caller may see make together, with what the configuration says in their place.
"""

from __future__ import annotations

import math
import statistics
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

import numpy as np

from armillary.holdings.combined import CombinedFile
from armillary.holdings.obscore_facts import UnitFacts, facts_of_stack
from armillary.holdings.obscore_times import Times
from armillary.holdings.obscore_words import NOTHING_SAID, state_list
from armillary.holdings.observations import stack_finder
from armillary.sky.footprints import merged
from armillary.sky.frames import to_angles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from armillary.holdings.files import Offered
    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.obscore_words import ObsWords
    from armillary.holdings.observations import Observation, Piece
    from armillary.images.files import ImageFile
    from armillary.images.plane import PlaneStack
    from armillary.sky.footprints import Footprint

    Interval = tuple[float, float]
    Key = tuple[int, tuple[int, ...] | None]

T = TypeVar("T")

HEADER_BYTES = 2880
_DECIMALS = 12  # of degrees: nano-arcseconds
_STATES = {"PLINEAR": "POLI", "PALINEAR": "POLA"}
_UCDS = (
    ("/BEAM", "phot.flux.density"),
    ("/SR", "phot.flux.density.sb"),
    ("/ARCSEC", "phot.flux.density.sb"),
    ("JY", "phot.flux.density"),
    ("NANOMAGGY", "phot.flux.density"),
    ("NMGY", "phot.flux.density"),
    ("ERG", "phot.flux.density"),
    ("MAG", "phot.mag"),
    ("COUNT", "phot.count"),
    ("ADU", "phot.count"),
    ("ELECTRON", "phot.count"),
    ("PHOTON", "phot.count"),
    ("KM/S", "spect.dopplerVeloc"),
    ("M/S", "spect.dopplerVeloc"),
)
_TEMPERATURES = {"K", "MK", "UK", "K_CMB", "MK_CMB", "UK_CMB", "KCMB", "K_RJ", "MK_RJ", "UK_RJ", "MUK"}


@dataclass(frozen=True, slots=True)
class ObsRow:
    """A row of ObsCore, in its names and units, None where nothing is known; without identifiers and addresses.

    Parameters
    ----------
    footprint
        Where the data lie: what ``s_region`` says in one shape.
    pixels, picture_pixels
        How many there are in all, and in one plane as it is shown.
    version
        Version of the observation that clients see.
    """

    dataproduct_type: str
    calib_level: int
    obs_collection: str
    obs_id: str
    obs_title: str
    obs_creator_did: str | None = None
    target_name: str | None = None
    access_estsize: int | None = None
    s_ra: float | None = None
    s_dec: float | None = None
    s_fov: float | None = None
    s_region: str | None = None
    s_resolution: float | None = None
    s_pixel_scale: float | None = None
    s_xel1: int | None = None
    s_xel2: int | None = None
    t_min: float | None = None
    t_max: float | None = None
    t_exptime: float | None = None
    t_resolution: float | None = None
    t_xel: int | None = None
    em_min: float | None = None
    em_max: float | None = None
    em_res_power: float | None = None
    em_xel: int | None = None
    pol_states: str | None = None
    pol_xel: int | None = None
    o_ucd: str | None = None
    facility_name: str | None = None
    instrument_name: str | None = None
    footprint: Footprint | None = field(default=None, compare=False, repr=False)
    pixels: int = 0
    picture_pixels: int = 0
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What one piece says, with what the configuration puts in its place."""

    facts: UnitFacts
    words: ObsWords
    states: frozenset[str]
    planes: int
    ucds: frozenset[str | None]
    has_stokes: bool


class _Kept:
    """Facts of the units of files, for their versions as they were last seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._files: WeakKeyDictionary[Offered, tuple[str, dict[Key, UnitFacts]]] = WeakKeyDictionary()

    def of(self, file: Offered, version: str, key: Key, make: Callable[[], UnitFacts]) -> UnitFacts:
        """What is kept, else what is made, and kept then."""
        with self._lock:
            known = self._files.get(file)
            if known is None or known[0] != version:
                known = self._files[file] = (version, {})
            found = known[1].get(key)
        if found is None:
            found = make()
            with self._lock:
                # Slices that were asked for one by one are many: only whole units are kept for good.
                if key[1] is None or len(known[1]) < 1000:
                    known[1][key] = found
        return found


_kept = _Kept()


def row_of(observation: Observation) -> ObsRow:
    """The row of an observation as its file is now. Opens the file where nobody did yet; reads no pixels.

    Raises
    ------
    FileError, VersionGoneError
        The file vanished, is broken, or changed on the way.
    NotFoundError
        There is no such slice.
    """
    image, version = observation.file.current()
    pieces = observation.pieces_in(image)
    find = stack_finder(image)
    told = [_told(observation.file, image, version, piece, find) for piece in pieces]
    return replace(_row(observation, told), version=observation.public(version))


def _told(
    file: Offered, image: ImageFile, version: str, piece: Piece, find: Callable[[LayerEntry], PlaneStack]
) -> _Told:
    stacks = [find(entry) for entry in piece.entries]
    made = _maker(file, image, stacks[0], piece.index)
    facts = _kept.of(file, version, (piece.hdu, piece.index), made)
    words = NOTHING_SAID
    for entry in reversed(piece.entries):
        words = entry.obscore.on(words)
    names = [_STATES.get(name.upper(), name.upper()) for stack in stacks if (name := stack.words.stokes)]
    states = frozenset(words.pol_states or names)
    ucds = frozenset(ucd_of(stack.words.units) for stack in stacks)
    return _Told(_overruled(facts, words), words, states, len(stacks), ucds, len(set(names)) > 1)


def _maker(
    file: Offered, image: ImageFile, stack: PlaneStack, index: tuple[int, ...] | None
) -> Callable[[], UnitFacts]:
    if isinstance(file, CombinedFile):
        return lambda: _of_combination(file, stack, index)
    return lambda: facts_of_stack(stack, index, image.name)


def _of_combination(file: CombinedFile, stack: PlaneStack, index: tuple[int, ...] | None) -> UnitFacts:
    """Facts of what is computed: its place and form are those of the first operand, the rest that of all together."""
    parts = []
    for operand in file.operands:
        image, _ = operand.file.current()
        source = operand.selector.stack(image)
        own = index if source.axes else None
        if isinstance(operand.file, CombinedFile):
            parts.append(_of_combination(operand.file, source, own))
        else:
            parts.append(facts_of_stack(source, own, image.name))
    plane, first = stack.plane(index or ()), parts[0]
    slices = math.prod(axis.length for axis in stack.axes) if index is None else 1
    start, end = _span((part.times.start, part.times.end) for part in parts)
    bands = [part.band_m for part in parts]
    band = _span(bands) if None not in bands else (None, None)
    times = Times(start, end, _same(part.times.exposure_s for part in parts))
    return replace(
        first,
        times=times,
        t_xel=first.t_xel if times.start is not None else None,
        band_m=None if band[0] is None or band[1] is None else (band[0], band[1]),
        res_power=_same(part.res_power for part in parts),
        em_xel=None if band[0] is None else first.em_xel,
        is_cube=bool(stack.axes) and index is None,
        pixels_of_plane=slices * plane.shape[0] * plane.shape[1],
        bytes_of_plane=slices * plane.shape[0] * plane.shape[1] * plane.dtype.itemsize,
        bytes_once=0,
        picture_pixels=plane.shape[0] * plane.shape[1],
        target=_same(part.target for part in parts),
        facility=_same(part.facility for part in parts),
        instrument=_same(part.instrument for part in parts),
    )


def _overruled(facts: UnitFacts, words: ObsWords) -> UnitFacts:
    """Facts with what is configured in their place."""
    if words == NOTHING_SAID:
        return facts
    old = facts.times
    times = Times(
        _first(words.t_min, old.start),
        _first(words.t_max, old.end),
        _first(words.t_exptime, old.exposure_s),
        _first(words.t_resolution, old.resolution_s),
    )
    low, high = facts.band_m or (None, None)
    low, high = _first(words.em_min, low), _first(words.em_max, high)
    band = None if low is None or high is None else (low, high)
    power = facts.res_power
    if band is not None and band != facts.band_m:
        power = (band[0] + band[1]) / 2.0 / (band[1] - band[0]) if band[1] > band[0] else None
    return replace(
        facts,
        times=times,
        t_xel=facts.t_xel or (None if times.start is None else 1),
        band_m=band,
        em_xel=facts.em_xel or (None if band is None else 1),
        res_power=_first(words.em_res_power, power),
        resolution_arcsec=_first(words.s_resolution, facts.resolution_arcsec),
        target=words.target_name or facts.target,
        facility=words.facility_name or facts.facility,
        instrument=words.instrument_name or facts.instrument,
    )


def _first(one: float | None, other: float | None) -> float | None:
    return other if one is None else one


def _row(observation: Observation, told: Sequence[_Told]) -> ObsRow:
    facts = [one.facts for one in told]
    words = [one.words for one in told]
    is_made = isinstance(observation.file, CombinedFile)
    states = set[str]().union(*(one.states for one in told))
    cubes = [one.facts.is_cube or (one.has_stokes and one.facts.shape is not None) for one in told]
    is_cube = observation.index is None and any(cubes)
    planes = [(f, one.planes) for f, one in zip(facts, told, strict=True)]
    size = sum(count * f.bytes_of_plane + f.bytes_once + 2 * HEADER_BYTES for f, count in planes)
    levels = [word.calib_level for word in words if word.calib_level is not None]
    row = ObsRow(
        "cube" if is_cube else "image",
        min(levels) if levels else 3 if is_made else 2,
        _said(words, "obs_collection") or observation.collection,
        observation.obs_id,
        _said(words, "obs_title") or observation.name,
        _said(words, "obs_creator_did"),
        _same(f.target for f in facts),
        -(-size // 1000),
        pol_states=state_list(states),
        pol_xel=len(states) or None,
        o_ucd=_said(words, "o_ucd") or _same(ucd for one in told for ucd in one.ucds),
        facility_name=_same(f.facility for f in facts),
        instrument_name=_same(f.instrument for f in facts),
        pixels=sum(count * f.pixels_of_plane for f, count in planes),
        picture_pixels=max(f.picture_pixels for f in facts),
    )
    return _with_times(_with_band(_with_place(row, facts), facts), facts)


def _with_place(row: ObsRow, facts: Sequence[UnitFacts]) -> ObsRow:
    footprint = merged([f.footprint for f in facts if f.footprint is not None])
    shape = _same(f.shape for f in facts)
    is_one = len(facts) == 1 or (footprint is not None and len(footprint.polygons) == 1)
    ra, dec = _middle(facts, footprint, is_one=is_one)
    return replace(
        row,
        s_ra=ra,
        s_dec=dec,
        s_fov=None if footprint is None else 2.0 * math.degrees(footprint.radius_rad),
        s_region=None if footprint is None else footprint.words,
        s_resolution=_typical(f.resolution_arcsec for f in facts),
        s_pixel_scale=_typical(f.scale_arcsec for f in facts),
        s_xel1=shape[1] if shape and is_one else None,
        s_xel2=shape[0] if shape and is_one else None,
        footprint=footprint,
    )


def _middle(
    facts: Sequence[UnitFacts], footprint: Footprint | None, *, is_one: bool
) -> tuple[float | None, float | None]:
    """Right ascension and declination of the middle, without the noise of arithmetic: 0 is not 4e-31."""
    if is_one and facts[0].middle_deg is not None:
        ra, dec = facts[0].middle_deg
    elif footprint is None:
        return None, None
    else:
        ra, dec = map(float, to_angles(footprint.centre))
    return round(ra, _DECIMALS) % 360.0, round(dec, _DECIMALS)


def _with_band(row: ObsRow, facts: Sequence[UnitFacts]) -> ObsRow:
    low, high = _span(f.band_m for f in facts)
    return replace(
        row,
        em_min=low,
        em_max=high,
        em_res_power=_typical(f.res_power for f in facts),
        em_xel=_same(f.em_xel for f in facts),
    )


def _with_times(row: ObsRow, facts: Sequence[UnitFacts]) -> ObsRow:
    start, end = _span((f.times.start, f.times.end) for f in facts)
    exposures = [f.times.exposure_s for f in facts if f.times.exposure_s is not None]
    return replace(
        row,
        t_min=start,
        t_max=end,
        t_exptime=max(exposures, default=None),
        t_resolution=_typical(f.times.resolution_s for f in facts),
        t_xel=_same(f.t_xel for f in facts),
    )


def _span(parts: Iterable[tuple[float | None, float | None] | None]) -> tuple[float | None, float | None]:
    known = [part for part in parts if part is not None]
    lows = [low for low, _ in known if low is not None]
    highs = [high for _, high in known if high is not None]
    return min(lows, default=None), max(highs, default=None)


def _typical(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median_low(known) if known else None


def _same(values: Iterable[T | None]) -> T | None:
    """What all say that say anything; None where they differ."""
    known = {value for value in values if value is not None}
    return known.pop() if len(known) == 1 else None


def _said(words: Sequence[ObsWords], name: str) -> str | None:
    return next((said for one in words if (said := getattr(one, name))), None)


def ucd_of(units: str | None) -> str | None:
    """UCD of what pixels of a unit measure; None where the unit does not tell."""
    if not units:
        return None
    said = units.upper().replace(" ", "")
    if said in _TEMPERATURES:
        return "phys.temperature"
    return next((ucd for word, ucd in _UCDS if word in said), None)


def numbers_of(row: ObsRow, names: Sequence[str]) -> list[float]:
    """Numbers of a row; NaN for what is not known."""
    found = (getattr(row, name) for name in names)
    return [np.nan if value is None else float(value) for value in found]
