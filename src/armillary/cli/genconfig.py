"""``armillary genconfig``: write what ``open`` would serve as a configuration for ``serve``."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from armillary.holdings.genconfig import Generated

STANDARD_OUTPUT = "-"


def run(options: argparse.Namespace) -> int:
    """Write the configuration of ``options.paths`` to ``options.output``.

    Returns
    -------
    Exit status: 1 when nothing could be read, and nothing was written.

    Raises
    ------
    ConfigurationError
        The file is there already, or cannot be written.
    """
    from armillary.holdings import genconfig

    output: str = options.output
    to_file = output != STANDARD_OUTPUT
    if to_file:
        genconfig.check_free(output, force=options.force)
    folder = os.path.dirname(os.path.abspath(output)) if to_file else os.curdir  # noqa: PTH100, PTH120 - as it was given
    made = genconfig.generate(options.paths, folder)
    for problem in made.problems:
        sys.stderr.write(f"armillary: {problem}\n")
    if not made.layers and not made.catalogs:
        if len(made.problems) != 1:
            sys.stderr.write("armillary: nothing could be opened.\n")
        return 1
    text = (genconfig.as_toml if output.lower().endswith(".toml") else genconfig.as_json)(made.document)
    if not to_file:
        sys.stdout.write(text)
        return 0
    genconfig.write_whole(output, text, force=options.force)
    sys.stderr.write(f"{output}: {_counted(made)}. Show it with: armillary serve {output}\n")
    return 0


def _counted(made: Generated) -> str:
    parts = [(made.layers, "layer"), (made.maps, "map"), (made.catalogs, "catalog")]
    return ", ".join(f"{number} {word}{'s' if number != 1 else ''}" for number, word in parts if number)
