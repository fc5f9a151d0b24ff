from __future__ import annotations

import bz2
import gzip
import http.server
import os
import threading
from typing import ClassVar

import pytest

from armillary.storage import cache, remote
from armillary.storage.bzipped import Bzip2Source
from armillary.storage.gzipped import GzipSource
from armillary.storage.local import LocalSource
from armillary.storage.remote import HttpSource
from armillary.storage.source import open_source
from armillary.testing.sources import SourceConformance


class _FileSource(SourceConformance):
    suffix = ""
    kind: type

    def encode(self, content):
        return content

    def store(self, folder, content):
        path = folder / f"file{self.suffix}"
        path.write_bytes(self.encode(content))
        return path

    def open(self, place):
        source = open_source(place)
        assert isinstance(source, self.kind)
        return source


class TestLocal(_FileSource):
    kind = LocalSource


class TestGzip(_FileSource):
    suffix = ".gz"
    kind = GzipSource

    def encode(self, content):
        return gzip.compress(content, 1)


class TestGzipMembers(_FileSource):
    """Several members, zeros between and rubbish after them, under a name that says nothing."""

    kind = GzipSource

    def encode(self, content):
        return gzip.compress(content[:1000]) + bytes(700) + gzip.compress(content[1000:], 1) + b"rubbish"


class TestBzip2(_FileSource):
    suffix = ".bz2"
    kind = Bzip2Source

    def encode(self, content):
        return bz2.compress(content, 2)


class TestBzip2Streams(_FileSource):
    kind = Bzip2Source

    def encode(self, content):
        return bz2.compress(content[:1_500_000], 1) + bz2.compress(b"") + bz2.compress(content[1_500_000:])


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, bytes]] = {}
    ranges = True

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, *, body):
        content = self.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        wanted = self.headers.get("Range")
        part = content
        if wanted and self.ranges:
            first, last = wanted.removeprefix("bytes=").split("-")
            part = content[int(first) : int(last) + 1]
            if not part:
                self.send_error(416)
                return
            self.send_response(206)
            end = int(first) + len(part) - 1
            self.send_header("Content-Range", f"bytes {first}-{end}/{len(content)}")
        else:
            self.send_response(200)
        self.send_header("ETag", f'"{hash(content)}"')
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if body:
            self.wfile.write(part)

    def log_message(self, *args):
        pass


@pytest.fixture
def web():
    handler = type("Handler", (_Handler,), {"files": {}})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    handler.address = f"http://127.0.0.1:{server.server_port}"
    yield handler
    server.shutdown()
    server.server_close()
    thread.join()


class _WebSource(SourceConformance):
    @pytest.fixture(autouse=True)
    def _site(self, web, monkeypatch):
        self.web = web
        monkeypatch.setattr(remote, "VERSION_AGE_S", 0.0)

    def encode(self, content):
        return content

    def store(self, folder, content):
        self.web.files["/a%20map.fits"] = self.encode(content)
        return self.web.address + "/a%20map.fits"

    def open(self, place):
        return open_source(place)

    def remove(self, place):
        self.web.files.clear()


class TestHttp(_WebSource):
    def test_name(self, place):
        assert isinstance(self.open(place), HttpSource)
        assert self.open(place).name == "a map.fits"

    def test_reads_little(self, place, content):
        """Bytes near the end come without those before."""
        source = self.open(place)
        before = cache.decoded.nbytes
        source.read(len(content) - 10, 10)
        assert cache.decoded.nbytes - before <= 2 * remote.BLOCK_BYTES


class TestHttpGzip(_WebSource):
    def encode(self, content):
        return gzip.compress(content, 1)


class TestHttpWithoutRanges(_WebSource):
    @pytest.fixture(autouse=True)
    def _no_ranges(self, _site):
        self.web.ranges = False

    @pytest.mark.skip(reason="a file that is held whole is the one that was opened")
    def test_version_changes_with_the_bytes(self):
        pass

    @pytest.mark.skip(reason="a file that is held whole cannot vanish")
    def test_vanished(self):
        pass


def test_large_file_without_ranges_is_refused(web, monkeypatch):
    monkeypatch.setattr(remote, "MAX_WHOLE_BYTES", 1000)
    web.ranges = False
    web.files["/f"] = bytes(1001)
    from armillary.errors import UnsupportedFileError

    with pytest.raises(UnsupportedFileError, match="HTTP ranges"):
        open_source(web.address + "/f")


def test_server_that_is_not_there():
    from armillary.errors import UnreadableFileError

    with pytest.raises(UnreadableFileError, match="does not answer"):
        open_source("http://127.0.0.1:9/f.fits")


def test_thousand_sources_hold_no_descriptors(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"x" * 5000)
    before = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    sources = [open_source(path) for _ in range(1000)]
    for source in sources:
        assert source.read(0, 1) == b"x"
    after = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 0
    assert after <= before + 1
