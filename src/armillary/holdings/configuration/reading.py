"""A holdings file, read and checked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from armillary.holdings.configuration.checking import Findings, Node
from armillary.holdings.configuration.document import load
from armillary.holdings.configuration.extras import boxes_of, source_groups_of
from armillary.holdings.configuration.layers import Reader
from armillary.holdings.configuration.model import HoldingsConfig
from armillary.holdings.configuration.places import Places
from armillary.holdings.configuration.references import check_references

if TYPE_CHECKING:
    from collections.abc import Mapping

SECTIONS = ("map_groups", "source_groups", "boxes")


def read_configuration(path: str | os.PathLike[str], *, roots: tuple[str, ...] = ()) -> HoldingsConfig:
    """Read a holdings file: ours, or one of TileMaker's. No file that it names is touched.

    Parameters
    ----------
    path
        The file, JSON or TOML.
    roots
        Folders that the files it names must lie in; none: anywhere.

    Raises
    ------
    ConfigurationError
        It cannot be read, or something in it is wrong: ``problems`` has a line for each of the first twenty.
    """
    chosen = os.fspath(path)
    content, warnings = load(chosen)
    folder = os.path.dirname(os.path.abspath(chosen))  # noqa: PTH100, PTH120 - keeps links as they were named
    name = os.path.basename(chosen)  # noqa: PTH119
    read = check(content, name, Places(folder, roots))
    return HoldingsConfig(read.title, read.map_groups, read.source_groups, read.boxes, (*warnings, *read.warnings))


def check(content: Mapping[str, Any], name: str, places: Places) -> HoldingsConfig:
    """Check what was read of a holdings file.

    Parameters
    ----------
    name
        The file's own name, for messages.

    Raises
    ------
    ConfigurationError
        Something in it is wrong.
    """
    findings = Findings()
    top = Node(dict(content), "", findings)
    title = top.text("title") or os.path.splitext(name)[0]  # noqa: PTH122
    groups = Reader(top, places).groups()
    sources, boxes = source_groups_of(top, places), boxes_of(top)
    top.finish()
    if not any(top.values.get(section) for section in SECTIONS):
        findings.odd("", f"holds none of {', '.join(SECTIONS)}: nothing is shown.")
    config = HoldingsConfig(title, groups, sources, boxes)
    check_references(config, findings)
    findings.raise_if_wrong(name)
    return HoldingsConfig(title, groups, sources, boxes, tuple(findings.warnings))
