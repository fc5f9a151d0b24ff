"""Bands that are waited for come first; what was let go of is not built to the end."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from armillary.errors import UnavailableError
from armillary.images.crew import Crew
from armillary.images.overviews import Overview, overview_factor
from armillary.images.subject import Subject
from armillary.testing.memory_planes import MappedPlane, MemoryPlane


class SlowPlane(MemoryPlane):
    """Decodes one band at a time, when let."""

    def __init__(self, *arguments, **rest):
        super().__init__(*arguments, **rest)
        self.turns = threading.Semaphore(0)

    def window(self, window):
        assert self.turns.acquire(timeout=60)
        return super().window(window)


@pytest.fixture
def one():
    crew = Crew(1)
    yield crew
    crew.close()


@pytest.fixture
def bands_of_ten(monkeypatch):
    monkeypatch.setattr("armillary.images.pixels.DECODE_BYTES", 8 * 50 * 10)


@pytest.mark.usefixtures("bands_of_ten")
def test_what_is_waited_for_comes_first(one, store):
    plane = SlowPlane(np.ones((400, 50), ">f4"), band_rows=10)
    overview = Overview(Subject(plane, store), plane.version, 8)
    overview.start(one)
    waiting = threading.Thread(target=overview.wait, args=(one, 0, 1))
    waiting.start()
    while len(one._jobs) < 40:
        pass
    for _ in range(2):
        plane.turns.release()
    waiting.join(60)
    assert not waiting.is_alive()
    assert plane.bands == [0, 39]
    assert overview.has_rows(0, 1)
    assert not overview.has_rows(0, 2)
    assert overview.progress == 2 / 40
    assert overview.built_rows().tolist() == [True] + [False] * 48 + [True]
    for _ in range(38):
        plane.turns.release()
    overview.wait(one, 0, 50)
    assert overview.progress == 1.0


@pytest.mark.usefixtures("bands_of_ten")
def test_let_go_of_it_goes_on_only_for_who_waits(one, store):
    plane = SlowPlane(np.ones((400, 50), ">f4"), band_rows=10)
    for _ in range(100):
        plane.turns.release()
    overview = Overview(Subject(plane, store), plane.version, 8)
    overview.abandon()
    overview.start(one)
    overview.wait(one, 0, 2)
    assert plane.bands == [38, 39]


def test_who_waits_is_told_when_the_crew_goes(store):
    crew = Crew(1)
    plane = SlowPlane(np.ones((400, 50), ">f4"))
    overview = Overview(Subject(plane, store), plane.version, 8)
    failed = []

    def wait():
        try:
            overview.wait(crew, 0, 1)
        except UnavailableError as error:
            failed.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not crew._threads:
        pass
    crew.close()
    waiting.join(60)
    plane.turns.release()
    assert failed
    with pytest.raises(UnavailableError):
        crew.submit(int)


def test_crew_survives_a_job_that_fails(one, caplog):
    done = threading.Event()
    one.submit(lambda: 1 / 0)
    one.submit(done.set)
    assert done.wait(60)
    assert "background job failed" in caplog.text


def test_factor_keeps_overviews_small():
    assert overview_factor((10320, 43200), mapped=True, max_bytes=64 << 20) == 32
    assert overview_factor((10320, 43200), mapped=False, max_bytes=64 << 20) == 8
    assert overview_factor((10320, 43200), mapped=False, max_bytes=20 << 20) == 16
    for max_bytes in (10**5, 10**7):
        factor = overview_factor((10**6, 10**6), mapped=True, max_bytes=max_bytes)
        assert 6 * (10**6 / factor) ** 2 <= max_bytes < 6 * (10**6 / (factor / 2)) ** 2


def test_mapped_bands_are_whole_squares(crew, store, monkeypatch):
    monkeypatch.setattr("armillary.images.overviews.DECODE_BYTES", 4 * 50 * 32)
    rng = np.random.default_rng(0)
    plane = MappedPlane(rng.normal(size=(333, 50)).astype(">f4"))
    overview = Overview(Subject(plane, store), plane.version, 32)
    overview.wait(crew, 0, 11)
    assert not overview._parts
    np.testing.assert_allclose(overview.mean[0, 0], plane.stored[301:333, :32].mean(dtype=float), rtol=1e-6)
    np.testing.assert_allclose(overview.mean[10, 1], plane.stored[0:13, 32:].mean(dtype=float), rtol=1e-5)
    assert overview.count[10].tolist() == [13 * 32, 13 * 18]
