"""Write matplotlib's colour maps as one small file, so that matplotlib is not needed at run time.

    python scripts/make_colormaps.py [TARGET]

The file is an ``.npz`` with ``tables`` (uint8, shape (maps, 256, 3)) and ``index`` (UTF-8 JSON as uint8: the names
in the order of the tables, the categories, the version of matplotlib). It is the same, byte by byte, every time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np

TARGET = Path(__file__).resolve().parent.parent / "src" / "armillary" / "render" / "_colormaps.npz"
REVERSED = "_r"

# The headings of matplotlib's "Colormap reference"; it has them in a gallery script only, not in its API.
CATEGORIES = {
    "Perceptually uniform sequential": "viridis plasma inferno magma cividis",
    "Sequential": (
        "Greys Purples Blues Greens Oranges Reds YlOrBr YlOrRd OrRd PuRd RdPu BuPu GnBu PuBu YlGnBu PuBuGn "
        "BuGn YlGn Grays"
    ),
    "Sequential (2)": (
        "binary gist_yarg gist_yerg gist_gray gist_grey gray grey bone pink spring summer autumn winter cool "
        "Wistia hot afmhot gist_heat copper"
    ),
    "Diverging": "PiYG PRGn BrBG PuOr RdGy RdBu RdYlBu RdYlGn Spectral coolwarm bwr seismic berlin managua vanimo",
    "Cyclic": "twilight twilight_shifted hsv",
    "Qualitative": "Pastel1 Pastel2 Paired Accent okabe_ito Dark2 Set1 Set2 Set3 tab10 tab20 tab20b tab20c",
    "Miscellaneous": (
        "flag prism ocean gist_earth terrain gist_stern gnuplot gnuplot2 CMRmap cubehelix brg gist_rainbow "
        "rainbow jet turbo nipy_spectral gist_ncar"
    ),
}


def categories(names: list[str]) -> dict[str, list[str]]:
    """Sort names into matplotlib's headings; what is in none of them is miscellaneous."""
    sorted_names = {title: [name for name in listed.split() if name in names] for title, listed in CATEGORIES.items()}
    known = {name for listed in sorted_names.values() for name in listed}
    sorted_names["Miscellaneous"] += [name for name in names if name not in known]
    return sorted_names


def make(target: Path = TARGET) -> None:
    """Write the tables of all of matplotlib's colour maps but the reversed ones."""
    names = sorted(name for name in mpl.colormaps if not name.endswith(REVERSED))
    # Places, not integers: maps of more or fewer than 256 colours are sampled, not cut off.
    places = np.linspace(0.0, 1.0, 256)
    tables = np.stack([mpl.colormaps[name](places, bytes=True)[:, :3] for name in names])
    index = json.dumps({"names": names, "categories": categories(names), "matplotlib": mpl.__version__})
    with target.open("wb") as file:
        np.savez_compressed(file, tables=tables, index=np.frombuffer(index.encode(), np.uint8))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET)
