"""A plane: one 2-D array of pixels in a file, with its words and its WCS.

Readers make planes; ``armillary.images.pyramid`` turns any plane into tiles, statistics and values. A reader need
only implement ``window``; the rest has defaults in terms of it that a faster reader overrides. Every reader passes
``armillary.testing.planes.PlaneConformance``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs


@dataclass(frozen=True, slots=True)
class CubeAxis:
    """An axis of a cube beyond the two of the sky.

    Parameters
    ----------
    name
        CTYPE without its algorithm: ``FREQ``, ``VELO``, ``STOKES``, ``AXIS3`` when there is none.
    length
        Number of slices, at least 1.
    unit
        Unit of ``values``, empty when there is none.
    values
        World coordinate of every slice by the linear part of the WCS, or None for more than 100 000 slices.
    labels
        Names of the slices where they have some (``I``, ``Q``, ``U``, ``V``), else None.
    """

    name: str
    length: int
    unit: str = ""
    values: tuple[float, ...] | None = None
    labels: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Linear:
    """How stored numbers become values: ``value = zero + scale * stored``; ``blank`` is no data."""

    scale: float = 1.0
    zero: float = 0.0
    blank: int | None = None


@dataclass(frozen=True, slots=True)
class MappedPixels:
    """Pixels that lie in memory (a mapped file) as they are on disk, for the fused kernels.

    Parameters
    ----------
    stored
        The plane as stored, shape (ny, nx), FITS row order, *big-endian* dtype as in the file, rows contiguous.
    linear
        How they become values.
    """

    stored: NDArray[Any]
    linear: Linear


@dataclass(frozen=True, slots=True)
class PlaneWords:
    """What is known of a plane without touching its pixels."""

    name: str
    hdu: int
    extname: str = ""
    units: str | None = None
    quantity: str | None = None
    stokes: str | None = None
    filter: str | None = None
    object: str | None = None
    frequency: str | None = None
    notes: tuple[str, ...] = ()
    keywords: dict[str, str] = field(default_factory=dict)


def value_dtype(stored: np.dtype[Any]) -> str:
    """Floating type that ``Plane.window`` gives for a stored type: ``float32`` where it is exact, else ``float64``."""
    small = stored.itemsize <= 2 or (stored.kind == "f" and stored.itemsize == 4)
    return "float32" if small else "float64"


def to_values(stored: NDArray[Any], linear: Linear) -> NDArray[Any]:
    """Values of stored numbers: ``zero + scale * stored``, NaN where they are blank.

    Parameters
    ----------
    stored
        Numbers as in the file, any byte order and strides. BLANK has no meaning for floats (FITS 4.0, 4.4.2.5).

    Returns
    -------
    Native, C-contiguous array of ``value_dtype(stored.dtype)``, the caller's own.
    """
    with np.errstate(all="ignore"):
        if stored.dtype.kind == "i" and stored.dtype.itemsize == 8 and linear.zero == 2.0**63 and linear.scale == 1.0:
            # Unsigned by convention: adding in floating point would lose all digits of small numbers.
            flipped = stored.astype(np.uint64) ^ np.uint64(1 << 63)
            values: NDArray[Any] = flipped.astype(np.float64, order="C")
        else:
            values = stored.astype(value_dtype(stored.dtype), order="C")
            if linear.scale != 1.0:
                values *= linear.scale
            if linear.zero != 0.0:
                values += linear.zero
        if linear.blank is not None and stored.dtype.kind in "iu":
            values[stored == linear.blank] = np.nan
    return values


def to_float32(values: NDArray[Any]) -> NDArray[np.float32]:
    """The values as float32; what is too large becomes infinite."""
    with np.errstate(all="ignore"):
        return values.astype(np.float32, copy=False)


class Plane(ABC):
    """One 2-D array of pixels.

    Attributes
    ----------
    shape
        ``(ny, nx)``, both at least 1.
    dtype
        Numpy dtype of the *values*, native byte order: the integer type when integers are stored unscaled or with
        the unsigned convention, float32 or float64 otherwise.
    words
        What is known of it without its pixels.
    """

    shape: tuple[int, int]
    dtype: np.dtype[Any]
    words: PlaneWords

    @property
    @abstractmethod
    def version(self) -> str:
        """Version of the file as it is on disk now: changes whenever the bytes may have changed. Costs a stat.

        Raises
        ------
        UnreadableFileError
            The file has vanished.
        """

    @abstractmethod
    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window inside the plane, in FITS row order.

        Returns float32 for floats of 32 bits and for integers of up to 16 bits, float64 otherwise; native byte
        order, NaN where there is no data, C-contiguous, the caller's own.

        Raises
        ------
        FileError
            The file vanished or cannot be decoded.
        VersionGoneError
            The file is no longer the one that was opened: open it again.
        """

    @abstractmethod
    def header_text(self) -> str:
        """Header of the plane's HDU: cards of 80 characters, one a line, up to and with END."""

    @abstractmethod
    def header_texts(self) -> list[tuple[int, str, str]]:
        """``(index, name, text)`` of every HDU of the file."""

    @property
    @abstractmethod
    def wcs(self) -> PlaneWcs | None:
        """World coordinates, or None when the plane has no celestial ones. Loads astropy: not for start-up."""

    def why_no_sky(self) -> str:
        """Why ``wcs`` is None, as a note for the user; called only then."""
        return "No celestial coordinates: positions are pixels only."

    def mapped(self) -> MappedPixels | None:
        """The plane as it lies in memory, or None when it must be decoded."""
        return None

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """Every ``step``-th pixel, anchored at the *top left*, as float32, row 0 at the top.

        None when it would cost as much as reading everything (row-tiled compression).
        Default: from ``mapped``.
        """
        pixels = self.mapped()
        if pixels is None:
            return None
        return to_float32(to_values(pixels.stored[::-1][::step, ::step], pixels.linear))

    @property
    def band_rows(self) -> int:
        """How many rows are cheapest read together (the height of a compressed tile); 1 when rows are free."""
        return 1

    @property
    def band_columns(self) -> int:
        """How many columns are decoded together (the width of a compressed tile); 1 when columns are free."""
        return 1


class PlaneStack:
    """Planes of one kind: an image, the slices of a cube, a column of a map.

    Parameters
    ----------
    words
        What is known of every plane of it.
    axes
        Axes beyond the sky and Stokes, fastest first; empty for an image.
    make
        Makes the plane of an index that has been checked. Must cost next to nothing: no pixel is read.
    """

    def __init__(self, words: PlaneWords, axes: tuple[CubeAxis, ...], make: Callable[[tuple[int, ...]], Plane]) -> None:
        self.words = words
        self.axes = axes
        self._make = make

    def plane(self, index: tuple[int, ...] = ()) -> Plane:
        """The plane of a slice.

        Parameters
        ----------
        index
            One 0-based number for each of ``axes``; empty for the first slice.

        Raises
        ------
        NotFoundError
            There is no such slice.
        """
        index = index or (0,) * len(self.axes)
        inside = len(index) == len(self.axes) and all(
            0 <= k < axis.length for k, axis in zip(index, self.axes, strict=True)
        )
        if not inside:
            lengths = " by ".join(str(axis.length) for axis in self.axes) or "no further axes"
            raise NotFoundError(f"{self.words.name}: there is no slice {index}: it has {lengths}.")
        return self._make(index)
