"""numba finds a place for compiled code, or is given one."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from armillary.storage import compiler

READ_ONLY = """
import os, sys
from armillary.storage import compiler
compiler._writable = lambda folder: False
compiler.prepare()
print(os.environ["NUMBA_CACHE_DIR"])
from armillary.storage.sigbus_kernels import handle_sigbus
print(len(os.listdir(os.environ["NUMBA_CACHE_DIR"])))
"""


@pytest.mark.parametrize(
    ("package", "home", "given"), [(True, False, False), (False, True, False), (False, False, True)]
)
def test_a_place_that_is_there_is_used(monkeypatch, tmp_path, package, home, given):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    if given:
        monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    here = Path(compiler.__file__).parent
    monkeypatch.setattr(compiler, "_writable", lambda folder: package if folder == here else home)
    compiler.find_cache_folder()
    assert os.environ.get("NUMBA_CACHE_DIR") == (str(tmp_path) if given else None)


def test_where_nothing_can_be_written_a_temporary_folder_serves_and_goes():
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    answer = subprocess.run(
        [sys.executable, "-c", READ_ONLY], capture_output=True, text=True, check=True, env=environment, timeout=120
    )
    folder, count = answer.stdout.split()
    assert int(count) > 0
    assert not Path(folder).exists()


def test_a_folder_is_writable_when_it_could_be_made(monkeypatch, tmp_path):
    assert compiler._writable(tmp_path / "not" / "there")
    monkeypatch.setattr(compiler.os, "access", lambda path, mode: path != tmp_path)
    assert not compiler._writable(tmp_path / "not" / "there")
