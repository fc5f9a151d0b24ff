"""Routes of Simple Cone Search: ``/vo/scs/{catalog}``."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.errors import LimitError, UsageError
from armillary.holdings.source_facts import steadily_read
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import bytes_answer, parameters_of, votable_answer, votable_type
from armillary.vo import scs
from armillary.vo.votable import MEDIA_TYPE

if TYPE_CHECKING:
    from armillary.holdings.catalogs import AnyCatalog
    from armillary.holdings.tree import SourceGroup
    from armillary.vo.votable import Document

router = APIRouter(prefix="/vo/scs", include_in_schema=False)


@router.api_route("/{catalog}", methods=["GET", "POST"])
async def cone_search(request: Request, catalog: str) -> Response:
    """Sources of a catalog in a cone. What is asked wrongly is answered by a VOTable that says it (section 2.3)."""
    services = services_of(request)
    group = services.holdings.source_group(catalog, access_of(request))
    try:
        parameters = await parameters_of(request)
        query = scs.parse(parameters)
        most = parameters.integer("MAXREC", 0, 1 << 62)
        media_type = votable_type(parameters)
    except (UsageError, LimitError) as error:
        return bytes_answer(request, scs.error_votable(error.message), MEDIA_TYPE)
    rows = services.settings.vo_rows
    make = functools.partial(_document, group, query, rows if most is None else min(most, rows))
    before = group.file.count, group.file.problem
    try:
        return await votable_answer(request, make, media_type, services.source_workers)
    finally:
        if (group.file.count, group.file.problem) != before:
            with services.holdings.lock:
                services.holdings.touch()


def _document(group: SourceGroup, query: scs.ConeQuery, most: int) -> Document:
    return steadily_read(group, functools.partial(_of_version, group, query, most))


def _of_version(group: SourceGroup, query: scs.ConeQuery, most: int, catalog: AnyCatalog, _version: str) -> Document:
    import numpy as np

    from armillary.catalogs import cones
    from armillary.catalogs.viewing import rows as sky_rows
    from armillary.catalogs.viewing.catalog import SkyCatalog

    table = scs.ConeTable(catalog, query.verbosity)
    if not query.radius_deg:
        rows, total = np.empty(0, np.int64), 0
    else:
        cone = query.ra_deg, query.dec_deg, query.radius_deg, most
        if isinstance(catalog, SkyCatalog):
            rows, total = sky_rows.rows_within(catalog, *cone)
        else:
            rows, total = cones.rows_within(catalog, *cone)
    overflow = total > len(rows) or not most
    return table.document(group.name, group.description, rows, overflow=overflow)
