"""Uploaded tables of positions: each row is a circle, or says why it is none."""

from __future__ import annotations

import math
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.errors import ParameterError
from armillary.sky.regions import Circle

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from armillary.catalogs.targets import Targets
    from armillary.jobs.work import Desk
    from armillary.sky.regions import Region
    from armillary.vo.soda import SodaRequest

NO_PLACE = "the row has no position on the sky"
NO_RADIUS = "the row has no radius between 0 and 180 degrees, and the parameter RADIUS is not given"


class NoPlace(Circle):
    """Stands where a row of a table is no place.

    Parameters
    ----------
    problem
        Why not.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(0.0, 0.0, 0.0)
        self.problem = problem

    @property
    def words(self) -> str:
        """Nothing that could be searched for."""
        return ""


def read_positions(request: SodaRequest, desk: Desk) -> list[tuple[str, Region]]:
    """Labels and circles of all tables that came with a request, in their order.

    Raises
    ------
    FileError
        One is no table of positions: an error of the whole job.
    """
    found: list[tuple[str, Region]] = []
    for upload in request.uploads:
        targets = _read(desk.upload(upload.name), upload.name)
        found += _places(targets, request.radius_deg)
    return found


def _read(parts: Iterable[bytes], name: str) -> Targets:
    from armillary.catalogs.targets import read_targets

    with tempfile.TemporaryDirectory(prefix="armillary-job-") as folder:
        path = Path(folder) / _safe(name)
        with path.open("wb") as file:
            for part in parts:
                file.write(part)
        return read_targets(path)


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "table"


def _places(targets: Targets, radius_deg: float | None) -> Iterator[tuple[str, Region]]:
    for k, label in enumerate(targets.labels):
        radius = math.nan if targets.radius_deg is None else float(targets.radius_deg[k])
        yield label, _place(float(targets.ra_deg[k]), float(targets.dec_deg[k]), radius, radius_deg)


def _place(ra_deg: float, dec_deg: float, own_deg: float, given_deg: float | None) -> Region:
    if not (math.isfinite(ra_deg) and math.isfinite(dec_deg)):
        return NoPlace(NO_PLACE)
    radius_deg = given_deg if math.isnan(own_deg) else own_deg
    if radius_deg is None:
        return NoPlace(NO_RADIUS)
    try:
        return Circle(ra_deg, dec_deg, radius_deg)
    except ParameterError as error:
        return NoPlace(error.message)
