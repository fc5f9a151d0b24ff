"""How one stored number is loaded: byte swap and reinterpretation in registers, so that loops over them vectorise."""

from __future__ import annotations

from typing import Any

from numba import njit, types
from numba.extending import intrinsic


def _stored_number(_typing_context: Any, _raw: Any, like: Any) -> Any:
    number = like.dtype

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits = arguments[0]
        if isinstance(signature.args[0], types.Float):
            return bits
        if signature.args[0].bitwidth > 8:
            bits = builder.bswap(bits)
        return builder.bitcast(bits, context.get_value_type(number))

    return number(_raw, like), generate


stored_number: Any = intrinsic(_stored_number)
"""Native number of one element of ``raw``, of the dtype of ``like``: unsigned integers are big-endian bytes."""


@njit(nogil=True, cache=True)
def is_data(number: Any, blank: Any, no_blank: bool) -> Any:
    """Whether a stored number is data: ``x - x`` is 0 for every integer and finite float, without a branch."""
    return (number - number == 0) & ((number != blank) | no_blank)
