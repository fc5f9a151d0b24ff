"""Planes put together pixel by pixel: sums, differences, products, ratios, extremes, means; nested at will.

A pixel is no data (NaN) where it is so in any operand (NaN, BLANK, infinite), and where the result is no finite
number: a division by zero, an overflow. Only ``mean`` is computed in double precision; the others in the precision of
the operands, from left to right, so that a sum of two float32 maps is what numpy gives for them.

The combination is made at full resolution, before anything is averaged: a pixel of an overview is the mean of the
combined pixels under it, not the combination of means.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from armillary.errors import UnsupportedFileError
from armillary.images.plane import Plane, PlaneStack, PlaneWords, to_float32, to_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from armillary.images.plane import MappedPixels
    from armillary.sky.grid import Window
    from armillary.sky.wcs import PlaneWcs

    Values = NDArray[Any]

FUNCTIONS = ("+", "-", "*", "/", "max", "min", "mean")
SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷", "max": "max", "min": "min", "mean": "mean"}
HIDES_INFINITY = frozenset({"/", "max", "min"})
"""Functions whose result may be finite where an operand is not."""

KEEPS_UNITS = frozenset({"+", "-", "max", "min", "mean"})
MOST_HEADERS = 16
WCS_TOLERANCE_PX = 0.01
"""How far two planes may lie apart on the sky and still be taken for the same pixels."""


def _mean(values: Sequence[Values]) -> Values:
    total = values[0].astype(np.float64)
    for other in values[1:]:
        total += other
    total /= len(values)
    return total


def _chained(function: Callable[..., Values]) -> Callable[[Sequence[Values]], Values]:
    return lambda values: reduce(function, values)


_COMBINE: dict[str, Callable[[Sequence[Values]], Values]] = {
    "+": _chained(np.add),
    "-": _chained(np.subtract),
    "*": _chained(np.multiply),
    "/": _chained(np.divide),
    "max": _chained(np.maximum),
    "min": _chained(np.minimum),
    "mean": _mean,
}


def combine(function: str, values: Sequence[Values]) -> Values:
    """Arrays of one shape put together; NaN where the result is no finite number.

    Parameters
    ----------
    function
        One of ``FUNCTIONS``.
    values
        Floating arrays, at least one.

    Returns
    -------
    A new C-contiguous array of the widest of their types.
    """
    kind = np.result_type(*values)
    with np.errstate(all="ignore"):
        made = _COMBINE[function](values).astype(kind, order="C", copy=len(values) == 1)
        made[~np.isfinite(made)] = np.nan
    if function in HIDES_INFINITY:
        for value in values:
            made[np.isinf(value)] = np.nan
    return made


class CombinationPlane(Plane):
    """A plane computed from others.

    Parameters
    ----------
    function
        One of ``FUNCTIONS``.
    operands
        At least one; of one shape, and of the same pixels on the sky.
    words
        What is known of it.

    Raises
    ------
    UnsupportedFileError
        The shapes differ. That the sky differs is found when pixels or coordinates are first asked for.
    """

    def __init__(self, function: str, operands: Sequence[Plane], words: PlaneWords) -> None:
        self._function = function
        self._operands = tuple(operands)
        self._lock = threading.Lock()
        self._agrees = False
        self.words = words
        self.shape = operands[0].shape
        self.dtype = np.result_type(*map(_window_type, operands))
        for other in operands[1:]:
            if other.shape != self.shape:
                raise UnsupportedFileError(words.name, f"cannot be computed: {_sizes(operands[0], other)}.")

    @property
    def operands(self) -> tuple[Plane, ...]:
        """What it is computed from."""
        return tuple(self._operands)

    @property
    def version(self) -> str:
        """Changes when any operand's does."""
        return joined_version(operand.version for operand in self._operands)

    @property
    def band_rows(self) -> int:
        """The most of the operands'."""
        return max(operand.band_rows for operand in self._operands)

    @property
    def band_columns(self) -> int:
        """The most of the operands'."""
        return max(operand.band_columns for operand in self._operands)

    @property
    def dtype_stored(self) -> np.dtype[Any]:
        """As computed: it is stored nowhere."""
        return self.dtype

    def window(self, window: Window) -> NDArray[Any]:
        """Values of a window, computed from those of the operands."""
        self.check_sky()
        return combine(self._function, [operand.window(window) for operand in self._operands])

    def sample(self, step: int) -> NDArray[np.float32] | None:
        """Every ``step``-th pixel from the top left; None where it costs too much for one of the operands."""
        self.check_sky()
        found = self.exact_sample(step)
        return None if found is None else to_float32(found)

    def exact_sample(self, step: int) -> NDArray[Any] | None:
        """As ``sample``, in the type of ``window``."""
        parts = []
        for operand in self._operands:
            part = _exact_sample(operand, step)
            if part is None:
                return None
            parts.append(part)
        return combine(self._function, parts)

    def header_text(self) -> str:
        """Header of the first operand."""
        return self._operands[0].header_text()

    def header_texts(self) -> list[tuple[int, str, str]]:
        """Headers of the operands' files one after another, those of the first as they are numbered there."""
        told = {operand.words.name: operand for operand in reversed(self._operands[1:MOST_HEADERS])}
        told.pop(self._operands[0].words.name, None)
        texts = self._operands[0].header_texts()
        for name, operand in reversed(told.items()):
            for _, unit, text in operand.header_texts():
                texts.append((len(texts), f"{name} {unit}".strip(), text))
        return texts

    @property
    def wcs(self) -> PlaneWcs | None:
        """World coordinates of the first operand."""
        self.check_sky()
        return self._operands[0].wcs

    def why_no_sky(self) -> str:
        """What the first operand says."""
        return self._operands[0].why_no_sky()

    def check_sky(self) -> None:
        """Refuse operands whose pixels lie at different places of the sky; looked at once.

        Raises
        ------
        UnsupportedFileError
            They do.
        """
        with self._lock:
            if self._agrees:
                return
            first = self._operands[0]
            for other in self._operands[1:]:
                if not same_sky(first.wcs, other.wcs):
                    raise UnsupportedFileError(
                        self.words.name,
                        f"cannot be computed: the pixels of {first.words.name} and {other.words.name} lie at different "
                        "places of the sky. Bring them onto one grid first.",
                    )
            self._agrees = True


