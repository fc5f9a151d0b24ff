"""``python -m bench [NAME…]``: run benchmarks, print a table, write ``bench/results.json``."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from pathlib import Path

from bench import table

NAMES = ("pixels", "encoders", "startup", "serving")


def _run(name: str) -> list[table.Row] | None:
    """Rows of one benchmark; None when it broke, after saying how."""
    print(f"— {name} …", flush=True)
    start = time.monotonic()
    try:
        rows = importlib.import_module(f"bench.{name}").run()
    except Exception:
        traceback.print_exc()
        print(f"— {name} broke off", flush=True)
        return None
    print(f"— {name}: {len(rows)} results in {time.monotonic() - start:.0f} s", flush=True)
    return rows


def main() -> int:
    """Exit status 1 when a benchmark broke; the results of the others are kept all the same."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure Armillary against floors and peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; all without a name")
    names = parser.parse_args().names or list(NAMES)
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no benchmark {', '.join(unknown)}: choose from {', '.join(NAMES)}")
    results = [_run(name) for name in names]
    rows = [row for result in results for row in result or ()]
    print("\n".join(table.lines(rows)))
    path = Path(__file__).with_name("results.json")
    table.keep(rows, path)
    print(f"written to {path.parent.name}/{path.name}")
    return int(None in results)


if __name__ == "__main__":
    sys.exit(main())
