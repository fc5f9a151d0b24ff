"""The tree as the JSON of ``GET /api/holdings``: what a caller may see of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.holdings.words import cube_words

if TYPE_CHECKING:
    from armillary.holdings.access import Access
    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.tree import Band, Box, Map, MapGroup, Problem, SourceGroup

BOX_WORDS = (
    "box_id",
    "name",
    "description",
    "top_left_ra",
    "top_left_dec",
    "bottom_right_ra",
    "bottom_right_dec",
)


def group_words(group: MapGroup, access: Access) -> dict[str, Any]:
    """A map group, and what the caller may see below it."""
    maps = [_map_words(made, access) for made in group.maps if access.may_see(made.grant)]
    return {
        "map_group_id": group.map_group_id,
        "name": group.name,
        "description": group.description,
        "maps": [made for made in maps if made["bands"]],
    }


def problem_words(problem: Problem) -> dict[str, Any]:
    """A problem, for administrators."""
    return {"name": problem.name, "code": problem.code, "message": problem.message}


def source_words(group: SourceGroup) -> dict[str, Any]:
    """A catalog."""
    return {
        "source_group_id": group.source_group_id,
        "name": group.name,
        "description": group.description,
        "status": "unavailable" if group.file.problem else "ready",
        "count": group.file.count,
        "style": {name: group.style.get(name) for name in ("color", "shape", "size", "size_column")},
    }


def box_words(box: Box) -> dict[str, Any]:
    """A box."""
    return {name: getattr(box, name) for name in BOX_WORDS}


def _map_words(made: Map, access: Access) -> dict[str, Any]:
    bands = [_band_words(band, access) for band in made.bands if access.may_see(band.grant)]
    return {
        "map_id": made.map_id,
        "name": made.name,
        "description": made.description,
        "bands": [band for band in bands if band["layers"]],
    }


def _band_words(band: Band, access: Access) -> dict[str, Any]:
    return {
        "band_id": band.band_id,
        "name": band.name,
        "description": band.description,
        "layers": [_layer_words(entry) for entry in band.layers if access.may_see(entry.grant)],
    }


def _layer_words(entry: LayerEntry) -> dict[str, Any]:
    return {
        "layer_id": entry.layer_id,
        "name": entry.name,
        "description": entry.description,
        "quantity": entry.words.quantity or entry.words.stokes,
        "units": entry.words.units,
        "status": "unavailable" if entry.problem else "ready",
        "cube": cube_words(entry.axes, (0,) * len(entry.axes), entry.layer_id),
    }
