"""VOTable 1.4 (IVOA REC 2019-10-21) as it is written here: ``TABLEDATA``, by the block.

The pieces are values; ``write`` turns a document into bytes. Rows may come from any iterator and are never kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError
from armillary.vo import cells
from armillary.vo.xml import HEAD, blocks, escape, tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

VERSION = "1.4"
NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
MEDIA_TYPE = "application/x-votable+xml"
ROWS_AT_ONCE = 64
UCD = re.compile(r"[A-Za-z0-9_.:;-]*")


@dataclass(frozen=True, slots=True)
class Values:
    """``VALUES``: bounds, choices, and the number that stands for nothing."""

    least: Any = None
    most: Any = None
    options: tuple[str, ...] = ()
    null: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """``FIELD``: a column.

    Parameters
    ----------
    datatype
        Of VOTable 1.4, 2.1. Letters outside ASCII need ``unicodeChar``; in ``char`` they become ``?``.
    arraysize
        Of ``char`` and ``unicodeChar`` by default ``*``.
    ucd
        Left out where it is none of the characters that the schema allows.
    """

    name: str
    datatype: str = "char"
    arraysize: str = ""
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    xtype: str = ""
    description: str = ""
    id: str = ""
    ref: str = ""
    values: Values | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """``PARAM``: a column with one value, None for an empty one."""

    field: Field
    value: Any = None


@dataclass(frozen=True, slots=True)
class Info:
    """``INFO``."""

    name: str
    value: str
    text: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """``GROUP`` of parameters."""

    name: str
    params: tuple[Param, ...] = ()
    id: str = ""
    utype: str = ""


@dataclass(frozen=True, slots=True)
class Coosys:
    """``COOSYS``: what the fields that refer to it are in."""

    id: str
    system: str = "ICRS"
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Timesys:
    """``TIMESYS``: what the times of the fields that refer to it are in."""

    id: str
    timescale: str
    refposition: str
    timeorigin: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``TABLE``.

    Parameters
    ----------
    rows
        Values in the order of the fields: numbers, texts, sequences of them for arrays, None for nothing.
    most_rows
        Further ones are not written, and the resource says ``OVERFLOW``; None for no bound.
    """

    fields: tuple[Field, ...]
    rows: Iterable[Sequence[Any]] = ()
    name: str = ""
    id: str = ""
    description: str = ""
    params: tuple[Param, ...] = ()
    most_rows: int | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """``RESOURCE``.

    Parameters
    ----------
    overflow
        Whether there were more rows than it holds (``QUERY_STATUS`` ``OVERFLOW`` after the table, DALI 1.1, 4.4.1).
    """

    infos: tuple[Info, ...] = ()
    tables: tuple[Table, ...] = ()
    params: tuple[Param, ...] = ()
    groups: tuple[Group, ...] = ()
    systems: tuple[Coosys | Timesys, ...] = ()
    type: str = "results"
    id: str = ""
    name: str = ""
    utype: str = ""
    description: str = ""
    overflow: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """``VOTABLE``. Of ``resources`` the next is asked for once the one before is written."""

    resources: Iterable[Resource]
    description: str = ""
    infos: tuple[Info, ...] = field(default=())


def results(
    table: Table, infos: tuple[Info, ...] = (), systems: tuple[Coosys | Timesys, ...] = (), *, overflow: bool = False
) -> Resource:
    """A resource of results that succeeded: ``QUERY_STATUS`` ``OK`` before its table (DALI 1.1, 4.4)."""
    return Resource((Info("QUERY_STATUS", "OK"), *infos), (table,), systems=systems, overflow=overflow)


def service(
    service_id: str,
    access_url: str,
    inputs: tuple[Param, ...],
    *,
    standard_id: str = "",
    name: str = "",
    description: str = "",
    content_type: str = "",
) -> Resource:
    """A service descriptor (DataLink 1.1, 4): how to ask a service about the rows of a document.

    Parameters
    ----------
    service_id
        Its XML ID, which rows name in ``service_def``.
    inputs
        Parameters of the service, with their values, ranges, or a ``ref`` to the field that has them.
    """
    told = (
        ("accessURL", access_url),
        ("standardID", standard_id),
        ("contentType", content_type),
    )
    params = tuple(Param(Field(key), value) for key, value in told if value)
    group = Group("inputParams", inputs)
    return Resource(
        params=params,
        groups=(group,),
        type="meta",
        id=service_id,
        name=name,
        utype="adhoc:service",
        description=description,
    )


def write(document: Document) -> Iterator[bytes]:
    """A document as UTF-8, by the block.

    An ``ArmillaryError`` of a table's rows ends its table, and ``QUERY_STATUS`` ``ERROR`` says it (DALI 1.1, 4.4.2).
    """
    return blocks(_document(document))


def to_bytes(document: Document) -> bytes:
    """A document as UTF-8, whole."""
    return b"".join(write(document))


