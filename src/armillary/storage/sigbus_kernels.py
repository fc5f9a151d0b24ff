"""The handler of SIGBUS: compiled, so that it needs neither the interpreter nor its lock."""

from __future__ import annotations

from typing import Any

import numba
import numba.extending

from armillary.storage.compiler import prepare
from armillary.storage.faults import COUNT, FIRST_RANGE, OLD_ACTION, PAGE_ADDRESS, PAGE_SIZE, WORDS

# What numba's types say of these does not hold inside compiled code.
types: Any = numba.types
carray: Any = numba.carray  # type: ignore[attr-defined]
intrinsic: Any = numba.extending.intrinsic

prepare()

BUS_ADRERR = 2
SIGBUS = 7
PROT_READ = 1
MAP_FIXED_PRIVATE_ANONYMOUS = 0x32

_mmap = types.ExternalFunction(
    "mmap", types.intp(types.intp, types.intp, types.int32, types.int32, types.int32, types.intp)
)
_sigaction = types.ExternalFunction("sigaction", types.int32(types.int32, types.intp, types.intp))


@intrinsic
def _words_at(typing_context: Any, address: Any) -> Any:  # noqa: ARG001  (numba fixes the signature)
    """Pointer to 64-bit words at an address."""

    def build(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.int64)(types.intp), build


@numba.cfunc(types.void(types.int32, types.CPointer(types.int64), types.intp), cache=True)
def handle_sigbus(signal: int, info: Any, context: int) -> None:  # noqa: ARG001  (POSIX fixes the signature)
    """Put a page of zeros where a page of a mapped file is gone, and count it; leave other faults to others.

    ``info`` is ``siginfo_t`` of 64-bit Linux: ``si_code`` in bytes 8–12, ``si_addr`` in bytes 16–24.
    """
    facts = carray(info, 3)
    words = carray(_words_at(PAGE_ADDRESS), WORDS)
    address = facts[2]
    if facts[1] & 0xFFFFFFFF == BUS_ADRERR:
        for k in range(FIRST_RANGE, WORDS, 2):
            if words[k] <= address < words[k + 1]:
                size = words[PAGE_SIZE]
                start = address - address % size
                if _mmap(start, size, PROT_READ, MAP_FIXED_PRIVATE_ANONYMOUS, -1, 0) == start:
                    words[COUNT] += 1
                    return
    # Not ours: whoever was there before handles the fault, which happens again on return.
    _sigaction(SIGBUS, words[OLD_ACTION], 0)
