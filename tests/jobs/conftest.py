"""Fixtures of the tests of jobs."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from conftest_postgresql import postgresql_address, postgresql_server  # noqa: F401
