from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.storage.cache import ByteLru


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60)), max_size=80))
def test_never_above_its_bound_and_never_wrong(puts):
    kept = ByteLru(100)
    last = {}
    for key, cost in puts:
        kept.put(key, (key, cost), cost)
        last[key] = (key, cost)
        assert kept.nbytes <= 100
        found = kept.get(key)
        assert found == ((key, cost) if cost <= 50 else None)
    for key, value in last.items():
        assert kept.get(key) in (None, value)


def test_least_recently_used_goes_first():
    kept = ByteLru(100)
    for key in "abcd":
        kept.put(key, key, 25)
    kept.get("a")
    kept.put("e", "e", 25)
    assert [key for key in "abcde" if kept.get(key)] == ["a", "c", "d", "e"]


def test_made_once_for_all_who_ask():
    kept = ByteLru(100)
    made = []
    start = threading.Barrier(8)
    inside = threading.Event()

    def make():
        made.append(1)
        inside.wait(0.2)
        return "value", 5

    def ask(_):
        start.wait()
        return kept.get_or_make("key", make)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == ["value"] * 8
    assert len(made) == 1


def test_failure_is_shared_and_not_kept():
    kept = ByteLru(100)

    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept.get_or_make("key", fail)
    assert kept.get_or_make("key", lambda: ("now", 1)) == "now"


def test_smaller_bound_lets_go():
    kept = ByteLru(100)
    for key in range(10):
        kept.put(key, key, 10)
    kept.resize(30)
    assert kept.nbytes == 30
    assert kept.get(9) == 9
    assert kept.get(0) is None
