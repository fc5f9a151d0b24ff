"""Sources on their way to a viewer: typed arrays behind a header of JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

ALIGNMENT = 8


def pack(header: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A little-endian uint32 *n*, *n* bytes of JSON padded with blanks, the arrays; each part aligned to 8 bytes.

    Parameters
    ----------
    header
        What the JSON says besides ``arrays``.
    arrays
        Arrays of one dimension, written little-endian.
    """
    little = {name: np.ascontiguousarray(array, array.dtype.newbyteorder("<")) for name, array in arrays.items()}
    listed = [{"name": name, "dtype": array.dtype.str, "length": len(array)} for name, array in little.items()]
    words = json.dumps(
        {**header, "arrays": listed}, ensure_ascii=False, allow_nan=False, separators=(",", ":")
    ).encode()
    words += b" " * (-(4 + len(words)) % ALIGNMENT)
    parts = [len(words).to_bytes(4, "little"), words]
    for array in little.values():
        data = array.tobytes()
        parts += [data, bytes(-len(data) % ALIGNMENT)]
    return b"".join(parts)


def unpack(body: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Header and arrays of what ``pack`` made; for clients written in Python.

    Raises
    ------
    ValueError
        It is nothing of the kind.
    """
    length = int.from_bytes(body[:4], "little")
    header = json.loads(body[4 : 4 + length])
    arrays, offset = {}, 4 + length
    for entry in header["arrays"]:
        array = np.frombuffer(body, np.dtype(entry["dtype"]), entry["length"], offset)
        arrays[entry["name"]] = array
        offset += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    return header, arrays
