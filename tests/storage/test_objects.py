"""Files in object storage: the contract of sources, on fsspec's memory; failures without words of drivers."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from armillary.errors import CorruptFileError, NotFoundError, UnreadableFileError
from armillary.storage import cache, remote
from armillary.storage.objects import ObjectSource, asked
from armillary.storage.source import ByteSource
from armillary.testing.sources import SourceConformance

MEMORY = fsspec.filesystem("memory")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Versions are looked at whenever they are asked for."""
    monkeypatch.setattr(remote, "VERSION_AGE_S", 0.0)


@pytest.fixture
def folder() -> Iterator[str]:
    """A folder in memory."""
    address = f"memory://{secrets.token_hex(8)}"
    MEMORY.makedirs(address)
    yield address
    MEMORY.rm(address, recursive=True)


class TestObjects(SourceConformance):
    """All that a source must do."""

    @pytest.fixture(autouse=True)
    def _in(self, folder: str) -> None:
        self.folder = folder

    def store(self, folder: Path, content: bytes) -> Any:
        """Put it into memory."""
        MEMORY.pipe_file(f"{self.folder}/a map.fits", content)
        return f"{self.folder}/a map.fits"

    def open(self, place: Any) -> ByteSource:
        """As it is read."""
        return ObjectSource(MEMORY, place)

    def remove(self, place: Any) -> None:
        """Take it away."""
        MEMORY.rm_file(place)

    def test_reads_little(self, place: Any, content: bytes) -> None:
        """Bytes near the end come without those before."""
        source = self.open(place)
        before = cache.decoded.nbytes
        assert source.read(len(content) - 10, 10) == content[-10:]
        assert cache.decoded.nbytes - before <= 2 * remote.BLOCK_BYTES


class Lying:
    """A storage that changes a file while it gives parts of it."""

    def __init__(self) -> None:
        self.etag, self.size = "a", 10

    def invalidate_cache(self) -> None:
        """Nothing is remembered."""

    def info(self, _path: str) -> dict[str, Any]:
        """What it says."""
        return {"type": "file", "size": self.size, "ETag": self.etag, "asked": secrets.token_hex(4)}

    def cat_file(self, _path: str, start: int, end: int) -> bytes:
        """Bytes of the newer file."""
        self.etag = "b"
        return b"x" * (end - start)


def test_what_changes_while_it_is_read_is_no_mixture() -> None:
    source = ObjectSource(Lying(), "lying://bucket/file")
    version = source.version
    assert source.version == version
    with pytest.raises(CorruptFileError, match=r"file: it changed"):
        source.read(0, 10)
    assert source.version != version


def test_folders_and_what_is_not_there_are_no_files(folder: str) -> None:
    MEMORY.pipe_file(f"{folder}/in/file", b"1")
    with pytest.raises(UnreadableFileError, match=r"^in: is no file"):
        ObjectSource(MEMORY, f"{folder}/in")
    with pytest.raises(UnreadableFileError, match=r"^gone: is not there"):
        ObjectSource(MEMORY, f"{folder}/gone")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (FileNotFoundError("secret"), "file: is not there."),
        (PermissionError("secret"), "file: may not be read: no permission."),
        (TimeoutError("secret"), "file: its storage does not answer."),
        (RuntimeError("secret"), "file: its storage does not answer."),
    ],
    ids=["missing", "denied", "slow", "whatever"],
)
def test_the_words_of_drivers_are_not_told(error: Exception, said: str, caplog: pytest.LogCaptureFixture) -> None:
    def ask() -> None:
        raise error

    with caplog.at_level("DEBUG"), pytest.raises(UnreadableFileError) as caught:
        asked("file", ask)
    assert caught.value.message == said
    assert caught.value.__cause__ is None
    assert "secret" not in caplog.text


def test_our_own_errors_pass() -> None:
    def ask() -> None:
        raise NotFoundError("There is none.")

    with pytest.raises(NotFoundError):
        asked("file", ask)
