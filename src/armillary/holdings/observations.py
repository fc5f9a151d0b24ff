"""Observations: what the Virtual Observatory calls a dataset, as far as a caller may see it.

An observation is made of the layers of a map that come from one file. Its id is that of the map where the map's visible
layers come from one file, else ``map/layer``, by whichever of its layers; the id of a layer, or of a slice of it
(``id@k``), is accepted as well, and means that layer alone. Only what the caller may see counts anywhere here, so ids
tell nothing of the rest.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.errors import FileError, NotFoundError
from armillary.holdings.layers import Layer, stack_keys
from armillary.holdings.names import no_such, split_slice
from armillary.holdings.selection import Selector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from armillary.holdings.access import Access
    from armillary.holdings.files import Offered
    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.tree import Holdings, Map, MapGroup
    from armillary.images.files import ImageFile
    from armillary.images.plane import PlaneStack

    Gates = Mapping[str, tuple[LayerEntry, tuple[str | None, ...]]]

KEPT_VIEWS = 64
BLANK_SKY = "Sky"


@dataclass(frozen=True, slots=True)
class Piece:
    """What one HDU (an image, a HEALPix table) or one combination gives to an observation.

    Parameters
    ----------
    entries
        Its visible layers (Stokes components, columns), in the order of the file or configuration; at least one.
    hdu
        Number of the unit.
    index
        Slice of a cube that was asked for, None for all.
    """

    entries: tuple[LayerEntry, ...]
    hdu: int
    index: tuple[int, ...] | None = None

    def layers(self) -> tuple[Layer, ...]:
        """The layers as the gate gives them, with the slice that was asked for, else the first."""
        index = self.index or ()
        tail = "@" + ",".join(map(str, index)) if index else ""
        return tuple(Layer(entry, index, entry.layer_id + tail) for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Observation:
    """A dataset as a caller may see it.

    Parameters
    ----------
    obs_id
        Its id for this caller.
    name, description
        For people.
    collection
        Name of the map group.
    entries
        Its visible layers, all of one file; at least one.
    index
        Slice of a cube that was asked for as ``id@k``, None for all.
    """

    obs_id: str
    name: str
    description: str
    collection: str
    entries: tuple[LayerEntry, ...]
    index: tuple[int, ...] | None = None

    @property
    def file(self) -> Offered:
        """The file, or combination, that all of it comes from."""
        return self.entries[0].file

    @property
    def version(self) -> str:
        """Version that clients see, as the file is now: of all its pieces. Costs a stat.

        Raises
        ------
        FileError
            The file vanished or is broken now.
        """
        return self.public(self.file.current()[1])

    def public(self, version: str) -> str:
        """Version that clients see for a version of the file."""
        about = hashlib.blake2b(digest_size=8)
        for entry in self.entries:
            about.update(repr((entry.layer_id, entry.about)).encode("utf-8", "surrogateescape"))
        return self.file.public_version(version, about.hexdigest(), self.index)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Its pieces as the file is now, in the order of the file. Opens a file that nobody has asked for yet.

        Raises
        ------
        FileError
            The file vanished, is broken, or holds none of the layers.
        NotFoundError
            There is no such slice.
        """
        return self.pieces_in(self.file.current()[0])

    def pieces_in(self, image: ImageFile) -> tuple[Piece, ...]:
        """Its pieces in a version of the file; layers that this does not hold are left out.

        Raises
        ------
        FileError, NotFoundError
            As ``pieces``.
        """
        find = stack_finder(image)
        found: dict[int, dict[object, LayerEntry]] = {}
        fault: FileError | None = None
        for entry in self.entries:
            try:
                stack = find(entry)
            except FileError as error:
                fault = fault or error
                continue
            if self.index and not _has_slice(stack, self.index):
                raise no_observation(self.obs_id)
            # Layers of a configuration may show the same plane twice, in other colours.
            found.setdefault(stack.words.hdu, {}).setdefault(entry.key, entry)
        if fault is not None and not found:
            raise fault
        return tuple(Piece(tuple(entries.values()), hdu, self.index) for hdu, entries in sorted(found.items()))


def stack_finder(image: ImageFile) -> Callable[[LayerEntry], PlaneStack]:
    """What finds the stack of a layer in a file, as ``LayerEntry.stack``, without counting stacks anew for each."""
    known = dict(zip(stack_keys(image), image.stacks, strict=True))

    def find(entry: LayerEntry) -> PlaneStack:
        key = entry.key
        stack = key.stack(image) if isinstance(key, Selector) else known.get(key)
        return stack if stack is not None else entry.stack(image)

    return find


def _has_slice(stack: PlaneStack, index: tuple[int, ...]) -> bool:
    return len(index) == len(stack.axes) and all(k < a.length for k, a in zip(index, stack.axes, strict=True))


