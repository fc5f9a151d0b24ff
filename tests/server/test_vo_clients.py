"""What people use: pyvo and stilts against a server in a process of its own."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvo
import requests
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from conftest_server import running
from conftest_vo import stilts, write_archive
from pyvo.dal import SCSService
from pyvo.dal.adhoc import DatalinkResults, SodaQuery
from pyvo.io import vosi

# pyvo asks for things of astropy that are to go.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::astropy.utils.exceptions.AstropyWarning")
TOKEN = "a-token-of-the-tests"


class Live:
    """A server behind a token, and a session that has it."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder = folder
        self.url = f"{address.partition('?')[0].rstrip('/')}/vo"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {TOKEN}"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    folder = tmp_path_factory.mktemp("live")
    write_archive(folder)
    environment = {"ARMILLARY_TOKEN": TOKEN, "XDG_DATA_HOME": str(folder / "home")}
    with running(folder, environment=environment) as (_, address):
        made = Live(folder, address)
        for _ in range(200):
            if not made.session.get(f"{made.url.removesuffix('/vo')}/api/holdings", timeout=60).json()["scanning"]:
                break
        yield made
        made.session.close()


@pytest.fixture(scope="module")
def open_live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """The same for everybody: stilts sends no token."""
    folder = tmp_path_factory.mktemp("open")
    write_archive(folder)
    with running(folder, "--auth", "none", environment={"XDG_DATA_HOME": str(folder / "home")}) as (_, address):
        yield Live(folder, address)


def test_pyvo_searches_a_cone(live: Live) -> None:
    service = SCSService(f"{live.url}/scs/stars", session=live.session)
    place = SkyCoord(150, 2, unit="deg")
    found = service.search(place, radius=0.05, verbosity=3)
    stars = Table.read(live.folder / "stars.csv")
    near = stars[SkyCoord(stars["ra"], stars["dec"], unit="deg").separation(place).deg <= 0.05]
    assert sorted(row.id for row in found) == sorted(near["id"])
    for row in found:
        (star,) = near[near["id"] == row.id]
        assert row.pos.separation(SkyCoord(star["ra"], star["dec"], unit="deg")).arcsec < 1e-6
        assert np.isnan(row["mag"]) if np.ma.is_masked(star["mag"]) else row["mag"] == star["mag"]
    assert len(service.search(place, radius=0.0)) == 0
    with pytest.raises(pyvo.DALQueryError, match="SR"):
        service.search(place, radius=-1)
    with pytest.raises(pyvo.DALServiceError):
        SCSService(f"{live.url}/scs/none", session=live.session).search(place, radius=1)


def test_pyvo_follows_links(live: Live) -> None:
    links = DatalinkResults.from_result_url(f"{live.url}/datalink/links?ID=tan", session=live.session)
    (this,) = links.bysemantics("#this", include_narrower=False)
    with fits.open(io.BytesIO(live.session.get(this.access_url, timeout=60).content)) as units:
        np.testing.assert_array_equal(units[0].data, fits.getdata(live.folder / "tan.fits"))
    (preview,) = links.bysemantics("#preview", include_narrower=False)
    assert live.session.get(preview.access_url, timeout=60).content.startswith(b"\x89PNG")


def test_pyvo_cuts_out_by_the_descriptor(live: Live) -> None:
    links = DatalinkResults.from_result_url(f"{live.url}/datalink/links?ID=tan", session=live.session)
    query = SodaQuery.from_resource([links], links.get_adhocservice_by_id("soda-sync-1"), session=live.session)
    # Of a table of links the row that the descriptor belongs to is asked about.
    query.circle = (150.0, 2.0, 0.01)
    query["ID"] = "tan"
    with fits.open(io.BytesIO(query.execute_stream().read())) as units:
        assert 0 < units[0].data.size < 1000


def test_pyvo_reads_what_services_there_are(live: Live) -> None:
    for place in ("", "/soda", "/sia2", "/datalink"):
        text = requests.get(f"{live.url}{place}/capabilities", timeout=60).content
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # It knows cone searches, not the capability of SIA 1.0.
            warnings.filterwarnings("ignore", message="Unknown xsi:type sia:SimpleImageAccess")
            warnings.filterwarnings("ignore", message=".*Unknown element (imageServiceType|maxRecords)")
            found = vosi.parse_capabilities(io.BytesIO(text))
            state = vosi.parse_availability(
                io.BytesIO(requests.get(f"{live.url}{place}/availability", timeout=60).content)
            )
        standards = {one.standardid for one in found}
        assert "ivo://ivoa.net/std/VOSI#capabilities" in standards
        methods = {m.standardid for one in found for i in one.interfaces for m in i.securitymethods}
        assert methods == {"ivo://ivoa.net/sso#BearerToken", "ivo://ivoa.net/sso#cookie"}
        assert state.available
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = vosi.parse_tables(io.BytesIO(live.session.get(f"{live.url}/tables", timeout=60).content))
    tables = {table.name: [column.name for column in table.columns] for table in found.iter_tables()}
    assert tables["stars"] == ["id", "ra", "dec", "mag"]


def test_stilts_finds_nothing_to_say_of_links(open_live: Live) -> None:
    for ids in ("", "?ID=tan", "?ID=cube&ID=none&ID=plain&ID=&ID=tan", "?ID=cube@1"):
        answer = requests.get(f"{open_live.url}/datalink/links{ids}", timeout=60)
        said = stilts("datalinklint", "report=EWF", "-", text=answer.content)
        assert "Errors: 0; Warnings: 0;" in said, said
        assert "Failures: 0" in said
        assert stilts("votlint", "-", text=answer.content).strip() == ""
    said = stilts("datalinklint", "report=EWF", f"votable={open_live.url}/datalink/links?ID=tan")
    assert "Errors: 0; Warnings: 0;" in said, said


def test_stilts_searches_a_cone(open_live: Live, tmp_path: Path) -> None:
    out = tmp_path / "found.csv"
    service = f"serviceurl={open_live.url}/scs/stars"
    stilts("cone", service, "lon=150", "lat=2", "radius=0.05", "verb=3", f"out={out}", "ofmt=csv")
    found = set(Table.read(out)["id"])
    stars = Table.read(open_live.folder / "stars.csv")
    near = SkyCoord(stars["ra"], stars["dec"], unit="deg").separation(SkyCoord(150, 2, unit="deg")).deg <= 0.05
    assert found == set(stars["id"][near])
    for query in ("RA=150&DEC=2&SR=0.1", "RA=150&DEC=2&SR=0.1&VERB=1", "RA=1&DEC=2&SR=0.1", "RA=1&DEC=2&SR=0"):
        answer = requests.get(f"{open_live.url}/scs/galactic?{query}", timeout=60)
        assert stilts("votlint", "-", text=answer.content).strip() == "", query
