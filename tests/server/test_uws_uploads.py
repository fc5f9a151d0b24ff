"""Tables that come with jobs: in the body, as text, from addresses, and everything that is none."""

from __future__ import annotations

import asyncio
import http.server
import io
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from astropy.table import Table
from conftest_jobs import CIRCLE, JOBS, JSON, id_of, job_app, stored
from conftest_server import in_process

from armillary.errors import ArmillaryError, LimitError, ParameterError, UnavailableError
from armillary.server.vo import fetching, submission, uploads

CSV = b"name,ra,dec,radius\nM 1,150,2,0.01\nM 2,150.001,2,0.02\n"
PLACES = b"ra,dec\n150,2\n"
FORM = {"ID": "tan", "UPLOAD": "targets,param:table", "PHASE": "RUN"}


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    with job_app(tmp_path_factory.mktemp("uploads"), upload_size=2) as app:
        yield app


def run(app: Any, steps: Callable[[httpx.AsyncClient], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        async with in_process(app) as client:
            return await steps(client)

    return asyncio.run(whole())


def send(app: Any, body: bytes, form: dict[str, Any] = FORM, name: str = "table") -> httpx.Response:
    return run(app, lambda client: client.post(JOBS, data=form, files={name: ("t.csv", body, "text/csv")}))


def uploads_of(app: Any, address: str) -> list[dict[str, Any]]:
    return run(app, lambda client: client.get(address, headers=JSON)).json()["uploads"]


def bytes_of(app: Any, address: str, name: str = "targets") -> bytes:
    return b"".join(app.services.jobs().results.read(f"{id_of(address)}/uploads/{name}"))


def written(kind: str) -> bytes:
    table = Table({"ra": [150.0], "dec": [2.0], "radius": [0.01]})
    if kind == "fits":
        body = io.BytesIO()
        table.write(body, format="fits")
        return body.getvalue()
    text = io.BytesIO() if kind == "votable" else io.StringIO()
    table.write(text, format={"csv": "ascii.csv", "ecsv": "ascii.ecsv"}.get(kind, kind))
    found = text.getvalue()
    return found if isinstance(found, bytes) else found.encode()


@pytest.mark.parametrize("kind", ["csv", "ecsv", "votable", "fits"])
def test_tables_of_every_kind(shared: Any, kind: str) -> None:
    body = written(kind)
    answer = send(shared, body)
    assert answer.status_code == 303, answer.text
    assert uploads_of(shared, answer.headers["location"]) == [{"name": "targets", "size": len(body)}]
    assert bytes_of(shared, answer.headers["location"]) == body


def test_several_tables_and_a_field_of_text(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> httpx.Response:
        form = {"ID": "tan", "UPLOAD": ["one,param:a", "two,param:b"], "b": CSV.decode()}
        return await client.post(JOBS, data=form, files={"a": ("x", CSV, "text/csv")})

    answer = run(shared, steps)
    assert answer.status_code == 303, answer.text
    job = answer.headers["location"]
    assert [one["name"] for one in uploads_of(shared, job)] == ["one", "two"]
    assert bytes_of(shared, job, "two") == CSV
    said = run(shared, lambda client: client.get(job, headers=JSON)).json()["parameters"]
    assert [one["name"] for one in said] == ["ID", "UPLOAD", "UPLOAD"], "a table is no parameter"


def test_a_radius_is_needed(shared: Any) -> None:
    answer = send(shared, PLACES)
    assert (answer.status_code, answer.text[:19]) == (400, "UsageError: RADIUS:")
    assert send(shared, PLACES, FORM | {"RADIUS": "0.01"}).status_code == 303


BAD = {
    "empty": b"",
    "nothing": b"\0\1\2" * 99,
    "no positions": b"a,b\nx,y\n",
    "no rows": b"ra,dec,radius\n",
    "no places": b"ra,dec,radius\n1,99,1\n,,\n",
    "doctype": b'<?xml version="1.0"?><!DOCTYPE v [<!ENTITY a "b">]><VOTABLE>&a;</VOTABLE>',
    "entities": b'<?xml version="1.0"?><!DOCTYPE v SYSTEM "file:///etc/passwd"><VOTABLE/>',
    "laughs": b'<!DOCTYPE v [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]><VOTABLE>&b;</VOTABLE>',
    "broken xml": b"<VOTABLE><RESOURCE><TABLE>",
    "broken fits": b"SIMPLE  =                    T" + b" " * 50,
    "many rows": b"ra,dec\n" + b"1,2\n" * 100_001,
}


@pytest.mark.parametrize("what", BAD)
@pytest.mark.parametrize("start", [{"PHASE": "RUN"}, {}], ids=["run", "pending"])
def test_what_is_no_table_is_refused_and_nothing_is_stored(shared: Any, what: str, start: dict[str, str]) -> None:
    before = stored(shared)
    form = {name: value for name, value in FORM.items() if name != "PHASE"} | {"RADIUS": "1"} | start
    answer = send(shared, BAD[what], form)
    assert (answer.status_code, answer.text[:19]) == (400, "UsageError: UPLOAD:")
    assert "/tmp" not in answer.text
    assert "etc/passwd" not in answer.text
    assert stored(shared) == before


def test_a_table_that_is_named_and_not_there(shared: Any) -> None:
    assert send(shared, CSV, name="other").text.startswith("UsageError: UPLOAD: there must be one part 'table'")
    assert send(shared, CSV, FORM | {"UPLOAD": ["a,param:table", "A,param:table"]}).status_code == 400
    many = FORM | {"UPLOAD": [f"t{k},param:table" for k in range(20)]}
    assert send(shared, CSV, many).status_code == 413


def test_more_rows_than_results(shared: Any) -> None:
    body = b"ra,dec\n" + b"1,2\n" * 60_000
    form = FORM | {"RADIUS": "1", "BAND": ["1", "2"]}
    answer = send(shared, body, form)
    assert (answer.status_code, "100000" in answer.text) == (413, True)


def test_bodies_over_the_limit(shared: Any) -> None:
    before = stored(shared)
    answer = send(shared, b"ra,dec\n" + b"1,2\n" * 600_000)
    assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")
    assert "2 MiB" in answer.text
    assert stored(shared) == before


PART = b'--x\r\nContent-Disposition: form-data; name="ID"\r\n\r\ntan\r\n'
HEAD = b'--x\r\nContent-Disposition: form-data; name="table"; filename="t"\r\n\r\n'
UPLOAD = b'--x\r\nContent-Disposition: form-data; name="UPLOAD"\r\n\r\ntargets,param:table\r\n'


@pytest.mark.parametrize(
    "body",
    [
        PART,
        PART + b"--x",
        PART + UPLOAD + HEAD + CSV,
        PART + UPLOAD + HEAD + CSV + b"\r\n--x",
        PART + UPLOAD + HEAD + CSV + b"\r\n--y--\r\n",
        PART + UPLOAD + b"--x\r\nContent-Disposition",
        b"--x\r\n" + b"A: b\r\n" * 10_000 + b"\r\n\r\n--x--\r\n",
        b"--x\r\n" + b"A" * 100_000 + b": b\r\n\r\n--x--\r\n",
        b"",
        b"--x--",
    ],
    ids=range(10),
)
def test_bodies_that_are_cut_short_or_malformed(shared: Any, body: bytes) -> None:
    before = stored(shared)
    kind = {"content-type": "multipart/form-data; boundary=x"}
    answer = run(shared, lambda client: client.post(JOBS, content=body + b"", headers=kind, params={"PHASE": "RUN"}))
    assert 400 <= answer.status_code < 500, answer.text
    assert stored(shared) == before


def test_many_parts(shared: Any) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="BAND"\r\n\r\n1\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n1\r\n'
    kind = {"content-type": "multipart/form-data; boundary=x"}
    for body in (part * 10_001, file * 1000):
        answer = run(shared, lambda client, sent=body: client.post(JOBS, content=sent + b"--x--\r\n", headers=kind))
        assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")


def test_tables_of_a_job_that_is_pending(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        job = (await client.post(JOBS, data={"ID": "tan"})).headers["location"]
        file = {"table": ("t.csv", PLACES, "text/csv")}
        form = {"UPLOAD": "targets,param:table"}
        answer = await client.post(f"{job}/parameters", data=form, files=file)
        assert (answer.status_code, answer.headers["location"]) == (303, job)
        again = await client.post(f"{job}/parameters", data=form, files=file)
        assert (again.status_code, "same name" in again.text) == (400, True)
        start = await client.post(f"{job}/phase", data={"PHASE": "RUN"})
        assert (start.status_code, start.text[:19]) == (400, "UsageError: RADIUS:")
        await client.post(f"{job}/parameters", data={"RADIUS": "0.1"})
        assert (await client.post(f"{job}/phase", data={"PHASE": "RUN"})).status_code == 303
        assert (await client.get(f"{job}/phase")).text == "QUEUED"

    run(shared, steps)


def test_quotas_count_tables(tmp_path: Path) -> None:
    with job_app(tmp_path, jobs_size_per_user=1) as app:
        body = CSV + b"x,150,2,0.01\n" * 50_000
        assert send(app, body).status_code == 303
        answer = send(app, body)
        assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")
        assert len(list(app.services.jobs().results.jobs())) == 1


# Addresses.


def test_addresses_are_off_by_default(shared: Any) -> None:
    async def steps(client: httpx.AsyncClient) -> httpx.Response:
        return await client.post(JOBS, data=FORM | {"UPLOAD": "t,https://example.org/t.csv"})

    answer = run(shared, steps)
    assert (answer.status_code, answer.text[:19]) == (400, "UsageError: UPLOAD:")


PRIVATE = [
    "127.0.0.1", "127.1.2.3", "10.0.0.1", "172.16.5.4", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "192.0.2.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:7f00:1::1", "2001:db8::1",
    "fec0::1", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    assert not fetching.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "130.79.128.4", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert fetching.is_public(address)


@pytest.mark.parametrize(
    "address",
    [f"http://{f'[{one}]' if ':' in one else one}/t.csv" for one in PRIVATE if one != "fe80::1"]
    + [
        "http://localhost/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0/",
        "http://user@8.8.8.8/",
    ]
    + [
        "http://example.org:0/",
        "http:///x",
        "http://[::1/",
        "http://x:99999999/",
        "ftp://8.8.8.8/",
        "http://☃.invalid/",
    ],
)
def test_nothing_private_is_fetched(address: str, tmp_path: Path, monkeypatch) -> None:
    def never(*_: Any) -> None:
        pytest.fail("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", never)
    with pytest.raises(ParameterError, match="UPLOAD"):
        fetching.fetch(address, tmp_path / "t", 1000)


class Site(http.server.BaseHTTPRequestHandler):
    """Answers with a table, elsewhere, too much, or slowly."""

    def do_GET(self) -> None:
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1/secret")
            self.end_headers()
            return
        if self.path.startswith("/error"):
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/csv; charset=utf-8")
        self.end_headers()
        self.wfile.write(CSV * (10_000 if self.path.startswith("/large") else 1))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def site(monkeypatch) -> Iterator[str]:
    """A server of this machine that passes for a public one: the name leads there, and the address is called public."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    port = server.server_address[1]
    real = socket.getaddrinfo

    def found(host: str, *more: Any, **words: Any) -> Any:
        return real("127.0.0.1" if host == "tables.example" else host, *more, **words)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    monkeypatch.setattr(fetching, "is_public", lambda address: address == "127.0.0.1")
    yield f"http://tables.example:{port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_name_is_looked_up_once(site: str, tmp_path: Path, monkeypatch) -> None:
    """Else it might mean something else when it is connected to."""
    looked, asked = socket.getaddrinfo, []

    def counted(host: str, *more: Any, **words: Any) -> Any:
        asked.append(host)
        assert len(asked) == 1
        return looked(host, *more, **words)

    monkeypatch.setattr(socket, "getaddrinfo", counted)
    fetching.fetch(f"{site}/t.csv", tmp_path / "t", 1000)
    assert asked == ["tables.example"]


def test_a_table_is_fetched(site: str, tmp_path: Path) -> None:
    assert fetching.fetch(f"{site}/t.csv", tmp_path / "t", 1000) == "text/csv"
    assert (tmp_path / "t").read_bytes() == CSV


@pytest.mark.parametrize(
    ("path", "kind", "said"),
    [
        ("/elsewhere", ParameterError, "leads elsewhere"),
        ("/error", ParameterError, "answered with 500"),
        ("/large", LimitError, "more than"),
    ],
)
def test_tables_that_are_not_fetched(
    site: str, path: str, kind: type[ArmillaryError], said: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=said):
        fetching.fetch(site + path, tmp_path / "t", 1000)


def test_who_sends_too_slowly(site: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(fetching, "WHOLE_S", -1.0)
    with pytest.raises(UnavailableError, match="slowly"):
        fetching.fetch(f"{site}/t.csv", tmp_path / "t", 1000)


def test_nobody_is_there(site: str, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(UnavailableError, match="cannot be reached"):
            fetching.fetch(f"http://tables.example:{port}/", tmp_path / "t", 1000)


def test_a_name_with_one_private_address_is_refused(tmp_path: Path, monkeypatch) -> None:
    def found(*_: Any, **__: Any) -> Any:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("8.8.8.8", 80)), (*kind, ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    with pytest.raises(ParameterError, match="no host of that name"):
        fetching.fetch("http://both.example/", tmp_path / "t", 1000)


def test_a_job_of_a_table_at_an_address(site: str, tmp_path: Path) -> None:
    with job_app(tmp_path, upload_urls=True) as app:
        form = {"ID": "tan", "CIRCLE": CIRCLE, "UPLOAD": f"targets,{site}/t.csv", "PHASE": "RUN"}
        answer = run(app, lambda client: client.post(JOBS, data=form))
        assert answer.status_code == 303, answer.text
        assert bytes_of(app, answer.headers["location"]) == CSV
        bad = run(app, lambda client: client.post(JOBS, data=form | {"UPLOAD": f"t,{site}/elsewhere"}))
        assert bad.status_code == 400


def test_tables_lie_where_the_next_process_clears_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    taken: list[Path] = []

    def remembered(words: Any, source: Any, folder: Path) -> Any:
        taken.append(folder)
        return uploads.take_tables(words, source, folder)

    monkeypatch.setattr(submission, "take_tables", remembered)
    with job_app(tmp_path) as app:
        assert send(app, CSV).status_code == 303
        (folder,) = taken
        base = tmp_path / f"armillary-jobs-{os.getuid()}"
        assert folder.parent.parent == base
        assert not folder.exists()
    assert not base.exists()
