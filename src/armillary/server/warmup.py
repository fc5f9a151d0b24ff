"""Loads what is slow to import, beside serving: the first tile then finds it ready."""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import threading
from typing import TYPE_CHECKING

from armillary.storage.compiler import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

SLOW_MODULES = (
    "armillary.images.pyramid",
    "armillary.images.kernels",
    "armillary.render.kernels",
    "armillary.sky.wcs",
    "astropy.wcs",
)


def warm_up(first: Callable[[], object]) -> None:
    """Call ``first``, import the slow modules, load the kernels from their cache, read the colour maps.

    Imports make many objects and no garbage: without the collector they take a sixth less time, and what they made
    is never looked through again.
    """
    gc.disable()
    try:
        _load(first)
    finally:
        gc.freeze()
        gc.enable()


def _load(first: Callable[[], object]) -> None:
    first()
    prepare()
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
    from armillary.images.warm import warm_up as warm_up_pixels
    from armillary.render import EXTENSIONS, encode, make_style

    warm_up_pixels()
    raster = Raster(np.zeros((64, 64), np.float32), "warm")
    for ext in EXTENSIONS:
        encode(raster, ext, make_style(vmin=0, vmax=1, cmap="viridis"))


def start(first: Callable[[], object]) -> None:
    """Warm up in a thread, beginning with what a first request needs."""
    threading.Thread(target=warm_up, args=(first,), name="warm-up", daemon=True).start()
