"""``armillary open``: show files in the browser, from where they lie."""

from __future__ import annotations

import os
import secrets
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary.cli.pyramids import pyramid_maker
from armillary.errors import ConfigurationError
from armillary.server import settings_file
from armillary.server.settings import table

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from armillary.holdings.configuration import Configuration
    from armillary.holdings.discovery import Discovery
    from armillary.server.settings import Loaded, Settings

    Found = Discovery | Configuration

SCAN_SECONDS = 0.1
FIRST_LAYER_SECONDS = 5.0


def run(options: argparse.Namespace) -> int:
    """Serve what ``options.paths`` name until told to end.

    Returns
    -------
    Exit status: 0 when it was told to end (Ctrl-C, SIGTERM), 1 when nothing could be opened.
    """
    return serve_paths(options.paths, options)


def serve_paths(paths: Sequence[str], options: argparse.Namespace) -> int:
    """Serve files, folders, patterns and addresses until told to end.

    Parameters
    ----------
    paths
        What to show.
    options
        Of the command line; None where not given.

    Returns
    -------
    Exit status: 0 when it was told to end, 1 when nothing could be opened.

    Raises
    ------
    ConfigurationError, UsageError
        Bad settings; the port is taken.
    """
    return _serve_found(lambda settings: _discovery(paths, settings), options)


def serve_described(path: str, options: argparse.Namespace) -> int:
    """Serve what a configuration describes as ``open`` serves files: for one user, by one process.

    Parameters
    ----------
    path
        The configuration.
    options
        Of the command line; None where not given.

    Returns
    -------
    Exit status: 0 when it was told to end.

    Raises
    ------
    ConfigurationError, UsageError
        Bad settings or a bad configuration; the port is taken.
    """
    from armillary.holdings.configuration import open_configuration

    def found(settings: Settings) -> Configuration:
        return open_configuration(path, pyramid_maker(settings), tile_size=settings.tile_size, roots=settings.roots)

    return _serve_found(found, options)


def _serve_found(find: Callable[[Settings], Found], options: argparse.Namespace) -> int:
    given = {entry.name: getattr(options, entry.name, None) for entry in table()}
    loaded = settings_file.load(given, getattr(options, "config", None))
    discovery = find(loaded.settings)
    discovery.start()
    try:
        return _serve(discovery, loaded)
    finally:
        discovery.stopped.set()


def _discovery(paths: Sequence[str], settings: Settings) -> Discovery:
    from armillary.holdings.discovery import discover

    return discover(paths, pyramid_maker(settings), tile_size=settings.tile_size)


def protected(loaded: Loaded) -> Settings:
    """The settings of ``open``: the token, unless it was said in Armillary's own words that everybody may ask.

    Users log in to ``serve`` only, and TileMaker's variables are about it.
    """
    from dataclasses import replace

    settings = loaded.settings
    if settings.auth == "none" and not loaded.origins["auth"].startswith("TILEMAKER"):
        return settings
    return replace(settings, auth="token")


def check_cache_folder(folder: str) -> None:
    """Refuse a cache folder that cannot be used, before anything is served.

    Raises
    ------
    ConfigurationError
        It cannot be made or written to.
    """
    if not folder:
        return
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - as given
        usable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        raise ConfigurationError("cache_folder: cannot be written to: choose another folder.")


def _serve(discovery: Found, loaded: Loaded) -> int:
    settings = protected(loaded)
    check_cache_folder(settings.cache_folder)
    from armillary.server import logs, run

    logs.set_up(settings.log_level, settings.log_format)
    listener = run.listen(settings.host, settings.port, exactly=loaded.origins["port"] != "default")
    try:
        return _serve_on(listener, discovery, settings)
    finally:
        listener.close()


def _serve_on(listener: Any, discovery: Found, settings: Settings) -> int:
    from dataclasses import replace

    from armillary.holdings.access import OWNER
    from armillary.server import run, warmup
    from armillary.server.app import make_application, with_cors
    from armillary.storage.cache import decoded

    if settings.auth == "token" and not settings.token:
        settings = replace(settings, token=secrets.token_urlsafe(24))
    shown = run.address(listener, settings.host, settings.root_path, settings.token if settings.auth == "token" else "")
    port = listener.getsockname()[1]
    application = make_application(discovery.holdings, settings, discovery=discovery, port=port, everybody=OWNER)
    run.raise_file_limit()
    run.keep_freed_memory()
    decoded.resize(settings.memory << 19)  # Half of the memory; tiles and overviews have a quarter each.
    if not _something_opens(discovery):
        return _explain(discovery)

    def ready() -> None:
        sys.stdout.write(f"Armillary is ready: {shown}\n")
        sys.stdout.flush()
        warmup.start(application.api)
        application.services.resume_jobs()
        if settings.browser:
            _open_browser(shown)

    server = run.make_server(with_cors(application, settings), ready)
    nothing = threading.Event()
    threading.Thread(target=_watch_scan, args=(discovery, server, nothing), name="scan-end", daemon=True).start()
    try:
        server.run(sockets=[listener])
    finally:
        application.services.close_jobs()
    return 1 if nothing.is_set() else 0


def _something_opens(discovery: Found) -> bool:
    """Wait for the first layer, and a moment for the others; False when everything was read and nothing opens."""
    deadline = time.monotonic() + FIRST_LAYER_SECONDS
    while not discovery.first_layer.wait(0.01) and not discovery.finished.is_set() and time.monotonic() < deadline:
        pass
    discovery.finished.wait(SCAN_SECONDS if discovery.first_layer.is_set() else 0)
    return discovery.first_layer.is_set() or not discovery.finished.is_set()


def _watch_scan(discovery: Found, server: Any, nothing: threading.Event) -> None:
    """Once every header is read, say what could not be opened; end when that is everything."""
    discovery.finished.wait()
    if discovery.stopped.is_set():
        return
    _explain(discovery)
    if not discovery.first_layer.is_set():
        nothing.set()
        server.should_exit = True


def _explain(discovery: Found) -> int:
    """One line for each thing that could not be opened.

    Returns
    -------
    1, the exit status when that is everything.
    """
    for problem in discovery.holdings.problems:
        sys.stderr.write(f"armillary: {problem.message}\n")
    if not discovery.first_layer.is_set() and len(discovery.holdings.problems) != 1:
        sys.stderr.write("armillary: nothing could be opened.\n")
    return 1


def _open_browser(address: str) -> None:
    """Open the browser in a thread, where there is a display; that it fails matters to nobody."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return

    def show() -> None:
        import contextlib
        import webbrowser

        with contextlib.suppress(Exception):
            webbrowser.open(address)

    threading.Thread(target=show, name="browser", daemon=True).start()
