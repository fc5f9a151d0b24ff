"""Imports and margins killed at any moment, then gone on with: the same as undisturbed ones."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyarrow import csv, parquet

if TYPE_CHECKING:
    from collections.abc import Callable

    Ends = Callable[[list[dict[str, Any]]], tuple[list[int], str]]

SEEDS = range(2)
KILLED = -9
Run = dict[str, Any]


def tree(folder: Path) -> dict[str, bytes]:
    """All files, without the time of making."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name.endswith("properties"):
                data = b"\n".join(line for line in data.splitlines() if not line.startswith(b"hats_creation_date"))
            found[str(path.relative_to(folder))] = data
    return found


def moments(seed: int, files: int) -> list[Any]:
    """Where a work is killed, again and again: at files, and at times."""
    rng = random.Random(seed)
    numbered = [[rng.randrange(1, files), rng.choice(["before", "after"])] for _ in range(2)]
    return [*numbered, round(rng.uniform(0.0, 0.3), 3), None]


def import_run(folder: Path, output: Path, kill: Any, **words: Any) -> Run:
    return {
        "work": "import",
        "kill": kill,
        "arguments": {
            "input_paths": [str(folder / "in")],
            "output_path": str(output),
            "output_artifact_name": "sky",
            "pixel_threshold": 300,
            "highest_healpix_order": 5,
            "piece_bytes": 20_000,
            "create_thumbnail": True,
            "skymap_alt_orders": [1],
            **words,
        },
    }


def margin_run(folder: Path, output: Path, kill: Any, **words: Any) -> Run:
    return {
        "work": "margin",
        "kill": kill,
        "arguments": {
            "input_catalog_path": str(folder / "whole" / "sky"),
            "output_path": str(output),
            "output_artifact_name": "margin",
            "margin_threshold": 900.0,
            **words,
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., Any], ends_of: Ends) -> Path:
    """Inputs, and what undisturbed works make of them."""
    made = tmp_path_factory.mktemp("kills")
    (made / "in").mkdir()
    csv.write_csv(sky(1, 1500), made / "in" / "a.csv")
    parquet.write_table(sky(2, 1500), made / "in" / "b.parquet", row_group_size=400)
    (made / "in" / "c.csv").write_text("id,ra,dec,mag,band\n5,nan,0,1,x\n6,3,99,1,x\n7,3,9,1,x\n")
    ends, said = ends_of([import_run(made, made / "whole", None), margin_run(made, made / "whole", None)])
    assert ends == [0, 0], said
    return made


@pytest.mark.parametrize("memory", [0, 1 << 30], ids=["files", "memory"])
@pytest.mark.parametrize("seed", SEEDS)
def test_an_import_that_is_killed_again_and_again(
    seed: int, memory: int, folder: Path, tmp_path: Path, ends_of: Ends
) -> None:
    files = 90 if memory == 0 else 60
    runs = [import_run(folder, tmp_path, kill, memory_bytes=memory) for kill in moments(seed, files)]
    ends, said = ends_of(runs)
    assert KILLED in ends, said
    # One that was killed when all was done already finds the catalog, and says so.
    assert {*ends} <= {0, KILLED} or "there is a catalog already" in said, said
    assert tree(tmp_path / "sky") == tree(folder / "whole" / "sky")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_margin_that_is_killed_again_and_again(seed: int, folder: Path, tmp_path: Path, ends_of: Ends) -> None:
    words = {"tmp_dir": str(tmp_path / "tmp")} if seed % 2 else {}
    ends, said = ends_of([margin_run(folder, tmp_path, kill, **words) for kill in moments(seed, 60)])
    assert KILLED in ends, said
    assert {*ends} <= {0, KILLED} or "there is a catalog already" in said, said
    found, whole = tree(tmp_path / "margin"), tree(folder / "whole" / "margin")
    for name in ("hats.properties", "properties"):  # they name the catalog as seen from where they lie
        assert [line for line in found.pop(name).splitlines() if b"primary" not in line] == [
            line for line in whole.pop(name).splitlines() if b"primary" not in line
        ]
    assert found == whole
    assert not list(tmp_path.glob("tmp/*"))


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_replacing_a_catalog_is_killed(seed: int, folder: Path, tmp_path: Path, ends_of: Ends) -> None:
    runs = [
        import_run(folder, tmp_path, None, pixel_threshold=100),
        *(import_run(folder, tmp_path, kill, overwrite=True) for kill in moments(seed, 60)),
    ]
    ends, said = ends_of(runs)
    assert ends[0] == ends[-1] == 0, said
    assert KILLED in ends
    assert tree(tmp_path / "sky") == tree(folder / "whole" / "sky")


@pytest.mark.parametrize("seed", SEEDS[:1])
def test_an_import_with_its_margin_is_killed(seed: int, folder: Path, tmp_path: Path, ends_of: Ends) -> None:
    runs = [import_run(folder, tmp_path, kill, margin_threshold=900.0) for kill in moments(seed, 120)]
    ends, said = ends_of(runs)
    assert KILLED in ends, said
    assert {*ends} <= {0, KILLED} or "there is a catalog already" in said, said
    assert tree(tmp_path / "sky") == tree(folder / "whole" / "sky")
    found, whole = tree(tmp_path / "sky_900arcs" / "dataset"), tree(folder / "whole" / "margin" / "dataset")
    assert found == whole


def test_other_arguments_after_a_kill_are_refused(folder: Path, tmp_path: Path, ends_of: Ends) -> None:
    runs = [
        import_run(folder, tmp_path, [20, "after"], memory_bytes=0),
        import_run(folder, tmp_path, None, pixel_threshold=7),
    ]
    ends, said = ends_of(runs)
    assert ends == [KILLED, 3]
    assert "An earlier run with other arguments" in said
    ends, _ = ends_of([import_run(folder, tmp_path, None, resume=False)])
    assert ends == [0]
    assert tree(tmp_path / "sky") == tree(folder / "whole" / "sky")


def test_nothing_is_done_twice(folder: Path, tmp_path: Path, ends_of: Ends) -> None:
    def times() -> dict[Path, int]:
        found = (tmp_path / "sky").rglob("pieces/*.counts.npy")
        return {path: path.stat().st_mtime_ns for path in found if ".partial" not in path.name}

    assert ends_of([import_run(folder, tmp_path, [40, "after"], memory_bytes=0)])[0] == [KILLED]
    before = times()
    assert ends_of([import_run(folder, tmp_path, [15, "after"], memory_bytes=0)])[0] == [KILLED]
    after = times()
    assert len(before) > 5
    # At most the two that were on their way were made again.
    assert sum(after[path] != made for path, made in before.items()) <= 2
