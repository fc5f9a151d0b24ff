"""Log lines on standard error: text for people, or JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
import time


class TextForm(logging.Formatter):
    """``2026-01-31T12:00:00Z warning armillary.server.app: words``."""

    converter = staticmethod(time.gmtime)

    def __init__(self, process: str = "") -> None:
        who = f"{process} " if process else ""
        super().__init__(f"%(asctime)s %(level)s {who}%(name)s: %(message)s", "%Y-%m-%dT%H:%M:%SZ")

    def format(self, record: logging.LogRecord) -> str:
        """One record as text; line breaks in the words are escaped, so that nobody can forge a line."""
        record.level = record.levelname.lower()
        first, *rest = super().format(record).split("\nTraceback", 1)
        return "\nTraceback".join([first.replace("\r", "\\r").replace("\n", "\\n"), *rest])


class JsonForm(logging.Formatter):
    """One JSON object a line."""

    converter = staticmethod(time.gmtime)

    def __init__(self, process: str = "") -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        """One record as JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%SZ"),
            "level": record.levelname.lower(),
            **self._process,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up(level: str, form: str, process: str = "") -> None:
    """Send the logs of Armillary and of the web server to standard error.

    Parameters
    ----------
    process
        Which of several processes this is, such as ``worker 2``; named in every line.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonForm(process) if form == "json" else TextForm(process))
    for name in ("armillary", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level.upper())
        logger.propagate = False
    # Warnings of libraries about their own affairs are for those who look into something.
    logging.captureWarnings(True)  # noqa: FBT003 - its only parameter
    warnings = logging.getLogger("py.warnings")
    warnings.handlers = [handler if level == "debug" else logging.NullHandler()]
    warnings.propagate = False
    if level not in {"debug", "info"}:
        # What it says at this level is about clients that break off, and about ending in time.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
