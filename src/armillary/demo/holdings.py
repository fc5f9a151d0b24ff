"""What the demo shows of its files, as the configuration that is served: groups, combinations, a catalog, boxes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from armillary.demo.starfield import BANDS, CENTRE_DEG

if TYPE_CHECKING:
    from pathlib import Path

Words = dict[str, Any]

NAME = "demo.json"
STOKES = {
    "I": "Temperature, with point sources",
    "Q": "Linear polarisation, Stokes Q (IAU)",
    "U": "Linear polarisation, Stokes U (IAU)",
}
CLOSE_UP_DEG = 0.05


def _fits(filename: str, index: int | None = None) -> Words:
    return {"provider_type": "fits", "filename": filename} | ({} if index is None else {"index": index})


def _same(layer_id: str) -> Words:
    return {"provider_type": "layer", "layer_id": layer_id}


def _combined(function: str, *providers: Words) -> Words:
    return {"provider_type": "fits_combination", "function": function, "providers": list(providers)}


def _layer(layer_id: str, name: str, description: str, provider: Words, **more: Any) -> Words:
    return {"layer_id": layer_id, "name": name, "description": description, "provider": provider, **more}


def _map(map_id: str, name: str, description: str, bands: dict[str, list[Words]]) -> Words:
    made = [
        {"band_id": f"{map_id}-{number}", "name": band, "description": "", "layers": layers}
        for number, (band, layers) in enumerate(bands.items())
    ]
    return {"map_id": map_id, "name": name, "description": description, "bands": made}


def _group(map_group_id: str, name: str, description: str, *maps: Words) -> Words:
    return {"map_group_id": map_group_id, "name": name, "description": description, "maps": list(maps)}


def _microwave() -> Words:
    layers = [
        _layer(f"microwave-{letter}", letter, text, _fits("microwave.fits", index))
        for index, (letter, text) in enumerate(STOKES.items())
    ]
    squares = [_combined("*", *[_same(f"microwave-{letter}")] * 2) for letter in "QU"]
    power = _layer(
        "microwave-P2",
        "P²",
        "Polarised power Q² + U², a combination of two layers",
        _combined("+", *squares),
        units="uK2",
        cmap="inferno",
    )
    smooth = _layer(
        "microwave_smooth", "I", "Smoothed, away from the Galaxy", _fits("microwave_smooth.fits"), quantity="I"
    )
    return _group(
        "microwave",
        "Microwave sky",
        "A simulated background with the shape of the real one's spectrum",
        _map("microwave", "Full sky", "Plate carrée, 7.5′ a pixel", {"150 GHz": [*layers, power]}),
        _map("microwave_smooth", "Off the Galaxy", "HEALPix, part of the sky", {"150 GHz": [smooth]}),
    )


def _field() -> Words:
    exposures = {
        f"{band} band": [_layer(f"field_{band}", band, f"Exposure in {band}", _fits(f"field_{band}.fits"))]
        for band in BANDS
    }
    deep = _layer(
        "field_mean",
        "Mean",
        "Mean of the three exposures, a combination: fainter sources show",
        _combined("mean", *(_same(f"field_{band}") for band in BANDS)),
    )
    colour = _layer(
        "field_g-i",
        "g − i",
        "Difference of two exposures: blue sources are positive, red ones negative",
        _combined("-", _same("field_g"), _same("field_i")),
        vmin=-0.1,
        vmax=0.1,
        cmap="RdBu",
    )
    bands = exposures | {"Combined": [deep, colour]}
    return _group(
        "field",
        "Survey field",
        "A simulated field of stars and galaxies",
        _map("field", "Three bands", "Tangential projection, turned by 12°", bands),
    )


def _cube() -> Words:
    layer = _layer("galaxy_cube", "Line emission", "A slice for each velocity", _fits("galaxy_cube.fits"))
    return _group(
        "galaxy",
        "Galaxy",
        "A simulated rotating disc",
        _map("galaxy_cube", "Spectral cube", "Velocity along the third axis", {"21 cm line": [layer]}),
    )


def _boxes() -> list[Words]:
    ra, dec = CENTRE_DEG
    corners = {
        "field": ("Survey field", "Where the star field lies", (ra + 0.2, dec + 0.2, ra - 0.2, dec - 0.2)),
        "close-up": (
            "Close-up",
            "The middle of the field, to be cut out",
            (ra + CLOSE_UP_DEG, dec + CLOSE_UP_DEG, ra - CLOSE_UP_DEG, dec - CLOSE_UP_DEG),
        ),
        "equator": ("Across RA 0", "A strip on the equator from RA 350° to 10°", (10.0, 5.0, 350.0, -5.0)),
    }
    keys = ("top_left_ra", "top_left_dec", "bottom_right_ra", "bottom_right_dec")
    return [
        {"box_id": box_id, "name": name, "description": text}
        | dict(zip(keys, (round(x, 6) for x in place), strict=True))
        for box_id, (name, text, place) in corners.items()
    ]


def demo_document() -> Words:
    """The configuration of the demo, the same at every run."""
    stars = {
        "source_group_id": "stars",
        "name": "Stars",
        "description": "The stars of the simulated field with their magnitudes",
        "provider": {"file_type": "csv", "filename": "stars.csv"},
        "style": {"color": "#ffb454", "shape": "circle", "size": 9},
    }
    return {
        "title": "Demo",
        "map_groups": [_microwave(), _field(), _cube()],
        "source_groups": [stars],
        "boxes": _boxes(),
    }


def write_demo_holdings(folder: Path) -> Path:
    """Write the configuration beside the files of ``write_demo_files``.

    Returns
    -------
    The file.
    """
    path = folder / NAME
    path.write_text(json.dumps(demo_document(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path
