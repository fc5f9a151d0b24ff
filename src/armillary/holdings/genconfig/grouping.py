"""From files on offer to maps, bands and layers of a configuration."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.holdings.access import OWNER
from armillary.holdings.files import file_name
from armillary.holdings.genconfig.habits import (
    Parsed,
    Told,
    band_of_header,
    band_order,
    parse_names,
    product_of,
    title_of,
)
from armillary.holdings.names import component, natural_key, safe, stem, unique

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from armillary.holdings.layers import LayerEntry
    from armillary.holdings.tree import Holdings, Map, MapGroup, SourceGroup

    Words = dict[str, Any]

STOKES = {"I": "Intensity", "Q": "Stokes Q", "U": "Stokes U", "V": "Circular polarisation"}
TEMPERATURES = ("k", "mk", "uk", "µk", "k_cmb", "mk_cmb", "uk_cmb", "kcmb", "mkcmb", "ukcmb")
FILE_TYPES = {
    ".csv": "csv",
    ".json": "json",
    ".ecsv": "ecsv",
    ".vot": "votable",
    ".parquet": "parquet",
    ".fits": "fits",
}
NO_PLACE = len(STOKES)
UNNAMED_STOKES = "IQU"
_MICROWAVE = re.compile(r"(?:^|\s)f[0-9]{3}\Z|GHz\Z")


@dataclass(slots=True)
class FileFacts:
    """A file, its layers in order, and its name taken apart."""

    path: str
    name: str
    layers: list[LayerEntry]
    parsed: Parsed = field(default_factory=lambda: Parsed(""))

    @property
    def stem(self) -> str:
        """Its name without suffixes."""
        return stem(self.name)

    @property
    def hdus(self) -> list[int]:
        """Numbers of its units, each once."""
        return list(dict.fromkeys(entry.words.hdu for entry in self.layers))

    def told(self) -> Told:
        """What its headers say; a filter only where all its layers have the same."""
        filters = {entry.words.filter or "" for entry in self.layers}
        frequencies = {entry.words.frequency or "" for entry in self.layers}
        stokes = {entry.words.stokes or "" for entry in self.layers}
        return Told(
            filters.pop() if len(filters) == 1 else "",
            frequencies.pop() if len(frequencies) == 1 else "",
            stokes.pop() if len(stokes) == 1 else "",
            several=len(stokes) > 1,
        )


def facts_of(made: Map) -> FileFacts:
    """The facts of a map that is one file, as ``open`` makes them."""
    assert made.file is not None
    return FileFacts(made.file.path, made.file.name, [entry for band in made.bands for entry in band.layers])


def families(files: list[FileFacts]) -> list[list[FileFacts]]:
    """Files that belong to one map, in the order of the first of each.

    Two files of the same band and Stokes parameter never share a map: the second one is a map of its own.
    """
    for file, parsed in zip(files, parse_names([f.stem for f in files], [f.told() for f in files]), strict=True):
        file.parsed = parsed
    found: dict[str, list[FileFacts]] = {}
    taken: set[tuple[str, str, str]] = set()
    for number, file in enumerate(files):
        parsed = file.parsed
        place = (parsed.key, parsed.band, parsed.stokes)
        alone = not (parsed.band or parsed.stokes)
        if alone or place in taken:
            file.parsed = Parsed(file.stem)
            found[f"\0{number}"] = [file]
        else:
            taken.add(place)
            found.setdefault(parsed.key, []).append(file)
    return list(found.values())


class Grouping:
    """Makes the words of a configuration.

    Parameters
    ----------
    shown_path
        A file's path as the configuration is to name it.

    Attributes
    ----------
    left_out
        Why a file is not in it, a line each.
    """

    def __init__(self, shown_path: Callable[[str], str]) -> None:
        self._shown_path = shown_path
        self._map_ids: set[str] = set()
        self._band_ids: set[str] = set()
        self._layer_ids: set[str] = set()
        self.left_out: list[str] = []

    def document(self, holdings: Holdings, catalogs: dict[str, str]) -> Words:
        """Everything on offer as a configuration.

        Parameters
        ----------
        catalogs
            Paths of the catalogs by the ids of their source groups.
        """
        self._layer_ids.update(holdings.layer_ids())
        groups = [self._group(group) for group in holdings.groups]
        return {
            "title": holdings.title,
            "map_groups": [group for group in groups if group["maps"]],
            "source_groups": [
                self._sources(group, catalogs[group.source_group_id])
                for group in holdings.source_groups(OWNER)
                if self._is_text(catalogs[group.source_group_id])
            ],
            "boxes": [],
        }

    def _can_be_named(self, made: Map) -> bool:
        """Whether JSON can hold the file's path; some names that a file system takes are no text."""
        assert made.file is not None
        return self._is_text(made.file.path)

    def _is_text(self, path: str) -> bool:
        try:
            path.encode()
        except UnicodeEncodeError:
            shown = file_name(path).encode("utf-8", "backslashreplace").decode()
            self.left_out.append(f"{shown}: its path is no text, and cannot stand in a configuration: rename it.")
            return False
        return True

    def _sources(self, group: SourceGroup, path: str) -> Words:
        low = path.lower()
        kind = next((kind for suffix, kind in FILE_TYPES.items() if low.endswith(suffix)), None)
        provider = {"file_type": kind} if kind else {}
        return {
            "source_group_id": group.source_group_id,
            "name": group.name,
            "description": group.description,
            "provider": provider | {"filename": self._shown_path(path)},
        }

    def _group(self, group: MapGroup) -> Words:
        files = [facts_of(made) for made in group.maps if self._can_be_named(made)]
        maps = [self._map(family, group.name) for family in families(files)]
        return {"map_group_id": group.map_group_id, "name": group.name, "description": "", "maps": maps}

    def _map(self, files: list[FileFacts], folder: str) -> Words:
        title = title_of(files[0].parsed.key) or folder
        map_id = unique(safe(title), self._map_ids)
        self._map_ids.add(map_id)
        return {
            "map_id": map_id,
            "name": title.replace("_", " "),
            "description": describe_map(files),
            "bands": list(self._bands(map_id, files)),
        }

    def _bands(self, map_id: str, files: list[FileFacts]) -> Iterator[Words]:
        """A band for each band word; where there is none, one for each unit of the file."""
        bands: dict[str, list[Words]] = {}
        for file in sorted(files, key=lambda file: _stokes_place(file.parsed.stokes)):
            for entry in file.layers:
                label = file.parsed.band or _band_of_unit(file, entry)
                bands.setdefault(label, []).extend(self._layers(file, entry))
        names = list(bands)
        if any(file.parsed.band for file in files):
            names.sort(key=lambda name: (band_order(name), natural_key(name)))
        for name in names:
            band_id = unique(safe(f"{map_id}-{name}"), self._band_ids)
            self._band_ids.add(band_id)
            yield {"band_id": band_id, "name": name, "description": "", "layers": bands[name]}

    def _layers(self, file: FileFacts, entry: LayerEntry) -> Iterator[Words]:
        """A layer of a file, or one for each Stokes parameter that its header does not name."""
        whole = self._layer(file, entry)
        if not has_unnamed_stokes(file, entry):
            yield whole
            return
        for index, letter in enumerate(UNNAMED_STOKES):
            layer_id = unique(f"{entry.layer_id}-{letter}", self._layer_ids)
            self._layer_ids.add(layer_id)
            words = {"layer_id": layer_id, "name": letter, "description": STOKES[letter], "quantity": letter}
            yield whole | words | {"provider": whole["provider"] | {"index": index}}

    def _layer(self, file: FileFacts, entry: LayerEntry) -> Words:
        words = entry.words
        stokes = words.stokes or file.parsed.stokes
        layer: Words = {
            "layer_id": entry.layer_id,
            "name": layer_name(file, entry),
            "description": STOKES.get(stokes, ""),
            "provider": self._provider(file, entry),
        }
        if words.quantity or stokes:
            layer["quantity"] = words.quantity or stokes
        if words.units:
            layer["units"] = words.units
        return layer | {"vmin": "auto", "vmax": "auto"}

    def _provider(self, file: FileFacts, entry: LayerEntry) -> Words:
        provider: Words = {"provider_type": "fits", "filename": self._shown_path(file.path), "hdu": entry.words.hdu}
        siblings = [other for other in file.layers if other.words.hdu == entry.words.hdu]
        return provider | ({"index": siblings.index(entry)} if len(siblings) > 1 else {})


