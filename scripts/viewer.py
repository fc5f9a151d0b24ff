"""Run one of the viewer's npm scripts with the Node.js that builds it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hatch_build import find_node  # noqa: E402

if __name__ == "__main__":
    node, npm = find_node()
    environment = {**os.environ, "PATH": f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    if not (ROOT / "viewer" / "node_modules").exists():
        subprocess.run([*npm, "ci"], cwd=ROOT / "viewer", env=environment, check=True)
    raise SystemExit(
        subprocess.run([*npm, "run", *sys.argv[1:]], cwd=ROOT / "viewer", env=environment, check=False).returncode
    )
