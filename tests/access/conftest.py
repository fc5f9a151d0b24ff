"""Fixtures of the tests of access; ``conftest_access`` holds what they import besides."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "server")]

from conftest_access import accounts, cheap_hashes, people  # noqa: E402, F401
