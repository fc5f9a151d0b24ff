"""Service descriptors of SODA: parameters with the UCDs, units and bounds of the standard, section 3.5 and 4."""

from __future__ import annotations

import io

from astropy.io.votable import parse
from conftest_xsd import children, valid

from armillary.vo.soda import SYNC_ID
from armillary.vo.soda_descriptor import Coverage, descriptor
from armillary.vo.votable import Document, service, to_bytes

UCDS = {
    "ID": ("meta.ref.url;meta.curation", None, "char", None),
    "POS": ("pos.outline;obs", None, "char", None),
    "CIRCLE": ("pos.outline;obs", "deg", "double", "circle"),
    "POLYGON": ("pos.outline;obs", "deg", "double", "polygon"),
    "BAND": ("em.wl;stat.interval", "m", "double", "interval"),
    "TIME": ("time.interval;obs.exposure", "d", "double", "interval"),
    "POL": ("meta.code;phys.polarization", None, "char", None),
}
WHOLE = Coverage((10, 20, 0.5), (9.0, 19.0, 11.0, 19.0, 11.0, 21.0), (4e-7, 5e-7), (55000.0, 55001.5), ("I", "Q"))


def params(*arguments: object, **more: object) -> dict[str, object]:
    resource = service("cut", "https://example.org/sync", descriptor(*arguments, **more), standard_id=SYNC_ID)
    root = valid(to_bytes(Document((resource,))))
    (found,) = children(root, "RESOURCE")
    assert found.get("utype") == "adhoc:service"
    return {param.get("name"): param for param in children(found, "GROUP/PARAM")}


def values(param: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for entry in children(param, "VALUES/*"):
        found.setdefault(entry.tag.partition("}")[2], []).append(entry.get("value"))
    return found


def test_names_ucds_and_units_of_the_standard() -> None:
    for found in (params(ref="ids"), params("ivo://x/data?a", WHOLE)):
        told = {
            name: (param.get("ucd"), param.get("unit"), param.get("datatype"), param.get("xtype"))
            for name, param in found.items()
        }
        assert UCDS.items() <= told.items()


def test_bounds() -> None:
    found = params("ivo://x/data?a", WHOLE)
    assert found["ID"].get("value") == "ivo://x/data?a"
    assert values(found["CIRCLE"]) == {"MAX": ["10.0 20.0 0.5"]}, "MAX alone"
    assert values(found["POLYGON"]) == {"MAX": ["9.0 19.0 11.0 19.0 11.0 21.0"]}
    assert values(found["BAND"]) == {"MIN": ["4e-07"], "MAX": ["5e-07"]}
    assert values(found["TIME"]) == {"MIN": ["55000.0"], "MAX": ["55001.5"]}
    assert values(found["POL"]) == {"OPTION": ["I", "Q"]}
    assert values(found["POS"]) == {}


def test_what_an_observation_cannot_answer_is_left_out() -> None:
    found = params("ivo://x/data?a", Coverage())
    assert {"BAND", "TIME", "POL"}.isdisjoint(found)
    assert {"ID", "POS", "CIRCLE", "POLYGON", "RESPONSEFORMAT"} <= set(found)


def test_one_for_many_names_the_column_of_identifiers() -> None:
    found = params(ref="ids")
    assert found["ID"].get("ref") == "ids"
    assert found["ID"].get("value") == ""


def test_astropy_reads_the_bounds() -> None:
    resource = service("cut", "https://example.org/sync", descriptor("a", WHOLE), standard_id=SYNC_ID)
    read = parse(io.BytesIO(to_bytes(Document((resource,)))), verify="exception")
    (group,) = read.resources[0].groups
    by_name = {param.name: param for param in group.entries}
    assert list(by_name["CIRCLE"].values.max) == [10, 20, 0.5]
    assert by_name["POL"].values.options == [(None, "I"), (None, "Q")]
