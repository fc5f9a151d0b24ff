from __future__ import annotations

import os

import numpy as np
import pytest

from armillary.storage import cold
from armillary.storage.local import LocalSource

pytestmark = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="only Linux tells what is in its cache")


@pytest.fixture
def rows(tmp_path):
    content = np.random.default_rng(0).integers(0, 256, (300, 10_000)).astype(np.uint8)
    (tmp_path / "f").write_bytes(content.tobytes())
    return LocalSource(os.fspath(tmp_path / "f")), content


def test_cold_rows(rows, monkeypatch):
    source, content = rows
    monkeypatch.setattr(cold, "is_cold", lambda *_: True)
    read = source.read_rows(299 * 10_000, -70_000, 10_000, 43)
    np.testing.assert_array_equal(read, content[::-1][::7])


def test_warm_files_are_left_to_the_mapping(rows):
    source, _ = rows
    source.read(0, 3_000_000)
    assert source.read_rows(0, 10_000, 10_000, 300) is None


def test_coldness_is_asked_of_the_system(monkeypatch):
    answers = iter([BlockingIOError, BlockingIOError, None, BlockingIOError] * 4)

    def preadv(*_):
        answer = next(answers)
        if answer:
            raise answer
        return 1

    monkeypatch.setattr(os, "preadv", preadv)
    assert cold.is_cold(-1, 0, 1, 16)
    monkeypatch.setattr(os, "preadv", lambda *_: 1)
    assert not cold.is_cold(-1, 0, 1, 16)
    monkeypatch.setattr(os, "preadv", lambda *_: (_ for _ in ()).throw(OSError(95, "not supported")))
    assert not cold.is_cold(-1, 0, 1, 16)


def test_too_much_is_not_held(rows):
    source, _ = rows
    assert source.read_rows(0, 0, 10_000, 1 << 20) is None
