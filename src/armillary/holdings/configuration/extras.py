"""Source groups and boxes of a holdings file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from armillary.holdings.configuration.checking import fault_of, kind_of
from armillary.holdings.configuration.model import SourceGroupConfig, SourceProvider
from armillary.holdings.configuration.naming import Naming, ids_given
from armillary.holdings.files import is_store
from armillary.holdings.tree import Box

if TYPE_CHECKING:
    from armillary.holdings.configuration.checking import Node
    from armillary.holdings.configuration.places import Places

MOST_GROUPS = 10_000
MOST_SOURCES = 1_000_000
FILE_TYPES = ("csv", "ecsv", "votable", "fits", "parquet", "json", "hats")
MOST_DEPTH = 8
FARTHEST_RA_DEG = 720.0


def source_groups_of(top: Node, places: Places) -> tuple[SourceGroupConfig, ...]:
    """The catalogs."""
    naming = Naming("source_group_id", ids_given(top.values, "source_group_id", "source_groups"))
    made = []
    for node in top.children("source_groups", MOST_GROUPS):
        group = _source_group(node, naming, places)
        node.finish()
        if group is not None:
            made.append(group)
    return tuple(made)


def _source_group(node: Node, naming: Naming, places: Places) -> SourceGroupConfig | None:
    name = node.text("name", required=True)
    group_id = naming.take(node, name)
    description, grant, style = node.text("description"), node.grant(), _style(node)
    given = node.child("provider")
    sources = _sources(node)
    if given is not None:
        if sources:
            node.odd("sources", "are ignored: the provider's are shown.")
        provider = _source_provider(given, places)
        if provider is None:
            return None
        return SourceGroupConfig(group_id, name, provider, (), description, grant, style)
    if node.values.get("sources") is None:
        if node.values.get("provider") is None:
            node.wrong("", 'has no sources: write "provider" or "sources".')
        return None
    return SourceGroupConfig(group_id, name, None, sources, description, grant, style)


def _sources(node: Node) -> tuple[dict[str, Any], ...]:
    """Sources as they are written: what has no position is counted when they are read, as in a file."""
    made = []
    for child in node.children("sources", MOST_SOURCES):
        fault = _fault_within(child.values, MOST_DEPTH)
        if fault:
            child.wrong("", fault)
        made.append(child.values)
    return tuple(made)


def _fault_within(value: Any, depth: int) -> str:
    """What is wrong with the texts of a source; empty where nothing is."""
    if isinstance(value, str):
        fault = fault_of(value)
        return f"a text {fault}" if fault else ""
    parts = (*value.keys(), *value.values()) if isinstance(value, dict) else value if isinstance(value, list) else ()
    if parts and not depth:
        return f"is nested more than {MOST_DEPTH} deep: flatten it."
    return next(filter(None, (_fault_within(part, depth - 1) for part in parts)), "")


def _source_provider(node: Node, places: Places) -> SourceProvider | None:
    filename = places.filename(node, stores=True)
    columns = {key: node.optional_text(key) for key in ("ra_column", "dec_column", "name_column")}
    kind = node.get("file_type")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in FILE_TYPES):
        node.wrong("file_type", f"must be one of {', '.join(FILE_TYPES)}, not {kind_of(kind)}.")
        kind = None
    if (columns["ra_column"] is None) != (columns["dec_column"] is None):
        node.wrong("", "names only one of ra_column and dec_column: name both or none.")
    if is_store(filename) and kind is not None and kind.lower() != "hats":
        node.wrong("file_type", "must be hats: of object storage nothing but HATS catalogs is shown.")
    options = _storage_options(node, filename)
    node.finish()
    return SourceProvider(filename, kind and kind.lower(), **columns, storage_options=options) if filename else None


def _storage_options(node: Node, filename: str) -> str:
    """What fsspec needs, as JSON. No word of it is told."""
    given = node.child("storage_options")
    if given is None:
        return ""
    if filename and not is_store(filename):
        node.odd("storage_options", "are ignored: they are for addresses of object storage.")
        return ""
    try:
        return json.dumps(given.values, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError):
        node.wrong("storage_options", "must hold nothing but texts, numbers, true, false, lists and objects.")
        return ""


def _style(above: Node) -> dict[str, Any]:
    node = above.child("style")
    if node is None:
        return {}
    style: dict[str, Any] = {key: node.optional_text(key) for key in ("color", "shape", "size_column")}
    size = node.number("size")
    if size is not None and not 0 < size <= 200:
        node.wrong("size", "must be more than 0 and at most 200 pixels.")
        size = None
    style["size"] = size
    node.finish()
    return {key: value for key, value in style.items() if value is not None}


def boxes_of(top: Node) -> tuple[Box, ...]:
    """The highlighted boxes."""
    naming = Naming("box_id", ids_given(top.values, "box_id", "boxes"))
    made = []
    for node in top.children("boxes", MOST_GROUPS):
        box = _box(node, naming)
        node.finish()
        if box is not None:
            made.append(box)
    return tuple(made)


def _box(node: Node, naming: Naming) -> Box | None:
    name = node.text("name", required=True)
    box_id = naming.take(node, name)
    description, grant = node.text("description"), node.grant()
    left, right = _ra(node, "top_left_ra"), _ra(node, "bottom_right_ra")
    top, bottom = _dec(node, "top_left_dec"), _dec(node, "bottom_right_dec")
    if left is None or right is None or top is None or bottom is None:
        return None
    if top == bottom or left == right:
        same = "declinations" if top == bottom else "right ascensions"
        node.wrong("", f"has no area: its two {same} are equal. The whole circle is from 0 to 360.")
        return None
    if top < bottom:
        node.odd("", "has its top below its bottom: they are exchanged.")
        top, bottom = bottom, top
    if (left < right and (left - right) % 360.0 > 180.0) or left - right == -360.0:
        node.odd("", "has its left corner west of its right one: they are exchanged.")
        left, right = right, left
    elif left < 0.0 < right:
        width = (left - right) % 360.0
        node.odd("", f"is taken for {width:g}° wide, across RA 180: exchange its corners if the rest is meant.")
    left, right = _normal(left, right)
    return Box(box_id, name, left, top, right, bottom, description, grant)


def _normal(left: float, right: float) -> tuple[float, float]:
    """Right ascensions from 0 to 360; the whole circle as 360 and 0."""
    if left - right >= 360.0:
        return 360.0, 0.0
    return left % 360.0, right % 360.0


def _ra(node: Node, key: str) -> float | None:
    number = node.number(key, required=True)
    if number is not None and abs(number) > FARTHEST_RA_DEG:
        node.wrong(key, "must be a right ascension in degrees, from 0 to 360.")
        return None
    return number


def _dec(node: Node, key: str) -> float | None:
    number = node.number(key, required=True)
    if number is not None and abs(number) > 90.0:
        node.wrong(key, "must be a declination in degrees, from -90 to 90.")
        return None
    return number
