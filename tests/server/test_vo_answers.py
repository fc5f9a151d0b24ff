"""What all services of the Virtual Observatory share: forms, texts of errors, addresses, media types, caching."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_server import in_process
from conftest_vo import Service, is_told, statuses, table_rows, write_archive
from conftest_xsd import children, valid
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

CONE = (("RA", "150"), ("DEC", "2"), ("SR", "0.05"))
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


def found(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in table_rows(answer.content)]


def test_a_form_may_come_in_every_way(vo: Service) -> None:
    whole = found(vo.get("scs/stars", *CONE))
    assert whole
    path = "/vo/scs/stars"
    fields = dict(CONE)
    small = {name.lower(): value for name, value in fields.items()}
    ways = {
        "other case": vo.get("scs/stars", *small.items()),
        "urlencoded": vo.ask(path, "POST", data=fields),
        "multipart": vo.ask(path, "POST", files={name: (None, value) for name, value in fields.items()}),
        "partly in the address": vo.ask(f"{path}?RA=150", "POST", data={"DEC": "2", "SR": "0.05"}),
        "multipart with a file": vo.ask(path, "POST", data=fields, files={"f": ("a.bin", b"\0" * 5000)}),
        "an empty body": vo.ask(f"{path}?RA=150&DEC=2&SR=0.05", "POST"),
        "charset said": vo.ask(
            path,
            "POST",
            content=b"RA=150&DEC=2&SR=0.05",
            headers={"content-type": f"{URLENCODED['content-type']}; charset=UTF-8"},
        ),
        "unknown names": vo.get("scs/stars", *CONE, ("SESSION", "x"), ("RA2", "7")),
    }
    assert {name: found(answer) for name, answer in ways.items()} == dict.fromkeys(ways, whole)


def test_a_repeated_parameter_is_an_error_wherever_its_values_come_from(vo: Service) -> None:
    for answer in (
        vo.get("scs/stars", *CONE, ("ra", "151")),
        vo.ask("/vo/scs/stars?RA=150&DEC=2&SR=1", "POST", data={"SR": "2"}),
    ):
        assert statuses(answer.content) == ["ERROR"]
    twice = ("RESPONSEFORMAT", "votable"), ("responseformat", "votable")
    is_told(vo.get("datalink/links", *twice), 400, "MultiValuedParamNotSupported")


def links(vo: Service, content: bytes, headers: dict[str, str], **more: Any) -> httpx.Response:
    return vo.ask("/vo/datalink/links", "POST", content=content, headers=headers, **more)


def test_too_many_parameters_are_refused(vo: Service) -> None:
    body = b"&".join(b"X=%d" % k for k in range(10_001))
    assert "10000" in is_told(links(vo, body, URLENCODED), 413, "UsageError")
    parts = {f"X{k}": (None, "1") for k in range(10_001)}
    assert "10000" in is_told(vo.ask("/vo/datalink/links", "POST", files=parts), 413, "UsageError")
    query = "&".join("a" for _ in range(4000))
    assert vo.ask(f"/vo/datalink/links?{query}").status_code == 200
    files = [("f", (f"{k}", b"x")) for k in range(100)]
    assert "64 files" in is_told(vo.ask("/vo/datalink/links", "POST", files=files), 413, "UsageError")


def test_bodies_over_the_limit_are_refused_as_they_come(vo_folder: Path, tmp_path: Path) -> None:
    small = Service(vo_folder, tmp_path, upload_size=1)
    sent = 0

    def endless(boundary: str = ""):
        nonlocal sent
        if boundary:
            yield f'--{boundary}\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'.encode()
        while sent < 100 << 20:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    async def aendless(boundary: str = ""):
        for part in endless(boundary):
            yield part

    try:
        answer = links(small, aendless(), URLENCODED)
        assert "1 MiB" in is_told(answer, 413, "UsageError")
        assert sent <= 2 << 20
        sent = 0
        kind = {"content-type": "multipart/form-data; boundary=b"}
        answer = links(small, aendless("b"), kind)
        assert "1 MiB" in is_told(answer, 413, "UsageError")
        assert sent <= 2 << 20
    finally:
        small.close()


@pytest.mark.parametrize("kind", [URLENCODED["content-type"], "multipart/form-data; boundary=b"])
def test_a_client_that_goes_away_while_it_sends_is_no_failure(vo: Service, kind: str, caplog) -> None:
    parts = [{"type": "http.request", "body": b"--b\r\n", "more_body": True}, {"type": "http.disconnect"}]
    sent = []

    async def receive() -> dict[str, Any]:
        return parts.pop(0) if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    path = "/vo/datalink/links"
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "http", "headers": [(b"host", b"127.0.0.1:8000"), (b"content-type", kind.encode())],
        "client": ("127.0.0.1", 9), "server": ("127.0.0.1", 8000), "http_version": "1.1",
    }  # fmt: skip
    asyncio.run(vo.app(scope, receive, send))
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [499]
    assert "unexpected" not in caplog.text


BROKEN = [
    (b"<a/>", {"content-type": "text/xml"}, 415),
    (b"{}", {"content-type": "application/json"}, 415),
    (b"ID=x", {}, 415),
    (b"ID=%FF%FE", URLENCODED, 400),
    (b"\xff\xfe=x", URLENCODED, 400),
    (b"nothing like it", {"content-type": "multipart/form-data; boundary=b"}, 400),
    (
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
        {"content-type": "multipart/form-data; boundary=b"},
        400,
    ),
    (b"--b\r\nx", {"content-type": "multipart/form-data; boundary=b"}, 400),
    (b"x", {"content-type": "multipart/form-data"}, 400),
    (b"x", {"content-type": "multipart/form-data; boundary="}, 400),
]


@pytest.mark.parametrize("number", range(len(BROKEN)))
def test_bodies_that_cannot_be_read_are_refused(vo: Service, number: int) -> None:
    body, headers, status = BROKEN[number]
    is_told(links(vo, body, headers), status, "UsageError")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from(["b", "a b", '"', "é"]))
def test_no_multipart_body_breaks_the_server(vo: Service, body: bytes, boundary: str) -> None:
    kind = f"multipart/form-data; boundary={boundary}".encode("latin-1")
    for content in (
        body,
        b"--b\r\n" + body,
        b'--b\r\nContent-Disposition: form-data; name="ID"\r\n\r\n' + body + b"\r\n--b--",
    ):
        answer = vo.ask("/vo/datalink/links", "POST", content=content, headers={b"content-type": kind})
        assert answer.status_code < 500, answer.text


def test_files_of_a_form_do_not_stay(vo: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    from starlette import formparsers

    made = []
    real = formparsers.SpooledTemporaryFile
    monkeypatch.setattr(formparsers, "SpooledTemporaryFile", lambda *a, **k: made.append(real(*a, **k)) or made[-1])
    answer = vo.ask("/vo/datalink/links", "POST", files={"f": ("f", b"x" * (3 << 20))})
    assert answer.status_code == 200
    assert made
    assert all(file.closed for file in made)


FORMATS = {
    "votable": "application/x-votable+xml",
    "VOTable": "application/x-votable+xml",
    "application/x-votable+xml": "application/x-votable+xml",
    "Application/X-VOTable+XML": "application/x-votable+xml",
    "application/x-votable+xml; serialization=tabledata": "application/x-votable+xml;serialization=TABLEDATA",
    "text/xml": "text/xml",
    "application/xml": "application/xml",
}
UNKNOWN = ("csv", "text/html", "", "application/x-votable+xml;serialization=BINARY2", "votable ; x", "é" * 500)


@pytest.mark.parametrize(("asked", "named"), FORMATS.items())
def test_the_media_type_is_the_one_asked_for(vo: Service, asked: str, named: str) -> None:
    assert vo.get("scs/stars", *CONE, ("RESPONSEFORMAT", asked)).headers["content-type"] == named


@pytest.mark.parametrize("asked", UNKNOWN)
def test_other_media_types_are_refused(vo: Service, asked: str) -> None:
    assert "RESPONSEFORMAT" in is_told(vo.get("datalink/links", ("RESPONSEFORMAT", asked)), 400, "UsageError")


def accessed(answer: httpx.Response) -> set[str]:
    """Addresses in a document of capabilities."""
    found = valid(answer.content).iter("accessURL")
    return {element.text for element in found}


@pytest.mark.parametrize(
    ("words", "base", "headers", "begin"),
    [
        ({}, "http://127.0.0.1:8000", {}, "http://127.0.0.1:8000/vo/"),
        ({}, "http://localhost:1234", {}, "http://localhost:1234/vo/"),
        ({"root_path": "/sky"}, "http://127.0.0.1:8000", {}, "http://127.0.0.1:8000/sky/vo/"),
        (
            {"public_url": "https://maps.example/armillary"},
            "http://127.0.0.1:8000",
            {},
            "https://maps.example/armillary/vo/",
        ),
        (
            {"trusted_proxies": ("127.0.0.1",)},
            "http://127.0.0.1",
            {"x-forwarded-proto": "https"},
            "https://127.0.0.1/vo/",
        ),
        ({}, "http://127.0.0.1", {"x-forwarded-proto": "https"}, "http://127.0.0.1/vo/"),
        ({"allowed_hosts": ("[::1]",)}, "http://[::1]:9", {}, "http://[::1]:9/vo/"),
    ],
)
def test_addresses_are_those_that_the_client_uses(
    vo_folder: Path, tmp_path: Path, words: dict[str, Any], base: str, headers: dict[str, str], begin: str
) -> None:
    made = Service(vo_folder, tmp_path, **words)
    root = words.get("root_path", "")
    try:
        answer = made.ask(f"{root}/vo/capabilities", base=base, headers=headers)
        assert all(address.startswith(begin) for address in accessed(answer)), accessed(answer)
        rows = table_rows(made.ask(f"{root}/vo/datalink/links?ID=tan", base=base, headers=headers).content)
        for row in rows:
            if row["access_url"]:
                assert row["access_url"].startswith(begin.removesuffix("vo/")), row
    finally:
        made.close()


@pytest.mark.parametrize("host", ["", "a b", "x<y>", 'a"b', "h/p", "user@host", "h:999999", "ü"])
def test_a_host_that_is_none_is_refused(vo_folder: Path, tmp_path: Path, host: str) -> None:
    made = Service(vo_folder, tmp_path, host="0.0.0.0")
    try:
        answer = made.ask("/vo/capabilities", headers=[(b"host", host.encode("latin-1"))])
        is_told(answer, 400, "UsageError")
    finally:
        made.close()


def test_what_is_not_there_is_told_as_text(vo: Service) -> None:
    for path in ("/vo/", "/vo/none", "/vo/scs/none?RA=1&DEC=2&SR=3", "/vo/tables/none", "/vo/scs/none/capabilities"):
        is_told(vo.ask(path), 404, "UsageError")
    assert vo.ask("/vo").status_code == 404
    assert vo.ask("/volume").headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "PROPFIND"])
def test_other_methods_are_told_as_text(vo: Service, method: str) -> None:
    for path, allowed in {
        "capabilities": {"GET"},
        "scs/stars": {"GET", "POST"},
        "datalink/links": {"GET", "POST"},
    }.items():
        answer = vo.ask(f"/vo/{path}", method)
        is_told(answer, 405, "UsageError")
        assert {word.strip() for word in answer.headers["allow"].split(",")} >= allowed


def test_what_nobody_expected_is_told_by_a_reference(vo_folder: Path, tmp_path: Path, monkeypatch, caplog) -> None:
    made = Service(vo_folder, tmp_path)

    def broken(*_: Any) -> None:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(made.inner.services.holdings, "source_groups", broken)
    try:
        said = is_told(made.ask("/vo/tables"), 500, "Error")
    finally:
        made.close()
    assert "secret" not in said
    reference = re.search(r"reference (\w+)", said)[1]
    assert reference in caplog.text


def test_answers_are_kept_by_nobody(vo: Service) -> None:
    for path in ("capabilities", "availability", "tables", "scs/stars?RA=1&DEC=2&SR=0", "datalink/links"):
        answer = vo.ask(f"/vo/{path}")
        assert answer.headers["cache-control"] == "private, no-store"
        assert "Accept-Encoding" in answer.headers["vary"]


def test_head_is_get_without_its_body(vo: Service) -> None:
    for path in ("capabilities", "tables", "scs/stars?RA=150&DEC=2&SR=1", "datalink/links?ID=tan"):
        get, head = vo.ask(f"/vo/{path}"), vo.ask(f"/vo/{path}", "HEAD")
        assert head.content == b""
        assert {**head.headers, "date": ""} == {**get.headers, "date": ""}


def test_a_large_answer_is_sent_as_it_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "sky"
    folder.mkdir()
    write_archive(folder)
    count = 40_000
    lines = "\n".join(f"{k % 360},{(k % 179) - 89},{k},a text that makes the row longer" for k in range(count))
    (folder / "many.csv").write_text(f"ra,dec,number,note\n{lines}\n")
    made = Service(folder, tmp_path, vo_rows=100_000)
    try:
        answer = made.ask("/vo/scs/many?RA=0&DEC=0&SR=180")
        rows = table_rows(answer.content)
        assert [int(row["number"]) for row in rows] == list(range(count))
        assert statuses(answer.content) == ["OK"]
        assert "content-length" not in answer.headers
        assert answer.headers["content-type"] == "application/x-votable+xml"
        head = made.ask("/vo/scs/many?RA=0&DEC=0&SR=180", "HEAD")
        assert head.status_code == 200
        assert head.content == b""
        assert "content-length" not in head.headers
        for most in (0, 1, 39_999, 40_000, 10**9):
            shown = made.ask(f"/vo/scs/many?RA=0&DEC=0&SR=180&MAXREC={most}")
            assert len(table_rows(shown.content)) == min(most, count)
            assert statuses(shown.content) == ["OK", *(["OVERFLOW"] if most < count else [])]
    finally:
        made.close()


def test_a_file_that_changes_on_the_way_is_told_in_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows beyond the first MiB are read while they are sent: status 200 is out by then."""
    from armillary.catalogs.catalog import Catalog
    from armillary.errors import VersionGoneError

    folder = tmp_path / "sky"
    folder.mkdir()
    lines = "\n".join(f"{k % 360},{(k % 179) - 89},a text that makes the row longer" for k in range(60_000))
    (folder / "many.csv").write_text(f"ra,dec,note\n{lines}\n")
    made = Service(folder, tmp_path, vo_rows=100_000)
    real, asked = Catalog.take, []

    def take(self, fields, rows):
        asked.append(len(rows))
        if len(asked) > 1:
            raise VersionGoneError("many.csv: changed on the way.")
        return real(self, fields, rows)

    monkeypatch.setattr(Catalog, "take", take)
    try:
        answer = made.ask("/vo/scs/many?RA=0&DEC=0&SR=180")
    finally:
        made.close()
    assert statuses(answer.content) == ["OK", "ERROR"]
    (last,) = [one for one in children(valid(answer.content), "RESOURCE/INFO") if one.get("value") == "ERROR"]
    assert last.text == "many.csv: changed on the way."
    assert 0 < len(table_rows(answer.content)) <= 20_000


