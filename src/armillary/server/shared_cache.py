"""What processes share: the contract of a cache of encoded tiles, its keys, and how a tile is put into bytes.

A key names everything that the bytes depend on: the release, the layer and its version, the tile, its form, its style
and its coding. So nothing is ever taken away: what is out of date is asked for no more. A value says what it is and
carries a keyed digest; whatever else is found under a key counts as not there.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

from armillary import __version__

if TYPE_CHECKING:
    from armillary.server.tiles import TileRequest

MAGIC = b"armillary tile 1\n"
DIGEST_BYTES = 16
MEDIA_TYPES = ("application/octet-stream", "image/png", "image/jpeg", "image/webp")
CODINGS = ("identity", "gzip", "zstd")
HEADER_BYTES = len(MAGIC) + DIGEST_BYTES + 2


@runtime_checkable
class SharedCache(Protocol):
    """Bytes by key, shared by processes. Safe from all threads; never raises; may forget anything at any time.

    ``testing/caches.py`` holds the tests that every implementation must pass.
    """

    def get(self, key: str) -> bytes | None:
        """What is kept under ``key``; None where nothing is, or where asking takes too long."""
        ...

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value``, some time soon; returns at once. What is too large is left out."""
        ...

    def settle(self, seconds: float) -> bool:
        """Wait until what was put has been sent or given up; whether it has within ``seconds``."""
        ...

    def close(self) -> None:
        """Let go of threads and connections; afterwards nothing is found and nothing kept."""
        ...


class Packed(NamedTuple):
    """An encoded tile."""

    body: bytes
    media_type: str
    coding: str


def tile_key(prefix: str, asked: TileRequest, version: str, coding: str) -> str:
    """Key of a tile: printable ASCII without blanks, of fewer than 250 characters.

    Parameters
    ----------
    prefix
        Keeps several servers apart that share a cache and nothing else.
    version
        Of the layer, as clients see it.
    coding
        Content coding that was negotiated.
    """
    place = asked.key.level, asked.key.row, asked.key.col
    facts = repr((__version__, asked.layer_id, version, place, asked.ext, asked.style, coding))
    named = hashlib.blake2b(facts.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()
    space = hashlib.blake2b(prefix.encode(), digest_size=6).hexdigest()
    return f"armillary:{space}:{named}"


def pack(key: str, tile: Packed) -> bytes:
    """A tile as the bytes kept under ``key``.

    Raises
    ------
    ValueError
        Its media type or coding is none of a tile's.
    """
    kind = bytes([MEDIA_TYPES.index(tile.media_type), CODINGS.index(tile.coding)])
    return b"".join((MAGIC, _digest(key, kind, tile.body), kind, tile.body))


def unpack(key: str, value: bytes) -> Packed | None:
    """The tile that ``pack`` put under the same key; None for anything else."""
    if len(value) < HEADER_BYTES or not value.startswith(MAGIC):
        return None
    start = len(MAGIC)
    digest, kind, body = (
        value[start : start + DIGEST_BYTES],
        value[HEADER_BYTES - 2 : HEADER_BYTES],
        value[HEADER_BYTES:],
    )
    if not hmac.compare_digest(digest, _digest(key, kind, body)):
        return None
    if kind[0] >= len(MEDIA_TYPES) or kind[1] >= len(CODINGS):
        return None
    return Packed(body, MEDIA_TYPES[kind[0]], CODINGS[kind[1]])


def _digest(key: str, kind: bytes, body: bytes) -> bytes:
    digest = hashlib.blake2b(kind, digest_size=DIGEST_BYTES, key=key.encode()[-64:])
    digest.update(body)
    return digest.digest()
