"""Ids of layers, maps and groups, and the words shown for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from armillary.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from armillary.images.plane import PlaneWords

FITS_SUFFIXES = (".fits", ".fit", ".fts", ".fz")
CATALOG_SUFFIXES = (".csv", ".tsv", ".ecsv", ".vot", ".votable", ".xml", ".parquet", ".parq", ".pq", ".json")
PACKED_SUFFIXES = (".gz", ".bz2", ".z", ".zst", ".xz")
CATALOG_PACKED_SUFFIXES = (*PACKED_SUFFIXES, ".zstd", ".zip")
_STRANGE = re.compile(r"[^A-Za-z0-9._-]")
_SLICE = re.compile(r"[0-9]{1,9}(?:,[0-9]{1,9})*")
_DIGITS = re.compile(r"([0-9]+)")
LONGEST_ID = 200


def looks_like_fits(name: str) -> bool:
    """Whether a file of a folder is opened by its name: a FITS suffix, perhaps followed by that of a compression."""
    low = name.lower()
    for suffix in PACKED_SUFFIXES:
        low = low.removesuffix(suffix)
    return low.endswith(FITS_SUFFIXES)


def stem(name: str) -> str:
    """A file's name without its FITS and compression suffixes."""
    short = name
    for suffixes in (PACKED_SUFFIXES, (".fz",), FITS_SUFFIXES):
        for suffix in suffixes:
            if short.lower().endswith(suffix) and len(short) > len(suffix):
                short = short[: -len(suffix)]
                break
    return short


def catalog_stem(name: str) -> str:
    """A catalog's name without the suffixes of its format and compression."""
    short = name
    for suffixes in (CATALOG_PACKED_SUFFIXES, (*FITS_SUFFIXES, *CATALOG_SUFFIXES)):
        for suffix in suffixes:
            if short.lower().endswith(suffix) and len(short) > len(suffix):
                short = short[: -len(suffix)]
                break
    return short


def looks_like_catalog(name: str) -> bool:
    """Whether a file of a folder is looked at as a catalog by its name; FITS files are not among them."""
    low = name.lower()
    for suffix in CATALOG_PACKED_SUFFIXES:
        low = low.removesuffix(suffix)
    return low.endswith(CATALOG_SUFFIXES)


def safe(text: str) -> str:
    """Text as part of an id: other characters than letters, digits, ``.``, ``_`` and ``-`` become ``_``."""
    return _STRANGE.sub("_", text)[:LONGEST_ID] or "_"


def unique(wanted: str, *taken: Container[str]) -> str:
    """``wanted``, or with ``-2``, ``-3``, … where that is in any of ``taken``."""
    name, number = wanted, 2
    while any(name in names for names in taken):
        name, number = f"{wanted}-{number}", number + 1
    return name


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sort key that puts ``map2`` before ``map10``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in _DIGITS.split(name) if part]


def layer_ids(base: str, words: Sequence[PlaneWords]) -> list[str]:
    """Ids of the stacks of one file, not yet told apart from those of other files.

    Parameters
    ----------
    base
        The file's stem.
    words
        Words of each stack.
    """
    several_hdus = len({entry.hdu for entry in words}) > 1
    extnames = {entry.hdu: entry.extname for entry in words}
    repeated = len(set(extnames.values())) < len(extnames)
    ids = []
    for entry in words:
        parts = [base]
        if several_hdus:
            parts.append(entry.extname if entry.extname and not repeated else str(entry.hdu))
        if sum(other.hdu == entry.hdu for other in words) > 1:
            parts.append(component(entry))
        ids.append(safe("-".join(parts)))
    return ids


def component(words: PlaneWords) -> str:
    """What tells a stack from the others of its HDU: Stokes letter or column."""
    return words.stokes or words.quantity or words.name


def split_slice(layer_id: str) -> tuple[str, tuple[int, ...]]:
    """``id@k,l`` as ``(id, (k, l))``; ``id`` alone as ``(id, ())``.

    Raises
    ------
    NotFoundError
        What follows the ``@`` is no slice.
    """
    base, mark, numbers = layer_id.partition("@")
    if not mark:
        return base, ()
    if not _SLICE.fullmatch(numbers):
        raise no_layer(layer_id)
    return base, tuple(int(number) for number in numbers.split(","))


def no_layer(layer_id: str) -> NotFoundError:
    """The one error for a layer that is missing, denied, or has no such slice."""
    return no_such("layer", layer_id)


def no_such(what: str, name: str) -> NotFoundError:
    """The one error for something that is missing or denied."""
    shown = repr(name) if len(name) <= LONGEST_ID and name.isprintable() else "of that id"
    return NotFoundError(f"There is no {what} {shown}.")
