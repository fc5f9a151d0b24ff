"""File names of a holdings file: where they lead, and whether they may."""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import TYPE_CHECKING

from armillary.holdings.files import is_store

if TYPE_CHECKING:
    from armillary.holdings.configuration.checking import Node

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_WEB = ("http://", "https://")
_UPWARD = re.compile(r"(?:^|[/\\])\.\.(?:[/\\]|$)")


def is_address(filename: str) -> bool:
    """Whether it is an address of the web and no path."""
    return filename.startswith(_WEB)


def _lies_below(address: str, root: str) -> bool:
    """Whether an address is one of a root's server, and of its path or below it."""
    if is_store(address) or is_store(root):
        return f"{address}/".startswith(root.rstrip("/") + "/") and not _UPWARD.search(address)
    try:
        here, there = urllib.parse.urlsplit(address), urllib.parse.urlsplit(root)
        same = here.scheme == there.scheme and here.hostname == there.hostname and here.port == there.port
    except ValueError:
        return False
    path = urllib.parse.unquote(here.path)
    return (
        same and not _UPWARD.search(path) and f"{path}/".startswith(urllib.parse.unquote(there.path).rstrip("/") + "/")
    )


class Places:
    """Resolves names of files.

    Parameters
    ----------
    folder
        What relative names are relative to: the folder of the holdings file.
    roots
        Folders that files must lie in, links followed, and addresses of the web that they must lie below; none:
        anywhere.
    """

    def __init__(self, folder: str, roots: tuple[str, ...] = ()) -> None:
        self._folder = folder
        self._limited = bool(roots)
        far = [root for root in roots if is_address(root) or is_store(root)]
        self._addresses = tuple(far)
        self._roots = tuple(os.path.realpath(root) for root in roots if root not in far)

    def allows(self, path: str) -> bool:
        """Whether a path or an address leads into one of the roots."""
        if not self._limited:
            return True
        if is_address(path) or is_store(path):
            return any(_lies_below(path, root) for root in self._addresses)
        real = os.path.realpath(path)
        return any(real == root or real.startswith(root.rstrip(os.sep) + os.sep) for root in self._roots)

    def filename(self, node: Node, key: str = "filename", *, stores: bool = False) -> str:
        """Absolute path, or address, that an object names; empty, and an error, where it names none.

        Parameters
        ----------
        stores
            Whether addresses of object storage are taken, too.
        """
        given = node.text(key, required=True)
        if not given.strip():
            return ""
        if is_address(given) or (stores and is_store(given)):
            return self._checked(node, key, given)
        if _SCHEME.match(given):
            node.wrong(key, "must be a path, or an address that begins with http:// or https://.")
            return ""
        if given.startswith("~"):
            node.odd(key, "begins with ~, which is not expanded: write the whole path if a home folder is meant.")
        path = os.path.abspath(os.path.join(self._folder, given))  # noqa: PTH100, PTH118 - keeps links as named
        return self._checked(node, key, path)

    def _checked(self, node: Node, key: str, path: str) -> str:
        if self.allows(path):
            return path
        node.wrong(
            key, "lies outside the folders that are allowed (links are followed): move the file, or add to `roots`."
        )
        return ""
