"""Storage that fails now and then, or whose process is killed amid a request: the work is gone on with, same bytes."""

from __future__ import annotations

import io
import random
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem
from pyarrow import csv, parquet

from armillary.catalogs import (
    count_rows,
    crossmatch_catalogs,
    import_catalog,
    make_index,
    search_catalog,
    verify_catalog,
)
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.viewing.catalog import SkyCatalog, open_shown
from armillary.catalogs.viewing.far_folders import far_folder
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_RUNS = 80
EVERY = {"put": 71, "get": 151, "head": 131, "list": 37, "delete": 83}
"""Requests of a kind, of which one fails: each kind does."""


class KilledHere(BaseException):
    """Stands for the end of the process: nothing after it is done that a handler of errors would do."""


class DriverError(Exception):
    """What drivers raise of their own: no kind of OSError."""


class FailingFileSystem(MemoryFileSystem):
    """Files in memory; a request fails by chance, and what was being written is half there then."""

    store: ClassVar[dict[str, Any]] = {}
    pseudo_dirs: ClassVar[list[str]] = [""]
    protocol = "failing"
    cachable = False
    chance = 0.0
    error: ClassVar[type[BaseException]] = OSError
    failures = 0
    _rng = random.Random(0)
    _lock = threading.Lock()
    dead = False

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        text = path.removeprefix("failing://").removeprefix("memory://")
        return f"/{text.strip('/')}" if text.strip("/") else ""

    def _may_fail(self) -> None:
        with self._lock:
            kind = type(self)
            if kind.dead or (self.chance and self._rng.random() < self.chance):
                kind.failures += 1
                kind.dead = kind.dead or self.error is KilledHere
                raise self.error("no answer")

    def _open(self, path: str, mode: str = "rb", **words: Any) -> Any:
        if mode == "rb":
            self._may_fail()
            name = self._strip_protocol(path)
            if name not in self.store:
                raise FileNotFoundError(path)
            return io.BytesIO(self.store[name].getvalue())
        file = super()._open(path, mode, **words)
        write = file.write

        def half(data: bytes) -> int:
            try:
                self._may_fail()
            except BaseException:
                write(data[: len(data) // 2])
                raise
            return int(write(data))

        file.write = half
        return file

    def ls(self, path: str, *args: Any, **words: Any) -> Any:
        self._may_fail()
        return super().ls(path, *args, **words)

    def info(self, path: str, **words: Any) -> Any:
        self._may_fail()
        return super().info(path, **words)

    def rm_file(self, path: str) -> None:
        self._may_fail()
        super().rm_file(path)

    def _rm(self, path: str) -> None:
        self._may_fail()
        super()._rm(path)


class ObjectFile(AbstractBufferedFile):
    """What lies under a key, by ranges; what is put there is there, whole, once it was closed."""

    def _initiate_upload(self) -> None:
        self.parts: list[bytes] = []

    def _upload_chunk(self, final: bool = False) -> bool:
        self.fs.ask("put")
        self.parts.append(self.buffer.getvalue())
        if final:
            self.fs.store[self.path] = b"".join(self.parts)
        return True

    def _fetch_range(self, start: int, end: int) -> bytes:
        self.fs.ask("get")
        return bytes(self.fs.store[self.path][start:end])


class ObjectFileSystem(AbstractFileSystem):
    """Keys, as S3 has them: no folders, no renaming, nothing appended; lists are remembered until told otherwise."""

    store: ClassVar[dict[str, bytes]] = {}
    protocol = "objects"
    asked: ClassVar[Counter[str]] = Counter()
    every: ClassVar[dict[str, int]] = {}
    _lock = threading.Lock()

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self._lists: dict[str, list[dict[str, Any]]] = {}

    def ask(self, what: str) -> None:
        """Count a request, and fail every so many."""
        with self._lock:
            self.asked[what] += 1
            if self.every and self.asked[what] % self.every[what] == 0:
                raise DriverError("bucket: SlowDown")

    def invalidate_cache(self, path: str | None = None) -> None:
        if path is None:
            self._lists.clear()

    def _list(self, path: str) -> list[dict[str, Any]]:
        self.ask("list")
        inside = f"{path}/" if path else ""
        found = {}
        for key in [key for key in list(self.store) if key.startswith(inside)]:
            name, folder, _ = key.removeprefix(inside).partition("/")
            found[name] = self._entry(f"{inside}{name}", is_folder=bool(folder))
        return [found[name] for name in sorted(found)]

    def _entry(self, key: str, *, is_folder: bool) -> dict[str, Any]:
        if is_folder:
            return {"name": key, "size": 0, "type": "directory"}
        return {"name": key, "size": len(self.store[key]), "type": "file", "ETag": hash(self.store[key])}

    def ls(self, path: str, detail: bool = True, **_words: Any) -> Any:
        path = self._strip_protocol(path)
        if path not in self._lists:
            self._lists[path] = self._list(path)
        found = self._lists[path]
        if not found:
            raise FileNotFoundError(path)
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_words: Any) -> Any:
        path = self._strip_protocol(path)
        remembered = [entry for entry in self._lists.get(self._parent(path), ()) if entry["name"] == path]
        if remembered:
            return remembered[0]
        self.ask("head")
        if path in self.store:
            return self._entry(path, is_folder=False)
        if any(key.startswith(f"{path}/") for key in list(self.store)):
            return self._entry(path, is_folder=True)
        raise FileNotFoundError(path)

    def _open(self, path: str, mode: str = "rb", block_size: int | None = None, **words: Any) -> Any:
        if mode not in {"rb", "wb"}:
            raise NotImplementedError(mode)
        return ObjectFile(self, path, mode, block_size or 1 << 16, **words)

    def rm_file(self, path: str) -> None:
        self.ask("delete")
        self.store.pop(self._strip_protocol(path), None)

    _rm = rm_file

    def mkdir(self, path: str, create_parents: bool = True, **words: Any) -> None:
        """There are no folders."""

    def rmdir(self, path: str) -> None:
        """There are no folders."""


@pytest.fixture
def objects() -> Iterator[type[ObjectFileSystem]]:
    """Object storage that is well at first."""
    fsspec.register_implementation("objects", ObjectFileSystem, clobber=True)
    kind = ObjectFileSystem
    kind.every = {}
    yield kind
    kind.store.clear()
    kind.asked.clear()


@pytest.fixture
def storage() -> Iterator[type[FailingFileSystem]]:
    """Storage that is well at first."""
    fsspec.register_implementation("failing", FailingFileSystem, clobber=True)
    kind = FailingFileSystem
    kind.store.clear()
    kind.pseudo_dirs[:] = [""]
    kind.chance, kind.failures, kind.dead, kind.error = 0.0, 0, False, OSError
    yield kind
    kind.store.clear()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., Any]) -> Path:
    """Inputs, and what is made of them on a disk."""
    made = tmp_path_factory.mktemp("storage")
    (made / "in").mkdir()
    csv.write_csv(sky(1, 700), made / "in" / "a.csv")
    parquet.write_table(sky(2, 700), made / "in" / "b.parquet", row_group_size=250)
    work_on(made, str(made / "whole"))
    return made


