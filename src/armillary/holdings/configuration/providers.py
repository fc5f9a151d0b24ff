"""Where the pixels of a layer come from: a file, a combination, another layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from armillary.holdings.configuration.checking import as_number, kind_of
from armillary.holdings.configuration.model import CombinationProvider, FitsProvider, LayerProvider
from armillary.holdings.selection import Selector
from armillary.images.combination import FUNCTIONS

if TYPE_CHECKING:
    from armillary.holdings.configuration.checking import Node
    from armillary.holdings.configuration.model import Provider
    from armillary.holdings.configuration.places import Places

MOST_DEPTH = 16
MOST_OPERANDS = 64
MOST_INDEX = (1 << 31) - 1
TYPES = {"fits": "fits", "fits_combination": "combination", "combination": "combination", "layer": "layer"}
WORDS = {
    "+": ("add", "plus", "sum"),
    "-": ("subtract", "minus", "difference", "−", "–"),
    "*": ("multiply", "times", "product", "×"),
    "/": ("divide", "ratio", "quotient", "÷"),
    "max": ("maximum",),
    "min": ("minimum",),
    "mean": ("average",),
}
_FUNCTIONS = {name: name for name in FUNCTIONS} | {word: name for name, words in WORDS.items() for word in words}


def provider_of(node: Node, places: Places, depth: int = 0) -> Provider | None:
    """The provider that an object describes; None, and errors, where it describes none."""
    made = _provider(node, places, depth)
    node.finish(("provider_type",))
    return made


def _provider(node: Node, places: Places, depth: int) -> Provider | None:
    kind = _kind(node)
    if kind == "fits":
        return _fits(node, places)
    if kind == "combination":
        return _combination(node, places, depth)
    if kind == "layer":
        layer_id = node.text("layer_id", required=True)
        return LayerProvider(layer_id, node.at("layer_id")) if layer_id else None
    return None


def _kind(node: Node) -> str:
    """What kind of provider is meant; empty, and an error, for an unknown one."""
    named = node.get("provider_type")
    if named is None:
        given = node.values
        return "combination" if "providers" in given else "layer" if "layer_id" in given else "fits"
    kind = TYPES.get(named, "") if isinstance(named, str) else ""
    if not kind:
        node.wrong("provider_type", f"must be one of {', '.join(TYPES)}, not {kind_of(named)}.")
        node.values = {}
    return kind


def _fits(node: Node, places: Places) -> FitsProvider | None:
    filename = places.filename(node)
    selector = Selector(_hdu(node), _index(node), node.optional_text("component"))
    return FitsProvider(filename, selector) if filename else None


def _hdu(node: Node) -> int | str | None:
    value = node.get("hdu")
    if value is None:
        return None
    number = _whole(value)
    if number is not None:
        return number
    if isinstance(value, str) and as_number(value) is None:
        return node.optional_text("hdu")
    node.wrong("hdu", f"must be the number of a unit, from 0, or its EXTNAME, not {kind_of(value)}.")
    return None


def _index(node: Node) -> tuple[int, ...] | None:
    value = node.get("index")
    if value is None:
        return None
    numbers = [_whole(entry, -MOST_INDEX) for entry in (value if isinstance(value, list) else [value])]
    known = tuple(number for number in numbers if number is not None)
    if len(known) < len(numbers) or not 1 <= len(known) <= 8:
        node.wrong("index", f"must be a whole number, or a list of such, not {kind_of(value)}.")
        return None
    return known


def _whole(value: object, least: int = 0) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and number.is_integer() and least <= number <= MOST_INDEX else None


def _combination(node: Node, places: Places, depth: int) -> CombinationProvider | None:
    if depth >= MOST_DEPTH:
        node.wrong("", f"combinations are nested more than {MOST_DEPTH} deep: simplify.")
        node.values = {}
        return None
    function = _function(node)
    children = list(node.children("providers", MOST_OPERANDS, required=True))
    providers = [provider_of(child, places, depth + 1) for child in children]
    if isinstance(node.values.get("providers"), list) and not node.values["providers"]:
        node.wrong("providers", "is empty: name at least one.")
    known = tuple(provider for provider in providers if provider is not None)
    return CombinationProvider(function, known) if function and known else None


def _function(node: Node) -> str:
    """The function; a ratio where none is named, as in TileMaker."""
    value = node.get("function")
    if value is None:
        return "/"
    name = _FUNCTIONS.get(value.strip().lower(), "") if isinstance(value, str) else ""
    if not name:
        node.wrong("function", f"must be one of {', '.join(FUNCTIONS)}, not {kind_of(value)}.")
    return name
