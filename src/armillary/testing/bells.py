"""What every ``Bell`` must do: subclass ``BellConformance``, say how to make one, and run it with pytest."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.jobs.bell import Bell

SETTLE_SECONDS = 20.0
TOPIC = "0123456789abcdef" * 2


class Ear:
    """Somebody who listens, and waits for what must come."""

    def __init__(self, bell: Bell) -> None:
        self.heard: list[str] = []
        self.threads: set[int] = set()
        self._news = threading.Condition()
        self.leave = bell.listen(self._hear)

    def _hear(self, topic: str) -> None:
        with self._news:
            self.heard.append(topic)
            self.threads.add(threading.get_ident())
            self._news.notify_all()

    def wait_for(self, topic: str) -> bool:
        """Whether a topic is heard in time."""
        with self._news:
            return self._news.wait_for(lambda: topic in self.heard, SETTLE_SECONDS)


def connect(ringer: Bell, ear: Ear) -> None:
    """Ring until it is heard: from then on the two are connected."""
    for k in range(200):
        ringer.ring(f"connect{k}")
        with ear._news:  # noqa: SLF001 - its own test
            if ear._news.wait_for(lambda: any(topic.startswith("connect") for topic in ear.heard), 0.1):  # noqa: SLF001
                return
    pytest.fail("the bell is not heard")


class BellConformance(ABC):
    """Tests of the contract."""

    @abstractmethod
    @pytest.fixture
    def bells(self) -> tuple[Bell, Bell]:
        """Two bells of one store, as two processes have them; the same twice where a bell has one process only."""

    @pytest.fixture
    def pair(self, bells: tuple[Bell, Bell]) -> Iterator[tuple[Bell, Bell]]:
        """The two, closed in the end."""
        yield bells
        for bell in bells:
            bell.close()

    def test_rings_are_heard(self, pair: tuple[Bell, Bell]) -> None:
        """By the other and by oneself, in a thread of the bell's."""
        ears = [Ear(bell) for bell in pair]
        for ear in ears:
            connect(pair[0], ear)
        pair[0].ring(TOPIC)
        assert all(ear.wait_for(TOPIC) for ear in ears)
        assert all(threading.get_ident() not in ear.threads for ear in ears)
        for ear in ears:
            ear.leave()

    def test_many_rings_are_heard(self, pair: tuple[Bell, Bell]) -> None:
        """A burst of a thousand, in order, is nothing that is lost."""
        ear = Ear(pair[1])
        connect(pair[0], ear)
        for k in range(1000):
            pair[0].ring(f"{k:032x}")
        assert ear.wait_for(f"{999:032x}")
        numbers = [int(topic, 16) for topic in ear.heard if len(topic) == 32]
        assert numbers == sorted(set(numbers))
        assert len(numbers) == 1000

    def test_who_left_hears_no_more(self, pair: tuple[Bell, Bell]) -> None:
        """The others do."""
        left, stays = Ear(pair[1]), Ear(pair[1])
        connect(pair[0], stays)
        left.leave()
        left.leave()
        pair[0].ring(TOPIC)
        assert stays.wait_for(TOPIC)
        assert TOPIC not in left.heard

    def test_a_listener_that_fails_harms_nobody(
        self, pair: tuple[Bell, Bell], caplog: pytest.LogCaptureFixture
    ) -> None:
        """The others hear on."""

        def fail(topic: str) -> None:
            raise RuntimeError(topic)

        pair[1].listen(fail)
        ear = Ear(pair[1])
        connect(pair[0], ear)
        pair[0].ring(TOPIC)
        assert ear.wait_for(TOPIC)
        assert "failed" in caplog.text

    def test_nobody_need_listen(self, pair: tuple[Bell, Bell]) -> None:
        """Ringing is no error, whatever the topic is."""
        for topic in ("a", "", "x" * 5000, "\ud800", "a\nb"):
            pair[0].ring(topic)

    def test_closed_it_is_silent(self, pair: tuple[Bell, Bell]) -> None:
        """Closing twice, and ringing what is closed, are no errors; the other hears on."""
        first, second = Ear(pair[0]), Ear(pair[1])
        connect(pair[0], second)
        connect(pair[1], first)
        if pair[0] is not pair[1]:
            pair[0].close()
            pair[0].close()
            pair[1].ring(TOPIC)
            assert second.wait_for(TOPIC)
            assert TOPIC not in first.heard
        for bell in pair:
            bell.close()
        for bell in pair:
            bell.ring("late")
        assert "late" not in first.heard + second.heard
