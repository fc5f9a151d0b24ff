"""Objects by their names, against a Sesame of our own: what it says, and all that it may do wrong."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from conftest_server import in_process, make_app, sky_data, tan_header, write_image
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ConfigurationError, NotFoundError, ParameterError, UnavailableError
from armillary.server import resolver as module
from armillary.server.resolver import NameResolver, cleaned_name
from armillary.server.sesame import FoundObject, UnreadableAnswerError, read_answer

HEAD = """<?xml version="1.0" encoding="UTF-8" ?>
<Sesame xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation="sesame_4x.xsd">
<Target option="SNV">"""
FOOT = "</Target></Sesame>"
SIMBAD = """<Resolver name="S=Simbad (CDS, via client/server)"><!-- delay: 7ms -->
    <INFO>from cache</INFO>
    <otype>HII</otype>
    <jpos>05:35:17.3 -05:23:28</jpos>
    <jradeg>83.8221</jradeg>
    <jdedeg>-5.3911</jdedeg>
    <Vel><v>27.8</v></Vel>
    <oname>M  42</oname>
  </Resolver>"""
NED = '<Resolver name="N=NED"><jradeg>83.8</jradeg><jdedeg>-5.4</jdedeg><oname>ORION</oname></Resolver>'
NOTHING = '<Resolver name="{}"><INFO>*** Nothing found ***</INFO></Resolver>'
FAILED = '<Resolver name="{}"><ERROR>*** Could not connect ***</ERROR></Resolver>'
ORION = FoundObject("M 42", 83.8221, -5.3911, "SIMBAD", "HII")


def answer(*resolvers: str) -> bytes:
    return (HEAD + "<name>x</name>" + "".join(resolvers) + FOOT).encode()


class FakeSesame:
    """A server that answers as ``plan`` says for each name, and counts who asked."""

    def __init__(self) -> None:
        self.plan: dict[str, Callable[[Any], None]] = {}
        self.asked: list[str] = []
        self.release = threading.Event()
        self.strangers = 0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/stranger"):
                    fake.strangers += 1
                path, _, query = self.path.partition("?")
                name = urllib.parse.unquote(query)
                fake.asked.append(f"{path}?{query}")
                with contextlib.suppress(OSError):
                    fake.plan.get(name, send(answer(NOTHING.format("S=Simbad"))))(self)

            def log_message(self, *_said: Any) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/sesame"


def send(body: bytes, status: int = 200, **headers: str) -> Callable[[Any], None]:
    def handle(handler: Any) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return handle


@pytest.fixture
def sesame(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSesame]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    fake = FakeSesame()
    thread = threading.Thread(target=fake.server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        fake.release.set()
        fake.server.shutdown()
        fake.server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (answer(SIMBAD), ORION),
        (answer(SIMBAD, NED), ORION),
        (answer(NOTHING.format("S=Simbad"), NED), FoundObject("ORION", 83.8, -5.4, "NED", None)),
        (answer(FAILED.format("S=Simbad"), NED), FoundObject("ORION", 83.8, -5.4, "NED", None)),
        (answer(NOTHING.format("S=Simbad"), FAILED.format("N=NED")), None),
        (answer(), None),
        (answer(SIMBAD.replace("83.8221", "nan"), NED), FoundObject("ORION", 83.8, -5.4, "NED", None)),
        (answer(SIMBAD.replace("-5.3911", "-95")), None),
        (answer(SIMBAD.replace("83.8221", "-10")), FoundObject("M 42", 350.0, -5.3911, "SIMBAD", "HII")),
        (answer(SIMBAD.replace("<oname>M  42</oname>", "")), FoundObject("m42", 83.8221, -5.3911, "SIMBAD", "HII")),
        (answer(SIMBAD.replace("S=Simbad", "Vc=VizieR")), FoundObject("M 42", 83.8221, -5.3911, "VizieR", "HII")),
    ],
    ids=["simbad", "first", "ned", "ned-alone", "nothing", "empty", "nan", "dec", "wrapped", "nameless", "vizier"],
)
def test_answers_are_read(body: bytes, found: FoundObject | None) -> None:
    assert read_answer(body, "m42") == found


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE Sesame [<!ENTITY a "%s">]><Sesame>&a;</Sesame>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no xml",
        b"<html><body>down for repair</body></html>",
        answer(SIMBAD)[:-20],
        ENTITIES % b"bomb",
        ENTITIES.replace(b'"%s"', b"SYSTEM 'file:///etc/passwd'"),
        answer(FAILED.format("S=Simbad"), FAILED.format("N=NED")),
        b'<?xml version="1.0" encoding="no-such"?><Sesame/>',
    ],
    ids=["empty", "text", "html", "cut", "entity", "external", "failed", "encoding"],
)
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_answer(body, "m42")


@given(st.binary(max_size=400), st.integers(0, 800))
def test_a_damaged_answer_is_read_or_refused(noise: bytes, place: int) -> None:
    whole = answer(SIMBAD, NED)
    with contextlib.suppress(UnreadableAnswerError):
        found = read_answer(whole[:place] + noise + whole[place + len(noise) :], "m42")
        assert found is None or (0 <= found.ra_deg < 360 and abs(found.dec_deg) <= 90 and found.name.isprintable())


@given(st.text(max_size=150))
def test_names_are_one_line_of_text_or_refused(name: str) -> None:
    with contextlib.suppress(ParameterError):
        cleaned = cleaned_name(name)
        assert 0 < len(cleaned) <= 100
        assert cleaned.isprintable()
        assert cleaned.split() == name.split()


def test_a_name_is_asked_once_and_escaped(sesame: FakeSesame) -> None:
    name = "a/b?c&d #é +1"
    sesame.plan[name] = send(answer(SIMBAD))
    names = NameResolver(sesame.address + "/")
    assert names.resolve(name) == names.resolve(name) == ORION
    assert sesame.asked == ["/sesame/-ox/SNV?a%2Fb%3Fc%26d%20%23%C3%A9%20%2B1"]


def test_what_nobody_knows_is_kept_for_a_while(sesame: FakeSesame) -> None:
    now = [0.0]
    names = NameResolver(sesame.address, clock=lambda: now[0])
    for _ in range(3):
        with pytest.raises(NotFoundError) as told:
            names.resolve("Nowhere")
        assert told.value.detail["code"] == "name_unknown"
        assert "'Nowhere'" in told.value.message
    assert len(sesame.asked) == 1
    now[0] = module.UNKNOWN_SECONDS + 1
    sesame.plan["Nowhere"] = send(answer(SIMBAD))
    assert names.resolve("Nowhere") == ORION


def test_the_memory_is_bounded(sesame: FakeSesame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT_NAMES", 3)
    names = NameResolver(sesame.address)
    for number in range(6):
        sesame.plan[f"x{number}"] = send(answer(SIMBAD))
        names.resolve(f"x{number}")
    assert list(names._kept) == ["x3", "x4", "x5"]


def hang(fake: FakeSesame) -> Callable[[Any], None]:
    return lambda _handler: fake.release.wait(30) and None


def trickle(handler: Any) -> None:
    handler.send_response(200)
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b" ")
        handler.wfile.flush()


def faults(fake: FakeSesame) -> dict[str, Callable[[Any], None]]:
    stranger = fake.address.replace("/sesame", "/stranger")
    return {
        "huge": send(answer(SIMBAD) + b" " * (module.LARGEST_ANSWER_BYTES + 1)),
        "garbage": send(b"\x00\xff" * 500),
        "redirected": send(b"", 302, Location=stranger),
        "redirected for ever": send(b"", 308, Location="http://169.254.169.254/latest"),
        "file": send(b"", 301, Location="file:///etc/passwd"),
        "failure": send(b"broken", 500),
        "missing": send(answer(SIMBAD), 404),
        "hanging": hang(fake),
        "cut": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort"),
        "no http": lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH\r\n"),
        "trickle": trickle,
    }


FAULTS = ["huge", "garbage", "redirected", "redirected for ever", "file", "failure", "missing", "hanging", "cut"]


@pytest.mark.parametrize("fault", [*FAULTS, "no http", "trickle"])
def test_a_service_out_of_order_is_told_in_words(
    sesame: FakeSesame, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.2)
    sesame.plan["M 42"] = faults(sesame)[fault]
    ticks = iter(range(10_000))
    names = NameResolver(sesame.address, clock=lambda: next(ticks) * 0.5)
    with pytest.raises(UnavailableError) as told:
        names.resolve("M 42")
    assert told.value.detail["code"] == "resolver_unreachable"
    assert sesame.strangers == 0


def test_who_does_not_answer_is_left_alone_for_a_moment(sesame: FakeSesame) -> None:
    now = [0.0]
    sesame.plan["M 42"] = send(b"", 500)
    names = NameResolver(sesame.address, clock=lambda: now[0])
    for _ in range(4):
        with pytest.raises(UnavailableError):
            names.resolve("M 42")
    assert len(sesame.asked) == 1
    now[0] = module.SILENT_SECONDS
    sesame.plan["M 42"] = send(answer(SIMBAD))
    assert names.resolve("M 42") == ORION


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "cds.unistra.fr", "https://", "ftp://x/y", "http://x:99999/", "https://x/?a=1"]
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigurationError, match="name_resolver"):
        NameResolver(address)


def ask_app(folder: Path, queries: list[str], **settings: Any) -> list[httpx.Response]:
    write_image(folder / "tan.fits", sky_data(), tan_header(200, 300))
    app = make_app(folder, **settings)

    async def run() -> list[httpx.Response]:
        async with in_process(app) as client:
            return list(await asyncio.gather(*(client.get(query) for query in queries)))

    return asyncio.run(run())


def test_the_route_answers(sesame: FakeSesame, tmp_path: Path) -> None:
    sesame.plan["M 42"] = send(answer(SIMBAD))
    queries = ["/api/resolve?name=M%2042", "/api/resolve?name=++M+42++", "/api/resolve?name=Nowhere", "/api/session"]
    found, same, unknown, session = ask_app(tmp_path, queries, name_resolver=sesame.address)
    expected = {"name": "M 42", "ra": 83.8221, "dec": -5.3911, "found_by": "SIMBAD", "type": "HII"}
    assert found.json() == same.json() == expected
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "name_unknown")
    assert session.json()["resolver"] is True
    # Those who ask for the same at once share one question.
    assert len(sesame.asked) == 2


@pytest.mark.parametrize("query", ["", "?name=", "?name=+++", "?name=" + "x" * 101, "?name=a%00b", "?name=%E2%80%AE"])
def test_names_that_are_none_are_refused(tmp_path: Path, query: str) -> None:
    (told,) = ask_app(tmp_path, [f"/api/resolve{query}"])
    assert (told.status_code, told.json()["error"]["code"]) == (422, "parameter")
    assert told.json()["error"]["detail"]["parameter"] == "name"


def test_a_server_without_a_resolver_says_so(tmp_path: Path) -> None:
    told, session = ask_app(tmp_path, ["/api/resolve?name=M+42", "/api/session"], name_resolver="")
    assert (told.status_code, told.json()["error"]["code"]) == (503, "resolver_unreachable")
    assert "name_resolver" in told.json()["error"]["message"]
    assert session.json()["resolver"] is False


def test_only_a_few_ask_at_once_and_the_others_are_told(
    sesame: FakeSesame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from armillary.server import names as routes

    monkeypatch.setattr(routes, "WHOLE_TIMEOUT_S", -1.8)
    queries = [f"/api/resolve?name=slow{number}" for number in range(60)]
    sesame.plan = {f"slow{number}": hang(sesame) for number in range(60)}
    told = ask_app(tmp_path, queries, name_resolver=sesame.address)
    assert {answer.status_code for answer in told} == {503}
    assert {answer.json()["error"]["code"] for answer in told} == {"resolver_unreachable", "unavailable"}
    assert len(sesame.asked) <= 4
