"""HATS catalogs against ``hats-import`` and ``lsdb``: import, exact margins, memory, cross-match.

Each piece of work is a program of its own, start-up included. Ours runs twice before the peer's and once after it, and
the median counts, of memory the largest. Peers run with the workers of Dask that were best in a trial of fewer rows.
Row groups, pages, encodings and compression are the same; of the sky the peer writes two maps of order 10, we one as
fine as rows are many: of order 8 for five million.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from bench import data, hats_tables, measured
from bench.table import Row, row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

THRESHOLD_ROWS = 100_000
MARGINS_ARCSEC = (10.0, 60.0)
RADIUS_ARCSEC = 3.0
LEVELS = {1: "1/10", 15: "1/4"}
LARGER = 10
TRIAL_ROWS = 200_000
PROCESSES = ({"workers": 2, "threads": 1}, {"workers": 1, "threads": 2})
CLIENTS = (*({**setting, "processes": True} for setting in PROCESSES), {"workers": 1, "threads": 2, "processes": False})


class DiffersError(Exception):
    """Ours and a peer's results are not the same."""


def _job(kind: str, words: dict[str, Any]) -> measured.Run:
    measured.settle()
    return measured.run("bench.hats_jobs", kind, json.dumps(words), memory=True)


def _made(kind: str, words: dict[str, Any]) -> tuple[measured.Run, Path]:
    """A catalog made into an empty folder."""
    home = hats_tables.scratch(kind)
    return _job(kind, {**words, "output": str(home), "name": "made"}), home / "made"


def _told(setting: dict[str, Any]) -> str:
    where = "" if setting.get("processes", True) else ", in one process"
    return f"{setting['workers']} worker{'s' * (setting['workers'] > 1)} of {setting['threads']} thread(s){where}"


def _median(*runs: measured.Run) -> measured.Run:
    return measured.Run(
        median(run.wall_s for run in runs), median(run.cpu_s for run in runs), max(run.peak_mb for run in runs),
        {key: median(run.said[key] for run in runs) for key in runs[0].said},
    )  # fmt: skip


@cache
def _best_for_import(margin: bool = False) -> dict[str, Any]:
    """Workers with which the peer takes least of both times, added up, for a small import or margin."""
    rows = min(TRIAL_ROWS, data.rows())
    words = _import_words(rows, 1)
    if margin:
        words = {"input": str(_catalog(rows)), "threshold": MARGINS_ARCSEC[0]}
    kind = "their-margin" if margin else "their-import"
    return min(PROCESSES, key=lambda setting: _cost(_made(kind, words | setting)[0]))


def _cost(run: measured.Run) -> float:
    return run.wall_s + run.cpu_s


def _import_words(rows: int, level: int) -> dict[str, Any]:
    return {"input": str(hats_tables.survey(rows)), "threshold": THRESHOLD_ROWS, "level": level}


def _catalog(rows: int) -> Path:
    """A catalog of so many rows, made once by us."""

    def make(home: Path) -> None:
        _job("our-import", _import_words(rows, 1) | {"output": str(home), "name": "made"})

    return data.made(f"catalog_{rows}", make) / "made"


def _partitions(catalog: Path) -> set[tuple[int, ...]]:
    lines = (catalog / "partition_info.csv").read_text().splitlines()[1:]
    return {tuple(map(int, line.split(",")[:2])) for line in lines}


def _pair_of_times(name: str, ours: measured.Run, theirs: measured.Run) -> Iterator[Row]:
    yield row(f"{name}: processor time", ours.cpu_s, "s", peer=theirs.cpu_s)
    yield row(f"{name}: wall time", ours.wall_s, "s", peer=theirs.wall_s)
    yield row(f"{name}: peak memory", ours.peak_mb, "MB", peer=theirs.peak_mb)


