"""What every ``ByteSource`` must do: subclass ``SourceConformance``, say how to make one, and run it with pytest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from armillary.errors import CorruptFileError, UnreadableFileError
from armillary.storage.source import ByteSource

if TYPE_CHECKING:
    from pathlib import Path


class SourceConformance(ABC):
    """Tests of the contract. ``content`` is what the source must give, decoded."""

    @abstractmethod
    def store(self, folder: Path, content: bytes) -> Any:
        """Put ``content`` where the source reads it, over what was there; return what ``open`` takes."""

    @abstractmethod
    def open(self, place: Any) -> ByteSource:
        """Source of what was stored."""

    def remove(self, place: Any) -> None:
        """Take away what was stored."""
        place.unlink()

    @pytest.fixture
    def content(self) -> bytes:
        """Bytes that differ everywhere and compress a little: 5 MB and some."""
        numbers = np.arange(1_300_007, dtype="<u4") * np.uint32(2_654_435_761)
        return b"SIMPLE  =                    T" + (numbers >> np.uint32(9)).tobytes()

    @pytest.fixture
    def place(self, tmp_path: Path, content: bytes) -> Any:
        """Where the content lies."""
        return self.store(tmp_path, content)

    def test_is_a_source(self, place: Any) -> None:
        """It has all that the protocol names."""
        source = self.open(place)
        assert isinstance(source, ByteSource)
        assert source.name
        assert "/" not in source.name

    def test_reads_any_range(self, place: Any, content: bytes) -> None:
        """Ranges in any order, also over the borders of blocks, are those of the content."""
        source = self.open(place)
        generator = np.random.default_rng(5)
        for _ in range(40):
            offset = int(generator.integers(0, len(content)))
            length = int(generator.integers(0, min(200_000, len(content) - offset)))
            assert source.read(offset, length) == content[offset : offset + length]
        assert source.read(0, len(content)) == content

    def test_reads_from_many_threads(self, place: Any, content: bytes) -> None:
        """Threads that read at once get what is theirs."""
        source = self.open(place)
        offsets = [int(k) for k in np.random.default_rng(6).integers(0, len(content) - 1000, 64)]
        with ThreadPoolExecutor(8) as pool:
            parts = list(pool.map(lambda offset: source.read(offset, 1000), offsets))
        assert parts == [content[offset : offset + 1000] for offset in offsets]

    def test_knows_its_end(self, place: Any, content: bytes) -> None:
        """The size is that of the content, and reading beyond is refused or cut."""
        source = self.open(place)
        assert source.ends_at(len(content))
        assert not source.ends_at(len(content) - 1)
        assert not source.ends_at(len(content) + 1)
        assert source.size == len(content)
        assert source.read_upto(len(content) - 3, 10) == content[-3:]
        assert source.read_upto(len(content) + 5, 10) == b""
        with pytest.raises(CorruptFileError):
            source.read(len(content) - 3, 4)

    def test_absurd_lengths_cost_nothing(self, place: Any) -> None:
        """A length that a damaged header claims is not allocated."""
        source = self.open(place)
        with pytest.raises(CorruptFileError):
            source.read(1 << 40, 1 << 50)

    def test_mapped_is_the_file(self, place: Any, content: bytes) -> None:
        """What is mapped, if anything, is the whole content, read-only."""
        view = self.open(place).mapped()
        if view is not None:
            assert view.readonly
            assert view == content

    def test_rows_are_those_of_the_content(self, place: Any, content: bytes) -> None:
        """Strided rows, where the source offers them, are those of the content."""
        rows = self.open(place).read_rows(900_000, -30_000, 100, 20)
        if rows is not None:
            for k, row in enumerate(rows):
                offset = 900_000 - 30_000 * k
                assert row.tobytes() == content[offset : offset + 100]

    def test_version_is_short_and_steady(self, place: Any) -> None:
        """Unchanged bytes have one version, fit for a URL."""
        source = self.open(place)
        assert source.version == source.version == self.open(place).version
        assert source.version.isalnum()
        assert len(source.version) <= 32

    def test_version_changes_with_the_bytes(self, tmp_path: Path, place: Any, content: bytes) -> None:
        """New bytes get a new version, and are what is read from then on."""
        source = self.open(place)
        before = source.version
        source.read(0, 100)
        self.store(tmp_path, content[:100] + b"changed" + content[::-1])
        assert source.version != before
        assert source.read(95, 12) == content[95:100] + b"changed"

    def test_vanished(self, place: Any) -> None:
        """A file that is gone is said to be unreadable, in one line without its folder."""
        source = self.open(place)
        self.remove(place)
        with pytest.raises(UnreadableFileError) as caught:
            _ = source.version
        assert "/" not in caught.value.message
        assert "\n" not in caught.value.message

    def test_reads_on_after_close(self, place: Any, content: bytes) -> None:
        """Closing only lets go of what is held."""
        source = self.open(place)
        source.read(0, 10)
        source.close()
        assert source.read(5, 10) == content[5:15]
