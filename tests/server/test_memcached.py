"""Memcached as it is in life: real, killed, restarted, full, slow, hostile."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from production_tools import end, free_port, memcached, start_memcached, until

from armillary.errors import ConfigurationError
from armillary.server.memcached import Memcached, make_shared_cache, server_address
from armillary.server.settings import Settings
from armillary.server.shared_cache import SharedCache
from armillary.testing.caches import CacheConformance

PATIENCE_S = 2.0  # Longer than any hiccup of a busy machine; tests that need a short one say so.


@contextlib.contextmanager
def connected(*ports: int, timeout_s: float = PATIENCE_S) -> Iterator[Memcached]:
    made = Memcached([("127.0.0.1", port) for port in ports], timeout_s)
    try:
        yield made
    finally:
        made.close()


class TestMemcached(CacheConformance):
    @pytest.fixture
    def cache(self) -> Iterator[SharedCache]:
        with memcached("-m", "100") as port, connected(port) as made:
            assert until(lambda: made.usable)
            yield made


class TestSeveralMemcached(CacheConformance):
    @pytest.fixture
    def cache(self) -> Iterator[SharedCache]:
        with memcached() as one, memcached() as two, connected(one, two) as made:
            assert until(lambda: made.usable)
            yield made


def kept(cache: Memcached, key: str, value: bytes) -> bool:
    cache.put(key, value)
    assert cache.settle(10)
    return cache.get(key) == value


def test_it_is_used_again_after_it_was_killed_and_started_anew(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("armillary"), "propagate", True)
    port = free_port()
    process = start_memcached(port)
    with connected(port) as cache, caplog.at_level(logging.WARNING):
        assert until(lambda: cache.usable)
        assert kept(cache, "key", b"value")
        end(process)
        assert [cache.get("key") for _ in range(50)] == [None] * 50
        cache.put("key", b"value")
        assert until(lambda: "does not answer" in caplog.text)
        process = start_memcached(port)
        try:
            assert until(lambda: cache.usable)
            assert cache.get("key") is None
            assert kept(cache, "key", b"new")
        finally:
            end(process)
    said = [record.message.removeprefix(f"memcached 127.0.0.1:{port} ") for record in caplog.records]
    assert [words.split(":")[0] for words in said] == ["does not answer", "answers again"]


def test_one_of_several_that_is_gone_leaves_the_others_in_use() -> None:
    with memcached() as one, connected(one, free_port()) as cache:
        assert until(lambda: any(server.usable for server in cache._servers))
        found = [kept(cache, f"key-{number}", b"value") for number in range(64)]
        assert 0 < sum(found) < 64


def test_a_full_one_forgets_and_fails_nobody() -> None:
    with memcached("-m", "1", "-I", "512k") as port, connected(port) as cache:
        assert until(lambda: cache.usable)
        value = bytes(range(256)) * 1000
        for number in range(50):
            cache.put(f"key-{number}", value)
        assert cache.settle(20)
        assert cache.usable
        assert {cache.get(f"key-{number}") for number in range(50)} <= {value, None}


def test_the_servers_own_limit_of_items_counts() -> None:
    with memcached("-I", "512k", "-m", "64") as port, connected(port) as cache:
        assert until(lambda: cache.usable)
        assert kept(cache, "small", bytes(400_000))
        assert not kept(cache, "large", bytes(600_000))
        assert cache.usable
    with memcached("-I", "4m", "-m", "64") as port, connected(port) as cache:
        assert until(lambda: cache.usable)
        assert kept(cache, "large", bytes(3 << 20))


class Impostor:
    """Something that listens and answers as it likes."""

    def __init__(self, answer: bytes, pause_s: float = 0.0) -> None:
        self._answer, self._pause_s = answer, pause_s
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.questions = 0
        self.honest = True
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            while data := connection.recv(4096):
                if data.startswith(b"stats") and self.honest:
                    connection.sendall(b"STAT item_size_max 1048576\r\nEND\r\n")
                    continue
                self.questions += 1
                for byte in self._answer:
                    connection.sendall(bytes([byte]))
                    if self._pause_s:
                        time.sleep(self._pause_s)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"VALUE key 0 99999999999\r\n",
        b"VALUE key 0 -5\r\nabc\r\nEND\r\n",
        b"VALUE key 0 3\r\nabcdefgh\r\nEND\r\n",
        b"VALUE key\r\n",
        b"\r\n" * 100,
        b"\0" * 100,
        b"SERVER_ERROR out of memory\r\n",
        b"ERROR\r\n",
        b"END",
    ],
    ids=["http", "endless", "negative", "longer", "short", "blank", "zeros", "server-error", "error", "unfinished"],
)
def test_what_poses_as_memcached_is_nothing(answer: bytes) -> None:
    impostor = Impostor(answer)
    with impostor.listener, connected(impostor.port, timeout_s=0.2) as cache:
        assert until(lambda: cache.usable)
        assert cache.get("key") in {None, b"abc"}
        assert cache.get("other") is None


def test_one_that_says_a_byte_at_a_time_is_asked_once() -> None:
    """Each byte comes well within the timeout; all of them would take a minute."""
    impostor = Impostor(b"VALUE key 0 600\r\n" + bytes(600) + b"\r\nEND\r\n", pause_s=0.1)
    with impostor.listener, connected(impostor.port, timeout_s=0.25) as cache:
        assert until(lambda: cache.usable)
        impostor.honest = False
        assert [cache.get("key") for _ in range(100)] == [None] * 100
        assert impostor.questions < 5


def test_nothing_listens() -> None:
    with connected(free_port()) as cache:
        cache.put("key", b"value")
        assert cache.settle(1)
        assert cache.get("key") is None


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("host:11212", ("host", 11212)),
        ("host", ("host", 11211)),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:5", ("::1", 5)),
        ("[::1]", ("::1", 11211)),
        ("/run/memcached.sock", "/run/memcached.sock"),
    ],
)
def test_addresses(text: str, place: object) -> None:
    assert server_address(text) == place


@pytest.mark.parametrize("text", ["", ":5", "host:", "host:x", "host:0", "host:70000", "::1", "host:٣"])
def test_what_is_no_address_is_refused_by_name(text: str) -> None:
    with pytest.raises(ConfigurationError, match="memcached: "):
        server_address(text)


def test_without_the_setting_there_is_none() -> None:
    assert make_shared_cache(Settings()) is None
