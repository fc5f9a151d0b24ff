"""The holdings: map groups → maps → bands → layers, and the one gate that every request passes."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.holdings.layers import Layer, LayerEntry
from armillary.holdings.names import no_layer, no_such, split_slice
from armillary.holdings.observations import Observations
from armillary.holdings.tree_words import box_words, group_words, problem_words, source_words

if TYPE_CHECKING:
    from collections.abc import KeysView, Mapping

    from armillary.errors import FileError
    from armillary.holdings.access import Access
    from armillary.holdings.catalogs import OfferedCatalog
    from armillary.holdings.files import OfferedFile
    from armillary.holdings.observations import Observation


@dataclass(slots=True, eq=False)
class Band:
    """Layers that belong together: the planes of one HDU."""

    band_id: str
    name: str
    description: str = ""
    grant: str | None = None
    layers: list[LayerEntry] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Map:
    """Bands that belong together: one file."""

    map_id: str
    name: str
    description: str = ""
    grant: str | None = None
    bands: list[Band] = field(default_factory=list)
    file: OfferedFile | None = None
    version: str = ""


@dataclass(slots=True, eq=False)
class MapGroup:
    """Maps that belong together: one folder."""

    map_group_id: str
    name: str
    description: str = ""
    grant: str | None = None
    maps: list[Map] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class SourceGroup:
    """A catalog on offer.

    Parameters
    ----------
    file
        Where its sources come from.
    style
        How its symbols are drawn at first: ``color``, ``shape``, ``size``, ``size_column``, each may be missing.
    """

    source_group_id: str
    name: str
    file: OfferedCatalog
    description: str = ""
    grant: str | None = None
    style: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Box:
    """A highlighted area: from ``bottom_right_ra`` eastward to ``top_left_ra``, ICRS degrees."""

    box_id: str
    name: str
    top_left_ra: float
    top_left_dec: float
    bottom_right_ra: float
    bottom_right_dec: float
    description: str = ""
    grant: str | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something that was asked for is not shown."""

    name: str
    code: str
    message: str


@dataclass(slots=True, eq=False)
class Content:
    """All that is on offer at once, to take the place of what was."""

    title: str
    groups: list[MapGroup] = field(default_factory=list)
    sources: list[SourceGroup] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


