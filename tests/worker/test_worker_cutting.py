"""Jobs of SODA: a result for each combination of values, texts where there is none, tables of positions, packages."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.io.votable import from_table
from astropy.table import Table
from astropy.wcs import WCS

from armillary.errors import ArmillaryError, FileError, LimitError, NotFoundError, ParameterError, UnavailableError
from armillary.jobs.child_desk import ChildDesk
from armillary.jobs.model import Job, Owner, Phase, Upload
from armillary.jobs.results_open import open_results
from armillary.worker.cutting import make_work

EVERYTHING = {"grants": [], "everything": True, "administrator": False}
LABELS = ("Error", "AuthenticationError", "AuthorizationError", "ServiceUnavailable", "UsageError", "MultiValuedParam")


class Voice:
    """Hears what a desk says."""

    def __init__(self):
        self.said = []

    def say(self, word, **more):
        self.said.append((word, more))


class Office:
    """Does jobs in this process."""

    def __init__(self, scene, folder):
        self.work = make_work(scene)
        self.results = open_results(str(folder))
        self.count = 0

    def do(self, *parameters, access=EVERYTHING, uploads=(), room=None):
        """The job's results, with their bytes."""
        self.count += 1
        job_id = f"{self.count:032x}"
        tables = []
        for name, data in uploads:
            key = f"{job_id}/uploads/{name}"
            tables.append(Upload(name, key, self.results.write(key, [data])))
        now = datetime(2026, 1, 31, 12, 30, 10, tzinfo=UTC)
        job = Job(
            job_id,
            "soda",
            Owner("", "somebody", access),
            Phase.EXECUTING,
            now,
            now,
            0,
            parameters,
            tuple(tables),
            attempt=1,
            started=now,
        )
        self.voice = Voice()
        desk = ChildDesk(job, self.results, self.voice, room)
        self.work(job, desk)
        desk.flush()
        kept = [result for word, more in self.voice.said if word == "came" for result in more["results"]]
        return {result["result_id"]: (result, b"".join(self.results.read(result["key"]))) for result in kept}

    @property
    def progress(self):
        told = [more["progress"] for word, more in self.voice.said if word == "came"]
        return [(words["done"], words["total"]) for words in told if words]


def header():
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.crpix, wcs.wcs.cdelt = (
        ("RA---TAN", "DEC--TAN"),
        (10, 20),
        (50, 50),
        (-0.01, 0.01),
    )
    return wcs.to_header()


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).normal(size=(100, 100)).astype("f4")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, pixels):
    made = tmp_path_factory.mktemp("cutting")
    fits.writeto(made / "first.fits", pixels, header())
    fits.writeto(made / "second.fits", -pixels, header())
    return made


@pytest.fixture(scope="module")
def office(folder):
    scene = {"kind": "paths", "paths": [str(folder / "first.fits"), str(folder / "second.fits")], "settings": {}}
    return Office(scene, folder / "results")


def check_pixels(data, whole):
    """Every valid pixel of a cutout is that of the file at the same place of the sky."""
    with fits.open(io.BytesIO(data)) as units:
        cut, wcs = units[0].data, WCS(units[0].header)
    y, x = np.nonzero(np.isfinite(cut))
    sky = wcs.pixel_to_world(x, y)
    at_x, at_y = (np.rint(axis).astype(int) for axis in WCS(header()).world_to_pixel(sky))
    assert len(x) > 10
    np.testing.assert_array_equal(cut[y, x], whole[at_y, at_x])
    return sky


def test_every_combination_gives_a_result(office, pixels):
    found = office.do(
        ("ID", "first"),
        ("ID", "second"),
        ("CIRCLE", "10 20 0.1"),
        ("CIRCLE", "10.1 20.1 0.05"),
        ("POS", "CIRCLE 9 20 0.2"),
    )
    assert list(found) == [f"cutout-{k}" for k in range(1, 7)]
    names = [result["name"] for result, _ in found.values()]
    assert names[:3] == ["first-1.txt", "first-2.fits", "first-3.fits"]
    assert len(set(names)) == 6
    centres = [(10, 20, 0.1), (10.1, 20.1, 0.05)]
    for k, sign in ((2, 1), (3, 1), (5, -1), (6, -1)):
        result, data = found[f"cutout-{k}"]
        assert (result["media_type"], result["size"], result["empty"]) == ("application/fits", len(data), False)
        ra, dec, radius = centres[(k - 2) % 3]
        sky = check_pixels(data, sign * pixels)
        assert sky.separation(SkyCoord(ra, dec, unit="deg")).max().deg <= radius
    assert office.progress[-1] == (6, 6)


def test_an_empty_one_is_a_text_with_a_label(office):
    found = office.do(("ID", "first"), ("CIRCLE", "10 20 0.1"), ("CIRCLE", "100 20 0.1"))
    result, data = found["cutout-2"]
    assert (result["media_type"], result["empty"]) == ("text/plain; charset=utf-8", True)
    assert data.decode().startswith(LABELS)
    assert "100 20 0.1" in data.decode()
    assert not found["cutout-1"][0]["empty"]


