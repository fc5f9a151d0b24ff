"""The database of accounts: SQLite by default, anything that SQLAlchemy reaches otherwise."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from armillary.storage import databases
from armillary.storage.places import data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sqlalchemy import Engine

BUSY_MS = 10_000


def default_path(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> Path:
    """Where the accounts lie when no setting says so."""
    return data_folder(environment, platform) / "accounts.sqlite"


class Database(databases.Database):
    """Connections to the accounts.

    Parameters
    ----------
    address
        A path, an address of SQLAlchemy, or nothing for the platform's place.
    """

    setting = "accounts_database"
    what = "accounts"
    packages = "accounts"

    def __init__(self, address: str = "") -> None:
        super().__init__(address or str(default_path()))

    def _pragmas(self) -> tuple[str, ...]:
        return (f"busy_timeout = {BUSY_MS}",)

    def _prepare(self, engine: Engine, writer: Engine) -> None:
        del engine
        from armillary.accounts.schema import bring_up_to_date

        with writer.begin() as connection:
            bring_up_to_date(connection)
