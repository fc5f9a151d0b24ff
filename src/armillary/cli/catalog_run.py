"""What the actions of ``armillary catalog`` do."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from armillary import catalogs
from armillary.errors import UsageError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

_ONLY_FOR_FILES = ("dask_n_workers", "dask_threads_per_worker", "dask_tmp", "completion_email_address")
_NOT_ARGUMENTS = {"command", "action", "module", "json", "count", "path"}


def run(options: argparse.Namespace) -> int:
    """Do an action.

    Returns
    -------
    Exit status: 1 where a verification found a fault.
    """
    words = _words(options)
    with _quiet_log(told=words.get("progress_bar") not in {None, "none"}):
        status: int = _ACTIONS[options.action](options, words)
    return status


def _words(options: argparse.Namespace) -> dict[str, Any]:
    """What was given, by the names of the arguments."""
    words = {name: value for name, value in vars(options).items() if value is not None and name not in _NOT_ARGUMENTS}
    for name in [name for name in words if name.endswith("storage_options")]:
        words[name] = _json(name, words[name])
    if "addl_hats_properties" in words:
        words["addl_hats_properties"] = dict(map(_pair, words["addl_hats_properties"]))
    written = {"compression": "compression", "compression_level": "level", "row_group_rows": "row_group_rows"}
    chosen = {name: words.pop(option) for option, name in written.items() if option in words}
    if chosen:
        from armillary.catalogs.hats.writing import Writing

        if chosen.get("compression", "zstd") != "zstd":
            chosen.setdefault("level", None)
        words["writing"] = Writing(**chosen)
    if "polygon" in words:
        given = words["polygon"]
        if len(given) % 2:
            raise UsageError(
                f"--polygon: {len(given)} numbers are no corners: give pairs of right ascension and declination."
            )
        words["polygon"] = list(zip(given[::2], given[1::2], strict=True))
    return words


def _json(name: str, text: str) -> Any:
    option = f"--{name.replace('_', '-')}"
    try:
        found = json.loads(text if text.lstrip().startswith("{") else Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise UsageError(f"{option}: it is neither a JSON object nor a file of one.") from None
    if not isinstance(found, dict):
        raise UsageError(f"{option}: it is no JSON object.")
    return found


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise UsageError(f"--addl-hats-properties: {text[:40]!r} is not NAME=VALUE.")
    return name, value


@contextlib.contextmanager
def _quiet_log(*, told: bool) -> Iterator[None]:
    """What progress tells is not logged as well."""
    log = logging.getLogger("armillary.catalogs")
    before = log.propagate, log.handlers[:]
    if told:
        log.propagate = False
        log.addHandler(logging.NullHandler())
    try:
        yield
    finally:
        log.propagate, log.handlers[:] = before


def _made(catalog: Any) -> int:
    rows = "an unknown number of" if catalog.rows is None else f"{catalog.rows:,}"
    parts = len(catalog.partitions)
    where = f" in {parts:,} partition{'s' if parts != 1 else ''}" if catalog.kind != "index" else ""
    sys.stdout.write(f"{catalog.folder.address}: {rows} rows{where}\n")
    return 0


def _import(_options: argparse.Namespace, words: dict[str, Any]) -> int:
    return _made(catalogs.import_catalog(**words))


def _margin(_options: argparse.Namespace, words: dict[str, Any]) -> int:
    return _made(catalogs.make_margin(**words))


def _index(_options: argparse.Namespace, words: dict[str, Any]) -> int:
    return _made(catalogs.make_index(**words))


def _convert(_options: argparse.Namespace, words: dict[str, Any]) -> int:
    return _made(catalogs.convert_catalog(**words))


def _collection(_options: argparse.Namespace, words: dict[str, Any]) -> int:
    made = catalogs.make_collection(**words)
    members = f"{len(made.margins)} margins, {len(made.indexes)} indexes"
    sys.stdout.write(f"{made.folder.address}: {made.primary}, {members}\n")
    return 0


def _verify(options: argparse.Namespace, words: dict[str, Any]) -> int:
    report = catalogs.verify_catalog(**words)
    if options.json:
        faults = [
            {"check": fault.check, "where": fault.where, "message": fault.message, "serious": fault.serious}
            for fault in report.faults
        ]
        facts = ("name", "kind", "good", "partitions", "partitions_read", "rows", "rows_read")
        sys.stdout.write(json.dumps({**{name: getattr(report, name) for name in facts}, "faults": faults}) + "\n")
    else:
        sys.stdout.write("".join(f"{fault}\n" for fault in report.faults) + f"{report.words}\n")
    return 0 if report.good else 1


def _search(options: argparse.Namespace, words: dict[str, Any]) -> int:
    if "output" in words and not options.count:
        return _written(options, catalogs.search_catalog(**words))
    for name in _ONLY_FOR_FILES:
        if name in words:
            raise UsageError(f"--{name.replace('_', '-')}: it is for rows that go to a file: give --output, too.")
    if options.count:
        sys.stdout.write(f"{catalogs.count_rows(**words)}\n")
        return 0
    from armillary.catalogs.exporting.results import limited
    from armillary.catalogs.exporting.writers import writer_of
    from armillary.catalogs.front import settled
    from armillary.catalogs.searching.run import open_search

    form = words.pop("output_format", "csv")
    arguments, _ = settled(catalogs.SearchArguments, None, words)
    search = open_search(arguments)
    writer = writer_of(form, sys.stdout.buffer, search.schema, search.positions)
    for table in limited(search.tables(arguments.threads), arguments.limit):
        writer.write(table)
    writer.close()
    return 0


def _crossmatch(options: argparse.Namespace, words: dict[str, Any]) -> int:
    if "output" in words:
        return _written(options, catalogs.crossmatch_catalogs(**words))
    from armillary.catalogs.exporting.writers import writer_of

    form = words.pop("output_format", "csv")
    table = catalogs.crossmatch_catalogs(**words)
    writer = writer_of(form, sys.stdout.buffer, table.schema)
    writer.write(table)
    writer.close()
    return 0


def _written(options: argparse.Namespace, rows: int) -> int:
    sys.stdout.write(f"{options.output}: {rows:,} rows\n")
    return 0


def _info(options: argparse.Namespace, words: dict[str, Any]) -> int:
    info = catalogs.catalog_info(options.path, words.get("input_storage_options"))
    if options.json:
        sys.stdout.write(json.dumps(info, indent=1) + "\n")
    else:
        sys.stdout.write("\n".join(_lines(info)) + "\n")
    return 0


def _lines(info: dict[str, Any]) -> Iterator[str]:
    if info["kind"] == "collection":
        yield f"{info['name']}: a collection"
        for margin in info["margins"]:
            threshold = margin["margin_threshold_arcsec"]
            yield f"margin: {margin['address']}" + (f", {threshold:g} arcseconds" if threshold is not None else "")
        for column, address in info["indexes"].items():
            yield f"index: {address}, of {column}"
        yield f"catalog: {info['primary']['address']}"
        yield from _lines(info["primary"])
        return
    rows = "unknown" if info["rows"] is None else f"{info['rows']:,}"
    yield f"{info['name']}: {info['kind']}, {info['form']}"
    yield f"rows: {rows}"
    if info["partitions"]:
        orders = ", ".join(f"{many:,} of order {order}" for order, many in info["orders"].items())
        yield f"partitions: {info['partitions']:,} ({orders}), {100 * info['sky_fraction']:.2f} % of the sky"
    if "positions" in info:
        yield f"positions: {', '.join(info['positions'])}"
    if info.get("margin_threshold_arcsec") is not None:
        yield f"threshold: {info['margin_threshold_arcsec']:g} arcseconds"
    columns = [f"{entry['name']} ({entry['type']})" for entry in info["columns"]]
    yield f"columns: {', '.join(columns)}"


_ACTIONS = {
    "import": _import,
    "margin": _margin,
    "index": _index,
    "convert": _convert,
    "collection": _collection,
    "verify": _verify,
    "search": _search,
    "crossmatch": _crossmatch,
    "info": _info,
}
