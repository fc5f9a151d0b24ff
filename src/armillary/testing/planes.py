"""What every ``Plane`` must do: subclass ``PlaneConformance``, give a plane and its pixels, and run it with pytest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from armillary.images.plane import Plane, to_values
from armillary.sky.grid import Window

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def random_windows(shape: tuple[int, int], count: int, seed: int = 1) -> list[Window]:
    """Windows inside a plane: the whole, the corners, single rows, columns and pixels, and random ones."""
    ny, nx = shape
    fixed = [
        Window(0, ny, 0, nx),
        Window(0, 1, 0, 1),
        Window(ny - 1, ny, nx - 1, nx),
        Window(0, ny, nx // 2, nx // 2 + 1),
        Window(ny // 2, ny // 2 + 1, 0, nx),
    ]
    generator = np.random.default_rng(seed)
    for _ in range(count):
        y0, x0 = int(generator.integers(0, ny)), int(generator.integers(0, nx))
        y1, x1 = int(generator.integers(y0, ny)) + 1, int(generator.integers(x0, nx)) + 1
        fixed.append(Window(y0, y1, x0, x1))
    return fixed


def check_plane(plane: Plane, expected: NDArray[Any], *, rtol: float = 0.0) -> None:
    """Compare a plane with its pixels, known otherwise.

    Parameters
    ----------
    plane
        The plane.
    expected
        Its values, shape (ny, nx), FITS row order, NaN where there is no data.
    rtol
        Relative difference that is allowed.
    """
    assert plane.shape == expected.shape
    for window in random_windows(plane.shape, 12):
        values = plane.window(window)
        part = expected[window.y0 : window.y1, window.x0 : window.x1]
        assert values.shape == window.shape
        assert values.dtype == _window_dtype(plane)
        assert values.dtype.isnative
        assert values.flags.c_contiguous
        assert values.flags.writeable
        np.testing.assert_allclose(values, part.astype(values.dtype), rtol=rtol, atol=0, equal_nan=True)
    _check_mapped(plane, expected, rtol)
    for step in (1, 2, 3, 7, max(plane.shape)):
        _check_sample(plane, expected, step, rtol)


def _window_dtype(plane: Plane) -> np.dtype[Any]:
    """Type of a window by the plane's dtype; float32 also stands for scaled integers of 8 and 16 bits."""
    dtype = plane.dtype
    small = dtype.kind in "iu" and dtype.itemsize <= 2
    return np.dtype(np.float32 if small or dtype == np.float32 else np.float64)


def _check_mapped(plane: Plane, expected: NDArray[Any], rtol: float) -> None:
    pixels = plane.mapped()
    if pixels is None:
        return
    assert pixels.stored.shape == plane.shape
    assert pixels.stored.strides[1] == pixels.stored.itemsize
    assert not pixels.stored.flags.writeable
    assert pixels.stored.dtype.newbyteorder(">") == pixels.stored.dtype
    values = to_values(pixels.stored, pixels.linear)
    np.testing.assert_allclose(values, expected.astype(values.dtype), rtol=rtol, atol=0, equal_nan=True)


def _check_sample(plane: Plane, expected: NDArray[Any], step: int, rtol: float) -> None:
    sample = plane.sample(step)
    if sample is None:
        return
    assert sample.dtype == np.float32
    with np.errstate(all="ignore"):
        part = expected[::-1][::step, ::step].astype(np.float32)
    np.testing.assert_allclose(sample, part, rtol=max(rtol, 1e-7), atol=0, equal_nan=True)


class PlaneConformance(ABC):
    """Tests of the contract for one plane."""

    @abstractmethod
    def make(self, folder: Path) -> tuple[Plane, NDArray[Any]]:
        """A plane of a file in ``folder``, and its pixels, NaN where there is no data."""

    @pytest.fixture
    def pair(self, tmp_path: Path) -> tuple[Plane, NDArray[Any]]:
        """The plane and its pixels."""
        return self.make(tmp_path)

    def test_pixels(self, pair: tuple[Plane, NDArray[Any]]) -> None:
        """Windows, mapped pixels and samples equal the pixels."""
        check_plane(*pair)

    def test_window_is_the_callers_own(self, pair: tuple[Plane, NDArray[Any]]) -> None:
        """Writing into a window changes no later one."""
        plane, _ = pair
        whole = Window(0, plane.shape[0], 0, plane.shape[1])
        first = plane.window(whole)
        kept = first.copy()
        first[:] = -7.0
        np.testing.assert_array_equal(plane.window(whole), kept)

    def test_facts(self, pair: tuple[Plane, NDArray[Any]]) -> None:
        """Type, rows, version and words are of the kinds promised."""
        plane, _ = pair
        assert plane.dtype.isnative
        assert plane.dtype.kind in "iuf"
        assert 1 <= plane.band_rows <= plane.shape[0]
        assert plane.version == plane.version
        assert plane.version.isalnum()
        assert plane.words.name
        assert "/" not in plane.words.name

    def test_header(self, pair: tuple[Plane, NDArray[Any]]) -> None:
        """The header is made of cards and ends with END; it is among those of the file."""
        plane, _ = pair
        lines = plane.header_text().split("\n")
        assert {len(line) for line in lines} == {80}
        assert lines[-1].strip() == "END"
        assert plane.header_text() in [text for _, _, text in plane.header_texts()]