def _window_type(plane: Plane) -> np.dtype[Any]:
    """Type that a plane's windows have: float32 where that is exact."""
    small = plane.dtype == np.float32 or (plane.dtype.kind in "iu" and plane.dtype.itemsize <= 2)
    return np.dtype(np.float32 if small else np.float64)


def _sizes(first: Plane, other: Plane) -> str:
    parts = [f"{plane.words.name} has {plane.shape[1]} by {plane.shape[0]} pixels" for plane in (first, other)]
    return " and ".join(parts) + ", which must be equal"


def _exact_sample(plane: Plane, step: int) -> NDArray[Any] | None:
    """A sample that loses nothing by rounding before it is combined; None where there is none."""
    if isinstance(plane, CombinationPlane):
        return plane.exact_sample(step)
    if _window_type(plane) == np.float32:
        return plane.sample(step)
    pixels: MappedPixels | None = plane.mapped()
    return None if pixels is None else to_values(pixels.stored[::-1][::step, ::step], pixels.linear)


def same_sky(first: PlaneWcs | None, other: PlaneWcs | None) -> bool:
    """Whether the pixels of two planes of one shape lie at the same places, to a hundredth of a pixel.

    Compared are 25 pixels spread over the plane.
    """
    if first is None or other is None or first is other:
        return first is other
    ny, nx = first.shape
    x, y = np.meshgrid(np.linspace(0, nx - 1, 5), np.linspace(0, ny - 1, 5))
    here, there = (_vectors(wcs, x.ravel(), y.ravel()) for wcs in (first, other))
    blank = np.isnan(here[:, 0])
    if not np.array_equal(blank, np.isnan(there[:, 0])):
        return False
    apart = np.linalg.norm(here - there, axis=1)[~blank]
    return bool(np.all(apart <= np.radians(WCS_TOLERANCE_PX * first.pixel_scale_deg)))


def _vectors(wcs: PlaneWcs, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    ra, dec = (np.radians(angle) for angle in wcs.pixel_to_icrs(x, y))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def joined_version(versions: Any) -> str:
    """One version made of several: alphanumeric, changes when any of them does."""
    return hashlib.blake2b("\0".join(versions).encode(), digest_size=12).hexdigest()


def combined_stack(function: str, stacks: Sequence[PlaneStack], name: str) -> PlaneStack:
    """The stack whose planes are combinations of those of other stacks.

    Stacks that are cubes must have axes of the same lengths; images among them go with every slice.

    Raises
    ------
    UnsupportedFileError
        Their axes or shapes differ.
    """
    cubes = [stack for stack in stacks if stack.axes]
    axes = cubes[0].axes if cubes else ()
    for other in cubes[1:]:
        if [axis.length for axis in other.axes] != [axis.length for axis in axes]:
            raise UnsupportedFileError(name, "cannot be computed: its cubes have different numbers of planes.")
    words = combined_words(function, [stack.words for stack in stacks], name)

    def plane(index: tuple[int, ...]) -> Plane:
        return CombinationPlane(function, [stack.plane(index if stack.axes else ()) for stack in stacks], words)

    plane((0,) * len(axes))
    return PlaneStack(words, axes, plane)


def combined_words(function: str, words: Sequence[PlaneWords], name: str) -> PlaneWords:
    """Words of a combination: what all operands agree on; units only where the function keeps them."""

    def agreed(key: str) -> Any:
        said = {getattr(part, key) for part in words}
        return said.pop() if len(said) == 1 else None

    first = words[0]
    return replace(
        first,
        name=name,
        units=agreed("units") if function in KEEPS_UNITS else None,
        quantity=agreed("quantity"),
        stokes=agreed("stokes"),
        filter=agreed("filter"),
        object=agreed("object"),
        frequency=agreed("frequency"),
        notes=tuple(dict.fromkeys(note for part in words for note in part.notes)),
    )
