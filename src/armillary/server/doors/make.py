"""The door that the settings ask for."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from armillary.server.doors.cookies import Site
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
        return OpenDoor(Site(settings, port), everybody)
    if settings.auth == "token":
        return TokenDoor(settings.token or secrets.token_urlsafe(24), Site(settings, port))
    if settings.auth == "soauth":
        from armillary.server.doors.soauth import SoauthDoor

        return SoauthDoor(settings, port, everybody)
    from armillary.accounts.database import Database

    database = Database(settings.accounts_database)
    if settings.auth == "oidc":
        from armillary.server.doors.oidc import OidcDoor

        return OidcDoor(settings, port, everybody, database)
    from armillary.server.doors.accounts import AccountsDoor

    return AccountsDoor(settings, port, everybody, database)
