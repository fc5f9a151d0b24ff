"""A plane as a viewer wants it: tiles at every level, regions, values, statistics.

A pixel of level *k* is the mean of the valid pixels of its square of side ``2**(levels - 1 - k)``, with the squares
anchored at the top left corner of the plane (last FITS row); NaN where none is valid. The mean is taken in double
precision and rounded to float32. NaN, BLANK and the infinities are no data, and so is what float32 cannot hold.

Fine levels are computed tile by tile from the file; coarse ones come from one overview of means and counts that is
built in the background and kept in an ``OverviewStore``.
"""

from __future__ import annotations

import math
import weakref
from functools import partial
from typing import TYPE_CHECKING, cast

import numpy as np

from armillary.errors import LimitError, ParameterError
from armillary.images.crew import shared_crew
from armillary.images.overviews import Overview, overview_factor
from armillary.images.pixels import decode
from armillary.images.ranges import DisplayRange, choose_range
from armillary.images.raster import Raster
from armillary.images.statistics import Histogram, Statistics
from armillary.images.subject import Subject
from armillary.images.tiles import (
    empty_tile,
    overview_box,
    overview_tile,
    picked_tile,
    read_means,
    read_strip,
    rough_tile,
    sample_tile,
    strip_tile,
    wants_strip,
)
from armillary.sky.grid import DEFAULT_TILE_SIZE, TileGrid, Window

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from armillary.images.crew import Crew
    from armillary.images.plane import Plane
    from armillary.images.store import OverviewStore
    from armillary.sky.grid import TileKey

QUICK_FACTOR = 4
"""Up to this factor, means of a mapped plane take about 2 ms for a tile of 512²: hardly more than a sample."""

NOISE_ROWS = 32
NOISE_PAIRS = 8192
FLOAT32_INTEGERS = 1 << 24
COMMON_SAMPLE_PIXELS = 250_000
"""Pixels that each of several planes gives to the range that they share."""


