"""The store keeps to its bound, and to one version."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from armillary.images.store import OverviewStore, StoreKey


@dataclass
class Thing:
    nbytes: int
    left: bool = False

    def abandon(self):
        self.left = True


def key(plane, version="v1", kind="overview"):
    return StoreKey(plane, version, kind)


def test_least_recently_used_go_first():
    store = OverviewStore(100)
    things = {name: Thing(40) for name in "abc"}
    store.put(key("a"), things["a"])
    store.put(key("b"), things["b"])
    assert store.get(key("a")) is things["a"]
    store.put(key("c"), things["c"])
    assert store.get(key("b")) is None
    assert things["b"].left
    assert store.get(key("a")) is things["a"]
    assert store.nbytes == 80


def test_one_thing_may_be_larger_than_the_bound():
    store = OverviewStore(100)
    store.put(key("a"), Thing(50))
    store.put(key("b"), Thing(500))
    assert store.get(key("a")) is None
    assert store.get(key("b")) is not None


def test_another_version_takes_the_place_of_all_of_the_old_one():
    store = OverviewStore(100)
    store.put(key("a", kind="one"), Thing(10))
    store.put(key("a", kind="two"), Thing(10))
    store.put(key("b"), Thing(10))
    store.put(key("a", "v2", "one"), Thing(10))
    assert store.get(key("a", kind="two")) is None
    assert store.get(key("b")) is not None
    assert store.nbytes == 20


def test_get_or_make_makes_once():
    store, made = OverviewStore(100), []
    for _ in range(3):
        store.get_or_make(key("a"), lambda: made.append(1) or Thing(1))
    assert made == [1]


def test_discard_only_the_very_thing():
    store, old, new = OverviewStore(100), Thing(1), Thing(2)
    store.put(key("a"), new)
    store.discard(key("a"), old)
    assert store.get(key("a")) is new
    store.discard(key("a"))
    assert store.nbytes == 0


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3), st.integers(0, 3), st.integers(0, 60), st.integers(0, 3)))
)
def test_bytes_are_the_sum_of_what_is_kept(steps):
    store = OverviewStore(150)
    for plane, version, kind, nbytes, action in steps:
        name = StoreKey(plane, f"v{version}", kind)
        if action == 0:
            store.forget(plane)
        elif action == 1:
            store.discard(name)
        else:
            store.put(name, Thing(nbytes))
    assert store.nbytes == sum(thing.nbytes for thing in store._kept.values()) <= 150
    assert {name for names in store._of_plane.values() for name in names} == set(store._kept)
