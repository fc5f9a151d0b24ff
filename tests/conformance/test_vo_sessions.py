"""Sessions like a user's with pyvo, over a real server: find, link, cut, in the background, by catalog."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from pyvo.dal import AsyncTAPJob, SIA2Service, SIAService
from pyvo.dal.adhoc import DatalinkResults, SodaQuery
from vo_accounts import accounts
from vo_archive import DEC, RA, SCALE, Archive
from vo_tools import Served, serving, until

pytestmark = [
    pytest.mark.filterwarnings("ignore:'datfix'"),
    pytest.mark.filterwarnings("ignore:.*Invalid UCD '(ID_MAIN|POS_EQ_|VOX|INST_ID)"),  # Of version 1, as they must be.
]
CIRCLE = (RA + 0.02, DEC - 0.03, 0.021)


def found(served: Served, title: str, **constraints) -> pyvo.dal.sia2.ObsCoreRecord:
    """The image of a file by SIA 2."""
    rows = SIA2Service(f"{served.vo}/sia2", session=served.session).search(**constraints)
    (row,) = (row for row in rows if title in row.obs_publisher_did)
    return row


def opened(body: bytes) -> fits.HDUList:
    """A FITS file whose sums are right."""
    hdus = fits.open(io.BytesIO(body), checksum=True)
    hdus.verify("exception")
    return hdus


def inside(wcs: WCS, shape: tuple[int, int], circle: tuple[float, float, float]) -> np.ndarray:
    """Pixels whose centres lie in a circle."""
    y, x = np.indices(shape)
    places = wcs.celestial.pixel_to_world(x, y)
    return places.separation(SkyCoord(*circle[:2], unit="deg")).deg <= circle[2]


def assert_is_circle(hdu: fits.PrimaryHDU, pixels: np.ndarray, circle: tuple[float, float, float], wcs: WCS) -> None:
    """The file's pixels within the circle, bit by bit, at their places; NaN or BLANK outside."""
    part = WCS(hdu.header)
    start = wcs.celestial.world_to_pixel(part.celestial.pixel_to_world(0, 0))
    x, y = (round(float(place)) for place in start)
    ny, nx = hdu.data.shape[-2:]
    cut = pixels[..., y : y + ny, x : x + nx]
    wanted = inside(part, (ny, nx), circle)
    assert wanted.sum() == inside(wcs, pixels.shape[-2:], circle).sum() > 10
    np.testing.assert_array_equal(hdu.data[..., wanted], cut[..., wanted])
    if hdu.data.dtype.kind == "f":
        assert np.isnan(hdu.data[..., ~wanted]).all()
    else:
        assert set(hdu.data[..., ~wanted].ravel().tolist()) <= {hdu.header["BLANK"]}


@pytest.mark.parametrize("name", ["exposure", "counts"])
def test_from_a_search_to_the_pixels(served: Served, archive: Archive, name: str) -> None:
    """SIA 2, DataLink, the descriptor's service, FITS."""
    wcs = WCS(fits.getheader(archive.folder / f"{name}.fits"))
    ra, dec = wcs.wcs.crval
    row = found(served, name, pos=(SkyCoord(ra, dec, unit="deg"), 0.01 * u.deg))
    assert row.access_format == "application/x-votable+xml;content=datalink"
    links = row.getdatalink()
    (process,) = (row for row in links.iter_procs() if row.semantics == "#cutout" and row.access_url.endswith("/sync"))
    circle = (ra + 0.01, dec - 0.02, 0.0213)
    body = process.process(circle=circle).read()
    assert_is_circle(opened(body)[0], archive.pixels(f"{name}.fits"), circle, wcs)


def test_the_whole_image_is_linked(served: Served, archive: Archive) -> None:
    links = found(served, "exposure", collection=None).getdatalink()
    (this,) = links.bysemantics("#this", include_narrower=False)
    body = served.session.get(this.access_url).content
    assert this.content_length == len(body)
    hdu = opened(body)[0]
    np.testing.assert_array_equal(hdu.data, archive.pixels("exposure.fits"))
    header = fits.getheader(archive.folder / "exposure.fits")
    assert {name: hdu.header[name] for name in header} == dict(header)


def test_the_preview_is_a_picture(served: Served) -> None:
    links = found(served, "exposure").getdatalink()
    (preview,) = links.bysemantics("#preview", include_narrower=False)
    answer = served.session.get(preview.access_url)
    assert answer.headers["content-type"] == preview.content_type
    assert answer.content[:3] in {b"\xff\xd8\xff", b"\x89PN"}


