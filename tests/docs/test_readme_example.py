"""The configuration in README.md, served as it is printed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from armillary.holdings.configuration import read_configuration

ROOT = Path(__file__).resolve().parents[2]
READY = "Armillary is ready: "


def example() -> str:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```json\n(.*?)```", text, re.DOTALL)
    return block


def files_of(words: Any) -> Iterator[str]:
    for key, value in words.items() if isinstance(words, dict) else enumerate(words) if isinstance(words, list) else ():
        if key == "filename":
            yield value
        else:
            yield from files_of(value)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The block as a file, and small files of the names it has."""
    made = tmp_path_factory.mktemp("readme")
    (made / "holdings.json").write_text(example(), encoding="utf-8")
    cards = {"CTYPE1": "RA---CAR", "CTYPE2": "DEC--CAR", "CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0}
    cards |= {"CRPIX1": 20.5, "CRPIX2": 10.5, "CDELT1": -0.5, "CDELT2": 0.5}
    for number, name in enumerate(sorted(set(files_of(json.loads(example()))))):
        path = made / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".fits":
            data = np.random.default_rng(number).normal(5.0, 1.0, (3, 20, 40)).astype(np.float32)
            fits.PrimaryHDU(data, fits.Header(cards)).writeto(path)
        else:
            path.write_text("name,ra,dec,flux\na,1.0,0.5,10\nb,359.0,-0.5,20\n")
    return made


@contextmanager
def served(folder: Path, *options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "armillary", "serve", "holdings.json", "--no-browser", "--port", "0", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=kept | {"XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)},
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY)
            yield line.removeprefix(READY).strip()
        finally:
            process.terminate()
            _, said = process.communicate(timeout=30)
    assert "Traceback" not in said


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}{path}", timeout=60) as answer:
        return json.load(answer)


def layers(tree: dict[str, Any]) -> dict[str, str]:
    return {
        layer["layer_id"]: layer["status"]
        for g in tree["map_groups"] for m in g["maps"] for b in m["bands"] for layer in b["layers"]
    }  # fmt: skip


def test_it_is_read_without_a_warning(folder: Path) -> None:
    assert read_configuration(folder / "holdings.json").warnings == ()


def test_it_is_served_as_printed(folder: Path) -> None:
    with served(folder) as address:
        tree = ask(address, "api/holdings")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            ask(address, "api/layers/null")
        described = ask(address, "api/layers/f090-I")
        values = {name: ask(address, f"api/layers/{name}/values?x=7&y=9") for name in ("f150-I", "f090-I", "ratio")}
        sources = ask(address, "api/sources/" + tree["source_groups"][0]["source_group_id"])
        found = ask(address, "api/search?q=ratio%20bands")
    assert (tree["title"], [group["name"] for group in tree["map_groups"]]) == ("Northern survey", ["Data release 1"])
    assert layers(tree) == dict.fromkeys(("f090-I", "f090-Q", "f150-I", "ratio"), "ready")
    assert (described["range"], described["cmap"], described["units"]) == ([-300, 300], "RdBu_r", "uK")
    ratio = values["f150-I"]["value"] / values["f090-I"]["value"]
    assert values["ratio"]["value"] == pytest.approx(ratio, rel=1e-5)
    assert sources["count"] == 2
    assert [hit["layer_id"] for hit in found["layers"]] == ["ratio"]
    assert [box["name"] for box in tree["boxes"]] == ["Deep field"]


def test_the_team_sees_what_needs_its_grant(folder: Path) -> None:
    with served(folder, "--grant", "team") as address:
        assert layers(ask(address, "api/holdings"))["null"] == "ready"
        assert ask(address, "api/layers/null")["shape"] == [20, 40]


def test_the_first_command_describes_the_same_files(folder: Path) -> None:
    command = [sys.executable, "-m", "armillary", "genconfig", "maps", "catalogs", "--output", "-"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert set(files_of(json.loads(answer.stdout))) == set(files_of(json.loads(example())))
