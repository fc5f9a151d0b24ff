"""A disk that is full: one clear line, nothing half-written that looks whole; with more room the work goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest

from armillary.catalogs import verify_catalog
from armillary.catalogs.hats.folder import Folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).with_name("full_disk_work.py")
REFUSED = 3


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory, sky: Callable[..., object]) -> Path:
    """Inputs, and what is made of them where there is room."""
    made = tmp_path_factory.mktemp("roomy")
    (made / "in").mkdir()
    for seed in (1, 2):
        pq.write_table(sky(seed, 15_000), made / "in" / f"{seed}.parquet", row_group_size=5000)
    assert worked(made, made / "out") == (0, "")
    return made


def worked(inputs: Path, output: Path, largest: int = 0) -> tuple[int, str]:
    output.mkdir(exist_ok=True)
    program = [sys.executable, str(PROGRAM), str(inputs / "in"), str(output), str(largest)]
    done = subprocess.run(program, capture_output=True, text=True, check=False, timeout=200)
    return done.returncode, done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MiB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if mount is None or umount is None or os.geteuid():
        pytest.skip("only root mounts disks")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield place
    finally:
        subprocess.run([umount, "-l", str(place)], check=True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {name: Folder(folder).read(name) for name in Folder(folder).files() if "properties" not in name}


def check_refusal(said: str, word: str) -> None:
    assert said.count("\n") == 1, said
    assert word in said
    assert "Traceback" not in said
    assert "/" not in said.replace("No space left on device", "")


def check_half_done(output: Path) -> None:
    """What looks whole is whole."""
    for name in ("sky", "m"):
        if (output / name / "hats.properties").exists():
            report = verify_catalog(input_catalog_path=output / name, full=True)
            assert report.good, report.faults
    for path in output.rglob("*.parquet"):
        if not path.name.startswith(".partial-"):
            pq.ParquetFile(path).close()


def test_a_full_disk_and_more_room(roomy: Path, small_disk: Path) -> None:
    refused = set()
    for megabytes in (3, 5, 7, 9, 60):
        if megabytes > 3:
            with contextlib.suppress(OSError):
                subprocess.run(["mount", "-o", f"remount,size={megabytes}m", str(small_disk)], check=True)
        status, said = worked(roomy, small_disk)
        if not status:
            break
        assert status == REFUSED, said
        check_refusal(said, "No space left on device")
        check_half_done(small_disk)
        refused.add(megabytes)
    assert len(refused) >= 3
    assert not status
    assert files_of(small_disk) == files_of(roomy / "out")


@pytest.mark.parametrize("largest", [1000, 30_000, 150_000, 250_000])
def test_files_that_may_not_grow(roomy: Path, tmp_path: Path, largest: int) -> None:
    status, said = worked(roomy, tmp_path / "out", largest)
    assert status == REFUSED, said
    check_refusal(said, "File too large")
    check_half_done(tmp_path / "out")
    assert worked(roomy, tmp_path / "out") == (0, "")
    assert files_of(tmp_path / "out") == files_of(roomy / "out")
