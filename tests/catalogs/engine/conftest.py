"""The program that does works and kills them, started once: what it imports takes longer than most of its runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).with_name("killed_work.py")


@pytest.fixture(scope="session")
def ends_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[list[dict[str, Any]]], Any]]:
    """Does runs (see ``killed_work``) one after another: their exit codes, and what they said."""
    log = tmp_path_factory.mktemp("killed") / "said"
    with log.open("wb") as errors:
        program = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with program:

        def ask(runs: list[dict[str, Any]]) -> tuple[list[int], str]:
            before = log.stat().st_size
            program.stdin.write(f"{json.dumps(runs)}\n")
            program.stdin.flush()
            answer = program.stdout.readline()
            said = log.read_bytes()[before:].decode()
            assert answer, said
            return json.loads(answer), said

        try:
            yield ask
        finally:
            program.stdin.close()
            program.wait(60)
