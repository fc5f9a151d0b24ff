"""HATS catalogs in object storage that a configuration names: what opens the storage stays with the operator."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from armillary.catalogs import import_catalog
from armillary.errors import ConfigurationError, FileError
from armillary.holdings import discover
from armillary.holdings.access import ANONYMOUS, OWNER
from armillary.holdings.configuration import Configuration, open_configuration, read_configuration
from armillary.holdings.configuration.places import Places
from armillary.holdings.files import is_store
from armillary.images.pyramid import Pyramid

ROWS = 300
SECRET = "abracadabra"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a folder in memory that holds the catalog ``sky``."""
    top = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(8)
    pq.write_table(pa.table({"ra": rng.uniform(0, 360, ROWS), "dec": rng.uniform(-80, 80, ROWS)}), top / "in.parquet")
    address = f"memory://{secrets.token_hex(6)}"
    import_catalog(input_paths=[top / "in.parquet"], output_path=address, output_artifact_name="sky")
    yield address
    fsspec.filesystem("memory").rm(address, recursive=True)


def written(folder: Path, provider: dict[str, Any]) -> Path:
    group = {"source_group_id": "stars", "name": "Stars", "provider": provider}
    (folder / "holdings.json").write_text(json.dumps({"source_groups": [group]}))
    return folder / "holdings.json"


def configured(folder: Path, provider: dict[str, Any], **words: Any) -> Configuration:
    return open_configuration(
        written(folder, provider), lambda plane, identity: Pyramid(plane, identity=identity), **words
    )


def test_a_configuration_names_it_with_what_opens_it(tmp_path: Path, bucket: str) -> None:
    options = {"endpoint": "https://storage", "secret": SECRET, "nested": {"verify": True, "ports": [1, 2.5]}}
    made = configured(tmp_path, {"filename": f"{bucket}/sky", "storage_options": options})
    made.run()
    assert made.warnings == ()
    assert made.problems == []
    group = made.holdings.source_group("stars", ANONYMOUS)
    assert group.file.current()[0].count == ROWS
    again = made.holdings.source_group("stars", ANONYMOUS)
    shown = json.dumps(made.holdings.tree(OWNER)) + repr(made.holdings.tree(OWNER)) + repr(group) + repr(again.file)
    shown += repr(read_configuration(made.path)) + group.file.identity + group.file.name
    assert SECRET not in shown


def test_other_options_are_another_catalog(tmp_path: Path, bucket: str) -> None:
    provider = {"filename": f"{bucket}/sky", "file_type": "hats", "storage_options": {"secret": SECRET}}
    made = configured(tmp_path, provider)
    first = made.holdings.source_group("stars", OWNER).file
    made.reload()
    assert made.holdings.source_group("stars", OWNER).file is first
    written(tmp_path, provider | {"storage_options": {"secret": "another"}})
    made.reload()
    second = made.holdings.source_group("stars", OWNER).file
    assert second is not first
    assert second.identity != first.identity


def test_what_cannot_be_reached_is_a_problem_without_words_of_the_storage(tmp_path: Path, bucket: str) -> None:
    made = configured(tmp_path, {"filename": f"{bucket}/gone", "storage_options": {"secret": SECRET}})
    with pytest.raises(FileError, match="gone: there is no catalog here"):
        made.holdings.source_group("stars", OWNER).file.current()
    made.look_again()
    assert SECRET not in repr([*made.problems, *made.holdings.problem_keys()])


