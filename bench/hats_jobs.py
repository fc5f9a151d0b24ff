"""``python -m bench.hats_jobs WHO-WHAT JSON``: one piece of work on HATS catalogs, by us or by a peer."""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

FLOATS = ("ra", "dec", "mag_g", "mag_r", "mjd", "pmra")
ROW_GROUP_ROWS = 100_000


def writing(level: int) -> dict[str, Any]:
    """How Parquet is written, the same by all: row groups and encodings that ``hats`` chooses by default.

    Except that an id is written as differences, as no dictionary holds numbers that are all different; and that pages
    are of 64 KiB, which takes less time of both at zstd 15.
    """
    return {
        "compression": "zstd",
        "compression_level": level,
        "column_encoding": dict.fromkeys(("_healpix_29", "id"), "DELTA_BINARY_PACKED")
        | dict.fromkeys(FLOATS, "BYTE_STREAM_SPLIT"),
        "use_dictionary": ["flag"],
        "data_page_size": 64 << 10,
        "dictionary_pagesize_limit": 64 << 10,
        "write_statistics": True,
        "write_page_index": True,
    }


def _command(*words: str) -> None:
    """``armillary catalog``; what it writes by default is as ``writing`` says."""
    from armillary.cli.main import main

    if main(["catalog", *words, "--row-group-rows", str(ROW_GROUP_ROWS), "--progress-bar", "none"]):
        raise SystemExit(1)


def our_import(words: dict[str, Any]) -> None:
    """``armillary catalog import``."""
    _command(
        "import", words["input"], "--output-path", words["output"], "--output-artifact-name", words["name"],
        "--ra-column", "ra", "--dec-column", "dec", "--pixel-threshold", str(words["threshold"]),
        "--compression-level", str(words["level"]),
    )  # fmt: skip


def their_import(words: dict[str, Any]) -> None:
    """``hats-import``, by the cluster of its own."""
    from hats_import.catalog.arguments import ImportArguments
    from hats_import.pipeline import pipeline

    paths = sorted(Path(words["input"]).glob("*.parquet"))
    arguments = ImportArguments(
        ra_column="ra", dec_column="dec", input_file_list=paths, file_reader="parquet", output_path=words["output"],
        output_artifact_name=words["name"], pixel_threshold=words["threshold"], progress_bar=False,
        dask_n_workers=words["workers"], dask_threads_per_worker=words["threads"],
        write_table_kwargs=writing(words["level"]), row_group_kwargs={"num_rows": ROW_GROUP_ROWS},
    )  # fmt: skip
    pipeline(arguments)


def our_margin(words: dict[str, Any]) -> None:
    """``armillary catalog margin``."""
    _command(
        "margin", words["input"], "--output-path", words["output"], "--output-artifact-name", words["name"],
        "--margin-threshold", str(words["threshold"]), "--compression-level", "1",
    )  # fmt: skip


def their_margin(words: dict[str, Any]) -> None:
    """``hats-import``'s margin cache."""
    from hats_import.margin_cache.margin_cache_arguments import MarginCacheArguments
    from hats_import.pipeline import pipeline

    arguments = MarginCacheArguments(
        input_catalog_path=words["input"], output_path=words["output"], output_artifact_name=words["name"],
        margin_threshold=words["threshold"], progress_bar=False, write_table_kwargs=writing(1),
        dask_n_workers=words["workers"], dask_threads_per_worker=words["threads"],
    )  # fmt: skip
    pipeline(arguments)


def our_match(words: dict[str, Any]) -> None:
    """``crossmatch_catalogs``."""
    from armillary import catalogs

    start = time.perf_counter(), time.process_time()
    table = catalogs.crossmatch_catalogs(
        left_catalog_path=words["left"], right_catalog_path=words["right"], radius_arcsec=words["radius"],
        right_margin_path=words["margin"],
    )  # fmt: skip
    _say(start)
    if words["pairs"]:
        names = (*(name for name in table.column_names if name.startswith("id")), "_dist_arcsec")
        _keep_pairs(words["pairs"], *(table.column(name).to_numpy() for name in names))


def their_match(words: dict[str, Any]) -> None:
    """``lsdb``, with a client of Dask."""
    import lsdb
    from dask.distributed import Client

    with Client(n_workers=words["workers"], threads_per_worker=words["threads"], processes=words["processes"]):
        start = time.perf_counter(), time.process_time()
        left = lsdb.open_catalog(words["left"])
        right = lsdb.open_catalog(words["right"], margin_cache=words["margin"])
        matched = left.crossmatch(
            right,
            n_neighbors=1,
            radius_arcsec=words["radius"],
            suffixes=("_left", "_right"),
            suffix_method="all_columns",
        ).compute()
        _say(start)
    if words["pairs"]:
        names = ("id_left", "id_right", "_dist_arcsec")
        _keep_pairs(words["pairs"], *(matched[name].to_numpy() for name in names))


def _say(start: tuple[float, float]) -> None:
    """The time of the work alone, without start-up."""
    print(json.dumps({"work_s": time.perf_counter() - start[0]}), flush=True)


def _keep_pairs(path: str, left: Any, right: Any, apart: Any) -> None:
    import numpy as np

    left, right, apart = (np.asarray(values) for values in (left, right, apart))
    order = np.lexsort((right, left))
    np.savez(path, left=left[order].astype(np.int64), right=right[order].astype(np.int64), apart=apart[order])


JOBS: dict[str, Callable[[dict[str, Any]], None]] = {
    "our-import": our_import, "their-import": their_import, "our-margin": our_margin, "their-margin": their_margin,
    "our-match": our_match, "their-match": their_match,
}  # fmt: skip

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    JOBS[sys.argv[1]](json.loads(sys.argv[2]))
