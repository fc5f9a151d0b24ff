"""Constraints on rows of ObsCore, and the arrays that they are compared with: all rows at once.

The values of one constraint are alternatives; different constraints hold together. What is not known of a row fails
every constraint on it (SIA 2.0, IVOA REC 2015-12-23, section 2.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from armillary.holdings.obscore import numbers_of
from armillary.holdings.obscore_words import STATES
from armillary.sky.footprint_index import FootprintIndex
from armillary.sky.overlaps import corners_of
from armillary.sky.regions import Circle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from armillary.holdings.obscore import ObsRow
    from armillary.sky.regions import Region

    Interval = tuple[float, float]
    Rows = NDArray[np.bool_]

Relation = Literal["overlaps", "covers", "enclosed", "center"]
"""What an image has to do with a region: meet it, hold all of it, lie all in it, hold its middle."""

NUMBERS = (
    "em_min", "em_max", "t_min", "t_max", "s_fov", "s_resolution", "em_res_power", "t_exptime", "t_resolution",
    "calib_level",
)  # fmt: skip
TEXTS = ("obs_collection", "facility_name", "instrument_name", "target_name", "dataproduct_type")


@dataclass(frozen=True, slots=True)
class ObsQuery:
    """What is searched for; an empty tuple constrains nothing.

    Parameters
    ----------
    regions
        Regions of the sky, and ``relation``: what images have to do with one of them.
    bands_m, times_mjd
        Intervals that those of images meet; ends may be infinite.
    fovs_deg, resolutions_arcsec, powers, exposures_s, time_resolutions_s
        Intervals that hold the number.
    pols
        Polarization states.
    ids
        Ids of observations, compared without case.
    collections, facilities, instruments, targets, types
        Texts, compared exactly.
    levels
        Levels of calibration.
    most
        Further rows are left out; None for all.
    """

    regions: tuple[Region, ...] = ()
    relation: Relation = "overlaps"
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
    most: int | None = None


@dataclass(slots=True)
class Columns:
    """Rows as arrays.

    Parameters
    ----------
    rows
        The rows, in order.
    """

    rows: Sequence[ObsRow]
    _numbers: dict[str, NDArray[np.float64]] = field(init=False)
    _states: NDArray[np.int64] = field(init=False)
    _texts: dict[str, dict[str, NDArray[np.int64]]] = field(init=False)
    _ids: dict[str, NDArray[np.int64]] = field(init=False)
    _places: FootprintIndex = field(init=False)

    def __post_init__(self) -> None:
        """Make the arrays."""
        table = np.array([numbers_of(row, NUMBERS) for row in self.rows], np.float64).reshape(-1, len(NUMBERS))
        self._numbers = {name: np.ascontiguousarray(table[:, k]) for k, name in enumerate(NUMBERS)}
        self._states = np.array([_mask((row.pol_states or "").strip("/").split("/")) for row in self.rows], np.int64)
        self._texts = {name: _places_of([getattr(row, name) for row in self.rows]) for name in TEXTS}
        self._ids = _places_of([row.obs_id.casefold() for row in self.rows])
        self._places = FootprintIndex([row.footprint for row in self.rows])

    def matching(self, query: ObsQuery) -> NDArray[np.int64]:
        """Numbers of the rows that match, in order, whatever ``query.most`` is."""
        found = np.ones(len(self.rows), np.bool_)
        for part in self._parts(query):
            found &= part
            if not found.any():
                break
        if query.regions and found.any():
            found &= self._of_regions(query)
        return np.flatnonzero(found)

    def _parts(self, query: ObsQuery) -> Iterable[Rows]:
        """Which rows each constraint leaves, but for those on the sky."""
        texts = (
            (self._ids, tuple(one.casefold() for one in query.ids)),
            (self._texts["obs_collection"], query.collections),
            (self._texts["facility_name"], query.facilities),
            (self._texts["instrument_name"], query.instruments),
            (self._texts["target_name"], query.targets),
            (self._texts["dataproduct_type"], query.types),
        )
        for known, wanted in texts:
            if wanted:
                yield self._of_texts(known, wanted)
        spans = (("em_min", "em_max", query.bands_m), ("t_min", "t_max", query.times_mjd))
        for low, high, wanted_spans in spans:
            if wanted_spans:
                yield _meeting(self._numbers[low], self._numbers[high], wanted_spans)
        numbers = (
            ("s_fov", query.fovs_deg),
            ("s_resolution", query.resolutions_arcsec),
            ("em_res_power", query.powers),
            ("t_exptime", query.exposures_s),
            ("t_resolution", query.time_resolutions_s),
            ("calib_level", tuple((float(level), float(level)) for level in query.levels)),
        )
        for name, intervals in numbers:
            if intervals:
                yield _meeting(self._numbers[name], self._numbers[name], intervals)
        if query.pols:
            yield (self._states & _mask(query.pols)) != 0

    def _of_texts(self, known: dict[str, NDArray[np.int64]], wanted: Sequence[str]) -> Rows:
        found = np.zeros(len(self.rows), np.bool_)
        for text in wanted:
            rows = known.get(text)
            if rows is not None:
                found[rows] = True
        return found

    def _of_regions(self, query: ObsQuery) -> Rows:
        found = np.zeros(len(self.rows), np.bool_)
        for region in query.regions:
            found |= self._of_region(region, query.relation)
        return found

    def _of_region(self, region: Region, relation: Relation) -> Rows:
        if relation == "covers":
            return self._places.covering(region)
        if relation == "enclosed":
            return self._places.enclosed(region)
        if relation == "center":
            holding: Rows = self._places.holding(_middle(region)[None])[:, 0]
            return holding
        return self._places.meeting(region)


def _middle(region: Region) -> NDArray[np.float64]:
    return corners_of(region)[0] if isinstance(region, Circle) else region.centre()


def _mask(states: Iterable[str]) -> int:
    return sum(1 << STATES.index(state) for state in set(states) if state in STATES)


def _places_of(texts: Sequence[str | None]) -> dict[str, NDArray[np.int64]]:
    """Numbers of the rows of each text."""
    found: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        if text is not None:
            found.setdefault(text, []).append(row)
    return {text: np.array(rows, np.int64) for text, rows in found.items()}


def _meeting(low: NDArray[np.float64], high: NDArray[np.float64], wanted: Sequence[Interval]) -> Rows:
    """Which intervals meet one of some; those that are not known meet none."""
    found = np.zeros(len(low), np.bool_)
    for first, last in wanted:
        found |= (low <= last) & (high >= first)
    return found
