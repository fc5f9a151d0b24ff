"""``armillary open`` with catalogs as a command: it serves them alone, and says what is none."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

READY = "Armillary is ready: "


def start(*arguments: str | Path, folder: Path) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    command = [sys.executable, "-m", "armillary", "open", *map(str, arguments), "--no-browser", "--auth", "none"]
    return subprocess.Popen(
        [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder,
        env=kept | {"XDG_CONFIG_HOME": str(folder)},
    )  # fmt: skip


def test_a_catalog_alone_is_served(tmp_path: Path) -> None:
    (tmp_path / "stars.csv").write_text("id,ra,dec,mag\n1,10.5,-3.25,12\n2,11,-3,13\n")
    with start("stars.csv", folder=tmp_path) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY)
            address = line.removeprefix(READY).strip()
            with urllib.request.urlopen(f"{address}api/holdings", timeout=60) as answer:
                tree = json.load(answer)
            with urllib.request.urlopen(f"{address}api/sources/stars/rows", timeout=60) as answer:
                rows = json.load(answer)
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0
    assert [group["map_group_id"] for group in tree["map_groups"]] == ["Sky"]
    assert [group["source_group_id"] for group in tree["source_groups"]] == ["stars"]
    assert rows["rows"][0] == [1, 10.5, -3.25, 12]


def test_a_table_without_positions_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "flux.csv").write_text("time,flux\n1,2\n")
    with start("flux.csv", folder=tmp_path) as process:
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said.count("\n")) == (1, "", 1)
    assert said.startswith("armillary: flux.csv: ")


def test_a_folder_of_other_files_is_one_line_and_status_1(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with start("empty", folder=tmp_path) as process:
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert said == "armillary: empty: holds no FITS file and no catalog: folders are searched one level deep.\n"
