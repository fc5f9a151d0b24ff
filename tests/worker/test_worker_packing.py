"""Archives as streams: read back by Python's readers and by other programs, also where numbers are large."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.worker import packing
from armillary.worker.packing import Member, archive, zip_parts

MOMENT = datetime(2026, 1, 31, 12, 30, 11, tzinfo=UTC)
contents = st.dictionaries(
    st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,40}", fullmatch=True), st.binary(max_size=2000), max_size=8
)


def members_of(files):
    return [
        Member(name, len(data), zlib.crc32(data), lambda data=data: [data[:7], memoryview(data[7:])])
        for name, data in files.items()
    ]


def read_back(form, data):
    if form == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as found:
            assert found.testzip() is None
            assert {entry.date_time for entry in found.infolist()} <= {(2026, 1, 31, 12, 30, 10)}
            return {name: found.read(name) for name in found.namelist()}
    with tarfile.open(fileobj=io.BytesIO(data)) as found:
        assert {entry.mtime for entry in found} <= {MOMENT.timestamp()}
        return {name: found.extractfile(name).read() for name in found.getnames()}


@pytest.mark.parametrize("form", ["zip", "tar"])
@given(files=contents)
def test_what_goes_in_comes_out(form, files):
    data = b"".join(bytes(part) for part in archive(form, members_of(files), MOMENT))
    assert read_back(form, data) == files


@given(files=contents)
def test_large_numbers_take_the_fields_of_zip64(files):
    """As if a few bytes were more than four fields of a byte could hold."""
    with pytest.MonkeyPatch.context() as patch:
        # What the reader sees is the same form as of archives beyond 4 GiB: the limit is brought to the data.
        patch.setattr(packing, "MANY", 0)
        data = b"".join(bytes(part) for part in zip_parts(members_of(files), MOMENT))
    assert b"PK\x06\x06" in data
    assert read_back("zip", data) == files


class Zeros:
    """A file of zeros that nobody holds."""

    def __init__(self, size):
        self.size = size

    def __call__(self):
        block = bytes(1 << 24)
        for start in range(0, self.size, len(block)):
            yield memoryview(block)[: min(len(block), self.size - start)]


class Sparse(io.RawIOBase):
    """A file of which only what is not zero is kept, for archives larger than memory."""

    def __init__(self):
        self.pieces, self.length, self.place = {}, 0, 0

    def add(self, part):
        data = memoryview(part)
        if data.nbytes < 1 << 20:
            self.pieces[self.length] = bytes(data)
        self.length += data.nbytes

    def seekable(self):
        return True

    def readable(self):
        return True

    def tell(self):
        return self.place

    def seek(self, offset, whence=0):
        self.place = offset + (0, self.place, self.length)[whence]
        return self.place

    def read(self, size=-1):
        stop = self.length if size is None or size < 0 else min(self.length, self.place + size)
        found = bytearray(stop - self.place)
        for start, data in self.pieces.items():
            low, high = max(start, self.place), min(start + len(data), stop)
            if low < high:
                found[low - self.place : high - self.place] = data[low - start : high - start]
        self.place = stop
        return bytes(found)


def test_members_beyond_4_gib_are_found_again():
    size = (1 << 32) + 5
    members = [
        Member("large", size, 0, Zeros(size)),
        Member("after", 5, zlib.crc32(b"after"), lambda: [b"after"]),
    ]
    sparse = Sparse()
    for part in zip_parts(members, MOMENT):
        sparse.add(part)
    with zipfile.ZipFile(sparse) as found:
        assert [entry.file_size for entry in found.infolist()] == [size, 5]
        assert found.getinfo("after").header_offset > 1 << 32
        assert found.read("after") == b"after"


def test_more_than_65535_members():
    files = {f"f{k}": b"" for k in range(65_540)}
    data = b"".join(bytes(part) for part in zip_parts(members_of(files), MOMENT))
    with zipfile.ZipFile(io.BytesIO(data)) as found:
        assert found.namelist() == list(files)


@pytest.mark.parametrize(("form", "command"), [("zip", ["unzip", "-tq"]), ("tar", ["tar", "-tf"])])
def test_other_programs_read_them(tmp_path, form, command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is missing")
    files = {"one.fits": bytes(10_000), "two.txt": b"text", "empty": b""}
    path = tmp_path / f"some.{form}"
    path.write_bytes(b"".join(bytes(part) for part in archive(form, members_of(files), MOMENT)))
    said = subprocess.run([*command, str(path)], check=False, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
