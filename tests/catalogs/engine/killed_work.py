"""A program that does imports, margins and the like in children of its own and kills them; tests run it.

Reads lines from standard input, each a JSON list of runs ``{"work", "arguments", "kill"}`` that are done one after
another: ``kill`` is null, the number of a file and whether the child is killed before or after it appears, seconds, or
``{"files", "below"}``: the child is killed when there are so many in a folder, with its processes where there is
``"tree"``. With ``"workers"`` it runs on Dask. Answers each line with one that says how each ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.converting.arguments import ConvertArguments
from armillary.catalogs.converting.run import convert_catalog
from armillary.catalogs.engine.dask_engine import OnDask
from armillary.catalogs.engine.tasks import Engine, Threads
from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.indexing.arguments import IndexArguments
from armillary.catalogs.indexing.run import make_index
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.pieces import cells_of
from armillary.catalogs.ingest.run import import_catalog
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.geometry import Borders
from armillary.catalogs.margins.run import make_margin
from armillary.catalogs.matching.arguments import CrossmatchArguments
from armillary.catalogs.matching.pairs import RightSide
from armillary.catalogs.matching.run import crossmatch_catalogs
from armillary.catalogs.searching.arguments import SearchArguments
from armillary.catalogs.searching.run import search_catalog
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Callable

WORK = {
    "import": (import_catalog, ImportArguments),
    "margin": (make_margin, MarginArguments),
    "index": (make_index, IndexArguments),
    "convert": (convert_catalog, ConvertArguments),
    "search": (search_catalog, SearchArguments),
    "crossmatch": (crossmatch_catalogs, CrossmatchArguments),
}


def killed_at(number: int, when: str) -> Callable[[], int]:
    """Kill this process when so many files appeared; how many there were, for whoever lives."""
    replace, seen = os.replace, 0

    def counted(source: Any, target: Any) -> None:
        nonlocal seen
        seen += 1
        mine = seen == number
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        replace(source, target)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = counted
    return lambda: seen


def child(run: dict[str, Any]) -> int:
    count = killed_at(*run["kill"]) if isinstance(run["kill"], list) else int
    function, arguments = WORK[run["work"]]
    engine: Engine = OnDask.local(run["workers"]) if "workers" in run else Threads(2)
    try:
        function(arguments(**run["arguments"]), engine=engine)
    except ArmillaryError as error:
        print(error.message, file=sys.stderr)
        return 3
    finally:
        engine.close()
    print(f"{count()} files", file=sys.stderr)
    return 0


def kill_when(pid: int, kill: dict[str, Any]) -> None:
    """Kill a child when there are so many files in a folder."""
    while sum(path.is_file() for path in Path(kill["below"]).rglob("*")) < kill["files"]:
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return
        time.sleep(0.01)
    (os.killpg if kill.get("tree") else os.kill)(pid, signal.SIGKILL)


def warm() -> None:
    """Import what children need, once; no threads may be started by it."""
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401
    from astropy.io import fits  # noqa: F401

    from armillary.catalogs.formats import csv_table  # noqa: F401

    parts = Partitions([(0, 0), (0, 1)])
    ra, dec = np.array([45.0, 135.0]), np.array([41.0, 41.0])
    Borders(parts, 3e5).select(0, cells_of(ra, dec)[:1], ra[:1], dec[:1])
    RightSide(ra, dec).nearest(ra, dec, 1.0)


def ended(run: dict[str, Any]) -> int:
    """Do a run in a child; its exit code."""
    pid = os.fork()
    if not pid:
        os.setsid()
        code = 4
        try:
            code = child(run)
        finally:
            os._exit(code)
    if isinstance(run["kill"], float):
        time.sleep(run["kill"])
        os.kill(pid, signal.SIGKILL)
    if isinstance(run["kill"], dict):
        kill_when(pid, run["kill"])
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def main() -> None:
    warm()
    for line in sys.stdin:
        print(json.dumps([ended(run) for run in json.loads(line)]), flush=True)


if __name__ == "__main__":
    main()
