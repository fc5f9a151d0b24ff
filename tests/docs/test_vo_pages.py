"""The pages for users of the Virtual Observatory: what they print is run against the demo, in their order."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

sys.path.insert(0, str(Path(__file__).parent.parent / "conformance"))

from vo_tools import Served, program, serving, votlint

HOW_TO = Path(__file__).resolve().parents[2] / "docs" / "how-to"
PRINTED = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def demo() -> Iterator[Served]:
    with serving("demo", "--auth", "none") as server:
        yield server


def blocks(page: str, language: str, address: str) -> list[str]:
    text = (HOW_TO / page).read_text(encoding="utf-8")
    assert PRINTED in text
    return re.findall(rf"```{language}\n(.*?)```", text.replace(PRINTED, address), re.DOTALL)


def test_the_session_with_pyvo(demo: Served, capsys: pytest.CaptureFixture[str]) -> None:
    known: dict[str, object] = {}
    for block in blocks("pyvo.md", "python", demo.address):
        exec(compile(block, "pyvo.md", "exec"), known)
    said = capsys.readouterr().out
    assert "field_r" in said
    assert "COMPLETED" in said
    for name in ("session", "cutter", "near"):
        assert name in known
    known["session"].close()


def test_the_commands_of_stilts(demo: Served, tmp_path: Path) -> None:
    program("stilts")
    (tmp_path / "targets.csv").write_text("ra,dec\n150.11,2.21\n150.12,2.2\n")
    (commands,) = blocks("topcat.md", "sh", demo.address)
    for line in commands.replace("\\\n", " ").strip().splitlines():
        done = subprocess.run(shlex.split(line), cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"targets.csv", "near.fits", "images.vot", "matched.fits"}


def test_the_addresses_for_aladin(demo: Served) -> None:
    text = (HOW_TO / "aladin.md").read_text(encoding="utf-8").replace(PRINTED, demo.address)
    addresses = re.findall(r"`(http://[^`]+)`", text)
    answers = [requests.get(address, timeout=60) for address in addresses]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].content.startswith(b"SIMPLE  =")
    for answer in answers[1:]:
        votlint(answer.content)
        assert b"<TR>" in answer.content
