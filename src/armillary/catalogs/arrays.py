"""Numbers between numpy and pyarrow, without a copy and without pandas, which pyarrow's own ways load where it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def numpy_of(column: Any) -> NDArray[Any]:
    """Values of a column of numbers, of ``pyarrow``; nulls become NaN."""
    import pyarrow as pa

    kind = column.type
    if column.null_count or not (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return np.asarray(column)
    dtype = np.dtype(f"{'f' if pa.types.is_floating(kind) else str(kind)[0]}{kind.bit_width // 8}")
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    parts = [
        np.frombuffer(chunk.buffers()[1], dtype, len(chunk), chunk.offset * dtype.itemsize)
        for chunk in chunks
        if len(chunk)
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def arrow_of(values: NDArray[Any]) -> Any:
    """Integers or doubles as a ``pyarrow.Array``."""
    import pyarrow as pa

    kind = {"i": pa.int64(), "f": pa.float64()}[values.dtype.kind]
    held = np.ascontiguousarray(values, np.int64 if values.dtype.kind == "i" else np.float64)
    return pa.Array.from_buffers(kind, len(held), [None, pa.py_buffer(held)])
