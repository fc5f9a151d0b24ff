"""What a package says of its files: names that differ, and which values each file is of."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, datetime

import numpy as np
import pytest
from astropy.io import fits

from armillary.jobs.child_desk import ChildDesk
from armillary.jobs.model import Job, Owner, Phase, Upload
from armillary.jobs.results_open import open_results
from armillary.worker.cutting import make_work

EVERYTHING = {"grants": [], "everything": True, "administrator": False}
JOB_ID = "a" * 32


class Voice:
    """Remembers what a desk keeps."""

    def __init__(self):
        self.kept = []

    def say(self, word, **more):
        self.kept += more["results"] if word == "came" else []


@pytest.fixture
def packed(tmp_path):
    """Members of the package of a job over a cube of four channels, and the rows of its table of contents."""
    header = fits.Header()
    for axis, (kind, value, step, pixel) in enumerate(
        [("RA---TAN", 10.0, -0.01, 20.5), ("DEC--TAN", 20.0, 0.01, 20.5), ("FREQ", 1.4e9, 1e7, 1.0)], 1
    ):
        header[f"CTYPE{axis}"], header[f"CRVAL{axis}"] = kind, value
        header[f"CDELT{axis}"], header[f"CRPIX{axis}"] = step, pixel
    header["CUNIT3"] = "Hz"
    fits.PrimaryHDU(np.ones((4, 40, 40), np.float32), header).writeto(tmp_path / "cube.fits")
    work = make_work({"kind": "paths", "paths": [str(tmp_path / "cube.fits")], "settings": {}})
    results = open_results(str(tmp_path / "results"))

    def run(table, *parameters):
        key = f"{JOB_ID}/uploads/t"
        upload = Upload("t", key, results.write(key, [table.encode()]))
        now = datetime(2026, 1, 31, tzinfo=UTC)
        asked = (("ID", "cube"), ("UPLOAD", "t,param:f"), ("RADIUS", "0.05"), *parameters)
        owner = Owner("", "somebody", EVERYTHING)
        job = Job(JOB_ID, "soda", owner, Phase.EXECUTING, now, now, 0, asked, (upload,), attempt=1, started=now)
        voice = Voice()
        desk = ChildDesk(job, results, voice, None)
        work(job, desk)
        desk.flush()
        (package,) = (b"".join(results.read(one["key"])) for one in voice.kept if one["result_id"] == "package")
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        return members, list(csv.DictReader(io.StringIO(members.pop("contents.csv").decode())))

    return run


@pytest.mark.parametrize("label", ["x" * 120, "x" * 79 + "." * 10, "é ü", "a", ".."], ids=json.dumps)
def test_rows_of_one_name_have_files_of_their_own(packed, label) -> None:
    members, rows = packed(f"name,ra,dec\n{label},10,20\n{label},10.01,20\n{label.upper()},10.02,20\n")
    assert len(members) == 3
    assert len({name.lower() for name in members}) == 3
    assert [row["file"] for row in rows] == list(members)
    assert all(name.startswith("cube-") and name.endswith(".fits") and len(name) < 100 for name in members)


def test_each_file_is_known_by_its_values(packed) -> None:
    bands = ["0.2 0.212", "0.212 0.23"]
    members, rows = packed("name,ra,dec\none,10,20\n", *(("BAND", band) for band in bands))
    assert [row["band_m"] for row in rows] == bands
    assert [row["time_mjd"] for row in rows] == ["", ""]
    planes = [fits.getdata(io.BytesIO(members[row["file"]])).shape[0] for row in rows]
    assert planes == [3, 2]  # 0.212 m lies in the second channel


def test_values_are_told_as_exactly_as_they_were_given(packed) -> None:
    _, rows = packed("name,ra,dec\nfar,100,20\n", ("BAND", "0.2110612345 0.2110612399"))
    assert "BAND=0.2110612345 0.2110612399: there is no pixel." in rows[0]["message"]
