"""PLIO_1: line lists of IRAF's pixel masks (FITS 4.0, section 10.4.3)."""

from __future__ import annotations

from typing import Any

import numba

# Instructions, in the upper four bits of a word; the lower twelve are its number.
ZEROS, SET_HIGH, ADD, SUBTRACT, VALUES, ZEROS_AND_VALUE, ADD_AND_PUT, SUBTRACT_AND_PUT = range(8)
OLD_HEADER_WORDS = 3


@numba.njit(cache=True, nogil=True)
def decode(words: Any, values: Any) -> bool:
    """Run the instructions of a line list.

    Parameters
    ----------
    words
        The list with its header, int64, 1-D.
    values
        Zeros, filled with the pixels, 1-D.

    Returns
    -------
    False where the list makes no sense.
    """
    if words.size < OLD_HEADER_WORDS:
        return False
    if words[2] > 0:
        first, end = OLD_HEADER_WORDS, words[2]
    elif words.size >= 5:
        first, end = words[1], (words[4] << 15) + words[3]
    else:
        return False
    if first < OLD_HEADER_WORDS or end > words.size:
        return False
    place, value, at = 0, 1, first
    while at < end and place < values.size:
        instruction, number = words[at] >> 12, words[at] & 4095
        at += 1
        if instruction == SET_HIGH:
            if at >= end:
                return False
            value = (words[at] << 12) + number
            at += 1
        elif instruction in (ADD, ADD_AND_PUT):
            value += number
        elif instruction in (SUBTRACT, SUBTRACT_AND_PUT):
            value -= number
        elif instruction < 0:
            return False
        else:
            stop = min(place + number, values.size)
            if instruction == VALUES:
                for k in range(place, stop):
                    values[k] = value
            elif instruction == ZEROS_AND_VALUE and number > 0 and place + number <= values.size:
                values[stop - 1] = value
            place = stop
        if instruction in (ADD_AND_PUT, SUBTRACT_AND_PUT):
            values[place] = value
            place += 1
    return True
