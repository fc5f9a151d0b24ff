"""A program that works with little room on its disk; run by tests, it is none itself.

Arguments: a folder of inputs, one for outputs, and the largest file that may be written (0 for any).
"""

from __future__ import annotations

import resource
import signal
import sys
from pathlib import Path
from typing import Any

from armillary.catalogs import crossmatch_catalogs, import_catalog, make_margin, search_catalog
from armillary.errors import ArmillaryError


def main() -> int:
    inputs, output, largest = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    if largest:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a disk: writing fails, nobody is killed
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
    where: dict[str, Any] = {"output_path": output, "overwrite": False}
    try:
        if not (output / "sky" / "hats.properties").exists():
            import_catalog(
                input_paths=[inputs], output_artifact_name="sky", pixel_threshold=2000, memory_bytes=0,
                piece_bytes=200_000, highest_healpix_order=6, **where,
            )  # fmt: skip
        if not (output / "m" / "hats.properties").exists():
            make_margin(input_catalog_path=output / "sky", output_artifact_name="m", margin_threshold=20_000.0, **where)
        sky = output / "sky"
        if not (output / "found.parquet").exists():
            search_catalog(input_catalog_path=sky, output=output / "found.parquet", resume=True)
        if not (output / "pairs.csv").exists():
            crossmatch_catalogs(
                left_catalog_path=sky, right_catalog_path=sky, radius_arcsec=3600.0,
                right_margin_path=output / "m", left_columns=["id"], right_columns=["id"],
                output=output / "pairs.csv", resume=True,
            )  # fmt: skip
    except ArmillaryError as error:
        sys.stderr.write(f"{error.message}\n")
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
