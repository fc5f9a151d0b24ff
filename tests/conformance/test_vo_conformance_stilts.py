"""What stilts, which shares no code with pyvo or with us, says of every answer and finds by every protocol."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from vo_archive import DEC, RA, Archive
from vo_tools import Served, stilts, table_of, votlint

VOTABLES = {
    "sia2": "sia2?POS=CIRCLE 150 2 3",
    "sia2, nothing": "sia2?POS=CIRCLE 20 -60 0.1&DPTYPE=cube",
    "sia2, no row": "sia2?MAXREC=0",
    "sia2, cut off": "sia2?MAXREC=2",
    "sia2, error": "sia2?POS=CIRCLE 150 95 1",
    "sia": "sia?POS=150,2&SIZE=1",
    "sia, metadata": "sia?FORMAT=METADATA",
    "sia, error": "sia?POS=150&SIZE=1",
    "links": "datalink/links?ID=exposure",
    "links of several": "datalink/links?ID=exposure&ID=mosaic&ID=no-such&ID=sky&ID=cube",
    "links of nothing": "datalink/links",
    "cone": "scs/stars?RA=150&DEC=2&SR=0.05&VERB=3",
    "cone, least": "scs/stars?RA=150&DEC=2&SR=0.05&VERB=1",
    "cone, metadata": "scs/stars?RA=150&DEC=2&SR=0",
    "cone, nothing": "scs/stars?RA=20&DEC=-60&SR=0.1",
    "cone, error": "scs/stars?RA=150&DEC=2",
}


@pytest.mark.parametrize("name", VOTABLES)
def test_votlint_finds_nothing(served: Served, name: str) -> None:
    answer = served.get(VOTABLES[name])
    assert "votable" in answer.headers["content-type"] or "text/xml" in answer.headers["content-type"]
    votlint(answer.content)


def faults(said: str) -> list[str]:
    """Errors and warnings of a report; its vocabulary is older than the word for headers."""
    lines = [line for line in said.splitlines() if line.startswith(("E-", "W-"))]
    return [line for line in lines if "Unknown predicate 'detached-header'" not in line]


@pytest.mark.parametrize("name", [name for name in VOTABLES if name.startswith("links")])
def test_datalinklint_finds_no_fault(served: Served, name: str) -> None:
    assert faults(stilts("datalinklint", "report=EW", "-", text=served.get(VOTABLES[name]).content)) == []


def test_datalinklint_asks_the_service_itself(served: Served) -> None:
    assert faults(stilts("datalinklint", "report=EW", f"votable={served.vo}/datalink/links?ID=exposure")) == []


def test_capabilities_availability_and_tables_by_taplint(served: Served) -> None:
    """Stages of taplint that fit any service: the documents against the schemas that it brings along."""
    where = f"tapurl={served.vo}/soda", f"tablesurl={served.vo}/tables"  # It knows no schemas of SIA and cones.
    assert faults(stilts("taplint", "stages=CPV AVV TMV", "report=EW", *where)) == []


def cone(served: Served, path: str, kind: str, folder: Path, radius: float = 0.05) -> list[dict[str, str]]:
    return table_of(
        "cone", f"serviceurl={served.vo}/{path}", f"servicetype={kind}", f"lon={RA}", f"lat={DEC}",
        f"radius={radius}", folder=folder,
    )  # fmt: skip


def test_a_cone_of_sources(served: Served, archive: Archive, tmp_path: Path) -> None:
    stars = archive.stars()
    apart = SkyCoord(stars["ra"], stars["dec"], unit="deg").separation(SkyCoord(RA, DEC, unit="deg")).deg
    rows = cone(served, "scs/stars", "cone", tmp_path)
    assert sorted(row["id"] for row in rows) == sorted(stars["id"][apart <= 0.05].tolist())


def test_images_by_both_versions(served: Served, tmp_path: Path) -> None:
    first = cone(served, "sia", "sia1", tmp_path)
    second = cone(served, "sia2", "sia2", tmp_path)
    titles = {row["obs_publisher_did"] for row in second}
    assert any("exposure" in title for title in titles)
    assert any("exposure" in str(list(row.values())) for row in first)


def test_sources_at_every_place_of_a_table(served: Served, archive: Archive, tmp_path: Path) -> None:
    """One search for each row, as TOPCAT's multiple cone does."""
    stars = archive.stars()[:5]
    places, out = tmp_path / "places.csv", tmp_path / "found.csv"
    stars["id", "ra", "dec"].write(places)
    stilts(
        "coneskymatch", f"in={places}", "ifmt=csv", "ra=ra", "dec=dec", "sr=0.002", "find=all", "usefoot=false",
        f"serviceurl={served.vo}/scs/stars", "servicetype=cone", f"out={out}", "ofmt=csv",
    )  # fmt: skip
    with out.open() as file:
        matched = {(row["id_0"], row["id_1"]) for row in csv.DictReader(file)}
    every = archive.stars()
    every_place = SkyCoord(every["ra"], every["dec"], unit="deg")
    wanted = set()
    for star in stars:
        near = every_place.separation(SkyCoord(star["ra"], star["dec"], unit="deg")).deg <= 0.002
        wanted |= {(star["id"], name) for name in every["id"][near]}
    assert matched == wanted


def test_every_column_of_a_catalog_is_the_files(served: Served, archive: Archive, tmp_path: Path) -> None:
    rows = {row["id"]: row for row in cone(served, "scs/stars", "cone", tmp_path, 0.2)}
    stars = archive.stars()
    assert len(rows) == len(stars)
    magnitudes = [float(rows[name]["mag"]) for name in stars["id"]]
    np.testing.assert_allclose(magnitudes, stars["mag"], rtol=1e-6)
