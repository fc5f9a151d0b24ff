"""How much of Python's memory a call takes that is refused."""

from __future__ import annotations

import multiprocessing
import os
import tracemalloc
from typing import TYPE_CHECKING, Any

from armillary.errors import ArmillaryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection


def refusal(work: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[type | None, str, int]:
    """Class and text of the error of a call, and the most memory that it took, in bytes.

    It runs in a process of its own, where tracing is never stopped: up to Python 3.12 that may crash while threads of
    other libraries enter Python, as those of pyarrow do (CPython's issue 128679).
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_call, args=(there, work, arguments, options))
    child.start()
    there.close()
    with here:
        kind, said, peak = here.recv()
    child.join()
    return kind, said, peak


def _call(pipe: Connection, work: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]) -> None:
    kind, said = None, ""
    tracemalloc.start()
    try:
        work(*arguments, **options)
    except ArmillaryError as error:
        kind, said = type(error), str(error)
    pipe.send((kind, said, tracemalloc.get_traced_memory()[1]))
    os._exit(0)
