"""VOSI 1.1 (IVOA REC 2017-05-24): what services there are, whether they work, which tables they have.

Elements are those of VOResource 1.1, VODataService 1.2 and the extensions of the standards; only the roots and the
types named by ``xsi:type`` have a namespace.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.vo.votable import UCD
from armillary.vo.xml import HEAD, blocks, escape, tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from armillary.vo.votable import Field

CAPABILITIES_ID = "ivo://ivoa.net/std/VOSI#capabilities"
AVAILABILITY_ID = "ivo://ivoa.net/std/VOSI#availability"
TABLES_ID = "ivo://ivoa.net/std/VOSI#tables"
COOKIE, BEARER, BASIC = (f"ivo://ivoa.net/sso#{name}" for name in ("cookie", "BearerToken", "BasicAA"))
"""How callers say who they are (SSO 2.0, IVOA REC 2017-05-24)."""
MEDIA_TYPE = "text/xml"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_VR = "http://www.ivoa.net/xml/VOResource/v1.0"
_VS = "http://www.ivoa.net/xml/VODataService/v1.1"
_CS = "http://www.ivoa.net/xml/ConeSearch/v1.0"
_SIA = "http://www.ivoa.net/xml/SIA/v1.1"


@dataclass(frozen=True, slots=True)
class Capability:
    """A service.

    Parameters
    ----------
    standard_id
        Which standard it follows.
    url
        Where it is asked.
    use
        ``full`` where ``url`` is asked as it is, ``base`` where parameters are put after it.
    kind
        Type of the capability in the extension of its standard, empty for the plain one.
    words
        Elements that this type adds.
    is_open
        Whether everybody may ask, whatever the rest needs.
    """

    standard_id: str
    url: str
    use: str = "full"
    kind: str = ""
    words: tuple[tuple[str, str], ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class TableWords:
    """A table.

    Parameters
    ----------
    fields
        Its columns; None where they are asked for apart.
    rows
        How many, None where that is not known.
    """

    name: str
    title: str = ""
    description: str = ""
    utype: str = ""
    rows: int | None = None
    fields: tuple[Field, ...] | None = None


@dataclass(frozen=True, slots=True)
class Schema:
    """Tables that belong together."""

    name: str
    description: str
    tables: tuple[TableWords, ...]


def cone_search(standard_id: str, url: str, most_rows: int) -> Capability:
    """A cone search (Simple Cone Search 1.03, section 3)."""
    words = ("maxRecords", str(most_rows)), ("verbosity", "true")
    return Capability(standard_id, f"{url}?", "base", "cs:ConeSearch", words)


def image_search(standard_id: str, url: str, most_rows: int) -> Capability:
    """A search for images by SIA 1.0 (section 7)."""
    words = ("imageServiceType", "Pointed"), ("maxRecords", str(most_rows))
    return Capability(standard_id, f"{url}?", "base", "sia:SimpleImageAccess", words)


def capabilities(services: Iterable[Capability], methods: tuple[str, ...], *, anonymous: bool) -> bytes:
    """Root element of section 2.1.

    Parameters
    ----------
    services
        All that are told.
    methods
        How callers may say who they are.
    anonymous
        Whether they need not.
    """
    spaces = (
        ("xmlns:vosi", "http://www.ivoa.net/xml/VOSICapabilities/v1.0"),
        ("xmlns:vr", _VR),
        ("xmlns:vs", _VS),
        ("xmlns:cs", _CS),
        ("xmlns:sia", _SIA),
        ("xmlns:xsi", _XSI),
    )
    inside = "".join(_capability(one, ((None,) if anonymous or one.is_open else ()), methods) for one in services)
    return f"{HEAD}{tag('vosi:capabilities', spaces, _line(inside))}\n".encode()


def _line(inside: str) -> str:
    return f"\n{inside}"


def _capability(one: Capability, free: tuple[None, ...], methods: tuple[str, ...]) -> str:
    # One security method an interface: VOResource 1.1, 3.3.
    ways: tuple[str | None, ...] = free if one.is_open else (*free, *methods)
    interfaces = "".join(_interface(one, way) for way in ways)
    words = "".join(tag(name, (), escape(text)) + "\n" for name, text in one.words)
    about = ("standardID", one.standard_id), ("xsi:type", one.kind or None)
    return tag("capability", about, _line(interfaces + words)) + "\n"


def _interface(one: Capability, method: str | None) -> str:
    url = tag("accessURL", [("use", one.use)], escape(one.url))
    security = "" if method is None else tag("securityMethod", [("standardID", method)])
    return tag("interface", (("xsi:type", "vs:ParamHTTP"), ("role", "std")), url + security) + "\n"


def availability(since: datetime, notes: Iterable[str], *, available: bool) -> bytes:
    """Root element of section 2.3.

    Parameters
    ----------
    since
        When the service began to work, UTC.
    notes
        What people should know.
    available
        Whether it works.
    """
    name = "vosi:availability"
    lines = [tag("vosi:available", (), "true" if available else "false")]
    if available:
        lines.append(tag("vosi:upSince", (), since.strftime("%Y-%m-%dT%H:%M:%SZ")))
    lines += [tag("vosi:note", (), escape(note)) for note in notes]
    space = [("xmlns:vosi", "http://www.ivoa.net/xml/VOSIAvailability/v1.0")]
    return f"{HEAD}{tag(name, space, _line(''.join(f'{line}{chr(10)}' for line in lines)))}\n".encode()


_TABLES = (
    ("xmlns:vosi", "http://www.ivoa.net/xml/VOSITables/v1.0"),
    ("xmlns:vs", _VS),
    ("xmlns:xsi", _XSI),
)


def tableset(schemas: Iterable[Schema]) -> Iterator[bytes]:
    """Root element of section 2.2, by the block."""
    return blocks(_tableset(schemas))


def _tableset(schemas: Iterable[Schema]) -> Iterator[str]:
    yield HEAD + tag("vosi:tableset", _TABLES, "").removesuffix("</vosi:tableset>") + "\n"
    for schema in schemas:
        yield f"<schema>\n{_texts((('name', schema.name), ('description', schema.description)))}"
        for table in schema.tables:
            yield "<table>\n"
            yield from _table(table)
            yield "</table>\n"
        yield "</schema>\n"
    yield "</vosi:tableset>\n"


def table_of(table: TableWords) -> bytes:
    """Root element of one table, with its columns."""
    return f"{HEAD}{tag('vosi:table', _TABLES, _line(''.join(_table(table))))}\n".encode()


def _table(table: TableWords) -> Iterator[str]:
    rows = "" if table.rows is None else str(table.rows)
    yield _texts((("name", table.name), ("title", table.title), ("description", table.description)))
    yield _texts((("utype", table.utype), ("nrows", rows)))
    for field in table.fields or ():
        yield _column(field)


def _texts(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(f"{tag(name, (), escape(text))}\n" for name, text in pairs if text)


def _column(field: Field) -> str:
    words = (
        ("name", field.name),
        ("description", field.description),
        ("unit", field.unit),
        ("ucd", field.ucd if UCD.fullmatch(field.ucd) else ""),
        ("utype", field.utype),
    )
    text = field.datatype in {"char", "unicodeChar"}
    size = field.arraysize or ("*" if text else "")
    about = ("xsi:type", "vs:VOTableType"), ("arraysize", size or None), ("extendedType", field.xtype or None)
    return f"<column>\n{_texts(words)}{tag('dataType', about, field.datatype)}\n</column>\n"
