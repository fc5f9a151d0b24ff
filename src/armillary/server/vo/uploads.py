"""Tables that come with a job (DALI 1.1, section 3.4.5): taken to the disk and looked at, before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from armillary.errors import FileError, LimitError, ParameterError
from armillary.vo.soda import MOST_RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from starlette.datastructures import UploadFile

    from armillary.catalogs.targets import Targets
    from armillary.jobs.model import Upload
    from armillary.jobs.results import ResultStore
    from armillary.server.settings import Settings
    from armillary.vo.parameters import Parameters
    from armillary.vo.soda import SodaRequest, UploadWord

BLOCK_BYTES = 1 << 20
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Where the tables of a request are.

    Parameters
    ----------
    files
        Of a multipart body, by the names of their parts.
    parameters
        A table may also come as a field of text.
    settings
        Of the server.
    """

    files: dict[str, UploadFile]
    parameters: Parameters
    settings: Settings


@dataclass(frozen=True, slots=True)
class Table:
    """A table on the disk.

    Parameters
    ----------
    name
        As ``UPLOAD`` calls it.
    path
        Where it lies.
    media_type
        As its sender calls it.
    targets
        What is in it.
    """

    name: str
    path: Path
    media_type: str
    targets: Targets

    def blocks(self) -> Iterator[bytes]:
        """Its bytes."""
        with self.path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                yield block


def take_tables(words: Sequence[UploadWord], source: Source, folder: Path) -> list[Table]:
    """Tables of a request in a folder, each looked at. Blocks.

    Raises
    ------
    ParameterError
        One is not there, or is no table of positions.
    LimitError, UnavailableError
        One is too large, or cannot be fetched.
    """
    return [_taken(word, source, folder) for word in words]


def _taken(word: UploadWord, source: Source, folder: Path) -> Table:
    path = folder / word.name
    if word.address:
        return _table(word.name, path, _fetched(word, source.settings, path))
    file = source.files.get(word.field)
    if file is not None:
        file.file.seek(0)
        _write(path, iter(lambda: file.file.read(BLOCK_BYTES), b""))
        return _table(word.name, path, file.content_type or "")
    texts = [value for name, value in source.parameters.pairs if name == word.field]
    if len(texts) != 1:
        raise ParameterError("UPLOAD", f"there must be one part '{word.field}' in the body, with the table in it.")
    _write(path, [texts[0].encode("utf-8", "replace")])
    return _table(word.name, path, "")


def _fetched(word: UploadWord, settings: Settings, path: Path) -> str:
    if not settings.upload_urls:
        raise ParameterError("UPLOAD", "tables are not fetched from addresses here: send it as NAME,param:FIELD.")
    from armillary.server.vo.fetching import fetch

    return fetch(word.address, path, settings.upload_size * MIB)


def _write(path: Path, blocks: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        for block in blocks:
            file.write(block)


def kept_table(results: ResultStore, upload: Upload, folder: Path) -> Table:
    """A table that came with a job before, on the disk once more. Blocks.

    Raises
    ------
    NotFoundError, UnavailableError
        It is not there any more, or cannot be read.
    ParameterError
        It is no table of positions.
    """
    path = folder / upload.name
    _write(path, results.read(upload.key))
    return _table(upload.name, path, upload.media_type)


def _table(name: str, path: Path, media_type: str) -> Table:
    from armillary.catalogs.targets import read_targets

    try:
        targets = read_targets(path)
    except FileError as error:
        raise ParameterError("UPLOAD", error.message) from None
    if not np.isfinite(targets.ra_deg).any():
        raise ParameterError("UPLOAD", f"no row of the table {name} has a place on the sky.")
    shown = media_type if media_type.isprintable() and len(media_type) <= 100 else ""
    return Table(name, path, shown, targets)


def check_tables(wanted: SodaRequest, tables: Sequence[Table], *, partial: bool) -> None:
    """Refuse tables that make no circles, or too many.

    Parameters
    ----------
    partial
        More parameters may follow.

    Raises
    ------
    ParameterError
        A table has no radii, and ``RADIUS`` is not given.
    LimitError
        There are more results than a job may have.
    """
    for table in tables:
        radii = table.targets.radius_deg
        if wanted.radius_deg is None and not partial and (radii is None or not np.isfinite(radii).any()):
            raise ParameterError("RADIUS", f"is needed, in degrees: the table {table.name} has no column of radii.")
    rows = sum(len(table.targets) for table in tables)
    if rows > MOST_RESULTS:
        raise LimitError(f"A job has at most {MOST_RESULTS} results, and its tables have {rows} rows.")
    if wanted.ids:
        wanted.count(rows)
