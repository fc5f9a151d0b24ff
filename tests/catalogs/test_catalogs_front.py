"""Where work runs: workers of Dask for what is large, threads of this process for what is small; and it is said."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from armillary.catalogs import crossmatch_catalogs, import_catalog, make_index, make_margin, search_catalog
from armillary.catalogs import front as front_module
from armillary.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

pytest.importorskip("dask.distributed")


class Began(Exception):
    pass


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many workers were begun: none is."""
    from armillary.catalogs.engine.dask_engine import OnDask

    begun: list[int] = []

    def local(workers: int, *_: Any) -> Any:
        begun.append(workers)
        raise Began

    monkeypatch.setattr(OnDask, "local", local)
    return begun


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., Any]) -> Path:
    """A catalog, of which nobody says how large it is, too, beside its input."""
    top = tmp_path_factory.mktemp("front")
    pq.write_table(sky(1, 400), top / "a.parquet")
    import_catalog(input_paths=[top / "a.parquet"], output_path=top, output_artifact_name="sky", pixel_threshold=150)
    return top


def works(top: Path, output: Path) -> dict[str, Callable[..., Any]]:
    where: dict[str, Any] = {"output_path": output}
    sky = top / "sky"
    return {
        "import": lambda **words: import_catalog(
            input_paths=[top / "a.parquet"], output_artifact_name="i", **where, **words
        ),
        "margin": lambda **words: make_margin(input_catalog_path=sky, output_artifact_name="m", **where, **words),
        "index": lambda **words: make_index(
            input_catalog_path=sky, output_artifact_name="x", indexing_column="id", **where, **words
        ),
        "search": lambda **words: search_catalog(input_catalog_path=sky, **words),
        "match": lambda **words: crossmatch_catalogs(left_catalog_path=sky, right_catalog_path=sky, **words),
    }


WORKS = ["import", "margin", "index", "search", "match"]


@pytest.mark.parametrize("work", WORKS)
def test_small_work_starts_no_workers_and_says_so(
    work: str, catalog: Path, tmp_path: Path, workers: list[int], capfd: pytest.CaptureFixture[str]
) -> None:
    works(catalog, tmp_path)[work](dask_n_workers=2, progress_bar="plain")
    assert not workers
    assert "2 threads of this process (no workers of Dask for 0." in capfd.readouterr().err


@pytest.mark.parametrize("work", WORKS)
def test_large_work_starts_workers(
    work: str, catalog: Path, tmp_path: Path, workers: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front_module, "SMALL_BYTES", 1)
    with pytest.raises(Began):
        works(catalog, tmp_path)[work](dask_n_workers=2)
    assert workers == [2]


def test_work_of_unknown_size_starts_workers(catalog: Path, tmp_path: Path, workers: list[int]) -> None:
    for name in ("hats.properties", "properties"):
        path = catalog / "sky" / name
        text = path.read_text()
        path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("hats_estsize")))
    with pytest.raises(Began):
        works(catalog, tmp_path)["margin"](dask_n_workers=3)
    assert workers == [3]


@pytest.mark.parametrize(
    ("function", "words", "message"),
    [
        (import_catalog, {"input_paths": "a.csv", "output_path": ".", "output_artifact_name": "x"}, "as a list"),
        (import_catalog, {"input_paths": Path(), "output_path": ".", "output_artifact_name": "x"}, "as a list"),
        (import_catalog, {"input_paths": ["a"], "output_path": None, "output_artifact_name": "x"}, "wrong kind"),
        (import_catalog, {"input_paths": ["a"], "output_path": ".", "output_artifact_name": 5}, "wrong kind"),
        (make_margin, {"input_catalog_path": ".", "output_path": ".", "output_artifact_name": "x",
                       "margin_threshold": "5"}, "wrong kind"),
        (search_catalog, {"input_catalog_path": ".", "polygon": 5}, "wrong kind"),
        (search_catalog, {"input_catalog_path": ".", "filters": [("mag", "<", 3)]}, "wrong kind"),
        (search_catalog, {"input_catalog_path": ".", "columns": []}, "columns: is empty"),
        (search_catalog, {}, "is missing: .*input_catalog_path"),
        (search_catalog, {"input_catalog_path": ".", "client": object()}, "client: give a dask"),
        (search_catalog, {"input_catalog_path": ".", "completion_email_address": "a@b.c\nBcc: d@e.f"}, "is no address"),
    ],
    ids=range(11),
)  # fmt: skip
def test_values_of_another_kind_are_refused_in_a_line(function: Any, words: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        function(**words)
    assert "\n" not in str(caught.value)
