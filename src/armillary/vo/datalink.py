"""DataLink 1.1 (IVOA REC 2023-12-15): links of datasets as a VOTable."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from armillary.vo.cells import text_type
from armillary.vo.errors import fault
from armillary.vo.votable import Document, Field, Info, Table, results

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.vo.votable import Resource

STANDARD_ID = "ivo://ivoa.net/std/DataLink#links-1.1"
MEDIA_TYPE = "application/x-votable+xml;content=datalink"
THIS, PREVIEW, HEADER, CUTOUT = "#this", "#preview", "#auxiliary", "#cutout"
"""Words of the vocabulary http://www.ivoa.net/rdf/datalink/core."""

# Section 3.2, with the UCDs of its table.
FIELDS = (
    Field("ID", ucd="meta.id;meta.main", description="Identifier of the dataset, as it was asked for."),
    Field("access_url", ucd="meta.ref.url", description="Where the linked thing is."),
    Field("service_def", ucd="meta.ref", description="XML ID of a descriptor in this document."),
    Field("error_message", "unicodeChar", ucd="meta.code.error", description="Why there is no link."),
    Field("description", "unicodeChar", ucd="meta.note", description="What the link is to."),
    Field("semantics", ucd="meta.code", description="What the linked thing is to the dataset."),
    Field("content_type", ucd="meta.code.mime", description="Media type of the linked thing."),
    Field("content_length", "long", unit="byte", ucd="phys.size;meta.file", description="Bytes of the linked thing."),
    Field("content_qualifier", description="Product type of the linked thing."),
    Field("local_semantics", ucd="meta.id.assoc", description="Which link it is of those of the same semantics."),
    Field("link_auth", ucd="meta.code", description="Whether the link needs a login."),
    Field("link_authorized", "boolean", ucd="meta.code", description="Whether this caller may follow the link."),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A row: one of ``access_url``, ``service_def`` and ``error_message`` is given.

    Parameters
    ----------
    content_length
        Bytes, None where that is not known.
    auth
        ``false``, ``optional`` or ``true``: whether following the link needs a login.
    """

    id: str
    semantics: str
    description: str = ""
    access_url: str = ""
    service_def: str = ""
    error_message: str = ""
    content_type: str = ""
    content_length: int | None = None
    content_qualifier: str = ""
    local_semantics: str = ""
    auth: str = ""

    def row(self) -> tuple[str | int | bool | None, ...]:
        """Its values in the order of ``FIELDS``."""
        texts = (self.access_url, self.service_def, self.error_message, self.description, self.semantics)
        more = (self.content_qualifier, self.local_semantics, self.auth)
        authorized = None if self.error_message else True
        words = (self.id, *texts, self.content_type, self.content_length, *more, authorized)
        return tuple(None if word == "" else word for word in words)


def no_link(asked: str, error: Exception, semantics: str = THIS) -> Link:
    """The row of an ID that there is nothing for, or of a link that cannot be made."""
    return Link(asked, semantics, error_message=fault(error))


def document(asked: Iterable[str], links: Iterable[Link], descriptors: Iterable[Resource], most_rows: int) -> Document:
    """Links, then descriptors of the services that they name.

    Parameters
    ----------
    asked
        All IDs, for the letters that are in them.
    links
        Those of one ID one after another.
    descriptors
        Asked for after the last of the links.
    most_rows
        Further links are not written.
    """
    first, *others = FIELDS
    fields = (replace(first, datatype=text_type("".join(asked))), *others)
    table = Table(fields, (link.row() for link in links), name="links", most_rows=most_rows)
    found = results(table, (Info("standardID", STANDARD_ID),), overflow=not most_rows)
    return Document(itertools.chain((found,), descriptors))