def test_pages_of_allowed_origins_may_ask(vo_folder: Path, tmp_path: Path) -> None:
    made = Service(vo_folder, tmp_path, cors_origins=("https://page.example",))
    try:
        origin = {"origin": "https://page.example"}
        answer = made.ask("/vo/capabilities", headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://page.example"
        preflight = origin | {
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization",
        }
        answer = made.ask("/vo/soda/async", "OPTIONS", headers=preflight)
        assert answer.status_code == 200
        assert "POST" in answer.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in answer.headers
        # Nobody's session stands behind it: it may do what its visitor could do alone, and pages of others may not.
        cross = {"sec-fetch-site": "cross-site"}
        assert made.ask("/vo/soda/async", "POST", headers=origin | cross).status_code == 303
        refused = made.ask("/vo/soda/async", "POST", headers=cross | {"origin": "https://other.example"})
        is_told(refused, 403, "AuthorizationError")
    finally:
        made.close()


def test_many_at_once(vo: Service) -> None:
    async def all_at_once() -> list[int]:
        async with in_process(vo.app) as client:
            paths = ["/vo/capabilities", "/vo/tables", "/vo/scs/stars?RA=150&DEC=2&SR=1", "/vo/datalink/links?ID=tan"]
            answers = await asyncio.gather(*(client.get(path) for path in paths * 8))
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(all_at_once())) == {200}
