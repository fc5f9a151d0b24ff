"""HATS catalogs among what is offered: each is one source, followed as its files change, vanish and come back."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits

from armillary.catalogs import import_catalog, make_collection, make_index, make_margin
from armillary.cli.main import parser
from armillary.errors import ConfigurationError
from armillary.holdings import discover
from armillary.holdings.access import OWNER
from armillary.holdings.catalogs import offered_file
from armillary.holdings.configuration import open_configuration
from armillary.holdings.discovery import Discovery
from armillary.holdings.sky_folders import Follower, is_sky_folder
from armillary.images.blank import SHAPE
from armillary.images.pyramid import Pyramid

ROWS = 600


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``plain``, and a collection ``all`` of a catalog, its margin and its index."""
    top = tmp_path_factory.mktemp("made")
    rng = np.random.default_rng(5)
    dec = np.degrees(np.arcsin(rng.uniform(-1, 1, ROWS)))
    table = pa.table({"key": np.arange(ROWS), "ra": rng.uniform(0, 360, ROWS), "dec": dec})
    pq.write_table(table, top / "in.parquet")
    given: dict[str, Any] = {"input_paths": [top / "in.parquet"], "pixel_threshold": 100, "highest_healpix_order": 3}
    import_catalog(output_path=top / "shown", output_artifact_name="plain", **given)
    import_catalog(output_path=top / "shown/all", output_artifact_name="stars", **given)
    catalog, inside = top / "shown/all/stars", top / "shown/all"
    make_margin(
        input_catalog_path=catalog, output_path=inside, output_artifact_name="stars_margin", margin_threshold=3600.0
    )
    make_index(input_catalog_path=catalog, indexing_column="key", output_path=inside, output_artifact_name="by_key")
    make_collection(
        input_collection_path=inside, primary="stars", margins=["stars_margin"], indexes=["by_key"], name="all"
    )
    return top / "shown"


@pytest.fixture
def tree(tmp_path: Path, made: Path) -> Path:
    shutil.copytree(made, tmp_path / "tree")
    return tmp_path / "tree"


def found(*paths: Path | str) -> Discovery:
    offered = discover([os.fspath(path) for path in paths], lambda plane, identity: Pyramid(plane, identity=identity))
    offered.run()
    return offered


def again(offered: Discovery) -> None:
    offered._last = -1e9
    offered.look_again()


def status(offered: Discovery) -> dict[str, str]:
    return {group["source_group_id"]: group["status"] for group in offered.holdings.tree(OWNER)["source_groups"]}


def count(offered: Discovery, group_id: str) -> int:
    catalog, _ = offered.holdings.source_group(group_id, OWNER).file.current()
    return catalog.count


def test_a_folder_shows_each_catalog_as_one(tree: Path) -> None:
    fits.PrimaryHDU(np.ones((4, 5), np.float32)).writeto(tree / "image.fits")
    (tree / "few.csv").write_text("name,ra,dec\na,1,2\n")
    offered = found(tree)
    assert status(offered) == {"few": "ready", "all": "ready", "plain": "ready"}
    assert offered.holdings.problems == []
    assert count(offered, "all") == count(offered, "plain") == ROWS


@pytest.mark.parametrize("name", ["all", "plain", "all/stars"])
def test_a_catalog_may_be_named_itself(tree: Path, name: str) -> None:
    offered = found(tree / name)
    (group,) = status(offered)
    assert count(offered, group) == ROWS
    assert [entry["map_group_id"] for entry in offered.holdings.tree(OWNER)["map_groups"]] == ["Sky"]


def test_margins_and_indexes_are_no_sources(tree: Path) -> None:
    (tree / "all/collection.properties").unlink()
    offered = found(tree / "all")
    assert status(offered) == {"stars": "ready"}
    assert offered.holdings.problems == []
    named = found(tree / "all/stars_margin", tree / "all/by_key", tree / "plain")
    assert status(named) == {"plain": "ready"}
    messages = sorted(str(problem.message) for problem in named.holdings.problems)
    assert messages == [
        "by_key: is the index of a catalog: show the catalog itself.",
        "stars_margin: is the margin of a catalog: show the catalog itself.",
    ]


@pytest.mark.parametrize("pattern", ["*", "**/*", "**"])
def test_patterns_name_catalogs_and_not_their_files(tree: Path, pattern: str) -> None:
    offered = found(f"{tree}/{pattern}")
    assert {"all", "plain"} <= set(status(offered)) <= {"all", "plain", "stars", "tree"}


