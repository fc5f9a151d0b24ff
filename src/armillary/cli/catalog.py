"""``armillary catalog``: the options of its commands, named like the arguments in Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - it has no public name

FORMS = ("auto", "bar", "plain", "json", "none")
TABLES = ("parquet", "csv", "votable", "fits")
# argparse takes a number such as -5e-3 for an option.
_NEGATIVE = re.compile(r"-(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)


def add_parser(commands: Subparsers) -> None:
    """Add the command and its actions to the command line."""
    command = commands.add_parser("catalog", help="make, verify, search and match HATS catalogs", allow_abbrev=False)
    actions = command.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    _import(_action(actions, "import", "import tables into a HATS catalog"))
    _margin(_action(actions, "margin", "make the margin of a catalog"))
    _index(_action(actions, "index", "make an index of a column of a catalog"))
    _convert(_action(actions, "convert", "convert hipscat to HATS, or a catalog into other partitions"))
    _collection(_action(actions, "collection", "name a catalog with its margins and indexes as a collection"))
    _verify(_action(actions, "verify", "look whether a catalog is what it says"))
    _search(_action(actions, "search", "rows in a part of the sky"))
    _crossmatch(_action(actions, "crossmatch", "for each row of a catalog the nearest of another"))
    _info(_action(actions, "info", "what a catalog is"))


def _action(actions: Subparsers, name: str, words: str) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.", allow_abbrev=False)
    made._negative_number_matcher = _NEGATIVE  # noqa: SLF001 - there is no public way
    made.set_defaults(module="armillary.cli.catalog_run")
    return made


def _names(text: str) -> list[str]:
    """Names parted by commas."""
    return [name for name in (part.strip() for part in text.split(",")) if name]


def _orders(text: str) -> list[int]:
    return [int(part) for part in _names(text)]


def _import(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("input_paths", nargs="+", metavar="INPUT", help="a file, a folder, a pattern or an address")
    _output(made)
    add("--ra-column", metavar="C", help="column of right ascensions (found by name, unit and UCD)")
    add("--dec-column", metavar="C", help="column of declinations")
    add("--frame", choices=("icrs", "fk5", "fk4", "galactic", "ecliptic"), help="frame of the positions (icrs)")
    add("--unit", choices=("degrees", "radians", "hours", "sexagesimal"), help="unit of the positions")
    add("--file-type", metavar="KIND", help="kind of the input, where its content shall not decide")
    add("--columns", type=_names, metavar="C,C", help="columns to import (all)")
    add("--column-names", type=_names, metavar="C,C", help="names of the columns of text without a header")
    add("--delimiter", metavar="D", help="delimiter of text, where it is not found")
    add("--catalog-type", choices=("object", "source"), help="what its rows are (object)")
    _partitioning(made)
    _flag(made, "--no-drop-empty-siblings", "do not go down where one quarter has rows")
    add("--sort-columns", type=_names, metavar="C,C", help="further order of rows in one cell of the index")
    add("--on-error", choices=("stop", "skip"), help="what an input that cannot be read does (stop)")
    _flag(made, "--create-thumbnail", "write one row of each partition into a file")
    add("--skymap-order", type=int, metavar="K", help="order of the sky map")
    add("--skymap-alt-orders", type=_orders, metavar="K,K", help="orders of further sky maps")
    add("--expected-total-rows", type=int, metavar="N", help="fail where there are more or fewer")
    add("--margin-threshold", type=float, metavar="ARCSEC", help="make a margin along with it")
    add("--margin-order", type=int, metavar="K", help="order of the pixels of that margin: faster, not exact")
    _properties(made)
    _writing(made)
    _running(made)


def _margin(made: argparse.ArgumentParser) -> None:
    made.add_argument("input_catalog_path", metavar="CATALOG", help="the catalog")
    _output(made)
    made.add_argument("--margin-threshold", type=float, metavar="ARCSEC", help="how far it reaches (5)")
    made.add_argument("--margin-order", type=int, metavar="K", help="whole pixels of that order: faster, not exact")
    _writing(made)
    _running(made)


def _index(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("input_catalog_path", metavar="CATALOG", help="the catalog")
    add("--indexing-column", metavar="C", required=True, help="column whose values are looked up")
    _output(made)
    add("--extra-columns", type=_names, metavar="C,C", help="columns that the index repeats")
    _flag(made, "--no-include-healpix-29", "do not repeat the index of the sky")
    _flag(made, "--include-radec", "repeat the positions")
    _flag(made, "--no-drop-duplicates", "keep rows of the index that are the same")
    add("--rows-of-file", type=int, metavar="N", help="about how many rows a file of it has")
    _writing(made)
    _running(made)


def _convert(made: argparse.ArgumentParser) -> None:
    made.add_argument("input_catalog_path", metavar="CATALOG", help="the catalog or margin, hipscat or HATS")
    _output(made)
    _partitioning(made)
    made.add_argument("--primary-catalog-path", metavar="CATALOG", help="of a margin: its catalog from now on")
    _properties(made)
    _writing(made)
    _running(made)


def _collection(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("input_collection_path", metavar="FOLDER", help="its folder")
    add("--primary", metavar="CATALOG", required=True, help="the catalog: a folder inside, or an address")
    add("--margins", nargs="+", metavar="MARGIN", help="margins, the default one first")
    add("--indexes", nargs="+", metavar="INDEX", help="indexes, the default one first")
    add("--name", metavar="NAME", help="of the collection (that of its folder)")
    _flag(made, "--overwrite", "replace collection.properties that are there")


def _verify(made: argparse.ArgumentParser) -> None:
    made.add_argument("input_catalog_path", metavar="CATALOG", help="a catalog, margin, index or collection")
    _flag(made, "--full", "read all partitions, not some")
    made.add_argument("--sample", type=int, metavar="N", help="how many partitions are read otherwise (16)")
    made.add_argument("--json", action="store_true", help="print the report as JSON")
    made.add_argument("--threads", type=int, metavar="N", help="partitions at once (one for each core)")
    made.add_argument("--progress-bar", choices=FORMS, default="auto", help="how progress is told (auto)")
    _storage(made, "input")


def _search(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("input_catalog_path", metavar="CATALOG", help="a catalog or a collection")
    add("--cone", nargs=3, type=float, metavar=("RA", "DEC", "RADIUS_ARCSEC"), help="a circle")
    add("--box", nargs=4, type=float, metavar=("RA1", "RA2", "DEC1", "DEC2"), help="from RA1 eastward to RA2")
    add("--polygon", nargs="+", type=float, metavar="RA DEC", help="corners, three or more")
    add("--moc", metavar="FILE", help="a coverage map")
    add("--columns", type=_names, metavar="C,C", help="columns of the result (all)")
    add("--filters", metavar="TEXT", help="conditions such as 'mag < 12; band = \"g\"'")
    add("--limit", type=int, metavar="N", help="at most so many rows")
    add("--count", action="store_true", help="print how many rows there are")
    _result(made)
    _storage(made, "input", "output")


def _crossmatch(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("left_catalog_path", metavar="LEFT", help="catalog whose rows are looked up")
    add("right_catalog_path", metavar="RIGHT", help="catalog in which they are looked for")
    add("--radius", dest="radius_arcsec", type=float, metavar="ARCSEC", help="largest distance of a pair (1)")
    add("--n-neighbors", type=int, metavar="N", help="how many at most, the nearest (1)")
    add("--how", choices=("inner", "left"), help="pairs alone, or all rows of the left (inner)")
    add("--suffixes", nargs=2, metavar=("LEFT", "RIGHT"), help="ends of names that both have")
    add("--left-columns", type=_names, metavar="C,C", help="columns of the left (all)")
    add("--right-columns", type=_names, metavar="C,C", help="columns of the right (all)")
    add("--right-margin-path", metavar="MARGIN", help="margin of the right (that of a collection)")
    _result(made)
    _storage(made, "left", "right", "output")


def _info(made: argparse.ArgumentParser) -> None:
    made.add_argument("path", metavar="CATALOG", help="a catalog, margin, index or collection")
    made.add_argument("--json", action="store_true", help="all of it, for programs")
    _storage(made, "input")


def _output(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--output-path", metavar="FOLDER", required=True, help="folder in which it is made")
    add("--output-artifact-name", metavar="NAME", required=True, help="its name there")
    _flag(made, "--overwrite", "replace a catalog that is there")
    _flag(made, "--no-resume", "do not go on with what an earlier run left")
    add("--tmp-dir", metavar="FOLDER", help="for what is half done (inside the output)")
    _storage(made, "input", "output")


def _partitioning(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--pixel-threshold", type=int, metavar="N", help="most rows of a partition")
    add("--byte-pixel-threshold", type=int, metavar="BYTES", help="most bytes of a partition in memory, instead")
    add("--lowest-healpix-order", type=int, metavar="K", help="no partition is larger")
    add("--highest-healpix-order", type=int, metavar="K", help="no partition is smaller")
    add("--constant-healpix-order", type=int, metavar="K", help="all partitions are of that order")


def _properties(made: argparse.ArgumentParser) -> None:
    made.add_argument(
        "--addl-hats-properties", action="append", metavar="NAME=VALUE", help="a further property; may be repeated"
    )


def _writing(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--compression", choices=("zstd", "snappy", "gzip", "none"), help="of Parquet (zstd)")
    add("--compression-level", type=int, metavar="N", help="its level (15)")
    add("--row-group-rows", type=int, metavar="N", help="most rows of a row group")


def _result(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--output", metavar="FILE", help="file of the result; without it CSV on standard output")
    add("--output-format", choices=TABLES, help="its form (by its name)")
    _flag(made, "--overwrite", "replace a file that is there")
    _flag(made, "--resume", "keep rows until all are there, so that a killed run goes on (where they are many)")
    _flag(made, "--no-resume", "keep nothing, and do not go on with what an earlier run left")
    add("--tmp-dir", metavar="FOLDER", help="for what is half done (beside the output)")
    add("--threads", type=int, metavar="N", help="partitions at once (one for each core)")
    _running(made)


def _running(made: argparse.ArgumentParser) -> None:
    add = made.add_argument
    add("--dask-n-workers", type=int, metavar="N", help="workers of Dask on this machine (threads of this process)")
    add("--dask-threads-per-worker", type=int, metavar="N", help="threads of each (1)")
    add("--dask-tmp", metavar="FOLDER", help="for what they cannot keep in memory")
    add("--progress-bar", choices=FORMS, default="auto", help="how progress is told (auto)")
    add("--completion-email-address", metavar="ADDRESS", help="who gets a letter at the end")


def _storage(made: argparse.ArgumentParser, *sides: str) -> None:
    for side in sides:
        made.add_argument(
            f"--{side}-storage-options", metavar="JSON", help=f"for object storage of the {side}: JSON, or a file of it"
        )


def _flag(made: argparse.ArgumentParser, option: str, words: str) -> None:
    """An option without a value, ``--no-…`` for no; what is not given stays None: the arguments decide."""
    name = option.removeprefix("--")
    yes = not name.startswith("no-")
    made.add_argument(
        option, dest=name.removeprefix("no-").replace("-", "_"), action="store_const", const=yes, help=words
    )
