"""Peers from PyPI, each in a virtual environment of its own beside the benchmark's data."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench import data
from bench.processes import Server, ServerError, free_port, running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INSTALL_TIMEOUT_S = 300
START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Peer:
    """A server of FITS images: how it is installed, started and asked for full-resolution JPEG tiles."""

    name: str
    requirements: tuple[str, ...]
    command: Callable[[Path, Path, int, Path], list[str | Path]]
    answer: str
    tiles: Callable[[Server, Path], list[str]]
    tile_pixels: int


def _tilemaker_command(bin_folder: Path, path: Path, port: int, _scratch: Path) -> list[str | Path]:
    return [bin_folder / "tilemaker", "open", path, "--port", str(port)]


def _tilemaker_tiles(server: Server, _path: Path) -> list[str]:
    layer = json.loads(server.get("/layers/default"))["layer"]
    level = layer["number_of_levels"] - 1
    side = 1 << level
    rows, cols = range(side // 2, side // 2 + 4), range(4, 2 * side - 4)
    return [f"/layers/{layer['layer_id']}/{level}/{y}/{x}/tile.jpg?vmin=-200&vmax=200" for y in rows for x in cols]


def _visiomatic_command(bin_folder: Path, path: Path, port: int, scratch: Path) -> list[str | Path]:
    places = ["--cache_dir", scratch, "--data_dir", path.parent, "--extra_dir", scratch]
    return [bin_folder / "visiomatic", "-n", "-C", "-p", str(port), "-w", "2", *places, path]


def _visiomatic_tiles(server: Server, path: Path) -> list[str]:
    image = json.loads(server.get(f"/api?FIF={path.name}&INFO="))
    level, across = image["tile_levels"] - 1, -(-image["full_size"][0] // 256)
    first = across * across // 2
    return [f"/api?FIF={path.name}&JTL={level},{first + i}" for i in range(2000)]


TILEMAKER = Peer("tilemaker", ("tilemaker",), _tilemaker_command, "/map-groups", _tilemaker_tiles, 675 * 675)
VISIOMATIC = Peer(
    "visiomatic", ("visiomatic", "fastapi==0.115.12", "starlette==0.46.2"), _visiomatic_command, "/",
    _visiomatic_tiles, 256 * 256,
)  # fmt: skip


def _installer(home: Path) -> list[str | Path]:
    """The command that installs into ``home``: uv where it is there, else pip."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv:
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, home], check=True, timeout=60)
        return [uv, "pip", "install", "-q", "--python", home / "bin" / "python"]
    venv.create(home, with_pip=True, clear=True)
    return [home / "bin" / "python", "-m", "pip", "install", "-q"]


def install(peer: Peer) -> Path | None:
    """Folder of the peer's programs; None, and a line that says why, where it cannot be installed."""
    home = data.folder() / "peers" / peer.name
    stamp = home / "installed"
    if stamp.exists():
        return home / "bin"
    print(f"installing the peer {peer.name} …", flush=True)
    try:
        command = [*_installer(home), *peer.requirements]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_S)
    except (subprocess.SubprocessError, OSError) as error:
        said = (getattr(error, "stderr", None) or str(error)).strip().splitlines()
        print(f"{peer.name} is left out: it could not be installed: {said[-1] if said else error}", flush=True)
        return None
    stamp.touch()
    return home / "bin"


@contextlib.contextmanager
def serving(peer: Peer, path: Path) -> Iterator[Server | None]:
    """The peer serving one file; None, and a line that says why, where it cannot."""
    bin_folder = install(peer)
    if bin_folder is None:
        yield None
        return
    scratch = data.folder() / "peers" / f"{peer.name}-scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    port = free_port()
    command = peer.command(bin_folder, path, port, scratch)
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(
                running(command, port, answer=peer.answer, timeout_s=START_TIMEOUT_S, cwd=scratch)
            )
        except (ServerError, OSError) as error:
            print(f"{peer.name} is left out: {error}", flush=True)
            server = None
        yield server
    shutil.rmtree(scratch, ignore_errors=True)
