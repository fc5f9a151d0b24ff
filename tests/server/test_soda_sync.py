"""``/vo/soda/sync``: SODA 1.0 over HTTP, with astropy as the oracle."""

from __future__ import annotations

import asyncio
import io
import math
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from conftest_jobs import CIRCLE, as_form, job_app
from conftest_server import in_process
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from armillary.server import cutout_answers
from armillary.server.vo import soda
from armillary.vo.soda import NAMES

SYNC = "/vo/soda/sync"
LABELS = ("Error", "AuthenticationError", "AuthorizationError", "ServiceUnavailable", "UsageError", "MultiValuedParam")
Steps = Callable[[httpx.AsyncClient], Awaitable[Any]]


def run(tmp_path: Path, steps: Steps, **more: Any) -> Any:
    async def whole(app: Any) -> Any:
        async with in_process(app) as client:
            return await steps(client)

    with job_app(tmp_path, **more) as app:
        return asyncio.run(whole(app))


def ask(tmp_path: Path, *pairs: tuple[str, str], method: str = "GET", **more: Any) -> httpx.Response:
    async def steps(client: httpx.AsyncClient) -> httpx.Response:
        return await client.request(method, SYNC, params=httpx.QueryParams(list(pairs)), **more)

    return run(tmp_path, steps)


def inside(folder: Path, ra: float, dec: float, radius: float) -> np.ndarray:
    """Pixels of the file whose centres lie in a circle, NaN elsewhere, in their bounding box."""
    with fits.open(folder / "tan.fits") as units:
        pixels, wcs = units[0].data.copy(), WCS(units[0].header)
    rows, columns = np.indices(pixels.shape)
    from astropy.coordinates import SkyCoord

    there = wcs.pixel_to_world(columns, rows).separation(SkyCoord(ra, dec, unit="deg")).deg <= radius
    pixels[~there] = np.nan
    y, x = np.where(there)
    return pixels[y.min() : y.max() + 1, x.min() : x.max() + 1]


def test_pixels_are_those_of_the_file(tmp_path: Path) -> None:
    answer = ask(tmp_path, ("ID", "tan"), ("CIRCLE", CIRCLE))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fits"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-disposition"] == 'attachment; filename="tan-cutout.fits"'
    with fits.open(io.BytesIO(answer.content), checksum=True) as units:
        units.verify("exception")
        np.testing.assert_array_equal(units[0].data, inside(tmp_path / "sky", 150, 2, 0.01))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("CIRCLE", CIRCLE), ("POS", f"CIRCLE {CIRCLE}")),
        (("POLYGON", "149.99 1.99 150.01 1.99 150 2.01"), ("POS", "POLYGON 149.99 1.99 150.01 1.99 150 2.01")),
    ],
)
def test_shapes_give_the_same_pixels_as_pos(tmp_path: Path, one: tuple[str, str], other: tuple[str, str]) -> None:
    bodies = [ask(tmp_path, ("ID", "tan"), pair).content for pair in (one, other)]
    here, there = (fits.getdata(io.BytesIO(body)) for body in bodies)
    np.testing.assert_array_equal(here, there)
    assert np.isfinite(here).any()


def test_without_a_region_all_of_it_is_given(tmp_path: Path) -> None:
    answer = ask(tmp_path, ("ID", "tan"))
    found = fits.getdata(io.BytesIO(answer.content))
    np.testing.assert_array_equal(found, fits.getdata(tmp_path / "sky" / "tan.fits"))


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("pos", ["CIRCLE 10 20 0.1", "RANGE 200 201 -5 -4", "POLYGON 0 0 1 0 1 1"])
def test_nothing_inside_is_an_empty_204(tmp_path: Path, method: str, pos: str) -> None:
    answer = ask(tmp_path, ("ID", "tan"), ("POS", pos), method=method)
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-length" not in answer.headers


def test_posts_of_both_kinds(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient) -> list[httpx.Response]:
        form = {"id": "tan", "circle": CIRCLE}
        parts = {name: (None, value) for name, value in form.items()}
        return [
            await client.get(SYNC, params=form),
            await client.post(SYNC, data=form),
            await client.post(SYNC, files=parts),
            await client.post(SYNC, params={"ID": "tan"}, data={"CIRCLE": CIRCLE}),
        ]

    answers = run(tmp_path, steps)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1


@pytest.mark.parametrize("form", ["application/fits", "image/fits"])
def test_the_type_is_the_one_that_was_asked_for(tmp_path: Path, form: str) -> None:
    assert ask(tmp_path, ("ID", "tan"), ("RESPONSEFORMAT", form)).headers["content-type"] == form