def test_one_that_cannot_be_answered_does_not_spoil_the_others(office):
    found = office.do(("ID", "first"), ("ID", "nothing-of-that-name"), ("CIRCLE", "10 20 0.1"))
    assert not found["cutout-1"][0]["empty"]
    assert found["cutout-2"][1].decode().startswith("UsageError: ")
    assert "nothing-of-that-name" in found["cutout-2"][1].decode()


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ((("ID", "nothing-of-that-name"), ("CIRCLE", "10 20 0.1")), NotFoundError),
        ((("CIRCLE", "10 20 0.1"),), ParameterError),
        ((("ID", "first"), ("CIRCLE", "10 20 -1")), ParameterError),
    ],
    ids=["missing", "no-id", "bad-radius"],
)
def test_a_job_that_makes_no_sense_fails(office, parameters, kind):
    with pytest.raises(kind):
        office.do(*parameters)


def test_results_larger_than_one_may_be_are_said(folder):
    scene = {"kind": "paths", "paths": [str(folder / "first.fits")], "settings": {"cutout_pixels": 500}}
    office = Office(scene, folder / "few")
    found = office.do(("ID", "first"), ("CIRCLE", "10 20 0.05"), ("CIRCLE", "10 20 0.4"))
    assert not found["cutout-1"][0]["empty"]
    assert found["cutout-2"][1].decode().startswith("UsageError: ")
    with pytest.raises(LimitError):
        office.do(("ID", "first"), ("CIRCLE", "10 20 0.4"))


def test_no_room_ends_the_job(office):
    with pytest.raises(LimitError, match="may still keep"):
        office.do(("ID", "first"), ("CIRCLE", "10 20 0.1"), ("CIRCLE", "10 20 0.1"), room=9000)


def test_what_the_owner_may_not_see_is_not_there(folder):
    configuration = folder / "holdings.json"
    layer = {"layer_id": "secret", "name": "Secret", "provider": {"provider_type": "fits", "filename": "first.fits"}}
    band = {"band_id": "b", "name": "B", "layers": [layer]}
    maps = [{"map_id": "m", "name": "M", "grant": "team", "bands": [band]}]
    configuration.write_text(json.dumps({"map_groups": [{"name": "G", "maps": maps}]}))
    office = Office({"kind": "configuration", "path": str(configuration), "settings": {}}, folder / "gate")
    wanted = (("ID", "secret"), ("CIRCLE", "10 20 0.1"))
    assert not office.do(*wanted, access={"grants": ["team"]})["cutout-1"][0]["empty"]
    with pytest.raises(NotFoundError) as denied:
        office.do(*wanted, access={"grants": ["others"]})
    with pytest.raises(NotFoundError) as missing:
        office.do(("ID", "nowhere"), wanted[1], access={})
    assert denied.value.message.replace("secret", "nowhere") == missing.value.message


def test_a_file_that_comes_later_is_found(folder, tmp_path, pixels, monkeypatch):
    monkeypatch.setattr("armillary.holdings.discovery.RESCAN_SECONDS", 0.0)
    fits.writeto(tmp_path / "first.fits", pixels, header())
    office = Office({"kind": "paths", "paths": [str(tmp_path)], "settings": {}}, folder / "later")
    fits.writeto(tmp_path / "later.fits", pixels, header())
    assert not office.do(("ID", "later"), ("CIRCLE", "10 20 0.1"))["cutout-1"][0]["empty"]


TARGETS = Table(
    {
        "name": ["M 31", "", "M 31", "far/away"],
        "ra": [10.0, 10.1, 9.9, 200.0],
        "dec": [20.0, 20.1, 19.9, 0.0],
        "radius": [0.1, 0.05, 0.05, 0.1],
    }
)


def written(kind):
    """The targets in a format."""
    if kind == "csv":
        lines = [",".join(TARGETS.colnames), *(",".join(map(str, row)) for row in TARGETS)]
        return "\n".join(lines).encode()
    made = io.BytesIO()
    if kind == "fits":
        TARGETS.write(made, format="fits")
    else:
        from_table(TARGETS).to_xml(made)
    return made.getvalue()


@pytest.mark.parametrize("kind", ["csv", "votable", "fits"])
def test_each_row_of_a_table_gives_a_result(office, pixels, kind):
    found = office.do(("ID", "first"), ("UPLOAD", "targets,param:f"), uploads=[("targets", written(kind))])
    assert list(found) == ["cutout-1", "cutout-2", "cutout-3", "cutout-4", "package"]
    names = [result["name"] for result, _ in found.values()]
    assert names == ["first-M_31.fits", "first-2.fits", "first-M_31-3.fits", "first-far_away.txt", "cutouts.zip"]
    for k, row in enumerate(TARGETS[:3], 1):
        sky = check_pixels(found[f"cutout-{k}"][1], pixels)
        assert sky.separation(SkyCoord(row["ra"], row["dec"], unit="deg")).max().deg <= row["radius"]
    assert found["cutout-4"][0]["empty"]
    assert office.progress[-1] == (5, 5)


