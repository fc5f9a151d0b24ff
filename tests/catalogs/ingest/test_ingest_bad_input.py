"""Bad input among good: named, counted, stopped at or left out; and tables as strange as they come."""

from __future__ import annotations

import gzip
import io
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from pyarrow import csv, parquet

from armillary.catalogs.engine.progress import Progress
from armillary.catalogs.hats import names
from armillary.catalogs.hats.properties import read_properties
from armillary.catalogs.hats.reading import read_columns
from armillary.catalogs.ingest.arguments import ImportArguments
from armillary.catalogs.ingest.run import import_catalog
from armillary.errors import ArmillaryError, CorruptFileError, FileError, ParameterError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from armillary.catalogs.hats.catalog import HatsCatalog

Sky = Any


def imported(inputs: list[Any], output: Path, name: str = "made", **words: Any) -> HatsCatalog:
    words = {"pixel_threshold": 400, "highest_healpix_order": 6, **words}
    progress = words.pop("progress", None)
    arguments = ImportArguments(input_paths=inputs, output_path=output, output_artifact_name=name, **words)
    return import_catalog(arguments, progress=progress)


def rows_of(catalog: HatsCatalog) -> pa.Table:
    return pa.concat_tables([read_columns(catalog, pixel, None) for pixel in catalog.partitions])


def valid(catalog: HatsCatalog) -> bool:
    validation = pytest.importorskip("hats.io.validation")
    return bool(validation.is_valid_catalog(catalog.folder.address, strict=True, verbose=False))


def table_of(rows: int, **columns: Any) -> pa.Table:
    ra, dec = np.linspace(0, 359, rows), np.linspace(-89, 89, rows)
    return pa.table({"id": np.arange(rows), "ra": ra, "dec": dec, **columns})


def bad_file(kind: str, folder: Path) -> Path:
    good = io.BytesIO()
    parquet.write_table(table_of(500), good)
    text = io.BytesIO()
    csv.write_csv(table_of(500), text)
    packed = gzip.compress(text.getvalue())
    made: dict[str, tuple[str, bytes]] = {
        "empty": ("empty.csv", b""),
        "truncated-parquet": ("broken.parquet", good.getvalue()[:-20]),
        "damaged-parquet": ("broken.parquet", good.getvalue()[:200] + b"\xff" * 400 + good.getvalue()[600:]),
        "truncated-gzip": ("broken.csv.gz", packed[: len(packed) // 2]),
        "binary": ("noise.csv", bytes(range(256)) * 20),
        "no-positions": ("plain.csv", b"a,b\n1,2\n"),
        "votable": ("broken.vot", b"<?xml version='1.0'?><VOTABLE><RESOURCE><TABLE><FIELD"),
        "lines": ("lines.csv", b"id,ra,dec\n1,2,3\n4,5\n6,7,8,9\n"),
        "text-id": ("typed.parquet", b""),
        "reserved": ("reserved.parquet", b""),
        "twice": ("twice.parquet", b""),
    }
    name, data = made[kind]
    path = folder / name
    path.write_bytes(data)
    if kind == "text-id":
        parquet.write_table(table_of(5).set_column(0, "id", [list("abcde")]), path)
    if kind == "reserved":
        parquet.write_table(table_of(5, Npix=range(5)), path)
    if kind == "twice":
        parquet.write_table(pa.table([[1], [2.0], [3.0], [4.0]], names=["id", "ra", "dec", "ra"]), path)
    return path


KINDS = (
    "empty", "truncated-parquet", "damaged-parquet", "truncated-gzip", "binary", "no-positions", "votable", "text-id",
    "reserved", "twice",
)  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "first"),
    [(kind, first) for kind in KINDS for first in (True, False) if not (first and kind == "text-id")],
    ids=lambda value: {True: "first", False: "last"}.get(value, value),
)
def test_a_bad_file_among_good_ones(kind: str, first: bool, tmp_path: Path) -> None:
    parquet.write_table(table_of(1000), tmp_path / "good.parquet")
    bad = bad_file(kind, tmp_path)
    inputs = [bad, tmp_path / "good.parquet"] if first else [tmp_path / "good.parquet", bad]
    with pytest.raises(FileError, match=bad.name) as caught:
        imported(inputs, tmp_path)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    out = io.StringIO()
    catalog = imported(inputs, tmp_path, "skipped", on_error="skip", progress=Progress("plain", out=out))
    assert f"left out: {bad.name}: " in out.getvalue()
    assert (catalog.rows, len(rows_of(catalog))) == (1000, 1000)
    words = read_properties("p", catalog.folder.read(names.PROPERTIES))
    assert words["armillary_inputs_left_out"] == "1"
    assert valid(catalog)


