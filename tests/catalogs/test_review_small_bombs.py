"""Short files that mean very much: what strangers send as tables of positions is refused before it takes memory."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest_memory import refusal

from armillary.catalogs.formats import votable
from armillary.catalogs.limits import Limits
from armillary.catalogs.reading import read_catalog
from armillary.catalogs.targets import read_targets
from armillary.errors import FileError, UnsupportedFileError

HEAD = (
    '<VOTABLE version="1.4"><RESOURCE><TABLE><FIELD name="ra" datatype="double"/><FIELD name="dec" datatype="double"/>'
)
END = "</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"


def fields(count: int) -> str:
    return "".join(f'<FIELD name="c{k}" datatype="double"/>' for k in range(count))


def refused(path: Path, said: str) -> int:
    """See that a table is refused; the most memory that this took, in bytes, of Python's own."""
    kind, text, peak = refusal(read_targets, path)
    assert kind is not None
    assert issubclass(kind, FileError)
    assert said in text
    return peak


def test_rows_without_cells_of_a_wide_votable(tmp_path: Path) -> None:
    path = tmp_path / "wide"
    path.write_text(f"{HEAD}{fields(9000)}<DATA><TABLEDATA>{'<TR/>' * 20_000}{END}")
    assert refused(path, "at most 16,000,000 values") < 150 << 20


def test_a_key_of_the_last_source_is_a_column_of_all_rows(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    last = ",".join(f'"c{k}":1' for k in range(9000))
    path.write_text(f'[{"{},".replace("{}", chr(123) + chr(125)) * 90_000}{{"ra":1,"dec":2,{last}}}]')
    assert refused(path, "at most 16,000,000 values") < 300 << 20


def test_brackets_that_decompress(tmp_path: Path) -> None:
    path = tmp_path / "brackets"
    path.write_bytes(gzip.compress(b"[" + b"[]," * (10 << 20) + b"[]]"))
    assert refused(path, "too large") < 100 << 20


def test_one_endless_cell(tmp_path: Path) -> None:
    path = tmp_path / "cell"
    path.write_bytes(gzip.compress(f"{HEAD}<DATA><TABLEDATA><TR><TD>".encode() + b"1" * (40 << 20)))
    assert refused(path, "a cell of its table is too large") < 100 << 20


def test_wide_tables_are_whole_where_few_rows_wait_at_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(votable, "CELLS_AT_ONCE", 10)
    path = tmp_path / "some.xml"
    rows = "".join(f"<TR><TD>{k}</TD><TD>1</TD><TD/><TD>{k}</TD></TR>" for k in range(25))
    path.write_text(f"{HEAD}{fields(2)}<DATA><TABLEDATA>{rows}{END}")
    catalog = read_catalog(path)
    assert catalog.ra.tolist() == list(range(25))
    assert catalog.table.column("c1").to_pylist() == list(range(25))


def test_cells_are_counted() -> None:
    limits = Limits(cells=12)
    limits.check_cells("t", 4, 3)
    with pytest.raises(UnsupportedFileError, match="5 rows of 3 columns; at most 12 values"):
        limits.check_cells("t", 5, 3)


def test_labels_begin_long_names(tmp_path: Path) -> None:
    """A thousand names of ten thousand letters would be looked at letter by letter."""
    path = tmp_path / "names"
    path.write_bytes(gzip.compress(b"ra,dec,name\n" + b"1,2,%s\n" % (b"x" * 10_000) * 1000))
    assert set(read_targets(path).labels) == {"x" * 120}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
def test_parquet_is_not_taken_from_strangers(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / "t"
    pq.write_table(pa.table({"ra": [1.0], "dec": [2.0]}), path)
    assert read_catalog(path).count == 1
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(UnsupportedFileError, match="send one of csv, tsv, ecsv, votable, fits, json"):
        read_targets(path)


ECSV = "# %ECSV 1.0\n# ---\n"
PLAIN = "# datatype:\n# - {name: ra, datatype: float64}\n# - {name: dec, datatype: float64}\n"
ROW = "ra dec\n1 2\n"


def nested(first: str, form: str) -> str:
    """Nine names, each of nine of the one before: a few hundred letters that mean billions."""
    levels = [f"a0: &a0 {first}"]
    levels += [f"a{k}: &a{k} {form.replace('*', ','.join([f'*a{k - 1}'] * 9))}" for k in range(1, 9)]
    return f"# meta: {{{', '.join(levels)}}}\n"


@pytest.mark.parametrize(
    "header",
    [
        f"# meta: {'[' * 50_000}\n",
        f"# meta:\n# {'- ' * 100_000}x\n",
        nested("{x: 1}", "{<<: [*]}") + PLAIN,
    ],
    ids=["flow", "block", "merged"],
)
def test_headers_that_would_end_the_process(tmp_path: Path, header: str) -> None:
    path = tmp_path / "t.ecsv"
    path.write_text(ECSV + header + ROW)
    with pytest.raises(FileError, match="ECSV header cannot be read"):
        read_catalog(path)


def test_a_unit_without_end_is_none(tmp_path: Path) -> None:
    path = tmp_path / "t.ecsv"
    fields = PLAIN.replace("{name: ra,", "{name: ra, unit: *a8,")
    path.write_text(ECSV + nested("[x, x]", "[*]") + fields + ROW)
    assert read_catalog(path).ra.tolist() == [1.0]


def test_headers_may_be_deep_as_far_as_they_are_sensible(tmp_path: Path) -> None:
    path = tmp_path / "t.ecsv"
    path.write_text(f"{ECSV}# meta: {'[' * 40}{']' * 40}\n{PLAIN}{ROW}")
    assert read_catalog(path).ra.tolist() == [1.0]
