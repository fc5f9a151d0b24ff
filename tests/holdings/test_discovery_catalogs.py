"""``open`` of catalogs: which files are some, how they are followed, and the sky they are shown on."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import FileError, UnreadableFileError
from armillary.holdings import discover
from armillary.holdings import files as files_module
from armillary.holdings.access import ANONYMOUS, OWNER
from armillary.holdings.catalog_look import check_catalog
from armillary.holdings.discovery import Discovery
from armillary.holdings.names import catalog_stem, looks_like_catalog
from armillary.images.blank import SHAPE, open_blank_sky
from armillary.images.pyramid import Pyramid
from armillary.sky.grid import TileKey

ROWS = {"name": ["a", "b"], "ra": [10.0, 350.0], "dec": [1.0, -2.0]}


def found(*paths: Path | str) -> Discovery:
    made = discover([os.fspath(path) for path in paths], lambda plane, identity: Pyramid(plane, identity=identity))
    made.run()
    return made


def again(made: Discovery) -> None:
    made._last = -1e9
    made.look_again()


def sources(made: Discovery) -> dict[str, str]:
    return {group["source_group_id"]: group["status"] for group in made.holdings.tree(OWNER)["source_groups"]}


def problems(made: Discovery) -> list[str]:
    return [problem.name for problem in made.holdings.problems]


def image(path: Path) -> Path:
    fits.PrimaryHDU(np.ones((4, 5), np.float32)).writeto(path)
    return path


def zipped(content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("table", content)
    return sink.getvalue()


PACKINGS = {".gz": gzip.compress, ".xz": lzma.compress, ".zip": zipped}


def write(path: Path, rows: dict[str, Any] | None = None) -> Path:
    """A catalog in the format of its suffix."""
    table = Table(rows or ROWS)
    kinds = {".csv": "ascii.csv", ".tsv": "ascii.tab", ".ecsv": "ascii.ecsv", ".fits": "fits"}
    kinds |= {".vot": "votable", ".votable": "votable", ".xml": "votable"}
    packing = path.suffix if path.suffix in PACKINGS else ""
    name = path.name.removesuffix(packing)
    suffix = name[name.rindex(".") :]
    plain = path.with_name(name)
    if suffix == ".json":
        rows_of = [dict(zip(table.colnames, row, strict=True)) for row in table.as_array().tolist()]
        plain.write_text(json.dumps([row | {"extra": {"mag": 3.5}} for row in rows_of]))
    elif suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.table({name: table[name].tolist() for name in table.colnames}), plain)
    else:
        table.write(plain, format=kinds[suffix], overwrite=True)
    if path != plain:
        path.write_bytes(PACKINGS[packing](plain.read_bytes()))
        plain.unlink()
    return path


SUFFIXES = [".csv", ".tsv", ".ecsv", ".vot", ".votable", ".xml", ".parquet", ".json", ".fits"]


@pytest.mark.parametrize(
    "suffix", [*SUFFIXES, ".csv.gz", ".json.gz", ".vot.gz", ".fits.gz", ".csv.xz", ".parquet.xz", ".vot.zip"]
)
@pytest.mark.parametrize("named", [True, False], ids=["named", "folder"])
def test_every_format_is_offered(tmp_path: Path, suffix: str, named: bool) -> None:
    path = write(tmp_path / f"my stars{suffix}")
    made = found(path if named else tmp_path)
    assert sources(made) == {"my_stars": "ready"}
    assert problems(made) == []
    group = made.holdings.source_group("my_stars", OWNER)
    assert (group.name, group.file.count) == ("my stars", None)
    catalog, _ = group.file.current()
    assert catalog.ra.tolist() == [10.0, 350.0]
    again(made)
    assert made.holdings.tree(OWNER)["source_groups"][0]["count"] == 2


def test_a_catalog_alone_has_a_sky_to_be_shown_on(tmp_path: Path) -> None:
    made = found(write(tmp_path / "stars.csv"))
    assert made.first_layer.is_set()
    (group,) = made.holdings.tree(ANONYMOUS)["map_groups"]
    assert [layer["layer_id"] for layer in group["maps"][0]["bands"][0]["layers"]] == ["Sky"]
    layer = made.holdings.layer("Sky", ANONYMOUS)
    assert layer.version == layer.version
    wcs = layer.pyramid().plane.wcs
    assert wcs is not None
    assert (wcs.frame.name if hasattr(wcs.frame, "name") else str(wcs.frame)).lower() == "icrs"


def test_the_empty_sky_goes_when_an_image_comes(tmp_path: Path) -> None:
    write(tmp_path / "stars.csv")
    made = found(tmp_path)
    assert list(made.holdings.layer_ids()) == ["Sky"]
    image(tmp_path / "a.fits")
    again(made)
    assert list(made.holdings.layer_ids()) == ["a"]


def test_the_empty_sky_is_empty_everywhere() -> None:
    _, opened = open_blank_sky()
    plane = opened.stacks[0].plane()
    pyramid = Pyramid(plane, tile_size=512, identity="blank")
    last = pyramid.grid.levels - 1
    for key in (TileKey(0, 0, 0), TileKey(last, 0, 0), TileKey(last, 3, 5)):
        assert np.isnan(pyramid.tile(key).pixels).all()
    x, y = (SHAPE[1] - 1) / 2, (SHAPE[0] - 1) / 2
    assert plane.wcs is not None
    assert pyramid.value(x, y) is None
    assert plane.window(type("W", (), {"x0": 0, "x1": 3, "y0": 0, "y1": 2})()).shape == (2, 3)


def test_images_alone_have_no_empty_sky(tmp_path: Path) -> None:
    made = found(image(tmp_path / "a.fits"), write(tmp_path / "stars.csv"))
    assert list(made.holdings.layer_ids()) == ["a"]
    assert sources(made) == {"stars": "ready"}


NEITHER = {
    "notes.csv": "time,flux\n1,2\n",
    "settings.json": '{"colour": "red"}',
    "holdings.json": '{"map_groups": [], "source_groups": [{"name": "x", "sources": [{"ra": 1, "dec": 2}]}]}',
    "page.xml": "<html><body/></html>",
    "half.xml": "<VOTABLE",
    "empty.csv": "",
    "list.json": "[1, 2, 3]",
    "noise.parquet": "PAR1 is not enough",
    "table.vot": '<VOTABLE><RESOURCE><TABLE><FIELD name="x" datatype="int"/></TABLE></RESOURCE></VOTABLE>',
}


@pytest.mark.parametrize("name", NEITHER)
def test_what_is_no_catalog_is_passed_over_in_folders_and_told_when_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(NEITHER[name])
    image(tmp_path / "a.fits")
    passed = found(tmp_path)
    assert (sources(passed), problems(passed)) == ({}, [])
    told = found(tmp_path / name)
    assert (sources(told), problems(told)) == ({}, [name])
    assert not told.first_layer.is_set()
    assert str(tmp_path) not in told.holdings.problems[0].message


def test_a_configuration_is_sent_to_serve(tmp_path: Path) -> None:
    (tmp_path / "h.json").write_text(NEITHER["holdings.json"])
    assert "armillary serve" in found(tmp_path / "h.json").holdings.problems[0].message


def test_text_of_another_suffix_is_a_catalog_when_named(tmp_path: Path) -> None:
    (tmp_path / "stars.txt").write_text("ra,dec\n1,2\n3,4\n")
    (tmp_path / "letter.txt").write_text("Dear reader, this is no table.\n")
    made = found(tmp_path / "stars.txt", tmp_path / "letter.txt")
    assert list(sources(made).values()) == ["ready"]
    assert problems(made) == ["letter.txt"]
    assert sources(found(tmp_path)) == {}


def test_tables_without_positions_and_files_with_images_are_no_catalogs(tmp_path: Path) -> None:
    write(tmp_path / "plain.fits", {"x": [1.0], "y": [2.0]})
    both = fits.HDUList([fits.PrimaryHDU(np.ones((3, 3))), fits.BinTableHDU(Table(ROWS))])
    both.writeto(tmp_path / "both.fits")
    made = found(tmp_path)
    assert (sources(made), problems(made)) == ({}, ["plain.fits"])
    assert list(made.holdings.layer_ids()) == ["both"]


def test_a_fits_table_is_opened_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    plain = files_module.open_file

    def opener(path: str) -> Any:
        opened.append(path)
        return plain(path)

    path = write(tmp_path / "stars.fits")
    made = discover([os.fspath(path)], lambda *_: None, opener=opener)  # type: ignore[arg-type, return-value]
    made.run()
    again(made)
    again(made)
    assert (sources(made), opened) == ({"stars": "ready"}, [os.fspath(path)])


def test_nothing_is_read_to_offer_a_catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_args: Any, **_more: Any) -> None:
        raise AssertionError("read")

    monkeypatch.setattr("armillary.catalogs.reading.read_catalog", never)
    for suffix in SUFFIXES:
        write(tmp_path / f"stars{suffix.replace('.', '_')}{suffix}")
    assert len(sources(found(tmp_path))) == len(SUFFIXES)


@pytest.mark.parametrize("suffix", [".csv", ".fits"])
def test_a_catalog_is_followed(tmp_path: Path, suffix: str) -> None:
    path = write(tmp_path / f"stars{suffix}")
    image(tmp_path / "a.fits")
    made = found(tmp_path)
    group = made.holdings.source_group("stars", OWNER)
    assert group.file.current()[0].count == 2
    hidden = tmp_path / "hidden"
    path.rename(hidden)
    again(made)
    assert (sources(made), problems(made)) == ({"stars": "unavailable"}, [path.name])
    hidden.rename(path)
    again(made)
    assert (sources(made), problems(made)) == ({"stars": "ready"}, [])
    assert made.holdings.source_group("stars", OWNER) is group
    part = write(tmp_path / f"part{suffix}", {"ra": [1.0, 2.0, 3.0], "dec": [1.0, 2.0, 3.0]})
    os.replace(part, path)
    again(made)
    assert group.file.current()[0].count == 3
    assert sources(made) == {"stars": "ready"}
    write(tmp_path / f"new{suffix}")
    again(made)
    assert set(sources(made)) == {"stars", "new"}


def test_a_table_that_becomes_an_image_is_one(tmp_path: Path) -> None:
    path = write(tmp_path / "a.fits")
    made = found(tmp_path)
    assert list(sources(made)) == ["a"]
    os.replace(image(tmp_path / "part"), path)
    again(made)
    assert (sources(made), list(made.holdings.layer_ids()), problems(made)) == ({}, ["a"], [])


def test_a_fault_that_reading_finds_is_told(tmp_path: Path) -> None:
    path = tmp_path / "stars.json"
    path.write_text('[{"ra": 1, "dec": 2}, {"ra": ')
    made = found(path)
    group = made.holdings.source_group("stars", OWNER)
    with pytest.raises(FileError):
        group.file.current()
    again(made)
    assert (sources(made), problems(made)) == ({"stars": "unavailable"}, ["stars.json"])
    write(path)
    again(made)
    assert (sources(made), problems(made)) == ({"stars": "ready"}, [])


def test_names_that_repeat_get_numbers(tmp_path: Path) -> None:
    for suffix in (".csv", ".vot", ".json"):
        write(tmp_path / f"stars{suffix}")
    assert list(sources(found(tmp_path))) == ["stars", "stars-2", "stars-3"]


def test_a_named_catalog_that_is_not_there_is_told(tmp_path: Path) -> None:
    made = found(tmp_path / "gone.csv")
    assert problems(made) == ["gone.csv"]
    assert not made.first_layer.is_set()


@pytest.mark.parametrize(
    ("name", "stem", "catalog"),
    [
        ("stars.csv", "stars", True),
        ("stars.CSV.GZ", "stars", True),
        ("a.b.ecsv.zst", "a.b", True),
        ("stars.csv.xz", "stars", True),
        ("stars.vot.zip", "stars", True),
        ("stars.zip", "stars", False),
        ("stars.fits", "stars", False),
        (".csv", ".csv", True),
        ("stars.txt", "stars.txt", False),
        ("csv", "csv", False),
    ],
)
def test_names_of_catalogs(name: str, stem: str, catalog: bool) -> None:
    assert catalog_stem(name) == stem
    assert looks_like_catalog(name) is catalog


HEADS = [
    b"",
    b"<?xml?>",
    b"[",
    b'{"sources": [',
    b"ra,dec\n",
    b"PAR1",
    b"# %ECSV 1.0\n",
    b"BZh9",
    b"\x1f\x8b\x08",
    b"\xfd7zXZ\0",
    b"PK\x03\x04",
]


@given(st.sampled_from(HEADS), st.binary(max_size=300))
def test_any_bytes_are_a_catalog_or_refused(tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bytes.csv"
    path.write_bytes(head + rest)
    refused: list[FileError] = []
    try:
        check_catalog(os.fspath(path))
    except FileError as error:
        refused.append(error)
    assert all(error.name == path.name and not isinstance(error, UnreadableFileError) for error in refused)


def test_real_catalogs_are_offered(real_data: Path) -> None:
    made = found(real_data)
    assert set(sources(made)) == {"gaia_data", "2MASS_PSC", "hipparcos_117955_decoded", "small_sky_source"}
    assert problems(made) == []
