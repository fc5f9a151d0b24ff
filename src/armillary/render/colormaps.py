"""Matplotlib's colour maps, as tables made when the package is built (``scripts/make_colormaps.py``)."""

from __future__ import annotations

import difflib
import functools
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import ConfigurationError, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

FILE = Path(__file__).with_name("_colormaps.npz")
REVERSED = "_r"


@dataclass(frozen=True, slots=True)
class _Maps:
    tables: dict[str, NDArray[np.uint8]]
    names: tuple[str, ...]
    categories: dict[str, list[str]]


@functools.cache
def _load() -> _Maps:
    try:
        with np.load(FILE, allow_pickle=False) as archive:
            tables: NDArray[np.uint8] = archive["tables"]
            index = json.loads(archive["index"].tobytes())
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigurationError(
            "colour maps: the table that comes with Armillary is missing or damaged: install Armillary again, "
            "or in a checkout run scripts/make_colormaps.py"
        ) from error
    tables.setflags(write=False)
    listed = [name for group in index["categories"].values() for name in group]
    names = tuple(full for name in listed for full in (name, name + REVERSED))
    return _Maps(dict(zip(index["names"], tables, strict=True)), names, index["categories"])


def names() -> tuple[str, ...]:
    """Return the names of all maps in the order of their categories, each followed by its reverse (``_r``).

    Raises
    ------
    ConfigurationError
        The table file is missing: the package was not built.
    """
    return _load().names


def categories() -> dict[str, list[str]]:
    """Return the names without the reversed ones under the headings of matplotlib's documentation."""
    return {title: list(listed) for title, listed in _load().categories.items()}


def table(name: str) -> NDArray[np.uint8]:
    """Return a colour map.

    Parameters
    ----------
    name
        One of :func:`names`.

    Returns
    -------
    ndarray of uint8, shape (256, 3)
        Red, green, blue; read-only.

    Raises
    ------
    ParameterError
        No map of that name.
    ConfigurationError
        The table file is missing.
    """
    tables = _load().tables
    if name in tables:
        return tables[name]
    forward = name.removesuffix(REVERSED)
    if forward == name or forward not in tables:
        raise ParameterError("cmap", f"no colour map {name[:40]!r}{_suggestion(name)}")
    return tables[forward][::-1]


def _suggestion(name: str) -> str:
    """Say which names are near, or where to find them all."""
    known = {candidate.lower(): candidate for candidate in names()}
    near = difflib.get_close_matches(name[:40].lower(), known, n=3, cutoff=0.6)
    if near:
        return ": did you mean " + " or ".join(known[match] for match in near) + "?"
    return ": use one of matplotlib's, such as gray, viridis or RdBu_r"