ERRORS = [
    ([], 400, "UsageError: ID"),
    ([("CIRCLE", CIRCLE)], 400, "UsageError: ID"),
    ([("ID", "none")], 404, "UsageError: There is no observation"),
    ([("ID", "ivo://elsewhere/data?tan")], 404, "UsageError: "),
    ([("ID", "tan"), ("ID", "tan")], 400, "MultiValuedParamNotSupported: ID"),
    ([("ID", "tan"), ("CIRCLE", CIRCLE), ("CIRCLE", CIRCLE)], 400, "MultiValuedParamNotSupported: CIRCLE"),
    ([("ID", "tan"), ("POS", f"CIRCLE {CIRCLE}"), ("CIRCLE", CIRCLE)], 400, "MultiValuedParamNotSupported: CIRCLE"),
    ([("ID", "tan"), ("BAND", "1"), ("BAND", "2")], 400, "MultiValuedParamNotSupported: BAND"),
    ([("ID", "tan"), ("CIRCLE", "150 2 -1")], 400, "UsageError: CIRCLE"),
    ([("ID", "tan"), ("CIRCLE", "150 92 1")], 400, "UsageError: CIRCLE"),
    ([("ID", "tan"), ("CIRCLE", "NaN 2 1")], 400, "UsageError: CIRCLE"),
    ([("ID", "tan"), ("CIRCLE", "")], 400, "UsageError: CIRCLE"),
    ([("ID", "tan"), ("POLYGON", "0 0 1 1")], 400, "UsageError: POLYGON"),
    ([("ID", "tan"), ("POLYGON", "0 0 1 0 2 0")], 400, "UsageError: POLYGON"),
    ([("ID", "tan"), ("POLYGON", "0 0 2 2 2 0 0 2")], 400, "UsageError: POLYGON"),
    ([("ID", "tan"), ("RESPONSEFORMAT", "image/tiff")], 400, "UsageError: RESPONSEFORMAT"),
    ([("ID", "tan"), ("UPLOAD", "t,param:x")], 400, "UsageError: UPLOAD"),
]


@pytest.mark.parametrize(("pairs", "status", "begin"), ERRORS, ids=range(len(ERRORS)))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_errors_are_a_line_of_text(tmp_path: Path, pairs: list[tuple[str, str]], status: int, begin: str, method: str):
    answer = ask(tmp_path, *pairs, method=method)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text.startswith(begin)
    assert answer.text.count("\n") == 1
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_other_methods(tmp_path: Path, method: str) -> None:
    answer = ask(tmp_path, ("ID", "tan"), method=method)
    assert answer.status_code == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}


def test_a_filter_that_the_data_cannot_answer_is_not_ignored(tmp_path: Path) -> None:
    for pair in (("BAND", "1e-7 2e-7"), ("TIME", "50000 50001"), ("POL", "Q")):
        answer = ask(tmp_path, ("ID", "tan"), pair)
        assert answer.status_code in {204, 400}, (pair, answer.text)


def test_head_tells_the_length_and_sends_nothing(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient) -> tuple[httpx.Response, httpx.Response]:
        query = {"ID": "tan", "CIRCLE": CIRCLE}
        return await client.head(SYNC, params=query), await client.get(SYNC, params=query)

    head, whole = run(tmp_path, steps)
    assert head.content == b""
    for name in ("content-length", "etag", "content-type", "content-disposition", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]


