"""``python -m bench [NAME…]``: run benchmarks, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from bench import table

if TYPE_CHECKING:
    from collections.abc import Callable

LEAST_ROWS = 1000
NAMES = ("pixels", "compressed", "cutouts", "encoders", "startup", "catalogs", "serving", "serve", "vo")


def _part(part: Callable[[], list[table.Row]]) -> list[table.Row] | None:
    """Rows of one part; None when it broke, after saying how."""
    try:
        return part()
    except Exception:
        traceback.print_exc()
        return None


def _run(name: str) -> tuple[list[table.Row], bool]:
    """Rows of one benchmark, and whether all of it went well. A part that breaks does not lose the others."""
    print(f"— {name} …", flush=True)
    start = time.monotonic()
    module = importlib.import_module(f"bench.{name}")
    parts = [_part(part) for part in getattr(module, "PARTS", None) or (module.run,)]
    rows = [row for part in parts for row in part or ()]
    print(f"— {name}: {len(rows)} results in {time.monotonic() - start:.0f} s", flush=True)
    return rows, None not in parts


def main() -> int:
    """Exit status 1 when some part broke; the results of the others are kept all the same."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure Armillary against floors and peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all without a name")
    parser.add_argument("--rows", type=int, metavar="N", help="rows of HATS catalogs, fewer for a quick look (5000000)")
    options = parser.parse_args()
    if options.rows is not None:
        if options.rows < LEAST_ROWS:
            parser.error(f"--rows is {options.rows}: the least is {LEAST_ROWS}")
        os.environ["ARMILLARY_BENCH_ROWS"] = str(options.rows)
    names = options.names or list(NAMES)
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}: choose from {', '.join(NAMES)}")
    results = [_run(name) for name in names]
    rows = [row for found, _ in results for row in found]
    print("\n".join(table.lines(rows)))
    path = Path(__file__).with_name("results.json")
    table.keep(rows, path)
    print(f"written to {path.parent.name}/{path.name}")
    return int(not all(well for _, well in results))


if __name__ == "__main__":
    sys.exit(main())
