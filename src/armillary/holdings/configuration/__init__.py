"""Holdings described by a file: ours in JSON or TOML, and TileMaker's as they are."""

from armillary.holdings.configuration.live import Configuration, open_configuration
from armillary.holdings.configuration.model import (
    BandConfig,
    CombinationProvider,
    FitsProvider,
    HoldingsConfig,
    LayerConfig,
    LayerProvider,
    MapConfig,
    MapGroupConfig,
    SourceGroupConfig,
    SourceProvider,
)
from armillary.holdings.configuration.reading import read_configuration

__all__ = [
    "BandConfig",
    "CombinationProvider",
    "Configuration",
    "FitsProvider",
    "HoldingsConfig",
    "LayerConfig",
    "LayerProvider",
    "MapConfig",
    "MapGroupConfig",
    "SourceGroupConfig",
    "SourceProvider",
    "open_configuration",
    "read_configuration",
]