def test_a_file_that_breaks_off_late_is_left_out_whole(tmp_path: Path) -> None:
    text = io.BytesIO()
    csv.write_csv(table_of(3000), text)
    packed = gzip.compress(text.getvalue(), 1)
    (tmp_path / "b.csv.gz").write_bytes(packed[:-5000])
    csv.write_csv(table_of(100), tmp_path / "a.csv")
    with pytest.raises(FileError, match=r"b\.csv\.gz"):
        imported([tmp_path / "a.csv", tmp_path / "b.csv.gz"], tmp_path, piece_bytes=10_000)
    catalog = imported(
        [tmp_path / "a.csv", tmp_path / "b.csv.gz"], tmp_path, "skipped", piece_bytes=10_000, on_error="skip"
    )
    assert len(rows_of(catalog)) == 100


def test_lines_with_another_number_of_columns(tmp_path: Path) -> None:
    path = bad_file("lines", tmp_path)
    with pytest.raises(CorruptFileError, match=r"lines\.csv.*2 of its lines do not have 3 columns"):
        imported([path], tmp_path)
    out = io.StringIO()
    catalog = imported([path], tmp_path, "skipped", on_error="skip", progress=Progress("plain", out=out))
    assert "lines.csv: 2 of its lines" in out.getvalue()
    assert rows_of(catalog)["id"].to_pylist() == [1]


def test_there_has_to_be_something_to_import(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for inputs in ([tmp_path / "gone.csv"], [tmp_path / "empty"], [tmp_path / "*.parquet"]):
        with pytest.raises(UsageError, match="there is no table there"):
            imported(inputs, tmp_path)
    (tmp_path / "a.csv").write_text("id,ra,dec\n")
    with pytest.raises(UsageError, match="no row"):
        imported([tmp_path / "a.csv"], tmp_path)
    (tmp_path / "b.csv").write_text("id,ra,dec\n1,nan,0\n")
    with pytest.raises(UsageError, match="None of the rows"):
        imported([tmp_path / "b.csv"], tmp_path, "other")
    with pytest.raises(UsageError, match="None of the inputs"):
        imported([bad_file("binary", tmp_path)], tmp_path, "third", on_error="skip")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"pixel_threshold": 0}, "pixel_threshold"),
        ({"byte_pixel_threshold": -1}, "byte_pixel_threshold"),
        ({"highest_healpix_order": 15}, "highest_healpix_order"),
        ({"lowest_healpix_order": 7}, "lowest_healpix_order"),
        ({"constant_healpix_order": -1}, "constant_healpix_order"),
        ({"on_error": "ignore"}, "on_error"),
        ({"frame": "horizon"}, "frame"),
        ({"ra_column": "ra"}, "both ra_column and dec_column"),
        ({"name": "../x"}, "output_artifact_name"),
        ({"ra_column": "alpha", "dec_column": "delta"}, "alpha"),
        ({"sort_columns": ["mag"]}, "sort_columns"),
        ({"expected_total_rows": 11}, "11 rows were expected, and there are 10"),
        ({"columns": ["mag"]}, "mag"),
        ({"column_names": ["a", "b"]}, "2 names are given"),
        ({"margin_threshold": 0.0}, "margin_threshold"),
        ({"margin_threshold": float("nan")}, "margin_threshold"),
        ({"margin_order": 3}, "margin_order needs margin_threshold"),
        ({"delimiter": "||"}, "delimiter: '\\|\\|' is more than one character"),
        ({"ra_column": "ra", "dec_column": "ra"}, "dec_column: is 'ra' as ra_column is"),
        ({"addl_hats_properties": {"hats_nrows": 7}}, "hats_nrows: the catalog says that of itself"),
        ({"skymap_alt_orders": [2, 99]}, "skymap_alt_orders: 99"),
        ({"sort_columns": "id"}, "sort_columns: is a text"),
    ],
    ids=range(22),
)
def test_arguments_that_make_no_sense(words: dict[str, Any], message: str, tmp_path: Path) -> None:
    csv.write_csv(table_of(10), tmp_path / "a.csv")
    with pytest.raises(ArmillaryError, match=message):
        imported([tmp_path / "a.csv"], tmp_path, **words)
    assert not (tmp_path / "made" / names.PROPERTIES).exists()


