"""Tables packed by xz and zip: whole, in several streams, damaged, hostile."""

from __future__ import annotations

import io
import lzma
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from conftest_memory import refusal
from hypothesis import given, settings
from hypothesis import strategies as st

from armillary import catalogs
from armillary.catalogs.formats import packings
from armillary.catalogs.limits import Limits
from armillary.catalogs.reading import read_catalog
from armillary.errors import CorruptFileError, FileError, UnsupportedFileError

TEXT = b"ra,dec,n\n" + b"".join(b"%d,%d,%d\n" % (k % 360, k % 90, k * k) for k in range(2000))


def zipped(content: bytes, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as archive:
        archive.writestr("stars.csv", content)
    return sink.getvalue()


def read(folder: Path, content: bytes, **more: object) -> list[int]:
    path = folder / "stars.csv.packed"
    path.write_bytes(content)
    made = read_catalog(path, **more)
    return made.column(made.field("n")).to_pylist()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_of_one_file_by_any_of_its_methods(tmp_path: Path, method: int) -> None:
    assert read(tmp_path, zipped(TEXT, method))[-1] == 1999**2


def test_streams_of_xz_follow_one_another(tmp_path: Path) -> None:
    cut = TEXT.index(b"\n", 9000) + 1
    packed = lzma.compress(TEXT[:cut]) + bytes(8) + lzma.compress(TEXT[cut:]) + bytes(4)
    assert read(tmp_path, packed) == [k * k for k in range(2000)]


@pytest.mark.parametrize("pack", [lzma.compress, zipped], ids=["xz", "zip"])
@settings(max_examples=80)
@given(data=st.data())
def test_what_is_damaged_is_told_and_never_read_as_something_else(
    tmp_path_factory: pytest.TempPathFactory, pack, data: st.DataObject
) -> None:
    content = bytearray(pack(TEXT))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = None
    with suppress(FileError):
        found = read(tmp_path_factory.getbasetemp(), bytes(content))
    assert found in (None, [k * k for k in range(2000)])


def test_what_takes_too_much_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packings, "MEMORY_BYTES", 1 << 20)
    with pytest.raises(UnsupportedFileError, match="more than 1 MiB of memory"):
        read(tmp_path, lzma.compress(TEXT, preset=9))


def test_what_is_encrypted_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(TEXT))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    with pytest.raises(UnsupportedFileError, match="encrypted"):
        read(tmp_path, bytes(content))


@pytest.mark.parametrize("pack", [lzma.compress, zipped], ids=["xz", "zip"])
def test_a_bomb_is_refused_with_little_memory(tmp_path: Path, pack) -> None:
    path = tmp_path / "stars.csv.packed"
    path.write_bytes(pack(b"ra,dec,n\n" + b"1,2,3\n" * (4 << 20)))
    kind, _, peak = refusal(read_catalog, path, limits=Limits(1 << 20, 4 << 20))
    assert kind is UnsupportedFileError
    assert peak < 40e6


def test_a_directory_of_very_many_files_is_not_read(tmp_path: Path) -> None:
    entry = b"PK\x01\x02" + bytes(24) + (1).to_bytes(2, "little") + bytes(16) + b"a"
    directory = entry * 200_000
    end = b"PK\x05\x06" + bytes(8) + len(directory).to_bytes(4, "little") + (4).to_bytes(4, "little") + bytes(2)
    path = tmp_path / "stars.zip"
    path.write_bytes(b"PK\x03\x04" + directory + end)
    kind, _, peak = refusal(read_catalog, path)
    assert kind is CorruptFileError
    assert peak < 40e6


@pytest.mark.parametrize("pack", [lzma.compress, zipped], ids=["xz", "zip"])
def test_imports_read_them(tmp_path: Path, pack) -> None:
    (tmp_path / "stars.csv").write_bytes(pack(TEXT))
    made = catalogs.import_catalog(
        input_paths=[str(tmp_path / "stars.csv")], output_path=str(tmp_path), output_artifact_name="made"
    )
    assert made.rows == 2000
