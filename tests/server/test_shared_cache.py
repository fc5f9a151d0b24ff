"""What is shared by processes: keys, values, and that nothing but what was put comes out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.server.shared_cache import CODINGS, MEDIA_TYPES, Packed, SharedCache, pack, tile_key, unpack
from armillary.server.tiles import TileRequest, parse
from armillary.testing.caches import CacheConformance, MemoryCache

PACKED = st.builds(Packed, st.binary(max_size=300), st.sampled_from(MEDIA_TYPES), st.sampled_from(CODINGS))
KEYS = st.text("abcdef:0123456789", min_size=1, max_size=80)


class TestMemoryCache(CacheConformance):
    @pytest.fixture
    def cache(self) -> SharedCache:
        return MemoryCache()


@given(KEYS, PACKED)
def test_what_was_packed_comes_out(key: str, packed: Packed) -> None:
    assert unpack(key, pack(key, packed)) == packed


@given(KEYS, st.binary(max_size=200))
def test_rubbish_is_nothing(key: str, value: bytes) -> None:
    assert unpack(key, value) is None


@given(KEYS, PACKED, st.data())
def test_a_changed_byte_is_seen(key: str, packed: Packed, data: st.DataObject) -> None:
    value = bytearray(pack(key, packed))
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] ^= data.draw(st.integers(1, 255))
    assert unpack(key, bytes(value)) is None


@given(KEYS, KEYS, PACKED)
def test_a_value_under_another_key_is_nothing(key: str, other: str, packed: Packed) -> None:
    if key != other:
        assert unpack(other, pack(key, packed)) is None


@given(KEYS, PACKED, st.integers(0, 400))
def test_a_cut_value_is_nothing(key: str, packed: Packed, length: int) -> None:
    value = pack(key, packed)
    if length < len(value):
        assert unpack(key, value[:length]) is None


def asked(path: str = "/api/layers/a/tiles/1/2/3.png", query: str = "") -> TileRequest:
    return parse(path, query)


def test_a_key_depends_on_all_that_the_bytes_do() -> None:
    keys = [
        tile_key(prefix, request, version, coding)
        for prefix in ("one", "two")
        for version in ("v1", "v2")
        for coding in CODINGS
        for request in (
            asked(),
            asked("/api/layers/b/tiles/1/2/3.png"),
            asked("/api/layers/a@1/tiles/1/2/3.png"),
            asked("/api/layers/a/tiles/2/2/3.png"),
            asked("/api/layers/a/tiles/1/3/3.png"),
            asked("/api/layers/a/tiles/1/2/4.png"),
            asked("/api/layers/a/tiles/1/2/3.jpg"),
            asked(query="vmin=1&vmax=2"),
            asked(query="vmin=1&vmax=3"),
            asked(query="cmap=magma"),
        )
    ]
    assert len(set(keys)) == len(keys)


def test_a_key_does_not_depend_on_how_the_same_tile_was_asked_for() -> None:
    same = [asked(), asked(query="v=v1"), asked(query="preview=1"), asked(query="other=5&v=")]
    assert len({tile_key("p", request, "v1", "zstd") for request in same}) == 1
    style = [asked(query="vmin=1&vmax=2"), asked(query="vmax=2&vmin=1")]
    assert len({tile_key("p", request, "v1", "zstd") for request in style}) == 1


@given(st.text(max_size=300), st.text(max_size=300))
def test_a_key_is_one_that_memcached_takes(layer_id: str, prefix: str) -> None:
    request = TileRequest(layer_id, asked().key, "q16", "", preview=False, style=())
    key = tile_key(prefix, request, "v", "zstd")
    assert len(key) < 250
    assert key.isascii()
    assert key.isprintable()
    assert " " not in key
