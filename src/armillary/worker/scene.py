"""From a scene, which is JSON, to holdings that are open: in a process of its own, for jobs."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from armillary.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from armillary.holdings.configuration import Configuration
    from armillary.holdings.discovery import Discovery
    from armillary.images.plane import Plane
    from armillary.images.pyramid import Pyramid

    Found = Discovery | Configuration

SCAN_SECONDS = 600.0
NOT_SCANNED = "The headers of the files are not all read yet: try again later."


def open_scene(scene: Mapping[str, Any]) -> Found:
    """Open the holdings that a scene names, and wait until the headers are read.

    Parameters
    ----------
    scene
        ``{"kind": "paths", "paths": […]}`` or ``{"kind": "configuration", "path": …}``, with ``settings``: names of
        settings with their values, of which ``tile_size``, ``memory`` and ``roots`` count here.

    Raises
    ------
    ConfigurationError
        The configuration is wrong, or this is no scene.
    UnavailableError
        Reading the headers takes too long.
    """
    settings = scene.get("settings", {})
    make_pyramid = _pyramid_maker(settings)
    found = _prepared(scene, settings, make_pyramid)
    found.start()
    if not found.finished.wait(SCAN_SECONDS):
        raise UnavailableError(NOT_SCANNED)
    return found


def _prepared(scene: Mapping[str, Any], settings: Mapping[str, Any], make_pyramid: Callable[..., Pyramid]) -> Found:
    tile_size = settings.get("tile_size", 512)
    if scene.get("kind") == "configuration":
        from armillary.holdings.configuration import open_configuration

        roots = tuple(settings.get("roots", ()))
        return open_configuration(scene["path"], make_pyramid, tile_size=tile_size, roots=roots)
    if scene.get("kind") == "paths":
        from armillary.holdings.discovery import discover

        return discover(scene["paths"], make_pyramid, tile_size=tile_size)
    raise ConfigurationError("A scene has paths or a configuration.")


def _pyramid_maker(settings: Mapping[str, Any]) -> Callable[..., Pyramid]:
    """What makes the pyramid of a plane; the store of overviews is made when one is first wanted."""
    stores: list[Any] = []
    lock = threading.Lock()

    def make_pyramid(plane: Plane, identity: str, *, tile_size: int = settings.get("tile_size", 512)) -> Pyramid:
        from armillary.images.pyramid import Pyramid
        from armillary.images.store import OverviewStore
        from armillary.storage.cache import decoded

        with lock:
            if not stores:
                memory = settings.get("memory", 256)
                decoded.resize(memory << 19)
                stores.append(OverviewStore(memory << 18, None))
        return Pyramid(plane, tile_size=tile_size, store=stores[0], identity=identity)

    return make_pyramid
