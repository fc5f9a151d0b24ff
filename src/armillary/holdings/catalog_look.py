"""A look at the beginning of a file: is it a catalog with positions? Nothing is read beyond its header.

Files of a folder are not asked to be catalogs: what is none is passed over.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from armillary.errors import CorruptFileError, NoPositionsError, UnsupportedFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.catalogs.fields import Field
    from armillary.storage.source import ByteSource

LOOK_BYTES = 64 << 10
_JSON_RA = re.compile(rb'"\s*ra\w*\s*"\s*:', re.IGNORECASE)
_JSON_SOURCES = re.compile(rb'"sources"\s*:\s*\[')
_JSON_HOLDINGS = re.compile(rb'"(?:map_groups|source_groups)"\s*:')
_POSITION_UCD = re.compile(rb"pos\.(?:eq|galactic|ecliptic|supergalactic)\.", re.IGNORECASE)


def check_catalog(path: str) -> None:
    """Refuse what is no catalog with positions, by its first 64 KiB.

    Parameters
    ----------
    path
        Local path or address.

    Raises
    ------
    NoPositionsError
        A table without columns that are known as positions.
    CorruptFileError, UnsupportedFileError
        No table.
    UnreadableFileError
        It cannot be read.
    """
    from armillary.catalogs.reading import kind_of
    from armillary.storage.source import open_raw_source

    raw = open_raw_source(path)
    head = _head(raw)
    if not head:
        raise UnsupportedFileError(raw.name, "the file is empty.")
    kind = kind_of(head)
    if kind in _LOOKS:
        _LOOKS[kind](raw.name, head)
    elif kind == "parquet":
        _look_at_parquet(raw)
    # The suffix of FITS files is another one: who names this file so is told when it is read.


def _head(raw: ByteSource) -> bytes:
    from armillary.catalogs.formats.streams import TextStream, codec_of
    from armillary.catalogs.limits import DEFAULT

    if codec_of(raw) is None:
        return raw.read_upto(0, LOOK_BYTES)
    return TextStream(raw, DEFAULT).head[:LOOK_BYTES]


def _need_positions(name: str, fields: Iterable[Field]) -> None:
    from armillary.catalogs.positions import find_positions

    find_positions(name, tuple(fields))


def _numeric(names: Iterable[str]) -> list[Field]:
    from armillary.catalogs.fields import Field

    return [Field(name, "float64") for name in names]


def _look_at_text(name: str, head: bytes) -> None:
    from armillary.catalogs.formats.csv_sniff import sniff

    layout = sniff(name, _whole_lines(head))
    if not layout.has_header and len(layout.names) <= 3:
        return  # Perhaps by their order; the reader says.
    _need_positions(name, _numeric(layout.names))


def _whole_lines(head: bytes) -> bytes:
    end = head.rfind(b"\n") if len(head) >= LOOK_BYTES else -1
    return head[: end + 1] if end > 0 else head


def _look_at_ecsv(name: str, head: bytes) -> None:
    """Names of the columns are on the first line that is no comment; UCDs in the comments."""
    if _POSITION_UCD.search(head):
        return
    lines = head.decode("utf-8", "replace").splitlines()
    header = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    words = [word.strip().strip('"') for word in (header.split(",") if "," in header else header.split())]
    _need_positions(name, _numeric(words))


def _look_at_votable(name: str, head: bytes) -> None:
    from armillary.catalogs.fields import Field

    fields: list[Field] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(" ")[2] == "FIELD" and len(fields) < 10_000:
            fields.append(Field(attributes.get("name", ""), "float64", ucd=attributes.get("ucd", "").lower()))

    def refuse(*_declared: object) -> None:
        raise UnsupportedFileError(name, "its XML declares a document type, which is refused: remove the DOCTYPE.")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(head, False)  # noqa: FBT003 - expat takes no names
    except (expat.ExpatError, ValueError, LookupError):
        if not fields:
            raise CorruptFileError(name, "it is no VOTable: its XML breaks.") from None
    if not fields:
        raise NoPositionsError(name, "it is XML without a table.")
    _need_positions(name, fields)


def _look_at_json(name: str, head: bytes) -> None:
    if _JSON_HOLDINGS.search(head):
        raise UnsupportedFileError(name, "is a configuration: show it with `armillary serve`.")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not (text.startswith(b"[") or _JSON_SOURCES.search(head)):
        raise CorruptFileError(name, 'it should be a list of sources, or {"sources": […]}.')
    if not _JSON_RA.search(head) and text.rstrip() != b"[]":
        raise NoPositionsError(name, 'its sources have no "ra" and "dec".')


def _look_at_parquet(raw: ByteSource) -> None:
    from armillary.catalogs.formats.parquet_table import ParquetTable
    from armillary.catalogs.formats.streams import codec_of

    if codec_of(raw) is None:
        _need_positions(raw.name, ParquetTable(raw).fields)


_LOOKS: dict[str, Any] = {
    "csv": _look_at_text,
    "tsv": _look_at_text,
    "ecsv": _look_at_ecsv,
    "votable": _look_at_votable,
    "json": _look_at_json,
}


def has_positions(tables: Iterable[Any], name: str) -> bool:
    """Whether one of the tables of a FITS file, by their headers, has positions.

    Parameters
    ----------
    tables
        Their units, as ``NoPixelsError.tables`` has them.
    name
        The file's, for messages.
    """
    from types import SimpleNamespace

    from armillary.catalogs.formats.fits_table import FitsTable, is_table
    from armillary.errors import FileError

    nowhere: Any = SimpleNamespace(name=name)
    for hdu in tables:
        try:
            if is_table(hdu):
                _need_positions(name, FitsTable(nowhere, hdu, "").fields)
                return True
        except FileError:
            continue
        finally:
            hdu.header.forget_index()
    return False
