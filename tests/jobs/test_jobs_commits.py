"""Changes that wait for their turn together are committed together, and none spoils another."""

from __future__ import annotations

import contextlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from armillary.errors import UnavailableError
from armillary.jobs import commits
from armillary.jobs.commits import SharedCommits

PATIENCE_S = 30


class Journal:
    """A database of words: what is committed, transaction by transaction, and what was rung for."""

    def __init__(self) -> None:
        self.committed: list[list[str]] = []
        self.rung: list[tuple[str, ...]] = []
        self.down = False
        self.shared = SharedCommits(self.begin)

    @contextlib.contextmanager
    def begin(self):
        words: list[str] = []
        yield words
        if self.down:
            raise UnavailableError("down")
        self.committed.append(words)

    def make(self, change):
        return self.shared.make(change, lambda *topics: self.rung.append(topics))

    def write(self, word: str) -> str:
        def change(words):
            words.append(word)
            if word.startswith("bad"):
                raise ValueError(word)
            return word, (word[0],)

        return self.make(change)


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def crowd():
    with ThreadPoolExecutor(16) as threads:
        yield threads


@pytest.fixture
def together(journal, crowd):
    """Writes words that all wait while another is being written."""

    def write(*words, meanwhile=lambda: None):
        begun, gate = threading.Event(), threading.Event()

        def slowly(words):
            begun.set()
            assert gate.wait(PATIENCE_S)
            words.append("first")
            return "first", ("f",)

        first = crowd.submit(journal.make, slowly)
        assert begun.wait(PATIENCE_S)
        others = []
        for word in words:
            count = len(journal.shared._waiting)
            others.append(crowd.submit(journal.write, word))
            while len(journal.shared._waiting) == count and not others[-1].done():
                time.sleep(0.001)
        meanwhile()
        gate.set()
        return [first, *others]

    return write


def test_one_alone_is_committed_and_rung_for(journal) -> None:
    assert journal.write("a") == "a"
    assert (journal.committed, journal.rung) == ([["a"]], [("a",)])


def test_what_rings_for_nothing_is_silent(journal) -> None:
    assert journal.make(lambda _: (1, ())) == 1
    assert journal.rung == []


def test_those_that_wait_share_a_commit_in_their_order(journal, together) -> None:
    made = together("a1", "a2", "b1")
    assert [one.result(PATIENCE_S) for one in made] == ["first", "a1", "a2", "b1"]
    assert journal.committed == [["first"], ["a1", "a2", "b1"]]
    assert journal.rung == [("f",), ("a", "b")]


def test_there_are_only_so_many_in_one(journal, together, monkeypatch) -> None:
    monkeypatch.setattr(commits, "MOST_TOGETHER", 2)
    together("a", "b", "c", "d", "e")[-1].result()
    assert journal.committed == [["first"], ["a", "b"], ["c", "d"], ["e"]]


def test_one_that_fails_spoils_no_other(journal, together) -> None:
    _, good, bad, fine = together("a", "bad", "c")
    assert (good.result(), fine.result()) == ("a", "c")
    with pytest.raises(ValueError, match="bad"):
        bad.result()
    assert journal.committed == [["first"], ["a"], ["c"]]
    assert journal.rung[1] == ("a", "c")
    assert journal.write("d") == "d"


def test_where_it_cannot_be_committed_all_hear_so_once(journal, together) -> None:
    def go_down() -> None:
        journal.down = True

    for one in together("a", "b", meanwhile=go_down):
        with pytest.raises(UnavailableError, match="down"):
            one.result()
    assert (journal.committed, journal.rung) == ([], [])
    journal.down = False
    assert journal.write("c") == "c"


def test_a_leader_that_is_interrupted_leaves_nobody_waiting(journal, together) -> None:
    def interrupt() -> None:
        journal.shared._waiting[0].change = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)

    _, leader, follower = together("a", "b", meanwhile=interrupt)
    assert isinstance(leader.exception(), KeyboardInterrupt)
    assert isinstance(follower.exception(), UnavailableError)
    assert journal.write("c") == "c"


@pytest.mark.parametrize("called", [False, True], ids=["before its turn", "at its turn"])
def test_one_that_is_interrupted_while_it_waits_leaves_nobody_waiting(journal, together, monkeypatch, called) -> None:
    class Interrupted(threading.Event):
        """Whoever waits first gets a signal."""

        waited = 0

        def wait(self, timeout=None):
            Interrupted.waited += 1
            first = Interrupted.waited == 1
            if not first or called:
                super().wait(timeout)
            if first:
                raise KeyboardInterrupt
            return True

    words = {"Event": Interrupted, "Lock": threading.Lock}
    monkeypatch.setattr(commits, "threading", type("Threading", (), words))
    _, gone, other = together("a", "b")
    assert isinstance(gone.exception(), KeyboardInterrupt)
    assert other.result(PATIENCE_S) == "b"
    assert journal.committed == [["first"], ["b"]]
    assert journal.write("c") == "c"


def test_many_threads_lose_nothing(journal, crowd) -> None:
    words = [f"{k % 7}{k}" for k in range(2000)]
    assert list(crowd.map(journal.write, words)) == words
    assert sorted(word for some in journal.committed for word in some) == sorted(words)
