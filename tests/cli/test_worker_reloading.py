"""A worker reads its configuration again: when told to, and by itself when it changed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from armillary.cli import worker
from armillary.holdings.access import OWNER
from armillary.holdings.configuration import Configuration, live, open_configuration

LONG = 3600.0
SHORT = 0.01


def write(path: Path, *names: str) -> None:
    """Replace the configuration in one step."""
    boxes = [
        {"name": name, "top_left_ra": 2, "top_left_dec": 2, "bottom_right_ra": 1, "bottom_right_dec": 1}
        for name in names
    ]
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"boxes": boxes}))
    part.replace(path)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Configuration]:
    path = tmp_path / "h.json"
    write(path, "first")
    made = open_configuration(path, lambda *_: pytest.fail("no pixel is asked for"))
    yield made
    made.stopped.set()


def shows(served: Configuration, *names: str) -> bool:
    """Whether these boxes are on offer, soon; nobody asks for the tree, which looks by itself."""
    for _ in range(2000):
        if [box.name for box in served.holdings.boxes(OWNER)] == list(names):
            return True
        time.sleep(SHORT)
    return False


def test_a_change_is_seen_without_a_request(served: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", SHORT)
    monkeypatch.setattr(live, "LOOK_SECONDS", SHORT)
    worker.Reloader(served, SimpleNamespace(figures=None))
    write(Path(served.path), "first", "second")
    assert shows(served, "first", "second")


def test_it_is_read_at_once_when_told_to(served: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", LONG)
    reloader = worker.Reloader(served, SimpleNamespace(figures=None))
    write(Path(served.path), "other")
    reloader.reload()
    assert shows(served, "other")


def test_a_failure_does_not_end_the_watch(served: Configuration, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_SECONDS", SHORT)
    monkeypatch.setattr(live, "LOOK_SECONDS", SHORT)
    look, failures = served.look_again, iter([OSError("a disk"), RuntimeError("a mistake")])

    def failing() -> None:
        for failure in failures:
            raise failure
        look()

    monkeypatch.setattr(served, "look_again", failing)
    worker.Reloader(served, SimpleNamespace(figures=None))
    write(Path(served.path), "third")
    assert shows(served, "third")