def test_links_of_a_list_of_images(served: Served) -> None:
    """Links of all rows, asked for in batches as pyvo does."""
    rows = SIA2Service(f"{served.vo}/sia2", session=served.session).search()
    linked = {links.original_row["obs_publisher_did"] for links in rows.iter_datalinks()}
    assert linked == {row.obs_publisher_did for row in rows}
    assert len(linked) >= 7


def test_the_record_cuts_by_itself(served: Served, archive: Archive) -> None:
    """``processed`` of a row of SIA 2."""
    row = found(served, "exposure")
    body = row.processed(circle=CIRCLE * u.deg).read()
    wcs = WCS(fits.getheader(archive.folder / "exposure.fits"))
    assert_is_circle(opened(body)[0], archive.pixels("exposure.fits"), CIRCLE, wcs)


@pytest.mark.parametrize(
    "corners",
    [
        pytest.param((150.01, 2.01, 149.98, 2.01, 149.98, 2.05, 150.01, 2.05), id="four"),
        pytest.param((150.01, 2.01, 149.97, 2.02, 149.99, 2.06), id="three"),
    ],
)
def test_polygons_by_a_query_of_its_own(served: Served, corners: tuple[float, ...]) -> None:
    row = found(served, "exposure")
    query = SodaQuery(f"{served.vo}/soda/sync", session=served.session)
    query["ID"] = row.obs_publisher_did
    query.polygon = corners * u.deg
    body = query.execute_stream().read()
    hdu = opened(body)[0]
    places = WCS(hdu.header).celestial.pixel_to_world(*np.indices(hdu.data.shape)[::-1])
    there = np.isfinite(hdu.data)
    ras, decs = corners[::2], corners[1::2]
    margin = SCALE
    assert there.sum() > 500
    assert min(ras) - margin < places.ra.deg[there].min() < places.ra.deg[there].max() < max(ras) + margin
    assert min(decs) - margin < places.dec.deg[there].min() < places.dec.deg[there].max() < max(decs) + margin


def test_a_band_of_a_cube(served: Served, archive: Archive) -> None:
    """BAND in metres, of frequencies as pyvo turns them."""
    row = found(served, "cube", data_type="cube", band=(0.2, 0.22))
    query = SodaQuery(f"{served.vo}/soda/sync", session=served.session)
    query["ID"] = row.obs_publisher_did
    query.band = (1.415e9, 1.445e9) * u.Hz
    hdu = opened(query.execute_stream().read())[0]
    np.testing.assert_array_equal(hdu.data, archive.pixels("cube.fits")[2:5])
    assert WCS(hdu.header).spectral.pixel_to_world(0).to_value("Hz") == pytest.approx(1.42e9)


def test_a_state_of_polarisation(served: Served, archive: Archive) -> None:
    row = found(served, "stokes", pol="Q")
    query = SodaQuery(f"{served.vo}/soda/sync", session=served.session)
    query["ID"] = row.obs_publisher_did
    query["POL"] = "Q"
    hdu = opened(query.execute_stream().read())[0]
    np.testing.assert_array_equal(np.squeeze(hdu.data), archive.pixels("stokes.fits")[1])


def test_a_circle_over_several_detectors(served: Served, archive: Archive) -> None:
    """One file with a piece of each detector that the circle meets."""
    row = found(served, "mosaic")
    body = served.get("soda/sync", params={"ID": row.obs_publisher_did, "CIRCLE": f"{RA - 1} {DEC} 0.03"}).content
    hdus = [hdu for hdu in opened(body) if hdu.data is not None]
    assert {hdu.name for hdu in hdus} == {"CCD1", "CCD2", "CCD3", "CCD4"}
    for hdu in hdus:
        k = int(hdu.name[3:])
        wcs = WCS(fits.getheader(archive.folder / "mosaic.fits", k))
        assert_is_circle(hdu, archive.pixels("mosaic.fits", k), (RA - 1, DEC, 0.03), wcs)


def test_part_of_a_healpix_map(served: Served, archive: Archive) -> None:
    """A partial map: pixel numbers and their values."""
    import healpy

    row = found(served, "sky")
    body = served.get("soda/sync", params={"ID": row.obs_publisher_did, "CIRCLE": "30 40 12"}).content
    table = opened(body)[1]
    assert table.header["PIXTYPE"] == "HEALPIX"
    whole = healpy.read_map(archive.folder / "sky.fits", nest=False, dtype=np.float32)
    numbers, values = (np.asarray(table.data.field(k)).ravel() for k in (0, 1))
    if table.header["ORDERING"].strip() == "NESTED":
        numbers = healpy.nest2ring(16, numbers)
    wanted = healpy.query_disc(16, healpy.ang2vec(30, 40, lonlat=True), np.deg2rad(12))
    assert sorted(numbers.tolist()) == wanted.tolist()
    np.testing.assert_array_equal(values, whole[numbers])


