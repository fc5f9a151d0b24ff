"""Jobs as UWS 1.1 writes them: by the official schema, by pyvo, and in JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from conftest_xsd import children, valid
from hypothesis import given
from hypothesis import strategies as st
from pyvo.io.uws import parse_job, parse_job_list

from armillary.jobs.model import Job, JobError, JobLine, Owner, Phase, Progress, Result, Upload
from armillary.vo import uws

NOW = datetime(2026, 1, 2, 3, 4, 5, 678_900, UTC)
JOBS = "https://example.org/vo/soda/async"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
HREF = "{http://www.w3.org/1999/xlink}href"
ID = "0123456789abcdef0123456789abcdef"


def job(**more: object) -> Job:
    plain = Job(ID, "soda", Owner("", "x"), Phase.PENDING, NOW, NOW + timedelta(days=7), 3600)
    return replace(plain, **more)


def whole() -> Job:
    results = (
        Result("cutout-1", f"{ID}/1/a", 2880, "application/fits", "a.fits"),
        Result("cutout-2", f"{ID}/1/b", 20, "text/plain; charset=utf-8", "b.txt", empty=True),
    )
    return job(
        owner=Owner('lena <&> "x"', "x"),
        phase=Phase.COMPLETED,
        started=NOW,
        ended=NOW + timedelta(seconds=2),
        quote=NOW,
        run_id="run & <1>",
        parameters=(("ID", "a"), ("CIRCLE", "1 2 3"), ("circle", "4 5 6")),
        uploads=(Upload("t", f"{ID}/uploads/t", 99),),
        progress=Progress(2, 2),
        results=results,
        revision=7,
    )


def xml(one: Job) -> bytes:
    return b"".join(uws.job_xml(one, JOBS))


def of(root, name: str):
    (found,) = children(root, name, "UWS")
    return found


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_follows_the_schema(phase: Phase) -> None:
    root = valid(xml(job(phase=phase)))
    assert root.get("version") == "1.1"
    assert of(root, "phase").text == phase


def test_what_is_unknown_is_there_and_nil() -> None:
    root = valid(xml(job()))
    for name in ("ownerId", "quote", "startTime", "endTime"):
        assert of(root, name).get(XSI_NIL) == "true"
    assert len(of(root, "results")) == 0
    assert children(root, "errorSummary", "UWS") == []
    assert of(root, "creationTime").text == "2026-01-02T03:04:05.678Z"
    assert of(root, "executionDuration").text == "3600"


def test_a_whole_job() -> None:
    root = valid(xml(whole()))
    assert of(root, "ownerId").text == 'lena <&> "x"'
    assert of(root, "runId").text == "run & <1>"
    one, two = children(root, "results/result", "UWS")
    assert one.get(HREF) == f"{JOBS}/{ID}/results/cutout-1"
    assert (one.get("size"), one.get("mime-type")) == ("2880", "application/fits")
    assert two.get("mime-type") == "text/plain; charset=utf-8"
    said = [(entry.get("id"), entry.text) for entry in children(root, "parameters/parameter", "UWS")]
    assert said == [("ID", "a"), ("CIRCLE", "1 2 3"), ("circle", "4 5 6")]


@pytest.mark.parametrize(("transient", "kind"), [(True, "transient"), (False, "fatal")])
def test_an_error(transient: bool, kind: str) -> None:
    root = valid(xml(job(phase=Phase.ERROR, error=JobError("no <room>", transient))))
    summary = of(root, "errorSummary")
    assert (summary.get("type"), summary.get("hasDetail")) == (kind, "true")
    assert summary[0].text == "no <room>"


def test_times_of_other_zones_are_utc() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    assert uws.time_of(there) == uws.time_of(NOW) == "2026-01-02T03:04:05.678Z"


def test_pyvo_reads_it() -> None:
    read = parse_job(io.BytesIO(xml(whole())))
    assert (read.jobid, read.phase, read.runid) == (ID, "COMPLETED", "run & <1>")
    assert read.executionduration.value == 3600
    assert read.destruction.isot == "2026-01-09T03:04:05.678"
    assert [entry.href for entry in read.results] == [f"{JOBS}/{ID}/results/cutout-{k}" for k in (1, 2)]
    assert len(read.parameters) == 3


def test_the_list() -> None:
    lines = [JobLine(ID, Phase.QUEUED, "lena", "", NOW), JobLine(ID[::-1], Phase.ERROR, "", "<run>", NOW)]
    document = uws.jobs_xml(lines, JOBS)
    root = valid(document)
    assert root.get("version") == "1.1"
    assert [entry.get(HREF) for entry in root] == [f"{JOBS}/{ID}", f"{JOBS}/{ID[::-1]}"]
    assert of(root[1], "ownerId").get(XSI_NIL) == "true"
    assert len(parse_job_list(io.BytesIO(document))) == 2
    assert valid(uws.jobs_xml([], JOBS)).get("version") == "1.1"


def test_parts() -> None:
    assert len(valid(uws.parameters_xml(whole()))) == 3
    assert len(valid(b"".join(uws.results_xml(whole(), JOBS)))) == 2
    assert len(valid(b"".join(uws.results_xml(job(), JOBS)))) == 0


def test_many_results_come_in_blocks() -> None:
    results = tuple(Result(f"cutout-{k}", f"{ID}/1/{k}", 1, "application/fits", f"{k}") for k in range(20_000))
    blocks = list(uws.job_xml(job(results=results), JOBS))
    assert len(blocks) > 10
    assert max(map(len, blocks)) < 200_000
    assert len(children(valid(b"".join(blocks)), "results/result", "UWS")) == 20_000


def test_json() -> None:
    said = json.loads(json.dumps(uws.job_json(whole(), JOBS)))
    assert said["created"] == "2026-01-02T03:04:05.678Z"
    assert said["progress"] == {"done": 2, "total": 2}
    assert said["uploads"] == [{"name": "t", "size": 99}]
    assert said["parameters"][1] == {"name": "CIRCLE", "value": "1 2 3"}
    assert [entry["empty"] for entry in said["results"]] == [False, True]
    assert said["error"] is None
    plain = uws.job_json(job(phase=Phase.ERROR, error=JobError("no", transient=True)), JOBS)
    assert plain["error"] == {"message": "no", "type": "transient"}
    assert plain["owner"] is plain["started"] is plain["ended"] is plain["quote"] is None
    lines = uws.jobs_json([JobLine(ID, Phase.QUEUED, "lena", "", NOW)])["jobs"]
    assert lines == [
        {"job_id": ID, "phase": "QUEUED", "owner": "lena", "run_id": None, "created": "2026-01-02T03:04:05.678Z"}
    ]


@given(st.text(), st.text(), st.text(), st.text())
def test_any_text_makes_a_sound_document(name: str, value: str, owner: str, message: str) -> None:
    result = Result(name, "k", 1, value, owner)
    one = job(
        owner=Owner(owner, "x"),
        run_id=value,
        parameters=((name, value),),
        results=(result,),
        error=JobError(message),
        phase=Phase.ERROR,
    )
    root = valid(xml(one))
    if value.isprintable() and value:
        assert children(root, "parameters/parameter", "UWS")[0].text == value
    valid(uws.jobs_xml([JobLine(name, Phase.ERROR, owner, value, NOW)], JOBS))
