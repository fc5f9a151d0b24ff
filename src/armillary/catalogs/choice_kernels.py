"""Choosing few of many sources as compiled loops. Serial, without the GIL, cached on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEEPEST = 30
LEVEL_SHIFT = 27
BIN_SHIFT = 20
BINS = 1 << (32 - BIN_SHIFT)


@njit(nogil=True, cache=True)
def _scatter(row: Any) -> Any:
    """A number that looks random, of a row (the finaliser of splitmix64: Steele, Lea and Flood 2014)."""
    bits = np.uint64(row) + np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


@njit(nogil=True, cache=True)
def _parting(first: Any, second: Any) -> Any:
    """Coarsest order at which two cells of order 29 lie in different cells; 30 when they are the same."""
    differing = np.uint64(first) ^ np.uint64(second)
    if differing == np.uint64(0):
        return DEEPEST
    if differing >> np.uint64(58):
        return 0
    order = 29
    while differing >> np.uint64(2):
        differing >>= np.uint64(2)
        order -= 1
    return order


@njit(nogil=True, cache=True)
def ranks(
    cells: NDArray[np.int64], rows: NDArray[np.uint32], first: NDArray[np.float64], out: NDArray[np.uint32]
) -> None:
    """Rank of every source: the coarsest order at which it is the first of its cell, then a random number.

    All sources of rank below a bound are the first of the cells of one order, so they are even over the sky; a higher
    bound only adds to them.

    Parameters
    ----------
    cells, rows
        Of the index.
    first
        The smaller comes first in its cell; empty for an order by chance. Of each place of the index, no NaN.
    out
        Rank of each place of the index.
    """
    # Winners of groups that wait to meet the next one; ``apart[k]`` is the order at which k and k - 1 part.
    winner = np.zeros(DEEPEST + 4, np.int64)
    apart = np.zeros(DEEPEST + 4, np.int64)
    top = -1
    for k in range(cells.size + 1):
        parting = -1 if k == cells.size else (0 if k == 0 else _parting(cells[k - 1], cells[k]))
        while top > 0 and apart[top] >= max(parting, 1):
            one, two = winner[top - 1], winner[top]
            better = _scatter(rows[two]) < _scatter(rows[one])
            if first.size > 0 and first[one] != first[two]:
                better = first[two] < first[one]
            loser = one if better else two
            out[loser] = np.uint32(apart[top] << LEVEL_SHIFT) | np.uint32(_scatter(rows[loser]) >> np.uint64(37))
            winner[top - 1] = two if better else one
            top -= 1
        if k < cells.size:
            if top >= 0 and parting == 0:
                # The first of a base cell: nothing is coarser.
                out[winner[0]] = np.uint32(_scatter(rows[winner[0]]) >> np.uint64(37))
                top = -1
            top += 1
            winner[top] = k
            apart[top] = parting
        elif top >= 0:
            out[winner[0]] = np.uint32(_scatter(rows[winner[0]]) >> np.uint64(37))


@njit(nogil=True, cache=True)
def count(
    ranked: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    loose: NDArray[np.int64],
    wanted: NDArray[np.uint8],
    bins: NDArray[np.int64],
) -> None:
    """Histogram of the ranks of places, of the rows that are wanted (all, where ``wanted`` is empty)."""
    everyone = wanted.size == 0
    for n in range(starts.size):
        for k in range(starts[n], stops[n]):
            if everyone or wanted[rows[k]]:
                bins[ranked[k] >> BIN_SHIFT] += 1
    for n in range(loose.size):
        k = loose[n]
        if everyone or wanted[rows[k]]:
            bins[ranked[k] >> BIN_SHIFT] += 1


@njit(nogil=True, cache=True)
def collect(
    ranked: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    loose: NDArray[np.int64],
    wanted: NDArray[np.uint8],
    last_bin: int,
    out: NDArray[np.int64],
) -> int:
    """Places whose rank is in ``last_bin`` or below; returns how many were written."""
    everyone = wanted.size == 0
    found = 0
    for n in range(starts.size):
        for k in range(starts[n], stops[n]):
            if ranked[k] >> BIN_SHIFT <= last_bin and (everyone or wanted[rows[k]]):
                out[found] = k
                found += 1
    for n in range(loose.size):
        k = loose[n]
        if ranked[k] >> BIN_SHIFT <= last_bin and (everyone or wanted[rows[k]]):
            out[found] = k
            found += 1
    return found


@njit(nogil=True, cache=True)
def mark(
    rows: NDArray[np.uint32],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    loose: NDArray[np.int64],
    out: NDArray[np.uint8],
) -> None:
    """Set ``out`` to 1 for the rows of places."""
    for n in range(starts.size):
        for k in range(starts[n], stops[n]):
            out[rows[k]] = 1
    for n in range(loose.size):
        out[rows[loose[n]]] = 1
