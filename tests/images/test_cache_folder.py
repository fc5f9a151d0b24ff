"""Saved overviews come back whole or not at all; the folder keeps to its bound."""

from __future__ import annotations

import os

import numpy as np
import pytest

from armillary.images.cache_folder import MAGIC, CacheFolder
from armillary.images.pyramid import Pyramid
from armillary.images.store import OverviewStore
from armillary.sky.grid import TileKey
from armillary.testing.memory_planes import MemoryPlane


def arrays(seed=0, shape=(20, 30)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, 100, shape).astype(np.uint16)


@pytest.fixture
def folder(tmp_path):
    return CacheFolder(tmp_path / "cache", 1 << 20)


def test_what_is_saved_comes_back(folder):
    saved = arrays()
    assert folder.load("name", saved) is None
    folder.save("name", saved)
    for ours, theirs in zip(folder.load("name", saved), saved, strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert ours.flags.writeable
    assert folder.load("other", saved) is None
    assert folder.load("name", arrays(shape=(20, 31))) is None


def test_nothing_is_made_before_something_is_saved(folder):
    folder.load("name", arrays())
    assert not folder.folder.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"x",
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"x" + data[1:],
        lambda data: MAGIC,
        lambda data: MAGIC + b"\n" * 10_000,
        lambda data: data.replace(b"name", b"mane"),
    ],
)
def test_spoilt_files_count_as_absent(folder, spoil):
    folder.save("name", arrays())
    path = folder.path("name")
    path.write_bytes(spoil(path.read_bytes()))
    assert folder.load("name", arrays()) is None


def test_a_file_under_another_name_is_not_taken(folder):
    folder.save("name", arrays())
    folder.path("name").rename(folder.path("other"))
    assert folder.load("other", arrays()) is None


def test_bound_holds_and_foreign_files_stay(folder):
    size = sum(array.nbytes for array in arrays()) + 500
    folder.max_bytes = 3 * size
    folder.save("0", arrays(0))
    os.utime(folder.path("0"), (0, 0))
    (folder.folder / "foreign.txt").write_text("mine" * 10_000)
    for k in range(1, 10):
        folder.save(str(k), arrays(k))
        os.utime(folder.path(str(k)), (k, k))
    folder.load("7", arrays())
    folder.save("10", arrays(10))
    kept = [k for k in range(11) if folder.path(str(k)).exists()]
    assert 10 in kept
    assert 7 in kept
    assert sum(folder.path(str(k)).stat().st_size for k in kept) <= folder.max_bytes
    assert (folder.folder / "foreign.txt").exists()
    assert not list(folder.folder.glob("*.part"))


def test_what_killed_processes_left_goes_but_not_what_is_being_written(folder):
    folder.folder.mkdir()
    old, new, foreign = (folder.folder / name for name in ("a.overview.part", "b.overview.part", "c.part"))
    for path in (old, new, foreign):
        path.write_text("x")
        os.utime(path, (0, 0))
    os.utime(new)
    folder.save("name", arrays())
    assert [path.exists() for path in (old, new, foreign)] == [False, True, True]


def test_too_large_is_not_saved(folder):
    folder.max_bytes = 100
    folder.save("name", arrays())
    assert not folder.folder.exists()


def test_a_folder_that_cannot_be_written_is_logged(tmp_path, caplog):
    (tmp_path / "file").write_text("")
    CacheFolder(tmp_path / "file" / "cache").save("name", arrays())
    assert "not saved" in caplog.text
    assert str(tmp_path) not in caplog.text


def built(plane, folder, identity="plane"):
    pyramid = Pyramid(plane, tile_size=64, store=OverviewStore(folder=folder), identity=identity)
    return pyramid.tile(TileKey(0, 0, 0)).pixels


def test_overviews_outlive_their_store(folder):
    plane = MemoryPlane(np.random.default_rng(0).normal(size=(1100, 1100)).astype(">f4"))
    first = built(plane, folder)
    while not list(folder.folder.glob("*.overview")):
        pass
    read = len(plane.bands)
    np.testing.assert_array_equal(built(plane, folder), first)
    assert len(plane.bands) == read
    built(plane, folder, None)
    assert len(plane.bands) > read
    plane.replace(plane.stored + 1)
    assert np.nanmin(built(plane, folder) - first) > 0.5


def test_no_identity_no_file(folder):
    built(MemoryPlane(np.zeros((1100, 1100), ">f4")), folder, None)
    assert not folder.folder.exists()
