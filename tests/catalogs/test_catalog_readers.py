"""Every reader passes the conformance suite, and reads what astropy and pyarrow write."""

from __future__ import annotations

import gzip
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits
from astropy.table import MaskedColumn
from astropy.table import Table as AstropyTable
from pyarrow import parquet

from armillary.catalogs.reading import kind_of, looks_like_catalog, read_catalog, read_tables
from armillary.catalogs.table import MemoryTable, Table
from armillary.testing.catalogs import Content, TableConformance


def astropy_table(content: Content) -> AstropyTable:
    made = AstropyTable()
    for name, values in content.items():
        missing = [value is None for value in values]
        fill = "" if name == "name" else 0
        kind = {"name": str, "number": np.int64}.get(name, float)
        made[name] = MaskedColumn(
            np.array([fill if value is None else value for value in values], kind), mask=missing, fill_value=None
        )
    return made


class OneFile(TableConformance):
    suffix = ""
    reads_later = False

    def write(self, path: Path, content: Content) -> None:
        raise NotImplementedError

    def store(self, folder: Path, content: Content) -> Path:
        path, part = folder / f"table{self.suffix}", folder / f"part{self.suffix}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.write(part, content)
        part.replace(path)
        return path

    def open(self, place: Path) -> Table:
        (table,) = read_tables(place)
        return table


class TestMemory(TableConformance):
    reads_later = False

    def store(self, folder: Path, content: Content) -> Path:
        path = folder / "in-memory"
        path.touch()
        kinds = {
            "ra": pa.float64(),
            "dec": pa.float64(),
            "mag": pa.float64(),
            "number": pa.int64(),
            "name": pa.string(),
        }
        self.columns = {name: pa.array(values, kinds[name]) for name, values in content.items()}
        return path

    def open(self, place: Path) -> Table:
        place.stat() if place.exists() else read_tables(place)
        return MemoryTable("memory", self.columns)


class TestJson(OneFile):
    suffix = ".json"

    def write(self, path: Path, content: Content) -> None:
        rows = [dict(zip(content, values, strict=True)) for values in zip(*content.values(), strict=True)]
        for row in rows:
            row["extra"] = {key: row.pop(key) for key in ("mag", "number")}
            row["name"] = row.pop("name")
        path.write_text(json.dumps(rows), encoding="utf-8")

    def test_is_a_table(self, place: Any, content: Content) -> None:
        assert [field.name for field in self.open(place).fields] == ["name", "ra", "dec", "mag", "number"]

    def test_columns_are_those_of_the_content(self, place: Any, content: Content) -> None:
        table = self.open(place)
        for name, values in content.items():
            assert table.column(name).to_pylist() == values

    def test_one_row_and_none(self, tmp_path: Path, content: Content) -> None:
        assert self.open(self.store(tmp_path, {name: values[:1] for name, values in content.items()})).count == 1
        assert self.open(self.store(tmp_path, {name: [] for name in content})).count == 0


class TestCsv(OneFile):
    suffix = ".csv"

    def write(self, path: Path, content: Content) -> None:
        astropy_table(content).write(path, format="ascii.csv")

    def test_one_row_and_none(self, tmp_path: Path, content: Content) -> None:
        table = self.open(self.store(tmp_path, {name: values[:1] for name, values in content.items()}))
        assert (table.count, table.column("ra").to_pylist()) == (1, content["ra"][:1])
        empty = self.open(self.store(tmp_path, {name: [] for name in content}))
        assert (empty.count, len(empty.fields)) == (0, 5)


class TestGzippedTsv(TestCsv):
    suffix = ".tsv.gz"

    def write(self, path: Path, content: Content) -> None:
        astropy_table(content).write(path.with_suffix(""), format="ascii.csv", delimiter="\t", overwrite=True)
        path.write_bytes(gzip.compress(path.with_suffix("").read_bytes()))


class TestEcsv(OneFile):
    suffix = ".ecsv"

    def write(self, path: Path, content: Content) -> None:
        astropy_table(content).write(path, format="ascii.ecsv")


class TestEcsvWithCommas(OneFile):
    suffix = ".ecsv"

    def write(self, path: Path, content: Content) -> None:
        astropy_table(content).write(path, format="ascii.ecsv", delimiter=",")


class TestVoTable(OneFile):
    suffix = ".vot"
    form = "tabledata"

    def write(self, path: Path, content: Content) -> None:
        astropy_table(content).write(path, format="votable", tabledata_format=self.form)


class TestVoTableBinary2(TestVoTable):
    form = "binary2"


class TestVoTableBinary(TestVoTable):
    form = "binary"


class TestParquet(OneFile):
    suffix = ".parquet"
    reads_later = True

    def write(self, path: Path, content: Content) -> None:
        kinds = [pa.float64(), pa.float64(), pa.float64(), pa.int64(), pa.string()]
        columns = [pa.array(values, kind) for values, kind in zip(content.values(), kinds, strict=True)]
        parquet.write_table(pa.table(dict(zip(content, columns, strict=True))), path, row_group_size=128)


class TestGzippedParquet(TestParquet):
    suffix = ".parquet.gz"
    reads_later = False

    def write(self, path: Path, content: Content) -> None:
        super().write(path, content)
        path.write_bytes(gzip.compress(path.read_bytes()))


