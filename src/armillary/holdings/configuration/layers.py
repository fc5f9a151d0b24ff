"""Map groups, maps, bands and layers of a holdings file."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any, TypeVar

from armillary.holdings.configuration.checking import as_number, kind_of
from armillary.holdings.configuration.model import BandConfig, LayerConfig, MapConfig, MapGroupConfig
from armillary.holdings.configuration.naming import Naming, ids_given
from armillary.holdings.configuration.obscore import obscore_of
from armillary.holdings.configuration.providers import provider_of
from armillary.holdings.obscore_words import NOTHING_SAID
from armillary.holdings.selection import Look, Words
from armillary.sky.grid import MAX_TILE_SIZE, MIN_TILE_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.holdings.configuration.checking import Node
    from armillary.holdings.configuration.places import Places
    from armillary.holdings.obscore_words import ObsWords

T = TypeVar("T")

MOST_LAYERS = 100_000
IGNORED = ("bounding_left", "bounding_right", "bounding_top", "bounding_bottom", "number_of_levels")
"""Keys of TileMaker for what is read from the file's header here."""

LEAST_FOREIGN_TILE = 32
MOST_FOREIGN_TILE = 16_384
GREATEST_END = 1e37
AUTO = "auto"


class Reader:
    """Reads map groups.

    Parameters
    ----------
    places
        Resolves names of files.
    """

    def __init__(self, top: Node, places: Places) -> None:
        self._top = top
        self._places = places
        self._layers = Naming("layer_id", ids_given(top.values, "layer_id", "map_groups", "maps", "bands", "layers"))
        self._count = 0

    def groups(self) -> tuple[MapGroupConfig, ...]:
        """All map groups."""
        return self._things(self._top, "map_groups", "map_group_id", self._group)

    def _things(
        self, above: Node, key: str, id_key: str, make: Callable[[Node, str, str], T], *, required: bool = False
    ) -> tuple[T, ...]:
        """The entries of a list, each with its name and an id that differs from its siblings'."""
        naming = Naming(id_key, ids_given(above.values, id_key, key))
        made = []
        for node in above.children(key, MOST_LAYERS, required=required):
            name = node.text("name", required=True)
            made.append(make(node, naming.take(node, name), name))
            node.finish()
        return tuple(made)

    def _group(self, node: Node, map_group_id: str, name: str) -> MapGroupConfig:
        words = obscore_of(node, NOTHING_SAID)

        def a_map(node: Node, map_id: str, map_name: str) -> MapConfig:
            return self._map(node, map_id, (name, map_name), words)

        maps = self._things(node, "maps", "map_id", a_map, required=True)
        return MapGroupConfig(map_group_id, name, maps, node.text("description"), node.grant())

    def _map(self, node: Node, map_id: str, names: tuple[str, str], above: ObsWords) -> MapConfig:
        words = obscore_of(node, above)

        def band(node: Node, band_id: str, name: str) -> BandConfig:
            return self._band(node, band_id, (*names, name), words)

        bands = self._things(node, "bands", "band_id", band, required=True)
        return MapConfig(map_id, names[-1], bands, node.text("description"), node.grant())

    def _band(self, node: Node, band_id: str, names: tuple[str, ...], above: ObsWords) -> BandConfig:
        layers, words = [], obscore_of(node, above)
        for child in node.children("layers", MOST_LAYERS, required=True):
            self._count += 1
            if self._count > MOST_LAYERS:
                child.wrong("", f"is one layer too many: at most {MOST_LAYERS} are served.")
                break
            made = self._layer(child, names, words)
            child.finish(IGNORED)
            if made is not None:
                layers.append(made)
        return BandConfig(band_id, names[-1], tuple(layers), node.text("description"), node.grant())

    def _layer(self, node: Node, names: tuple[str, ...], above: ObsWords) -> LayerConfig | None:
        name = node.text("name", required=True)
        layer_id = self._layers.take(node, *names, name)
        words = Words(node.optional_text("units"), node.optional_text("quantity"))
        description, grant = node.text("description"), node.grant()
        look, size, obscore = look_of(node), tile_size_of(node), obscore_of(node, above)
        source = node.child("provider")
        if source is None:
            if node.values.get("provider") is None:
                node.wrong("provider", 'is missing: write {"provider_type": "fits", "filename": "…"}.')
            return None
        provider = provider_of(source, self._places)
        if provider is None:
            return None
        return LayerConfig(layer_id, name, provider, description, grant, words, look, size, obscore, node.place)


def look_of(node: Node) -> Look:
    """Range, colour map and stretch that a layer is shown with at first."""
    return Look(*_ends(node), _cmap(node), _stretch(node))


def _ends(node: Node) -> tuple[float | None, float | None]:
    low, high = _end(node, "vmin"), _end(node, "vmax")
    if low is None or high is None or _as_float32(low) < _as_float32(high):
        return low, high
    if _as_float32(low) > _as_float32(high):
        node.odd("vmin", f"is greater than vmax ({low:g} and {high:g}): they are exchanged.")
        return high, low
    node.wrong("vmin", f"must be less than vmax: {low:g} is not less than {high:g}.")
    return None, None


def _end(node: Node, key: str) -> float | None:
    value: Any = node.get(key)
    if value is None or (isinstance(value, str) and value.strip().lower() == AUTO):
        return None
    number = as_number(value)
    if number is None or abs(number) > GREATEST_END:
        node.wrong(key, f'must be a number, "auto" or null, not {kind_of(value)}.')
        return None
    return number


def _as_float32(number: float) -> float:
    import numpy as np

    return float(np.float32(number))


@functools.cache
def _colour_maps() -> dict[str, str]:
    """Names of the colour maps by the same in small letters."""
    from armillary.render.colormaps import names

    return {name.lower(): name for name in names()}


def _cmap(node: Node) -> str | None:
    given, low = node.optional_text("cmap"), _colour_maps()
    if given is None or given.lower() in low:
        return given and low[given.lower()]
    near = difflib.get_close_matches(given[:60].lower(), low, n=1)
    hint = f" Did you mean {low[near[0]]!r}?" if near else ""
    node.odd("cmap", f"is no colour map: one is chosen.{hint}")
    return None


def _stretch(node: Node) -> str | None:
    from armillary.render import Stretch

    given = node.optional_text("stretch")
    if given is None or given in {str(stretch) for stretch in Stretch}:
        return given
    node.wrong("stretch", f"must be one of {', '.join(map(str, Stretch))}.")
    return None


def tile_size_of(node: Node) -> int | None:
    """Side of the tiles of a layer; None for the server's, also for sizes that only TileMaker can serve."""
    value = node.get("tile_size")
    if value is None:
        return None
    number = as_number(value)
    if number is None or not number.is_integer() or not LEAST_FOREIGN_TILE <= number <= MOST_FOREIGN_TILE:
        node.wrong("tile_size", f"must be a power of two from {MIN_TILE_SIZE} to {MAX_TILE_SIZE}, or left away.")
        return None
    size = int(number)
    if size & (size - 1) or not MIN_TILE_SIZE <= size <= MAX_TILE_SIZE:
        node.odd("tile_size", f"is no power of two from {MIN_TILE_SIZE} to {MAX_TILE_SIZE}: the server's own is used.")
        return None
    return size
