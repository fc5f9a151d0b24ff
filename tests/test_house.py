"""Rules of the house that no linter knows: what the tracked files may say, and what start-up may import."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LIGHT = [
    "armillary.cli.main",
    "armillary.server.app",
    "armillary.holdings",
    "armillary.storage",
    "armillary.images.files",
    "armillary.images.pyramid",
    "armillary.render",
    "armillary.sky.wcs",
]
HEAVY = ("numba", "astropy", "matplotlib", "scipy", "pyarrow")


def tracked_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listing.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listing.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str | None:
    data = path.read_bytes()
    return None if b"\0" in data else data.decode("utf-8", "replace")


def test_tracked_files_name_no_registry_and_no_folder_of_a_machine() -> None:
    forbidden = re.compile(
        r'"resolved": *"htt[p]|registry *= *"htt[p]|/home/[a-z]+/|/roo[t]/|files\.python'
        r"hosted|registry\.npm"
        r"js"
    )
    said = [
        f"{path.relative_to(ROOT)}: {match.group()}"
        for path in tracked_files()
        if path != Path(__file__) and (text := text_of(path)) is not None and (match := forbidden.search(text))
    ]
    assert said == []


def test_no_tracked_file_is_large() -> None:
    large = [str(path.relative_to(ROOT)) for path in tracked_files() if path.stat().st_size > 1_000_000]
    assert large == []


def test_modules_stay_small() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in tracked_files()
        if path.suffix in {".py", ".ts"}
        and path.relative_to(ROOT).parts[0] in {"src", "viewer"}
        and (lines := len(path.read_text().splitlines())) > 400
    ]
    assert long == []


@pytest.mark.parametrize("module", LIGHT)
def test_start_up_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_importing_the_package_imports_no_room() -> None:
    code = "import sys, armillary; print([name for name in sys.modules if name.startswith('armillary.')])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
