"""Memory that answers free is used by the next ones."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

ANSWERS = """
import resource
from armillary.server.run import keep_freed_memory

def faults_of_answers():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        blocks = [b"x" * (2 << 20) for _ in range(5)]  # as the blocks of a cutout, all freed at once
        del blocks
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

print(faults_of_answers())
keep_freed_memory()
faults_of_answers()
print(faults_of_answers())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have no such bounds")
def test_blocks_that_are_freed_are_not_fetched_anew() -> None:
    done = subprocess.run([sys.executable, "-c", ANSWERS], capture_output=True, text=True, check=True, timeout=60)
    before, after = map(int, done.stdout.split())
    assert before > 10_000
    assert after < 500
