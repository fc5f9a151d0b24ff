"""What was done of a piece of work, on any storage, so that it goes on after it was killed.

A journal belongs to one plan: the arguments and inputs, told as JSON, and the program that wrote it. A task's result is
one small file that appears whole or not at all; a task whose file is there is not done again.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from armillary import __version__
from armillary.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from armillary.catalogs.hats.folder import Folder

PLAN = "plan.json"
FORM = 4
"""One more with every change of what tasks are, of their results, or of what they leave in files."""


class Journal:
    """The journal of one plan.

    Parameters
    ----------
    folder
        Where it lies; its own.
    plan
        JSON that the results depend on.
    resume
        Whether to go on with what an earlier run did; else its files are removed.
    check
        Asked before anything is noted: raises where the work is somebody else's by now.

    Raises
    ------
    UsageError
        What is there belongs to another plan.
    """

    def __init__(
        self, folder: Folder, plan: dict[str, Any], *, resume: bool = True, check: Callable[[], object] = bool
    ) -> None:
        self._folder, self._check = folder, check
        program = f"{__version__}, form {FORM}"
        text = json.dumps({**plan, "program": program}, sort_keys=True, default=str)
        digest = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        known = _held(folder, PLAN) if resume and folder.exists(PLAN) else None
        if known is not None and (known.get("digest") == digest or self._is_begun()):
            if known.get("digest") != digest:
                same = known.get("plan", {}).get("program") == program
                other = "with other arguments or other input" if same else "of another version of the program"
                raise UsageError(
                    f"An earlier run {other} left its work here: "
                    "finish that one, or start anew with resume=False (--no-resume)."
                )
            self.resumed = True
        else:
            self.restart()  # results without a plan are what is left of finished work
            folder.write(PLAN, json.dumps({"digest": digest, "plan": json.loads(text)}, indent=1).encode())
            self.resumed = False

    def _is_begun(self) -> bool:
        """Whether any task was done; a run that ended before, by a wrong argument perhaps, left nothing to finish."""
        return any(name != PLAN and not name.startswith("output/") for name in self._folder.files())

    def restart(self) -> None:
        """Forget what was done. The plan stays: a folder for work that holds one is ours, whenever this is killed."""
        for name in list(self._folder.files()):
            if name != PLAN:
                self._folder.remove(name)

    def done(self, stage: str) -> dict[str, Any]:
        """Results of the tasks of a stage that were done."""
        inner = self._folder.child(stage)
        found = {name.removesuffix(".json"): _held(inner, name) for name in inner.files(".json")}
        return {name: held[0] for name, held in found.items() if held is not None}

    def note(self, stage: str, key: str, result: Any) -> None:
        """Remember that a task was done; a failure of power may take that, and the task is done again."""
        self._check()
        with self._folder.writing(f"{stage}/{key}.json", lasting=False) as file:
            file.write(json.dumps([result]).encode())


def _held(folder: Folder, name: str) -> Any:
    """JSON of a file; None of half a file: not every storage writes a file whole or not at all."""
    try:
        return json.loads(folder.read(name))
    except ValueError:
        return None
