"""What every ``ResultStore`` must do: subclass ``ResultStoreConformance``, say how to make one, run it with pytest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from armillary.errors import ArmillaryError, CorruptFileError, NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.jobs.results import ResultStore

JOB, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2
BAD_NAMES = ["", ".", "..", ".hidden", "a\\b", "a\nb", "a\0b", "\ud800", "c:d", "x" * 300]
LONGEST_BLOCK = 1 << 20


def whole(store: ResultStore, key: str) -> bytes:
    """All bytes under a key."""
    return b"".join(store.read(key))


class ResultStoreConformance(ABC):
    """Tests of the contract."""

    @abstractmethod
    @pytest.fixture
    def store(self) -> ResultStore:
        """An empty store."""

    @abstractmethod
    def again(self, store: ResultStore) -> ResultStore:
        """Another store of the same place, as another process has it."""

    def test_gives_back_what_was_kept(self, store: ResultStore) -> None:
        """Bytes and views of any shape, in any number of parts."""
        view = memoryview(bytearray(range(240))).cast("B", (6, 40))
        kept: dict[str, list[bytes | memoryview]] = {
            "empty.txt": [],
            "nothing.txt": [b"", b""],
            "small.fits": [b"SIMPLE", b"", view, memoryview(b"end")],
            "large.fits": [bytes([k]) * 700_001 for k in range(5)],
        }
        for name, parts in kept.items():
            assert store.write(f"{JOB}/1/{name}", iter(parts)) == sum(len(bytes(part)) for part in parts)
        for name, parts in kept.items():
            expected = b"".join(bytes(part) for part in parts)
            assert self.again(store).size(f"{JOB}/1/{name}") == len(expected)
            assert whole(self.again(store), f"{JOB}/1/{name}") == expected

    def test_many_files_are_settled_at_once(self, store: ResultStore) -> None:
        """Few, many, or none: they are there afterwards as before."""
        for attempt, count in (("1", 2), ("2", 40), ("3", 0)):
            for k in range(count):
                store.write(f"{JOB}/{attempt}/f{k}", [b"%d" % k])
            store.settle(JOB, attempt)
            assert [whole(self.again(store), f"{JOB}/{attempt}/f{k}") for k in range(count)] == [
                b"%d" % k for k in range(count)
            ]

    def test_reads_any_range_by_blocks(self, store: ResultStore) -> None:
        """Of up to 1 MiB each; beyond the end there is nothing."""
        content = bytes(range(251)) * 12_000
        size = store.write(f"{JOB}/1/a", [content])
        for start, stop in [(0, None), (5, 6), (1, size), (100, 100), (LONGEST_BLOCK - 1, LONGEST_BLOCK + 1), (7, 9e9)]:
            blocks = list(store.read(f"{JOB}/1/a", start, None if stop is None else int(stop)))
            assert b"".join(blocks) == content[start : None if stop is None else int(stop)]
            assert all(0 < len(block) <= LONGEST_BLOCK for block in blocks)
        assert list(store.read(f"{JOB}/1/a", size)) == []
        assert list(store.read(f"{JOB}/1/a", size + 5, size + 9)) == []

    def test_a_reader_may_leave(self, store: ResultStore) -> None:
        """Before the first block, or after one."""
        store.write(f"{JOB}/1/a", [bytes(3 << 20)])
        store.read(f"{JOB}/1/a")
        assert len(next(store.read(f"{JOB}/1/a"))) <= LONGEST_BLOCK

    def test_what_is_not_there_is_not_found(self, store: ResultStore) -> None:
        """At once, not when the first block is asked for; folders are no files."""
        store.write(f"{JOB}/1/a", [b"a"])
        for key in (f"{JOB}/1/b", f"{JOB}/2/a", f"{OTHER}/1/a", f"{JOB}/uploads/a"):
            with pytest.raises(NotFoundError):
                store.size(key)
            with pytest.raises(NotFoundError):
                store.read(key)

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_bad_names_are_refused(self, store: ResultStore, name: str) -> None:
        """In every part of a key, by every method."""
        for key in (f"{name}/1/a", f"{JOB}/{name}/a", f"{JOB}/1/{name}"):
            with pytest.raises(UsageError):
                store.write(key, [b"x"])
            with pytest.raises(UsageError):
                store.size(key)
            with pytest.raises(UsageError):
                store.read(key)
        with pytest.raises(UsageError):
            store.remove(name)
        if name:
            with pytest.raises(UsageError):
                store.remove(JOB, name)

    @pytest.mark.parametrize("key", ["a", "a/b", "a/b/c/d", "/a/b/c", "a//b", "a/b/"])
    def test_keys_have_three_parts(self, store: ResultStore, key: str) -> None:
        """Neither fewer nor more."""
        with pytest.raises(UsageError):
            store.write(key, [b"x"])

    @pytest.mark.parametrize(
        "error", [CorruptFileError("a", "it ends."), KeyError("x"), KeyboardInterrupt(), OSError(5)]
    )
    def test_what_cannot_be_made_is_not_kept(self, store: ResultStore, error: BaseException) -> None:
        """What the maker raises passes as it is, and nothing is left under the key."""

        def parts() -> Iterator[bytes]:
            yield bytes(2 << 20)
            raise error

        with pytest.raises(type(error)) as told:
            store.write(f"{JOB}/1/a", parts())
        assert told.value is error
        with pytest.raises(NotFoundError):
            store.size(f"{JOB}/1/a")

    def test_a_failed_second_keeps_the_first(self, store: ResultStore) -> None:
        """A key has its old bytes until the new ones are whole."""

        def parts() -> Iterator[bytes]:
            yield b"new"
            assert whole(self.again(store), f"{JOB}/1/a") == b"old"
            raise CorruptFileError("a", "it ends.")

        store.write(f"{JOB}/1/a", [b"old"])
        with pytest.raises(ArmillaryError):
            store.write(f"{JOB}/1/a", parts())
        assert whole(store, f"{JOB}/1/a") == b"old"
        store.write(f"{JOB}/1/a", [b"newer"])
        assert whole(store, f"{JOB}/1/a") == b"newer"

    def test_nothing_is_seen_before_it_is_whole(self, store: ResultStore) -> None:
        """But the attempt is listed already, so that what a killed process left is found."""

        def parts() -> Iterator[bytes]:
            yield bytes(100)
            with pytest.raises(NotFoundError):
                self.again(store).size(f"{JOB}/3/a")
            yield bytes(100)

        assert store.write(f"{JOB}/3/a", parts()) == 200
        assert list(store.jobs()) == [(JOB, "3")]

    def test_lists_attempts(self, store: ResultStore) -> None:
        """Of all jobs, each once; of an empty store none."""
        assert list(store.jobs()) == []
        for key in (f"{JOB}/1/a", f"{JOB}/1/b", f"{JOB}/2/a", f"{OTHER}/uploads/a"):
            store.write(key, [b"x"])
        assert sorted(store.jobs()) == [(JOB, "1"), (JOB, "2"), (OTHER, "uploads")]

    def test_lists_only_what_may_be_a_job(self, store: ResultStore) -> None:
        """Whatever else lies there is nobody's business."""
        store.write("pictures/1/a", [b"x"])
        store.write(f"{JOB}/old/a", [b"x"])
        assert list(store.jobs()) == []

    def test_removes_attempts_and_jobs(self, store: ResultStore) -> None:
        """Only these, again and again; there need be none."""
        store.remove(JOB)
        store.remove(JOB, "1")
        for key in (f"{JOB}/1/a", f"{JOB}/2/a", f"{JOB}/uploads/a", f"{OTHER}/1/a"):
            store.write(key, [b"x"])
        store.remove(JOB, "1")
        assert sorted(store.jobs()) == [(JOB, "2"), (JOB, "uploads"), (OTHER, "1")]
        store.remove(JOB, "uploads")
        store.remove(JOB, "2")
        assert list(store.jobs()) == [(OTHER, "1")]
        store.write(f"{JOB}/1/a", [b"y"])
        assert whole(store, f"{JOB}/1/a") == b"y"
        store.remove(JOB)
        store.remove(JOB)
        assert list(store.jobs()) == [(OTHER, "1")]
        with pytest.raises(NotFoundError):
            store.size(f"{JOB}/1/a")

    def test_many_threads(self, store: ResultStore) -> None:
        """Write, read, list and remove at once; each reads what is its own, or nothing."""

        def work(number: int) -> bool:
            key = f"{JOB}/{1 + number % 4}/{number}"
            content = bytes([number]) * (1000 + number)
            store.write(key, [content])
            same = whole(store, key) == content
            assert all(job_id == JOB for job_id, _ in store.jobs())
            return same

        with ThreadPoolExecutor(8) as crowd:
            assert all(crowd.map(work, range(64)))
            list(crowd.map(lambda k: store.remove(JOB, str(1 + k % 4)), range(16)))
        assert list(store.jobs()) == []

    def test_belongs_to_one(self, store: ResultStore) -> None:
        """To whoever asked first, and this is no file of a job."""
        assert store.belongs_to("first")
        assert not self.again(store).belongs_to("second")
        assert self.again(store).belongs_to("first")
        assert list(store.jobs()) == []