def test_a_crowded_pixel_stays_whole_and_says_so(tmp_path: Path) -> None:
    parquet.write_table(pa.table({"ra": np.full(1000, 10.0), "dec": np.full(1000, 20.0)}), tmp_path / "a.parquet")
    out = io.StringIO()
    catalog = imported([tmp_path / "a.parquet"], tmp_path, progress=Progress("plain", out=out))
    assert "1 pixels of order 6 hold more than 400 rows" in out.getvalue()
    assert (catalog.rows, catalog.partitions[0].order) == (1000, 6)
    assert valid(catalog)


@pytest.mark.parametrize("memory", [0, 1 << 30], ids=["files", "memory"])
def test_types_drift_between_files_of_text(memory: int, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,ra,dec,x,y,z\n1,1,1,5,,7\n2,1,1,6,,8\n")
    (tmp_path / "b.csv").write_text("id,ra,dec,x,y,w\n3,2,2,A5,1.5,true\n4,2,2,,2.5,false\n")
    (tmp_path / "c.csv").write_text("ra,dec,id,x\n3,3,5,1.0\n")
    catalog = imported([tmp_path], tmp_path.parent, tmp_path.name + "-made", memory_bytes=memory, piece_bytes=60)
    found = rows_of(catalog).sort_by("id").drop_columns([names.INDEX_COLUMN])
    assert found.schema.names == ["id", "ra", "dec", "x", "y", "z", "w"]
    assert found["id"].to_pylist() == [1, 2, 3, 4, 5]
    assert found["x"].to_pylist() == ["5", "6", "A5", None, "1.0"]
    assert found["y"].to_pylist() == [None, None, 1.5, 2.5, None]
    assert found["z"].to_pylist() == [7, 8, None, None, None]
    assert found["w"].to_pylist() == [None, None, True, False, None]
    assert valid(catalog)


def test_types_drift_within_a_file_of_text(tmp_path: Path) -> None:
    lines = [f"{k},{k % 360},{k % 90},{k if k < 900 else f'x{k}'},{k}{'.5' if k > 500 else ''}" for k in range(1000)]
    (tmp_path / "a.csv").write_text("id,ra,dec,x,y\n" + "\n".join(lines))
    catalog = imported([tmp_path / "a.csv"], tmp_path, piece_bytes=2000)
    found = rows_of(catalog).sort_by("id")
    assert found["x"].to_pylist() == [str(k) if k < 900 else f"x{k}" for k in range(1000)]
    assert found["y"].to_pylist() == [k + (0.5 if k > 500 else 0.0) for k in range(1000)]


def test_large_integers_are_never_rounded(tmp_path: Path) -> None:
    wide = (1 << 53) + 1
    (tmp_path / "a.csv").write_text(f"id,ra,dec\n{wide},1,1\n{wide + 1},1,1\n,1,1\n")
    catalog = imported([tmp_path / "a.csv"], tmp_path)
    assert sorted(value or 0 for value in rows_of(catalog)["id"].to_pylist()) == [0, wide, wide + 1]
    parquet.write_table(pa.table({"id": [0.5], "ra": [1.0], "dec": [1.0]}), tmp_path / "b.parquet")
    with pytest.raises(CorruptFileError, match=r"b\.parquet.*'id' holds double, which does not fit int64"):
        imported([tmp_path / "a.csv", tmp_path / "b.parquet"], tmp_path, "both")


def test_integers_without_a_sign_are_never_rounded(tmp_path: Path) -> None:
    small, large = (1 << 53) + 1, (1 << 64) - 1
    (tmp_path / "a.csv").write_text(f"id,flux,ra,dec\n{small},1e19,1,1\n{large},2,1,1\n,nan,1,1\n")
    found = rows_of(imported([tmp_path / "a.csv"], tmp_path)).sort_by("id")
    assert found["id"].to_pylist() == [small, large, None]
    assert found["flux"].to_pylist() == [1e19, 2.0, None]
    for name, value, kind in (("b", -1, pa.int64()), ("c", large, pa.uint64()), ("d", 1 << 60, pa.uint64())):
        row = pa.table({"id": pa.array([value], kind), "ra": [1.0], "dec": [1.0]})
        parquet.write_table(row, tmp_path / f"{name}.parquet")
    with pytest.raises(CorruptFileError, match=r"c\.parquet.*'id' holds uint64, which does not fit int64"):
        imported([tmp_path / "b.parquet", tmp_path / "c.parquet"], tmp_path, "both")
    found = rows_of(imported([tmp_path / "b.parquet", tmp_path / "d.parquet"], tmp_path, "fit"))
    assert sorted(found["id"].to_pylist()) == [-1, 1 << 60]


@pytest.mark.parametrize(
    ("unit", "said", "found"),
    [
        ("15deg", None, 157.5),
        ("mrad", None, "a.parquet: column 'ra' is in 'mrad', which is not known"),
        ("mrad", "degrees", 10.5),
        ("", "sexagesimal", "a.parquet: column 'ra' holds numbers, which are not sexagesimal"),
        (None, None, 157.5),
        (None, "degrees", 10.5),
    ],
    ids=range(6),
)
def test_positions_are_in_the_unit_that_is_said(unit: str | None, said: str | None, found: Any, tmp_path: Path) -> None:
    ra, kind = ("10:30:00", pa.string()) if unit is None else (10.5, pa.float64())
    fields = [pa.field("ra", kind, metadata={"unit": unit} if unit else None), pa.field("dec", pa.float64())]
    parquet.write_table(pa.table([[ra], [5.0]], schema=pa.schema(fields)), tmp_path / "a.parquet")
    if isinstance(found, str):
        with pytest.raises(FileError, match=found):
            imported([tmp_path / "a.parquet"], tmp_path, unit=said)
        return
    catalog = imported([tmp_path / "a.parquet"], tmp_path, unit=said)
    assert rows_of(catalog)[catalog.ra_column].to_pylist() == [found]


def test_columns_of_kinds_that_are_not_read_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    texts = np.array([np.array([1.0]), np.array([1.0, 2.0])], dtype=object)
    columns = [fits.Column(name, "D", array=[1.0, 2.0]) for name in ("ra", "dec")]
    columns += [fits.Column("list", "PD()", array=texts), fits.Column("wave", "C", array=[1j, 2j])]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "a.fits")
    assert rows_of(imported([tmp_path / "a.fits"], tmp_path)).schema.names == [names.INDEX_COLUMN, "ra", "dec"]
    assert caplog.messages == ["a.fits: columns of kinds that are not read are left out: list, wave"]