class Holdings:
    """What is on offer. Safe to use from many threads.

    Parameters
    ----------
    title
        Shown as the page's title.
    """

    def __init__(self, title: str) -> None:
        self.title = title
        self.scanning = False
        self.lock = threading.RLock()
        self.groups: list[MapGroup] = []
        self._sources: dict[str, SourceGroup] = {}
        self._boxes: dict[str, Box] = {}
        self._layers: dict[str, tuple[LayerEntry, tuple[str | None, ...]]] = {}
        self._problems: dict[str, Problem] = {}
        self._trees: dict[Access, tuple[int, dict[str, Any]]] = {}
        self._grants: tuple[int, frozenset[str | None]] = -1, frozenset()
        self._edition = 0
        self._observations = Observations(self)

    def layer(self, layer_id: str, access: Access) -> Layer:
        """The single gate: a layer by its id, or a slice of it (``id@k``).

        Raises
        ------
        NotFoundError
            There is none, or the caller may not see it: the same answer.
        """
        base, index = split_slice(layer_id)
        entry, grants = self._layers.get(base, (None, ()))
        if entry is None or not all(map(access.may_see, grants)):
            raise no_layer(layer_id)
        axes = entry.axes
        if not entry.known:
            return Layer(entry, index, layer_id)  # Whether there is such a slice shows when the file is opened.
        if index and (len(index) != len(axes) or any(k >= a.length for k, a in zip(index, axes, strict=True))):
            raise no_layer(layer_id)
        return Layer(entry, index or (0,) * len(axes), layer_id)

    def source_group(self, source_group_id: str, access: Access) -> SourceGroup:
        """The single gate: a catalog by its id.

        Raises
        ------
        NotFoundError
            There is none, or the caller may not see it: the same answer.
        """
        found = self._sources.get(source_group_id)
        if found is None or not access.may_see(found.grant):
            raise no_such("source group", source_group_id)
        return found

    def observation(self, observation_id: str, access: Access) -> Observation:
        """The single gate: a dataset by its id, or by that of a layer or a slice of one (see ``observations.py``).

        Raises
        ------
        NotFoundError
            There is none, the caller may not see it, or this is no id: the same answer.
        """
        return self._observations.one(observation_id, access)

    def observations(self, access: Access) -> list[Observation]:
        """The datasets that the caller may see, in order; no file is opened."""
        return list(self._observations.all(access))

    def boxes(self, access: Access) -> list[Box]:
        """The boxes that the caller may see, in order."""
        with self.lock:
            return [box for box in self._boxes.values() if access.may_see(box.grant)]

    def source_groups(self, access: Access) -> list[SourceGroup]:
        """The catalogs that the caller may see, in order."""
        with self.lock:
            return [group for group in self._sources.values() if access.may_see(group.grant)]

    def put_sources(self, group: SourceGroup) -> None:
        """Add a catalog, or replace the one of the same id."""
        with self.lock:
            self._sources[group.source_group_id] = group
            self.touch()

    def take_sources(self, source_group_id: str) -> None:
        """Remove a catalog; nothing happens when there is none."""
        with self.lock:
            if self._sources.pop(source_group_id, None) is not None:
                self.touch()

    def put_box(self, box: Box) -> None:
        """Add a box, or replace the one of the same id."""
        with self.lock:
            self._boxes[box.box_id] = box
            self.touch()

    def layer_ids(self) -> KeysView[str]:
        """Ids that are taken, as a view that follows the tree."""
        return self._layers.keys()

    @property
    def layer_count(self) -> int:
        """How many layers there are."""
        return len(self._layers)

    @property
    def problems(self) -> list[Problem]:
        """What could not be opened, in the order it was found."""
        with self.lock:
            return list(self._problems.values())

    def put(self, group: MapGroup, made: Map, place: int | None = None) -> None:
        """Add a map at ``place`` of its group, at the end by default."""
        with self.lock:
            if group not in self.groups:
                self.groups.append(group)
            group.maps.insert(len(group.maps) if place is None else place, made)
            self._layers.update(_gates(group, made))
            self.touch()

    def replace(self, content: Content) -> None:
        """Offer this and nothing else. Requests under way go on with what the gate gave them."""
        layers = {}
        for group in content.groups:
            for made in group.maps:
                layers.update(_gates(group, made))
        with self.lock:
            self.title = content.title
            self.groups = list(content.groups)
            self._layers = layers
            self._sources = {group.source_group_id: group for group in content.sources}
            self._boxes = {box.box_id: box for box in content.boxes}
            self.touch()

    def take_away(self, group: MapGroup, map_id: str) -> None:
        """Remove a map and its layers; nothing happens when there is none."""
        with self.lock:
            for gone in [known for known in group.maps if known.map_id == map_id]:
                group.maps.remove(gone)
                for band in gone.bands:
                    for entry in band.layers:
                        self._layers.pop(entry.layer_id, None)
                self.touch()

    def report(self, path: str, error: FileError, code: str) -> None:
        """Remember why ``path`` is not shown."""
        self.report_problem(path, Problem(error.name, code, error.message))

    def report_problem(self, path: str, problem: Problem) -> None:
        """Remember a problem of ``path``."""
        with self.lock:
            if self._problems.get(path) != problem:
                self._problems[path] = problem
                self.touch()

    def problem_keys(self) -> set[str]:
        """Of what there are problems."""
        with self.lock:
            return set(self._problems)

    def clear_problem(self, path: str) -> None:
        """Forget a problem that is over."""
        with self.lock:
            if self._problems.pop(path, None) is not None:
                self.touch()

    @property
    def edition(self) -> int:
        """A number that grows with every change of the tree."""
        return self._edition

    @property
    def gates(self) -> Mapping[str, tuple[LayerEntry, tuple[str | None, ...]]]:
        """Layers by their ids, each with all grants that a caller needs for it; to be read while holding the lock."""
        return self._layers

    def touch(self) -> None:
        """The tree changed."""
        self._edition += 1

    def seen_by(self, access: Access) -> Access:
        """The caller as far as it makes a difference here: all who see the same are one."""
        with self.lock:
            if self._grants[0] != self._edition:
                asked = {grant for _, grants in self._layers.values() for grant in grants}
                asked |= {group.grant for group in self._sources.values()} | {box.grant for box in self._boxes.values()}
                self._grants = self._edition, frozenset(asked)
            return access.among(self._grants[1])

    def tree(self, access: Access) -> dict[str, Any]:
        """What the caller may see, as the JSON of ``GET /api/holdings``. Not to be changed."""
        with self.lock:
            access = self.seen_by(access)
            edition, tree = self._trees.get(access, (-1, {}))
            if edition != self._edition:
                tree = self._tree(access)
                if len(self._trees) > 64:
                    self._trees.clear()
                self._trees[access] = self._edition, tree
            return tree

    def _tree(self, access: Access) -> dict[str, Any]:
        groups = [group_words(group, access) for group in self.groups if access.may_see(group.grant)]
        body = {
            "title": self.title,
            "scanning": self.scanning,
            "map_groups": [group for group in groups if group["maps"]],
            "source_groups": [source_words(group) for group in self.source_groups(access)],
            "boxes": [box_words(box) for box in self.boxes(access)],
            "problems": [problem_words(p) for p in self._problems.values()] if access.administrator else [],
        }
        digest = hashlib.blake2b(json.dumps(body).encode(), digest_size=8)
        return {"title": self.title, "version": digest.hexdigest(), **body}

    def set_scanning(self, scanning: bool) -> None:
        """Say whether headers are still being read."""
        with self.lock:
            self.scanning = scanning
            self.touch()

    def close(self) -> None:
        """Close every file."""
        with self.lock:
            for entry, _ in self._layers.values():
                entry.file.close()
            for sources in self._sources.values():
                sources.file.close()


def _gates(group: MapGroup, made: Map) -> dict[str, tuple[LayerEntry, tuple[str | None, ...]]]:
    """The layers of a map, each with all grants that a caller needs for it."""
    return {
        entry.layer_id: (entry, tuple(g for g in (group.grant, made.grant, band.grant, entry.grant) if g is not None))
        for band in made.bands
        for entry in band.layers
    }
