"""What a holdings file says, checked: map groups → maps → bands → layers, source groups, boxes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.holdings.obscore_words import NOTHING_SAID, ObsWords
from armillary.holdings.selection import AS_IN_THE_FILE, AUTOMATIC, FIRST, Look, Selector, Words

if TYPE_CHECKING:
    from armillary.holdings.tree import Box


@dataclass(frozen=True, slots=True)
class FitsProvider:
    """A plane of a file.

    Parameters
    ----------
    filename
        Absolute path, or ``http(s)://`` address.
    selector
        Which of its planes.
    """

    filename: str
    selector: Selector = FIRST


@dataclass(frozen=True, slots=True)
class CombinationProvider:
    """Planes put together pixel by pixel.

    Parameters
    ----------
    function
        ``+``, ``-``, ``*``, ``/``, ``max``, ``min`` or ``mean``.
    providers
        At least one, in order.
    """

    function: str
    providers: tuple[Provider, ...]


@dataclass(frozen=True, slots=True)
class LayerProvider:
    """Another layer of the same file.

    Parameters
    ----------
    place
        Where it is named, for messages.
    """

    layer_id: str
    place: str = field(default="", compare=False)


Provider = FitsProvider | CombinationProvider | LayerProvider


@dataclass(frozen=True, slots=True)
class LayerConfig:
    """A layer; ``obscore`` also has what is said above it."""

    layer_id: str
    name: str
    provider: Provider
    description: str = ""
    grant: str | None = None
    words: Words = AS_IN_THE_FILE
    look: Look = AUTOMATIC
    tile_size: int | None = None
    obscore: ObsWords = NOTHING_SAID
    place: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class BandConfig:
    """Layers that belong together."""

    band_id: str
    name: str
    layers: tuple[LayerConfig, ...]
    description: str = ""
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class MapConfig:
    """Bands that belong together."""

    map_id: str
    name: str
    bands: tuple[BandConfig, ...]
    description: str = ""
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class MapGroupConfig:
    """Maps that belong together."""

    map_group_id: str
    name: str
    maps: tuple[MapConfig, ...]
    description: str = ""
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class SourceProvider:
    """A file with a catalog; None: as is recognised.

    Parameters
    ----------
    filename
        Absolute path, or ``http(s)://`` address; of a HATS catalog also one of object storage.
    storage_options
        What fsspec needs for that, as JSON. Never shown.
    """

    filename: str
    file_type: str | None = None
    ra_column: str | None = None
    dec_column: str | None = None
    name_column: str | None = None
    storage_options: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SourceGroupConfig:
    """A catalog: in a file, or written out."""

    source_group_id: str
    name: str
    provider: SourceProvider | None = None
    sources: tuple[dict[str, Any], ...] = ()
    description: str = ""
    grant: str | None = None
    style: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HoldingsConfig:
    """All that a holdings file says.

    Parameters
    ----------
    warnings
        What was ignored or taken otherwise than it is written, a line each.
    """

    title: str
    map_groups: tuple[MapGroupConfig, ...] = ()
    source_groups: tuple[SourceGroupConfig, ...] = ()
    boxes: tuple[Box, ...] = ()
    warnings: tuple[str, ...] = ()

    def layers(self) -> list[LayerConfig]:
        """Every layer, in order."""
        return [
            layer for group in self.map_groups for made in group.maps for band in made.bands for layer in band.layers
        ]
