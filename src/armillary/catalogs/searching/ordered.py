"""Results in the order of their arguments, made by threads, a few at a time."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

AHEAD = 1
"""How many results wait for those before them, beside the ones at work."""


def in_order(function: Callable[[Any], Any], items: Iterable[Any], threads: int = 0) -> Iterator[Any]:
    """``function(item)`` of each, in order.

    Parameters
    ----------
    threads
        0 for one for each core.
    """
    many = threads or os.cpu_count() or 1
    pool = ThreadPoolExecutor(many, thread_name_prefix="rows")
    waiting: deque[Future[Any]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > many + AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
