"""Callers behind a proxy: who is believed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import ConfigurationError
from armillary.server.networks import networks
from armillary.server.proxies import Proxies, is_within, peer_of

LOOPBACK = networks(["127.0.0.0/8", "::1"], "metrics_callers")


def scope(peer: str | None, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"client": (peer, 5) if peer else None, "scheme": "http", "headers": raw}


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "who"),
    [
        ([], "127.0.0.1", "9.9.9.9", "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1", "9.9.9.9", "9.9.9.9"),
        (["127.0.0.1"], "127.0.0.2", "9.9.9.9", "127.0.0.2"),
        (["127.0.0.1"], "127.0.0.1", "6.6.6.6, 9.9.9.9", "9.9.9.9"),
        (["127.0.0.1", "9.9.9.0/24"], "127.0.0.1", "6.6.6.6, 9.9.9.9", "6.6.6.6"),
        (["127.0.0.1"], "127.0.0.1", "rubbish", "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1", "9.9.9.9:4711", "9.9.9.9"),
        (["127.0.0.1"], "::ffff:127.0.0.1", "[2001:db8::1]:80", "2001:db8::1"),
        (["unix"], None, "9.9.9.9", "9.9.9.9"),
        (["127.0.0.1"], None, "9.9.9.9", "unix"),
    ],
)
def test_who_asks(trusted: list[str], peer: str | None, forwarded: str, who: str) -> None:
    asked = scope(peer, x_forwarded_for=forwarded)
    Proxies(trusted).apply(asked)
    assert peer_of(asked) == who


@pytest.mark.parametrize(
    ("trusted", "said", "scheme"),
    [([], "https", "http"), (["127.0.0.1"], "https", "https"), (["127.0.0.1"], "javascript", "http")],
)
def test_the_scheme_is_believed_of_proxies_only(trusted: list[str], said: str, scheme: str) -> None:
    asked = scope("127.0.0.1", x_forwarded_proto=said)
    Proxies(trusted).apply(asked)
    assert asked["scheme"] == scheme


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "allowed"),
    [
        ([], "127.0.0.1", "", True),
        ([], "127.0.0.1", "127.0.0.1", False),
        ([], "10.0.0.1", "", False),
        (["127.0.0.1"], "127.0.0.1", "9.9.9.9", False),
        (["127.0.0.1"], "127.0.0.1", "127.0.0.5", True),
        (["unix"], None, "", False),
    ],
)
def test_loopback_through_a_proxy_is_not_loopback(trusted: list[str], peer: str | None, forwarded: str, allowed: bool):
    asked = scope(peer, **({"x_forwarded_for": forwarded} if forwarded else {}))
    Proxies(trusted).apply(asked)
    assert is_within(asked, LOOPBACK) is allowed


def test_a_proxy_that_does_not_say_for_whom_it_asks_is_not_loopback() -> None:
    """Trusted, it says it by a header that is not looked at; untrusted, another one is trusted beside it."""
    for trusted, said in (["127.0.0.1"], "x_real_ip"), (["10.9.0.0/16"], "x_forwarded_for"):
        asked = scope("127.0.0.1", **{said: "9.9.9.9"})
        Proxies(trusted).apply(asked)
        assert not is_within(asked, LOOPBACK)


@given(st.text(st.characters(codec="latin-1"), max_size=80), st.text(st.characters(codec="latin-1"), max_size=20))
def test_no_header_makes_it_stumble(forwarded: str, scheme: str) -> None:
    asked = scope("127.0.0.1", x_forwarded_for=forwarded, x_forwarded_proto=scheme)
    Proxies(["127.0.0.1"]).apply(asked)
    assert asked["scheme"] in {"http", "https"}


@pytest.mark.parametrize("word", ["nowhere", "10.0.0.0/99", "*"])
def test_what_is_no_network_is_refused_by_name(word: str) -> None:
    with pytest.raises(ConfigurationError, match="trusted_proxies"):
        Proxies([word])
