"""``armillary open`` as a user meets it: the ready line, the end, ports, tokens, crowds."""

from __future__ import annotations

import concurrent.futures
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import numpy as np
import pytest
from conftest_server import running, sky_data, tan_header, write_image


def tile(address: str) -> str:
    return address + "api/layers/tan/tiles/0/0/0.f32"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_one_line_answers_and_ends_when_told(folder: Path, number: signal.Signals) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with running(folder, "--auth", "none") as (process, address):
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
        assert httpx.get(tile(address), timeout=60).status_code == 200
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stdout.read() == ""
        said = process.stderr.read()
        assert "Traceback" not in said
        assert said == "armillary: bad.fits: not a FITS file: it does not begin with SIMPLE.\n"
    assert sorted(path.name for path in folder.iterdir()) == before


def test_it_ends_while_a_client_keeps_its_connection_open(folder: Path) -> None:
    with running(folder, "--auth", "none") as (process, address), httpx.Client(timeout=60) as client:
        assert client.get(tile(address)).status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_the_token_flow_with_a_browsers_habits(folder: Path) -> None:
    with running(folder) as (_, address), httpx.Client(follow_redirects=True, timeout=60) as browser:
        base = address.split("?")[0]
        assert len(address.split("?token=")[1]) >= 32
        assert httpx.get(base + "api/holdings").status_code == 401
        page = browser.get(address)
        assert page.status_code == 200
        assert "token" not in str(page.url)
        assert browser.get(base + "api/holdings").status_code == 200


def test_two_servers_have_two_tokens(folder: Path) -> None:
    with running(folder) as (_, one), running(folder) as (_, two):
        assert one.split("token=")[1] != two.split("token=")[1]


def test_a_taken_port_is_an_error_only_when_it_was_asked_for(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "armillary", "open", str(folder), "--no-browser", "--port", port]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        assert answer.returncode == 1
        assert answer.stdout == ""
        assert answer.stderr == (
            f"armillary: Port {port} is in use: choose another with --port, or any free one with --port 0.\n"
        )


def test_the_default_port_moves_on(monkeypatch) -> None:
    from armillary.server.run import listen

    with listen("127.0.0.1", 0, exactly=False) as first:
        port = first.getsockname()[1]
        with listen("127.0.0.1", port, exactly=False) as second:
            assert second.getsockname()[1] != port


def test_replaced_pixels_are_new_at_once(folder: Path) -> None:
    with running(folder, "--auth", "none", "--tile-size", "64") as (_, address), httpx.Client(timeout=60) as client:
        url = address + "api/layers/tan/tiles/3/0/0.f32"
        for seed in range(2, 8):
            data = sky_data(seed)
            write_image(folder / "tan.fits", data, tan_header(200, 300))
            version = client.get(address + "api/layers/tan").json()["version"]
            for wanted in (url, f"{url}?v={version}"):
                pixels = np.frombuffer(client.get(wanted).content, "<f4").reshape(64, 64)
                np.testing.assert_array_equal(pixels, data[::-1][:64, :64])


def test_a_file_made_shorter_in_place_does_not_kill_it(tmp_path: Path) -> None:
    big = write_image(tmp_path / "big.fits", sky_data(3, (3000, 3000)))
    with running(big, "--auth", "none") as (process, address), httpx.Client(timeout=60) as client:
        assert client.get(address + "api/layers/big/tiles/0/0/0.f32").status_code == 200
        os.truncate(big, 2880 * 4)
        levels = [f"{address}api/layers/big/tiles/{level}/0/0.f32" for level in range(4)]
        assert all(client.get(url).status_code in {200, 404, 410, 503} for url in levels)
        assert process.poll() is None
        assert client.get(address + "healthz").status_code == 200


def test_a_thousand_files_are_listed(tmp_path: Path) -> None:
    one = write_image(tmp_path / "map0.fits", np.ones((4, 4), np.float32)).read_bytes()
    for number in range(1, 1000):
        (tmp_path / f"map{number}.fits").write_bytes(one)
    with running(tmp_path, "--auth", "none") as (_, address):
        deadline = time.monotonic() + 60
        while (tree := httpx.get(address + "api/holdings", timeout=60).json())[
            "scanning"
        ] and time.monotonic() < deadline:
            time.sleep(0.05)
        names = [entry["name"] for entry in tree["map_groups"][0]["maps"]]
        assert names == [f"map{number}.fits" for number in range(1000)]
        assert httpx.get(address + "api/layers/map999/values?x=1&y=1", timeout=60).json()["value"] == 1.0


def test_crowds_and_clients_that_break_off_leave_it_answering(folder: Path) -> None:
    with running(folder, "--auth", "none", "--tile-size", "64") as (process, address):
        port = int(address.rstrip("/").rsplit(":", 1)[1])
        request = b"GET /api/layers/tan/tiles/3/%d/%d.png?vmin=%d&vmax=99 HTTP/1.1\r\nHost: localhost\r\n\r\n"

        def break_off(number: int) -> None:
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(request % (number % 5, number % 4, number % 90))
                if number % 3:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        with concurrent.futures.ThreadPoolExecutor(32) as crowd:
            list(crowd.map(break_off, range(3000)))
        for rubbish in (b"\x16\x03\x01\0\xff", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70000, b"\0" * 500):
            with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                connection.sendall(rubbish)
        for _ in range(100):
            answer = httpx.get(tile(address), timeout=60)
            if answer.status_code == 200:
                break
        assert answer.status_code == 200
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "Traceback" not in process.stderr.read()


def test_every_real_file_is_shown_or_explained(real_data: Path) -> None:
    paths = sorted(path for path in real_data.iterdir() if ".fits" in path.name)
    with running(*paths, "--auth", "none") as (_, address), httpx.Client(base_url=address, timeout=120) as client:
        while (tree := client.get("/api/holdings").json())["scanning"]:
            time.sleep(0.05)
        maps = [entry for group in tree["map_groups"] for entry in group["maps"]]
        explained = {problem["name"] for problem in tree["problems"]}
        assert {group["name"] for group in tree["source_groups"]} == {"gaia_data"}
        assert {entry["name"] for entry in maps} | explained | {"gaia_data.fits"} == {path.name for path in paths}
        for entry in maps:
            layer = entry["bands"][0]["layers"][0]["layer_id"]
            info = client.get(f"/api/layers/{layer}").json()
            answer = client.get(f"/api/layers/{layer}/tiles/0/0/0.png?v={info['version']}")
            assert answer.headers["content-type"] == "image/png"