def no_observation(observation_id: str) -> NotFoundError:
    """The one error for an observation that is missing, denied, or named by what is no id."""
    return no_such("observation", observation_id)


@dataclass(frozen=True, slots=True)
class _View:
    """The observations of one caller at one edition of the tree.

    Parameters
    ----------
    observations
        All of them, in the order of the tree.
    by_id
        The same by their ids.
    by_layer
        The map of a layer, and the observation that it belongs to.
    """

    edition: int
    observations: tuple[Observation, ...]
    by_id: Mapping[str, Observation]
    by_layer: Mapping[str, tuple[Map, Observation]]


class Observations:
    """Makes and finds observations; keeps them for each set of callers who see the same.

    Parameters
    ----------
    holdings
        What is on offer.
    """

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._lock = threading.Lock()
        self._views: dict[Access, _View] = {}

    def all(self, access: Access) -> tuple[Observation, ...]:
        """What the caller may see, in the order of the tree."""
        return self._view(access).observations

    def one(self, observation_id: str, access: Access) -> Observation:
        """An observation by its id, or by that of a layer or slice, for what the caller may see.

        Raises
        ------
        NotFoundError
            There is none, the caller may not see it, or this is no id: the same answer.
        """
        view = self._view(access)
        found = self._by_layer(observation_id, access, view) or view.by_id.get(observation_id)
        if found is None:
            map_id, slash, layer_id = observation_id.partition("/")
            owner, found = view.by_layer.get(layer_id, (None, None)) if slash else (None, None)
            if owner is None or owner.map_id != map_id:
                found = None
        if found is None:
            raise no_observation(observation_id)
        return found

    def _by_layer(self, layer_id: str, access: Access, view: _View) -> Observation | None:
        """A layer, or a slice of it, as an observation; None where there is no such layer."""
        try:
            layer = self._holdings.layer(layer_id, access)
            base, index = split_slice(layer_id)
        except NotFoundError:
            return None
        whole = view.by_layer.get(base)
        if whole is None:
            return None
        owner, observation = whole
        if len(observation.entries) == 1 and not index:
            return observation
        name = _joined(owner.name, layer.entry.name)
        about = layer.entry.description or observation.description
        return Observation(layer_id, name, about, observation.collection, (layer.entry,), index or None)

    def _view(self, access: Access) -> _View:
        holdings = self._holdings
        with holdings.lock:
            access, edition = holdings.seen_by(access), holdings.edition
            with self._lock:
                known = self._views.get(access)
            if known is None or known.edition != edition:
                known = _view_of(holdings.groups, holdings.gates, access, edition)
                with self._lock:
                    if len(self._views) >= KEPT_VIEWS:
                        self._views.clear()
                    self._views[access] = known
            return known


def _view_of(groups: Iterable[MapGroup], gates: Gates, access: Access, edition: int) -> _View:
    shown = [(group, made, _by_file(made, gates, access)) for group in groups for made in group.maps]
    shown = [one for one in shown if one[2]]
    map_ids: dict[str, int] = {}
    layer_ids = {entry.layer_id for _, _, files in shown for entries in files for entry in entries}
    for _, made, _ in shown:
        map_ids[made.map_id] = map_ids.get(made.map_id, 0) + 1
    observations, by_layer = [], {}
    for group, made, files in shown:
        for entries in files:
            whole = len(files) == 1 and map_ids[made.map_id] == 1
            obs_id = _id_of(made.map_id, entries, layer_ids, whole=whole)
            name = made.name if len(files) == 1 else _joined(made.name, entries[0].name)
            about = made.description or (entries[0].description if len(entries) == 1 else "")
            observation = Observation(obs_id, name, about, group.name, entries)
            observations.append(observation)
            by_layer.update({entry.layer_id: (made, observation) for entry in entries})
    return _View(edition, tuple(observations), {one.obs_id: one for one in observations}, by_layer)


def _by_file(made: Map, gates: Gates, access: Access) -> list[tuple[LayerEntry, ...]]:
    """Visible layers of a map, those of each file together; a sky without data is no dataset."""
    files: dict[int, list[LayerEntry]] = {}
    for band in made.bands:
        for entry in band.layers:
            gate = gates.get(entry.layer_id)
            if gate is not None and all(map(access.may_see, gate[1])) and entry.path != (BLANK_SKY,):
                files.setdefault(id(entry.file), []).append(entry)
    return [tuple(entries) for entries in files.values()]


def _id_of(map_id: str, entries: tuple[LayerEntry, ...], layer_ids: set[str], *, whole: bool) -> str:
    """The map's id where that can mean nothing else."""
    mine = len(entries) == 1 and entries[0].layer_id == map_id
    return map_id if whole and (mine or map_id not in layer_ids) else f"{map_id}/{entries[0].layer_id}"


def _joined(above: str, name: str) -> str:
    return name if name == above or not above else f"{above}: {name}"
