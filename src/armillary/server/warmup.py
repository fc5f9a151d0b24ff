"""Loads what is slow to import, beside serving: the first tile then finds it ready."""

from __future__ import annotations

import contextlib
import importlib
import logging
import threading

log = logging.getLogger(__name__)

SLOW_MODULES = (
    "armillary.images.pyramid",
    "armillary.images.kernels",
    "armillary.render.kernels",
    "armillary.sky.wcs",
    "astropy.wcs",
)


def warm_up() -> None:
    """Import the slow modules, load the kernels from their cache, read the colour maps."""
    for name in SLOW_MODULES:
        try:
            importlib.import_module(name)
        except ImportError as error:
            log.debug("not warmed up: %s (%s)", name, error)
    with contextlib.suppress(Exception):
        _one_of_everything()


def _one_of_everything() -> None:
    """Make a tile of nothing in every form, so that the kernels are loaded."""
    import numpy as np

    from armillary.images.raster import Raster
    from armillary.render import EXTENSIONS, encode, make_style

    raster = Raster(np.zeros((64, 64), np.float32), "warm")
    for ext in EXTENSIONS:
        encode(raster, ext, make_style(vmin=0, vmax=1, cmap="viridis"))


def start() -> None:
    """Warm up in a thread."""
    threading.Thread(target=warm_up, name="warm-up", daemon=True).start()
