"""UWS 1.1, line by line, against a real server whose callers hold a token: their jobs are listed."""

from __future__ import annotations

import re
import threading
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path

import pytest
import requests
from conftest_xsd import children, valid
from lxml import etree
from vo_archive import DEC, RA, Archive
from vo_tools import Served, serving, until

CIRCLE = f"{RA} {DEC} 0.02"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
XLINK = "{http://www.w3.org/1999/xlink}href"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@pytest.fixture(scope="module")
def owner(archive: Archive) -> Iterator[Served]:
    with serving("open", archive.folder) as server:
        yield server


def make(served: Served, **parameters) -> str:
    """A job; its address."""
    answer = served.post("soda/async", data={"ID": "exposure", "CIRCLE": CIRCLE, **parameters})
    assert answer.status_code == 303, answer.text
    where = answer.headers["location"]
    assert re.fullmatch(rf"{re.escape(served.vo)}/soda/async/[A-Za-z0-9_-]{{16,}}", where)
    return where


def document(served: Served, address: str, **words) -> etree._Element:
    answer = served.session.get(address, params=words, timeout=120)
    assert answer.status_code == 200, answer.text
    return valid(answer.content)


def element(job: etree._Element, name: str) -> etree._Element:
    (found,) = children(job, name, "UWS")
    return found


def phase(served: Served, address: str) -> str:
    return served.session.get(f"{address}/phase", timeout=60).text.strip()


def finished(served: Served, address: str, **words) -> etree._Element:
    until(lambda: phase(served, address) in {"COMPLETED", "ERROR", "ABORTED"})
    return document(served, address, **words)


def send(served: Served, address: str, **data: str) -> requests.Response:
    return served.session.post(address, data=data, timeout=60, allow_redirects=False)


def test_a_new_job_is_pending_and_tells_all(owner: Served) -> None:
    where = make(owner, RUNID="mine")
    job = document(owner, where)
    assert (job.tag, job.get("version")) == ("{http://www.ivoa.net/xml/UWS/v1.0}job", "1.1")
    assert element(job, "jobId").text == where.rpartition("/")[2]
    assert (element(job, "phase").text, element(job, "runId").text) == ("PENDING", "mine")
    for name in ("quote", "startTime", "endTime"):
        assert element(job, name).get(NIL) == "true"
    assert element(job, "ownerId").text
    for name in ("creationTime", "destruction"):
        assert TIME.fullmatch(element(job, name).text)
    assert int(element(job, "executionDuration").text) > 0
    assert children(job, "results", "UWS")
    given = {one.get("id"): one.text for one in children(job, "parameters/parameter", "UWS")}
    assert given["ID"] == "exposure"
    assert given["CIRCLE"] == CIRCLE


def test_an_anonymous_owner_is_nil(served: Served) -> None:
    job = document(served, make(served))
    assert element(job, "ownerId").get(NIL) == "true"
    listed = valid(served.get("soda/async").content)
    assert children(listed, "jobref", "UWS") == []