def has_unnamed_stokes(file: FileFacts, entry: LayerEntry) -> bool:
    """Whether a third axis without a CTYPE holds I, Q and U: so it is in the maps of ACT and the Simons Observatory."""
    if file.parsed.stokes or [(axis.name, axis.length) for axis in entry.axes] != [("AXIS3", len(UNNAMED_STOKES))]:
        return False
    return bool(_MICROWAVE.search(file.parsed.band)) or _is_temperature(entry.words.units or "")


def _stokes_place(stokes: str) -> int:
    return list(STOKES).index(stokes) if stokes in STOKES else NO_PLACE


def _band_of_unit(file: FileFacts, entry: LayerEntry) -> str:
    """Name of the band of a layer that no word of the name gives: by the header, or by the unit."""
    words = entry.words
    told = band_of_header(Told(words.filter or "", words.frequency or ""))
    if len(file.hdus) == 1:
        return told or words.extname or f"HDU {words.hdu}"
    unit = words.extname or f"HDU {words.hdu}"
    repeated = len({other.words.extname for other in file.layers}) < len(file.hdus)
    return f"{unit} ({words.hdu})" if repeated and words.extname else unit


def layer_name(file: FileFacts, entry: LayerEntry) -> str:
    """Name of a layer: Stokes letter or column, with the unit where a band holds several units."""
    words = entry.words
    several = sum(other.words.hdu == words.hdu for other in file.layers) > 1
    own = words.stokes or file.parsed.stokes or (component(words) if several else words.quantity) or ""
    if file.parsed.band and len(file.hdus) > 1:
        return " ".join(filter(None, [words.extname or f"HDU {words.hdu}", own]))
    return own or words.extname or _plain_name(words.units or "")


