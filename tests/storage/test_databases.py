"""Files of SQLite that several processes make at once."""

from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

from armillary.storage.databases import _write_ahead

if TYPE_CHECKING:
    from pathlib import Path

ROUNDS, MAKERS = 80, 8


def test_a_new_file_is_given_its_log_by_several_at_once(tmp_path: Path) -> None:
    refused = []

    def make(path: Path, together: threading.Barrier) -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA busy_timeout = 5000")
        together.wait()
        try:
            _write_ahead(connection)
            connection.execute("CREATE TABLE IF NOT EXISTS made (x)")
        except sqlite3.OperationalError as error:
            refused.append(error)
        connection.close()

    for number in range(ROUNDS):
        path, together = tmp_path / f"{number}.db", threading.Barrier(MAKERS)
        path.touch()
        makers = [threading.Thread(target=make, args=(path, together)) for _ in range(MAKERS)]
        for maker in makers:
            maker.start()
        for maker in makers:
            maker.join()
    assert refused == []
