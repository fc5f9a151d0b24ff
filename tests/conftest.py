"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "armillary", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=bool(os.environ.get("CI"))
)
settings.load_profile("armillary")

ROOT = Path(__file__).resolve().parent.parent


def real_data_folder() -> Path | None:
    """Folder of real files, None where there is none."""
    folder = Path(os.environ.get("ARMILLARY_TEST_DATA", ROOT.parent / "shared" / "data"))
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real files; tests that want it are skipped where it is missing."""
    folder = real_data_folder()
    if folder is None:
        pytest.skip("no folder of real files: set ARMILLARY_TEST_DATA")
    return folder
