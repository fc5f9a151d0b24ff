"""Ids: as given, or made of names, the same at every reading; each once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.holdings.names import LONGEST_ID, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from armillary.holdings.configuration.checking import Node


class Naming:
    """The ids of one kind of thing.

    Parameters
    ----------
    key
        ``layer_id`` and so on.
    given
        Ids that the file gives anywhere: none of them is made up for something else.
    """

    def __init__(self, key: str, given: Iterable[Any] = ()) -> None:
        self._key = key
        self._given = {value for value in given if isinstance(value, str)}
        self._places: dict[str, str] = {}
        self._numbers: dict[str, int] = {}

    def take(self, node: Node, *names: str) -> str:
        """The id of a thing.

        Parameters
        ----------
        names
            What an id is made of where none is given.
        """
        given = node.text(self._key)
        if not given:
            return self._made(safe("-".join(filter(None, names))), node.place)
        chosen = addressable(given)
        if chosen != given:
            node.odd(self._key, f"cannot stand in an address: it is served as {chosen!r}.")
        if chosen in self._places:
            node.wrong(self._key, f"{chosen!r} is the id of {self._places[chosen]} already: give each its own.")
        self._places.setdefault(chosen, node.place)
        return chosen

    def _made(self, base: str, place: str) -> str:
        name, number = base, self._numbers.get(base, 1)
        while name in self._places or name in self._given:
            number += 1
            name = f"{base}-{number}"
        self._numbers[base] = number
        self._places[name] = place
        return name


def addressable(text: str) -> str:
    """An id as it can stand in an address: without ``/``, ``@`` (slices) and what cannot be printed."""
    if text.isprintable() and not {"/", "@", "\\", "?", "#", "%"} & set(text) and len(text) <= LONGEST_ID:
        chosen = text
    else:
        chosen = safe(text)
    return "_" if not chosen.strip(". ") else chosen


def ids_given(values: Any, key: str, *path: str) -> Iterator[Any]:
    """Values of a key in the objects at the end of a path of lists, whatever the file holds there."""
    if not path:
        if isinstance(values, dict):
            yield values.get(key)
        return
    entries = values.get(path[0]) if isinstance(values, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        yield from ids_given(entry, key, *path[1:])
