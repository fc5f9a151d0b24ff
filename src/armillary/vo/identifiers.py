"""Publisher's identifiers of observations: ``ivo://AUTHORITY/data?ID`` (IVOA Identifiers 2.0, section 4.1)."""

from __future__ import annotations

from urllib.parse import quote, unquote

_SCHEME = "ivo://"
_RESOURCE = "/data?"
_SAFE = "!$&'()*+,;=:@/?-._~"


def publisher_did(authority: str, obs_id: str) -> str:
    """Identifier of an observation for the world."""
    return f"{_SCHEME}{authority}{_RESOURCE}{quote(obs_id, safe=_SAFE)}"


def bare_id(text: str, authority: str) -> str:
    """Id of an observation of ours: of a publisher's identifier its last part, other text as it is."""
    prefix = f"{_SCHEME}{authority}{_RESOURCE}"
    # Scheme, authority and resource key are compared without case: Identifiers 2.0, section 2.1.
    return unquote(text[len(prefix) :]) if text[: len(prefix)].lower() == prefix.lower() else text
