"""Results in the order of their arguments, a few at a time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from armillary.catalogs.engine.tasks import Threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from armillary.catalogs.engine.tasks import Engine

AHEAD = 1
"""How many results wait for those before them, beside the ones at work."""


def ordered(
    engine: Engine, function: Callable[[Any, Any], Any], context: Any, arguments: Iterable[Any]
) -> Iterator[Any]:
    """``function(context, argument)`` of each, in order; the first error is raised and the rest given up."""
    waiting: deque[Any] = deque()
    with engine.shared(context) as submit:
        try:
            for argument in arguments:
                waiting.append(submit(function, argument))
                if len(waiting) > engine.many + AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def in_order(function: Callable[[Any], Any], items: Iterable[Any], threads: int = 0) -> Iterator[Any]:
    """``function(item)`` of each by threads of this process, in order.

    Parameters
    ----------
    threads
        0 for one for each core.
    """
    engine = Threads(threads)
    try:
        yield from ordered(engine, _call, function, items)
    finally:
        engine.close()


def _call(function: Callable[[Any], Any], item: Any) -> Any:
    return function(item)
