"""Fixtures of the tests of the server; ``conftest_server`` holds what they import besides."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "vo")]

from conftest_server import ask, folder  # noqa: E402, F401
from conftest_vo import vo, vo_folder  # noqa: E402, F401