def new_job(served: Served, **parameters: str | list[str]) -> AsyncTAPJob:
    """A job of cutouts as pyvo sees it; not begun."""
    answer = served.post("soda/async", data=parameters)
    assert answer.status_code == 303, answer.text
    return AsyncTAPJob(answer.headers["location"], session=served.session)


def test_a_cutout_in_the_background(served: Served, archive: Archive) -> None:
    """pyvo's job: begun, waited for, taken home, deleted."""
    row = found(served, "exposure")
    job = new_job(served, ID=row.obs_publisher_did, CIRCLE="{} {} {}".format(*CIRCLE))
    assert job.phase == "PENDING"
    assert job.uws_version == "1.1"
    job.run().wait(timeout=120)
    assert job.phase == "COMPLETED"
    (address,) = job.result_uris
    body = served.session.get(address).content
    wcs = WCS(fits.getheader(archive.folder / "exposure.fits"))
    assert_is_circle(opened(body)[0], archive.pixels("exposure.fits"), CIRCLE, wcs)
    url = job.url
    job.delete()
    assert served.session.get(url).status_code == 404
    assert served.session.get(address).status_code == 404


def test_every_combination_is_a_result(served: Served) -> None:
    """Two circles, two bands: four results; one that is empty says so in words."""
    row = found(served, "cube")
    with new_job(
        served,
        ID=row.obs_publisher_did,
        CIRCLE=[f"{RA} {DEC - 3} 0.01", f"{RA + 40} {DEC} 0.01"],
        BAND=["0.2 0.2115", "0.2115 0.22"],
    ) as job:
        job.run().wait(timeout=120)
        assert job.phase == "COMPLETED"
        bodies = [served.session.get(uri) for uri in job.result_uris]
    assert len(bodies) >= 4
    kinds = [body.headers["content-type"].split(";")[0] for body in bodies]
    assert (kinds.count("application/fits") + kinds.count("image/fits"), kinds.count("text/plain")) == (2, 2)
    assert {body.text.split(":")[0] for body in bodies if "text/plain" in body.headers["content-type"]} <= {
        "Error",
        "UsageError",
    }


def test_a_job_can_be_changed_and_aborted(served: Served) -> None:
    row = found(served, "exposure")
    with new_job(served, ID=row.obs_publisher_did, CIRCLE=f"{RA} {DEC} 0.01") as job:
        job.execution_duration = 77
        assert job.execution_duration.to_value("s") == 77
        sooner = job.destruction - timedelta(days=3)
        job.destruction = sooner
        assert abs(job.destruction - sooner) <= timedelta(seconds=1)
        job.abort()
        assert job.phase == "ABORTED"
        with pytest.raises(pyvo.DALServiceError, match="not active"):
            job.wait(timeout=20)


def test_a_job_that_fails_says_why(archive: Archive) -> None:
    """On a server whose cutouts are smaller than what is asked for."""
    with (
        serving("open", archive.folder, "--auth", "none", environment={"ARMILLARY_CUTOUT_PIXELS": "100"}) as server,
        new_job(server, ID="exposure", CIRCLE=f"{RA} {DEC} 0.05") as job,
    ):
        job.run()
        until(lambda: job.phase in {"COMPLETED", "ERROR"})
        assert job.phase == "ERROR"
        with pytest.raises(pyvo.DALQueryError, match="100"):
            job.raise_if_error()
        said = server.session.get(f"{job.url}/error")
        assert (said.status_code, said.text.split(":")[0]) == (200, "Error")


def test_a_job_of_nothing_is_refused(served: Served) -> None:
    answer = served.post("soda/async", data={"ID": "ivo://armillary.local/data?no-such", "CIRCLE": "150 2 0.01"})
    assert (answer.status_code, answer.text.split(":")[0]) == (404, "UsageError")


