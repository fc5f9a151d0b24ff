"""Names of processes: which have certainly ended."""

from __future__ import annotations

import subprocess
import sys

import pytest

from armillary.storage.processes import is_gone, is_here, process_name


def test_a_process_is_here_while_it_runs_and_gone_after() -> None:
    command = [
        sys.executable,
        "-c",
        "from armillary.storage.processes import process_name; print(process_name(), flush=True); input()",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        name = process.stdout.readline().strip()
        assert is_here(name)
        assert not is_gone(name)
        process.communicate("")
    assert is_gone(name)
    assert is_gone(name + "/1")


@pytest.mark.parametrize("name", ["", "a/b", "host/other/1/1/x/1", "MINE", "MINE/3"])
def test_what_may_be_alive_is_not_gone(name: str) -> None:
    assert not is_gone(name.replace("MINE", process_name()))


def test_another_process_with_the_id_of_one_that_is_gone() -> None:
    host, machine, pid, begun, rest = process_name().split("/")
    assert is_gone(f"{host}/{machine}/{pid}/{int(begun) + 1}/{rest}/1")
