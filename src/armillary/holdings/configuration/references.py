"""Layers that are made of other layers: that these are there, and that none is made of itself."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from armillary.holdings.configuration.model import CombinationProvider, LayerProvider

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from armillary.holdings.configuration.checking import Findings
    from armillary.holdings.configuration.model import HoldingsConfig, LayerConfig, Provider

MOST_FILES = 256
"""Planes that one layer may be made of, however they are nested."""

MOST_LINKS = 64
MOST_COMPARED = 2000


def check_references(config: HoldingsConfig, findings: Findings) -> None:
    """Find references to layers that are missing, cycles, and layers made of too much."""
    layers = {layer.layer_id: layer for layer in config.layers()}
    missing = False
    for layer in layers.values():
        for link in _links(layer.provider):
            if link.layer_id not in layers:
                missing = True
                findings.wrong(link.place, _missing(link.layer_id[:60], layers, hint=not findings.full))
    if not missing:
        sizes = _Sizes(layers, findings)
        for layer in layers.values():
            sizes.of(layer)


def _missing(layer_id: str, layers: Mapping[str, LayerConfig], *, hint: bool) -> str:
    near = difflib.get_close_matches(layer_id, list(layers)[:MOST_COMPARED], n=1) if hint else []
    return f"there is no layer {layer_id!r}." + (f" Did you mean {near[0]!r}?" if near else "")


def _links(provider: Provider) -> Iterator[LayerProvider]:
    if isinstance(provider, LayerProvider):
        yield provider
    elif isinstance(provider, CombinationProvider):
        for part in provider.providers:
            yield from _links(part)


class _Sizes:
    """How many planes layers are made of, and through how many others; each layer is measured once."""

    def __init__(self, layers: Mapping[str, LayerConfig], findings: Findings) -> None:
        self._layers = layers
        self._findings = findings
        self._known: dict[str, tuple[int, int]] = {}

    def of(self, layer: LayerConfig, above: tuple[str, ...] = ()) -> tuple[int, int]:
        """Planes and links of a layer; an error, and nothing, for one made of itself or of too much."""
        name = layer.layer_id
        if name in self._known:
            return self._known[name]
        if name in above:
            way = " → ".join([*above[above.index(name) :], name])
            return self._refuse(layer, f"is made of itself ({way[:300]}): take one of the references away.")
        if len(above) > MOST_LINKS:
            return self._refuse(layer, f"refers to others more than {MOST_LINKS} deep: name the files.")
        planes, links = self._of_provider(layer.provider, (*above, name))
        if planes > MOST_FILES:
            planes, links = self._refuse(layer, f"is made of {planes} planes: at most {MOST_FILES} are combined.")
        elif links > MOST_LINKS:
            planes, links = self._refuse(layer, f"refers to others more than {MOST_LINKS} deep: name the files.")
        self._known[name] = planes, links
        return planes, links

    def _of_provider(self, provider: Provider, above: tuple[str, ...]) -> tuple[int, int]:
        if isinstance(provider, CombinationProvider):
            parts = [self._of_provider(part, above) for part in provider.providers]
            return sum(planes for planes, _ in parts), max(links for _, links in parts)
        if isinstance(provider, LayerProvider):
            planes, links = self.of(self._layers[provider.layer_id], above)
            return planes, links + 1
        return 1, 0

    def _refuse(self, layer: LayerConfig, reason: str) -> tuple[int, int]:
        self._findings.wrong(f"{layer.place}.provider", reason)
        return 0, 0
