"""Content coding."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from armillary.render import coding

UNDO = {"zstd": lambda b: zstandard.ZstdDecompressor().decompress(b), "gzip": gzip.decompress, "identity": bytes}


@pytest.mark.parametrize("name", UNDO)
@given(body=st.binary(max_size=3000))
def test_what_was_packed_is_unpacked(name, body):
    assert UNDO[name](coding.compress(body, name)) == body


@pytest.mark.parametrize("name", ["zstd", "gzip"])
def test_threads_do_not_disturb_each_other(name):
    random = np.random.default_rng(0)
    bodies = [random.integers(0, 20, 50_000 + i, dtype=np.uint8).tobytes() for i in range(64)]
    with ThreadPoolExecutor(8) as pool:
        packed = list(pool.map(lambda body: coding.compress(body, name), bodies))
    assert [UNDO[name](body) for body in packed] == bodies
    assert all(len(a) < len(b) for a, b in zip(packed, bodies, strict=True))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("br", "identity"),
        ("*", "zstd"),
        ("*;q=0.1", "zstd"),
        ("zstd;q=0, *", "gzip"),
        ("zstd;q=0.5, gzip;q=0.8", "gzip"),
        ("zstd;q=0.8,gzip;q=0.8", "zstd"),
        ("gzip;q=0", "identity"),
        ("gzip;q=0.000", "identity"),
        ("identity;q=1, gzip;q=0.5", "identity"),
        ("identity, gzip", "gzip"),
        ("identity;q=0, *;q=0", "identity"),
        ("zstd;q=2, gzip", "gzip"),
        ("zstd;q=nan, gzip;q=-1", "identity"),
        ("zstd ; q = 0.3 , gzip ; q=0.2", "zstd"),
        ("zstd;level=1, gzip", "gzip"),
        (";;;=,,,q=", "identity"),
        ("gzip," * 100_000, "gzip"),
    ],
)
def test_the_client_chooses(header, expected):
    assert coding.negotiate(header) == expected


@given(st.text() | st.text(alphabet="gzipstd*;q=01., "))
def test_negotiation_never_raises(header):
    assert coding.negotiate(header) in UNDO
