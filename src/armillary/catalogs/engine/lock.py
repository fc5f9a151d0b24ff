"""One run at a time in a folder, on any storage; what a killed run left is known as such.

Every run that wants the folder writes a claim of its own, a file that nobody else writes, and only then looks at the
claims of others (L. Lamport's bakery, Comm. ACM 17, 453, 1974): of two that come at once, at least one sees the other.
Nothing is asked of the storage but that what was written is listed. A claim of a process of this machine is dead when
that process is; any other when its count of beats stands still for as long as a lease, by the clock of whoever looks.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

from armillary.errors import FileError, UnreadableFileError, UsageError
from armillary.storage.processes import is_gone, is_here, process_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from armillary.catalogs.hats.folder import Folder

BEAT_S = 5.0
LEASE_S = 60.0
LOOK_S = 0.2
TRIES = 20
_PART = "~"
"""Between the words of a run's name, in names of files: half a claim tells whose it is."""
_LIVE: set[str] = set()
"""Runs of this process."""


class Lock:
    """The lock of a folder.

    Parameters
    ----------
    folder
        For claims alone.
    name
        What is locked, for messages.
    beat_s, lease_s
        Seconds from one beat to the next; and after how many without one a run that is elsewhere counts as dead.
    """

    def __init__(self, folder: Folder, name: str, *, beat_s: float = BEAT_S, lease_s: float = LEASE_S) -> None:
        self._folder, self._name = folder, name
        self._beat_s, self._lease_s = beat_s, lease_s
        self._own = process_name()
        self._file = f"{self._own.replace('/', _PART)}.json"
        self._beats, self._holds = 0, False
        self._writing = threading.Lock()
        self._lost, self._ended = threading.Event(), threading.Event()

    @contextlib.contextmanager
    def held(self) -> Iterator[Lock]:
        """It is ours while the block runs.

        Raises
        ------
        UsageError
            Another run has it.
        """
        beating = threading.Thread(target=self._beat, name="lock", daemon=True)
        _LIVE.add(self._own)
        try:
            self._claim()
            beating.start()
            self._await_turn()
            self._holds = True
            self._claim()
            self._folder.sweep()
            yield self
        finally:
            self._ended.set()
            if beating.ident is not None:
                beating.join()
            _LIVE.discard(self._own)
            self._let_go()

    def check(self) -> None:
        """Refuse to go on where another run took over: this one stood still for longer than a lease.

        Raises
        ------
        UsageError
            So it is.
        """
        if self._lost.is_set():
            raise UsageError(
                f"{self._name}: another run took over while this one stood still: let that one finish its work."
            )

    def _claim(self) -> None:
        with self._writing:
            self._beats += 1
            words = {"holds": self._holds, "beats": self._beats}
            self._write(json.dumps(words).encode())

    def _write(self, data: bytes) -> None:
        for _ in range(TRIES):
            # The folder, or what is half written in it, may be swept away by a run that ends just now.
            try:
                self._folder.write(self._file, data)
            except FileNotFoundError:
                continue
            except FileError as error:
                raise UnreadableFileError(self._name, error.message.removeprefix(f"{self._file}: ")) from error
            return
        raise UsageError(
            f"{self._name}: nothing can be written here, or other runs come and go all the time: try again."
        )

    def _others(self) -> dict[str, dict[str, Any]]:
        """Claims of other runs by their files."""
        found = {}
        for file in self._folder.files(".json"):
            if file == self._file:
                continue
            try:
                found[file] = json.loads(self._folder.read(file))
            except (FileError, ValueError):
                if self._folder.exists(file):  # else it was let go of just now
                    found[file] = {}
        return found

    def _await_turn(self) -> None:
        """Wait until all other claims are gone or dead; those of dead runs are removed.

        Of runs that come at once the one whose claim has the smaller name waits, and the others give way.
        """
        seen: dict[str, tuple[Any, float]] = {}
        while others := self._others():
            left = not others.keys().isdisjoint(seen)
            for file, claim in others.items():
                run, beats, now = file.removesuffix(".json").replace(_PART, "/"), claim.get("beats"), time.monotonic()
                before, since = seen.setdefault(file, (beats, now))
                if self._is_dead(run) or (beats == before and now - since > self._lease_s and not is_here(run)):
                    self._folder.remove(file)
                elif (claim.get("holds") or file < self._file) and (is_here(run) or beats != before):
                    raise UsageError(self._refusal(run))
                else:
                    left = True
            if left:  # else all were dead
                time.sleep(LOOK_S)

    def _is_dead(self, run: str) -> bool:
        mine = run.split("/")[:4] == self._own.split("/")[:4]
        return is_gone(run) or (mine and run not in _LIVE)

    def _refusal(self, run: str) -> str:
        words = run.split("/")
        who = f"process {words[2]} on {words[0]}" if len(words) > 2 else "a process"
        return f"{self._name}: another run is at work here ({who}): let it finish, or end it, then start again."

    def _beat(self) -> None:
        while not self._ended.wait(self._beat_s):
            # A storage that fails for once is asked again at the next beat.
            with contextlib.suppress(Exception):
                if self._holds and self._is_taken():
                    self._lost.set()
                    return
                self._claim()

    def _is_taken(self) -> bool:
        """Whether another run took over."""
        return not self._folder.exists(self._file) or any(claim.get("holds") for claim in self._others().values())

    def _let_go(self) -> None:
        # What cannot be removed is dead with this process.
        with contextlib.suppress(Exception):
            self._folder.remove(self._file)
            self._folder.remove_if_empty()