def test_cutouts_at_the_places_of_a_table(served: Served, archive: Archive, tmp_path: Path) -> None:
    """A table of positions uploaded; one result for each, and one package."""
    import zipfile

    stars = archive.stars()[:20]
    stars["id", "ra", "dec"].write(tmp_path / "targets.vot", format="votable")
    row = found(served, "exposure")
    answer = served.post(
        "soda/async",
        data={"ID": row.obs_publisher_did, "UPLOAD": "targets,param:file", "RADIUS": "0.005", "PHASE": "RUN"},
        files={"file": ("targets.vot", (tmp_path / "targets.vot").read_bytes(), "application/x-votable+xml")},
    )
    assert answer.status_code == 303, answer.text
    with AsyncTAPJob(answer.headers["location"], session=served.session) as job:
        job.wait(timeout=120)
        assert job.phase == "COMPLETED"
        answers = [served.session.get(uri) for uri in job.result_uris]
    packages = [a for a in answers if a.headers["content-type"] == "application/zip"]
    singles = [a for a in answers if "fits" in a.headers["content-type"]]
    assert len(packages) == 1
    with zipfile.ZipFile(io.BytesIO(packages[0].content)) as package:
        assert package.testzip() is None
        names = [name for name in package.namelist() if name.endswith(".fits")]
        assert sorted(package.read(name) for name in names) == sorted(a.content for a in singles)
    assert len(singles) == 20


def test_sources_around_a_place(served: Served, archive: Archive) -> None:
    """Simple Cone Search; the rows are those that astropy finds."""
    stars = archive.stars()
    service = pyvo.dal.SCSService(f"{served.vo}/scs/stars", session=served.session)
    middle = SkyCoord(RA, DEC, unit="deg")
    rows = service.search(pos=middle, radius=0.05 * u.deg, verbosity=3)
    near = SkyCoord(stars["ra"], stars["dec"], unit="deg").separation(middle).deg <= 0.05
    assert sorted(rows.getcolumn("id").tolist()) == sorted(stars["id"][near].tolist())
    assert near.sum() > 20
    record = rows[0]
    assert abs(record.pos.separation(middle).deg) <= 0.05


def test_images_by_the_first_version_of_image_access(served: Served, archive: Archive) -> None:
    """SIA 1: what is found is a FITS file at its address."""
    rows = SIAService(f"{served.vo}/sia", session=served.session).search(pos=(RA, DEC), size=0.1)
    (row,) = (row for row in rows if "exposure" in row.title and "fits" in row.format)
    assert [side.value for side in row.naxis] == [200, 300]
    assert row.pos.separation(SkyCoord(RA, DEC, unit="deg")).deg < SCALE
    body = served.session.get(row.getdataurl()).content
    np.testing.assert_array_equal(opened(body)[0].data, archive.pixels("exposure.fits"))


def test_pictures_are_answered_too(served: Served) -> None:
    row = found(served, "exposure")
    for form, magic in (("image/png", b"\x89PNG"), ("image/jpeg", b"\xff\xd8\xff")):
        ask = {"ID": row.obs_publisher_did, "CIRCLE": f"{RA} {DEC} 0.02", "RESPONSEFORMAT": form}
        answer = served.get("soda/sync", params=ask)
        assert answer.headers["content-type"] == form
        assert answer.content.startswith(magic)


def test_searches_by_what_headers_tell(served: Served) -> None:
    service = SIA2Service(f"{served.vo}/sia2", session=served.session)

    def names(**constraints) -> set[str]:
        return {row.obs_publisher_did.rpartition("?")[2].split("/")[0] for row in service.search(**constraints)}

    assert names(instrument="Test camera") == {"exposure"}
    assert names(facility="Test telescope", target_name="Test field") == {"exposure"}
    assert names(pos=(RA, DEC, 0.01)) == {"exposure", "sky"}
    assert names(pos=[(RA, DEC, 0.01), (RA + 3, DEC, 0.01)]) == {"exposure", "sky", "stokes"}
    assert names(pol="U") == {"stokes"}
    assert names(data_type="cube") >= {"cube"}
    assert names(time=("2024-03-01", "2024-03-02")) == {"exposure"}
    assert names(exptime=(59, 61)) == {"exposure"}
    assert names(instrument="Other") == set()


@pytest.fixture(scope="module")
def guarded(archive: Archive) -> Iterator[Served]:
    """``armillary open`` as it is by default: the session holds its token."""
    with serving("open", archive.folder) as server:
        assert server.session.headers["authorization"].startswith("Bearer ")
        yield server