def run_import() -> list[Row]:
    """Tables to a catalog."""
    rows, setting, out = data.rows(), _best_for_import(), []
    for level, goal in LEVELS.items():
        words = _import_words(rows, level)
        first, second = _made("our-import", words)[0], _made("our-import", words)[0]
        theirs, peer = _made("their-import", words | setting)
        third, ours = _made("our-import", words)
        if _partitions(ours) != _partitions(peer):
            raise DiffersError("The partitions of the two imports are not the same.")
        name = f"import {rows:,} rows, zstd {level} (goal {goal}); hats-import, {_told(setting)}"
        out += _pair_of_times(name, _median(first, second, third), theirs)
    return out


def run_memory() -> list[Row]:
    """Ten times the rows: the floor is the memory for the smaller number."""
    rows = data.rows()
    small, _ = _made("our-import", _import_words(rows, 1))
    large, made = _made("our-import", _import_words(LARGER * rows, 1))
    shutil.rmtree(made)
    name = f"import {LARGER * rows:,} rows; floor: {rows:,} rows"
    return [
        row(f"{name}: peak memory", large.peak_mb, "MB", floor=small.peak_mb),
        row(f"{name}: processor time", large.cpu_s, "s", floor=small.cpu_s),
    ]


def run_margin() -> list[Row]:
    """Exact margins; the peer's are of whole pixels."""
    rows, setting, out = data.rows(), _best_for_import(margin=True), []
    for threshold in MARGINS_ARCSEC:
        words = {"input": str(_catalog(rows)), "threshold": threshold}
        first, second = _made("our-margin", words)[0], _made("our-margin", words)[0]
        theirs, _ = _made("their-margin", words | setting)
        third, _ = _made("our-margin", words)
        name = f'margin of {threshold:g}" of {rows:,} rows (goal 1/15); hats-import, {_told(setting)}'
        out += _pair_of_times(name, _median(first, second, third), theirs)
    return out


@cache
def _match_words(rows: int) -> dict[str, Any]:
    """Two catalogs and the margin of the right, made by us."""

    def make(home: Path) -> None:
        words = {"output": str(home), "threshold": THRESHOLD_ROWS, "level": 1}
        for side, tables in zip(("left", "right"), hats_tables.pair(rows), strict=True):
            _job("our-import", words | {"input": str(tables), "name": side})
        _job("our-margin", words | {"input": str(home / "right"), "name": "margin", "threshold": RADIUS_ARCSEC})

    home = data.made(f"match_{rows}", make)
    return {side: str(home / side) for side in ("left", "right", "margin")} | {"radius": RADIUS_ARCSEC}


def run_match() -> list[Row]:
    """Nearest neighbours with the margin, into memory; pairs and distances are compared."""
    rows = data.rows() // 5
    words, home = _match_words(rows), hats_tables.scratch("match")
    trial = _match_words(min(TRIAL_ROWS, rows))
    setting = min(CLIENTS, key=lambda client: _cost(_job("their-match", trial | client | {"pairs": ""})))
    first, second = (_job("our-match", words | {"pairs": pairs}) for pairs in (str(home / "ours.npz"), ""))
    theirs = _job("their-match", words | setting | {"pairs": str(home / "theirs.npz")})
    third = _job("our-match", words | {"pairs": ""})
    pairs = _compared(home)
    name = f'cross-match {rows:,} × {rows:,} within {RADIUS_ARCSEC:g}", {pairs:,} pairs (goal 1/2.5)'
    name = f"{name}; lsdb, {_told(setting)}"
    ours = _median(first, second, third)
    work = row(f"{name}: wall time, without start-up", ours.said["work_s"], "s", peer=theirs.said["work_s"])
    return [work, *_pair_of_times(name, ours, theirs)]


def _compared(home: Path) -> int:
    """How many pairs there are.

    Raises
    ------
    DiffersError
        One of the two has pairs that the other has not.
    """
    ours, theirs = np.load(home / "ours.npz"), np.load(home / "theirs.npz")
    if not all(np.array_equal(ours[name], theirs[name]) for name in ("left", "right")):
        raise DiffersError("The pairs of the two cross-matches are not the same.")
    if not np.allclose(ours["apart"], theirs["apart"], rtol=0, atol=1e-9):
        raise DiffersError("The distances of the two cross-matches are not the same.")
    return len(ours["left"])


PARTS = (run_import, run_margin, run_match, run_memory)
