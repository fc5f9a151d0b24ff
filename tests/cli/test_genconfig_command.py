"""``armillary genconfig`` as a command: what it writes and says, and its exit status."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits


def run(*arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    command = [sys.executable, "-m", "armillary", "genconfig", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=kept, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "maps").mkdir()
    for band in ("f090", "f150"):
        fits.PrimaryHDU(np.ones((4, 5), np.float32)).writeto(tmp_path / "maps" / f"sky_{band}.fits")
    return tmp_path


def test_a_configuration_is_written_beside_the_files(folder: Path) -> None:
    answer = run("maps", "--output", "holdings.json", folder=folder)
    assert (answer.returncode, answer.stdout) == (0, "")
    assert answer.stderr == "holdings.json: 2 layers, 1 map. Show it with: armillary serve holdings.json\n"
    document = json.loads((folder / "holdings.json").read_text())
    bands = document["map_groups"][0]["maps"][0]["bands"]
    names = [band["layers"][0]["provider"]["filename"] for band in bands]
    assert names == ["maps/sky_f090.fits", "maps/sky_f150.fits"]
    assert sorted(os.listdir(folder)) == ["holdings.json", "maps"]


def test_toml_and_standard_output_say_the_same(folder: Path) -> None:
    assert run("maps", "--output", "h.TOML", folder=folder).returncode == 0
    shown = run("maps/*.fits", "--output", "-", folder=folder)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert tomllib.loads((folder / "h.TOML").read_text())["map_groups"] == json.loads(shown.stdout)["map_groups"]


def test_nothing_is_overwritten_unless_told(folder: Path) -> None:
    (folder / "h.json").write_text("mine")
    answer = run("maps", "--output", "h.json", folder=folder)
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert "h.json: exists already. Use --force" in answer.stderr
    assert (folder / "h.json").read_text() == "mine"
    assert run("maps", "--output", "h.json", "--force", folder=folder).returncode == 0
    assert json.loads((folder / "h.json").read_text())["title"] == "maps"


def test_broken_files_are_named_and_skipped(folder: Path) -> None:
    (folder / "maps" / "broken.fits").write_text("no")
    answer = run("maps", "--output", "h.json", folder=folder)
    assert answer.returncode == 0
    assert answer.stderr.startswith("armillary: broken.fits: ")
    assert "broken" not in (folder / "h.json").read_text()


@pytest.mark.parametrize("paths", [["none.fits"], ["none.fits", "gone.fits"], ["empty"]])
def test_nothing_readable_writes_nothing(folder: Path, paths: list[str]) -> None:
    (folder / "empty").mkdir()
    answer = run(*paths, "--output", "h.json", folder=folder)
    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.startswith("armillary: ")
    assert "Traceback" not in answer.stderr
    assert not (folder / "h.json").exists()


def test_the_output_must_be_named(folder: Path) -> None:
    assert run("maps", folder=folder).returncode == 2
