"""Fixtures of the sessions with the Virtual Observatory's services."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "vo"))
sys.path.insert(0, str(Path(__file__).parent.parent / "jobs"))

from vo_archive import Archive, make_archive
from vo_tools import Served, serving


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """A folder with a file of each kind."""
    return make_archive(tmp_path_factory.mktemp("archive"))


@pytest.fixture(scope="module")
def served(archive: Archive) -> Iterator[Served]:
    """``armillary open`` on the archive, for everybody."""
    with serving("open", archive.folder, "--auth", "none") as server:
        yield server
