"""``armillary demo``: a simulated sky in a temporary folder that is removed at the end."""

from __future__ import annotations

import contextlib
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType

# SIGHUP: the terminal of a remote session was closed. It does not exist on Windows.
_ENDINGS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """End by an exception, so that everything on the way out tidies up after itself."""
    raise SystemExit(128 + number)


@contextlib.contextmanager
def demo_folder() -> Iterator[Path]:
    """Make a temporary folder that is gone afterwards, also when the process is told to end."""
    before = {number: signal.signal(number, _leave) for number in _ENDINGS}
    try:
        with tempfile.TemporaryDirectory(prefix="armillary-demo-", ignore_cleanup_errors=True) as name:
            try:
                yield Path(name)
            finally:
                # A second Ctrl-C must not leave half a folder behind.
                for number in (*_ENDINGS, signal.SIGINT):
                    before.setdefault(number, signal.getsignal(number))
                    signal.signal(number, signal.SIG_IGN)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def run(options: argparse.Namespace) -> int:
    """Simulate the demo's files and serve them until told to end.

    Parameters
    ----------
    options
        The options of ``open``, without its paths.

    Returns
    -------
    Exit status.
    """
    from armillary.cli.open import serve_described
    from armillary.demo.files import write_demo_files
    from armillary.demo.holdings import write_demo_holdings

    with demo_folder() as temporary:
        folder = temporary / "demo"  # the name that the list of layers shows
        folder.mkdir()
        sys.stderr.write("Simulating a sky …\n")
        write_demo_files(folder)
        described = write_demo_holdings(folder)
        sys.stderr.write(f"Its files, described by {described.name}, are in {folder} until you press Ctrl-C.\n")
        return serve_described(str(described), options)