def _plain_name(units: str) -> str:
    return "Map" if _is_temperature(units) else "Image"


def _is_temperature(units: str) -> bool:
    return units.lower().replace("μ", "µ") in TEMPERATURES


def describe_map(files: list[FileFacts]) -> str:
    """What is common to all files of a map, in a line: product, object, telescope and instrument."""
    said = [_described(entry) for file in files for entry in file.layers]
    common = [word for word in said[0] if word and all(word in other for other in said)] if said else []
    parts = [product_of(files[0].stem), *common]
    text = ", ".join(filter(None, parts))
    return text[:1].upper() + text[1:]


def _described(entry: LayerEntry) -> tuple[str, str]:
    keywords = entry.words.keywords
    by = " ".join(filter(None, [keywords.get("TELESCOP", ""), keywords.get("INSTRUME", "")]))
    return entry.words.object or "", by


def relative_to(folder: str) -> Callable[[str], str]:
    """Paths as a file in ``folder`` names them: relative to it, unless that leads over the root of the file system.

    Addresses stay as they are.
    """
    start = os.path.abspath(folder)  # noqa: PTH100 - keeps links as they were named

    def shown(path: str) -> str:
        if "://" in path:
            return path
        whole = os.path.abspath(path)  # noqa: PTH100
        try:
            common = os.path.commonpath([start, os.path.dirname(whole)])  # noqa: PTH120
        except ValueError:
            return whole
        if os.path.dirname(common) == common != start:  # noqa: PTH120 - the root
            return whole
        return os.path.relpath(whole, start).replace(os.sep, "/")

    return shown
