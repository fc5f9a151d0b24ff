"""``armillary demo`` in a process of its own: it serves, and leaves nothing behind however it ends."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request

import pytest

READY = "Armillary is ready: "
# Who starts the tests in the background of a shell leaves them deaf to SIGINT.
HOLD = """
import signal
import time
signal.signal(signal.SIGINT, signal.default_int_handler)
from armillary.cli.demo import demo_folder
with demo_folder() as folder:
    (folder / "half.fits").write_text("x")
    print(folder, flush=True)
    time.sleep(60)
"""

ENDINGS = [
    pytest.param(name, id=name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name) and os.name == "posix"
]


@pytest.fixture
def places(tmp_path):
    here, temporary = tmp_path / "here", tmp_path / "temporary"
    here.mkdir()
    temporary.mkdir()
    return here, temporary


def start(places, *words):
    here, temporary = places
    environment = {**os.environ, "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.Popen(
        [sys.executable, *words],
        cwd=here, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def left_behind(places):
    return [path for place in places for path in place.iterdir()]


def holdings(address):
    while True:
        with urllib.request.urlopen(f"{address}api/holdings", timeout=30) as answer:
            tree = json.load(answer)
        if not tree["scanning"]:
            return tree


@pytest.mark.parametrize("ending", ENDINGS)
def test_folder_is_removed_while_files_are_made(places, ending):
    with start(places, "-c", HOLD) as process:
        folder = process.stdout.readline().strip()
        assert os.listdir(folder) == ["half.fits"]
        process.send_signal(getattr(signal, ending))
        process.communicate(timeout=30)
    assert process.returncode != 0
    assert left_behind(places) == []


@pytest.mark.parametrize("ending", ENDINGS)
def test_demo_serves_and_leaves_nothing(places, ending):
    with start(places, "-m", "armillary", "demo", "--no-browser", "--auth", "none", "--port", "0") as process:
        try:
            ready = next(line for line in process.stdout if line.startswith(READY))
            assert next(path.name for path in places[1].iterdir()).startswith("armillary-demo-")
            tree = holdings(ready.removeprefix(READY).strip())
        finally:
            process.send_signal(getattr(signal, ending))
            _, said = process.communicate(timeout=30)
    layers = {
        layer["layer_id"]
        for group in tree["map_groups"]
        for sky in group["maps"]
        for band in sky["bands"]
        for layer in band["layers"]
    }
    assert {"field_g", "field_r", "field_i", "galaxy_cube"} <= layers
    assert {"microwave-I", "microwave-Q", "microwave-U", "microwave-P2", "field_mean"} <= layers
    assert [group["source_group_id"] for group in tree["source_groups"]] == ["stars"]
    assert len(tree["boxes"]) == 3
    assert tree["problems"] == []
    assert "Traceback" not in said
    assert left_behind(places) == []


def test_handlers_are_put_back():
    from armillary.cli.demo import demo_folder

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    with demo_folder() as folder:
        assert folder.parent.samefile(tempfile.gettempdir())
    assert {number: signal.getsignal(number) for number in before} == before
    assert not folder.exists()
