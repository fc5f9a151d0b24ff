"""TileMaker's environment variables: what each means here, and which mean nothing.

Variables that name one setting in the same words are aliases in the table of settings; this module knows those that
are said otherwise, and those that need no counterpart.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping

PREFIX = "TILEMAKER_"
DEFAULT_HOST, DEFAULT_PORT = "localhost", "11211"

NEEDLESS = {
    "TILEMAKER_API_ENDPOINT": "The viewer asks the server that it came from.",
    "TILEMAKER_PRECACHE": "Ranges and histograms are of a sample, which takes milliseconds.",
    "TILEMAKER_MEMCACHED_CLIENT_POOL_SIZE": "There are as many connections as threads.",
    "TILEMAKER_ANALYSIS_AUTO_CONTRAST_PERCENTILE": "The automatic range has a rule of its own.",
}
"""Variables that may be set and change nothing, with the reason."""


def _cors(_environment: Mapping[str, str], raw: str) -> str | None:
    """No origins where CORS was switched off."""
    return "" if raw.strip().lower() in {"0", "false", "no", "off", "f", "n"} else None


def _memcached(environment: Mapping[str, str], raw: str) -> str | None:
    if raw.strip() != "memcached":
        return ""
    host = environment.get("TILEMAKER_MEMCACHED_HOST") or DEFAULT_HOST
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host
    return json.dumps([f"{host}:{environment.get('TILEMAKER_MEMCACHED_PORT') or DEFAULT_PORT}"])


def _milliseconds(_environment: Mapping[str, str], raw: str) -> str | None:
    try:
        seconds = float(raw)
    except ValueError:
        return raw
    return str(max(1, round(seconds * 1000))) if math.isfinite(seconds) else raw


def _auth(_environment: Mapping[str, str], raw: str) -> str | None:
    return "none" if raw.strip() == "mock" else raw


def _grants(_environment: Mapping[str, str], raw: str) -> str | None:
    """What TileMaker's mock user holds."""
    return "simonsobs" if raw.strip() == "mock" else None


def _silent(_environment: Mapping[str, str], _raw: str) -> str | None:
    """Read together with another variable."""
    return None


MEANINGS: Mapping[str, Callable[[Mapping[str, str], str], str | None]] = {
    "TILEMAKER_ADD_CORS": _cors,
    "TILEMAKER_AUTH_TYPE": _auth,
    "TILEMAKER_AUTH_TYPE grants": _grants,
    "TILEMAKER_CACHE_TYPE": _memcached,
    "TILEMAKER_MEMCACHED_HOST": _silent,
    "TILEMAKER_MEMCACHED_PORT": _silent,
    "TILEMAKER_MEMCACHED_TIMEOUT_SECONDS": _milliseconds,
}


def meant(variable: str, environment: Mapping[str, str], setting: str = "") -> str | None:
    """What a variable says, in the words of the setting it belongs to.

    Parameters
    ----------
    variable
        Of ours or of TileMaker.
    setting
        The setting it is asked for: one variable may say something of several.

    Returns
    -------
    None where it is not set, or says nothing.
    """
    raw = environment.get(variable)
    if not raw:
        return None
    meaning = MEANINGS.get(f"{variable} {setting}") or MEANINGS.get(variable)
    return raw if meaning is None else meaning(environment, raw)


def unknown(environment: Mapping[str, str], understood: Container[str]) -> list[str]:
    """Variables that look like TileMaker's and mean nothing here.

    Parameters
    ----------
    understood
        Aliases of the table of settings.
    """
    return sorted(
        name for name in environment if name.startswith(PREFIX) and name not in understood and name not in NEEDLESS
    )
