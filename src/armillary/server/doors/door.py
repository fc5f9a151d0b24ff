"""The contract of a door: a request becomes a caller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from armillary.holdings.access import Access
    from armillary.server.asgi import RawHeaders, Receive, Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Parameters
    ----------
    access
        What the caller may see.
    user
        Name of the user who logged in; None for the anonymous caller and for holders of a token.
    session
        What the caller's protection against forged requests is bound to; empty without a session.
    headers
        Further headers of the answer, such as a renewed cookie.
    """

    access: Access
    user: str | None = None
    session: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer that a door gives itself.

    Parameters
    ----------
    status, headers, body
        As sent.
    """

    status: int
    headers: RawHeaders
    body: bytes = b""


class Door(Protocol):
    """Turns a request into a caller, and answers the pages that this takes.

    Attributes
    ----------
    mode
        The value of the setting ``auth``.
    paths
        Paths, below the root path, that ``page`` may answer.
    varies
        Headers of a request that the answer depends on beyond its address, for ``Vary``; empty where a shared
        cache sees one caller only.
    """

    mode: str
    paths: frozenset[str]
    varies: bytes

    async def caller(self, scope: Scope) -> Caller | None:
        """Who asks; None for nobody, which the door of the token alone says.

        Raises
        ------
        HttpError
            The credentials of a program are wrong, or come too fast.
        """

    async def page(self, scope: Scope, receive: Receive, path: str) -> Page | None:
        """Answer one of ``paths``; None leaves it to the others.

        Raises
        ------
        HttpError, ArmillaryError
            It cannot be done.
        """

    def check_origin(self, scope: Scope) -> None:
        """Refuse what a browser says that another site's page sent.

        Raises
        ------
        HttpError
            403.
        """

    def check_write(self, scope: Scope, caller: Caller) -> None:
        """Refuse a request that changes something unless it was meant.

        Raises
        ------
        HttpError
            403: another site's page may have sent it.
        """

    def words(self, scope: Scope, caller: Caller) -> tuple[dict[str, Any], RawHeaders]:
        """What ``GET /api/session`` says of the caller, and headers that go with it.

        Returns
        -------
        ``user``, ``login_url``, ``logout``, ``csrf``.
        """
