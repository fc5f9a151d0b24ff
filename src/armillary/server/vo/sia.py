"""Routes of Simple Image Access: ``/vo/sia2`` (version 2.0) and ``/vo/sia`` (version 1.0)."""

from __future__ import annotations

import functools
import math
from dataclasses import fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.errors import ArmillaryError, LimitError, UnavailableError, UsageError
from armillary.holdings.pictures import MAX_PIXELS
from armillary.server.errors import RETRY_SECONDS
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import address, bytes_answer, parameters_of, votable_answer, votable_type
from armillary.server.vo.errors import status
from armillary.sky.regions_base import SPHERE_DEG2
from armillary.vo import datalink, obscore, sia1, sia2, soda
from armillary.vo.errors import error_votable
from armillary.vo.identifiers import publisher_did
from armillary.vo.soda_descriptor import descriptor
from armillary.vo.votable import MEDIA_TYPE, Field, Param, service

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from armillary.holdings.access import Access
    from armillary.holdings.obscore import ObsRow
    from armillary.holdings.observation_index import ObsAnswer
    from armillary.server.services import Services
    from armillary.vo.sia1 import Sia1Query
    from armillary.vo.sia2 import Sia2Query
    from armillary.vo.votable import Document, Resource

router = APIRouter(prefix="/vo", include_in_schema=False)

_MADE_HERE = {obscore.DID, "access_url", "access_format"}
_values = attrgetter(*(name for name in obscore.NAMES if name not in _MADE_HERE))
_PLACES = {name: obscore.NAMES.index(name) for name in (obscore.DID, "access_url", "access_format")}
_NOT_SEARCHED = {"format", "most"}
_TITLE = "Images"


@router.api_route("/sia2", methods=["GET", "POST"], name="sia2")
@router.api_route("/sia2/query", methods=["GET", "POST"], name="sia2-query")
async def search_2(request: Request) -> Response:
    """Images by what is known of them (SIA 2.0); what is asked wrongly is answered by a VOTable that says it."""
    services = services_of(request)
    try:
        parameters = await parameters_of(request)
        query = sia2.parse(parameters, services.settings.vo_authority)
        media_type = votable_type(parameters)
        made = _Made(services, access_of(request), address(request, ""))
        make = functools.partial(made.answer_2, query, _bound(services, query.most))
        return await votable_answer(request, make, media_type, services.search_workers)
    except (UsageError, LimitError, UnavailableError) as error:
        return _fault(request, error, status(error))


@router.api_route("/sia", methods=["GET", "POST"], name="sia")
async def search_1(request: Request) -> Response:
    """Images by their place (SIA 1.0); what is asked wrongly is answered by a VOTable that says it (section 4.2.2)."""
    services = services_of(request)
    try:
        parameters = await parameters_of(request)
        query = sia1.parse(parameters)
        made = _Made(services, access_of(request), address(request, ""))
        make = functools.partial(made.answer_1, query, _bound(services, query.most))
        return await votable_answer(request, make, MEDIA_TYPE, services.search_workers)
    except (UsageError, LimitError) as error:
        return _fault(request, error, 200)
    except UnavailableError as error:
        return _fault(request, error, status(error))


def _bound(services: Services, most: int | None) -> int:
    rows = services.settings.vo_rows
    return rows if most is None else min(most, rows)


def _fault(request: Request, error: ArmillaryError, code: int) -> Response:
    answer = bytes_answer(request, error_votable(error.message), MEDIA_TYPE)
    answer.status_code = code
    if code == 503:
        answer.headers["retry-after"] = str(RETRY_SECONDS)
    return answer