def test_other_folders_are_none(tmp_path: Path) -> None:
    (tmp_path / "hips").mkdir()
    (tmp_path / "hips/properties").write_text("hips_order=3\n")
    (tmp_path / "empty").mkdir()
    assert not any(is_sky_folder(str(tmp_path / name)) for name in ("hips", "empty", "gone"))
    assert not is_sky_folder("http://127.0.0.1/catalog")


def test_the_older_forms_are_known(tree: Path) -> None:
    (tree / "plain/hats.properties").unlink()
    assert is_sky_folder(str(tree / "plain"))
    assert status(found(tree / "plain")) == {"plain": "ready"}


def test_catalogs_are_followed(tree: Path) -> None:
    offered = found(tree)
    before = offered.holdings.source_group("plain", OWNER).file.current()[1]
    os.rename(tree / "plain", tree.parent / "away")
    again(offered)
    assert status(offered) == {"all": "ready", "plain": "unavailable"}
    os.rename(tree.parent / "away", tree / "plain")
    again(offered)
    assert status(offered) == {"all": "ready", "plain": "ready"}
    assert offered.holdings.source_group("plain", OWNER).file.current()[1] == before
    shutil.copytree(tree / "plain", tree / "later")
    again(offered)
    assert set(status(offered)) == {"all", "later", "plain"}


def test_a_damaged_catalog_is_a_problem_and_hides_no_other(tree: Path) -> None:
    (tree / "plain/partition_info.csv").write_text("nothing")
    offered = found(tree)
    assert status(offered) == {"all": "ready"}
    named = found(tree / "plain", tree / "all")
    assert [problem.message for problem in named.holdings.problems] == [
        "partition_info.csv: does not list pixels as Norder, Npix."
    ]
    shutil.copy(tree / "all/stars/partition_info.csv", tree / "plain/partition_info.csv")
    again(named)
    assert status(named) == {"all": "ready", "plain": "ready"}
    assert named.holdings.problems == []


CHANGES = {
    "words": lambda folder: (folder / "hats.properties").write_text(
        (folder / "hats.properties").read_text() + "x_note=1\n"
    ),
    "partitions": lambda folder: (folder / "partition_info.csv").write_text(
        (folder / "partition_info.csv").read_text() + "\n"
    ),
    "sky map": lambda folder: (folder / "skymap.fits").unlink(),
    "a partition in place": lambda folder: touched(partition(folder)),
    "a partition that is replaced": lambda folder: replaced(partition(folder)),
    "a partition that is gone": lambda folder: partition(folder).unlink(),
}


def partition(folder: Path) -> Path:
    return sorted(folder.glob("dataset/Norder=*/Dir=*/Npix=*.parquet"))[3]


def touched(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4)
        file.write(b"\0")


