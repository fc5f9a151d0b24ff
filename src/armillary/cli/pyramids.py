"""How the commands that serve make pyramids: one store of overviews for all, made when it is first wanted."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.images.plane import Plane
    from armillary.images.pyramid import Pyramid
    from armillary.server.settings import Settings


def pyramid_maker(settings: Settings) -> Callable[..., Pyramid]:
    """A function that makes the pyramid of a plane with an identity, and with ``tile_size`` if it is not the usual."""
    stores: list[Any] = []
    lock = threading.Lock()

    def make_pyramid(plane: Plane, identity: str, *, tile_size: int = settings.tile_size) -> Pyramid:
        from armillary.images.pyramid import Pyramid

        with lock:
            if not stores:
                stores.append(_store(settings))
        return Pyramid(plane, tile_size=tile_size, store=stores[0], identity=identity)

    return make_pyramid


def _store(settings: Settings) -> Any:
    """Store of overviews: a quarter of the memory, and the cache folder where one is set."""
    from armillary.images.cache_folder import CacheFolder
    from armillary.images.store import OverviewStore

    folder = CacheFolder(settings.cache_folder, settings.cache_size << 20) if settings.cache_folder else None
    return OverviewStore(settings.memory << 18, folder)
