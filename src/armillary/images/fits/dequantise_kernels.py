"""Floats from the integers that quantised, dithered images hold (FITS 4.0, section 10.2)."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

N_RANDOM = 10_000
# Stands for a pixel that is exactly 0 in SUBTRACTIVE_DITHER_2.
ZERO_VALUE = -2147483646


def random_sequence() -> Any:
    """The 10 000 numbers of section 10.2 (Park & Miller 1988), float32."""
    numbers = np.empty(N_RANDOM, np.float32)
    seed = 1
    for k in range(N_RANDOM):
        seed = 16807 * seed % 2147483647
        numbers[k] = seed / 2147483647
    return numbers


@numba.njit(cache=True, nogil=True)
def dequantise(stored: Any, values: Any, scale: float, zero: float, blank: int, has_blank: bool) -> None:
    """``values = stored * scale + zero``, NaN where blank."""
    for k in range(stored.size):
        number = stored[k]
        values[k] = np.nan if has_blank and number == blank else number * scale + zero


@numba.njit(cache=True, nogil=True)
def dequantise_dithered(
    stored: Any,
    values: Any,
    scale: float,
    zero: float,
    blank: int,
    has_blank: bool,
    keep_zeros: bool,
    randoms: Any,
    tile: int,
) -> None:
    """``values = (stored - random + 0.5) * scale + zero``, NaN where blank.

    Parameters
    ----------
    stored, values
        1-D, integers in, floats out.
    keep_zeros
        True for SUBTRACTIVE_DITHER_2.
    randoms
        ``random_sequence()``.
    tile
        Number of the tile from 0, plus ZDITHER0 - 1, modulo 10 000: where in the sequence it begins.
    """
    seed = tile
    place = int(randoms[seed] * 500)
    for k in range(stored.size):
        number = stored[k]
        if has_blank and number == blank:
            values[k] = np.nan
        elif keep_zeros and number == ZERO_VALUE:
            values[k] = 0.0
        else:
            values[k] = (np.float64(number) - randoms[place] + 0.5) * scale + zero
        place += 1
        if place == N_RANDOM:
            seed = (seed + 1) % N_RANDOM
            place = int(randoms[seed] * 500)
