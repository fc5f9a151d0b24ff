"""A tree of catalogs that was moved, or lies behind another name, works as before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from armillary.catalogs import (
    crossmatch_catalogs,
    import_catalog,
    make_collection,
    make_index,
    open_catalog,
    search_catalog,
    verify_catalog,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# What the peers and what they import warn of is not ours to answer for.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def tree(tmp_path: Path, sky: Callable[..., Any]) -> Path:
    """A collection with a margin and an index, moved after it was made."""
    made = tmp_path / "made" / "all"
    pq.write_table(sky(5, 900), tmp_path / "a.parquet")
    import_catalog(
        input_paths=[tmp_path / "a.parquet"], output_path=made, output_artifact_name="sky", pixel_threshold=150,
        margin_threshold=1800.0,
    )  # fmt: skip
    make_index(input_catalog_path=made / "sky", indexing_column="id", output_path=made, output_artifact_name="by_id")
    make_collection(input_collection_path=made, primary="sky", margins=["sky_1800arcs"], indexes=["by_id"])
    moved = tmp_path / "elsewhere" / "under another name"
    moved.parent.mkdir()
    made.rename(moved)
    return moved


def test_a_moved_tree_is_good_and_used(tree: Path, caplog: pytest.LogCaptureFixture) -> None:
    report = verify_catalog(input_catalog_path=tree, full=True)
    assert report.good, report.faults
    assert not report.faults
    assert len(search_catalog(input_catalog_path=tree)) == 900
    pairs = crossmatch_catalogs(left_catalog_path=tree, right_catalog_path=tree, radius_arcsec=1800.0, n_neighbors=2)
    assert len(pairs) > 900
    assert not caplog.messages  # nothing about a margin that is missing


def test_no_file_of_it_names_a_place(tree: Path) -> None:
    for path in tree.rglob("*"):
        if path.is_file():
            assert str(tree.parents[1]).encode() not in path.read_bytes(), path.name


def test_lsdb_opens_it(tree: Path) -> None:
    lsdb = pytest.importorskip("lsdb")
    dask = pytest.importorskip("dask")
    with dask.config.set(scheduler="synchronous"):
        opened = lsdb.open_catalog(tree)
        assert opened.margin is not None
        assert len(opened.compute()) == 900
        assert len(opened.margin.compute()) == open_catalog(tree / "sky_1800arcs").rows
        one = opened.compute()["id"].iloc[17]
        assert opened.id_search(values={"id": one}).compute()["id"].tolist() == [one]
