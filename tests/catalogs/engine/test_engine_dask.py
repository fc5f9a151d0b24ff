"""The same work on Dask: a cluster of our own, and the client that a caller brings."""

from __future__ import annotations

import warnings
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import csv, parquet

from armillary.catalogs.engine.dask_engine import OnDask
from armillary.catalogs.engine.ordered import ordered
from armillary.catalogs.engine.tasks import AHEAD, Task
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog
from armillary.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from armillary.catalogs.engine.tasks import Engine

distributed = pytest.importorskip("dask.distributed")
# Dask's own sockets and event loops end after the test that used them.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Two workers in this process, as a caller has them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2,
                threads_per_worker=1,
                processes=False,
                dashboard_address=None,
                local_directory=str(tmp_path_factory.mktemp("dask")),
            ) as cluster,
            distributed.Client(cluster) as made,
        ):
            yield made


def made_by(engine: Engine | None, folder: Path, output: Path) -> dict[str, bytes]:
    arguments = ImportArguments(
        input_paths=[folder / "in"],
        output_path=output,
        output_artifact_name="sky",
        pixel_threshold=400,
        highest_healpix_order=5,
        piece_bytes=30_000,
        margin_threshold=900.0,
    )
    import_catalog(arguments, engine=engine)
    return {name: Folder(output).read(name) for name in Folder(output).files() if "properties" not in name}


@pytest.fixture
def inputs(tmp_path: Path, sky: Callable[..., Any]) -> Path:
    """Tables of two kinds."""
    (tmp_path / "in").mkdir()
    csv.write_csv(sky(1, 1000), tmp_path / "in" / "a.csv")
    parquet.write_table(sky(2, 1000), tmp_path / "in" / "b.parquet")
    return tmp_path


def test_the_client_of_a_caller(client: Any, inputs: Path) -> None:
    engine = OnDask(client)
    assert (engine.many, "2 workers" in engine.words) == (2, True)
    assert made_by(engine, inputs, inputs / "there") == made_by(None, inputs, inputs / "here")
    engine.close()
    assert client.status == "running"


def test_workers_of_our_own(inputs: Path) -> None:
    engine = OnDask.local(2, 1, inputs / "dask")
    try:
        assert made_by(engine, inputs, inputs / "there") == made_by(None, inputs, inputs / "here")
    finally:
        engine.close()


def add(context: int, argument: int) -> int:
    if argument == 17:
        raise ValueError("seventeen")
    return context + argument


def test_few_tasks_are_in_flight(client: Any) -> None:
    engine, taken = OnDask(client), []

    def tasks() -> Iterator[Task]:
        for k in range(100, 160):
            taken.append(k)
            yield Task(str(k), k)

    found = {}
    for number, (task, result) in enumerate(engine.results(add, 1, tasks())):
        found[task.key] = result
        assert len(taken) <= number + 1 + AHEAD * engine.many
    assert found == {str(k): k + 1 for k in range(100, 160)}


def nothing(_context: None, _argument: int) -> None:
    """A task."""


def test_a_million_tasks_are_never_in_flight(client: Any) -> None:
    """Counted where they are known: at the scheduler, and where they come from."""
    engine, scheduler, taken, known = OnDask(client), client.cluster.scheduler, 0, []

    def arguments() -> Iterator[int]:
        nonlocal taken
        taken = 0
        while taken < 1_000_000:
            taken += 1
            yield taken

    for results in (
        engine.results(nothing, None, (Task(str(number), number) for number in arguments())),
        ordered(engine, nothing, None, arguments()),
    ):
        for number, _ in enumerate(islice(results, 200)):
            known.append(len(scheduler.tasks))
            assert taken <= number + 1 + AHEAD * engine.many
        results.close()
    # Those in flight, what they share, and those that are being let go of.
    assert 1 < max(known) <= 2 * (AHEAD * engine.many + 1)


def test_the_first_error_ends_a_stage(client: Any) -> None:
    engine = OnDask(client)
    with pytest.raises(ValueError, match="seventeen"):
        list(engine.results(add, 1, [Task(str(k), k) for k in range(30)]))
    assert dict(engine.results(add, 1, [Task("a", 1)])).popitem()[1] == 2


def test_errors_of_input_come_back_as_they_are(client: Any, inputs: Path, tmp_path: Path) -> None:
    (inputs / "in" / "c.csv").write_text("id,ra,dec,mag,band\n1,2\n")
    with pytest.raises(FileError, match=r"^c\.csv"):
        made_by(OnDask(client), inputs, tmp_path / "out")
