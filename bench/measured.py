"""A program run as a process of its own: its time, the processor time and the memory of all its processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil

SAMPLE_SECONDS = 0.1
"""From one look at the memory to the next, at first; then longer and longer, up to five times of it.

A look holds up whoever asks for memory at that moment: ten of them a second cost a tenth of a short run.
"""

REUSE_SECONDS = 5.5
TOUCHED_BYTES = 3 << 29


@dataclass(frozen=True)
class Run:
    """What a program took.

    Parameters
    ----------
    wall_s, cpu_s
        From its start to its end; processor time of it and of all processes that it started and waited for.
    peak_mb
        Most memory of all its processes at once, pages that several share counted once, looked at now and then; no less
        than the system remembers of the largest of them.
    said
        The JSON of its last line: what it measured itself.
    """

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: dict[str, Any]


class FailedError(Exception):
    """A program ended with another status than 0."""


def _memory_mb(main: psutil.Process) -> float:
    """Resident memory of a process and all below it, or the most that one of them ever had, if that is more.

    What they map of files is counted once, as much as the one with most of it. Shares of pages, which the system can
    tell exactly, are not asked for: that holds up a process whose threads are busy by a third.
    """
    own = mapped = most = 0
    for process in [main, *main.children(recursive=True)]:
        try:
            found = process.memory_info()
            most = max(most, _high_water(process.pid))
        except (psutil.Error, OSError):
            continue
        own, mapped = own + found.rss - found.shared, max(mapped, found.shared)
    return max(own + mapped, most) / 1e6


def _high_water(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


class _Watch(threading.Thread):
    """Looks at the memory until it is told to end."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._process, self._over = psutil.Process(pid), threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        looks = 1
        while not self._over.wait(SAMPLE_SECONDS * min(looks, 5)):
            looks += 1
            try:
                self.peak_mb = max(self.peak_mb, _memory_mb(self._process))
            except psutil.Error:
                return

    def end(self) -> float:
        self._over.set()
        self.join()
        return self.peak_mb


def settle() -> None:
    """Let a run begin as on a machine that does nothing else, with what earlier ones left behind settled.

    What they wrote is on the disk. Inodes of files that they removed may be used again, which ext4 avoids for five
    seconds, looking at each of them for every new file. And the memory of a virtual machine is its own: what is free
    for two seconds may be given back to the host, and takes several times as long to be had again.
    """
    os.sync()
    time.sleep(REUSE_SECONDS)
    np.ones(TOUCHED_BYTES // 8)


def run(module: str, *words: str, memory: bool = False) -> Run:
    """Run ``python -m module``. With ``memory`` its memory is watched, which takes a little of the machine.

    Raises
    ------
    FailedError
        It did not end well.
    """
    start = time.monotonic()
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
    watch = _Watch(process.pid) if memory else None
    if watch is not None:
        watch.start()
    with process.stdout:
        output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = watch.end() if watch is not None else 0.0
    if process.returncode:
        raise FailedError(f"{module} {' '.join(words)[:200]} ended with status {process.returncode}")
    lines = [line for line in output.splitlines() if line.startswith("{")]
    return Run(wall, used.ru_utime + used.ru_stime, peak, json.loads(lines[-1]) if lines else {})
