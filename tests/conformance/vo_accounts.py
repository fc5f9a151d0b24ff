"""A server with users, each with a token."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import requests
from vo_archive import Archive
from vo_tools import Served, serving


def _users(database: Path, *words: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ARMILLARY", "TILEMAKER"))}
    command = [sys.executable, "-m", "armillary", "users", *words]
    variables = kept | {"ARMILLARY_ACCOUNTS_DATABASE": str(database)}
    return subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout.strip()


@contextlib.contextmanager
def accounts(
    archive: Archive,
    folder: Path,
    *names: str,
    holdings: Path | None = None,
    grants: dict[str, tuple[str, ...]] | None = None,
) -> Iterator[list[Served]]:
    """``armillary serve`` on the archive as ``genconfig`` describes it, asked by each of the users."""
    database = folder / "accounts.sqlite"
    if holdings is None:
        holdings = folder / "holdings.json"
        command = [sys.executable, "-m", "armillary", "genconfig", archive.folder, "--output", holdings]
        subprocess.run([str(word) for word in command], check=True, capture_output=True)
    tokens = []
    for name in names:
        _users(database, "add", name, "--no-password")
        if grants and name in grants:
            _users(database, "grant", name, *grants[name])
        tokens.append(_users(database, "token", "add", name, "tests").splitlines()[-1])
    environment = {"ARMILLARY_ACCOUNTS_DATABASE": str(database)}
    with serving("serve", holdings, "--auth", "accounts", environment=environment, token=tokens[0]) as first:
        found = [first]
        for token in tokens[1:]:
            session = requests.Session()
            session.headers["Authorization"] = f"Bearer {token}"
            found.append(Served(first.address, session, first.said))
        try:
            yield found
        finally:
            for one in found:
                one.session.close()
