"""Jobs as UWS 1.1 (IVOA REC 2016-10-24) writes them, in XML and in JSON."""

from __future__ import annotations

import itertools
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from armillary.vo.xml import HEAD, blocks, escape
from armillary.vo.xml import quote as attribute

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from armillary.vo.uws_job import Job, JobLine, Result

_SPACES = (
    'xmlns:uws="http://www.ivoa.net/xml/UWS/v1.0" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def time_of(moment: datetime) -> str:
    """A moment as DALI 1.1, section 3.3.3, and UWS write it: UTC, with ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def job_address(jobs: str, job_id: str) -> str:
    """Address of a job below that of the list of jobs."""
    return f"{jobs}/{quote(job_id, safe='')}"


def result_address(jobs: str, job_id: str, result_id: str) -> str:
    """Address of a result."""
    return f"{job_address(jobs, job_id)}/results/{quote(result_id, safe='')}"


def jobs_xml(lines: Iterable[JobLine], jobs: str) -> bytes:
    """The list of jobs.

    Parameters
    ----------
    jobs
        Absolute address of the list.
    """
    listed = "".join(_job_line(line, jobs) for line in lines)
    return f'{HEAD}<uws:jobs version="1.1" {_SPACES}>{listed}</uws:jobs>\n'.encode()


def _job_line(line: JobLine, jobs: str) -> str:
    inner = (
        f"<uws:phase>{line.phase}</uws:phase>"
        f"{_run_id(line.run_id)}{_element('ownerId', line.owner_name or None)}"
        f"{_element('creationTime', time_of(line.created))}"
    )
    href = attribute(job_address(jobs, line.job_id))
    return f'<uws:jobref id={attribute(line.job_id)} xlink:type="simple" xlink:href={href}>{inner}</uws:jobref>'


def job_xml(job: Job, jobs: str) -> Iterator[bytes]:
    """A job with all that belongs to it, in blocks.

    Parameters
    ----------
    jobs
        Absolute address of the list of jobs.
    """
    head = [
        f'{HEAD}<uws:job version="1.1" {_SPACES}>',
        _element("jobId", job.job_id),
        _run_id(job.run_id),
        _element("ownerId", job.owner.name or None),
        _element("phase", job.phase),
        _moment("quote", job.quote),
        _element("creationTime", time_of(job.created)),
        _moment("startTime", job.started),
        _moment("endTime", job.ended),
        _element("executionDuration", str(job.duration_s)),
        _element("destruction", time_of(job.destruction)),
        _parameters(job.parameters, ""),
    ]
    return blocks(itertools.chain(head, _results(job, jobs, ""), (f"{_error(job)}{_info(job)}</uws:job>\n",)))


def parameters_xml(job: Job) -> bytes:
    """The parameters of a job."""
    return (HEAD + _parameters(job.parameters, f" {_SPACES}")).encode()


def results_xml(job: Job, jobs: str) -> Iterator[bytes]:
    """The results of a job, in blocks."""
    return blocks(itertools.chain((HEAD,), _results(job, jobs, f" {_SPACES}")))


def _parameters(parameters: Sequence[tuple[str, str]], spaces: str) -> str:
    listed = "".join(
        f"<uws:parameter id={attribute(name)}>{escape(value)}</uws:parameter>" for name, value in parameters
    )
    return f"<uws:parameters{spaces}>{listed}</uws:parameters>"


def _results(job: Job, jobs: str, spaces: str) -> Iterator[str]:
    yield f"<uws:results{spaces}>"
    yield from (_result(job, result, jobs) for result in job.results)
    yield "</uws:results>"


def _result(job: Job, result: Result, jobs: str) -> str:
    href = result_address(jobs, job.job_id, result.result_id)
    return (
        f'<uws:result id={attribute(result.result_id)} xlink:type="simple" xlink:href={attribute(href)}'
        f' size="{result.size}" mime-type={attribute(result.media_type)}/>'
    )


def _error(job: Job) -> str:
    if job.error is None:
        return ""
    kind = "transient" if job.error.transient else "fatal"
    message = _element("message", job.error.message)
    return f'<uws:errorSummary type="{kind}" hasDetail="true">{message}</uws:errorSummary>'


def _info(job: Job) -> str:
    if not job.progress.total:
        return ""
    words = f'done="{job.progress.done}" total="{job.progress.total}"'
    return f'<uws:jobInfo><progress xmlns="urn:armillary:jobs" {words}/></uws:jobInfo>'


def _moment(name: str, moment: datetime | None) -> str:
    return _element(name, None if moment is None else time_of(moment))


def _run_id(run_id: str) -> str:
    return _element("runId", run_id) if run_id else ""


def _element(name: str, text: str | None) -> str:
    """An element; nil where nothing is known."""
    if text is None:
        return f'<uws:{name} xsi:nil="true"/>'
    return f"<uws:{name}>{escape(text)}</uws:{name}>"


def jobs_json(lines: Iterable[JobLine]) -> dict[str, Any]:
    """The list of jobs for programs that prefer JSON."""
    listed = [
        {
            "job_id": line.job_id,
            "phase": str(line.phase),
            "owner": line.owner_name or None,
            "run_id": line.run_id or None,
            "created": time_of(line.created),
        }
        for line in lines
    ]
    return {"jobs": listed}


def job_json(job: Job, jobs: str) -> dict[str, Any]:
    """A job for programs that prefer JSON; times as in the XML, None where unknown."""
    return {
        "job_id": job.job_id,
        "phase": str(job.phase),
        "owner": job.owner.name or None,
        "run_id": job.run_id or None,
        "created": time_of(job.created),
        "started": job.started and time_of(job.started),
        "ended": job.ended and time_of(job.ended),
        "quote": job.quote and time_of(job.quote),
        "execution_duration": job.duration_s,
        "destruction": time_of(job.destruction),
        "revision": job.revision,
        "progress": {"done": job.progress.done, "total": job.progress.total},
        "parameters": [{"name": name, "value": value} for name, value in job.parameters],
        "uploads": [{"name": upload.name, "size": upload.size} for upload in job.uploads],
        "results": [_result_json(job, result, jobs) for result in job.results],
        "error": job.error and {"message": job.error.message, "type": "transient" if job.error.transient else "fatal"},
    }


def _result_json(job: Job, result: Result, jobs: str) -> dict[str, Any]:
    return {
        "id": result.result_id,
        "href": result_address(jobs, job.job_id, result.result_id),
        "size": result.size,
        "media_type": result.media_type,
        "name": result.name,
        "empty": result.empty,
    }