def test_parts_and_tags(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        query = {"ID": "tan", "CIRCLE": CIRCLE}
        whole = await client.get(SYNC, params=query)
        tag, body = whole.headers["etag"], whole.content
        for asked, part in {
            "bytes=0-9": body[:10],
            "bytes=100-": body[100:],
            "bytes=-7": body[-7:],
            "bytes=10-999999999": body[10:],
            "bytes=-999999999": body,
        }.items():
            answer = await client.get(SYNC, params=query, headers={"range": asked})
            assert (answer.status_code, answer.content) == (206, part), asked
            start = len(body) - len(part) if not asked.startswith("bytes=0") else 0
            said = f"bytes {start}-{start + len(part) - 1}/{len(body)}"
            assert answer.headers["content-range"] == said
            assert answer.headers["content-length"] == str(len(part))
        for asked in ("bytes=5-2", "bytes=x", "lines=1-2", "bytes=0-1,4-5", "bytes=-", "bytes=1--2"):
            answer = await client.get(SYNC, params=query, headers={"range": asked})
            assert (answer.status_code, answer.content) == (200, body), asked
        for asked in (f"bytes={len(body)}-", "bytes=-0"):
            answer = await client.get(SYNC, params=query, headers={"range": asked})
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{len(body)}"
        stale = {"range": "bytes=0-9", "if-range": '"another"'}
        assert (await client.get(SYNC, params=query, headers=stale)).status_code == 200
        fresh = {"range": "bytes=0-9", "if-range": tag}
        assert (await client.get(SYNC, params=query, headers=fresh)).status_code == 206
        known = await client.get(SYNC, params=query, headers={"if-none-match": tag})
        assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
        other = await client.get(SYNC, params=query | {"CIRCLE": "150 2 0.011"}, headers={"if-none-match": tag})
        assert other.status_code == 200
        assert other.headers["etag"] != tag

    run(tmp_path, steps)


def test_tags_tell_all_that_is_asked_for_apart(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient) -> None:
        ring = ["150.01", "2.01", "149.99", "2.01"]
        long = " ".join([f"{149.99 + k / 5000:.4f} 1.99" for k in range(60)] + ["150.01 1.99", *ring])
        queries = [
            {"CIRCLE": CIRCLE},
            {"CIRCLE": "150 2 0.010000001"},
            {"POLYGON": long},
            {"POLYGON": long + " 149.985 2"},
            {"CIRCLE": CIRCLE, "RESPONSEFORMAT": "image/fits"},
            {},
        ]
        tags = [(await client.get(SYNC, params={"ID": "tan", **query})).headers["etag"] for query in queries]
        assert len(set(tags)) == len(queries)

    run(tmp_path, steps)


def test_large_ones_are_streamed_in_slots(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(soda, "SMALL_BYTES", 50_000)
    query = {"ID": "tan"}

    async def steps(client: httpx.AsyncClient) -> None:
        services = client._transport.app.services
        whole = await client.get(SYNC, params=query)
        assert whole.status_code == 200
        assert whole.headers["accept-ranges"] == "none"
        assert int(whole.headers["content-length"]) == len(whole.content)
        fits.open(io.BytesIO(whole.content))[0].verify("exception")
        assert services.cutouts_under_way == 0
        part = await client.get(SYNC, params=query, headers={"range": "bytes=0-9"})
        assert (part.status_code, part.content) == (200, whole.content)
        head = await client.head(SYNC, params=query)
        assert head.headers["content-length"] == whole.headers["content-length"]
        services.cutouts_under_way = services.settings.cutouts
        busy = await client.get(SYNC, params=query)
        assert (busy.status_code, busy.text[:19]) == (503, "ServiceUnavailable:")
        assert (await client.get(SYNC, params={"ID": "tan", "CIRCLE": CIRCLE})).status_code == 200

    run(tmp_path, steps)
    assert cutout_answers.SMALL_BYTES == 16 << 20


def test_more_pixels_than_allowed(tmp_path: Path) -> None:
    async def steps(client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(SYNC, params={"ID": "tan"})

    answer = run(tmp_path, steps, cutout_pixels=1000)
    assert answer.status_code == 413
    assert answer.text.startswith("UsageError: ")
    assert "1000" in answer.text or "1,000" in answer.text


def test_bodies_over_the_limit(tmp_path: Path) -> None:
    big = b"ID=tan&CIRCLE=" + b"1" * (9 << 20)
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = ask(tmp_path, method="POST", content=big, headers=kind)
    assert (answer.status_code, answer.text[:11]) == (413, "UsageError:")


def test_ten_thousand_repeated_parameters(tmp_path: Path) -> None:
    form = {"ID": "tan", "CIRCLE": [CIRCLE] * 9_998}
    assert ask(tmp_path, method="POST", data=form).text.startswith("MultiValuedParamNotSupported: CIRCLE")
    answer = ask(tmp_path, method="POST", data=form | {"CIRCLE": [CIRCLE] * 20_000})
    assert answer.status_code == 413


def test_a_polygon_of_a_hundred_thousand_corners(tmp_path: Path) -> None:
    turns = [2 * math.pi * k / 100_000 for k in range(100_000)]
    ring = " ".join(f"{150 + 0.01 * math.cos(turn):.9f} {2 + 0.01 * math.sin(turn):.9f}" for turn in turns)
    assert ask(tmp_path, method="POST", data={"ID": "tan", "POLYGON": ring}).status_code == 200
    answer = ask(tmp_path, method="POST", data={"ID": "tan", "POLYGON": f"{ring} 150 2"})
    assert answer.status_code == 413
    assert "at most 100000 corners" in answer.text
    answer = ask(tmp_path, method="POST", data={"ID": "tan", "POLYGON": " ".join(["149.98", "2", *ring.split()[2:]])})
    assert answer.status_code == 400
    assert answer.text.startswith("UsageError: POLYGON: ")


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("text/plain", b"ID=tan", 415),
        ("application/json", b'{"ID": "tan"}', 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=x", b"no boundary", 400),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="ID"\r\n\r\ntan', 400),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\ntan\r\n--x--\r\n", 400),
        ("application/x-www-form-urlencoded", b"ID=%ff", 400),
    ],
)
def test_bodies_that_cannot_be_read(tmp_path: Path, kind: str, body: bytes, status: int) -> None:
    answer = ask(tmp_path, method="POST", content=body, headers={"content-type": kind})
    assert answer.status_code == status, answer.text
    assert answer.text.startswith(LABELS)


TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["tan", "CIRCLE 150 2 0.01", CIRCLE, "RANGE -Inf Inf -Inf Inf", "1e-7 +Inf", "I", "fits", "NaN"]),
)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(pairs=st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), max_size=5))
def test_no_request_is_ever_a_failure_of_the_server(shared: Any, pairs: list[tuple[str, str]]) -> None:
    async def steps() -> None:
        async with in_process(shared) as client:
            for sent in ({"params": httpx.QueryParams(pairs)}, {"data": as_form(pairs)}):
                answer = await client.request("GET" if "params" in sent else "POST", SYNC, **sent)
                assert answer.status_code < 500, answer.text
                assert answer.status_code in {200, 204} or answer.text.startswith(LABELS)

    asyncio.run(steps())


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Any]:
    """One server for many requests."""
    with job_app(tmp_path_factory.mktemp("soda")) as app:
        yield app
