"""The command line: exit status, one line for each failure, and what it imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from armillary import __version__
from armillary.cli.main import main


def run(*arguments: str | Path, folder: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    command = [sys.executable, "-m", "armillary", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=kept | environment, timeout=120
    )


def test_version() -> None:
    answer = run("--version")
    assert (answer.returncode, answer.stdout) == (0, f"armillary {__version__}\n")


@pytest.mark.parametrize("given", [None, "3"])
def test_threads_of_linear_algebra_are_one_unless_told(given: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", given or "")
    if given is None:
        monkeypatch.delenv("OPENBLAS_NUM_THREADS")
    assert main(["--version"]) == 0
    assert os.environ["OPENBLAS_NUM_THREADS"] == (given or "1")


@pytest.mark.parametrize("module", ["argparse", "numpy", "fastapi", "asyncio", "logging"])
def test_the_version_costs_no_import(module: str) -> None:
    code = f"import sys; from armillary.cli.main import main; main(['--version']); print({module!r} in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.splitlines() == [f"armillary {__version__}", str(module == "argparse")]


def test_the_settings_are_shown_without_loading_the_server(tmp_path: Path) -> None:
    code = (
        "import sys; from armillary.cli.main import main; main(['config', 'show']); "
        "print([name for name in ('numpy', 'fastapi', 'uvicorn') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
    )
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nosuch"],
        ["open"],
        ["open", "x.fits", "--nosuch"],
        ["open", "x.fits", "--auth", "maybe"],
        ["config"],
        ["config", "burn"],
        ["--nosuch"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str]) -> None:
    answer = run(*arguments)
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert answer.stderr.startswith("usage: armillary")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "x"], "port (option): 'x' is not a whole number."),
        (["--port", "70000"], "port (option): '70000' is not between 0 and 65535."),
        (["--tile-size", "100"], "tile_size (option): '100' is not a power of two."),
        (["--config", "none.toml"], "there is no such file"),
        (["--host", "256.1.1.1", "--port", "0"], "Cannot listen on '256.1.1.1'"),
    ],
)
def test_bad_options_are_one_line_and_status_1(tmp_path: Path, arguments: list[str], words: str) -> None:
    answer = run("open", tmp_path, "--no-browser", *arguments, folder=tmp_path)
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert words in answer.stderr
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith("armillary: ")


def bad_inputs(folder: Path) -> dict[str, Path]:
    made = {name: folder / f"{name}.fits" for name in ("empty", "text", "gone", "link", "pipe", "closed", "bomb")}
    made["empty"].write_bytes(b"")
    made["text"].write_text("SIMPLE is not enough" * 500)
    made["link"].symlink_to(folder / "nowhere")
    os.mkfifo(made["pipe"])
    made["closed"].write_bytes(b"x")
    made["closed"].chmod(0)
    header = b"SIMPLE  =                    T".ljust(80)
    for card in (b"BITPIX  =                    8", b"NAXIS   =                    2"):
        header += card.ljust(80)
    for axis in (b"1", b"2"):
        header += (b"NAXIS" + axis + b"  =           1000000000").ljust(80)
    made["bomb"].write_bytes((header + b"END".ljust(80)).ljust(2880))
    return made


@pytest.mark.parametrize("name", ["empty", "text", "gone", "link", "pipe", "closed"])
def test_what_cannot_be_opened_is_one_line_and_status_1(tmp_path: Path, name: str) -> None:
    if name == "closed" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    path = bad_inputs(tmp_path)[name]
    answer = run("open", path, "--no-browser", "--port", "0", XDG_CONFIG_HOME=str(tmp_path))
    assert answer.returncode == 1
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1
    assert answer.stderr.startswith(f"armillary: {name}.fits: ")
    assert str(tmp_path) not in answer.stderr


def test_several_that_cannot_be_opened_have_a_line_each(tmp_path: Path) -> None:
    made = bad_inputs(tmp_path)
    names = ["empty", "text", "gone", "link", "pipe"]
    answer = run("open", *(made[name] for name in names), "--no-browser", XDG_CONFIG_HOME=str(tmp_path))
    assert answer.returncode == 1
    lines = answer.stderr.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1]] == [f"{name}.fits" for name in names]
    assert lines[-1] == "armillary: nothing could be opened."


def test_settings_are_shown_and_written(tmp_path: Path) -> None:
    home = {"XDG_CONFIG_HOME": str(tmp_path)}
    shown = run("config", "show", ARMILLARY_PORT="9000", **home)
    assert shown.returncode == 0
    assert "port = 9000  (ARMILLARY_PORT)" in shown.stdout
    written = run("config", "write", **home)
    assert written.stdout == f"{tmp_path}/armillary/config.toml\n"
    again = run("config", "write", **home)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert run("config", "write", "--force", **home).returncode == 0
    assert run("config", "show", ARMILLARY_PORT="x", **home).returncode == 1


def test_output_that_nobody_reads_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m armillary config show | true"
    answer = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in answer.stderr
