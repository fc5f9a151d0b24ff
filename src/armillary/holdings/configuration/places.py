"""File names of a holdings file: where they lead, and whether they may."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from armillary.holdings.configuration.checking import Node

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WEB = ("http://", "https://")


def is_address(filename: str) -> bool:
    """Whether it is an address of the web and no path."""
    return filename.startswith(_WEB)


class Places:
    """Resolves names of files.

    Parameters
    ----------
    folder
        What relative names are relative to: the folder of the holdings file.
    roots
        Folders that files must lie in, links followed; none: anywhere.
    """

    def __init__(self, folder: str, roots: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._roots = tuple(os.path.realpath(root) for root in roots)

    def allows(self, path: str) -> bool:
        """Whether a path leads into one of the roots."""
        if not self._roots or is_address(path):
            return True
        real = os.path.realpath(path)
        return any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots)

    def filename(self, node: Node, key: str = "filename") -> str:
        """Absolute path, or address, that an object names; empty, and an error, where it names none."""
        given = node.text(key, required=True)
        if not given.strip():
            return ""
        if is_address(given):
            return given
        if _SCHEME.match(given):
            node.wrong(key, "must be a path, or an address that begins with http:// or https://.")
            return ""
        if given.startswith("~"):
            node.odd(key, "begins with ~, which is not expanded: write the whole path if a home folder is meant.")
        path = os.path.abspath(os.path.join(self._folder, given))  # noqa: PTH100, PTH118 - keeps links as named
        if not self.allows(path):
            node.wrong(key, "lies outside the folders that are allowed (links are followed): move the file, or allow.")
            return ""
        return path
