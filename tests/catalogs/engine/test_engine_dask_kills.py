"""Workers of Dask, or all of its processes, are killed while it works: the same bytes, or a clear refusal."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import csv, parquet

from armillary.catalogs.engine.dask_engine import OnDask
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import Task
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog
from armillary.catalogs.matching.arguments import CrossmatchArguments
from armillary.catalogs.matching.run import crossmatch_catalogs
from armillary.catalogs.searching.arguments import SearchArguments
from armillary.catalogs.searching.run import search_catalog
from armillary.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytest.importorskip("dask.distributed")
# Dask's own sockets and event loops end after the test that used them.
pytestmark = pytest.mark.filterwarnings("ignore")

PROGRAM = Path(__file__).with_name("killed_work.py")
KILLED = -9
MOMENTS = {3, 15}
WORDS: dict[str, Any] = {
    "pixel_threshold": 300,
    "highest_healpix_order": 5,
    "piece_bytes": 30_000,
    "margin_threshold": 900.0,
}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., Any]) -> Path:
    """Tables, and what an import without Dask and undisturbed makes of them."""
    made = tmp_path_factory.mktemp("dask-kills")
    (made / "in").mkdir()
    csv.write_csv(sky(1, 1500), made / "in" / "a.csv")
    parquet.write_table(sky(2, 1500), made / "in" / "b.parquet", row_group_size=300)
    import_catalog(arguments_of(made, made / "whole"))
    return made


def arguments_of(folder: Path, output: Path) -> ImportArguments:
    return ImportArguments(input_paths=[folder / "in"], output_path=output, output_artifact_name="sky", **WORDS)


def data_of(folder: Path) -> dict[str, bytes]:
    return {name: Folder(folder).read(name) for name in Folder(folder).files() if "properties" not in name}


class Killing(Progress):
    """Kills a worker whenever ``MOMENTS`` tasks of a stage are done."""

    def __init__(self, engine: OnDask) -> None:
        super().__init__("none")
        self._engine, self._seen, self._due, self._stage = engine, 0, False, ""
        self.killed: list[str] = []
        """Stages in which a worker was killed."""

    def stage(self, name: str, total: int, unit: str = "rows") -> Any:
        told = super().stage(name, total, unit)
        self._seen, self._stage = 0, name
        killing = self

        class Stage:
            def __enter__(self) -> Any:
                inner = told.__enter__()

                def tell(more: int) -> None:
                    killing.count(more)
                    inner(more)

                return tell

            def __exit__(self, *ended: object) -> Any:
                return told.__exit__(*ended)

        return Stage()

    def count(self, more: int) -> None:
        self._seen += bool(more)
        self._due = self._due or bool(more and self._seen in MOMENTS)
        pids = [nanny.pid for nanny in self._engine._own.workers.values() if nanny.pid]
        if self._due and pids:
            with contextlib.suppress(ProcessLookupError):  # one that died just now: at the next task, then
                os.kill(pids[len(self.killed) % len(pids)], signal.SIGKILL)
                self.killed.append(self._stage)
                self._due = False


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[OnDask]:
    """A cluster of our own."""
    engine = OnDask.local(2, 1, tmp_path / "dask")
    yield engine
    engine.close()


def test_workers_that_are_killed_are_replaced(inputs: Path, tmp_path: Path, workers: OnDask) -> None:
    told = Killing(workers)
    import_catalog(arguments_of(inputs, tmp_path / "out"), engine=workers, progress=told)
    assert {*told.killed} == {"read", "write", "select"}
    assert data_of(tmp_path / "out") == data_of(inputs / "whole")


def test_a_search_and_a_match_outlive_their_workers(inputs: Path, tmp_path: Path, workers: OnDask) -> None:
    catalog, margin = inputs / "whole" / "sky", inputs / "whole" / "sky_900arcs"
    told = Killing(workers)
    words: dict[str, Any] = {"input_catalog_path": catalog, "filters": "mag < 19"}
    pairs: dict[str, Any] = {
        "left_catalog_path": catalog,
        "right_catalog_path": catalog,
        "radius_arcsec": 900.0,
        "n_neighbors": 2,
    }
    for number, engine in enumerate((None, workers)):
        progress = Progress() if engine is None else told
        search_catalog(SearchArguments(**words, output=tmp_path / f"{number}.csv"), engine=engine, progress=progress)
        crossmatch_catalogs(
            CrossmatchArguments(**pairs, output=tmp_path / f"{number}.parquet"), engine=engine, progress=progress
        )
    assert {*told.killed} == {"search", "write", "borders", "match"}
    for form in ("csv", "parquet"):
        assert (tmp_path / f"0.{form}").read_bytes() == (tmp_path / f"1.{form}").read_bytes()
    with_margin = CrossmatchArguments(**pairs, right_margin_path=margin)
    assert crossmatch_catalogs(with_margin, engine=workers).equals(crossmatch_catalogs(with_margin))
    assert search_catalog(SearchArguments(**words), engine=workers).equals(search_catalog(SearchArguments(**words)))
    assert not list(tmp_path.glob(".armillary-*"))


def die(_context: Any, _argument: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_task_that_kills_every_worker_is_given_up_in_one_line(workers: OnDask) -> None:
    with pytest.raises(UnavailableError, match="died again and again at the same task") as caught:
        list(workers.results(die, None, [Task("0", 0)]))
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(("tree", "moments"), [(True, (25, 75, 150)), (False, (25, 150))], ids=["all", "the-first"])
def test_all_processes_are_killed_and_the_work_is_gone_on_with(
    inputs: Path, tmp_path: Path, tree: bool, moments: tuple[int, ...]
) -> None:
    given = {
        "input_paths": [str(inputs / "in")],
        "output_path": str(tmp_path / "out"),
        "output_artifact_name": "sky",
        **WORDS,
    }
    kills = [{"files": files, "below": str(tmp_path / "out"), "tree": tree} for files in moments]
    runs = [{"work": "import", "kill": kill, "workers": 2, "arguments": given} for kill in [*kills, None]]
    done = subprocess.run(
        [sys.executable, str(PROGRAM)], input=json.dumps(runs), capture_output=True, text=True, check=True, timeout=280
    )
    ends = json.loads(done.stdout.splitlines()[-1])
    assert ends == [*(KILLED for _ in moments), 0], done.stderr
    assert data_of(tmp_path / "out") == data_of(inputs / "whole")
