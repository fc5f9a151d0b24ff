"""Folders: on a disk and on storage that fsspec reaches."""

from __future__ import annotations

import errno
import os
import pickle
from pathlib import Path

import pytest

from armillary.catalogs.hats.folder import Folder, reason_of
from armillary.errors import ConfigurationError, UnreadableFileError, UnsupportedFileError


@pytest.fixture(params=["disk", "memory"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Folder:
    if request.param == "disk":
        return Folder(tmp_path / "top")
    fsspec = pytest.importorskip("fsspec")
    fsspec.filesystem("memory").store.clear()
    return Folder("memory://top")


def test_files_are_written_read_listed_and_removed(folder: Folder) -> None:
    assert not folder.exists()
    assert folder.empty()
    folder.write("a/b.txt", b"one")
    folder.child("a").write("c.bin", b"three")
    folder.write("a/b.txt", b"two")
    assert list(folder.files()) == ["a/b.txt", "a/c.bin"]
    assert list(folder.files(".bin")) == ["a/c.bin"]
    assert (folder.read("a/b.txt"), folder.size("a/c.bin"), folder.read("a/c.bin", 2)) == (b"two", 5, b"th")
    assert folder.exists("a/b.txt")
    assert folder.is_folder()
    assert not folder.child("a").empty()
    folder.remove("a/b.txt")
    folder.remove("a/b.txt")
    assert list(folder.files()) == ["a/c.bin"]
    folder.remove_all()
    folder.remove_all()
    assert folder.empty()


def test_half_written_files_are_not_there(folder: Folder) -> None:
    with pytest.raises(ValueError, match="stop"), folder.writing("a.txt") as file:  # noqa: PT012
        file.write(b"half")
        raise ValueError("stop")
    assert not folder.exists("a.txt")
    assert folder.empty()


def test_a_full_disk_is_one_clear_line(folder: Folder) -> None:
    expected = pytest.raises(UnreadableFileError, match=r"a\.txt.*cannot be written: No space left")
    with expected as caught, folder.writing("b/a.txt"):
        raise OSError(errno.ENOSPC, "No space left on device", "/some/where")
    assert "/some" not in str(caught.value)
    assert folder.empty()


def test_what_a_storage_leaves_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    folder = Folder("memory://left")
    folder.write("a.txt", b"one")

    def lost(*_words: object, **_options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(memory, "rm", lost)
    with pytest.raises(UnreadableFileError, match="left: cannot be removed: some of it is left"):
        folder.remove_all()
    monkeypatch.undo()
    folder.remove_all()
    assert not folder.exists()


def test_half_a_file_is_not_left_on_a_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pytest.importorskip("fsspec").filesystem("memory")
    folder = Folder("memory://half")
    real = type(memory)._open

    def opened(self: object, path: str, mode: str = "rb", **words: object) -> object:
        file = real(self, path, mode, **words)
        if mode == "wb":
            write = file.write

            def half(data: bytes) -> int:
                write(data[:2])
                raise TimeoutError

            file.write = half
        return file

    monkeypatch.setattr(type(memory), "_open", opened)
    with pytest.raises(UnreadableFileError, match=r"^a\.txt: cannot be written"):
        folder.write("a.txt", b"four")
    assert not folder.exists("a.txt")


def test_failures_of_drivers_are_one_line_also_while_a_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pytest.importorskip("fsspec").filesystem("memory")

    class Cache:
        def fetcher(self, _start: int, _end: int) -> bytes:
            raise RuntimeError("https://user:secret@storage")

    class File:
        cache = Cache()

        def read(self) -> bytes:
            return self.cache.fetcher(0, 1)

    monkeypatch.setattr(memory, "open", lambda *_words, **_options: File())
    file = Folder("memory://top").open("in/a.txt")
    for ask in (file.read, lambda: Folder("memory://top").open("in/a.txt").read()):
        with pytest.raises(UnreadableFileError) as caught:
            ask()
        assert caught.value.message == "a.txt: cannot be read: RuntimeError."
    monkeypatch.setattr(memory, "info", Cache().fetcher)
    with pytest.raises(UnreadableFileError, match=r"^a\.txt: cannot be read: TypeError\.$"):
        Folder("memory://top").exists("in/a.txt")


def test_it_may_be_pickled(folder: Folder) -> None:
    folder.write("x", b"y")
    assert pickle.loads(pickle.dumps(folder)).read("x") == b"y"


def test_failures_hold_no_path(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    with pytest.raises(UnreadableFileError, match=r"^gone\.txt") as caught:
        Folder(tmp_path).read("gone.txt")
    assert str(tmp_path) not in str(caught.value)
    with pytest.raises(UnsupportedFileError, match="is a folder"):
        Folder(tmp_path).read("inner")


def test_storage_that_is_unknown_is_named() -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(ConfigurationError, match="nowhere"):
        Folder("nowhere://x").exists()


def test_options_are_not_shown() -> None:
    assert "secret" not in repr(Folder("memory://top", {"key": "secret"}))


def test_what_a_killed_process_left_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / ".partial-0123-x.txt").write_text("half")
    folder = Folder(tmp_path)
    folder.write("a/x.txt", b"whole")
    folder.sweep()
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.txt"]


def test_servers_without_ranges_are_told() -> None:
    assert reason_of(ValueError("The HTTP server doesn't appear to support range requests.")) == (
        "the server gives no ranges of files"
    )
    assert reason_of(ValueError("x")) == "ValueError"
    assert reason_of(OSError(28, "to https://user:secret@storage")) == os.strerror(28)
    assert reason_of(OSError(-2, "of storage.example")) == "OSError"


def test_a_storage_that_does_not_answer_is_told_from_what_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = pytest.importorskip("fsspec").filesystem("memory")
    causes: list[Exception | None] = [OSError(111, "('10.0.0.1', 9)"), FileNotFoundError("x"), None]

    def info(_path: str, **_words: object) -> dict[str, object]:
        raise FileNotFoundError("https://10.0.0.1/x") from causes[0]

    monkeypatch.setattr(memory, "info", info)
    with pytest.raises(UnreadableFileError, match=rf"^a\.txt: cannot be read: {os.strerror(111)}\.$"):
        Folder("memory://top").size("in/a.txt")
    for _ in causes[1:]:
        del causes[0]
        with pytest.raises(UnreadableFileError, match=r"^a\.txt: is not there\.$"):
            Folder("memory://top").size("in/a.txt")