def test_a_job_may_be_run_at_once(owner: Served) -> None:
    where = make(owner, PHASE="RUN")
    job = finished(owner, where)
    assert element(job, "phase").text == "COMPLETED"
    for name in ("startTime", "endTime"):
        assert TIME.fullmatch(element(job, name).text)
    (result,) = children(job, "results/result", "UWS")
    assert result.get(XLINK).startswith(f"{where}/results/")
    body = owner.session.get(result.get(XLINK), timeout=60)
    assert body.content.startswith(b"SIMPLE  =")
    assert valid(owner.session.get(f"{where}/results", timeout=60).content).tag.endswith("results")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("phase", {"PHASE": "RUN"}),
        ("phase", {"PHASE": "ABORT"}),
        ("destruction", {"DESTRUCTION": (datetime.now(UTC) + timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%SZ")}),
        ("executionduration", {"EXECUTIONDURATION": "60"}),
        ("parameters", {"BAND": "6e-7 7e-7"}),
        ("runid", {"RUNID": "other"}),
    ],
    ids=["run", "abort", "destruction", "executionduration", "parameters", "runid"],
)
def test_changes_lead_back_to_the_job(owner: Served, path: str, data: dict[str, str]) -> None:
    where = make(owner)
    answer = send(owner, f"{where}/{path}", **data)
    assert (answer.status_code, answer.headers["location"]) == (303, where)
    if path in {"destruction", "executionduration", "runid"}:
        assert owner.session.get(f"{where}/{path}", timeout=60).text[:15] == next(iter(data.values()))[:15]


@pytest.mark.parametrize("how", ["delete", "action"])
def test_deleting_leads_to_the_list(owner: Served, how: str) -> None:
    where = make(owner)
    if how == "delete":
        answer = owner.session.delete(where, timeout=60, allow_redirects=False)
    else:
        answer = send(owner, where, ACTION="DELETE")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{owner.vo}/soda/async")
    assert owner.session.get(where, timeout=60).status_code == 404


def test_a_post_without_an_action_deletes_nothing(owner: Served) -> None:
    where = make(owner)
    assert send(owner, where).status_code in range(400, 500)
    assert send(owner, where, ACTION="REMOVE").status_code in range(400, 500)
    assert owner.session.get(where, timeout=60).status_code == 200


def test_parameters_are_added_while_pending_only(owner: Served) -> None:
    where = make(owner)
    send(owner, f"{where}/parameters", BAND="1e-7 9e-7")
    given = {one.get("id"): one.text for one in children(document(owner, where), "parameters/parameter", "UWS")}
    assert given["BAND"] == "1e-7 9e-7"
    assert valid(owner.session.get(f"{where}/parameters", timeout=60).content).tag.endswith("parameters")
    send(owner, f"{where}/phase", PHASE="RUN")
    finished(owner, where)
    answer = send(owner, f"{where}/parameters", TIME="1 2")
    assert answer.status_code in range(400, 500)
    assert answer.text.startswith("UsageError")


def test_an_error_is_there_only_of_a_job_that_failed(owner: Served) -> None:
    where = make(owner, PHASE="RUN")
    finished(owner, where)
    assert owner.session.get(f"{where}/error", timeout=60).status_code == 404


def test_a_failed_job_has_a_summary_and_an_error(archive: Archive) -> None:
    with serving("open", archive.folder, environment={"ARMILLARY_CUTOUT_PIXELS": "100"}) as server:
        where = make(server, PHASE="RUN")
        job = finished(server, where)
        assert element(job, "phase").text == "ERROR"
        summary = element(job, "errorSummary")
        assert summary.get("type") in {"fatal", "transient"}
        assert "100" in element(summary, "message").text
        answer = server.session.get(f"{where}/error", timeout=60)
        assert answer.status_code == 200
        assert answer.text.startswith(("Error: ", "UsageError: "))


@pytest.mark.parametrize("path", ["", "/phase", "/results", "/results/cutout-1", "/error", "/parameters", "/owner"])
def test_unknown_jobs_and_children_are_not_found(owner: Served, path: str) -> None:
    missing = f"{owner.vo}/soda/async/{'A' * 24}"
    assert owner.session.get(f"{missing}{path}", timeout=60).status_code == 404
    where = make(owner)
    assert owner.session.get(f"{where}/results/none", timeout=60).status_code == 404
    assert owner.session.get(f"{where}/nonsense", timeout=60).status_code == 404


def listed(served: Served, **words) -> list[str]:
    root = document(served, f"{served.vo}/soda/async", **words)
    assert root.get("version") == "1.1"
    return [ref.get(XLINK) for ref in children(root, "jobref", "UWS")]


def test_the_list_is_filtered(owner: Served) -> None:
    old = make(owner)
    time.sleep(1.1)
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    time.sleep(1.1)
    done, aborted, waiting = make(owner, PHASE="RUN"), make(owner), make(owner)
    send(owner, f"{aborted}/phase", PHASE="ABORT")
    finished(owner, done)
    everything = listed(owner)
    assert everything.index(waiting) < everything.index(aborted) < everything.index(done) < everything.index(old)
    assert listed(owner, AFTER=moment) == [waiting, aborted, done]
    assert listed(owner, AFTER=moment, PHASE=["COMPLETED", "ABORTED"]) == [aborted, done]
    assert listed(owner, AFTER=moment, PHASE="PENDING") == [waiting]
    assert listed(owner, LAST=2) == [waiting, aborted]
    assert listed(owner, LAST=1, PHASE="COMPLETED", AFTER=moment) == [done]
    assert listed(owner, PHASE="ARCHIVED") == []
    for words in ({"PHASE": "LOST"}, {"LAST": "0"}, {"LAST": "x"}, {"AFTER": "yesterday"}):
        assert owner.get("soda/async", params=words).status_code in range(400, 500)


def test_waiting_ends_with_the_phase(owner: Served) -> None:
    where = make(owner)
    answers: list[str] = []

    def wait() -> None:
        job = valid(requests.get(where, params={"WAIT": -1}, headers=owner.session.headers, timeout=120).content)
        answers.append(element(job, "phase").text)

    waiter = threading.Thread(target=wait)
    waiter.start()
    waiter.join(1)
    assert answers == []
    send(owner, f"{where}/phase", PHASE="ABORT")
    waiter.join(60)
    assert answers == ["ABORTED"]


def test_waiting_ends_with_the_time_and_at_once_where_nothing_is_to_come(owner: Served) -> None:
    where = make(owner)
    job = document(owner, where, WAIT=1)
    assert element(job, "phase").text == "PENDING"
    document(owner, where, WAIT=100_000, PHASE="EXECUTING")
    for words in ({"WAIT": "soon"}, {"WAIT": "-2"}, {"WAIT": "1", "PHASE": "LOST"}):
        assert owner.session.get(where, params=words, timeout=60).status_code in range(400, 500)
    send(owner, f"{where}/phase", PHASE="ABORT")
    document(owner, where, WAIT=-1)


def test_json_is_for_those_who_ask(owner: Served) -> None:
    where = make(owner)
    for accept in ("*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/xml"):
        answer = owner.session.get(where, headers={"Accept": accept}, timeout=60)
        assert "xml" in answer.headers["content-type"]
    job = owner.session.get(where, headers={"Accept": "application/json"}, timeout=60).json()
    assert (job["job_id"], job["phase"], job["ended"]) == (where.rpartition("/")[2], "PENDING", None)


def test_a_job_that_runs_too_long_is_aborted(owner: Served, tmp_path: Path) -> None:
    """A second is enough for a few of ten thousand cutouts."""
    table = "ra,dec\n" + "".join(f"{RA},{DEC}\n" for _ in range(10_000))
    answer = owner.post(
        "soda/async",
        data={
            "ID": "exposure",
            "UPLOAD": "t,param:t",
            "RADIUS": "0.09",
            "EXECUTIONDURATION": "1",
            "PHASE": "RUN",
            "PACKAGE": "none",
        },
        files={"t": ("t.csv", table)},
    )
    assert answer.status_code == 303, answer.text
    job = finished(owner, answer.headers["location"])
    assert element(job, "phase").text == "ABORTED"


def test_no_duration_is_as_long_as_the_server_lets(owner: Served) -> None:
    where = make(owner, EXECUTIONDURATION="0")
    given = int(owner.session.get(f"{where}/executionduration", timeout=60).text)
    assert given == 0 or given >= 3600
    send(owner, f"{where}/phase", PHASE="RUN")
    assert element(finished(owner, where), "phase").text == "COMPLETED"


def test_a_result_is_read_in_parts(owner: Served) -> None:
    where = make(owner, PHASE="RUN")
    job = finished(owner, where)
    address = children(job, "results/result", "UWS")[0].get(XLINK)
    whole = owner.session.get(address, timeout=60)
    head = owner.session.head(address, timeout=60)
    assert int(head.headers["content-length"]) == len(whole.content)
    part = owner.session.get(address, headers={"Range": "bytes=-100"}, timeout=60)
    assert (part.status_code, part.content) == (206, whole.content[-100:])


def test_a_table_gives_a_result_for_each_row(owner: Served) -> None:
    """One row lies beside the image, one is no position: their results say so."""
    table = f"name,ra,dec,radius\nin,{RA},{DEC},0.01\nbeside,20,-60,0.01\nwrong,20,-95,0.01\n"
    answer = owner.post(
        "soda/async",
        data={"ID": "exposure", "UPLOAD": "t,param:t", "PHASE": "RUN"},
        files={"t": ("t.csv", table)},
    )
    where = answer.headers["location"]
    finished(owner, where)
    job = owner.session.get(where, headers={"Accept": "application/json"}, timeout=60).json()
    assert job["phase"] == "COMPLETED"
    assert job["progress"] == {"done": 4, "total": 4}
    assert [result["empty"] for result in job["results"]] == [False, True, True, False]
    said = [owner.session.get(result["href"], timeout=60).text for result in job["results"][1:3]]
    assert said[0].startswith("Error")
    assert said[1].startswith("UsageError")
    package = owner.session.get(job["results"][3]["href"], timeout=60).content
    with zipfile.ZipFile(BytesIO(package)) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 4
        assert len(archive.read("contents.csv").splitlines()) == 4


ENTITIES = b"""<?xml version="1.0"?><!DOCTYPE VOTABLE [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY f SYSTEM "file:///etc/passwd">]><VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>
<TABLE><FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/><DATA><TABLEDATA><TR><TD>150</TD>
<TD>2&b;&f;</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


def test_a_table_with_entities_is_refused(owner: Served) -> None:
    """At once, or by a job that fails; nothing of them is expanded."""
    answer = owner.post(
        "soda/async",
        data={"ID": "exposure", "UPLOAD": "t,param:t", "RADIUS": "0.01", "PHASE": "RUN"},
        files={"t": ("t.vot", ENTITIES)},
    )
    if answer.status_code != 303:
        assert answer.text.startswith("UsageError")
        return
    job = finished(owner, answer.headers["location"])
    assert element(job, "phase").text == "ERROR"
    assert "root:" not in etree.tostring(job, encoding="unicode")


def test_tables_at_addresses_are_not_fetched(owner: Served) -> None:
    data = {"ID": "exposure", "UPLOAD": f"t,{owner.address}/healthz", "RADIUS": "0.01", "PHASE": "RUN"}
    answer = owner.post("soda/async", data=data)
    assert answer.status_code in range(400, 500)
    assert answer.text.startswith("UsageError")


def test_bodies_over_the_limit_are_refused(archive: Archive) -> None:
    with serving("open", archive.folder, environment={"ARMILLARY_UPLOAD_SIZE": "1"}) as server:
        answer = server.post(
            "soda/async",
            data={"ID": "exposure", "UPLOAD": "t,param:t", "RADIUS": "0.01"},
            files={"t": ("t.csv", b"ra,dec\n" + b"150,2\n" * 400_000)},
        )
        assert answer.status_code == 413
        assert answer.text.startswith("UsageError")
        assert listed(server) == []


def test_jobs_of_others_are_as_if_they_were_not(archive: Archive, tmp_path: Path) -> None:
    """Two users of accounts: what is answered about each other's job is what is answered about none."""
    from vo_accounts import accounts

    with accounts(archive, tmp_path, "ada", "grace") as (ada, grace):
        where = make(ada, PHASE="RUN")
        finished(ada, where)
        missing = f"{ada.vo}/soda/async/{'A' * 24}"
        for path in ("", "/phase", "/results", "/results/cutout-1", "/parameters", "/error", "/owner"):
            theirs, none = (grace.session.get(f"{base}{path}", timeout=60) for base in (where, missing))
            assert (theirs.status_code, theirs.text) == (none.status_code, none.text)
            assert theirs.status_code == 404
        for answer in (
            grace.session.delete(where, timeout=60, allow_redirects=False),
            send(grace, where, ACTION="DELETE"),
            send(grace, f"{where}/phase", PHASE="ABORT"),
            requests.get(where, timeout=60),
        ):
            assert answer.status_code == 404
        assert listed(grace) == []
        assert listed(ada) == [where]
        assert element(document(ada, where), "ownerId").text == "ada"
