from __future__ import annotations

import bz2
import gzip
import os
import threading

import pytest

from armillary.errors import NotFitsError, UnreadableFileError, UnsupportedFileError
from armillary.storage.source import check_fits, open_fits_source, open_source


def refused(path, kind, words):
    with pytest.raises(kind, match=words) as caught:
        open_fits_source(path)
    assert os.fspath(path.parent) not in caught.value.message
    assert "\n" not in caught.value.message


def test_missing(tmp_path):
    refused(tmp_path / "no.fits", UnreadableFileError, "no such file")


def test_folder(tmp_path):
    refused(tmp_path / "sub" / "..", UnreadableFileError, "no such file")
    (tmp_path / "folder.fits").mkdir()
    refused(tmp_path / "folder.fits", UnreadableFileError, "a folder")


def test_broken_link(tmp_path):
    (tmp_path / "link.fits").symlink_to(tmp_path / "nothing")
    refused(tmp_path / "link.fits", UnreadableFileError, "points to nothing")


def test_link_to_itself(tmp_path):
    (tmp_path / "link.fits").symlink_to(tmp_path / "link.fits")
    refused(tmp_path / "link.fits", UnreadableFileError, "points to itself")


def test_named_pipe_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe.fits")
    done = threading.Event()

    def look():
        refused(tmp_path / "pipe.fits", UnreadableFileError, "named pipe")
        done.set()

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    assert done.wait(20)


def test_device():
    with pytest.raises(UnreadableFileError, match="a device"):
        open_source("/dev/null")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    path = tmp_path / "secret.fits"
    path.write_bytes(b"SIMPLE  =")
    path.chmod(0)
    refused(path, UnreadableFileError, "no permission")


def test_no_permission_in_words(tmp_path, monkeypatch):
    path = tmp_path / "secret.fits"
    path.write_bytes(b"SIMPLE  =")

    def deny(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", deny)
    refused(path, UnreadableFileError, "no permission")


def test_empty(tmp_path):
    (tmp_path / "empty.fits").touch()
    refused(tmp_path / "empty.fits", NotFitsError, "empty")


@pytest.mark.parametrize(
    "content", [b"x", b"SIMPLEST", b"hello" * 1000, b"\x89PNG\r\n\x1a\n" + bytes(5000), bytes(9000)]
)
@pytest.mark.parametrize("encode", [bytes, gzip.compress, bz2.compress])
def test_not_fits(tmp_path, content, encode):
    path = tmp_path / "f.fits"
    path.write_bytes(encode(content))
    refused(path, NotFitsError, "not a FITS file")


@pytest.mark.parametrize(
    "content",
    [b"\x1f\x8b\x08" + bytes(50), b"BZh91AY&SY" + bytes(50), gzip.compress(b"", mtime=0)],
    ids=["gzip header alone", "bzip2 header alone", "gzip of nothing"],
)
def test_damaged_compression(tmp_path, content):
    path = tmp_path / "f.fits"
    path.write_bytes(content)
    refused(path, NotFitsError, "not a FITS file|cannot be decoded")


@pytest.mark.parametrize(
    ("magic", "word"), [(b"\xfd7zXZ\x00", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"PK\x03\x04", "zip")]
)
def test_foreign_compression(tmp_path, magic, word):
    path = tmp_path / "f.fits"
    path.write_bytes(magic + bytes(100))
    refused(path, UnsupportedFileError, word)


def test_bomb_that_is_not_fits_is_refused_from_its_first_block(tmp_path):
    path = tmp_path / "bomb.fits.gz"
    path.write_bytes(gzip.compress(bytes(64 << 20), 9))
    source = open_source(path)
    decoded = []
    advance = source._advance
    source._advance = lambda state: decoded.append(1) or advance(state)
    with pytest.raises(NotFitsError):
        check_fits(source)
    assert len(decoded) == 1


@pytest.mark.parametrize("encode", [gzip.compress, bz2.compress])
def test_no_more_than_the_bound_is_decoded(tmp_path, encode):
    path = tmp_path / "bomb.fits.gz"
    path.write_bytes(encode(b"SIMPLE  =" + bytes(20 << 20)))
    source = open_source(path, max_decoded_bytes=8 << 20)
    assert source.read(0, 9) == b"SIMPLE  ="
    with pytest.raises(UnsupportedFileError, match="8 MiB"):
        _ = source.size


@pytest.mark.parametrize("encode", [lambda b: gzip.compress(b, 1), lambda b: bz2.compress(b, 1)])
def test_truncated_compression_gives_what_it_has(tmp_path, encode):
    content = b"SIMPLE  =" + os.urandom(3 << 20)
    packed = encode(content)
    path = tmp_path / "cut"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    source = open_source(path)
    size = source.size
    assert len(content) // 2 < size < len(content)
    assert source.read(0, size) == content[:size]
