"""Works for tests of runners: each job says in its parameters what it is to do."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

from armillary.errors import ConfigurationError, UnavailableError, UsageError
from armillary.jobs.model import Progress


def make_toy(scene):
    """A work that does what the parameters of a job say, in their order."""
    if scene.get("broken"):
        raise ConfigurationError("The scene is broken.")
    time.sleep(scene.get("slow_start_s", 0))
    kept: list[bytes] = []

    def work(job, desk):
        for name, value in job.parameters:
            if name == "keep":
                result_id, _, text = value.partition("=")
                desk.keep(result_id, f"{result_id}.txt", "text/plain", [text.encode()])
            elif name == "bytes":
                result_id, _, count = value.partition("=")
                desk.keep(result_id, f"{result_id}.bin", "application/octet-stream", blocks(int(count)))
            elif name == "upload":
                desk.keep(f"copy-{value}", value, "text/plain", desk.upload(value))
            elif name == "tell":
                done, _, total = value.partition("/")
                desk.tell(Progress(int(done), int(total)))
            elif name == "sleep":
                time.sleep(float(value))
            elif name == "until":
                while not os.path.exists(value):
                    time.sleep(0.01)
            elif name == "touch":
                with open(value, "a") as file:
                    file.write(f"{os.getpid()}\n")
            elif name == "usage":
                raise UsageError(value)
            elif name == "unavailable":
                raise UnavailableError(value)
            elif name == "bug":
                raise RuntimeError(value)
            elif name == "memory":
                kept.append(bytes(int(value) << 20))
            elif name == "signal":
                os.kill(os.getpid(), getattr(signal, value))
                time.sleep(60)
            elif name == "die_once":
                if not os.path.exists(value):
                    with open(value, "w"):
                        os._exit(3)
            elif name == "exit":
                sys.exit(int(value))
            elif name == "spawn":
                child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
                with open(value, "w") as file:
                    file.write(str(child.pid))
            elif name == "hold":
                # A call into C that never lets go of the interpreter's lock.
                ctypes.PyDLL(None).usleep(ctypes.c_uint(int(float(value) * 1e6)))
            elif name == "deaf":
                threading.Event().wait(float(value))

    return work


def blocks(count):
    """So many bytes in blocks of 64 KiB."""
    while count > 0:
        yield bytes(min(count, 1 << 16))
        count -= 1 << 16