def test_a_token_opens_every_service(guarded: Served, archive: Archive) -> None:
    row = found(guarded, "exposure")
    (process,) = (link for link in row.getdatalink().iter_procs() if link.access_url.endswith("/sync"))
    wcs = WCS(fits.getheader(archive.folder / "exposure.fits"))
    body = process.process(circle=CIRCLE, session=guarded.session).read()  # pyvo asks with another one by itself.
    assert_is_circle(opened(body)[0], archive.pixels("exposure.fits"), CIRCLE, wcs)
    with new_job(guarded, ID=row.obs_publisher_did, CIRCLE=f"{RA} {DEC} 0.01") as job:
        job.run().wait(timeout=120)
        assert [guarded.session.get(uri).status_code for uri in job.result_uris] == [200]
    service = pyvo.dal.SCSService(f"{guarded.vo}/scs/stars", session=guarded.session)
    assert len(service.search(pos=(RA, DEC), radius=0.05)) > 20


def test_without_the_token_there_is_nothing(guarded: Served) -> None:
    """Capabilities are for everybody; the rest asks who it is, in words that the standard knows."""
    import requests

    assert requests.get(f"{guarded.vo}/capabilities", timeout=60).status_code == 200
    answer = requests.get(f"{guarded.vo}/soda/sync?ID=exposure&CIRCLE=150 2 0.01", timeout=60)
    assert answer.status_code == 401
    assert answer.text.startswith("AuthenticationError")
    assert "Bearer" in answer.headers["www-authenticate"]
    for path in ("sia2?POS=CIRCLE 150 2 1", "datalink/links?ID=exposure", "scs/stars?RA=1&DEC=2&SR=1", "soda/async"):
        assert requests.get(f"{guarded.vo}/{path}", timeout=60).status_code == 401


def test_links_know_the_address_that_the_caller_used(served: Served) -> None:
    links = DatalinkResults.from_result_url(
        f"{served.vo}/datalink/links?ID={found(served, 'exposure').obs_publisher_did}", session=served.session
    )
    for link in links:
        assert link.access_url.startswith(served.address)


def test_what_needs_a_grant_is_for_its_holders(archive: Archive, tmp_path: Path) -> None:
    """Two users with pyvo: to one of them an image and a catalog are, in every service, as if they were not there."""
    holdings = tmp_path / "holdings.json"
    document = {
        "map_groups": [
            {
                "name": "Survey",
                "maps": [
                    {"map_id": name, "name": name, "bands": [{"name": "r", "layers": [layer(archive, name)]}], **grant}
                    for name, grant in (("exposure", {"grant": "team"}), ("counts", {}))
                ],
            }
        ],
        "source_groups": [
            {
                "source_group_id": "stars",
                "name": "Stars",
                "grant": "team",
                "provider": {"filename": str(archive.folder / "stars.csv")},
            }
        ],
    }
    holdings.write_text(json.dumps(document))
    with accounts(archive, tmp_path, "ada", "grace", holdings=holdings, grants={"ada": ("team",)}) as (ada, grace):
        seen = [
            {row.obs_publisher_did for row in SIA2Service(f"{one.vo}/sia2", session=one.session).search()}
            for one in (ada, grace)
        ]
        did = "ivo://armillary.local/data?exposure"
        assert (len(seen[0]), did in seen[0]) == (2, True)
        assert (len(seen[1]), did in seen[1]) == (1, False)
        ask = {"ID": did, "CIRCLE": f"{RA} {DEC} 0.01"}
        assert ada.get("soda/sync", params=ask).status_code == 200
        for missing in (did, "ivo://armillary.local/data?no-such"):
            answer = grace.get("soda/sync", params=ask | {"ID": missing})
            assert (answer.status_code, answer.text.split(":")[0]) == (404, "UsageError")
            assert grace.post("soda/async", data=ask | {"ID": missing}).status_code == 404
            links = DatalinkResults.from_result_url(f"{grace.vo}/datalink/links?ID={missing}", session=grace.session)
            assert [link.error_message.split(":")[0] for link in links] == ["NotFoundFault"]
        cones = [one.get("scs/stars", params={"RA": RA, "DEC": DEC, "SR": 0.05}) for one in (ada, grace)]
        assert [answer.status_code for answer in cones] == [200, 404]
        assert [b"stars" in one.get("tables").content for one in (ada, grace)] == [True, False]
        assert ["scs/stars" in one.get("capabilities").text for one in (ada, grace)] == [True, False]


def layer(archive: Archive, name: str) -> dict[str, Any]:
    return {"layer_id": name, "name": name, "provider": {"filename": str(archive.folder / f"{name}.fits")}}