def _document(document: Document) -> Iterator[str]:
    yield f'{HEAD}<VOTABLE version="{VERSION}" xmlns="{NAMESPACE}">\n'
    yield _description(document.description)
    yield from map(_info, document.infos)
    for resource in document.resources:
        yield from _resource(resource)
    yield "</VOTABLE>\n"


def _description(text: str) -> str:
    return f"<DESCRIPTION>{escape(text)}</DESCRIPTION>\n" if text else ""


def _info(info: Info) -> str:
    words = ("ID", info.id or None), ("name", info.name), ("value", info.value)
    return tag("INFO", words, escape(info.text) or None) + "\n"


def _resource(resource: Resource) -> Iterator[str]:
    words = (
        ("type", resource.type),
        ("ID", resource.id or None),
        ("name", resource.name or None),
        ("utype", resource.utype or None),
    )
    yield tag("RESOURCE", words, "").removesuffix("</RESOURCE>") + "\n"
    yield _description(resource.description)
    yield from map(_info, resource.infos)
    yield from map(_system, resource.systems)
    yield from map(_param, resource.params)
    yield from map(_group, resource.groups)
    after: list[Info] = []
    for table in resource.tables:
        yield from _table(table, after)
    if resource.overflow and not after:
        after.append(_OVERFLOW)
    yield from map(_info, after)
    yield "</RESOURCE>\n"


_OVERFLOW = Info("QUERY_STATUS", "OVERFLOW")


def _system(system: Coosys | Timesys) -> str:
    if isinstance(system, Coosys):
        words = ("ID", system.id), ("system", system.system), ("epoch", system.epoch or None)
        return tag("COOSYS", words) + "\n"
    origin = "timeorigin", system.timeorigin or None
    return tag("TIMESYS", (("ID", system.id), origin, *_scale(system))) + "\n"


def _scale(system: Timesys) -> tuple[tuple[str, str], ...]:
    return ("timescale", system.timescale), ("refposition", system.refposition)


def _words(column: Field) -> list[tuple[str, str | None]]:
    arraysize = column.arraysize or ("*" if column.datatype in cells.TEXTS else "")
    return [
        ("ID", column.id or None),
        ("name", column.name),
        ("datatype", column.datatype),
        ("arraysize", arraysize if arraysize not in {"", "1"} or column.datatype in cells.TEXTS else None),
        ("unit", column.unit or None),
        ("ucd", column.ucd if column.ucd and UCD.fullmatch(column.ucd) else None),
        ("utype", column.utype or None),
        ("xtype", column.xtype or None),
        ("ref", column.ref or None),
    ]


def _inside(column: Field) -> str | None:
    inside = _description(column.description).strip()
    if column.values is not None:
        inside += _values(column, column.values)
    return inside or None


def _values(column: Field, values: Values) -> str:
    bounds = [
        tag(name, [("value", cells.text_of(column.datatype, bound))])
        for name, bound in (("MIN", values.least), ("MAX", values.most))
        if bound is not None
    ]
    options = [tag("OPTION", [("value", option)]) for option in values.options]
    return tag("VALUES", [("null", values.null)], "".join(bounds + options) or None)


def _field(column: Field) -> str:
    return tag("FIELD", _words(column), _inside(column)) + "\n"


def _param(param: Param) -> str:
    words = [*_words(param.field), ("value", cells.text_of(param.field.datatype, param.value))]
    return tag("PARAM", words, _inside(param.field)) + "\n"


def _group(group: Group) -> str:
    words = ("ID", group.id or None), ("name", group.name or None), ("utype", group.utype or None)
    return tag("GROUP", words, "\n" + "".join(map(_param, group.params))) + "\n"


def _table(table: Table, after: list[Info]) -> Iterator[str]:
    words = ("ID", table.id or None), ("name", table.name or None)
    yield tag("TABLE", words, "").removesuffix("</TABLE>") + "\n"
    yield _description(table.description)
    yield from map(_param, table.params)
    yield from map(_field, table.fields)
    yield "<DATA><TABLEDATA>\n"
    try:
        yield from _rows(table, after)
    except ArmillaryError as error:
        after.append(Info("QUERY_STATUS", "ERROR", error.message))
    yield "</TABLEDATA></DATA>\n</TABLE>\n"


def _cell_writer(column: Field) -> Callable[[Any], str]:
    null = None if column.values is None else column.values.null
    return cells.writer(column.datatype, column.arraysize, null, column.xtype)


def _rows(table: Table, after: list[Info]) -> Iterator[str]:
    writers = [_cell_writer(column) for column in table.fields]
    rows = iter(table.rows)
    counted = rows if table.most_rows is None else islice(rows, table.most_rows)
    while some := list(islice(counted, ROWS_AT_ONCE)):
        # Without parentheses of calls that do nothing: a large answer is a million cells.
        lines = ["".join([cell(value) for cell, value in zip(writers, row, strict=True)]) for row in some]
        yield "<TR>" + "</TR>\n<TR>".join(lines) + "</TR>\n"
    if table.most_rows is not None and next(rows, None) is not None:
        after.append(_OVERFLOW)
