"""Requests that come through a proxy: who really asks, and whether over HTTPS.

``X-Forwarded-For`` and ``X-Forwarded-Proto`` are believed only where the connection comes from a proxy that the
setting ``trusted_proxies`` names; anybody can send such headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.server.asgi import header
from armillary.server.networks import address_of, networks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from armillary.server.asgi import Scope
    from armillary.server.networks import Network

UNIX = "unix"
MOST_HOPS = 32
BELIEVED = "armillary.forwarded"
"""Set where the scope has the caller's own address from a proxy."""


def peer_of(scope: Scope) -> str:
    """Who the caller is: its address, ``unix`` for a Unix socket."""
    client = scope.get("client")
    return client[0] if client and client[0] else UNIX


class Proxies:
    """The proxies that are believed.

    Parameters
    ----------
    trusted
        Addresses and networks; ``unix`` for whoever connects to our Unix socket.
    """

    def __init__(self, trusted: Iterable[str]) -> None:
        words = tuple(trusted)
        self._unix = UNIX in words
        self._networks = networks((word for word in words if word != UNIX), "trusted_proxies")

    def __bool__(self) -> bool:
        """Whether there are any."""
        return self._unix or bool(self._networks)

    def trusts(self, peer: str) -> bool:
        """Whether an address is that of a proxy."""
        if peer == UNIX:
            return self._unix
        found = address_of(peer)
        return found is not None and any(found in network for network in self._networks)

    def apply(self, scope: Scope) -> None:
        """Put the caller's own address and scheme into the scope where a proxy says them."""
        if not self.trusts(peer_of(scope)):
            return
        scheme = header(scope, b"x-forwarded-proto").rpartition(",")[2].strip().lower()
        if scheme in {"http", "https"}:
            scope["scheme"] = scheme
        hops = header(scope, b"x-forwarded-for").split(",")[-MOST_HOPS:]
        for hop in reversed(hops):
            found = address_of(hop)
            if found is None:
                return
            scope["client"], scope[BELIEVED] = (str(found), 0), True
            if not self.trusts(str(found)):
                return


def is_within(scope: Scope, allowed: tuple[Network, ...]) -> bool:
    """Whether the caller's own address is in one of the networks, after ``Proxies.apply``.

    A caller behind a proxy that is not trusted, or that does not say in ``X-Forwarded-For`` whom it speaks for, is
    nobody we know: a proxy on this machine must not make the whole world look like this machine.
    """
    found = address_of(peer_of(scope))
    if found is None or not any(found in network for network in allowed):
        return False
    forwarded = header(scope, b"x-forwarded-for") or header(scope, b"forwarded") or header(scope, b"x-real-ip")
    return not forwarded or BELIEVED in scope
