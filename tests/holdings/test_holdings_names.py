"""Ids and names of layers."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from armillary.errors import NotFoundError
from armillary.holdings import names
from armillary.images.plane import PlaneWords


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("a.fits", "a"),
        ("a.FIT", "a"),
        ("a.fits.fz", "a"),
        ("a.fits.gz", "a"),
        ("a.b.fts.bz2", "a.b"),
        ("a.fz", "a"),
        ("a", "a"),
        (".fits", ".fits"),
        ("a.fits.fits", "a.fits"),
        ("readme.gz", "readme"),
    ],
)
def test_stem(file: str, stem: str) -> None:
    assert names.stem(file) == stem


@pytest.mark.parametrize("name", ["a.fits", "a.FIT", "a.fts.gz", "a.fits.fz", "a.fz", "a.fit.bz2"])
def test_fits_by_name(name: str) -> None:
    assert names.looks_like_fits(name)


@pytest.mark.parametrize("name", ["a.txt", "a.gz", "fits", "a.fits.part", "a.fits~"])
def test_not_fits_by_name(name: str) -> None:
    assert not names.looks_like_fits(name)


@given(st.text(max_size=300))
def test_safe_ids_are_safe(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,200}", names.safe(text))


def words(hdu: int, extname: str = "", **more: str) -> PlaneWords:
    return PlaneWords(name=more.pop("name", "x"), hdu=hdu, extname=extname, **more)


@pytest.mark.parametrize(
    ("stacks", "ids"),
    [
        ([words(0)], ["m"]),
        ([words(1, "SCI")], ["m"]),
        ([words(1, "SCI"), words(2, "ERR")], ["m-SCI", "m-ERR"]),
        ([words(1, "SCI"), words(2, "SCI")], ["m-1", "m-2"]),
        ([words(1), words(2)], ["m-1", "m-2"]),
        ([words(0, stokes="I"), words(0, stokes="Q")], ["m-I", "m-Q"]),
        ([words(1, name="TEMP"), words(1, name="N OBS")], ["m-TEMP", "m-N_OBS"]),
        ([words(1, "A", stokes="I"), words(1, "A", stokes="U"), words(2, "B")], ["m-A-I", "m-A-U", "m-B"]),
    ],
)
def test_layer_ids(stacks: list[PlaneWords], ids: list[str]) -> None:
    assert names.layer_ids("m", stacks) == ids


def test_repeated_ids_are_numbered() -> None:
    taken: set[str] = set()
    for wanted in ["m", "m-2", "m-3", "m-4"]:
        assert names.unique("m", taken) == wanted
        taken.add(wanted)


def test_names_are_sorted_as_people_do() -> None:
    assert sorted(["map10", "map2", "Map1"], key=names.natural_key) == ["Map1", "map2", "map10"]


def test_slices() -> None:
    assert names.split_slice("a") == ("a", ())
    assert names.split_slice("a@3") == ("a", (3,))
    assert names.split_slice("a@3,4") == ("a", (3, 4))
    for bad in ("a@", "a@x", "a@-1", "a@1,", "a@1.0", "a@٣", "a@1@2", "a@9999999999"):
        with pytest.raises(NotFoundError):
            names.split_slice(bad)
