"""Everything of a service together: its places, what is made when, what is kept apart."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from armillary.errors import ConfigurationError, NotFoundError
from armillary.jobs.bells import PipeBell
from armillary.jobs.folder_results import FolderResults
from armillary.jobs.object_results import ObjectResults
from armillary.jobs.postgresql_bell import PostgresqlBell
from armillary.jobs.service import open_jobs, service_name
from armillary.testing.job_tools import NOON, claimed, new_job, result


@pytest.fixture
def home(tmp_path, monkeypatch):
    """The folder of the user's data."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path / "data" / "armillary" / "jobs"


def test_nothing_is_made_before_the_first_job(home, tmp_path) -> None:
    jobs = open_jobs("abc")
    jobs.bell.listen(lambda _: None)
    assert (jobs.store.waiting(), jobs.store.claim("w"), jobs.store.jobs("alice")) == (0, None, [])
    with pytest.raises(NotFoundError):
        jobs.store.get("0" * 32)
    assert list(jobs.results.jobs()) == []
    assert list(tmp_path.iterdir()) == []
    job = new_job(jobs.store)
    claim = claimed(jobs.store, job)
    jobs.results.write(result(claim.job).key, [b"x"])
    assert {path.name for path in home.iterdir()} >= {"abc.sqlite", "abc.results", "abc.sqlite.bells"}
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in [home, *home.rglob("*")]} == {0}
    jobs.close()


@pytest.mark.parametrize(
    ("database", "results", "place"),
    [
        ("", "", "{home}/abc.results"),
        ("{tmp}/mine.db", "", "{tmp}/mine.abc.results"),
        ("", "{tmp}/files/", "{tmp}/files/abc"),
        ("postgresql://u@h/d", "", "{home}/abc.results"),
        ("postgresql://u@h/d", "memory://bucket/jobs", "memory://bucket/jobs/abc"),
    ],
)
def test_places(home, tmp_path, database, results, place) -> None:
    said = {"home": home, "tmp": tmp_path}
    jobs = open_jobs("abc", database=database.format(**said), results=results.format(**said))
    assert jobs.results_address == place.format(**said)
    assert isinstance(jobs.results, ObjectResults if "://" in results else FolderResults)
    assert isinstance(jobs.bell, PostgresqlBell if "://" in database else PipeBell)
    jobs.close()


def test_names_of_services(home) -> None:
    """What is served makes the name; names that are no names of files are made so."""
    assert service_name(["/a", "/b"]) == service_name(iter(["/a", "/b"])) != service_name(["/a/b"])
    assert service_name(["/\udcff"]).isalnum()
    for odd in ("../up", "", "a/b", "x" * 200, ".hidden"):
        jobs = open_jobs(odd)
        assert Path(jobs.address).parent == home
        assert jobs.service == service_name([odd])
        jobs.close()


def test_services_share_a_database_and_a_place(tmp_path) -> None:
    one, two = (open_jobs(name, database=str(tmp_path / "j"), results=str(tmp_path / "r")) for name in ("one", "two"))
    for jobs in (one, two):
        claim = claimed(jobs.store, new_job(jobs.store))
        jobs.results.write(result(claim.job).key, [b"x"])
        assert jobs.store.finish(claim, [result(claim.job)])
        assert [job_id for job_id, _ in jobs.results.jobs()] == [claim.job.job_id]
    for jobs in (one, two):
        jobs.close()


def test_two_databases_do_not_share_a_place(tmp_path) -> None:
    """The second has no job done before its results have a place of their own: the first's reaper would remove them."""
    one, two = (open_jobs("same", database=str(tmp_path / name), results=str(tmp_path / "r")) for name in "ab")
    for jobs in (one, two):
        new_job(jobs.store)
    assert one.store.claim("w") is not None
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="jobs_results"):
            two.store.claim("w")
    assert two.store.waiting() == 1
    one.close()
    two.close()
    again = open_jobs("same", database=str(tmp_path / "a"), results=str(tmp_path / "r"))
    new_job(again.store)
    assert again.store.claim("w") is not None
    again.close()


def test_deleting_removes_the_files(tmp_path) -> None:
    jobs = open_jobs("one", database=str(tmp_path / "j"))
    job = new_job(jobs.store, destruction=NOON + timedelta(days=1))
    claim = claimed(jobs.store, job)
    jobs.results.write(result(claim.job).key, [b"x"])
    jobs.results.write(f"{job.job_id}/uploads/t", [b"x"])
    jobs.delete(job.job_id)
    assert list(jobs.results.jobs()) == []
    with pytest.raises(NotFoundError):
        jobs.delete(job.job_id)
    jobs.close()


def test_importing_it_loads_no_database() -> None:
    heavy = ("sqlalchemy", "psycopg", "fsspec")
    code = f"import sys, armillary.jobs.service; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
