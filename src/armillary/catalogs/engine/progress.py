"""How far a piece of work is: bars on a terminal, plain lines in a log, JSON lines for programs, or nothing."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FORMS = ("auto", "bar", "plain", "json", "none")
LINE_SECONDS = 5.0
_SIZES = ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))


class Progress:
    """Tells how far stages are.

    Parameters
    ----------
    form
        One of ``FORMS``; ``auto`` draws bars on a terminal where ``rich`` is installed, else writes lines.
    out
        Where to, standard error by default.
    """

    def __init__(self, form: str = "none", out: IO[str] | None = None) -> None:
        self._out = out if out is not None else sys.stderr
        self._form = self._settled(form)

    def _settled(self, form: str) -> str:
        if form not in {"auto", "bar"}:
            return form
        try:
            import rich  # noqa: F401 - whether it is there
        except ImportError:
            return "plain"
        return "bar" if form == "bar" or self._out.isatty() else "plain"

    @property
    def silent(self) -> bool:
        """Whether nothing is told, so that nothing need be counted for it."""
        return self._form == "none"

    @contextlib.contextmanager
    def stage(self, name: str, total: int, unit: str = "rows") -> Iterator[Callable[[int], None]]:
        """A stage of ``total`` rows, bytes or partitions: what is given is called with how much more was done."""
        if self._form == "none":
            yield lambda _more: None
        elif self._form == "bar":
            with self._bar(name, total, unit) as told:
                yield told
        else:
            yield from self._lines(name, total, unit)

    def say(self, text: str) -> None:
        """A sentence for people."""
        if self._form == "json":
            self._write({"event": "message", "text": text})
        elif self._form != "none":
            self._out.write(f"{text}\n")
            self._out.flush()

    @contextlib.contextmanager
    def _bar(self, name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        columns = (
            TextColumn("{task.description:>10}"),
            BarColumn(),
            TextColumn("{task.fields[done]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        done = 0
        with Bars(*columns, console=Console(file=self._out)) as bars:
            task = bars.add_task(name, total=total, done=_of(0, total, unit))

            def told(more: int) -> None:
                nonlocal done
                done += more
                bars.update(task, advance=more, done=_of(done, total, unit))

            yield told

    def _lines(self, name: str, total: int, unit: str) -> Iterator[Callable[[int], None]]:
        began = last = time.monotonic()
        done = 0
        self._tell("start", name, (0, total, unit), 0.0)

        def told(more: int) -> None:
            nonlocal done, last
            done += more
            now = time.monotonic()
            if more and now - last >= LINE_SECONDS:
                last = now
                self._tell("progress", name, (done, total, unit), now - began)

        yield told
        self._tell("end", name, (done, total, unit), time.monotonic() - began)

    def _tell(self, event: str, name: str, counted: tuple[int, int, str], took_s: float) -> None:
        done, total, unit = counted
        left_s = took_s * (total - done) / done if done else None
        if self._form == "json":
            words = {"event": event, "stage": name, "done": done, "total": total, "unit": unit}
            self._write(
                {**words, "elapsed_s": round(took_s, 3), "left_s": None if left_s is None else round(left_s, 3)}
            )
            return
        if event == "start":
            return
        ending = f", {_span(left_s)} left" if event == "progress" and left_s is not None else ""
        self._out.write(f"{name}: {_of(done, total, unit)} in {_span(took_s)}{ending}\n")
        self._out.flush()

    def _write(self, words: dict[str, Any]) -> None:
        self._out.write(json.dumps(words) + "\n")
        self._out.flush()


def _of(done: int, total: int, unit: str) -> str:
    """So much of so much, for people."""
    if unit != "bytes":
        return f"{done:,} of {total:,} {unit}"
    size, word = next(((1 << bits, word) for bits, word in _SIZES if total >= 1 << bits), (1, "bytes"))
    return f"{done / size:.1f} of {total / size:.1f} {word}" if size > 1 else f"{done} of {total} bytes"


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