def replaced(path: Path) -> None:
    other = path.with_name("new")
    shutil.copy(path, other)
    os.replace(other, path)


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_changes_gives_another_version(tree: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("armillary.holdings.sky_folders.SHARE", 1e9)
    follower = Follower(str(tree / "plain"))
    first = follower.version()
    assert follower.version() == first == Follower(str(tree / "plain")).version()
    CHANGES[kind](tree / "plain")
    assert follower.version() != first


def test_of_very_many_partitions_the_folders_are_followed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("armillary.holdings.sky_folders.MOST_FOLLOWED", 5)
    monkeypatch.setattr("armillary.holdings.sky_folders.SHARE", 1e9)
    follower = Follower(str(tree / "plain"))
    first = follower.version()
    replaced(partition(tree / "plain"))
    assert follower.version() != first


def test_a_changed_catalog_is_read_anew(tree: Path) -> None:
    offered = offered_file(tree / "plain")
    catalog, version = offered.current()
    assert offered.current() == (catalog, version)
    words = (tree / "plain/hats.properties").read_text().replace(f"hats_nrows={ROWS}", "hats_nrows=599")
    (tree / "plain/hats.properties").write_text(words)
    changed, later = offered.current()
    assert later != version
    assert changed.count == 599
    shutil.rmtree(tree / "plain")
    with pytest.raises(Exception, match="plain: "):
        offered.current()


def configured(folder: Path, provider: dict[str, Any], **more: Any) -> Any:
    groups = [{"source_group_id": "stars", "name": "Stars", "provider": provider}]
    (folder / "holdings.json").write_text(json.dumps({"map_groups": [], "source_groups": groups}))
    return open_configuration(folder / "holdings.json", lambda *_: None, **more)


@pytest.mark.parametrize("words", [{}, {"file_type": "hats"}, {"ra_column": "ra", "dec_column": "dec"}])
def test_a_configuration_names_it_like_any_catalog(tree: Path, words: dict[str, Any]) -> None:
    made = configured(tree, {"filename": "all", **words})
    catalog, _ = made.holdings.source_group("stars", OWNER).file.current()
    assert catalog.count == ROWS


@pytest.mark.parametrize("name", ["all", "plain"])
def test_a_catalog_is_served_as_the_configuration_that_names_it_alone(tree: Path, name: str) -> None:
    made = open_configuration(tree / name, lambda plane, identity: Pyramid(plane, identity=identity))
    opened = found(tree / name)
    made.run()
    assert made.warnings == ()
    assert made.holdings.tree(OWNER)["source_groups"] == opened.holdings.tree(OWNER)["source_groups"]
    assert made.holdings.tree(OWNER)["map_groups"] == opened.holdings.tree(OWNER)["map_groups"]
    assert count(made, name) == ROWS
    assert made.holdings.layer("Sky", OWNER).pyramid().plane.shape == SHAPE


def test_a_catalog_that_is_served_is_followed(tree: Path) -> None:
    made = open_configuration(tree / "plain", lambda *_: None, roots=(str(tree),))
    assert count(made, "plain") == ROWS
    words = (tree / "plain/hats.properties").read_text()
    (tree / "plain/hats.properties").write_text("dataproduct_type=margin\n")
    made.reload()
    (problem,) = made.problems
    assert problem.message == "plain: is the margin of a catalog: show the catalog itself."
    (tree / "plain/hats.properties").write_text(words)
    made.reload()
    assert made.problems == []
    assert count(made, "plain") == ROWS


def test_what_is_no_catalog_to_look_at_is_not_served(tree: Path) -> None:
    for name in ("stars_margin", "by_key"):
        with pytest.raises(ConfigurationError, match=f"{name}: is the .* of a catalog: show the catalog itself"):
            open_configuration(tree / "all" / name, lambda *_: None)
    with pytest.raises(ConfigurationError, match="outside the folders that are allowed"):
        open_configuration(tree / "plain", lambda *_: None, roots=(str(tree / "all"),))


@pytest.mark.parametrize("maps", [[], [{"name": "Sky", "maps": []}]])
def test_there_is_a_sky_to_show_catalogs_on_where_no_map_is_named(tree: Path, maps: list[Any]) -> None:
    group = {"name": "Stars", "provider": {"filename": "plain"}}
    (tree / "holdings.json").write_text(json.dumps({"map_groups": maps, "source_groups": [group]}))
    made = open_configuration(tree / "holdings.json", lambda *_: None)
    assert [entry["map_group_id"] for entry in made.holdings.tree(OWNER)["map_groups"]] == ["Sky"]
    (tree / "holdings.json").write_text(json.dumps({"map_groups": maps, "source_groups": []}))
    made.reload()
    assert "Sky" not in made.holdings.layer_ids()


def test_links_lead_nowhere_beyond_the_roots(tree: Path) -> None:
    inside, outside = tree / "in", tree / "plain"
    inside.mkdir()
    shutil.copytree(tree / "all/stars", inside / "stars")
    (inside / "collection.properties").write_text(f"obs_collection=x\nhats_primary_table_url={outside}\n")
    made = configured(inside, {"filename": "."}, roots=(str(inside),))
    with pytest.raises(Exception, match="lies outside the folders that are allowed"):
        made.holdings.source_group("stars", OWNER).file.current()
    path = partition(inside / "stars")
    path.unlink()
    path.symlink_to(partition(outside))
    made = configured(inside, {"filename": "stars"}, roots=(str(inside),))
    catalog, _ = made.holdings.source_group("stars", OWNER).file.current()
    with pytest.raises(Exception, match="lies outside the folders that are allowed"):
        [catalog.partition(number) for number in range(len(catalog.partitions))]


def test_genconfig_names_it(tree: Path) -> None:
    out = tree.parent / "made.json"
    options = parser().parse_args(["genconfig", str(tree / "plain"), "--output", str(out)])
    from armillary.cli import genconfig

    assert genconfig.run(options) == 0
    (group,) = json.loads(out.read_text())["source_groups"]
    assert group["provider"]["filename"].endswith("plain")
