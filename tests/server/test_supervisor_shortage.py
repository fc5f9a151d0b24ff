"""A system that has no room for another process."""

from __future__ import annotations

import errno
import subprocess
import sys
from typing import Any

from armillary.server import supervisor


def test_a_program_that_cannot_be_started_ends_it_with_one_line(monkeypatch, capsys) -> None:
    monkeypatch.setattr(supervisor, "_pause_after", lambda _failures: 0.0)
    made = supervisor.Supervisor(2, ["/nowhere/python"], lambda _number: "{}", (), lambda: None)
    assert made.run() == 1
    assert capsys.readouterr().err == "armillary: worker 1 cannot be started (No such file or directory): giving up.\n"


def test_workers_that_run_go_on_while_another_cannot_be_started(monkeypatch, caplog) -> None:
    """The second is refused a process until all that was tried has failed; then it is started after all."""
    monkeypatch.setattr(supervisor, "_pause_after", lambda _failures: 0.0)
    real, refused = subprocess.Popen, []
    script = (
        "import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.send(b'ready\\n'); s.recv(99); s.recv(9)"
    )

    def scarce(command: Any, **more: Any) -> Any:
        if made._announced and len(refused) < 2 * supervisor.MOST_FAILURES:
            refused.append(command)
            raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
        return real(command, **more)

    def ready() -> None:
        lost = made.workers[1].process
        assert lost is not None
        lost.kill()

    def lost(_number: int) -> None:
        seen.append([worker.process is not None for worker in made.workers])

    seen: list[list[bool]] = []
    made = supervisor.Supervisor(2, [sys.executable, "-c", script], lambda _number: "{}", (), ready, lost)
    monkeypatch.setattr(supervisor.subprocess, "Popen", scarce)
    told = made._said

    def said(worker: supervisor.Worker, line: str) -> None:
        again = made._announced
        told(worker, line)
        made._stopping = made._stopping or again

    monkeypatch.setattr(supervisor.Supervisor, "_said", lambda _self, worker, line: said(worker, line))
    assert made.run() == 0
    assert len(refused) == 2 * supervisor.MOST_FAILURES
    assert seen[0] == [True, False]
    assert "worker 2 cannot be started" in caplog.text