class TestFits(OneFile):
    suffix = ".fits"
    reads_later = True

    @pytest.fixture
    def content(self) -> Content:
        """FITS text is ASCII."""
        return ascii_content()

    def write(self, path: Path, content: Content) -> None:
        table = astropy_table(content)
        table["mag"] = table["mag"].filled(np.nan)
        table["name"] = table["name"].filled("")
        table.write(path, format="fits")

    def test_one_row_and_none(self, tmp_path: Path, content: Content) -> None:
        table = self.open(self.store(tmp_path, {name: values[:1] for name, values in content.items()}))
        assert (table.count, table.column("ra").to_pylist()) == (1, content["ra"][:1])


class TestGzippedFits(TestFits):
    suffix = ".fits.gz"


class TestFitsAscii(TestFits):
    def write(self, path: Path, content: Content) -> None:
        columns = [
            fits.Column("ra", "D25.17", array=np.array(content["ra"], float)),
            fits.Column("dec", "D25.17", array=np.array(content["dec"], float)),
            fits.Column("mag", "D25.17", array=np.array([np.nan if v is None else v for v in content["mag"]], float)),
            fits.Column("number", "I12", array=np.array(content["number"], np.int64)),
            fits.Column("name", "A80", array=np.array(["" if v is None else v for v in content["name"]], str)),
        ]
        fits.HDUList([fits.PrimaryHDU(), fits.TableHDU.from_columns(columns)]).writeto(path, overwrite=True)


def ascii_content() -> Content:
    rng = np.random.default_rng(9)
    count = 700
    return {
        "ra": rng.uniform(0, 360, count).tolist(),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, count))).tolist(),
        "mag": [None if k % 11 == 3 else round(float(v), 4) for k, v in enumerate(rng.normal(15, 3, count))],
        "number": [int(v) for v in rng.integers(-(2**31), 2**31, count)],
        "name": [None if k % 13 == 5 else f"NGC {k}, 'x'" for k in range(count)],
    }


def test_the_content_decides() -> None:
    assert kind_of(b"SIMPLE  =                    T") == "fits"
    assert kind_of(b"PAR1abc") == "parquet"
    assert kind_of(b'\xef\xbb\xbf<?xml version="1.0"?>') == "votable"
    assert kind_of(b"# %ECSV 1.0\n# ---") == "ecsv"
    assert kind_of(b'\n [{"ra": 1}]') == "json"
    assert kind_of(b"ra,dec\n1,2\n") == "csv"


def test_names_of_catalogs() -> None:
    for name in ("a.csv", "B.CSV.GZ", "c.vot", "d.parquet", "e.ecsv.bz2", "f.json", "g.fits"):
        assert looks_like_catalog(name)
    for name in ("a.txt", "b.png", "c.csv.part", "parquet"):
        assert not looks_like_catalog(name)


def test_hipparcos_as_astropy_reads_it(real_data: Path) -> None:
    path = real_data / "hipparcos_117955_decoded.csv.gz"
    expected = AstropyTable.read(path, format="ascii.csv")
    catalog = read_catalog(path)
    assert [field.name for field in catalog.fields] == expected.colnames
    for name in expected.colnames:
        values = np.ma.filled(np.ma.asarray(expected[name], float), np.nan)
        np.testing.assert_array_equal(catalog.values(catalog.field(name)), values)
    assert catalog.count == len(catalog.index) == 117_955
    assert (catalog.dec.max() > 89, catalog.dec.min() < -89) == (True, True)
    assert (catalog.positions.lon.name, catalog.positions.lat.name) == ("ra", "dec")


def test_gaia_as_astropy_reads_it(real_data: Path) -> None:
    path = real_data / "gaia_data.fits"
    with fits.open(path) as hdus:
        expected = {name: np.array(hdus[1].data[name]) for name in hdus[1].data.names}
    catalog = read_catalog(path)
    assert [field.name for field in catalog.fields] == list(expected)
    for name, values in expected.items():
        found = catalog.column(catalog.field(name)).to_numpy()
        assert found.dtype == values.dtype.newbyteorder("=")
        np.testing.assert_array_equal(found, values)
    assert catalog.field("pmra").unit == "mas yr-1"


def test_two_micron_all_sky_survey_as_astropy_reads_it(real_data: Path) -> None:
    path = real_data / "2MASS_PSC.vot"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = AstropyTable.read(path, format="votable", use_names_over_ids=True)
    catalog = read_catalog(path)
    assert [field.name for field in catalog.fields] == expected.colnames
    assert (catalog.positions.lon.name, catalog.name_field.name) == ("RAJ2000", "2MASS")
    for field in catalog.fields:
        found, column = catalog.column(field).to_pylist(), np.ma.asarray(expected[field.name])
        assert [_word(value) for value in found] == [_word(value) for value in column.tolist()]
    assert [catalog.field(name).unit for name in ("RAJ2000", "Jmag", "errMaj")] == ["deg", "mag", "arcsec"]
    assert catalog.field("Jmag").description == "?(j_m) J selected default magnitude (2)"


def _word(value: Any) -> Any:
    """None for everything that says that a value is missing."""
    if value is None or value is np.ma.masked or (isinstance(value, float) and np.isnan(value)):
        return None
    return (value.strip() or None) if isinstance(value, str) else value


def test_simulated_detections(real_data: Path) -> None:
    catalog = read_catalog(real_data / "small_sky_source.csv")
    expected = AstropyTable.read(real_data / "small_sky_source.csv", format="ascii.csv")
    assert (catalog.positions.lon.name, catalog.positions.lat.name) == ("source_ra", "source_dec")
    np.testing.assert_array_equal(catalog.ra, expected["source_ra"])
    assert catalog.column(catalog.field("band")).to_pylist() == list(expected["band"])