def test_lines_of_ecsv_that_do_not_fit_are_not_lost_silently(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    head = "".join(f"# - {{name: {name}, datatype: float64}}\n" for name in ("ra", "dec"))
    (tmp_path / "a.ecsv").write_text(f"# %ECSV 1.0\n# ---\n# datatype:\n{head}ra dec\n1 2\n3\n4 5\n")
    with pytest.raises(CorruptFileError, match=r"a\.ecsv: 1 lines have another number of columns"):
        imported([tmp_path / "a.ecsv"], tmp_path)
    assert imported([tmp_path / "a.ecsv"], tmp_path, on_error="skip").rows == 2
    assert caplog.messages == ["a.ecsv: 1 lines have another number of columns and are left out"]


def test_dictionaries_and_their_values_fit(tmp_path: Path) -> None:
    bands = (
        pa.array(["g"]).dictionary_encode(),
        pa.array(["r"]),
        pa.array(["i"], pa.dictionary(pa.int8(), pa.string())),
    )
    for number, band in enumerate(bands):
        parquet.write_table(
            pa.table({"ra": [1.0 * number], "dec": [1.0], "band": band}), tmp_path / f"{number}.parquet"
        )
    assert sorted(rows_of(imported([tmp_path], tmp_path.parent, "bands"))["band"].to_pylist()) == ["g", "i", "r"]


def test_text_among_degrees_has_no_place(tmp_path: Path) -> None:
    lines = [f"{k},{k % 360},{k % 90}" if k != 700 else "700,unknown,5" for k in range(1000)]
    (tmp_path / "a.csv").write_text("id,ra,dec\n" + "\n".join(lines))
    catalog = imported([tmp_path / "a.csv"], tmp_path, piece_bytes=2000)
    assert catalog.schema.field("ra").type in {pa.int64(), pa.float64()}
    assert catalog.rows == 999
    assert parquet.read_table(catalog.folder.path(names.BAD_POSITIONS))["id"].to_pylist() == [700]


def test_text_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        '\ufeff# a comment\r\nnomé;ra;dec;nomé;größe\r\n"a;b\r\nc";1.5;2.5;x;1\r\nd;3.5;4.5;"q""";2\r\n'.encode()
    )
    found = rows_of(imported([tmp_path / "a.csv"], tmp_path)).sort_by("ra").drop_columns([names.INDEX_COLUMN])
    assert found.schema.names == ["nomé", "ra", "dec", "nomé-2", "größe"]
    assert [value.replace("\r", "") for value in found["nomé"].to_pylist()] == ["a;b\nc", "d"]
    assert found["nomé-2"].to_pylist() == ["x", 'q"']
    (tmp_path / "b.csv").write_bytes("id,ra,dec,name\n1,1,1,caf\xe9\n".encode("latin-1"))
    assert rows_of(imported([tmp_path / "b.csv"], tmp_path, "b"))["name"].to_pylist() == ["café"]