def work_on(tables: Path, where: str) -> None:
    """An import with its margin, an index, a search and a match."""
    already: dict[str, Any] = {"output_path": where, "pixel_threshold": 200, "highest_healpix_order": 4}
    if not done(where, "sky") or not done(where, "sky_900arcs"):
        import_catalog(
            input_paths=[tables / "in"], output_artifact_name="sky", margin_threshold=900.0, piece_bytes=20_000,
            memory_bytes=0, **already,
        )  # fmt: skip
    sky = f"{where}/sky"
    if not done(where, "by_id"):
        make_index(input_catalog_path=sky, indexing_column="id", output_path=where, output_artifact_name="by_id")
    kept: dict[str, Any] = {"resume": True}
    if not Folder(where).exists("found.csv") or working(where):
        search_catalog(input_catalog_path=sky, filters="mag < 19", output=f"{where}/found.csv", overwrite=True, **kept)
    if not Folder(where).exists("pairs.parquet") or working(where):
        crossmatch_catalogs(
            left_catalog_path=sky, right_catalog_path=sky, radius_arcsec=900.0, n_neighbors=2,
            output=f"{where}/pairs.parquet", overwrite=True, **kept,
        )  # fmt: skip


def done(where: str, name: str) -> bool:
    folder = Folder(where).child(name)
    return folder.exists("hats.properties") and not folder.exists(".armillary-work")


def working(where: str) -> bool:
    return any("armillary-work" in name for name in Folder(where).files())


def contents(where: str) -> dict[str, bytes]:
    folder = Folder(where)
    return {name: folder.read(name) for name in folder.files() if "properties" not in name}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("error", [OSError, DriverError, KilledHere])
def test_storage_that_fails_now_and_then(
    seed: int, error: type[BaseException], tables: Path, storage: type[FailingFileSystem]
) -> None:
    where = "failing://bucket/out"
    storage.error, storage._rng = error, random.Random(seed)
    runs, said = 0, []
    while True:
        runs += 1
        assert runs < MOST_RUNS, said[-3:]
        storage.chance, storage.dead = (0.01 if runs < MOST_RUNS // 2 else 0.0), False
        try:
            work_on(tables, where)
        except ArmillaryError as told:
            said.append(told.message)
        except KilledHere:
            continue
        else:
            break
    assert not any("\n" in text or "bucket" in text for text in said)
    assert storage.failures >= 3
    storage.chance = 0.0
    expected = contents(str(tables / "whole"))
    assert {name: data for name, data in contents(where).items() if "armillary-" not in name} == expected


def test_object_storage_that_fails_now_and_then_holds_the_same(tables: Path, objects: type[ObjectFileSystem]) -> None:
    where, said = "objects://bucket/out", []
    for runs in range(MOST_RUNS):
        objects.every = EVERY if runs < MOST_RUNS // 2 else {}
        try:
            work_on(tables, where)
        except ArmillaryError as told:
            said.append(told.message)
        else:
            break
    assert all(objects.asked[what] >= often for what, often in EVERY.items())
    assert len(said) > 3
    objects.every = {}
    assert not any("\n" in text or "bucket" in text for text in said)
    expected = contents(str(tables / "whole"))
    assert {name: data for name, data in contents(where).items() if "armillary-" not in name} == expected
    for name in ("sky", "sky_900arcs", "by_id"):
        assert verify_catalog(input_catalog_path=f"{where}/{name}", progress_bar=False).faults == []
    assert count_rows(input_catalog_path=f"{where}/sky") == 1400
    shown = SkyCatalog(open_shown(far_folder(f"{where}/sky")))
    assert [int(shown.numbering.starts[-1]), len(shown.take(shown.fields, np.arange(1400))["id"])] == [1400, 1400]
