"""Documents of VOSI and DataLink: whatever text goes in, what comes out follows the schemas."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from conftest_xsd import children, valid
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import NotFoundError, UnavailableError
from armillary.vo import datalink, vosi
from armillary.vo.datalink import Link
from armillary.vo.vosi import Capability, Schema, TableWords
from armillary.vo.votable import Field, service, to_bytes
from armillary.vo.xml import clean

ANY = st.text(st.characters(min_codepoint=0, max_codepoint=0x10FFFF), max_size=30)
# Addresses are made by us: of letters that the schema's type of addresses takes.
ADDRESS = st.lists(st.sampled_from(["a", "/", "?", "&", "=", "%20", "%C3%A9", "'", ".", "~", "+"])).map("".join)
FIELDS = st.builds(
    Field,
    ANY,
    st.sampled_from(["double", "char", "unicodeChar", "long", "boolean"]),
    st.sampled_from(["", "*", "3", "2x*"]),
    ANY, ANY, ANY, ANY, ANY,
)  # fmt: skip
TABLES = st.builds(
    TableWords,
    ANY,
    ANY,
    ANY,
    ANY,
    st.none() | st.integers(0, 1 << 60),
    st.none() | st.lists(FIELDS, max_size=3).map(tuple),
)


@given(st.lists(st.tuples(ADDRESS, ANY), max_size=3), st.booleans())
def test_capabilities_of_any_address(services, anonymous: bool) -> None:
    told = [vosi.cone_search("ivo://x/y", f"http://h/{address}", 7) for address, _ in services]
    told += [vosi.image_search("ivo://x/z", f"http://h/{address}", 7) for address, _ in services]
    told.append(Capability("ivo://x/open", "http://h", is_open=True))
    root = valid(vosi.capabilities(told, (vosi.COOKIE, vosi.BEARER), anonymous=anonymous))
    found = root.findall("capability")
    assert len(found) == len(told)
    for one in found:
        ways = [interface.find("securityMethod") is None for interface in one.findall("interface")]
        is_open = one.get("standardID") == "ivo://x/open"
        assert ways == ([True] if is_open else [*([True] if anonymous else []), False, False])


@given(st.lists(ANY, max_size=3), st.booleans())
def test_availability_of_any_note(notes, available: bool) -> None:
    root = valid(vosi.availability(datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC), notes, available=available))
    space = "{http://www.ivoa.net/xml/VOSIAvailability/v1.0}"
    assert root.findtext(f"{space}available") == str(available).lower()
    assert [one.text or "" for one in root.findall(f"{space}note")] == [clean(note) for note in notes]
    assert root.findtext(f"{space}upSince") == ("2024-05-06T07:08:09Z" if available else None)


@given(st.lists(TABLES, max_size=4, unique_by=lambda table: " ".join(clean(table.name).split())))
def test_tables_of_any_columns(tables) -> None:
    named = [table for table in tables if clean(table.name).strip()]
    root = valid(b"".join(vosi.tableset([Schema("s", "", tuple(named)), Schema("empty", "", ())])))
    assert len(root.findall("schema/table")) == len(named)
    for table in named:
        one = valid(vosi.table_of(table))
        assert len(one.findall("column")) == len(table.fields or ())


@given(st.lists(st.tuples(ANY, ANY, ANY), max_size=5), st.integers(0, 8))
def test_links_of_any_words(words, most: int) -> None:
    rows = []
    for k, (asked, text, url) in enumerate(words):
        rows.append(Link(asked, "#this", text, access_url=f"http://{url}", content_length=k))
        rows.append(datalink.no_link(asked, NotFoundError(text)))
        rows.append(Link(asked, "#cutout", text, service_def=f"s{k}"))
    described = [service(f"s{k}", f"http://{url}", ()) for k, (_, _, url) in enumerate(words)]
    root = valid(to_bytes(datalink.document([one[0] for one in words], rows, described, most)))
    cells = children(root, "RESOURCE/TABLE/DATA/TABLEDATA/TR")
    assert len(cells) == min(most, len(rows))
    for row, link in zip(cells, rows, strict=False):
        given_words = [cell.text for cell in row[1:4] if cell.text]
        assert len(given_words) == 1
        assert (row[0].text or "") == "".join(c if c <= "\uffff" else "\ufffd" for c in clean(link.id))


@pytest.mark.parametrize(
    ("error", "word"), [(NotFoundError("none"), "NotFoundFault"), (UnavailableError("later"), "TransientFault")]
)
def test_a_row_says_what_went_wrong(error, word: str) -> None:
    link = datalink.no_link("x", error)
    assert link.error_message == f"{word}: {error.message}"
    assert link.row()[-1] is None, "nobody knows whether a link that is not there may be followed"
