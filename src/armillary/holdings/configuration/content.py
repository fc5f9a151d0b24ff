"""From a holdings file that was read to what is on offer; nothing is opened here."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

from armillary.holdings.combined import CombinedFile, Operand
from armillary.holdings.configuration.model import (
    BandConfig,
    CombinationProvider,
    FitsProvider,
    LayerConfig,
    MapConfig,
    MapGroupConfig,
)
from armillary.holdings.files import OfferedFile
from armillary.holdings.layers import LayerEntry
from armillary.holdings.tree import Band, Content, Map, MapGroup, SourceGroup
from armillary.images.blank import ABOUT, NAME, open_blank_sky
from armillary.images.plane import PlaneWords

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.holdings.catalogs import OfferedCatalog
    from armillary.holdings.configuration.model import HoldingsConfig, Provider, SourceGroupConfig
    from armillary.holdings.layers import Pyramids

    CatalogKey = tuple[Any, ...]

_BAND = BandConfig(f"{NAME}-0", "No data", (LayerConfig(NAME, NAME, FitsProvider(NAME)),))
BLANK_SKY = MapGroupConfig(NAME, NAME, (MapConfig(NAME, NAME, (_BAND,)),), ABOUT)
"""What catalogs are shown on where a configuration names no map."""


class Stock:
    """Files and catalogs that are open, by what makes them the same; what is not asked for again is given up.

    Parameters
    ----------
    opener
        Opens one file.
    allows
        Whether a path may be opened.
    before
        What was in stock before: used again where it is the same.
    """

    def __init__(
        self, opener: Callable[[str], Any], allows: Callable[[str], bool], before: Stock | None = None
    ) -> None:
        self._opener = opener
        self._allows = allows
        self._before = before
        self.files: dict[str, OfferedFile] = {}
        self.combined: dict[str, CombinedFile] = {}
        self.catalogs: dict[CatalogKey, OfferedCatalog] = {}
        self.entries: dict[str, LayerEntry] = {}

    def file(self, path: str) -> OfferedFile:
        """The file of a path."""
        if path not in self.files:
            known = self._before.files.get(path) if self._before else None
            self.files[path] = known or OfferedFile(path, open_blank_sky if path == NAME else self._opener)
        return self.files[path]

    def combination(self, function: str, operands: tuple[Operand, ...]) -> CombinedFile:
        """The combination of planes."""
        key = repr((function, [(id(part.file), part.selector, part.words) for part in operands]))
        if key not in self.combined:
            known = self._before.combined.get(key) if self._before else None
            self.combined[key] = known or CombinedFile(function, operands)
        return self.combined[key]

    def catalog(self, config: SourceGroupConfig) -> OfferedCatalog:
        """The catalog of a source group."""
        provider = config.provider
        key: CatalogKey = (
            astuple(provider)
            if provider
            else ("", config.name, json.dumps(config.sources, sort_keys=True, default=str))
        )
        if key not in self.catalogs:
            known = self._before.catalogs.get(key) if self._before else None
            self.catalogs[key] = known or _catalog(config, self._allows)
        return self.catalogs[key]

    def entry(self, made: LayerEntry) -> LayerEntry:
        """A layer, with what is known of it from before."""
        known = self._before.entries.get(made.layer_id) if self._before else None
        if known is not None and known.known and known.subject == made.subject and known.file is made.file:
            made.words, made.axes, made.known, made.fault = known.words, known.axes, True, known.fault
        self.entries[made.layer_id] = made
        return made

    def settle(self) -> list[OfferedFile]:
        """Forget what was before; the files of it that are in use no more."""
        before, self._before = self._before, None
        if before is None:
            return []
        for key, catalog in before.catalogs.items():
            if self.catalogs.get(key) is not catalog:
                catalog.close()  # Who reads it has it: only the memory that would be kept is given back.
        return [file for path, file in before.files.items() if self.files.get(path) is not file]


def _catalog(config: SourceGroupConfig, allows: Callable[[str], bool]) -> OfferedCatalog:
    from armillary.holdings.catalogs import offered_file, offered_inline

    if config.provider is None:
        return offered_inline(config.name, list(config.sources))
    given = config.provider
    names = ("ra_column", "dec_column", "name_column", "file_type", "storage_options")
    return offered_file(given.filename, **{name: getattr(given, name) for name in names}, allows=allows)


class Builder:
    """Makes what is on offer.

    Parameters
    ----------
    config
        What the file says.
    stock
        Files that are open.
    """

    def __init__(self, config: HoldingsConfig, stock: Stock, pyramids: Pyramids) -> None:
        self._config = config
        self._stock = stock
        self._pyramids = pyramids
        self._layers = {layer.layer_id: layer for layer in config.layers()}

    def content(self) -> Content:
        """All of it."""
        config = self._config
        blank = () if self._layers or not config.source_groups else (BLANK_SKY,)
        groups = [self._group(group) for group in (*config.map_groups, *blank)]
        return Content(config.title, groups, [self._sources(group) for group in config.source_groups], [*config.boxes])

    def _group(self, config: MapGroupConfig) -> MapGroup:
        maps = [self._map(config.name, made) for made in config.maps]
        return MapGroup(config.map_group_id, config.name, config.description, config.grant, maps)

    def _map(self, above: str, config: MapConfig) -> Map:
        bands = [self._band((above, config.name, band.name), band) for band in config.bands]
        return Map(config.map_id, config.name, config.description, config.grant, bands)

    def _band(self, path: tuple[str, ...], config: BandConfig) -> Band:
        layers = [self._layer(path, layer) for layer in config.layers]
        return Band(config.band_id, config.name, config.description, config.grant, layers)

    def _layer(self, path: tuple[str, ...], config: LayerConfig) -> LayerEntry:
        source = self._operand(config.provider)
        given = config.words.on(source.words)
        made = LayerEntry(
            config.layer_id,
            config.name,
            source.file,
            source.selector,
            given.over(PlaneWords(source.file.name, 0)),
            (),
            path,
            self._pyramids,
            description=config.description,
            grant=config.grant,
            given=given,
            look=config.look,
            tile_size=config.tile_size if config.tile_size != self._pyramids.tile_size else None,
            known=False,
            obscore=config.obscore,
        )
        return self._stock.entry(made)

    def _operand(self, provider: Provider) -> Operand:
        if isinstance(provider, FitsProvider):
            return Operand(self._stock.file(provider.filename), provider.selector)
        if isinstance(provider, CombinationProvider):
            operands = tuple(map(self._operand, provider.providers))
            return Operand(self._stock.combination(provider.function, operands))
        other = self._layers[provider.layer_id]
        inner = self._operand(other.provider)
        return Operand(inner.file, inner.selector, other.words.on(inner.words))

    def _sources(self, config: SourceGroupConfig) -> SourceGroup:
        catalog = self._stock.catalog(config)
        return SourceGroup(
            config.source_group_id, config.name, catalog, config.description, config.grant, dict(config.style)
        )
