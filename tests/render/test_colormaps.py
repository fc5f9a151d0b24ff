"""Colour maps against matplotlib."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from armillary.errors import ConfigurationError, ParameterError
from armillary.render import colormaps

ROOT = Path(__file__).resolve().parent.parent.parent
BUILTIN = [name for name in mpl.colormaps if name.removesuffix("_r") in colormaps.names()]


def test_all_of_matplotlib_is_there():
    assert set(colormaps.names()) == set(mpl.colormaps)
    assert len(set(colormaps.names())) == len(colormaps.names()) > 160


@pytest.mark.parametrize("name", BUILTIN)
def test_tables_are_those_of_matplotlib(name):
    expected = mpl.colormaps[name](np.linspace(0, 1, 256), bytes=True)[:, :3]
    table = colormaps.table(name)
    assert table.dtype == np.uint8
    if not name.endswith("_r"):
        assert np.array_equal(table, expected)
        return
    # Ours are the forward ones backwards, as in the viewer; matplotlib samples anew, half an entry aside at most.
    assert np.array_equal(table, colormaps.table(name[:-2])[::-1])
    beside = np.stack([np.roll(table, shift, axis=0)[1:-1] for shift in (-1, 0, 1)]).astype(int)
    assert np.abs(beside - expected[1:-1]).max(axis=2).min(axis=0).max() <= 2


def test_categories_hold_every_forward_map_once():
    listed = [name for names in colormaps.categories().values() for name in names]
    assert sorted(listed) == sorted(name for name in colormaps.names() if not name.endswith("_r"))
    assert colormaps.categories()["Perceptually uniform sequential"][0] == "viridis"
    assert "tab10" in colormaps.categories()["Qualitative"]


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("viridiss", "did you mean viridis"),
        ("VIRIDIS", "did you mean viridis"),
        ("rdbu_r", "RdBu_r"),
        ("_r", "use one of matplotlib's"),
        ("gray_r_r", "gray_r"),
        ("", "use one of matplotlib's"),
        ("x" * 100_000, "use one of matplotlib's"),
    ],
)
def test_unknown_names_get_a_hint(wrong, hint):
    with pytest.raises(ParameterError) as caught:
        colormaps.table(wrong)
    assert hint in caught.value.message
    assert len(caught.value.message) < 200
    assert caught.value.detail["parameter"] == "cmap"


@pytest.fixture
def other_file(monkeypatch, tmp_path):
    monkeypatch.setattr(colormaps, "FILE", tmp_path / "maps.npz")
    colormaps._load.cache_clear()
    yield tmp_path / "maps.npz"
    colormaps._load.cache_clear()


@pytest.mark.parametrize("content", [None, b"", b"not a zip"])
def test_a_missing_table_names_the_remedy(other_file, content):
    if content is not None:
        other_file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"scripts/make_colormaps\.py"):
        colormaps.names()


def test_the_script_writes_the_same_bytes_every_time(tmp_path):
    spec = importlib.util.spec_from_file_location("make_colormaps", ROOT / "scripts" / "make_colormaps.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.make(tmp_path / "a.npz")
    script.make(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_no_matplotlib_and_no_numba_at_run_time():
    code = (
        "import sys, armillary.render as r; r.make_style(vmin=0, vmax=1, cmap='magma_r'); "
        "print([m for m in ('matplotlib', 'numba', 'astropy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
