"""The door that the settings ask for."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from armillary.errors import ConfigurationError
from armillary.server.doors.plain import OpenDoor, TokenDoor

if TYPE_CHECKING:
    from armillary.holdings.access import Access
    from armillary.server.doors.door import Door
    from armillary.server.settings import Settings


def make_door(settings: Settings, port: int, everybody: Access) -> Door:
    """The door of the mode ``settings.auth``.

    Parameters
    ----------
    port
        The port that is listened on: part of the cookies' names.
    everybody
        What a caller may see who need not say who it is.

    Raises
    ------
    ConfigurationError
        A setting that the mode needs is missing or wrong, or its packages are not installed.
    """
    if settings.auth == "none":
        return OpenDoor(everybody)
    if settings.auth == "token":
        return TokenDoor(settings.token or secrets.token_urlsafe(24), port, settings.root_path)
    raise ConfigurationError(f"auth: the mode {settings.auth!r} is not there yet.")
