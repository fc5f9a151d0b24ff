from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from armillary.errors import UnreadableFileError
from armillary.storage import consistent, faults, sigbus
from armillary.storage.consistent import read_consistently
from armillary.storage.local import LocalSource
from armillary.storage.mapping import Mappings, mappings

pytestmark = pytest.mark.skipif(not faults.supported(), reason="mapped reads are for 64-bit Linux")


def make(path, byte=b"a", size=40_000):
    path.write_bytes(byte * size)
    return LocalSource(os.fspath(path))


def test_mapping_is_kept_and_renewed(tmp_path):
    source = make(tmp_path / "f")
    first = source.mapped()
    assert source.mapped().obj is first.obj
    make(tmp_path / "g", b"b", 50_000)
    os.replace(tmp_path / "g", tmp_path / "f")
    assert source.mapped()[:2] == b"bb"
    assert first[:2] == b"aa"
    source.close()
    assert source.mapped()[:2] == b"bb"


def test_mappings_are_bounded(tmp_path):
    kept = Mappings(limit=5)
    sources = [make(tmp_path / str(k), bytes([65 + k])) for k in range(12)]
    views = [kept.view(source) for source in sources]
    assert len(kept) == 5
    assert [bytes(view[:1]) for view in views] == [bytes([65 + k]) for k in range(12)]


def test_ranges_are_given_back(tmp_path):
    source = make(tmp_path / "f")
    view = source.mapped()
    address = np.frombuffer(view, np.uint8).__array_interface__["data"][0]

    def known():
        return address in faults._words[faults.FIRST_RANGE :: 2][faults._words[faults.FIRST_RANGE + 1 :: 2] != 0]

    assert known()
    del view
    mappings.forget(source.path)
    assert not known()


def test_empty_file_is_not_mapped(tmp_path):
    assert make(tmp_path / "f", size=0).mapped() is None


def test_nothing_is_mapped_where_faults_cannot_be_caught(tmp_path, monkeypatch):
    monkeypatch.setattr(sigbus, "ready", lambda: False)
    source = make(tmp_path / "f")
    assert source.mapped() is None
    assert source.read(39_999, 1) == b"a"


def test_truncated_pages_read_as_zeros_and_are_counted(tmp_path):
    source = make(tmp_path / "f")
    view = source.mapped()
    before = faults.fault_count()
    os.truncate(tmp_path / "f", 10)
    page = os.sysconf("SC_PAGESIZE")
    assert not any(view[page:])
    assert faults.fault_count() > before
    assert source.mapped() != view


def test_reads_are_repeated_until_they_are_of_one_version(tmp_path, monkeypatch):
    monkeypatch.setattr(consistent.time, "sleep", lambda _: None)
    source = make(tmp_path / "f")
    calls = []

    def read():
        calls.append(1)
        if len(calls) < 3:
            make(tmp_path / "f", b"b", 40_000 + len(calls))
        return source.read(0, 1)

    result, version = read_consistently(source, read)
    assert result == b"b"
    assert version == source.version
    assert len(calls) == 3


def test_file_that_never_rests_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(consistent.time, "sleep", lambda _: None)
    source = make(tmp_path / "f")
    sizes = iter(range(1, 1000))
    with pytest.raises(UnreadableFileError, match=r"f\.fits: it keeps changing"):
        read_consistently(source, lambda: make(tmp_path / "f", size=next(sizes)), name="f.fits")


def test_disk_that_fails_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(consistent.time, "sleep", lambda _: None)
    source = make(tmp_path / "f")
    counts = iter(range(1000))
    monkeypatch.setattr(consistent, "fault_count", lambda: next(counts))
    with pytest.raises(UnreadableFileError, match="disk"):
        read_consistently(source, lambda: None)


def run(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *map(os.fspath, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_rewritten_in_place_while_it_is_read(tmp_path):
    """The process survives, and what is read is all of one kind: pages of zeros or two versions are never mixed."""
    code = """
    import os, sys, threading, time
    from armillary.errors import UnreadableFileError
    from armillary.storage.consistent import read_consistently
    from armillary.storage.source import open_source
    from armillary.storage.faults import fault_count

    path, size = sys.argv[1], 400_000
    with open(path, "wb") as file:
        file.write(b"a" * size)
    stop = threading.Event()

    def rewrite():
        letters = "bcdefgh"
        turn = 0
        while not stop.is_set():
            turn += 1
            with open(path, "wb") as file:
                time.sleep(0.002)
                file.write(letters[turn % 7].encode() * size)
            time.sleep(0.02)

    source = open_source(path)
    source.mapped()
    thread = threading.Thread(target=rewrite)
    thread.start()
    good = 0
    end = time.monotonic() + 20
    while time.monotonic() < end and (good < 150 or fault_count() == 0):
        def read():
            view = source.mapped()
            return b"" if view is None else bytes(view)
        try:
            data, _ = read_consistently(source, read)
        except UnreadableFileError:
            continue
        # The version sees whole writes only: an empty or half file is a state of its own.
        assert len(set(data)) <= 1, set(data)
        assert 0 not in data
        good += 1
    stop.set()
    thread.join()
    print(good, fault_count())
    """
    done = run(code, tmp_path / "f")
    assert done.returncode == 0, done.stderr
    good, count = map(int, done.stdout.split())
    assert good >= 10
    assert count > 0


def test_faults_of_others_are_left_to_others(tmp_path):
    """A mapping that is not ours still ends the process."""
    code = """
    import mmap, os, sys
    from armillary.storage import sigbus
    assert sigbus.ready()
    with open(sys.argv[1], "w+b") as file:
        file.write(bytes(40_000))
        file.flush()
        memory = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        os.truncate(sys.argv[1], 0)
        print(memory[20_000])
    """
    assert run(code, tmp_path / "f").returncode == -7
