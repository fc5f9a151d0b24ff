"""Route of DataLink: ``/vo/datalink/links``."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.errors import ArmillaryError, LimitError, ParameterError
from armillary.holdings.obscore import row_of
from armillary.holdings.soda import Filter, cut_observation
from armillary.server.errors import told_to
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import address, parameters_of, votable_answer, votable_type
from armillary.sky.frames import to_angles
from armillary.vo import datalink, soda
from armillary.vo.datalink import Link
from armillary.vo.identifiers import bare_id, publisher_did
from armillary.vo.soda_descriptor import Coverage, descriptor
from armillary.vo.votable import service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.holdings.access import Access
    from armillary.holdings.obscore import ObsRow
    from armillary.holdings.observations import Observation
    from armillary.holdings.tree import Holdings
    from armillary.server.settings import Settings
    from armillary.vo.votable import Document, Resource

router = APIRouter(prefix="/vo/datalink", include_in_schema=False)

LONGEST_ID = 1024
MOST_HEADERS = 100
TOO_LARGE = "FatalFault: All of it has more pixels than one answer may have: ask for cutouts."
_TYPES = {datalink.MEDIA_TYPE: datalink.MEDIA_TYPE}
_AUTH = {"none": "false", "token": "true"}
_WAYS = (
    ("sync", soda.SYNC_ID, "Cutouts while you wait."),
    ("async", soda.ASYNC_ID, "Cutouts by a background job, also many at once."),
)
_DESCRIPTION = "Cutouts by region of the sky, and by what else the image has: wavelengths, times, polarization states."


@router.api_route("/links", methods=["GET", "POST"])
async def links(request: Request) -> Response:
    """Links of datasets: the whole, a preview, headers, cutouts."""
    services = services_of(request)
    parameters = await parameters_of(request)
    media_type = votable_type(parameters, datalink.MEDIA_TYPE, _TYPES)
    rows = services.settings.vo_rows
    most = parameters.integer("MAXREC", 0, 1 << 62)
    asked = tuple(dict.fromkeys(one for one in parameters.all("ID") if one.strip()))
    made = Links(services.holdings, access_of(request), services.settings, address(request, ""))
    make = functools.partial(made.document, asked, rows if most is None else min(most, rows))
    return await votable_answer(request, make, media_type)


@dataclass(slots=True)
class Links:
    """The links of some datasets, made as they are written.

    Parameters
    ----------
    base
        Address of the server's root.
    """

    holdings: Holdings
    access: Access
    settings: Settings
    base: str
    descriptors: list[Resource] = field(default_factory=list)

    def document(self, asked: tuple[str, ...], most_rows: int) -> Document:
        """All of them as a document."""
        return datalink.document(asked, self._of_all(asked), self._described(), most_rows)

    def _described(self) -> Iterator[Resource]:
        yield from self.descriptors

    def _of_all(self, asked: tuple[str, ...]) -> Iterator[Link]:
        for count, one in enumerate(asked, 1):
            try:
                observation = self._observation(one)
            except ArmillaryError as error:
                yield datalink.no_link(one, error)
                continue
            yield from self._of(one, observation, count)

    def _observation(self, asked: str) -> Observation:
        if len(asked) > LONGEST_ID or not asked.isprintable():
            raise ParameterError("ID", f"an id has at most {LONGEST_ID} characters, all printable")
        return self.holdings.observation(bare_id(asked, self.settings.vo_authority), self.access)

    def _of(self, asked: str, observation: Observation, count: int) -> Iterator[Link]:
        try:
            row = row_of(observation)
            layers = [piece.layers()[0] for piece in observation.pieces]
        except ArmillaryError as error:
            yield datalink.no_link(asked, told_to(error, self.access))
            return
        yield self._this(asked, observation)
        preview = f"{self._layer(layers[0].id)}/tiles/0/0/0.png"
        yield self._link(asked, datalink.PREVIEW, "Preview of the first plane.", preview, "image/png")
        for layer in layers[:MOST_HEADERS]:
            text = f"FITS header of {layer.entry.name}." if len(layers) > 1 else "FITS header."
            yield self._link(asked, datalink.HEADER, text, f"{self._layer(layer.id)}/header", "text/plain")
        if row.footprint is not None:
            yield from self._services(asked, observation, coverage_of(row), count)

    def _link(self, asked: str, semantics: str, text: str, url: str, media_type: str, **more: Any) -> Link:
        return Link(asked, semantics, text, url, content_type=media_type, auth=self._auth, **more)

    @property
    def _auth(self) -> str:
        return _AUTH.get(self.settings.auth, "optional")

    def _this(self, asked: str, observation: Observation) -> Link:
        try:
            cut = cut_observation(observation, Filter(), most_pixels=self.settings.cutout_pixels)
            length = None if cut is None else cut.length()
        except LimitError:
            return Link(asked, datalink.THIS, error_message=TOO_LARGE)
        except ArmillaryError as error:
            return datalink.no_link(asked, told_to(error, self.access))
        url = f"{self.base}/vo/soda/sync?{urlencode({'ID': self._did(observation)})}"
        words = {"content_length": length, "content_qualifier": "#image"}
        return self._link(asked, datalink.THIS, f"All of {observation.name}.", url, "application/fits", **words)

    def _did(self, observation: Observation) -> str:
        return publisher_did(self.settings.vo_authority, observation.obs_id)

    def _layer(self, layer_id: str) -> str:
        return f"{self.base}/api/layers/{quote(layer_id, safe='')}"

    def _services(self, asked: str, observation: Observation, coverage: Coverage, count: int) -> Iterator[Link]:
        inputs = descriptor(self._did(observation), coverage)
        for way, standard, text in _WAYS:
            service_id = f"soda-{way}-{count}"
            words = {"standard_id": standard, "name": service_id, "description": _DESCRIPTION}
            described = service(service_id, f"{self.base}/vo/soda/{way}", inputs, **words)
            kind = "application/fits" if way == "sync" else ""
            yield Link(asked, datalink.CUTOUT, text, service_def=service_id, content_type=kind, auth=self._auth)
            # Only once its row was written: a document that is cut short describes nothing that no row names.
            self.descriptors.append(described)


def coverage_of(row: ObsRow) -> Coverage:
    """What of an observation can be asked for in a cutout."""
    circle, polygon = None, None
    if row.footprint is not None:
        ra, dec = to_angles(row.footprint.centre)
        radius = min(180.0, math.degrees(row.footprint.radius_rad))
        circle = round(float(ra), 9), round(float(dec), 9), round(radius, 9)
        shape, _, corners = row.footprint.words.partition(" ")
        polygon = tuple(map(float, corners.split())) if shape == "POLYGON" else None
    band = None if row.em_min is None or row.em_max is None else (row.em_min, row.em_max)
    time = None if row.t_min is None or row.t_max is None else (row.t_min, row.t_max)
    return Coverage(
        circle, polygon, band, time, tuple((row.pol_states or "").strip("/").split("/")) if row.pol_states else ()
    )