class _Made:
    """Answers, as documents.

    Parameters
    ----------
    base
        Address of the server's root.
    """

    def __init__(self, services: Services, access: Access, base: str) -> None:
        self._services = services
        self._settings = services.settings
        self._access = access
        self._base = base

    def answer_2(self, query: Sia2Query, most: int) -> Document:
        """The images that SIA 2.0 finds."""
        if not most or query.format is None:
            return obscore.document((), self._descriptors(), overflow=not most)
        found = self._found(
            most, **{f.name: getattr(query, f.name) for f in fields(query) if f.name not in _NOT_SEARCHED}
        )
        rows = [self._row(row, query.format) for row in found.rows]
        return obscore.document(rows, self._descriptors(), overflow=found.overflow)

    def answer_1(self, query: Sia1Query, most: int) -> Document:
        """The images that SIA 1.0 finds."""
        if query.region is None:
            return sia1.metadata(_TITLE)
        if not most or not query.formats:
            return sia1.document((), overflow=not most, name=_TITLE)
        found = self._found(most, regions=(query.region,), relation=query.relation)
        rows = [line for row in found.rows if row.s_ra is not None for line in self._lines(row, query)]
        return sia1.document(rows[:most], overflow=found.overflow or len(rows) > most, name=_TITLE)

    def _found(self, most: int, **wanted: Any) -> ObsAnswer:
        from armillary.holdings.observation_query import ObsQuery

        return self._services.observations.query(self._access, ObsQuery(**wanted, most=most))

    def _did(self, row: ObsRow) -> str:
        return publisher_did(self._settings.vo_authority, row.obs_id)

    def _row(self, row: ObsRow, form: str) -> Sequence[Any]:
        did = self._did(row)
        if form == sia2.DATALINK:
            url = f"{self._base}/vo/datalink/links?ID={quote(did, safe='')}"
        else:
            url = f"{self._base}/vo/soda/sync?{urlencode({'ID': did, 'RESPONSEFORMAT': form})}"
        values: list[Any] = list(_values(row))
        # In the order of the columns, from the left.
        for name, value in ((obscore.DID, did), ("access_url", url), ("access_format", form)):
            values.insert(_PLACES[name], value)
        return values

    def _descriptors(self) -> Iterator[Resource]:
        """Services that take identifiers of rows: links, cutouts at once and in the background."""
        links = Param(Field("ID", "char", "*", ucd="meta.id;meta.main", ref=obscore.DID))
        url = f"{self._base}/vo/datalink/links"
        yield service("links", url, (links,), standard_id=datalink.STANDARD_ID, content_type=datalink.MEDIA_TYPE)
        for way, standard in (("sync", soda.SYNC_ID), ("async", soda.ASYNC_ID)):
            inputs = descriptor(ref=obscore.DID)
            yield service(f"soda-{way}", f"{self._base}/vo/soda/{way}", inputs, standard_id=standard)

    def _lines(self, row: ObsRow, query: Sia1Query) -> Iterator[Sequence[Any]]:
        """A row for each format."""
        did = self._did(row)
        scale = None if row.s_pixel_scale is None else row.s_pixel_scale / 3600.0
        naxis = (row.s_xel1, row.s_xel2)
        if None in naxis and scale and row.s_fov:
            naxis = (max(1, round(row.s_fov / scale)),) * 2
        middle = None if row.em_min is None or row.em_max is None else (row.em_min + row.em_max) / 2.0
        taken = row.t_min if row.t_max is None or row.t_min is None else (row.t_min + row.t_max) / 2.0
        for form in query.formats:
            part = self._part(row, form, query)
            if part is None:
                continue
            words = {"ID": did} | part | {"RESPONSEFORMAT": form}
            url = f"{self._base}/vo/soda/sync?{urlencode(words)}"
            size = row.access_estsize * 1000 if row.access_estsize and form == sia1.FITS else None
            yield (
                row.obs_title,
                row.instrument_name,
                taken,
                row.s_ra,
                row.s_dec,
                2,
                None if None in naxis else naxis,
                None if scale is None else (scale, scale),
                form,
                "ICRS",
                None,
                None if middle is None else "m",
                middle,
                row.em_max,
                row.em_min,
                "C",
                url,
                size,
                did,
            )

    def _part(self, row: ObsRow, form: str, query: Sia1Query) -> dict[str, str] | None:
        """The region, where all of the image is more than one answer may have; None where that is, too."""
        is_file, region = form == sia1.FITS, query.region
        pixels, most = (row.pixels, self._settings.cutout_pixels) if is_file else (row.picture_pixels, MAX_PIXELS)
        if pixels <= most:
            return {}
        if region is None or region.area_deg2 <= 0.0:
            return {} if is_file else None
        whole = min(SPHERE_DEG2, math.pi / 4.0 * (row.s_fov or 0.0) ** 2)
        return {"POS": region.words} if is_file or pixels * region.area_deg2 <= most * whole else None
