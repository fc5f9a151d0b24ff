"""One way to write rows as they come, whatever the file's form."""

from __future__ import annotations

import contextlib
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, Any, Protocol

from armillary.catalogs.exporting.flat import flat, flat_schema
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.hats.parquet_files import parquet_writer
from armillary.errors import ParameterError, UsageError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Mapping

FORMS = ("parquet", "csv", "votable", "fits")
_SUFFIXES = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".vot": "votable", ".votable": "votable",
    ".xml": "votable", ".fits": "fits", ".fit": "fits",
}  # fmt: skip


class RowWriter(Protocol):
    """Writes rows into an open file."""

    def write(self, table: Any) -> None:
        """Further rows, a ``pyarrow.Table`` of the schema that was announced."""

    def close(self) -> None:
        """Finish. The file stays open."""


def form_of(path: str | os.PathLike[str], form: str | None = None) -> str:
    """Form of a file: as it is asked for, or by the end of its name.

    Raises
    ------
    ParameterError
        It is none of ``FORMS``.
    """
    found = form or _SUFFIXES.get(PurePosixPath(str(path)).suffix.lower())
    if found not in FORMS:
        word = form or PurePosixPath(str(path)).suffix or str(path)
        raise ParameterError("output_format", f"{word[:40]!r} is none of {', '.join(FORMS)}: name one of them")
    return found


def writer_of(form: str, file: IO[bytes], schema: Any, positions: tuple[str, str] | None = None) -> RowWriter:
    """A writer of a form.

    Parameters
    ----------
    schema
        A ``pyarrow.Schema``.
    positions
        Columns of right ascension and declination, ICRS degrees, where they are known: VOTable and FITS say so.
    """
    if form == "parquet":
        return _Parquet(file, schema)
    if form == "csv":
        return _Csv(file, schema)
    if form == "votable":
        from armillary.catalogs.exporting.votable import VoTableWriter

        return VoTableWriter(file, schema, positions)
    from armillary.catalogs.exporting.fits import FitsWriter

    return FitsWriter(file, schema, positions)


@contextlib.contextmanager
def writing(
    path: str | os.PathLike[str],
    schema: Any,
    *,
    form: str | None = None,
    positions: tuple[str, str] | None = None,
    overwrite: bool = False,
    storage_options: Mapping[str, Any] | None = None,
) -> Iterator[RowWriter]:
    """A new file of rows: it is there when the block ends well, and nothing is when it ends otherwise.

    Raises
    ------
    ParameterError
        The form is unknown.
    UsageError
        There is a file already.
    """
    settled = form_of(path, form)
    folder, name = place_of(path, storage_options)
    if folder.exists(name) and not overwrite:
        raise UsageError(f"{name}: there is such a file already: choose another name, or overwrite it.")
    with folder.writing(name) as file:
        writer = writer_of(settled, file, schema, positions)
        yield writer
        writer.close()


def place_of(path: str | os.PathLike[str], storage_options: Mapping[str, Any] | None) -> tuple[Folder, str]:
    """Folder and name of a file."""
    top, _, name = Folder(path).address.rpartition("/")
    if not name:
        raise UsageError("The output is no name of a file.")
    return Folder(top or "/", storage_options), name


class _Parquet:
    def __init__(self, file: IO[bytes], schema: Any) -> None:
        self._stack = contextlib.ExitStack()
        self._writer = self._stack.enter_context(parquet_writer(file, schema, compression="zstd"))

    def write(self, table: Any) -> None:
        """Further rows."""
        if len(table):
            self._writer.write_table(table)

    def close(self) -> None:
        """Finish."""
        self._stack.close()


class _Csv:
    """Lists and what else CSV has no form for are JSON."""

    def __init__(self, file: IO[bytes], schema: Any) -> None:
        from pyarrow import csv

        self._schema = flat_schema(schema, lists=False)
        self._writer = csv.CSVWriter(file, self._schema)

    def write(self, table: Any) -> None:
        """Further rows."""
        # pyarrow does not look whether columns are those of the schema, and breaks down.
        self._writer.write_table(flat(table, lists=False).cast(self._schema))

    def close(self) -> None:
        """Finish."""
        self._writer.close()
