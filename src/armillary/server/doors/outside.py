"""What asking servers of logins has in common."""

from __future__ import annotations

import asyncio
import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

    import httpx


@functools.cache
def _trusted() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context()


async def make_client(timeout_s: float) -> httpx.AsyncClient:
    """A client for a few requests, to be closed by the caller. It follows no redirections.

    The certificates that it trusts are read once, in a thread: that takes tens of milliseconds, which no tile may
    have to wait for whenever somebody logs in.
    """
    import httpx

    verify = await asyncio.to_thread(_trusted)
    return httpx.AsyncClient(timeout=timeout_s, follow_redirects=False, verify=verify)
