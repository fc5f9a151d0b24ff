"""The sample configuration of nginx, with real certificates of our own, in front of real workers."""

from __future__ import annotations

import contextlib
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest_server import sky_data, tan_header, write_image
from production_tools import Served, answers, end, free_port, layer, program, serving, until, write_configuration

ROOT = Path(__file__).resolve().parents[2]
TILE = "api/layers/sky/tiles/3/0/0"


def certificate(folder: Path) -> None:
    """A key and a certificate of our own."""
    openssl = program("openssl")
    name = folder / "certificates" / "maps.example.org"
    name.parent.mkdir()
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=maps.example.org", "-addext", "subjectAltName=DNS:maps.example.org",
         "-keyout", f"{name}.key", "-out", f"{name}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip


def sample(folder: Path, upstream: str, plain: int, secure: int) -> Path:
    """The sample with ports and places of the test."""
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    (folder / "mime.types").write_text("types { text/html html; }\n")
    temporary = "".join(
        f"    {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    for before, after in (
        ("worker_processes auto;", "worker_processes 2;"),
        ("worker_rlimit_nofile 65536;", f"error_log {folder}/error.log;"),
        ("worker_connections 8192;", "worker_connections 256;"),
        ("/var/run/nginx.pid", f"{folder}/nginx.pid"),
        ("http {\n", "http {\n" + temporary),
        ("server armillary:8000;", f"server {upstream};"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{secure} ssl http2;"),
    ):
        assert before in text
        text = text.replace(before, after)
    text, count = re.subn(r"\n *listen \[::\].*;", "", text)
    assert count == 2
    path = folder / "nginx.conf"
    path.write_text(text)
    return path


@contextlib.contextmanager
def nginx(folder: Path, upstream: str) -> Iterator[int]:
    """nginx with the sample; its port for HTTPS."""
    command = program("nginx")
    certificate(folder)
    secure = free_port()
    path = sample(folder, upstream, free_port(), secure)
    tested = subprocess.run([command, "-t", "-p", folder, "-c", path], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    process = subprocess.Popen([command, "-p", folder, "-c", path, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
    try:
        assert until(lambda: answers(secure))
        yield secure
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        end(process)


@dataclass
class Answer:
    """What curl got."""

    status: int
    protocol: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """The server as a browser reaches it."""

    served: Served
    port: int
    folder: Path

    def get(self, path: str, *options: str) -> Answer:
        head, body = self.folder / "head", self.folder / "body"
        for old in (head, body):
            old.unlink(missing_ok=True)
        name = "maps.example.org"
        subprocess.run(
            [program("curl"), "-sS", "--http2", "--path-as-is", "--max-time", "60", "--resolve",
             f"{name}:{self.port}:127.0.0.1", "--cacert", self.folder / "certificates" / f"{name}.crt",
             "-D", head, "-o", body, *options, f"https://{name}:{self.port}/{path}"],
            check=True, capture_output=True,
        )  # fmt: skip
        first, *lines = head.read_text().strip().splitlines()
        protocol, status = first.split()[:2]
        pairs = [line.partition(": ")[::2] for line in lines]
        found = {key.lower(): value for key, value in pairs}
        return Answer(int(status), protocol, found, body.read_bytes() if body.exists() else b"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    folder.parent.chmod(0o755)
    write_image(folder / "sky.fits", sky_data(), tan_header(200, 300))
    write_image(folder / "large.fits", sky_data(3, (2048, 2048)), tan_header(2048, 2048))
    path = write_configuration(
        folder / "h.json", layer("sky", "sky.fits"), layer("large", "large.fits", tile_size=1024)
    )
    options = ("--workers", "2", "--tile-size", "64", "--root-path", "/armillary", "--memory", "64")
    environment = {
        "ARMILLARY_ALLOWED_HOSTS": "maps.example.org",
        "ARMILLARY_TRUSTED_PROXIES": "127.0.0.1",
        "ARMILLARY_METRICS": "1",
    }
    with (
        serving(path, *options, environment=environment) as served,
        nginx(folder, f"127.0.0.1:{served.port}") as port,
    ):
        yield Site(served, port, folder)


def test_pages_come_by_http2_below_the_root_path(site: Site) -> None:
    page = site.get("armillary/")
    assert (page.status, page.protocol) == (200, "HTTP/2")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["strict-transport-security"]
    assert site.get("armillary").headers["location"].endswith("/armillary/")
    assert site.get("").headers["location"].endswith("/armillary/")
    assert site.get("armillary/healthz").status == 200


def test_tiles_are_the_files_pixels_in_every_coding(site: Site) -> None:
    plain = site.get(f"armillary/{TILE}.f32")
    pixels = np.frombuffer(plain.body, "<f4").reshape(64, 64)
    np.testing.assert_array_equal(pixels, sky_data()[::-1][:64, :64])
    assert "content-encoding" not in plain.headers
    packed = site.get(f"armillary/{TILE}.f32", "-H", "Accept-Encoding: gzip")
    assert packed.headers["content-encoding"] == "gzip"
    opened = site.get(f"armillary/{TILE}.f32", "--compressed")
    assert opened.headers["content-encoding"] in {"zstd", "gzip"}
    assert opened.body == plain.body


def test_tags_are_kept_and_understood(site: Site) -> None:
    first = site.get(f"armillary/{TILE}.q16", "-H", "Accept-Encoding: gzip")
    tag = first.headers["etag"]
    assert not tag.startswith("W/")
    again = site.get(f"armillary/{TILE}.q16", "-H", "Accept-Encoding: gzip", "-H", f"If-None-Match: {tag}")
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == tag
    version = tag.strip('"').split("-")[0]
    named = site.get(f"armillary/{TILE}.q16?v={version}")
    assert "immutable" in named.headers["cache-control"]
    assert site.get(f"armillary/{TILE}.q16?v=gone").status == 410


def test_large_tiles_come_whole(site: Site) -> None:
    size = int(site.get("armillary/api/layers/large").body.split(b'"tile_size":')[1].split(b",")[0])
    level = 1 if size == 1024 else 5
    whole = site.get(f"armillary/api/layers/large/tiles/{level}/0/0.f32")
    assert whole.status == 200
    assert len(whole.body) == size * size * 4 == int(whole.headers["content-length"])
    image = site.get("armillary/api/layers/large/image.png")
    assert image.body.startswith(b"\x89PNG")
    assert image.body.endswith(b"IEND\xaeB`\x82")


def test_head_has_the_headers_and_no_body(site: Site) -> None:
    head, get = site.get(f"armillary/{TILE}.f32", "--head"), site.get(f"armillary/{TILE}.f32")
    assert head.status == 200
    assert get.body not in head.body  # curl puts the headers there.
    assert head.headers["content-length"] == str(len(get.body))
    assert head.headers["etag"] == get.headers["etag"]


def test_a_part_of_a_tile_is_answered_by_the_whole(site: Site) -> None:
    """Tiles are not served in parts; whoever asks for one gets the whole and is told so (RFC 9110, 14.2)."""
    part = site.get(f"armillary/{TILE}.f32", "-H", "Range: bytes=0-9")
    assert part.status == 200
    assert len(part.body) == 64 * 64 * 4


def test_addresses_reach_the_server_as_they_were(site: Site) -> None:
    assert site.get("armillary/api/layers/no%2Fsuch").status == 404
    assert site.get("armillary/api/layers/%F0%9F%94%AD").status == 404
    assert site.get("armillary/../../etc/passwd").status in {302, 400, 404}
    assert site.get(f"armillary/{TILE}.png?cmap=" + "a" * 7000).status == 422
    assert site.get(f"armillary/{TILE}.png?cmap=" + "a" * 9000).status == 414


def test_metrics_are_not_for_the_world(site: Site) -> None:
    assert site.get("armillary/metrics").status == 404
    assert site.get("armillary/./metrics").status == 404
    assert site.get("armillary/%6Detrics").status == 404
    assert site.get("armillary/metrics", "-H", "X-Forwarded-For: 127.0.0.1").status == 404
    assert site.served.get("/armillary/metrics").status_code == 200


def test_all_workers_are_counted_together(site: Site) -> None:
    def counted() -> float:
        body = site.served.get("/armillary/metrics").text
        assert "armillary_workers 2.0" in body
        tiles = [line for line in body.splitlines() if line.startswith('armillary_sent_bytes_total{route="tiles"')]
        return float(tiles[0].split()[1])

    before = counted()
    for _ in range(20):
        assert site.get(f"armillary/{TILE}.f32").status == 200
    assert counted() - before == 20 * 64 * 64 * 4
