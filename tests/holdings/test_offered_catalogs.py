"""Catalogs on offer: read when wanted, once for all who ask, anew when the file changed."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.table import MemoryTable
from armillary.errors import CorruptFileError, FileError, NoPositionsError, UnreadableFileError, VersionGoneError
from armillary.holdings import catalogs
from armillary.holdings.catalogs import OfferedCatalog, Shelf, offered_file, offered_inline


def made(count: int = 3) -> Catalog:
    values = pa.array(np.arange(count, dtype=float))
    return Catalog(MemoryTable("t", {"ra": values, "dec": values}))


def write(path: Path, text: str) -> None:
    """Replace a file by another one, as careful programs do."""
    part = path.with_name("part")
    part.write_text(text)
    os.replace(part, path)


@pytest.fixture(autouse=True)
def _own_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogs, "shelf", Shelf())


def test_nothing_is_read_before_it_is_wanted(tmp_path: Path) -> None:
    offered = offered_file(tmp_path / "later.csv")
    assert (offered.name, offered.count, offered.problem) == ("later.csv", None, None)
    write(tmp_path / "later.csv", "ra,dec\n1,2\n")
    catalog, version = offered.current()
    assert (catalog.count, offered.count) == (1, 1)
    assert offered.current() == (catalog, version)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, "ra,dec\n1,2\n")
    offered = offered_file(path)
    first, version = offered.current()
    write(path, "ra,dec\n1,2\n3,4\n")
    second, later = offered.current()
    assert (first.count, second.count, offered.count) == (1, 2, 2)
    assert version != later
    assert offered.public_version(version) != offered.public_version(later) == offered.public_version(later)


def test_a_broken_file_says_why_and_is_not_read_again_until_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    write(path, "a,b\n1,x\n")
    offered = offered_file(path)
    for _ in range(3):
        with pytest.raises(NoPositionsError):
            offered.current()
    assert isinstance(offered.problem, NoPositionsError)
    write(path, "ra,dec\n1,2\n")
    assert offered.current()[0].count == 1
    assert offered.problem is None
    path.unlink()
    with pytest.raises(UnreadableFileError, match="no such file"):
        offered.current()
    write(path, "ra,dec\n1,2\n5,6\n")
    assert offered.current()[0].count == 2


def test_an_unexpected_failure_is_worded(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []

    def read() -> Catalog:
        calls.append(1)
        raise ZeroDivisionError("/a/secret/path")

    offered = OfferedCatalog("t.csv", read, lambda: "1")
    for _ in range(3):
        with pytest.raises(FileError) as caught:
            offered.current()
        assert "secret" not in caught.value.message
    assert len(calls) == 1
    assert "ZeroDivisionError" in caplog.text


def test_many_who_ask_at_once_wait_for_one_reading() -> None:
    calls: list[int] = []
    begun = threading.Event()

    def read() -> Catalog:
        calls.append(1)
        begun.wait(5)
        return made()

    offered = OfferedCatalog("t", read, lambda: "1")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(offered.current) for _ in range(8)]
        while not calls:
            time.sleep(0.001)
        begun.set()
        found = {id(answer.result(10)[0]) for answer in answers}
    assert (len(found), len(calls)) == (1, 1)


def test_a_file_that_changes_while_it_is_read_is_read_again() -> None:
    versions = iter(["1", "1", "2", "2", "2", "2"])
    counts = iter([3, 5])
    offered = OfferedCatalog("t", lambda: made(next(counts)), lambda: next(versions))
    catalog, version = offered.current()
    assert (catalog.count, version) == (5, "2")


def test_errors_of_a_file_that_changed_meanwhile_do_not_count() -> None:
    versions = iter(["1", "1", "2", "2", "2", "2"])
    answers: Any = iter([CorruptFileError("t", "half of it"), VersionGoneError("t"), None])

    def read() -> Catalog:
        answer = next(answers)
        if answer is not None:
            raise answer
        return made(7)

    assert OfferedCatalog("t", read, lambda: next(versions, "3")).current()[0].count == 7


def test_a_file_that_never_rests_is_told() -> None:
    numbers = iter(range(1000))
    offered = OfferedCatalog("t", made, lambda: str(next(numbers)))
    with pytest.raises(UnreadableFileError, match="being written"):
        offered.current()


def test_rows_appended_while_it_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("ra,dec\n" + "1,2\n" * 1000)
    offered = offered_file(path)
    stop = threading.Event()

    def append() -> None:
        with path.open("a") as file:
            while not stop.is_set():
                file.write("3,4\n3,")
                file.flush()
                time.sleep(0.002)
                file.write("4\n")
                file.flush()

    writer = threading.Thread(target=append)
    writer.start()
    counts = []
    try:
        for _ in range(15):
            try:
                counts.append(offered.current()[0].count)
            except UnreadableFileError as error:
                assert "being written" in error.message  # noqa: PT017
    finally:
        stop.set()
        writer.join()
    assert counts == sorted(counts)
    assert offered.current()[0].count == path.read_text().count("\n") - 1


def test_columns_of_a_replaced_file_are_never_mixed(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"

    def store(value: float) -> None:
        columns = {name: np.full(1000, value) for name in ("ra", "dec", "x", "y")}
        parquet.write_table(pa.table(columns), tmp_path / "part")
        os.replace(tmp_path / "part", path)

    store(1.0)
    offered = offered_file(path)
    catalog, _ = offered.current()
    store(2.0)
    with pytest.raises(VersionGoneError):
        catalog.column(catalog.field("x"))
    newer, _ = offered.current()
    assert newer.values(newer.field("x"))[0] == newer.ra[0] == 2.0


def test_memory_is_bounded_by_bytes_and_the_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    size = made(1000).nbytes
    monkeypatch.setattr(catalogs, "shelf", Shelf(int(2.5 * size)))
    calls: list[int] = []

    def offer(number: int) -> OfferedCatalog:
        return OfferedCatalog(f"t{number}", lambda: (calls.append(number), made(1000))[1], lambda: "1")

    offers = [offer(number) for number in range(4)]
    for offered in offers:
        offered.current()
    assert catalogs.shelf.nbytes <= 2.5 * size
    offers[3].current()
    offers[0].current()
    assert calls == [0, 1, 2, 3, 0]
    catalogs.shelf.max_bytes = 1
    offers[1].current()
    offers[1].current()
    assert calls == [0, 1, 2, 3, 0, 1]
    offers[1].close()
    assert catalogs.shelf.nbytes == 0


def test_sources_of_a_configuration() -> None:
    offered = offered_inline("Few", [{"name": "a", "ra": 10, "dec": 20, "extra": {"z": 0.1}}, {"ra": 1, "dec": 2}])
    assert offered.count == 2
    catalog, version = offered.current()
    assert [field.name for field in catalog.fields] == ["name", "ra", "dec", "z"]
    assert catalog.ra.tolist() == [10.0, 1.0]
    assert offered_inline("Few", [{"ra": 1, "dec": 2}]).current()[1] != version
    assert offered_inline("None", []).current()[0].count == 0
    with pytest.raises(FileError, match="source 1 is no object"):
        offered_inline("Bad", [3]).current()  # type: ignore[list-item]


def test_versions_differ_by_place_and_by_columns(tmp_path: Path) -> None:
    one, two = (offered_file(tmp_path / name) for name in ("a.csv", "b.csv"))
    third = offered_file(tmp_path / "a.csv", ra_column="x", dec_column="y")
    assert len({offered.public_version("1") for offered in (one, two, third)}) == 3
    assert offered_file(tmp_path / "a.csv").public_version("1") == one.public_version("1")
