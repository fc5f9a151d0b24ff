"""Searches, cross-matches, indexes and conversions killed at any moment, then gone on with: the same bytes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Ends = Callable[[list[dict[str, Any]]], tuple[list[int], str]]

SEEDS = range(2)
MOMENTS = 4
KILLED = -9
Run = dict[str, Any]


@pytest.fixture(scope="module")
def skies(
    tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., Any], hats_of: Callable[..., Any], ends_of: Ends
) -> Path:
    """Two catalogs in different partitions, the second with a margin."""
    made = tmp_path_factory.mktemp("uses")
    hats_of(made, "left", sky(1, 2000), threshold=250)
    hats_of(made, "right", sky(2, 1500), threshold=300)
    given = {"input_catalog_path": str(made / "right"), "output_path": str(made), "margin_threshold": 900.0}
    ends, said = ends_of([{"work": "margin", "kill": None, "arguments": {**given, "output_artifact_name": "m"}}])
    assert ends == [0], said
    return made


def search_of(skies: Path, output: Path) -> Run:
    return {"input_catalog_path": str(skies / "left"), "filters": "mag < 19", "output": str(output / "found.vot")}


def match_of(skies: Path, output: Path) -> Run:
    return {
        "left_catalog_path": str(skies / "left"),
        "right_catalog_path": str(skies / "right"),
        "radius_arcsec": 900.0,
        "n_neighbors": 3,
        "how": "left",
        "output": str(output / "pairs.parquet"),
    }


def match_with_margin_of(skies: Path, output: Path) -> Run:
    margin = {"right_margin_path": str(skies / "m"), "output": str(output / "pairs.fits")}
    return {**match_of(skies, output), **margin}


def index_of(skies: Path, output: Path) -> Run:
    given = {"output_path": str(output), "output_artifact_name": "by_id", "indexing_column": "id", "rows_of_file": 600}
    return {"input_catalog_path": str(skies / "left"), **given}


def conversion_of(skies: Path, output: Path) -> Run:
    return {
        "input_catalog_path": str(skies / "left"),
        "output_path": str(output),
        "output_artifact_name": "again",
        "constant_healpix_order": 2,
    }


def other_form_of(skies: Path, output: Path) -> Run:
    given = {"output_path": str(output), "output_artifact_name": "again"}
    return {"input_catalog_path": str(skies / "left"), **given}


USES = {
    "search": ("search", search_of),
    "crossmatch": ("crossmatch", match_of),
    "crossmatch-margin": ("crossmatch", match_with_margin_of),
    "index": ("index", index_of),
    "partitions": ("convert", conversion_of),
    "form": ("convert", other_form_of),
}
NOTED = (b"hats_creation_date", b"hats_primary_table_url")  # the time, and the way from where it lies


def files_below(folder: Path) -> dict[str, bytes]:
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not (path.name.endswith("properties") and line.startswith(NOTED))]
        found[str(path.relative_to(folder))] = b"".join(kept)
    return found


def run_of(use: str, skies: Path, output: Path, kill: Any, **words: Any) -> Run:
    work, arguments = USES[use]
    output.mkdir(exist_ok=True)
    resumed = {"resume": True} if work in {"search", "crossmatch"} else {}
    return {"work": work, "kill": kill, "arguments": {**arguments(skies, output), **resumed, **words}}


@pytest.fixture(scope="module")
def whole(skies: Path, ends_of: Ends) -> Path:
    """What undisturbed runs make, of results without anything kept."""
    runs = [
        run_of(use, skies, skies / f"whole-{use}", None, **({"resume": False} if "output" in of(skies, skies) else {}))
        for use, (_, of) in USES.items()
    ]
    ends, said = ends_of(runs)
    assert {*ends} == {0}, said
    return skies


@pytest.mark.parametrize("use", USES)
def test_killed_at_any_file_then_gone_on_with(use: str, whole: Path, tmp_path: Path, ends_of: Ends) -> None:
    """One run for each of its files, killed before or after that one appears."""
    ends, said = ends_of([run_of(use, whole, tmp_path / "count", [10_000, "before"])])
    assert ends == [0]
    files = int(said.split()[-2])
    expected = files_below(whole / f"whole-{use}")
    numbers = [1, *range(2, files, max(1, files // MOMENTS)), files]
    moments = [[number, ("after", "before")[place % 2]] for place, number in enumerate(numbers)]
    runs = []
    for number, kill in enumerate(moments):
        runs += [run_of(use, whole, tmp_path / str(number), kill), run_of(use, whole, tmp_path / str(number), None)]
    ends, said = ends_of(runs)
    assert ends[::2].count(KILLED) >= len(moments) - 1, said  # there may be a beat of the lock more or less
    for number, moment in enumerate(moments):
        # One that was killed when all was done already finds it, and says so.
        assert ends[2 * number + 1] == 0 or moment[0] >= files - 1, said
        assert files_below(tmp_path / str(number)) == expected, moment


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("use", ["search", "crossmatch"])
def test_killed_again_and_again(use: str, seed: int, whole: Path, tmp_path: Path, ends_of: Ends) -> None:
    rng = random.Random(seed)
    kills = [[rng.randrange(2, 12), rng.choice(["before", "after"])] for _ in range(6)]
    kills += [round(rng.uniform(0.0, 0.2), 3) for _ in range(3)]
    words = {"tmp_dir": str(tmp_path / "tmp")} if seed % 2 else {}
    (tmp_path / "tmp").mkdir()
    out = tmp_path / "out"
    ends, said = ends_of([run_of(use, whole, out, kill, **words) for kill in [*kills, None]])
    assert ends.count(KILLED) > 3, said
    assert ends[-1] == 0 or "there is such a file already" in said
    assert files_below(out) == files_below(whole / f"whole-{use}")
    assert not list((tmp_path / "tmp").iterdir())


@pytest.mark.parametrize("use", ["search", "crossmatch"])
def test_other_questions_after_a_kill_are_refused(use: str, whole: Path, tmp_path: Path, ends_of: Ends) -> None:
    other = {"filters": "mag < 12"} if use == "search" else {"n_neighbors": 1}
    killed = run_of(use, whole, tmp_path / "out", [12, "after"])
    ends, said = ends_of([killed, run_of(use, whole, tmp_path / "out", None, **other)])
    assert ends == [KILLED, 3]
    assert "An earlier run with other arguments" in said
    ends, said = ends_of([run_of(use, whole, tmp_path / "out", None, resume=False)])
    assert ends == [0], said
    assert files_below(tmp_path / "out") == files_below(whole / f"whole-{use}")


def test_a_killed_search_is_gone_on_with_without_being_told_to(whole: Path, tmp_path: Path, ends_of: Ends) -> None:
    killed = run_of("search", whole, tmp_path / "out", [12, "after"])
    assert ends_of([killed])[0] == [KILLED]
    assert [path.name for path in (tmp_path / "out").iterdir() if "lock" not in path.name] == [
        ".armillary-work-found.vot"
    ]
    ends, said = ends_of([run_of("search", whole, tmp_path / "out", None, resume=None)])
    assert ends == [0], said
    assert files_below(tmp_path / "out") == files_below(whole / "whole-search")


def test_what_is_compared_holds_something(whole: Path) -> None:
    pairs = pq.read_table(whole / "whole-crossmatch" / "pairs.parquet")
    assert len(pairs) >= 2000
    assert pairs["_dist_arcsec"].null_count < len(pairs)
    assert (whole / "whole-search" / "found.vot").read_text().count("<TR>") > 500
    assert len(list((whole / "whole-index").rglob("part.*.parquet"))) > 2
