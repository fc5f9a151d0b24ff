"""Collections: a catalog with its margins and indexes, named by ``collection.properties``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import OBJECTS, HatsCatalog, inner, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.properties import made_by, read_properties, write_properties
from armillary.errors import ArmillaryError, CorruptFileError, ParameterError, UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Collection:
    """What a collection names.

    Parameters
    ----------
    folder
        Where it lies.
    properties
        All words of ``collection.properties``.
    primary
        Address of its catalog, as it is named.
    margins
        Addresses of margins, the default one first.
    indexes
        Addresses of indexes by their columns, the default one first.
    """

    folder: Folder
    properties: Mapping[str, str]
    primary: str
    margins: tuple[str, ...]
    indexes: Mapping[str, str]

    @property
    def name(self) -> str:
        """Its name."""
        return self.properties.get("obs_collection") or self.folder.name

    def open(self, address: str) -> HatsCatalog:
        """A catalog that it names.

        Raises
        ------
        FileError
            It cannot be opened.
        """
        return open_catalog(inner(self.folder, address))

    def margin_for(self, radius_arcsec: float) -> HatsCatalog | None:
        """The smallest margin that reaches as far as a radius; the largest where none does; None without any."""
        opened = [self.open(address) for address in self.margins]
        known = sorted((entry.margin_threshold_arcsec or 0.0, number) for number, entry in enumerate(opened))
        far = [number for threshold, number in known if threshold >= radius_arcsec]
        return opened[far[0]] if far else (opened[known[-1][1]] if known else None)


def is_collection(folder: Folder) -> bool:
    """Whether a folder is a collection's."""
    return folder.exists(names.COLLECTION)


def read_collection(folder: Folder) -> Collection:
    """A collection.

    Raises
    ------
    UnreadableFileError
        There is none.
    CorruptFileError
        What there is names no catalog.
    """
    words = read_properties(names.COLLECTION, folder.read(names.COLLECTION))
    primary = words.get("hats_primary_table_url", "")
    if not primary:
        raise CorruptFileError(names.COLLECTION, "names no primary catalog (hats_primary_table_url).")
    pairs = _listed(words.get("all_indexes", ""))
    if len(pairs) % 2:
        raise CorruptFileError(names.COLLECTION, "all_indexes are no pairs of a column and a folder.")
    indexes = dict(zip(pairs[::2], pairs[1::2], strict=True))
    margins = _listed(words.get("all_margins", ""))
    for word, known in (("default_margin", margins), ("default_index", list(indexes))):
        if words.get(word) and words[word] not in known:
            raise CorruptFileError(names.COLLECTION, f"its {word} is none of those that it lists.")
    margins.sort(key=lambda name: name != words.get("default_margin"))
    ordered = sorted(indexes.items(), key=lambda pair: pair[0] != words.get("default_index"))
    return Collection(folder, words, primary, tuple(margins), dict(ordered))


def _listed(text: str) -> list[str]:
    """Words as ``hats`` parts them."""
    return [word for word in re.split(r"[;, \n]", text) if word]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionArguments:
    """What a collection is made of.

    Parameters
    ----------
    input_collection_path
        Its folder, in which the catalogs may lie.
    primary
        Address of its catalog: a folder inside, or any other.
    margins
        Addresses of margins; the first is the default.
    indexes
        Addresses of indexes; the first is the default. Their columns are read from them.
    name
        Of the collection; by its folder where it is not given.
    addl_properties
        Further properties.
    overwrite
        Whether ``collection.properties`` that are there are replaced.
    """

    input_collection_path: str | os.PathLike[str]
    primary: str
    margins: Sequence[str] = ()
    indexes: Sequence[str] = ()
    name: str | None = None
    addl_properties: Mapping[str, object] = field(default_factory=dict)
    overwrite: bool = False
    storage_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Check them.

        Raises
        ------
        ParameterError
            An address cannot stand in a collection.
        """
        for parameter, given in (("primary", [self.primary]), ("margins", self.margins), ("indexes", self.indexes)):
            for address in given:
                if not address or re.search(r"[;,\s]", address):
                    raise ParameterError(
                        parameter,
                        f"{address[:60]!r} cannot stand in a list: rename it without blanks, commas, semicolons",
                    )


def make_collection(arguments: CollectionArguments) -> Collection:
    """Write ``collection.properties`` for catalogs that are there.

    Raises
    ------
    UsageError
        A catalog is not of the kind that its place wants, or does not belong to the primary one; there is a collection.
    FileError
        A catalog cannot be opened.
    """
    folder = Folder(arguments.input_collection_path, arguments.storage_options)
    if is_collection(folder) and not arguments.overwrite:
        raise UsageError(f"{folder.name}: there is a collection already: overwrite it, or choose another folder.")
    primary = open_catalog(inner(folder, arguments.primary))
    if primary.kind not in OBJECTS:
        raise UsageError(f"{primary.name} is a catalog of the kind {primary.kind}: a collection is about objects.")
    for address in arguments.margins:
        _belongs(inner(folder, address), primary, "margin")
    columns = [_belongs(inner(folder, address), primary, "index") for address in arguments.indexes]
    for column in columns:
        if not column or re.search(r"[;,\s]", column) or columns.count(column) > 1:
            raise UsageError(f"The column {column[:60]!r} of an index cannot stand in a collection, or does twice.")
    pairs = [word for pair in zip(columns, arguments.indexes, strict=True) for word in pair]
    words: dict[str, object] = {
        "obs_collection": arguments.name or folder.name,
        "hats_primary_table_url": arguments.primary,
        "all_margins": list(arguments.margins) or None,
        "default_margin": next(iter(arguments.margins), None),
        "all_indexes": pairs or None,
        "default_index": next(iter(columns), None),
        **{name: word for name, word in made_by().items() if name != "hats_release_date"},
        **arguments.addl_properties,
    }
    folder.write(names.COLLECTION, write_properties(words, "HATS collection"))
    return read_collection(folder)


def _belongs(folder: Folder, primary: HatsCatalog, kind: str) -> str:
    """Check a margin or an index; its column."""
    catalog = open_catalog(folder)
    if catalog.kind != kind:
        raise UsageError(f"{catalog.name} is a catalog of the kind {catalog.kind}, not {kind}.")
    check_partitions(catalog, primary)
    return catalog.properties.get("hats_index_column", "")


def check_partitions(catalog: HatsCatalog, primary: HatsCatalog) -> None:
    """Refuse a margin or an index of another catalog.

    Raises
    ------
    UsageError
        It has a partition that the catalog has not.
    """
    strange = next((pixel for pixel in catalog.partitions if pixel not in primary.partitions), None)
    if strange is not None:
        raise UsageError(f"{catalog.name} is no {catalog.kind} of {primary.name}: {strange} is no partition of that.")


def margin_of(path: str | os.PathLike[str], radius_arcsec: float, options: Mapping[str, Any]) -> HatsCatalog | None:
    """The margin that a collection has for a radius; None for what is no collection, or has none that opens."""
    folder = Folder(path, options)
    if not is_collection(folder):
        return None
    try:
        return read_collection(folder).margin_for(radius_arcsec)
    except CorruptFileError:
        raise
    except ArmillaryError:
        return None
