"""Sky maps in the forms that there are: ours, those of mocpy, of healpy, rings, and damaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import healpy
import numpy as np
import pytest
from astropy.io import fits

from armillary.catalogs.hats.pixels import Partitions
from armillary.catalogs.hats.skymaps import write_skymap
from armillary.catalogs.viewing import sky_maps
from armillary.catalogs.viewing.sky_maps import SkyMap
from armillary.errors import CorruptFileError

ORDER = 4
PIXELS = 12 << (2 * ORDER)
MIXED = Partitions([(0, k) for k in range(11)] + [(1, 44), (1, 45), (1, 46), (2, 188), (2, 189), (2, 190), (2, 191)])


def numbers() -> np.ndarray:
    return np.random.default_rng(4).poisson(3.0, PIXELS).astype(np.int64)


def by_healpy(path: Path, **words: Any) -> None:
    healpy.write_map(str(path), numbers().astype(np.float64), nest=True, coord="C", dtype=np.float64, **words)


def by_healpy_in_rings(path: Path) -> None:
    healpy.write_map(str(path), healpy.reorder(numbers().astype(np.float32), n2r=True), coord="C", dtype=np.float32)


def by_mocpy(path: Path) -> None:
    pytest.importorskip("hats")
    from hats.io import file_io

    file_io.write_fits_image(numbers(), path)


def by_us(path: Path) -> None:
    from armillary.catalogs.hats.folder import Folder

    full = np.flatnonzero(numbers())
    write_skymap(Folder(path.parent), full, numbers()[full], ORDER, path.name)


WRITERS = {
    "healpy": by_healpy,
    "healpy, part of the sky": lambda path: by_healpy(path, partial=True),
    "healpy, rings": by_healpy_in_rings,
    "mocpy": by_mocpy,
    "ours": by_us,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("block", [1, 700, 1 << 19])
def test_maps_are_read_as_they_were_written(
    tmp_path: Path, kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sky_maps, "BLOCK_VALUES", block)
    WRITERS[kind](tmp_path / "skymap.fits")
    counts = SkyMap(str(tmp_path / "skymap.fits")).counts(MIXED)
    np.testing.assert_array_equal(counts.levels[ORDER], numbers())
    for order in range(ORDER):
        np.testing.assert_array_equal(counts.levels[order], numbers().reshape(12 << (2 * order), -1).sum(axis=1))
    assert counts.total == numbers().sum()
    shift = 2 * (29 - ORDER)
    expected = [
        numbers()[start >> shift : stop >> shift].sum() for start, stop in zip(MIXED.start, MIXED.stop, strict=True)
    ]
    assert counts.of_partitions is not None
    assert counts.of_partitions.tolist() == expected


def test_a_map_that_is_coarser_than_partitions_counts_none(tmp_path: Path) -> None:
    by_us(tmp_path / "skymap.fits")
    assert SkyMap(str(tmp_path / "skymap.fits")).counts(Partitions([(5, 3)])).of_partitions is None


def test_finer_maps_are_added_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sky_maps, "KEPT_ORDER", 2)
    by_us(tmp_path / "skymap.fits")
    counts = SkyMap(str(tmp_path / "skymap.fits")).counts(MIXED)
    assert counts.order == 2
    np.testing.assert_array_equal(counts.levels[2], numbers().reshape(192, -1).sum(axis=1))


CARDS = {
    "galactic": {"COORDSYS": "G"},
    "no power of two": {"NSIDE": 12},
    "no order": {"NSIDE": 0},
    "too fine": {"NSIDE": 1 << 11},
    "pixels beyond its sky": {"NSIDE": 4},
}


@pytest.mark.parametrize("kind", CARDS)
def test_maps_that_cannot_be_used_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "skymap.fits"
    by_us(path)
    with fits.open(path, mode="update") as hdus:
        hdus[1].header.update(CARDS[kind])
    with pytest.raises(CorruptFileError, match=r"^skymap\.fits: "):
        SkyMap(str(path)).counts(MIXED)
