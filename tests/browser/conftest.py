"""Fixtures of the browser tests: a sky of known pixels, a server that shows it, a Chromium that looks."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

pytest.register_assert_rewrite("conftest_browser", "conftest_collection")

from conftest_browser import address, chromium, launcher, plain_viewer, sky, viewer  # noqa: E402, F401
from conftest_collection import collection  # noqa: E402, F401