def test_rows_that_are_no_place_are_named_and_harm_nobody(office):
    table = b"id,ra,dec\ngood,10,20\nempty,,\nbad,10,95\n"
    found = office.do(("ID", "first"), ("UPLOAD", "t,param:f"), ("RADIUS", "0.1"), uploads=[("t", table)])
    assert not found["cutout-1"][0]["empty"]
    for k, label in ((2, "empty"), (3, "bad")):
        result, data = found[f"cutout-{k}"]
        assert result["empty"]
        assert data.decode().startswith("UsageError: ")
        assert label in data.decode()
    without = office.do(("ID", "first"), ("UPLOAD", "t,param:f"), uploads=[("t", table)])
    assert "RADIUS" in without["cutout-1"][1].decode()


@pytest.mark.parametrize(
    "table",
    [b"", b"name,size\nx,2\n", b"\x00\x01\x02" * 100, b"ra,dec\n"],
    ids=["empty", "no-place", "noise", "no-rows"],
)
def test_what_is_no_table_of_positions_fails_the_job(office, table):
    with pytest.raises(FileError) as told:
        office.do(("ID", "first"), ("UPLOAD", "mine,param:f"), ("RADIUS", "0.1"), uploads=[("mine", table)])
    assert told.value.message.startswith("mine: ")


@pytest.mark.parametrize("form", ["zip", "tar"])
def test_a_package_holds_all_results(office, form):
    wanted = (("ID", "first"), ("UPLOAD", "t,param:f"), ("PACKAGE", form))
    found = office.do(*wanted, uploads=[("t", written("csv"))])
    result, data = found["package"]
    media_type = {"zip": "application/zip", "tar": "application/x-tar"}[form]
    assert (result["name"], result["media_type"]) == (f"cutouts.{form}", media_type)
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            packed = {name: archive.read(name) for name in archive.namelist()}
    else:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            packed = {name: archive.extractfile(name).read() for name in archive.getnames()}
    contents = Table.read(packed.pop("contents.csv").decode(), format="ascii.csv")
    results = {entry["name"]: content for key, (entry, content) in found.items() if key != "package"}
    assert packed == results
    assert list(contents["file"]) == list(results)
    assert list(contents["bytes"]) == [len(content) for content in results.values()]
    assert [bool(said) for said in contents["message"].filled("")] == [False, False, False, True]


def test_no_package_where_none_is_wanted(office):
    found = office.do(("ID", "first"), ("UPLOAD", "t,param:f"), ("PACKAGE", "none"), uploads=[("t", written("csv"))])
    assert "package" not in found
    assert office.progress[-1] == (4, 4)


def test_a_picture(office):
    from PIL import Image

    found = office.do(("ID", "first"), ("CIRCLE", "10 20 0.1"), ("RESPONSEFORMAT", "image/png"), ("cmap", "viridis"))
    result, data = found["cutout-1"]
    assert (result["media_type"], result["name"]) == ("image/png", "first.png")
    assert Image.open(io.BytesIO(data)).size == (21, 21)


class Failing:
    """A desk on which nothing can be kept after the first result."""

    def __init__(self, desk):
        self.desk = desk
        self.kept = 0

    def __getattr__(self, name):
        return getattr(self.desk, name)

    def keep(self, *arguments, **more):
        self.kept += 1
        if self.kept > 1:
            raise UnavailableError("There is no room.")
        return self.desk.keep(*arguments, **more)


def test_a_store_that_fails_is_no_empty_result(office, monkeypatch):
    monkeypatch.setitem(globals(), "ChildDesk", lambda *given, made=ChildDesk: Failing(made(*given)))
    with pytest.raises(ArmillaryError, match="no room"):
        office.do(("ID", "first"), ("CIRCLE", "10 20 0.1"), ("CIRCLE", "10 20 0.1"))


@pytest.fixture
def broken(tmp_path):
    """An office of two files, one of which is replaced by what is none while it is on offer."""
    for name in ("first", "second"):
        fits.writeto(tmp_path / f"{name}.fits", np.ones((100, 100), "f4"), header())
    scene = {"kind": "paths", "paths": [str(tmp_path / "first.fits"), str(tmp_path / "second.fits")], "settings": {}}
    made = Office(scene, tmp_path / "results")
    (tmp_path / "second.fits").write_bytes(b"no FITS")
    return made


def test_what_is_wrong_with_a_file_is_not_told(broken):
    result, data = broken.do(("ID", "first"), ("ID", "second"), ("CIRCLE", "10 20 0.1"))["cutout-2"]
    assert result["empty"]
    assert data.decode().startswith("ServiceUnavailable: ")
    assert "its file cannot be used" in data.decode()
    assert "second.fits" not in data.decode()
    with pytest.raises(UnavailableError, match="its file cannot be used"):
        broken.do(("ID", "second"), ("CIRCLE", "10 20 0.1"))


def test_administrators_are_told_what_is_wrong_with_a_file(broken):
    with pytest.raises(FileError, match="second"):
        broken.do(("ID", "second"), ("CIRCLE", "10 20 0.1"), access=EVERYTHING | {"administrator": True})
