"""Documents are validated by the official schemas, which lie beside the repository; nothing is fetched."""

from __future__ import annotations

import functools
import os
from pathlib import Path

import pytest
from lxml import etree

ROOTS = {
    "VOTable": "VOTable.xsd",
    "VOSICapabilities": "VOSICapabilities.xsd",
    "VOSIAvailability": "VOSIAvailability.xsd",
    "VOSITables": "VOSITables.xsd",
    "UWS": "UWS.xsd",
    "ConeSearch": "ConeSearch.xsd",
    "SIA": "SIA.xsd",
    "VODataService": "VODataService.xsd",
    "VOResource": "VOResource.xsd",
    "TAPRegExt": "TAPRegExt.xsd",
}
SPACES = {
    "VOTable": "http://www.ivoa.net/xml/VOTable/v1.3",
    "VOSICapabilities": "http://www.ivoa.net/xml/VOSICapabilities/v1.0",
    "VOSIAvailability": "http://www.ivoa.net/xml/VOSIAvailability/v1.0",
    "VOSITables": "http://www.ivoa.net/xml/VOSITables/v1.0",
    "UWS": "http://www.ivoa.net/xml/UWS/v1.0",
    "ConeSearch": "http://www.ivoa.net/xml/ConeSearch/v1.0",
    "SIA": "http://www.ivoa.net/xml/SIA/v1.1",
    "VODataService": "http://www.ivoa.net/xml/VODataService/v1.1",
    "VOResource": "http://www.ivoa.net/xml/VOResource/v1.0",
    "TAPRegExt": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
}
_XS = "http://www.w3.org/2001/XMLSchema"


def xsd_folder() -> Path:
    """Folder of the schemas; a test that wants it is skipped where it is missing, and fails in CI."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "xsd"
    folder = Path(os.environ.get("ARMILLARY_TEST_XSD", beside))
    if not (folder / "VOTable.xsd").is_file():
        message = "no folder of the official XML schemas: set ARMILLARY_TEST_XSD"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return folder


class _Beside(etree.Resolver):
    """Whatever a schema imports is the file of that name in the folder, else nothing."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def resolve(self, system_url, public_id, context):
        name = (system_url or "").rpartition("/")[2]
        if not (self._folder / name).is_file():
            return self.resolve_empty(context)
        return self.resolve_filename(str(self._folder / name), context)


@functools.cache
def schema() -> etree.XMLSchema:
    """All schemas as one, so that types of extensions are known wherever ``xsi:type`` names them."""
    folder = xsd_folder()
    parser = etree.XMLParser(no_network=True, resolve_entities=False)
    parser.resolvers.add(_Beside(folder))
    imports = "".join(
        f'<xs:import namespace="{SPACES[name]}" schemaLocation="{(folder / file).as_uri()}"/>'
        for name, file in ROOTS.items()
    )
    driver = f'<xs:schema xmlns:xs="{_XS}" elementFormDefault="qualified">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(driver, parser, base_url=f"{folder.as_uri()}/driver.xsd"))


def valid(document: bytes) -> etree._Element:
    """Root of a document that follows its schema; entities and document types are none of ours."""
    root = etree.fromstring(document, etree.XMLParser(no_network=True, resolve_entities=False))
    assert root.getroottree().docinfo.doctype == ""
    schema().assertValid(root)
    return root


def children(root: etree._Element, path: str, space: str = "VOTable") -> list[etree._Element]:
    """Elements of a path such as ``RESOURCE/TABLE``; names are of the schema ``space``, of none where that is empty."""
    prefix = f"{{{SPACES[space]}}}" if space else ""
    return root.findall("/".join(f"{prefix}{name}" if name not in {".", "", "*"} else name for name in path.split("/")))