def test_quoted_breaks_far_into_a_file(tmp_path: Path) -> None:
    rows = [f'{k},{k % 360},{k % 90},"a{chr(10) if k > 400 and k % 50 == 0 else " "}b"' for k in range(1000)]
    (tmp_path / "a.csv").write_text("id,ra,dec,name\n" + "\n".join(rows) + "\n")
    found = rows_of(imported([tmp_path / "a.csv"], tmp_path, piece_bytes=1 << 20)).sort_by("id")
    assert found["name"].to_pylist() == [f"a{chr(10) if k > 400 and k % 50 == 0 else ' '}b" for k in range(1000)]


def test_names_are_given_for_tables_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("# made by hand\n1 10 -10\n2 20 -20\n")
    words = {"column_names": ["n", "ra", "dec"], "delimiter": " "}
    assert rows_of(imported([tmp_path / "a.csv"], tmp_path, **words)).sort_by("n")["ra"].to_pylist() == [10, 20]


def test_only_some_columns(tmp_path: Path, sky: Sky) -> None:
    for name, write in (("a.csv", csv.write_csv), ("a.parquet", parquet.write_table)):
        write(sky(1, 100), tmp_path / name)
        catalog = imported([tmp_path / name], tmp_path / "out", name, columns=["mag"], ra_column="ra", dec_column="dec")
        assert catalog.schema.names == [names.INDEX_COLUMN, "ra", "dec", "mag"]


