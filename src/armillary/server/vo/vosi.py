"""Routes of VOSI: capabilities, availability and tables of all services together and of each."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response  # noqa: TC002 - the framework reads it at run time

from armillary.errors import ArmillaryError, ConfigurationError, ParameterError, UnavailableError
from armillary.holdings.source_facts import steadily_read
from armillary.server.asgi import STRANGER
from armillary.server.services import access_of, services_of
from armillary.server.vo.answers import address, bytes_answer, parameters_of
from armillary.vo import datalink, obscore, scs, sia1, sia2, soda, vosi
from armillary.vo.vosi import TableWords

if TYPE_CHECKING:
    from armillary.holdings.catalogs import AnyCatalog
    from armillary.holdings.tree import SourceGroup
    from armillary.vo.vosi import Capability

router = APIRouter(prefix="/vo", include_in_schema=False)

SINCE = datetime.now(UTC)
METHODS = {
    "none": (),
    "token": (vosi.BEARER, vosi.COOKIE),
    "accounts": (vosi.COOKIE, vosi.BEARER, vosi.BASIC),
    "soauth": (vosi.COOKIE, vosi.BEARER),
    "oidc": (vosi.COOKIE,),
}
"""How callers say who they are, by the setting ``auth``."""
SERVICES = ("sia", "sia2", "soda", "datalink")
MOST_READ = 64
"""Catalogs whose columns are told together."""


def _told(request: Request, services: tuple[Capability, ...]) -> Response:
    mode = services_of(request).settings.auth
    body = vosi.capabilities(services, METHODS[mode], anonymous=mode != "token")
    return bytes_answer(request, body, vosi.MEDIA_TYPE)


def _support(request: Request, below: str, *, tables: bool = False) -> tuple[Capability, ...]:
    here = address(request, f"/vo{below}")
    found = (
        vosi.Capability(vosi.CAPABILITIES_ID, f"{here}/capabilities", is_open=True),
        vosi.Capability(vosi.AVAILABILITY_ID, f"{here}/availability", is_open=True),
    )
    return (*found, vosi.Capability(vosi.TABLES_ID, f"{here}/tables")) if tables else found


def _service(request: Request, name: str) -> tuple[Capability, ...]:
    here, rows = address(request, f"/vo/{name}"), services_of(request).settings.vo_rows
    if name == "sia":
        return (vosi.image_search(sia1.STANDARD_ID, here, rows),)
    if name == "sia2":
        return (vosi.Capability(sia2.STANDARD_ID, here),)
    if name == "datalink":
        return (vosi.Capability(datalink.STANDARD_ID, f"{here}/links"),)
    return (vosi.Capability(soda.SYNC_ID, f"{here}/sync"), vosi.Capability(soda.ASYNC_ID, f"{here}/async"))


def _cones(request: Request) -> tuple[Capability, ...]:
    """Cone searches that the caller may know of; who lacks the token is told of none."""
    if request.scope.get(STRANGER):
        return ()
    services = services_of(request)
    groups = services.holdings.source_groups(access_of(request))
    return tuple(_cone(request, group) for group in groups)


def _cone(request: Request, group: SourceGroup) -> Capability:
    url = address(request, f"/vo/scs/{quote(group.source_group_id, safe='')}")
    return vosi.cone_search(scs.STANDARD_ID, url, services_of(request).settings.vo_rows)


@router.get("/capabilities")
async def capabilities(request: Request) -> Response:
    """All services."""
    of_images = tuple(one for name in SERVICES for one in _service(request, name))
    return _told(request, (*_support(request, "", tables=True), *of_images, *_cones(request)))


@router.get("/scs/{catalog}/capabilities")
async def cone_capabilities(request: Request, catalog: str) -> Response:
    """The cone search of one catalog."""
    group = services_of(request).holdings.source_group(catalog, access_of(request))
    return _told(request, (_cone(request, group),))


def _add_service(name: str) -> None:
    """Capabilities and availability beside a service: clients look for them there."""

    @router.get(f"/{name}/capabilities", name=f"{name}-capabilities")
    async def capabilities_of(request: Request) -> Response:
        return _told(request, (*_support(request, f"/{name}"), *_service(request, name)))

    @router.get(f"/{name}/availability", name=f"{name}-availability")
    async def availability_of(request: Request) -> Response:
        return await _availability(request, jobs=name == "soda")


for _name in SERVICES:
    _add_service(_name)


@router.get("/availability")
async def availability(request: Request) -> Response:
    """Whether the services work."""
    return await _availability(request, jobs=True)


async def _availability(request: Request, *, jobs: bool) -> Response:
    services = services_of(request)
    notes = []
    if services.holdings.scanning:
        notes.append("The headers of the files are still being read: searches do not find everything yet.")
    trouble = await _trouble_of_jobs(request) if jobs else ""
    if trouble:
        notes.append(trouble)
    body = vosi.availability(SINCE, notes, available=not trouble)
    return bytes_answer(request, body, vosi.MEDIA_TYPE)


async def _trouble_of_jobs(request: Request) -> str:
    """Why background jobs cannot be had now; empty where they can."""
    services = services_of(request)
    try:
        # Shared by all who ask meanwhile: a database that is down is tried for seconds.
        await services.job_workers.run("availability", lambda: services.jobs().store.revisions(("0",)))
    except UnavailableError as error:
        return error.message
    except ConfigurationError:
        return "Background jobs are not set up as they must be."
    return ""


@router.get("/tables")
async def tables(request: Request) -> Response:
    """Every table that the caller may see; with ``detail=min`` without columns (VOSI 1.1, section 2.2.1)."""
    services = services_of(request)
    detail = ((await parameters_of(request)).one("detail") or "max").lower()
    if detail not in {"min", "max"}:
        raise ParameterError("detail", "is min or max")
    access = services.holdings.seen_by(access_of(request))
    # Columns of a catalog are known once it was read: those of very many are asked for one by one.
    most = MOST_READ if detail == "max" else 0
    make = functools.partial(_tableset, services.holdings.source_groups(access), most)
    # Shared by all who see the same and ask meanwhile: the first time much may have to be read.
    key = ("vo-tables", services.holdings.edition, access, most)
    body = await services.compute(request, key, make, services.source_workers)
    return bytes_answer(request, body, vosi.MEDIA_TYPE)


@router.get("/tables/{name}")
async def one_table(request: Request, name: str) -> Response:
    """One table with its columns."""
    services = services_of(request)
    images = _image_table(columns=True)
    if name == images.name:
        return bytes_answer(request, vosi.table_of(images), vosi.MEDIA_TYPE)
    group = services.holdings.source_group(name, access_of(request))
    make = functools.partial(_catalog_table, group)
    table = await services.compute(request, object(), make, services.source_workers)
    return bytes_answer(request, vosi.table_of(table), vosi.MEDIA_TYPE)


def _tableset(groups: list[SourceGroup], most_read: int) -> bytes:
    tables = []
    for count, group in enumerate(groups):
        try:
            tables.append(_catalog_table(group) if count < most_read else _outline(group))
        except ArmillaryError:
            tables.append(_outline(group))  # Its file cannot be read now.
    images = vosi.Schema("ivoa", "Images, as SIA 2.0 finds them.", (_image_table(columns=bool(most_read)),))
    schemas = (images, vosi.Schema("catalogs", "Catalogs, as cone searches find their sources.", tuple(tables)))
    return b"".join(vosi.tableset(schemas))


def _outline(group: SourceGroup) -> TableWords:
    return TableWords(group.source_group_id, group.name, group.description, rows=group.file.count)


def _catalog_table(group: SourceGroup) -> TableWords:
    def read(catalog: AnyCatalog, _version: str) -> TableWords:
        return replace(_outline(group), rows=catalog.count, fields=scs.ConeTable(catalog).fields)

    return steadily_read(group, read)


def _image_table(*, columns: bool) -> TableWords:
    text = "One row for each image, ObsCore 1.1."
    fields = obscore.COLUMNS if columns else None
    return TableWords("ivoa.obscore", "Images", text, "ivo://ivoa.net/std/ObsCore#core-1.1", fields=fields)
