"""``crossmatch_catalogs``: for each row of one catalog the nearest rows of another within a radius."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.catalogs.collections import check_partitions, margin_of
from armillary.catalogs.engine.output import plan_of
from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.engine.tasks import Stages, Task, running
from armillary.catalogs.exporting.results import table_of, write_result
from armillary.catalogs.hats import names
from armillary.catalogs.hats.catalog import HatsCatalog, open_catalog
from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.hats.weights import Weights, weights_of
from armillary.catalogs.matching.pairs import RightSide
from armillary.catalogs.matching.sides import Kept, Near, Side, empty_side, read_side, select_near
from armillary.catalogs.matching.targets import targets_of
from armillary.errors import ParameterError, UnsupportedFileError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.hats.folder import Folder
    from armillary.catalogs.matching.arguments import CrossmatchArguments
    from armillary.catalogs.matching.pairs import Pairs

log = logging.getLogger(__name__)

DISTANCE = "_dist_arcsec"


def crossmatch_catalogs(
    arguments: CrossmatchArguments, *, engine: Engine | None = None, progress: Progress | None = None
) -> Any:
    """Match two catalogs.

    Pairs are exact whether or not the right has a margin: without one that reaches as far as the radius, rows near the
    borders of partitions are looked for in their neighbours first.

    Parameters
    ----------
    engine
        Where tasks run; threads of this process by default.

    Returns
    -------
    A ``pyarrow.Table`` in the order of the left, the nearest first: its columns, those of the right, and
    ``_dist_arcsec``. With an output file how many rows were written.

    Raises
    ------
    ParameterError, UsageError
        An argument makes no sense; there is a file already.
    FileError
        A catalog cannot be read.
    """
    told = progress or Progress()
    with running(engine, arguments.threads) as runner:
        match = Match(arguments, told)
        if arguments.output is None:
            return table_of(match, match.items, engine=runner, told=told, tmp_dir=arguments.tmp_dir)
        return write_result(match, match.items, arguments, match.plan(), match.rows_read, engine=runner, told=told)


class Match:
    """A match of two open catalogs. May be pickled once it is prepared.

    Attributes
    ----------
    schema
        Of the result.
    positions
        Its columns of the positions of the left, where it has both.
    """

    name = "match"

    def __init__(self, arguments: CrossmatchArguments, told: Progress) -> None:
        self._arguments, self._told = arguments, told
        self._left = _opened(arguments.left_catalog_path, arguments.left_storage_options)
        self._right = _opened(arguments.right_catalog_path, arguments.right_storage_options)
        self._margin = self._usable_margin()
        self._left_names = _columns(self._left, arguments.left_columns, "left_columns")
        index = self._right.index_column
        chosen = [name for name in _columns(self._right, arguments.right_columns, "right_columns") if name != index]
        self._right_names = chosen
        self._left_schema, self._right_schema = _part(self._left, self._left_names), _part(self._right, chosen)
        self.schema = self._joined_schema()
        self._targets = targets_of(self._left.partitions, self._right.partitions)
        self._kept = _kept(arguments)

    def __getstate__(self) -> dict[str, Any]:
        """Without what belongs to this process."""
        return {name: value for name, value in self.__dict__.items() if name not in {"_told", "_kept"}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As it was, with nothing kept."""
        self.__dict__.update(state)
        self._told, self._kept = Progress(), _kept(self._arguments)

    @property
    def items(self) -> range:
        """Numbers of the partitions of the left."""
        return range(len(self._left.partitions))

    @property
    def rows_read(self) -> int:
        """Rows of both."""
        return (self._left.rows or 0) + (self._right.rows or 0)

    def weights(self, *, told: bool) -> Weights:
        """Of the items: rows of the left."""
        return weights_of(self._left, told=told)

    def plan(self) -> dict[str, Any]:
        """What the rows depend on."""
        arguments = self._arguments
        return {
            "left": plan_of("crossmatch", self._left),
            "right": plan_of("crossmatch", self._right),
            "margin": None if self._margin is None else plan_of("crossmatch", self._margin),
            "columns": [self._left_names, self._right_names, self.schema.names],
            "how": [arguments.radius_arcsec, arguments.n_neighbors, arguments.how],
        }

    def _usable_margin(self) -> HatsCatalog | None:
        """The margin of the right where it reaches as far as the radius."""
        arguments = self._arguments
        options = arguments.right_storage_options
        if arguments.right_margin_path is not None:
            margin = open_catalog(arguments.right_margin_path, options)
            if margin.kind != "margin":
                raise UnsupportedFileError(margin.name, f"is a catalog of the kind {margin.kind}, not margin.")
        else:
            found = margin_of(arguments.right_catalog_path, arguments.radius_arcsec, options)
            if found is None:
                self._warn(
                    f"{self._right.name} has no margin: its partitions are searched for rows near their borders."
                )
                return None
            margin = found
        check_partitions(margin, self._right)
        threshold = margin.margin_threshold_arcsec or 0.0
        if threshold < arguments.radius_arcsec:
            self._warn(
                f"The margin of {self._right.name} reaches {threshold:g} arcseconds, less than the radius: "
                "partitions are searched for rows near their borders."
            )
            return None
        return margin

    def _warn(self, text: str) -> None:
        self._told.say(text)
        log.warning("%s", text)

    def _joined_schema(self) -> Any:
        import pyarrow as pa

        both = set(self._left_names) & set(self._right_names)
        ends = self._arguments.suffixes or _suffixes(self._left.name, self._right.name)
        left = [name + ends[0] if name in both and name != names.INDEX_COLUMN else name for name in self._left_names]
        right = [name + ends[1] if name in both else name for name in self._right_names]
        joined = [*left, *right, DISTANCE]
        twice = sorted({name for name in joined if joined.count(name) > 1})
        if twice:
            raise UsageError(f"The result would have two columns {', '.join(twice)}: choose columns or other suffixes.")
        where = (self._left.ra_column, self._left.dec_column)
        places = [left[self._left_names.index(name)] for name in where if name in self._left_names]
        self.positions = (places[0], places[1]) if len(places) == 2 else None
        fields = [entry.with_name(name) for entry, name in zip(self._left_schema, left, strict=True)]
        fields += [
            entry.with_name(name).with_nullable(nullable=True)
            for entry, name in zip(self._right_schema, right, strict=True)
        ]
        return pa.schema([*fields, pa.field(DISTANCE, pa.float64())])

    def prepare(self, folder: Folder, stages: Stages) -> None:
        """Gather rows of the right near targets that no margin serves."""
        targets = self._targets
        serves = self._margin is not None
        lacking = [number for number, right in enumerate(targets.right.tolist()) if right < 0 or not serves]
        self._numbers = {number: place for place, number in enumerate(lacking)}
        self._near = near = Near(
            self._right,
            Partitions(targets.pixels[number] for number in lacking),
            self._arguments.radius_arcsec,
            self._right_names,
            self._right_schema,
            folder,
            lasting=stages.journal is not None,
        )
        sources = near.sources()
        if sources:
            weights = weights_of(self._right, told=not stages.told.silent)
            tasks = [Task(str(source), source, weights.each[source]) for source in sources]
            found = stages.run("borders", select_near, near, tasks, weights.unit)
            for task in tasks:
                near.keep(task.argument, found[task.key])

    def table(self, place: int) -> Any:
        """Rows of a partition of the left with those that belong to them."""
        import pyarrow as pa

        pixel = self._left.partitions[place]
        side = read_side(self._left, pixel, self._left_names, self._left_schema)
        tables = []
        for number in self._targets.of_left(place):
            part = side.within(self._targets.pixels[number])
            if len(part):
                tables.append(self._matched_target(number, part))
        return pa.concat_tables([self.schema.empty_table(), *tables])

    def _matched_target(self, number: int, left: Side) -> Any:
        right, ready = self._right_of(number)
        radius, many = self._arguments.radius_arcsec, self._arguments.n_neighbors
        pairs = ready.nearest(left.ra_deg, left.dec_deg, radius, min(many, max(1, len(right))))
        return self._result(left, right, pairs)

    def _right_of(self, number: int) -> tuple[Side, RightSide]:
        """Rows of the right that may belong to a target, and these ready to be asked."""
        place = int(self._targets.right[number])
        if number not in self._numbers:
            served: tuple[Side, RightSide] = self._kept.get(
                place, lambda: _ready([self._whole(place), *self._beside(place)])
            )
            return served
        sides = self._near.of(self._numbers[number])
        if place >= 0:
            sides.append(self._kept.get(place, lambda: self._whole(place)).within(self._targets.pixels[number]))
        return _ready(sides or [empty_side(self._right_schema)])

    def _whole(self, place: int) -> Side:
        pixel, served = self._right.partitions[place], self._margin is not None
        return read_side(self._right, pixel, self._right_names, self._right_schema, cells_too=not served)

    def _beside(self, place: int) -> list[Side]:
        """The margin of a partition of the right, which there need not be."""
        pixel = self._right.partitions[place]
        if self._margin is None or pixel not in self._margin.partitions:
            return []
        return [read_side(self._margin, pixel, self._right_names, self._right_schema, cells_too=False)]

    def _result(self, left: Side, right: Side, pairs: Pairs) -> Any:
        import pyarrow as pa

        rows, others, apart = pairs.left, pairs.right, pairs.distance_arcsec
        if self._arguments.how == "left":
            alone = np.setdiff1d(np.arange(len(left)), rows)
            nothing = np.full(len(alone), -1, np.int64)
            rows, others = np.concatenate([rows, alone]), np.concatenate([others, nothing])
            apart = np.concatenate([apart, np.full(len(alone), np.nan)])
            order = np.argsort(rows, kind="stable")
            rows, others, apart = rows[order], others[order], apart[order]
        lacks = others < 0
        every = len(rows) == len(left) and bool((rows == np.arange(len(left))).all())
        columns = left.table.columns if every else left.table.take(pa.array(rows)).columns
        columns += right.table.take(pa.array(others, mask=lacks)).columns
        return pa.table([*columns, pa.array(apart, mask=lacks)], schema=self.schema)


def _kept(arguments: CrossmatchArguments) -> Kept:
    return Kept((arguments.threads or os.cpu_count() or 1) + 1)


def _ready(sides: Sequence[Side]) -> tuple[Side, RightSide]:
    side = Side.joined(sides)
    return side, RightSide(side.ra_deg, side.dec_deg)


def _opened(path: str | os.PathLike[str], options: Any) -> HatsCatalog:
    return open_catalog(path, options).of_kind("objects are matched")


def _columns(catalog: HatsCatalog, wanted: Sequence[str] | None, parameter: str) -> list[str]:
    own = [name for name in catalog.schema.names if name not in names.HIVE_COLUMNS]
    if wanted is None:
        return own
    for name in wanted:
        if name not in own:
            raise ParameterError(parameter, f"{catalog.name} has no column {name[:60]!r}")
    return list(dict.fromkeys(wanted))


def _part(catalog: HatsCatalog, wanted: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.schema([catalog.schema.field(name) for name in wanted])


def _suffixes(left: str, right: str) -> tuple[str, str]:
    return ("_left", "_right") if left == right else (f"_{left}", f"_{right}")
