"""Addresses and networks as settings and headers write them."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import TYPE_CHECKING

from armillary.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    Network = ipaddress.IPv4Network | ipaddress.IPv6Network
    Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def networks(words: Iterable[str], setting: str) -> tuple[Network, ...]:
    """Networks from addresses and networks as text.

    Raises
    ------
    ConfigurationError
        A word is neither; the message names the setting.
    """
    try:
        return tuple(ipaddress.ip_network(word, strict=False) for word in words)
    except ValueError as error:
        raise ConfigurationError(f"{setting}: {error}.") from None


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """An address from text, IPv4 also where it is dressed as IPv6 or carries a port; None where it is none."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
