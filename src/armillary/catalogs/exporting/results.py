"""Rows that are made in tasks: a table, or a file that grows as they come.

Where they are many they are kept in files until all are there, so that a killed run goes on.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from armillary.catalogs.engine.ordered import ordered
from armillary.catalogs.engine.output import FileOutput
from armillary.catalogs.engine.tasks import Stages, Task, Threads
from armillary.catalogs.exporting.writers import form_of, place_of, writing
from armillary.catalogs.hats.folder import Folder

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

    from armillary.catalogs.engine.progress import Progress
    from armillary.catalogs.engine.tasks import Engine
    from armillary.catalogs.exporting.arguments import NewResult
    from armillary.catalogs.hats.weights import Weights

KEPT_ROWS = 20_000_000
"""From so many rows of the input on a result is kept until it is whole."""


class Maker(Protocol):
    """Makes the rows of a result. May be pickled."""

    schema: Any
    name: str
    """Of the stage, for progress."""

    @property
    def positions(self) -> tuple[str, str] | None:
        """Columns of the positions."""

    def prepare(self, folder: Folder, stages: Stages) -> None:
        """What has to be done before rows are made; the folder is for what it leaves for ``table``."""

    def weights(self, *, told: bool) -> Weights:
        """How much of the work each item is, in their order; as ``weights_of``."""

    def table(self, argument: Any) -> Any:
        """Rows, a ``pyarrow.Table``."""


def make_table(maker: Maker, argument: Any) -> Any:
    """A task: rows."""
    return maker.table(argument)


@dataclass(frozen=True, slots=True)
class _Keeping:
    maker: Maker
    folder: Folder


def keep_table(keeping: _Keeping, task: tuple[str, Any]) -> int:
    """A task: rows into a file; how many."""
    import pyarrow as pa

    key, argument = task
    table = keeping.maker.table(argument)
    if len(table):
        with keeping.folder.writing(f"{key}.arrow") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    return len(table)


def table_of(
    maker: Maker,
    items: Sequence[Any],
    *,
    engine: Engine,
    told: Progress,
    limit: int | None = None,
    tmp_dir: str | os.PathLike[str] | None = None,
) -> Any:
    """All rows in one table, or the first."""
    import pyarrow as pa

    with tempfile.TemporaryDirectory(prefix="armillary-", dir=tmp_dir) as folder:
        maker.prepare(Folder(folder), Stages(engine=engine, told=told, journal=None))
        tables = limited(_made(maker, items, engine, told), limit)
        return pa.concat_tables([maker.schema.empty_table(), *tables])


def _made(maker: Maker, items: Sequence[Any], engine: Engine, told: Progress) -> Iterator[Any]:
    each, unit = maker.weights(told=not told.silent)
    with told.stage(maker.name, sum(each), unit) as tell:
        for table, weight in zip(ordered(engine, make_table, maker, items), each, strict=True):
            tell(weight)
            yield table


def write_result(
    maker: Maker,
    items: Sequence[Any],
    arguments: NewResult,
    plan: dict[str, Any],
    rows: float,
    *,
    engine: Engine,
    told: Progress,
    limit: int | None = None,
) -> int:
    """All rows into a file, or the first.

    Parameters
    ----------
    items
        What rows are made of, in order; of each JSON is in the plan.
    plan
        All that the rows depend on.
    rows
        About how many are read: many are kept in files until all are there, so that a killed run goes on.
    limit
        Most of them; with it nothing is kept.

    Returns
    -------
    How many were written.

    Raises
    ------
    UsageError
        There is a file already; other work was left, or another run is at it.
    """
    assert arguments.output is not None
    folder, name = place_of(arguments.output, arguments.output_storage_options)
    resume = arguments.resume is not False
    output = FileOutput(folder, name, arguments.tmp_dir, overwrite=arguments.overwrite, resume=resume)
    large = rows >= KEPT_ROWS or not isinstance(engine, Threads) or output.begun
    kept = limit is None and resume and (large or bool(arguments.resume))
    form = form_of(arguments.output, arguments.output_format)
    with output.prepared({**plan, "form": form}, kept=kept) as journal:
        stages = Stages(engine=engine, told=told, journal=journal)
        if journal is None:
            with tempfile.TemporaryDirectory(prefix="armillary-", dir=arguments.tmp_dir) as inner:
                maker.prepare(Folder(inner), stages)
                return _write(maker, limited(_made(maker, items, engine, told), limit), arguments, form)
        told.say(f"{name}: rows are kept until all are there: if this is killed, the same command goes on.")
        maker.prepare(output.work.child("prepared"), stages)
        keeping = _Keeping(maker, output.work.child("rows"))
        each, unit = maker.weights(told=not told.silent)
        tasks = [
            Task(str(number), (str(number), item), weight)
            for number, (item, weight) in enumerate(zip(items, each, strict=True))
        ]
        counts = stages.run(maker.name, keep_table, keeping, tasks, unit)
        with told.stage("write", sum(counts.values()), "rows") as tell:
            tables = _kept(keeping.folder, [task.key for task in tasks if counts[task.key]])
            return _write(maker, _telling(tables, tell), arguments, form)


def _kept(folder: Folder, keys: list[str]) -> Iterator[Any]:
    import pyarrow as pa

    for key in keys:
        with folder.mapped(f"{key}.arrow") as file, pa.ipc.open_file(file) as reader:
            yield reader.read_all()


def _telling(tables: Iterator[Any], tell: Any) -> Iterator[Any]:
    for table in tables:
        yield table
        tell(len(table))


def _write(maker: Maker, tables: Iterator[Any], arguments: NewResult, form: str) -> int:
    assert arguments.output is not None
    rows = 0
    with writing(
        arguments.output,
        maker.schema,
        form=form,
        positions=maker.positions,
        overwrite=True,
        storage_options=arguments.output_storage_options,
    ) as writer:
        for table in tables:
            if len(table):
                writer.write(table)
            rows += len(table)
    return rows


def limited(tables: Iterator[Any], limit: int | None) -> Iterator[Any]:
    """Tables until they have so many rows."""
    left = limit
    for table in tables:
        if left is None:
            yield table
            continue
        yield table.slice(0, left)
        left -= len(table)
        if left <= 0:
            return
