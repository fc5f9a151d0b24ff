"""``import_catalog``: from tables to a HATS catalog on disk."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.engine.output import Making, Output, check_free
from armillary.catalogs.engine.tasks import Stages, Task, Threads, grouped
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.ingest import parts as parts_
from armillary.catalogs.ingest.alignment import Counts, align
from armillary.catalogs.ingest.finishing import finish, write_skymaps
from armillary.catalogs.ingest.inputs import Part, cut, find_inputs
from armillary.catalogs.ingest.making import Workshop, read_piece, shares_of, total_counts, total_rows, write_pixels
from armillary.catalogs.ingest.places import find_places
from armillary.catalogs.ingest.schemas import check, not_text, settle
from armillary.catalogs.ingest.storable import has_order
from armillary.catalogs.margins.arguments import MarginArguments
from armillary.catalogs.margins.run import make_margin
from armillary.errors import FileError, ParameterError, UsageError

if TYPE_CHECKING:
    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.hats.pixels import Pixel
    from armillary.catalogs.ingest.arguments import ImportArguments
    from armillary.catalogs.ingest.inputs import InputFile, Piece
    from armillary.catalogs.ingest.places import Places

log = logging.getLogger(__name__)
HELD_BYTES = 1 << 20
"""Of small partitions that one task writes: as much as lies in the nearest caches."""


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
    files = find_inputs(arguments.input_paths, arguments.input_storage_options, arguments.file_type)
    pieces = cut((_parts(file, arguments) for file in files), arguments.piece_bytes)
    if not pieces:
        raise UsageError("There is no row to import.")
    output = Output.of(arguments)
    # What is wrong with the arguments is said before a catalog that is there makes room.
    places = _places(arguments, pieces)
    margin = None if arguments.margin_threshold is None else margin_arguments(arguments, output.folder)
    plan = {
        "work": "import",
        "arguments": {k: repr(v) for k, v in _facts(arguments).items()},
        "input": [(file.folder.path(file.name), file.size < 0 or file.folder.version(file.name)) for file in files],
    }
    with output.making(plan, engine, progress) as making:
        begun = "begun" in making.journal.done("margin")
        if margin is not None and not begun and not margin.overwrite:
            check_free(Output.of(margin).folder)
        _Import(arguments, pieces, places, making).run()
        if margin is not None:
            if not begun:
                making.journal.note("margin", "begun", result=True)
            again = replace(margin, overwrite=margin.overwrite or begun)
            make_margin(again, engine=making.engine, progress=making.told)
    return open_catalog(output.folder)


def margin_arguments(arguments: ImportArguments, catalog: Folder) -> MarginArguments:
    """Of the margin that is made within an import: beside the catalog, named after it and the threshold."""
    assert arguments.margin_threshold is not None
    own = {
        "output_artifact_name": f"{arguments.output_artifact_name}_{arguments.margin_threshold:g}arcs",
        "input_storage_options": arguments.output_storage_options,
    }
    return MarginArguments(
        input_catalog_path=catalog.address,
        margin_threshold=arguments.margin_threshold,
        margin_order=arguments.margin_order,
        **(arguments.common | own),
    )


def _parts(file: InputFile, arguments: ImportArguments) -> list[Part]:
    try:
        return list(parts_.parts_of(file, parts_.Reading(arguments)))
    except FileError:
        if arguments.on_error == "stop":
            raise
        return [Part(file, parts_.UNREADABLE)]


def _places(arguments: ImportArguments, pieces: list[Piece]) -> Places:
    """Columns of positions, by the first input."""
    reading = parts_.Reading(arguments)
    for part in (part for piece in pieces for part in piece.parts):
        try:
            table = parts_.head_of(part, reading)
            if table is not None:
                return find_places(table.schema, arguments, part.file.name)
        except FileError:
            if arguments.on_error == "stop":
                raise
    raise UsageError("None of the inputs can be read.")


def _facts(arguments: ImportArguments) -> dict[str, Any]:
    """The arguments that the result depends on."""
    rest = {"overwrite", "resume", "tmp_dir", "input_storage_options", "output_storage_options", "memory_bytes"}
    return {name: getattr(arguments, name) for name in arguments.__dataclass_fields__ if name not in rest}


class _Import:
    """One import on its way."""

    def __init__(self, arguments: ImportArguments, pieces: list[Piece], places: Places, making: Making) -> None:
        self._arguments, self._pieces, self._making = arguments, pieces, making
        self._left_out: dict[str, tuple[str, str]] = {}
        self._fits = sum(piece.weight for piece in pieces) * 3 // 2 <= arguments.memory_bytes
        self._shop = Workshop(
            arguments,
            arguments.orders[1],
            places,
            making.work.child("pieces"),
            making.data,
            in_memory=self._fits and isinstance(making.engine, Threads) and not making.journal.resumed,
        )

    def run(self) -> None:
        """Do it."""
        shop = self._shop
        made = self._read()
        self._check(made)
        keys = [entry["key"] for entry in made if entry["rows"]]
        counts, order, map_order = total_rows(shop, keys)
        pixels = self._align(keys, counts, order)
        if self._arguments.skymap_order is None:
            # A map tells the rows of partitions that are no smaller than its pixels.
            map_order = max(map_order, *(pixel.order for pixel in pixels))
        writing = self._writing(pixels, [_rows_in(pixel, counts, order) for pixel in pixels], made)
        written = self._making.write(write_pixels, shop, writing)
        done = list(zip(pixels, (entry for task in writing for entry in written[task.key]), strict=True))
        self._check_whole(sum(entry["rows"] for entry in made), sum(entry["rows"] for _, entry in done))
        bad = {entry["key"]: entry["bad"] for entry in made if entry["bad"]}
        write_skymaps(shop, self._making.folder, counts, order, map_order)
        finish(shop, self._making.folder, done, map_order, bad, len(self._left_out))

    def _read(self) -> list[dict[str, Any]]:
        """Read all pieces; those whose types do not fit the others again, as text where they are text."""
        shop = self._shop
        # What is held in memory is gone with the process: it is not written into the journal either.
        journal = None if shop.in_memory else self._making.journal
        stages = Stages(engine=self._making.engine, told=self._making.told, journal=journal)
        results: dict[str, Any] = {}
        tasks = [Task(str(piece.number), piece, piece.weight) for piece in self._pieces]
        number = 0
        while tasks:
            name = f"read-{number}" if number else "read"
            results |= stages.run(name, read_piece, shop, tasks, "bytes")
            found = [results[str(piece.number)] for piece in self._pieces]
            self._left_out = {path: (own, why) for result in found for path, own, why in result["skipped"]}
            made = [entry for result in found for entry in result["made"] if not self._is_left_out(entry)]
            settled = settle(made)
            tasks = [
                Task(str(piece.number), piece, piece.weight)
                for piece, result in zip(self._pieces, found, strict=True)
                if any(entry["text"] and not_text(entry, settled.as_text) for entry in result["made"])
            ]
            shop.as_text, number = shop.as_text | settled.as_text, number + 1
        if self._arguments.on_error == "stop":
            check(settled)
        self._left_out |= settled.misfits
        shop.schema = settled.schema
        for own, why in dict.fromkeys((own, why) for result in found for own, why in result["notes"]):
            self._say(f"{own}: {why}")
        return [entry for entry in made if not self._is_left_out(entry)]

    def _is_left_out(self, entry: dict[str, Any]) -> bool:
        return any(path in self._left_out for path in entry["files"])

    def _say(self, text: str) -> None:
        self._making.told.say(text)
        log.warning("%s", text)

    def _check(self, made: list[dict[str, Any]]) -> None:
        for name, why in self._left_out.values():
            self._say(f"left out: {name}: {why.removeprefix(f'{name}: ')}")
        rows, bad = sum(entry["rows"] for entry in made), sum(entry["bad"] for entry in made)
        if not rows:
            raise UsageError("None of the rows has a place on the sky." if bad else "There is no row to import.")
        expected = self._arguments.expected_total_rows
        if expected and rows + bad != expected:
            raise UsageError(f"{expected:,} rows were expected, and there are {rows + bad:,}.")
        unknown = [name for name in self._arguments.sort_columns if name not in self._shop.schema.names]
        if unknown:
            raise ParameterError("sort_columns", f"there is no column {unknown[0]!r}")
        for name in self._arguments.sort_columns:
            if not has_order(kind := self._shop.schema.field(name).type):
                raise ParameterError("sort_columns", f"column {name!r} holds {kind}, which has no order")
        if bad:
            self._say(f"{bad:,} rows have no place on the sky: they are set aside.")

    @staticmethod
    def _check_whole(read: int, written: int) -> None:
        """No catalog is called whole that lacks a row, whatever went wrong."""
        if read != written:
            raise UsageError(f"{read:,} rows were read, and {written:,} written: the catalog is not finished.")

    def _align(self, keys: list[str], counts: Counts, order: int) -> list[Pixel]:
        arguments, shop = self._arguments, self._shop
        low, high = arguments.orders
        threshold, unit = arguments.pixel_threshold, "rows"
        if arguments.byte_pixel_threshold is not None:
            counts, unit = total_counts(shop, keys, shop.sizes, order), "bytes"
            threshold = arguments.byte_pixel_threshold
        over = int((counts.counts > threshold).sum())
        if over and low < high:
            self._say(f"{over:,} pixels of order {high} hold more than {threshold:,} {unit} each: they stay whole.")
        return align(counts, order, threshold, lowest_order=low, drop_empty_siblings=arguments.drop_empty_siblings)

    def _writing(self, pixels: list[Pixel], rows: list[int], made: list[dict[str, Any]]) -> list[Task]:
        """Tasks that write partitions: some together where these are small, or where pieces must be opened for them."""
        shop = self._shop
        keys = [entry["key"] for entry in made if entry["rows"]]
        row_bytes = sum(entry["bytes"] for entry in made) / max(1, sum(entry["rows"] + entry["bad"] for entry in made))
        most_bytes = HELD_BYTES if self._fits else shop.arguments.piece_bytes // 4
        groups = grouped([many * row_bytes for many in rows], most_bytes)
        parts = [pixels[group.start : group.stop] for group in groups]
        starts = np.array([part[0].start for part in parts], np.int64)
        stops = np.array([part[-1].stop for part in parts], np.int64)
        return [
            Task(f"{part[0].order}-{part[0].index}-{len(part)}", (part, shares), sum(rows[group.start : group.stop]))
            for part, shares, group in zip(parts, shares_of(shop, keys, starts, stops), groups, strict=True)
        ]


def _rows_in(pixel: Pixel, counts: Counts, order: int) -> int:
    shift = 2 * (order - pixel.order)
    low, high = np.searchsorted(counts.pixels, [pixel.index << shift, (pixel.index + 1) << shift])
    return int(counts.counts[low:high].sum())
