"""``armillary worker``: a real process that does jobs of a database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from astropy.io import fits

from armillary.jobs.model import Owner, Phase
from armillary.server import job_runner
from armillary.server.settings import Settings
from armillary.testing.runners import until

HEADER = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10, "CRVAL2": 20, "CRPIX1": 5, "CRPIX2": 5,
    "CDELT1": -0.01, "CDELT2": 0.01,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    import numpy as np

    fits.writeto(tmp_path / "sky.fits", np.ones((10, 10), "f4"), fits.Header(HEADER))
    return tmp_path


def environment(folder, **more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    return kept | {"XDG_DATA_HOME": str(folder / "data"), "XDG_CONFIG_HOME": str(folder / "config")} | more


@contextlib.contextmanager
def worker(folder, *arguments, **more):
    command = [sys.executable, "-m", "armillary", "worker", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder, env=environment(folder, **more)
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def submit(jobs, *pairs):
    job = jobs.store.create(
        Owner("", "a", {"everything": True}),
        "soda",
        pairs,
        duration_s=60,
        destruction=datetime.now(UTC) + timedelta(days=1),
        start=True,
    )
    return job.job_id


def test_it_says_that_it_is_ready_does_jobs_and_ends(folder):
    settings = Settings(jobs_database=str(folder / "jobs.sqlite"))
    scene = job_runner.scene_of(SimpleNamespace(paths=[str(folder / "sky.fits")]), settings)
    jobs = job_runner.open_service(scene, settings)
    job_id = submit(jobs, ("ID", "sky"), ("CIRCLE", "10 20 0.02"))
    with worker(folder, "sky.fits", "--workers", "1", ARMILLARY_JOBS_DATABASE="jobs.sqlite") as process:
        assert process.stdout.readline() == "Armillary worker is ready: 1 process, local\n"
        assert until(lambda: jobs.store.get(job_id).phase is Phase.COMPLETED), jobs.store.get(job_id)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")
    jobs.close()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 1, "There is nothing to serve"),
        (("missing.json",), 1, "missing.json: there is no such file"),
        (("missing.fits",), 1, "There is nothing to open"),
        (("broken.json",), 1, "broken.json"),
        (("sky.fits", "--workers", "many"), 1, "jobs_workers"),
        (("sky.fits", "--runner", "magic"), 2, "invalid choice"),
        (("sky.fits", "--config", "none.toml"), 1, "none.toml"),
    ],
    ids=["nothing", "no-configuration", "no-file", "broken", "workers", "runner", "settings"],
)
def test_wrong_words_are_told_in_a_line(folder, arguments, status, said):
    (folder / "broken.json").write_text("{")
    with worker(folder, *arguments) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, "")
    assert said in err
    assert "Traceback" not in err


def test_a_database_that_cannot_be_reached_is_told(folder):
    address = "postgresql://nobody:secret@127.0.0.1:1/none"
    with worker(folder, "sky.fits", ARMILLARY_JOBS_DATABASE=address) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert "armillary: The database of jobs cannot be used now" in err
    assert "secret" not in err
