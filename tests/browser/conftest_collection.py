"""A collection of many maps made of few files, and the fixtures that show it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conftest_browser import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAPS = 60
BOXES = [
    {"name": "Across", "description": "Both sides of RA 0", "top_left_ra": 20, "top_left_dec": 10}
    | {"bottom_right_ra": 340, "bottom_right_dec": -20},
    {"name": "Cap", "top_left_ra": 360, "top_left_dec": 90, "bottom_right_ra": 0, "bottom_right_dec": 75},
]


def layer(layer_id: str, name: str, file: object, **more: Any) -> dict[str, Any]:
    provider = {"provider_type": "fits", "filename": str(file), "hdu": 0}
    return {"layer_id": layer_id, "name": name, "provider": provider, "units": "uK", "quantity": "T", **more}


def a_map(group: str, k: int, sky: Path) -> dict[str, Any]:
    bands = []
    for band in ("f090", "f150"):
        layers = [
            layer(f"{group}{k}-{band}-I", "I", sky / "allsky.fits"),
            layer(f"{group}{k}-{band}-Q", "Q", sky / "mirrored.fits", description="Polarised along the meridian"),
            layer(f"{group}{k}-{band}-U", "U", sky / ("gone.fits" if k == 3 else "mirrored.fits")),
        ]
        bands.append({"band_id": f"{group}{k}{band}", "name": band, "layers": layers})
    words = "Seen by night only" if k % 2 else ""
    return {"map_id": f"{group}{k}", "name": f"{group} coadd {k}", "description": words, "bands": bands}


def combination(sky: Path) -> dict[str, Any]:
    parts = [{"provider_type": "fits", "filename": str(sky / name), "hdu": 0} for name in ("allsky.fits",) * 2]
    provider = {"provider_type": "fits_combination", "providers": parts, "function": "+"}
    made = {"layer_id": "twice", "name": "Twice I", "provider": provider, "units": "uK", "quantity": "T"}
    return {"map_id": "sums", "name": "sums", "bands": [{"band_id": "sums", "name": "sums", "layers": [made]}]}


def write_collection(folder: Path, sky: Path, **grants: str) -> Path:
    """A holdings file of two groups; ``grants`` names what each needs."""
    groups = [
        {"map_group_id": name, "name": name.capitalize(), "maps": [a_map(name, k, sky) for k in range(MAPS)]}
        for name in ("day", "night")
    ]
    groups[0]["maps"].append(combination(sky))
    for group in groups:
        if grants.get(group["map_group_id"]):
            group["grant"] = grants[group["map_group_id"]]
    path = folder / "collection.json"
    path.write_text(json.dumps({"map_groups": groups, "boxes": BOXES}), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def collection(sky: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server of the collection."""
    with serve(write_collection(tmp_path_factory.mktemp("collection"), sky), command="serve") as found:
        yield found
