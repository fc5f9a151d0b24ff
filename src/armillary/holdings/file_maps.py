"""From one file to a map: a band for each HDU, a layer for each of its stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.holdings.layers import LayerEntry, Pyramids, stack_keys
from armillary.holdings.names import layer_ids, stem, unique
from armillary.holdings.tree import Band, Map

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from armillary.holdings.files import OfferedFile
    from armillary.holdings.layers import StackKey
    from armillary.holdings.selection import Selector
    from armillary.images.files import ImageFile
    from armillary.images.plane import PlaneWords

PER_MAP_LAYERS = 10_000


def build_map(
    file: OfferedFile,
    image: ImageFile,
    pyramids: Pyramids,
    map_id: str,
    above: tuple[str, ...],
    taken: Container[str],
    kept: Mapping[StackKey | Selector, str],
) -> Map:
    """The map of one file: a band for each HDU, a layer for each of its stacks.

    Parameters
    ----------
    above
        Names above the file in the tree.
    taken
        Ids of other layers.
    kept
        Ids that layers of this file had before it changed.
    """
    made = Map(map_id, file.name, file=file)
    stacks = image.stacks[:PER_MAP_LAYERS]
    wanted = layer_ids(stem(file.name), [stack.words for stack in stacks])
    mine = set(kept.values())
    bands: dict[int, Band] = {}
    for stack, key, base in zip(stacks, stack_keys(image), wanted, strict=False):
        layer_id = kept.get(key) or unique(base, taken, mine)
        mine.add(layer_id)
        words = stack.words
        band = bands.setdefault(words.hdu, Band(f"{map_id}-{words.hdu}", words.extname or f"HDU {words.hdu}"))
        name = layer_name(words, file.name, [other.words for other in stacks])
        entry = LayerEntry(layer_id, name, file, key, words, stack.axes, (*above, file.name, band.name), pyramids)
        band.layers.append(entry)
    made.bands = list(bands.values())
    return made


def layer_name(words: PlaneWords, file: str, siblings: Sequence[PlaneWords]) -> str:
    """Name of a layer for people: the Stokes letter or column, the extension, or the file."""
    if words.stokes:
        return words.stokes
    if sum(other.hdu == words.hdu for other in siblings) > 1:
        return words.quantity or words.name
    if len(siblings) > 1:
        return words.extname or f"HDU {words.hdu}"
    return words.quantity or words.extname or stem(file)