def test_strange_tables(tmp_path: Path) -> None:
    rows = 300
    table = table_of(
        rows,
        nested=pa.array([[k] * (k % 4) for k in range(rows)], pa.list_(pa.int16())),
        deep=pa.array([[{"a": k, "b": [str(k)]}] if k % 3 else None for k in range(rows)]),
        nothing=pa.nulls(rows),
        nulls=pa.nulls(rows, pa.string()),
        word=pa.array(["a", "b", None] * 100).dictionary_encode(),
        when=pa.array(range(rows), pa.timestamp("us", "UTC")),
        price=pa.array(range(rows), pa.int64()).cast(pa.decimal128(25, 3)),
        half=pa.array(np.arange(rows), pa.float16()),
        raw=pa.array([bytes([k % 256]) for k in range(rows)]),
        large=pa.array([str(k) for k in range(rows)], pa.large_string()),
        u=pa.array([(1 << 64) - 1 - k for k in range(rows)], pa.uint64()),
        **{f"日本 {k}": np.arange(rows, dtype=np.int8) for k in range(3)},
    )
    parquet.write_table(table.slice(0, 100), tmp_path / "a.parquet")
    parquet.write_table(table.slice(100), tmp_path / "b.parquet")
    for memory in (0, 1 << 30):
        catalog = imported([tmp_path], tmp_path.parent, f"{tmp_path.name}-{memory}", memory_bytes=memory, piece_bytes=9)
        found = rows_of(catalog).sort_by("id").drop_columns([names.INDEX_COLUMN])
        assert found.schema.equals(table.schema)
        assert found.to_pylist() == table.to_pylist()
        assert valid(catalog)


def test_two_thousand_columns(tmp_path: Path) -> None:
    table = table_of(50, **{f"c{k}": np.arange(50) + k for k in range(2000)})
    parquet.write_table(table, tmp_path / "a.parquet")
    csv.write_csv(table, tmp_path / "b.csv")
    catalog = imported([tmp_path], tmp_path.parent, f"{tmp_path.name}-made", pixel_threshold=60)
    assert (catalog.rows, len(catalog.schema.names)) == (100, 2004)
    assert rows_of(catalog)["c1999"].to_pylist().count(2000) == 2


def test_pandas_metadata_is_not_carried_over(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.DataFrame({"ra": [1.0, 200.0], "dec": [1.0, 1.0]}, index=[7, 8]).to_parquet(tmp_path / "a.parquet")
    catalog = imported([tmp_path / "a.parquet"], tmp_path, pixel_threshold=1)
    assert catalog.schema.metadata is None
    assert catalog.rows == 2


def test_inputs_on_other_storage(tmp_path: Path, sky: Sky) -> None:
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    memory.store.clear()
    with memory.open("/in/a.csv", "wb") as file:
        csv.write_csv(sky(1, 500), file)
    with memory.open("/in/b.parquet", "wb") as file:
        parquet.write_table(sky(2, 500), file)
    there = imported(["memory://in"], "memory://out", piece_bytes=9000, memory_bytes=0)  # type: ignore[arg-type]
    here = imported(["memory://in/*"], tmp_path, piece_bytes=9000)
    assert (there.rows, here.rows) == (1000, 1000)
    assert rows_of(there).equals(rows_of(here))


def test_a_name_in_other_letters_is_another_column(tmp_path: Path) -> None:
    parquet.write_table(table_of(5).rename_columns(["id", "RA", "DEC"]), tmp_path / "b.parquet")
    parquet.write_table(table_of(5), tmp_path / "a.parquet")
    with pytest.raises(CorruptFileError, match=r"b\.parquet.*no column 'ra', but 'RA'"):
        imported([tmp_path / "a.parquet", tmp_path / "b.parquet"], tmp_path)


def test_parameters_are_named() -> None:
    with pytest.raises(ParameterError):
        ImportArguments(input_paths=["a"], output_path=".", output_artifact_name="")
    with pytest.raises(UsageError, match="nothing to import"):
        ImportArguments(input_paths="a.csv", output_path=".", output_artifact_name="a")
