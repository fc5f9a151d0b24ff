"""The ``armillary`` command. Importing this module costs next to nothing; each command imports what it needs."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib
import os
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

from armillary import __version__
from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAVE_SECONDS = 0.5
INTERRUPTED = 130
SERVE_MODES = ("none", "token", "accounts", "soauth", "oidc")
AUTH_HELP = "holders of the token, everybody, or everybody with more for users who log in"


def parser() -> argparse.ArgumentParser:
    """Parser of the whole command line."""
    from armillary.cli import catalog, jobs, users

    top = argparse.ArgumentParser(
        prog="armillary",
        description="Show sky images and maps in the browser.",
        epilog="Exit status: 0, also when a server is ended by Ctrl-C or SIGTERM; 1 for a failure that is explained on "
        "standard error; 2 for wrong usage; 130 when interrupted before it serves.",
    )
    top.add_argument("--version", action="version", version=f"armillary {__version__}")
    commands = top.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    opened = commands.add_parser("open", help="show files, folders, patterns, addresses", allow_abbrev=False)
    opened.add_argument("paths", nargs="+", metavar="PATH", help="a FITS file, a folder, a pattern or a URL")
    add_server_options(opened)
    opened.set_defaults(module="armillary.cli.open")
    generate = commands.add_parser(
        "genconfig", help="write a configuration of what open would show", allow_abbrev=False
    )
    generate.add_argument("paths", nargs="+", metavar="PATH", help="as for open")
    generate.add_argument(
        "--output", metavar="FILE", required=True, help="the file, JSON or .toml; - for standard output"
    )
    generate.add_argument("--force", action="store_true", help="overwrite a file that is there")
    generate.set_defaults(module="armillary.cli.genconfig")
    serve = commands.add_parser("serve", help="serve a configuration, by several processes", allow_abbrev=False)
    serve.add_argument("holdings", nargs="?", metavar="HOLDINGS", help="the configuration (setting holdings)")
    add_server_options(serve, SERVE_MODES)
    _add_serve(serve)
    serve.set_defaults(module="armillary.cli.serve")
    demo = commands.add_parser("demo", help="show a simulated sky", allow_abbrev=False)
    add_server_options(demo)
    demo.set_defaults(module="armillary.cli.demo")
    _add_config(commands.add_parser("config", help="show or write the settings", allow_abbrev=False))
    users.add_parser(commands)
    jobs.add_parser(commands)
    catalog.add_parser(commands)
    return top


def add_server_options(command: argparse.ArgumentParser, modes: Sequence[str] = ("token", "none")) -> None:
    """Options of every command that serves. What is not given stays None: the settings decide.

    Parameters
    ----------
    modes
        Choices of ``--auth``, the command's own default first.
    """
    add = command.add_argument
    add("--host", metavar="H", help="address to listen on (127.0.0.1)")
    add("--port", metavar="N", help="port to listen on, 0 for any free one (8000, or the next free one)")
    add("--no-browser", dest="browser", action="store_const", const=False, help="do not open the browser")
    add("--auth", choices=modes, help=f"who may ask: {AUTH_HELP} ({modes[0]})")
    add("--tile-size", metavar="PIXELS", help="side of a tile: a power of two from 64 to 1024 (512)")
    add("--memory", metavar="MIB", help="memory for caches (256)")
    add("--cache-folder", metavar="FOLDER", help="keep overviews there between runs (off)")
    add("--cache-size", metavar="MIB", help="how much the cache folder may take (4096)")
    add("--threads", metavar="N", help="threads that make tiles (one for each core)")
    add("--root-path", metavar="PATH", help="path under which a proxy shows the server")
    add("--log-level", choices=("debug", "info", "warning", "error"), help="least severity that is logged (warning)")
    add("--log-format", choices=("text", "json"), help="form of the log lines (text)")
    add("--config", metavar="FILE", help="file of settings")


def _add_serve(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--workers", metavar="N", help="processes, 0 for one for each core (1)")
    add("--grant", dest="grants", action="append", metavar="NAME", help="a grant that everybody holds; may be repeated")
    add("--uds", metavar="PATH", help="listen on a Unix socket instead of host and port")
    add("--memcached", metavar="HOST:PORT", help="servers that keep tiles for all processes, separated by commas")


def _add_config(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="every setting, its value, and where that comes from", allow_abbrev=False)
    write = actions.add_parser("write", help="write a file of all defaults, commented out", allow_abbrev=False)
    write.add_argument("--force", action="store_true", help="overwrite a file that is there")
    for action in (show, write):
        action.add_argument("--config", metavar="FILE", help="the file, instead of the platform's")
    command.set_defaults(module="armillary.cli.config")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments
        Without the program's name; None takes those of the process.

    Returns
    -------
    0; 1 for a failure that was explained on standard error; 130 when interrupted before it served.
    Wrong usage ends by ``SystemExit(2)``.
    """
    # Threads of linear algebra, for which there is no work here, would spin beside the first tenths of a second.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:  # The parser would cost ten milliseconds.
        sys.stdout.write(f"armillary {__version__}\n")
        return 0
    options = parser().parse_args(given)
    try:
        status: int = importlib.import_module(options.module).run(options)
    except ArmillaryError as error:
        for line in error.problems:
            sys.stderr.write(f"armillary: {line}\n")
        status = 1
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # Who read our output has gone: there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    if arguments is None and threading.active_count() > 1:
        leave(status)
    return status


def leave(status: int) -> NoReturn:
    """End the process at once.

    Threads in the middle of a computation would hold up the interpreter's own end, and taking numba and astropy apart
    takes it most of a second. What was registered to tidy up still does, for a moment.
    """
    watchdog = threading.Timer(LEAVE_SECONDS, os._exit, (status,))
    watchdog.daemon = True
    watchdog.start()
    atexit._run_exitfuncs()  # noqa: SLF001 - there is no public way
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)
