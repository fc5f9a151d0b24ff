"""Storage that fails now and then, or whose process is killed amid a request: the work is gone on with, same bytes."""

from __future__ import annotations

import io
import random
import threading
from typing import TYPE_CHECKING, Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from pyarrow import csv, parquet

from armillary.catalogs import crossmatch_catalogs, import_catalog, make_index, search_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MOST_RUNS = 80


class KilledHere(BaseException):
    """Stands for the end of the process: nothing after it is done that a handler of errors would do."""


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
    if not Folder(where).exists("found.csv"):
        search_catalog(input_catalog_path=sky, filters="mag < 19", output=f"{where}/found.csv", **kept)
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
@pytest.mark.parametrize("error", [OSError, TimeoutError, KilledHere])
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