@pytest.mark.parametrize(
    ("provider", "said"),
    [
        ({"filename": "s3://b/sky.csv", "file_type": "csv"}, "file_type: must be hats: of object storage"),
        ({"filename": "s3://b/sky", "storage_options": [SECRET]}, "storage_options: must be an object, not a list"),
        ({"filename": "s3://b/sky", "storage_options": SECRET}, "storage_options: must be an object"),
        ({"filename": "file:///etc"}, "filename: must be a path, or an address"),
        ({"filename": "local:///etc"}, "filename: must be a path, or an address"),
    ],
    ids=["csv", "list", "text", "file", "local"],
)
def test_mistakes_are_told(tmp_path: Path, provider: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_configuration(written(tmp_path, provider))
    assert said in caught.value.message
    assert "\n" not in caught.value.message


def test_options_that_are_no_json_are_told_of_and_not_shown(tmp_path: Path) -> None:
    text = '[[source_groups]]\nname = "x"\n[source_groups.provider]\nfilename = "s3://b/sky"\n'
    (tmp_path / "h.toml").write_text(f"{text}[source_groups.provider.storage_options]\nsince = 1979-05-27\n")
    with pytest.raises(ConfigurationError, match="must hold nothing but texts, numbers") as caught:
        read_configuration(tmp_path / "h.toml")
    assert "1979" not in caught.value.message


def test_options_of_what_needs_none_are_ignored_with_a_word(tmp_path: Path) -> None:
    read = read_configuration(written(tmp_path, {"filename": "a.csv", "storage_options": {"secret": SECRET}}))
    assert len(read.warnings) == 1
    assert "storage_options: are ignored" in read.warnings[0]
    assert SECRET not in read.warnings[0] + repr(read)


def test_pixels_are_not_read_from_there(tmp_path: Path) -> None:
    layer = {"name": "l", "provider": {"filename": "s3://b/a.fits"}}
    bands = [{"name": "b", "layers": [layer]}]
    content = {"map_groups": [{"name": "g", "maps": [{"name": "m", "bands": bands}]}]}
    (tmp_path / "h.json").write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match="must be a path, or an address that begins with http"):
        read_configuration(tmp_path / "h.json")


@pytest.mark.parametrize(
    ("root", "address", "allowed"),
    [
        ("s3://b/open", "s3://b/open/sky", True),
        ("s3://b/open/", "s3://b/open", True),
        ("s3://b", "s3://b/open/sky", True),
        ("s3://b/open", "s3://b/opened/sky", False),
        ("s3://b/open", "s3://b/open/../sky", False),
        ("s3://b", "s3://bb/sky", False),
        ("s3://b", "gs://b/sky", False),
        ("/b", "s3://b/sky", False),
        ("https://b", "s3://b/sky", False),
        ("s3://b", "https://b/sky", False),
        ("s3://b", "/b/sky", False),
    ],
)
def test_roots_hold_for_storages(root: str, address: str, allowed: bool) -> None:
    assert Places("/", (root,)).allows(address) is allowed
    assert Places("/").allows(address)


def test_roots_hold_for_configurations(tmp_path: Path, bucket: str) -> None:
    provider = {"filename": f"{bucket}/sky"}
    made = configured(tmp_path, provider, roots=(bucket,))
    assert made.holdings.source_group("stars", OWNER).file.current()[0].count == ROWS
    with pytest.raises(ConfigurationError, match="outside the folders that are allowed"):
        configured(tmp_path, provider, roots=(str(tmp_path),))


def test_open_and_genconfig_take_its_address(bucket: str, tmp_path: Path) -> None:
    from armillary.holdings.genconfig import generate

    found = discover([f"{bucket}/sky"], lambda plane, identity: Pyramid(plane, identity=identity))
    found.run()
    assert found.holdings.problems == []
    assert found.holdings.source_group("sky", OWNER).file.current()[0].count == ROWS
    (group,) = generate([f"{bucket}/sky"], str(tmp_path)).document["source_groups"]
    assert group["provider"]["filename"] == f"{bucket}/sky"
    gone = discover([f"{bucket}/gone"], lambda plane, identity: Pyramid(plane, identity=identity))
    gone.run()
    assert [problem.message for problem in gone.holdings.problems] == ["gone: there is no catalog here."]


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("s3://b/sky", True),
        ("abfs://c@a.dfs.core.windows.net/sky", True),
        ("https://b/sky", False),
        ("HTTP://b/sky", False),
        ("file:///sky", False),
        ("simplecache::s3://b/sky", False),
        ("/srv/a://b", False),
        ("sky", False),
    ],
)
def test_addresses_of_storages(path: str, is_one: bool) -> None:
    assert is_store(path) is is_one
