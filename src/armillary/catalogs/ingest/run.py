"""``import_catalog``: from tables to a HATS catalog on disk."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.engine.output import Output
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import Task, Threads, run_stage
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.folder import Folder
from armillary.catalogs.ingest import parts as parts_
from armillary.catalogs.ingest.alignment import Counts, align
from armillary.catalogs.ingest.finishing import finish
from armillary.catalogs.ingest.inputs import Piece, cut, find_inputs
from armillary.catalogs.ingest.making import COMPUTED, Workshop, read_piece, rows_by_piece, write_pixel
from armillary.catalogs.ingest.places import as_they_are, columns_of
from armillary.errors import CorruptFileError, UsageError

if TYPE_CHECKING:
    from armillary.catalogs.engine.journal import Journal
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.ingest.arguments import ImportArguments

log = logging.getLogger(__name__)


def import_catalog(
    arguments: ImportArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> HatsCatalog:
    """Import tables.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    The catalog.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; there is no input; what is in the output's place is something else.
    FileError
        An input cannot be read, or does not fit the others.
    """
    told = progress or Progress()
    files = find_inputs(arguments.input_paths, arguments.input_storage_options, arguments.file_type)
    pieces = cut(files, lambda file, size: _parts(file, size, arguments), arguments.piece_bytes)
    if not pieces:
        raise UsageError("There is no row to import.")
    output = Output(
        Folder(arguments.output_path, arguments.output_storage_options).child(arguments.output_artifact_name),
        arguments.tmp_dir,
        overwrite=arguments.overwrite,
        resume=arguments.resume,
    )
    plan = {
        "work": "import",
        "arguments": {k: repr(v) for k, v in _facts(arguments).items()},
        "input": [(file.folder.path(file.name), file.size) for file in files],
    }
    own, runner = engine is None, engine or Threads()
    try:
        with output.prepared(plan) as (folder, work, journal):
            _Import(arguments, pieces, folder, work, journal, runner, told).run()
    finally:
        if own:
            runner.close()
    return open_catalog(output.folder)


def _parts(file: Any, size: int, arguments: ImportArguments) -> Any:
    try:
        return list(parts_.parts_of(file, size, arguments.file_type))
    except CorruptFileError:
        if arguments.on_error == "stop":
            raise
        return [parts_.Part(file, arguments.file_type or "unreadable")]


def _facts(arguments: ImportArguments) -> dict[str, Any]:
    """The arguments that the result depends on."""
    rest = {"overwrite", "resume", "tmp_dir", "input_storage_options", "output_storage_options", "memory_bytes"}
    return {name: getattr(arguments, name) for name in arguments.__dataclass_fields__ if name not in rest}


class _Import:
    """One import on its way."""

    def __init__(
        self,
        arguments: ImportArguments,
        pieces: list[Piece],
        folder: Folder,
        work: Folder,
        journal: Journal,
        engine: Engine,
        told: Progress,
    ) -> None:
        self._arguments, self._pieces, self._folder = arguments, pieces, folder
        self._journal, self._engine, self._told = journal, engine, told
        fits = sum(piece.weight for piece in pieces) * 3 <= arguments.memory_bytes
        in_memory = fits and isinstance(engine, Threads) and not journal.resumed
        ra, dec = self._columns()
        self._shop = Workshop(
            arguments,
            arguments.orders[1],
            ra,
            dec,
            work.child("pieces"),
            folder.child("dataset"),
            held={} if in_memory else None,
        )

    def _columns(self) -> tuple[str, str]:
        """Names of the columns of positions in the catalog that is written, by the first input."""
        for piece in self._pieces:
            for part in piece.parts:
                try:
                    table = parts_.read_part(parts_.head_of(part), self._arguments)
                except CorruptFileError:
                    if self._arguments.on_error == "stop":
                        raise
                    continue
                found = columns_of(table.schema, self._arguments, part.file.name)
                return (found.lon.name, found.lat.name) if as_they_are(found) else COMPUTED
        raise UsageError("None of the inputs can be read.")

    def run(self) -> None:
        """Do it."""
        shop = self._shop
        reading = [Task(str(piece.number), piece, piece.weight) for piece in self._pieces]
        # What is held in memory is gone with the process: it is not written into the journal either.
        journal = self._journal if shop.held is None else None
        read = run_stage("read", read_piece, shop, reading, engine=self._engine, journal=journal, progress=self._told)
        results = {int(key): result for key, result in read.items() if result["rows"] or result["bad"]}
        self._check(results, [entry for result in read.values() for entry in result["skipped"]])
        shop.schema = common_schema(results)
        counts = self._counts(results)
        pixels = self._align(results, counts)
        sharing = rows_by_piece(results, pixels, shop.order)
        writing = [
            Task(f"{pixel.order}-{pixel.index}", (pixel.order, pixel.index, numbers), self._rows(counts, pixel))
            for pixel, numbers in zip(pixels, sharing, strict=True)
        ]
        written = run_stage(
            "write", write_pixel, shop, writing, engine=self._engine, journal=self._journal, progress=self._told
        )
        made = [(pixel, written[task.key]) for pixel, task in zip(pixels, writing, strict=True)]
        finish(shop, self._folder, made, counts, sorted(n for n, r in results.items() if r["bad"]))

    def _check(self, results: dict[int, dict[str, Any]], skipped: list[list[str]]) -> None:
        for name, why in skipped:
            self._told.say(f"left out: {name}: {why}")
            log.warning("left out: %s", why)
        rows = sum(result["rows"] for result in results.values())
        bad = sum(result["bad"] for result in results.values())
        if not rows:
            raise UsageError("None of the rows has a place on the sky." if bad else "There is no row to import.")
        expected = self._arguments.expected_total_rows
        if expected and rows + bad != expected:
            raise UsageError(f"{expected:,} rows were expected, and there are {rows + bad:,}.")
        if bad:
            self._told.say(f"{bad:,} rows have no place on the sky: they are set aside.")
            log.warning("%s rows have no place on the sky: they are set aside", f"{bad:,}")

    def _counts(self, results: dict[int, dict[str, Any]]) -> Counts:
        return Counts.total(
            Counts(np.asarray(result["pixels"], np.int64), np.asarray(result["counts"], np.int64))
            for _, result in sorted(results.items())
        )

    def _align(self, results: dict[int, dict[str, Any]], counts: Counts) -> list[Pixel]:
        arguments = self._arguments
        low, high = arguments.orders
        threshold = arguments.pixel_threshold
        if arguments.byte_pixel_threshold is not None:
            rows = sum(result["rows"] + result["bad"] for result in results.values())
            row_bytes = sum(result["bytes"] for result in results.values()) / rows + 8
            threshold = max(1, int(arguments.byte_pixel_threshold / row_bytes))
        over = counts.pixels[counts.counts > threshold]
        if len(over) and low < high:
            text = f"{len(over):,} pixels of order {high} hold more than {threshold:,} rows each: they stay whole."
            self._told.say(text)
            log.warning("%s", text)
        return align(counts, high, threshold, lowest_order=low, drop_empty_siblings=arguments.drop_empty_siblings)

    def _rows(self, counts: Counts, pixel: Pixel) -> int:
        shift = 2 * (self._shop.order - pixel.order)
        low, high = np.searchsorted(counts.pixels, [pixel.index << shift, (pixel.index + 1) << shift])
        return int(counts.counts[low:high].sum())


def common_schema(results: dict[int, dict[str, Any]]) -> Any:
    """Columns of all pieces: those of the first, and what later ones have beside; types that hold the values of all.

    Raises
    ------
    CorruptFileError
        A column has types that do not fit.
    """
    import pyarrow as pa

    schemas = [
        pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(result["schema"]))) for _, result in sorted(results.items())
    ]
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise CorruptFileError("input", f"its files have columns that do not fit each other: {error}.") from error
