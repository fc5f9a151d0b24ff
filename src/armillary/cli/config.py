"""``armillary config show`` and ``config write``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from armillary.server import settings_file

if TYPE_CHECKING:
    import argparse


def run(options: argparse.Namespace) -> int:
    """Show the settings, or write the file of defaults.

    Returns
    -------
    Exit status.
    """
    if options.action == "show":
        sys.stdout.write(settings_file.listing(settings_file.load({}, options.config)) + "\n")
        return 0
    chosen = options.config or os.environ.get("ARMILLARY_CONFIG")
    path = Path(chosen) if chosen else settings_file.default_path()
    settings_file.write(path, force=options.force)
    sys.stdout.write(f"{path}\n")
    return 0
