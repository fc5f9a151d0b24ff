"""From a file to a catalog: the door of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from armillary.catalogs.catalog import Catalog
from armillary.catalogs.formats.streams import TextStream, codec_of
from armillary.catalogs.limits import DEFAULT, Limits
from armillary.errors import NoPositionsError, UnsupportedFileError

if TYPE_CHECKING:
    import os
    from collections.abc import Collection, Sequence

    from armillary.catalogs.table import Table
    from armillary.storage.source import ByteSource

KINDS = ("json", "csv", "tsv", "ecsv", "votable", "fits", "parquet")
_ALIASES = {"vot": "votable", "xml": "votable", "vo": "votable", "fit": "fits", "pq": "parquet", "parq": "parquet"}
SUFFIXES = (
    ".csv", ".tsv", ".ecsv", ".vot", ".votable", ".parquet", ".parq", ".pq", ".json", ".fits", ".fit", ".xml",
)  # fmt: skip
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zstd", ".zip")


def looks_like_catalog(name: str) -> bool:
    """Whether a file may be a catalog by its name; FITS and XML files may be something else."""
    low = name.lower()
    for suffix in _PACKED:
        low = low.removesuffix(suffix)
    return low.endswith(SUFFIXES)


def kind_of(head: bytes) -> str:
    """Format of a file by its first decompressed bytes: one of ``KINDS``; ``csv`` for text of any kind."""
    text = head[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"SIMPLE  ="):
        return "fits"
    if head.startswith(b"PAR1"):
        return "parquet"
    if text.startswith((b"<?xml", b"<VOTABLE", b"<!")) or b"<VOTABLE" in text:
        return "votable"
    if text.startswith(b"# %ECSV"):
        return "ecsv"
    return "json" if text.startswith((b"[", b"{")) else "csv"


def read_tables(
    path: str | os.PathLike[str],
    *,
    file_type: str | None = None,
    limits: Limits = DEFAULT,
    kinds: Collection[str] = KINDS,
) -> list[Table]:
    """The tables of a file; all formats but FITS give one.

    Parameters
    ----------
    path
        Local path or ``http(s)://`` address; gzip, bzip2, xz, zstd, and zip of one file, are decompressed.
    file_type
        One of ``KINDS`` where the content shall not decide.
    limits
        Bounds.
    kinds
        Which of ``KINDS`` are read at all.

    Raises
    ------
    FileError
        It cannot be read: one line says why.
    """
    from armillary.storage.source import open_raw_source

    raw = open_raw_source(path)
    if not raw.read_upto(0, 1):
        raise UnsupportedFileError(raw.name, "the file is empty.")
    kind = _wanted(file_type, raw.name)
    stream = None
    if kind is None:
        stream = TextStream(raw, limits)
        kind = kind_of(stream.head)
    if kind not in kinds:
        raise UnsupportedFileError(raw.name, f"tables of this kind are not read here: send one of {', '.join(kinds)}.")
    if kind == "fits":
        return _fits(path, limits)
    if kind == "parquet":
        return [_parquet(raw, limits)]
    return [_text(kind, raw, limits)]


def _wanted(file_type: str | None, name: str) -> str | None:
    if not file_type:
        return None
    kind = _ALIASES.get(file_type.lower(), file_type.lower())
    if kind not in KINDS:
        raise UnsupportedFileError(name, f"there is no file type {file_type[:40]!r}: use one of {', '.join(KINDS)}.")
    return kind


def _fits(path: str | os.PathLike[str], limits: Limits) -> list[Table]:
    from armillary.catalogs.formats.fits_table import open_fits_tables
    from armillary.storage.source import open_source

    return list(open_fits_tables(open_source(path, max_decoded_bytes=limits.bytes), limits=limits))


def _parquet(raw: ByteSource, limits: Limits) -> Table:
    from armillary.catalogs.formats.memory_source import MemorySource
    from armillary.catalogs.formats.parquet_table import ParquetTable

    if codec_of(raw) is not None:
        return ParquetTable(MemorySource(raw.name, TextStream(raw, limits).read()), limits)
    return ParquetTable(raw, limits)


def _text(kind: str, raw: ByteSource, limits: Limits) -> Table:
    if kind == "json":
        from armillary.catalogs.formats.json_table import read_json

        return read_json(TextStream(raw, limits), limits)
    if kind == "votable":
        from armillary.catalogs.formats.votable import read_votable

        return read_votable(TextStream(raw, limits), limits)
    if kind == "ecsv":
        from armillary.catalogs.formats.ecsv_table import read_ecsv

        return read_ecsv(lambda: TextStream(raw, limits), limits)
    from armillary.catalogs.formats.csv_table import read_csv

    return read_csv(lambda: TextStream(raw, limits), limits, "\t" if kind == "tsv" else None)


def read_catalog(
    path: str | os.PathLike[str],
    *,
    ra_column: str | None = None,
    dec_column: str | None = None,
    name_column: str | None = None,
    file_type: str | None = None,
    limits: Limits = DEFAULT,
    kinds: Collection[str] = KINDS,
) -> Catalog:
    """Read a catalog: of a FITS file the first table with positions.

    Parameters
    ----------
    path, file_type, limits, kinds
        As ``read_tables``.
    ra_column, dec_column, name_column
        Names of columns, found out where they are not given.

    Raises
    ------
    NoPositionsError
        No columns are positions.
    FileError
        It cannot be read.
    """
    columns = {"ra_column": ra_column, "dec_column": dec_column, "name_column": name_column}
    first: NoPositionsError | None = None
    for table in read_tables(path, file_type=file_type, limits=limits, kinds=kinds):
        try:
            return Catalog(table, **columns)
        except NoPositionsError as error:
            first = first or error
    assert first is not None
    raise first


def catalog_of_sources(name: str, sources: Sequence[dict[str, Any]]) -> Catalog:
    """A catalog of sources as a configuration holds them: ``name``, ``ra``, ``dec``, ``extra``.

    Raises
    ------
    CorruptFileError
        One of them is no object.
    """
    from armillary.catalogs.formats.json_table import table_of_sources

    return Catalog(table_of_sources(name, sources), ra_column="ra", dec_column="dec")
