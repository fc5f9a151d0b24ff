from __future__ import annotations

import pytest

from armillary.accounts import passwords
from armillary.accounts.database import Database


@pytest.fixture
def cheap_hashes(monkeypatch):
    """Hashes that cost next to nothing; what a real one costs is tested once."""
    monkeypatch.setattr(passwords, "TIME_COST", 1)
    monkeypatch.setattr(passwords, "MEMORY_KIB", 8)
    passwords.hasher.cache_clear()
    passwords._nobody.cache_clear()
    yield
    passwords.hasher.cache_clear()
    passwords._nobody.cache_clear()


@pytest.fixture
def database(tmp_path, cheap_hashes):
    made = Database(str(tmp_path / "accounts.sqlite"))
    yield made
    made.close()


class Clock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()
