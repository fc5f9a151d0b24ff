"""Connections of a socket that several processes share."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from armillary.server.accepting import Acceptor, Connections

CROWD = 24


class Greeter(asyncio.Protocol):
    """Says its name and counts itself."""

    def __init__(self, name: bytes, connections: Connections) -> None:
        self._name, self._connections = name, connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        transport.write(self._name)

    def connection_lost(self, _error: Exception | None) -> None:
        self._connections.discard(self)


async def greetings(listener: socket.socket, crowd: int) -> list[bytes]:
    """What so many callers at once are told, and by whom."""

    async def call() -> bytes:
        _, writer = pair = await asyncio.open_connection(*listener.getsockname())
        open_ones.append(writer)
        return await pair[0].read(1)

    open_ones: list[asyncio.StreamWriter] = []
    try:
        return await asyncio.wait_for(asyncio.gather(*(call() for _ in range(crowd))), 30)
    finally:
        for writer in open_ones:
            writer.close()
            await writer.wait_closed()


def listening() -> socket.socket:
    made = socket.create_server(("127.0.0.1", 0), backlog=128)
    made.setblocking(False)  # noqa: FBT003
    return made


def acceptor(listener: socket.socket, name: bytes, counts: dict[bytes, int]) -> Acceptor:
    counts[name] = 0
    connections = Connections(lambda number: counts.__setitem__(name, number))

    def spare(under_way: int) -> int:
        return len(connections) + under_way - min(counts.values())

    make: Callable[[], asyncio.Protocol] = lambda: Greeter(name, connections)  # noqa: E731
    return Acceptor(listener, make, spare)


def test_a_crowd_is_shared_evenly() -> None:
    async def all_of_it() -> list[bytes]:
        with listening() as listener, listener.dup() as other:
            counts: dict[bytes, int] = {}
            made = [acceptor(listener, b"a", counts), acceptor(other, b"b", counts)]
            try:
                return await greetings(listener, CROWD)
            finally:
                for one in made:
                    one.close()
                    await one.wait_closed()

    told = asyncio.run(all_of_it())
    assert abs(told.count(b"a") - told.count(b"b")) <= 2
    assert len(told) == CROWD


def test_one_that_does_not_take_its_part_keeps_nobody_waiting_for_ever() -> None:
    async def all_of_it() -> list[bytes]:
        with listening() as listener:
            counts = {b"asleep": 0}
            made = acceptor(listener, b"a", counts)
            try:
                return await greetings(listener, CROWD)
            finally:
                made.close()
                await made.wait_closed()

    assert asyncio.run(all_of_it()) == [b"a"] * CROWD


def test_want_of_descriptors_is_told_and_got_over(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import logging

    from armillary.server import accepting

    monkeypatch.setattr(logging.getLogger("armillary"), "propagate", True)
    monkeypatch.setattr(accepting, "PAUSE_SECONDS", 0.01)

    class Poor:
        """A listener that fails three times."""

        def __init__(self, listener: socket.socket) -> None:
            self._listener, self.left = listener, 3

        def fileno(self) -> int:
            return self._listener.fileno()

        def accept(self) -> tuple[socket.socket, object]:
            self.left -= 1
            if self.left >= 0:
                raise OSError(24, "Too many open files")
            return self._listener.accept()

    async def all_of_it() -> list[bytes]:
        with listening() as listener:
            made = acceptor(Poor(listener), b"a", {})
            try:
                return await greetings(listener, 3)
            finally:
                made.close()
                await made.wait_closed()

    assert asyncio.run(all_of_it()) == [b"a"] * 3
    assert caplog.text.count("Too many open files") == 3
