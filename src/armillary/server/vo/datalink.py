"""Route of DataLink: ``/vo/datalink/links``."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.errors import ArmillaryError, LimitError, ParameterError
from armillary.holdings.soda import Filter, cut_observation
from armillary.server.errors import told_to
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import address, parameters_of, votable_answer, votable_type
from armillary.vo import datalink, soda
from armillary.vo.datalink import Link
from armillary.vo.identifiers import bare_id, publisher_did
from armillary.vo.soda_descriptor import descriptor
from armillary.vo.votable import service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.holdings.access import Access
    from armillary.holdings.observations import Observation
    from armillary.holdings.tree import Holdings
    from armillary.server.settings import Settings
    from armillary.vo.votable import Document, Resource

router = APIRouter(prefix="/vo/datalink", include_in_schema=False)

LONGEST_ID = 1024
MOST_HEADERS = 100
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
    asked = tuple(dict.fromkeys(parameters.all("ID")))
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
        return datalink.document(self._of_all(asked), self._described(), most_rows)

    def _described(self) -> Iterator[Resource]:
        yield from self.descriptors

    def _of_all(self, asked: tuple[str, ...]) -> Iterator[Link]:
        for count, one in enumerate(asked, 1):
            try:
                observation = self._observation(one)
            except ArmillaryError as error:
                yield datalink.no_link(one, error)
                continue
            yield from self._of(one, observation)
            yield from self._services(one, observation, count)

    def _observation(self, asked: str) -> Observation:
        if not asked or len(asked) > LONGEST_ID or not asked.isprintable():
            raise ParameterError("ID", f"an id has from 1 to {LONGEST_ID} printable characters")
        return self.holdings.observation(bare_id(asked, self.settings.vo_authority), self.access)

    def _of(self, asked: str, observation: Observation) -> Iterator[Link]:
        yield self._this(asked, observation)
        auth = _AUTH.get(self.settings.auth, "optional")
        try:
            layers = [piece.layers()[0] for piece in observation.pieces]
        except ArmillaryError:
            return  # The row of the whole says what is wrong.
        preview = f"{self._layer(layers[0].id)}/tiles/0/0/0.png"
        yield Link(asked, datalink.PREVIEW, "Preview of the first plane.", preview, content_type="image/png", auth=auth)
        for layer in layers[:MOST_HEADERS]:
            text = f"FITS header of {layer.entry.name}." if len(layers) > 1 else "FITS header."
            header = f"{self._layer(layer.id)}/header"
            yield Link(asked, datalink.HEADER, text, header, content_type="text/plain", auth=auth)

    def _this(self, asked: str, observation: Observation) -> Link:
        did = publisher_did(self.settings.vo_authority, observation.obs_id)
        try:
            cut = cut_observation(observation, Filter(), most_pixels=self.settings.cutout_pixels)
            length = None if cut is None else cut.length()
        except LimitError:
            error = LimitError("The whole has more pixels than one answer may have: ask for cutouts.")
            return datalink.no_link(asked, error)
        except ArmillaryError as error:
            return datalink.no_link(asked, told_to(error, self.access))
        return Link(
            asked,
            datalink.THIS,
            f"All of {observation.name}.",
            f"{self.base}/vo/soda/sync?{urlencode({'ID': did})}",
            content_type="application/fits",
            content_length=length,
            content_qualifier="#image",
            auth=_AUTH.get(self.settings.auth, "optional"),
        )

    def _layer(self, layer_id: str) -> str:
        return f"{self.base}/api/layers/{quote(layer_id, safe='')}"

    def _services(self, asked: str, observation: Observation, count: int) -> Iterator[Link]:
        did = publisher_did(self.settings.vo_authority, observation.obs_id)
        inputs = descriptor(did)
        for way, standard, text in _WAYS:
            service_id = f"soda-{way}-{count}"
            url = f"{self.base}/vo/soda/{way}"
            described = service(
                service_id, url, inputs, standard_id=standard, name=f"soda-{way}", description=_DESCRIPTION
            )
            kind = "application/fits" if way == "sync" else ""
            auth = _AUTH.get(self.settings.auth, "optional")
            yield Link(asked, datalink.CUTOUT, text, service_def=service_id, content_type=kind, auth=auth)
            # Only once its row was written: a document that is cut short describes nothing that no row names.
            self.descriptors.append(described)
