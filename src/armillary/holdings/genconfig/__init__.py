"""A configuration of what ``open`` would serve, grouped by the habits of naming files, to be edited and served."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from armillary.holdings.discovery import discover
from armillary.holdings.genconfig.grouping import Grouping, relative_to
from armillary.holdings.genconfig.writing import as_json, as_toml, check_free, write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.images.plane import Plane
    from armillary.images.pyramid import Pyramid

__all__ = ["Generated", "as_json", "as_toml", "check_free", "generate", "write_whole"]


@dataclass(frozen=True, slots=True)
class Generated:
    """A configuration and what was left out of it.

    Parameters
    ----------
    document
        The configuration.
    maps, layers, catalogs
        How many are in it.
    problems
        Why something that was named is not, a line each.
    """

    document: dict[str, Any]
    maps: int
    layers: int
    catalogs: int
    problems: tuple[str, ...]


def generate(paths: Sequence[str | os.PathLike[str]], folder: str = ".") -> Generated:
    """Describe what ``open`` would serve of ``paths``. Headers are read, no pixels.

    Parameters
    ----------
    paths
        Files, folders, patterns, addresses.
    folder
        Where the configuration is to lie: file names in it are relative to that.
    """
    discovery = discover([os.fspath(path) for path in paths], _no_pyramid)
    discovery.run()
    holdings = discovery.holdings
    if discovery.blank is not None:
        for made in list(discovery.blank.maps):
            holdings.take_away(discovery.blank, made.map_id)
    grouping = Grouping(relative_to(folder))
    document = grouping.document(holdings, discovery.catalogs.paths())
    maps = [made for group in document["map_groups"] for made in group["maps"]]
    layers = sum(len(band["layers"]) for made in maps for band in made["bands"])
    problems = (*(problem.message for problem in holdings.problems), *grouping.left_out)
    holdings.close()
    return Generated(document, len(maps), layers, len(document["source_groups"]), problems)


def _no_pyramid(_plane: Plane, _identity: str) -> Pyramid:
    raise AssertionError("no pixel is read to describe a file")
