"""Search of what is on offer by words, over the tree that the caller may see."""

from __future__ import annotations

import threading
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.holdings.access import Access
    from armillary.holdings.tree import Holdings

LONGEST_QUERY = 200
MOST_HITS = 200
KEPT_INDEXES = 64


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that can be found.

    Parameters
    ----------
    own
        Its id and name, folded.
    all
        Those, its description, and what stands above it, folded.
    answer
        What is told of it.
    """

    own: str
    all: str
    answer: dict[str, Any]


@dataclass(slots=True)
class Index:
    """What one caller may find."""

    layers: list[Entry] = field(default_factory=list)
    source_groups: list[Entry] = field(default_factory=list)
    boxes: list[Entry] = field(default_factory=list)

    def search(self, words: list[str]) -> dict[str, list[dict[str, Any]]]:
        """Hits of folded words, at most 200 of a kind; first those whose own name holds all of them."""
        kinds = {"layers": self.layers, "source_groups": self.source_groups, "boxes": self.boxes}
        return {kind: _hits(entries, words) for kind, entries in kinds.items()}


def _hits(entries: list[Entry], words: list[str]) -> list[dict[str, Any]]:
    own: list[dict[str, Any]] = []
    other: list[dict[str, Any]] = []
    for entry in entries:
        if all(word in entry.all for word in words):
            (own if all(word in entry.own for word in words) else other).append(entry.answer)
    return (own + other)[:MOST_HITS]


def fold(text: str) -> str:
    """Text without case and accents."""
    if text.isascii():
        return text.lower()
    split = unicodedata.normalize("NFKD", text)
    return "".join(c for c in split if not unicodedata.combining(c)).casefold()


def words_of(query: str) -> list[str]:
    """Words of a query, folded.

    Raises
    ------
    ParameterError
        It holds none, or is longer than 200 characters.
    """
    if len(query) > LONGEST_QUERY:
        raise ParameterError("q", f"is longer than {LONGEST_QUERY} characters")
    words = list(dict.fromkeys(fold(query).split()))
    if not words:
        raise ParameterError("q", "is empty: give a word of a name or description")
    return words


def _folded(*texts: str | None) -> str:
    # Words hold no blank and thus no line feed: none matches across two texts.
    return fold("\n".join(text or "" for text in texts))


def _told(answer: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: answer[name] for name in (key, "name", "description")}


def _layers(tree: dict[str, Any]) -> Iterator[Entry]:
    for group in tree["map_groups"]:
        for sky_map in group["maps"]:
            for band in sky_map["bands"]:
                above = (group, sky_map, band)
                path = [entry["name"] for entry in above]
                ids = group["map_group_id"], sky_map["map_id"], band["band_id"]
                around = _folded(*path, *ids, *(entry["description"] for entry in above))
                for layer in band["layers"]:
                    own = _folded(layer["layer_id"], layer["name"])
                    about = _folded(layer["description"])
                    yield Entry(own, f"{own}\n{about}\n{around}", {**_told(layer, "layer_id"), "path": path})


def _plain(entries: list[dict[str, Any]], key: str) -> Iterator[Entry]:
    for entry in entries:
        own = _folded(entry[key], entry["name"])
        yield Entry(own, f"{own}\n{_folded(entry['description'])}", _told(entry, key))


def index_of(tree: dict[str, Any]) -> Index:
    """Index of a tree as ``Holdings.tree`` gives it."""
    return Index(
        list(_layers(tree)),
        list(_plain(tree["source_groups"], "source_group_id")),
        list(_plain(tree["boxes"], "box_id")),
    )


class Search:
    """Finds what a caller may see; keeps an index for each tree in use.

    Parameters
    ----------
    holdings
        What is on offer.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._lock = threading.Lock()
        self._indexes: OrderedDict[tuple[Access, str], Index] = OrderedDict()

    def find(self, query: str, access: Access) -> dict[str, list[dict[str, Any]]]:
        """What the caller may see of which id, name, description or path holds every word.

        Parameters
        ----------
        query
            Words; case and accents do not matter.

        Returns
        -------
        ``layers``, ``source_groups``, ``boxes``: at most 200 of each, in the order of the tree, those whose own name
        holds all words first.

        Raises
        ------
        ParameterError
            The query is empty or too long.
        """
        return self._index(access).search(words_of(query))

    def _index(self, access: Access) -> Index:
        tree = self._holdings.tree(access)
        key = self._holdings.seen_by(access), tree["version"]
        with self._lock:
            found = self._indexes.get(key)
        if found is None:
            found = index_of(tree)
        with self._lock:
            self._indexes[key] = found
            self._indexes.move_to_end(key)
            while len(self._indexes) > KEPT_INDEXES:
                self._indexes.popitem(last=False)
        return found
