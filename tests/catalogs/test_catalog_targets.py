"""Tables of places: what is a radius, what a name, and how many there may be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.table import Table

from armillary.catalogs.targets import MOST_TARGETS, read_targets
from armillary.errors import FileError


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "targets"
    path.write_text(text)
    return path


def test_positions_names_and_radii_of_csv(tmp_path: Path) -> None:
    found = read_targets(written(tmp_path, "name,ra,dec,radius\nM 31,10.68,41.27,0.5\n,0,0,0\nx,1,95,2\n"))
    np.testing.assert_array_equal(found.ra_deg, [10.68, 0, np.nan])
    np.testing.assert_array_equal(found.dec_deg, [41.27, 0, np.nan])
    assert found.radius_deg is not None
    np.testing.assert_array_equal(found.radius_deg, [0.5, np.nan, 2])
    assert found.labels == ("M 31", "2", "x")
    assert len(found) == 3


@pytest.mark.parametrize("name", ["targets.fits", "targets.vot", "targets.ecsv", "targets.csv"])
def test_every_format(tmp_path: Path, name: str) -> None:
    table = Table({"ra": [1.0, 2.0], "dec": [3.0, 4.0], "radius_arcmin": [6.0, 3.0]})
    table.write(tmp_path / name, format={"vot": "votable"}.get(name.split(".")[1]))
    found = read_targets(tmp_path / name)
    np.testing.assert_allclose(found.ra_deg, [1, 2])
    assert found.radius_deg is not None
    np.testing.assert_allclose(found.radius_deg, [0.1, 0.05])
    assert found.labels == ("1", "2")


def test_units_of_a_column_count(tmp_path: Path) -> None:
    table = Table({"ra": [1.0], "dec": [3.0], "radius": [30.0]}, units={"radius": "arcsec"})
    table.write(tmp_path / "t.fits")
    found = read_targets(tmp_path / "t.fits")
    assert found.radius_deg is not None
    assert found.radius_deg[0] == pytest.approx(30 / 3600)


def test_without_radius(tmp_path: Path) -> None:
    assert read_targets(written(tmp_path, "ra,dec\n1,2\n")).radius_deg is None


@pytest.mark.parametrize("text", ["ra,dec\n", "a,b\nx,y\n", "", "\0\0\0"])
def test_what_is_no_table_of_places(tmp_path: Path, text: str) -> None:
    with pytest.raises(FileError):
        read_targets(written(tmp_path, text))


def test_too_many_rows(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="at most 100,000"):
        read_targets(written(tmp_path, "ra,dec\n" + "1,2\n" * (MOST_TARGETS + 1)))


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><VOTABLE>&b;</VOTABLE>'
    with pytest.raises(FileError, match="DOCTYPE"):
        read_targets(written(tmp_path, bomb))