class Pyramid:
    """A plane cut into tiles at every level. Safe from all threads; costs next to nothing until it is used.

    Parameters
    ----------
    plane
        The plane.
    tile_size
        Side of a tile in pixels: a power of two from 64 to 1024.
    store
        Where overviews and statistics are kept; None for the one of the process.
    identity
        What makes the plane the same one when it is opened again (path, HDU, slice); without it what was derived
        goes with this object, and nothing is kept in a cache folder.
    crew
        Background threads; None for those of the process.

    Notes
    -----
    Every read may raise FileError where the file cannot be read, and VersionGoneError where it now holds another
    kind of plane or keeps changing. All recovers when the file is whole again.
    """

    def __init__(
        self,
        plane: Plane,
        *,
        tile_size: int = DEFAULT_TILE_SIZE,
        store: OverviewStore | None = None,
        identity: str | None = None,
        crew: Crew | None = None,
    ) -> None:
        self.plane = plane
        self.grid = TileGrid(*plane.shape, tile_size)
        self._subject = Subject(plane, store, identity)
        if not self._subject.lasting:
            weakref.finalize(self, self._subject.store.forget, self._subject.identity).atexit = False
        self._crew = shared_crew() if crew is None else crew
        self._statistics = Statistics(self._subject, self._crew)

    @property
    def version(self) -> str:
        """Version of the file now."""
        return self.plane.version

    def tile(self, key: TileKey, *, preview: bool = False) -> Raster:
        """One tile.

        Parameters
        ----------
        key
            Its address.
        preview
            Rather a strided sample at once than means after a wait; means all the same where they are at hand.

        Raises
        ------
        NotFoundError
            There is no such tile.
        """
        self.grid.check(key)
        if preview and not self._is_quick(key):
            pixels, version = self._subject.steady(lambda _: self._preview(key))
            return Raster(pixels, version, noise=noise_of(pixels), preview=True)
        pixels, version = self._subject.steady(lambda version: self._means(key, version))
        return self._raster(pixels, version, exact=self.grid.factor(key.level) == 1)

    def region(self, window: Window, max_pixels: int) -> Raster:
        """Pixels of a window, clipped to the plane, at full resolution.

        Raises
        ------
        ParameterError
            The window lies outside the plane, or is empty.
        LimitError
            It has more than ``max_pixels``.
        """
        ny, nx = self._subject.shape
        box = Window(max(0, window.y0), min(ny, window.y1), max(0, window.x0), min(nx, window.x1))
        rows, columns = box.shape
        if rows <= 0 or columns <= 0:
            raise ParameterError("window", f"holds no pixel of the plane of {nx} by {ny}.")
        if rows * columns > max_pixels:
            raise LimitError(f"{rows * columns} pixels are more than the {max_pixels} of one request: ask for fewer.")
        pixels = np.empty((rows, columns), np.float32)
        _, version = self._subject.steady(lambda _: read_means(self._subject, box, 1, pixels))
        return self._raster(pixels, version, exact=True)

    def value(self, x: float, y: float) -> float | int | None:
        """Value of the pixel nearest to a position, exactly as in the file.

        Parameters
        ----------
        x, y
            0-based pixel centres; pixel *i* reaches from ``i - 0.5`` up to, without, ``i + 0.5``.

        Returns
        -------
        An int where the plane holds unscaled integers; None outside the plane and for NaN, BLANK and infinities
        (JSON has no word for these).
        """
        if not (math.isfinite(x) and math.isfinite(y)):
            return None
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        ny, nx = self._subject.shape
        if not (0 <= column < nx and 0 <= row < ny):
            return None
        return self._subject.steady(lambda _: self._value(row, column))[0]

    def sampled_values(self) -> NDArray[np.float32]:
        """Valid pixels of the sample, flat."""
        return self._statistics.sample().valid()

    def display_range(self) -> DisplayRange:
        """Range, colour map and stretch to show the plane with at first (see ``armillary.images.ranges``)."""
        return self._subject.derived("range", self._choose_range)

    def histogram(
        self, bins: int = 256, *, exact: bool = False, vmin: float | None = None, vmax: float | None = None
    ) -> Histogram:
        """Histogram, moments and percentiles of the sample, or of every pixel.

        Parameters
        ----------
        bins
            1 to 65536.
        exact
            Look at every pixel.
        vmin, vmax
            Ends of the first and last bin; by default the least and greatest value found.

        Raises
        ------
        ParameterError
            Bins or limits that make no sense.
        """
        return self._statistics.histogram(bins, vmin, vmax, exact=exact)

    def percentiles(self, q: Sequence[float] | NDArray[np.float64], *, exact: bool = False) -> NDArray[np.float64]:
        """Percentiles (0–100) of the valid pixels of the sample, or of all, as float32; NaN without any."""
        return self._statistics.percentiles(np.asarray(q, np.float64), exact=exact)

    def coverage(self) -> Window | None:
        """Box of the pixels that hold data, a little wider, or None where none does (see ``Statistics.coverage``)."""
        return self._statistics.coverage()

    def progress(self) -> float:
        """How much of the overview is built, 0 to 1; 1 where none is needed."""
        if not self._needs_overview():
            return 1.0
        kept = self._subject.store.get(self._subject.key(self.version, "overview"))
        return kept.progress if isinstance(kept, Overview) else 0.0

    def prepare(self) -> None:
        """Start to build the overview in the background."""
        if self._needs_overview():
            self._subject.check_kind()
            self._overview(self.version).start(self._crew)

    def _overview_factor(self) -> int:
        mapped = self.plane.mapped() is not None
        return overview_factor(self._subject.shape, mapped=mapped, max_bytes=self._subject.store.max_bytes // 4)

    def _needs_overview(self) -> bool:
        return self.grid.factor(0) >= self._overview_factor()

    def _overview(self, version: str) -> Overview:
        """The overview of a version, not of necessity complete or begun; a failed one is made anew."""
        key, store = self._subject.key(version, "overview"), self._subject.store
        kept = store.get(key)
        if isinstance(kept, Overview) and kept.failed:
            store.discard(key, kept)
        factor = self._overview_factor()
        return store.get_or_make(key, lambda: Overview(self._subject, version, factor))

    def _is_quick(self, key: TileKey) -> bool:
        """Whether the means of a tile cost no more than a look."""
        factor = self.grid.factor(key.level)
        if factor == 1 or (factor <= QUICK_FACTOR and self.plane.mapped() is not None):
            return True
        kept = self._subject.store.get(self._subject.key(self.version, "overview"))
        if not isinstance(kept, Overview) or kept.failed or factor < kept.factor:
            return False
        rows, _ = overview_box(kept, self.grid, key)
        return kept.has_rows(rows.start, rows.stop)

    def _means(self, key: TileKey, version: str) -> NDArray[np.float32]:
        factor = self.grid.factor(key.level)
        if factor >= self._overview_factor():
            overview = self._overview(version)
            overview.start(self._crew)
            rows, _ = overview_box(overview, self.grid, key)
            overview.wait(self._crew, rows.start, rows.stop)
            return overview_tile(overview, self.grid, key)
        window, size = self.grid.window(key), self.grid.tile_size
        if wants_strip(self._subject, window, factor):
            make = partial(read_strip, self._subject, window, factor, size)
            return strip_tile(self._subject.derived(("strip", factor, key.row), make), self.grid, key)
        tile = np.empty((size, size), np.float32)
        read_means(self._subject, window, factor, tile)
        return tile

    def _preview(self, key: TileKey) -> NDArray[np.float32]:
        sample = self._statistics.sample()
        if 0 < sample.step <= self.grid.factor(key.level):
            return sample_tile(sample, self.grid, key)
        picked = picked_tile(self._subject, self.grid, key)
        if picked is not None:
            return picked
        kept = self._subject.store.get(self._subject.key(self.version, "overview"))
        return rough_tile(kept, self.grid, key) if isinstance(kept, Overview) else empty_tile(self.grid.tile_size)

    def _value(self, row: int, column: int) -> float | int | None:
        mapped = self.plane.mapped()
        if mapped is not None:
            stored, linear = mapped.stored[row, column].item(), mapped.linear
            if isinstance(stored, int) and stored == linear.blank:
                return None
            if self._subject.dtype.kind in "iu":
                return cast("int", stored + int(linear.zero))
            value = linear.zero + linear.scale * stored
        else:
            window = Window(row, row + 1, column, column + 1)
            value = decode(self.plane, window).raw[0, 0].item()
        if not math.isfinite(value):
            return None
        return round(value) if self._subject.dtype.kind in "iu" else float(value)

    def _choose_range(self) -> DisplayRange:
        return choose_range(self.sampled_values(), self.plane.words, integers=self._subject.dtype.kind in "iu")

    def _raster(self, pixels: NDArray[np.float32], version: str, *, exact: bool) -> Raster:
        quantum, zero = self._quantum(pixels) if exact else (0.0, 0.0)
        return Raster(pixels, version, noise_of(pixels), quantum, zero)

    def _quantum(self, pixels: NDArray[np.float32]) -> tuple[float, float]:
        """Step and offset of stored integers, or 0 where there are none that float32 can tell apart."""
        mapped = self.plane.mapped()
        if mapped is not None and mapped.stored.dtype.kind in "iu":
            quantum, zero = abs(mapped.linear.scale), mapped.linear.zero
        elif mapped is None and self._subject.dtype.kind in "iu":
            quantum, zero = 1.0, 0.0
        else:
            return 0.0, 0.0
        with np.errstate(invalid="ignore"):
            reach = float(np.fmax.reduce(np.abs(pixels), axis=None, initial=0.0))
        return (quantum, zero) if quantum > 0.0 and reach < FLOAT32_INTEGERS * quantum else (0.0, 0.0)


def noise_of(pixels: NDArray[np.float32]) -> float:
    """Standard deviation of the pixel-to-pixel noise, robustly, from some of the rows; 0 when unknown."""
    from armillary.images.kernels.noise_kernels import neighbour_noise

    step = max(1, pixels.shape[0] // NOISE_ROWS)
    return float(neighbour_noise(pixels, step, np.empty(NOISE_PAIRS, np.float32)))


def common_range(planes: Iterable[Plane]) -> DisplayRange:
    """Range, colour map and stretch to show several planes with alike: that of their samples together.

    Raises
    ------
    VersionGoneError, FileError
        As ``Pyramid.display_range``.
    """
    parts = []
    plane = None
    for plane in planes:
        valid = Pyramid(plane).sampled_values()
        parts.append(valid[:: max(1, valid.size // COMMON_SAMPLE_PIXELS)])
    if plane is None:
        return DisplayRange(0.0, 1.0)
    return choose_range(np.concatenate(parts), plane.words, integers=plane.dtype.kind in "iu")
