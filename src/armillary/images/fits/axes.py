"""Which axes of an image are the sky, which is Stokes, and which are left for slices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from armillary.images.plane import CubeAxis

if TYPE_CHECKING:
    from armillary.storage.fits.cards import Header

MAX_VALUES = 100_000
MAX_STOKES = 16
_LONGITUDES = ("RA", "GLON", "ELON", "HLON", "SLON", "CRLN", "HGLN", "HPLN", "TLON", "RLON")
_LATITUDES = ("DEC", "GLAT", "ELAT", "HLAT", "SLAT", "CRLT", "HGLT", "HPLT", "TLAT", "RLAT")

# FITS 4.0, table 29.
_STOKES = {
    1: "I",
    2: "Q",
    3: "U",
    4: "V",
    -1: "RR",
    -2: "LL",
    -3: "RL",
    -4: "LR",
    -5: "XX",
    -6: "YY",
    -7: "XY",
    -8: "YX",
    5: "Plinear",
    6: "PFlinear",
    7: "PAlinear",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """The axes of an image, counted from 0 in FITS order.

    Parameters
    ----------
    lengths
        NAXIS1, NAXIS2, …
    sky
        The axes shown to the right and upwards, ``sky[0] < sky[1]``.
    stokes
        The Stokes axis, None where there is none.
    slices
        Further axes longer than 1, fastest first.
    notes
        What a user should know of it.
    """

    lengths: tuple[int, ...]
    sky: tuple[int, int]
    stokes: int | None
    slices: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a plane."""
        return self.lengths[self.sky[1]], self.lengths[self.sky[0]]

    def position(self, stokes: int, index: tuple[int, ...]) -> tuple[int, ...]:
        """Index on every axis of the first pixel of a slice."""
        position = [0] * len(self.lengths)
        if self.stokes is not None:
            position[self.stokes] = stokes
        for axis, k in zip(self.slices, index, strict=True):
            position[axis] = k
        return tuple(position)


def layout_of(header: Header, lengths: tuple[int, ...]) -> Layout:
    """Find the sky, Stokes and slice axes by CTYPE; without celestial ones the first two axes are the plane."""
    sky = _celestial(header, len(lengths))
    notes: tuple[str, ...] = ()
    if sky is None or (lengths[sky[0]], lengths[sky[1]]) == (1, 1):
        sky = (0, 1)
    elif sky != (0, 1):
        notes = (f"The sky lies on axes {sky[0] + 1} and {sky[1] + 1} of the file: these are shown.",)
    rest = [axis for axis in range(len(lengths)) if axis not in sky]
    stokes = next((axis for axis in rest if _kind(header, axis) == "STOKES" and lengths[axis] <= MAX_STOKES), None)
    slices = tuple(axis for axis in rest if axis != stokes and lengths[axis] > 1)
    return Layout(lengths, sky, stokes, slices, notes)


def _celestial(header: Header, count: int) -> tuple[int, int] | None:
    kinds = [_kind(header, axis) for axis in range(count)]
    longitude = next((k for k, kind in enumerate(kinds) if kind in _LONGITUDES), None)
    latitude = next((k for k, kind in enumerate(kinds) if kind in _LATITUDES), None)
    if longitude is None or latitude is None:
        return None
    return min(longitude, latitude), max(longitude, latitude)


def _kind(header: Header, axis: int) -> str:
    """CTYPE without its algorithm."""
    return header.string(f"CTYPE{axis + 1}").upper().partition("-")[0].strip()


def stokes_names(header: Header, layout: Layout) -> tuple[str, ...]:
    """Name of every Stokes component, empty where there is no such axis."""
    if layout.stokes is None:
        return ()
    codes = _world(header, layout.stokes, range(layout.lengths[layout.stokes]))
    return tuple(_STOKES.get(round(code), f"STOKES {code:g}") if abs(code) < 1e6 else "STOKES ?" for code in codes)


def cube_axes(header: Header, layout: Layout) -> tuple[CubeAxis, ...]:
    """The further axes with their world coordinates."""
    return tuple(_cube_axis(header, axis, layout.lengths[axis]) for axis in layout.slices)


def _cube_axis(header: Header, axis: int, length: int) -> CubeAxis:
    name = _kind(header, axis)
    values = tuple(_world(header, axis, range(length))) if name and length <= MAX_VALUES else None
    return CubeAxis(name or f"AXIS{axis + 1}", length, header.string(f"CUNIT{axis + 1}"), values)


def axis_value(header: Header, axis: int) -> float:
    """World coordinate of the first pixel of an axis by the linear part of its WCS."""
    return _world(header, axis, range(1))[0]


def _world(header: Header, axis: int, pixels: range) -> list[float]:
    number = axis + 1
    reference = header.number(f"CRPIX{number}", 0.0)
    value = header.number(f"CRVAL{number}", 0.0)
    step = header.number(f"CD{number}_{number}", header.number(f"CDELT{number}", 1.0))
    return [value + (pixel + 1 - reference) * step for pixel in pixels]
