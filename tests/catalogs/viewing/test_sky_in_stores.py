"""HATS catalogs in object storage: by ranges, with the operator's options; nothing in them leads elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import numpy as np
import pyarrow as pa
import pytest
from conftest_viewing import ROWS, named, split_in_files, within_cone
from fsspec.implementations.memory import MemoryFileSystem

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.drawing import Wish
from armillary.catalogs.viewing import far_folders, gathering, partitions
from armillary.catalogs.viewing.catalog import SkyCatalog
from armillary.catalogs.viewing.far_folders import StoreFolder
from armillary.catalogs.viewing.points import draw_of_sky
from armillary.catalogs.viewing.rows import rows_within
from armillary.catalogs.views import Cone
from armillary.errors import CorruptFileError, FileError, UnsupportedFileError
from armillary.holdings.catalogs import offered_file
from armillary.holdings.sky_folders import is_sky_folder, shown_name
from armillary.storage import remote

OPTIONS = json.dumps({"key": "sesame"})
ADDRESS = "locked://bucket/objects"


class LockedFileSystem(MemoryFileSystem):
    """Files in memory for who has the key; counts the bytes that it gives."""

    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    protocol = "locked"
    given: ClassVar[int] = 0
    broken: ClassVar[bool] = False

    def __init__(self, key: str = "", **words: Any) -> None:
        super().__init__(**words)
        self._key = key

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        text = path.removeprefix("locked://").removeprefix("memory://")
        return f"/{text.strip('/')}" if text.strip("/") else ""

    def info(self, path: str, **words: Any) -> Any:
        if self._key != "sesame":
            raise PermissionError(f"not with the key {self._key}")
        if self.broken:
            raise ConnectionResetError(f"https://user:{self._key}@storage")
        return super().info(path, **words)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **words: Any) -> Any:
        data = super().cat_file(path, start, end, **words)
        type(self).given += len(data)
        return data


def put(folder: Path, name: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            LockedFileSystem().pipe_file(f"/bucket/{name}/{path.relative_to(folder)}", path.read_bytes())


@pytest.fixture(autouse=True)
def storage(sky_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[LockedFileSystem]]:
    """A storage that holds a copy of the catalog."""
    monkeypatch.setattr(remote, "VERSION_AGE_S", 0.0)
    fsspec.register_implementation("locked", LockedFileSystem, clobber=True)
    put(sky_folder, "objects")
    LockedFileSystem.given, LockedFileSystem.broken = 0, False
    yield LockedFileSystem
    LockedFileSystem.store.clear()
    LockedFileSystem.pseudo_dirs[:] = [""]


def opened_at(address: str = ADDRESS, options: str = OPTIONS, **words: Any) -> SkyCatalog:
    catalog, _ = offered_file(address, storage_options=options, **words).current()
    assert not isinstance(catalog, Catalog)
    return catalog


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/hats.properties"])
def test_it_is_looked_at_like_a_local_one(address: str, looked_at: pa.Table) -> None:
    assert is_sky_folder(address)
    assert shown_name(address) == "objects"
    sky = opened_at(address)
    assert (sky.count, sky.counts.total) == (ROWS, ROWS)
    assert sky.center is not None
    rows, _ = rows_within(sky, 83.6, -5.4, 1.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.6, -5.4, 1.0)
    found = draw_of_sky(sky, Cone(0, 90, 1.0), Wish(1000))
    assert named(sky, found.rows) == within_cone(looked_at, 0, 90, 1.0)


def test_only_what_is_needed_is_read(storage: type[LockedFileSystem], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "BLOCK_BYTES", 4096)
    whole = sum(len(file.getvalue()) for name, file in storage.store.items() if name.endswith(".parquet"))
    sky = opened_at()
    rows_within(sky, 83.6, -5.4, 0.05, ROWS)
    assert 0 < storage.given < whole / 2
    before = storage.given
    rows_within(sky, 83.6, -5.4, 0.05, ROWS)
    assert storage.given == before


def test_many_partitions_are_left_to_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MOST_OPENED_FAR", 3)
    found = draw_of_sky(opened_at(), Cone(0, 0, 180), Wish(100))
    assert (len(found.rows), found.total) == (100, ROWS)


def test_partitions_of_several_files_are_listed(tmp_path: Path, sky_folder: Path, looked_at: pa.Table) -> None:
    split = split_in_files(sky_folder, tmp_path / "split")
    (split / "dataset/_metadata").unlink()
    put(split, "split")
    sky = opened_at("locked://bucket/split")
    rows, _ = rows_within(sky, 83.0, -5.0, 20.0, ROWS)
    assert named(sky, rows) == within_cone(looked_at, 83.0, -5.0, 20.0)
    fs = LockedFileSystem()
    for name in [name for name in fs.store if "/bucket/split/dataset/Norder" in name]:
        fs.rm_file(name)
    with pytest.raises(FileError, match=r"Npix=\d+: is "):
        opened_at("locked://bucket/split").partition(0)


def test_changes_and_losses_are_noticed(storage: type[LockedFileSystem]) -> None:
    offered = offered_file(ADDRESS, storage_options=OPTIONS)
    catalog, version = offered.current()
    assert offered.current() == (catalog, version)
    name, fs = "/bucket/objects/hats.properties", storage()
    words = fs.cat_file(name)
    fs.pipe_file(name, words.replace(f"hats_nrows={ROWS}".encode(), b"hats_nrows=5"))
    changed, later = offered.current()
    assert later != version
    assert (changed.count, catalog.count) == (5, ROWS)
    fs.rm_file(name)
    with pytest.raises(FileError, match=r"hats\.properties: is not there"):
        offered.current()
    fs.pipe_file(name, words)
    assert offered.current()[0].count == ROWS


def test_a_partition_that_changes_while_it_is_read_gives_no_mixture(storage: type[LockedFileSystem]) -> None:
    from armillary.errors import VersionGoneError

    file = opened_at().partition(0).files[0]
    name = next(name for name in storage.store if name.endswith(file.name))
    storage().pipe_file(name, storage().cat_file(name)[::-1])
    with pytest.raises((VersionGoneError, CorruptFileError)):
        file.column(0, "mag")


def test_a_missing_partition_is_named(storage: type[LockedFileSystem]) -> None:
    for name in [name for name in storage.store if name.endswith(".parquet")]:
        storage().rm_file(name)
    with pytest.raises(FileError, match=r"Npix=\d+\.parquet"):
        rows_within(opened_at(), 83.6, -5.4, 1.0, ROWS)


def test_a_collection_leads_to_its_catalog(storage: type[LockedFileSystem], looked_at: pa.Table) -> None:
    for primary in ("objects", ADDRESS):
        storage().pipe_file("/bucket/collection.properties", f"hats_primary_table_url={primary}\n".encode())
        sky = opened_at("locked://bucket")
        rows, _ = rows_within(sky, 200, 40, 8.0, ROWS)
        assert named(sky, rows) == within_cone(looked_at, 200, 40, 8.0)


@pytest.mark.parametrize("primary", ["/etc", "file:///etc", "locked://other/x", "locked://bucket2/x", "http://x/y"])
def test_it_leads_nowhere_else(storage: type[LockedFileSystem], primary: str) -> None:
    storage().pipe_file("/bucket/collection.properties", f"hats_primary_table_url={primary}\n".encode())
    with pytest.raises(UnsupportedFileError, match="names a part of it that lies in another storage"):
        opened_at("locked://bucket")


def test_roots_hold_for_addresses() -> None:
    with pytest.raises(FileError, match="lies outside the folders that are allowed"):
        opened_at(allows=lambda path: path.endswith("properties"))
    sky = opened_at(allows=lambda path: "Norder" not in path)
    with pytest.raises(FileError, match="lies outside the folders that are allowed"):
        sky.partition(0)


def test_it_needs_a_list_of_its_partitions(storage: type[LockedFileSystem], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_folders, "LARGEST", 10)
    with pytest.raises(UnsupportedFileError, match=r"hats\.properties: is too large to be read whole"):
        opened_at()
    monkeypatch.undo()
    storage().rm_file("/bucket/objects/partition_info.csv")
    with pytest.raises(UnsupportedFileError, match=r"dataset: .* needs partition_info\.csv"):
        opened_at()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ('{"key": "wrong-secret"}', "collection.properties: may not be read: no permission."),
        ('{"key": "sesame", "kez": "secret"}', None),
        ("", "collection.properties: may not be read: no permission."),
    ],
    ids=["wrong key", "unknown option", "no key"],
)
def test_what_opens_it_is_never_told(options: str, said: str | None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        if said is None:
            opened_at(options=options)
        else:
            with pytest.raises(FileError) as caught:
                opened_at(options=options)
            assert caught.value.message == said
    assert "secret" not in caplog.text
    assert "sesame" not in caplog.text
    assert "sesame" not in repr(StoreFolder(ADDRESS, {"key": "sesame"}))


def test_a_storage_that_fails_is_one_line_without_its_words(storage: type[LockedFileSystem]) -> None:
    sky = opened_at()
    storage.broken = True
    for ask in (opened_at, lambda: sky.partition(0), lambda: sky.counts):
        with pytest.raises(FileError, match=r"^[\w./=-]+: its storage does not answer\.$"):
            ask()
    storage.broken = False
    assert sky.counts.total == ROWS
    assert sky.partition(0).rows > 0


@pytest.mark.parametrize(
    ("address", "error", "said"),
    [
        ("unheard-of://bucket/x", None, r"unheard-of: this kind of storage cannot be used \(ValueError: .*"),
        ("locked://bucket/x", ImportError, "locked: fsspec's driver for this kind of storage is not installed."),
        ("locked://bucket/x", TypeError, r"locked: this kind of storage cannot be used \(TypeError: .*"),
    ],
)
def test_a_storage_without_a_driver_is_told(
    address: str, error: type[Exception] | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_words: Any, **_options: Any) -> Any:
        assert error is not None
        raise error("Install it with this sesame")

    if error is not None:
        monkeypatch.setattr(fsspec, "filesystem", none)
    with pytest.raises(FileError, match=said) as caught:
        opened_at(address)
    assert "sesame" not in caught.value.message


def test_large_row_groups_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "MOST_GROUP_ROWS", 100)
    with pytest.raises(UnsupportedFileError, match=r"row group of [0-9]+ rows, and at most 100 are read: .* convert"):
        rows_within(opened_at(), 83.6, -5.4, 1.0, ROWS)


def test_rows_are_those_of_the_partitions() -> None:
    sky = opened_at()
    assert sky.numbering.dense
    assert len(named(sky, np.arange(0, ROWS, 7))) == len(range(0, ROWS, 7))
